"""Landmarks from the named paths of a drawing. Knows path data and transforms, not what the drawing looks like.

Path data follow SVG 1.1, chapter 8; transforms chapter 7.6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, hypot, radians, sin, sqrt, tan
from xml.etree.ElementTree import Element

import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from numpy.typing import NDArray

from avatar.artifacts import Eye, Face, Line
from avatar.errors import BadOutput

Array = NDArray[np.float64]

STEPS = 32
"""Chords a curved segment is flattened to."""
LIP_POINTS, LID_POINTS, BROW_POINTS, NOSE_POINTS, JAW_POINTS = 11, 9, 5, 5, 17
IDENTITY: Array = np.eye(3)
NEEDED = (
    "lips-outer", "lips-inner", "lid-right-upper", "lid-right-lower", "lid-left-upper", "lid-left-lower",
    "iris-right-mark", "iris-left-mark", "brow-right", "brow-left", "nose", "jaw", "forehead",
)  # fmt: skip
"""Names of the paths that every finished portrait has."""
HOLES = ("hole-right", "hole-left")


@dataclass(frozen=True, slots=True)
class Mark:
    """A named path: its outline as dense points (n, 2) in canvas units, and, for a circle, centre and radius."""

    points: Array
    centre: tuple[float, float]
    radius: float


def transform(text: str | None) -> Array:
    """The 3 x 3 matrix of an SVG `transform` attribute; identity for none."""
    matrix = IDENTITY
    for name, numbers in re.findall(r"(\w+)\s*\(([^)]*)\)", text or ""):
        values = [float(value) for value in re.findall(r"[-+]?(?:\d*\.\d+|\d+\.?)(?:[eE][-+]?\d+)?", numbers)]
        matrix = matrix @ _primitive(name, values)
    return matrix


def _primitive(name: str, v: list[float]) -> Array:
    if name == "matrix":
        return np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]], [0, 0, 1]])
    if name == "translate":
        return np.array([[1, 0, v[0]], [0, 1, v[1] if len(v) > 1 else 0], [0, 0, 1]])
    if name == "scale":
        return np.diag([v[0], v[1] if len(v) > 1 else v[0], 1.0])
    if name == "rotate":
        c, s = cos(radians(v[0])), sin(radians(v[0]))
        x, y = (v[1], v[2]) if len(v) > 2 else (0.0, 0.0)
        return np.array([[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y], [0, 0, 1]])
    if name == "skewX":
        return np.array([[1, tan(radians(v[0])), 0], [0, 1, 0], [0, 0, 1]])
    if name == "skewY":
        return np.array([[1, 0, 0], [tan(radians(v[0])), 1, 0], [0, 0, 1]])
    raise BadOutput(f"SVG knows no transform {name!r}; take it out of the drawing.")


def flatten(data: str) -> Array:
    """SVG path data as points (n, 2), curves cut into `STEPS` chords. Raises `BadOutput` when it draws nothing."""
    pen = RecordingPen()
    parse_path(data, pen)
    points: list[Array] = []
    start = at = np.zeros(2)
    for operator, operands in pen.value:
        ends = np.array(operands, float).reshape(-1, 2)
        if operator == "moveTo":
            start = at = ends[0]
            points.append(ends)
            continue
        if operator == "closePath":
            ends = start[None]
        points.append(_bezier(np.vstack([at[None], ends])) if len(ends) > 1 else ends)
        at = points[-1][-1] if operator != "endPath" else at
    if not points:
        raise BadOutput("A landmark path is empty; draw it or take it out.")
    return np.vstack(points)


def _bezier(control: Array) -> Array:
    """A quadratic or cubic Bézier segment without its first point, by de Casteljau's construction."""
    t = (np.arange(1, STEPS + 1) / STEPS)[:, None, None]
    level = np.broadcast_to(control, (STEPS, *control.shape))
    while level.shape[1] > 1:
        level = level[:, :-1] * (1 - t) + level[:, 1:] * t
    return np.asarray(level[:, 0])


def _shape(element: Element) -> Array:
    """The outline of a path, circle or ellipse in its own coordinates."""
    kind = element.tag.rpartition("}")[2]
    if kind == "path":
        return flatten(element.get("d", ""))
    centre = (float(element.get("cx", 0)), float(element.get("cy", 0)))
    across = float(element.get("rx") or element.get("r") or 0)
    down = float(element.get("ry") or element.get("r") or 0)
    angle = np.linspace(0, 2 * np.pi, 4 * STEPS, endpoint=False)
    return np.stack([centre[0] + across * np.cos(angle), centre[1] + down * np.sin(angle)], axis=-1)


def mark(element: Element, matrix: Array) -> Mark:
    """The mark that a path, circle or ellipse makes under the transform `matrix` of its ancestors."""
    whole = matrix @ transform(element.get("transform"))
    points = _shape(element) @ whole[:2, :2].T + whole[:2, 2]
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2
    return Mark(points, (float(centre[0]), float(centre[1])), sqrt(half[0] * half[1]))


def collect(root: Element) -> dict[str, Mark]:
    """All marks and eye holes of a drawing by their id."""
    found: dict[str, Mark] = {}

    def walk(element: Element, matrix: Array) -> None:
        name = element.get("id", "")
        if name in NEEDED or name in HOLES:
            found[name] = mark(element, matrix)
        below = matrix @ transform(element.get("transform"))
        for child in element:
            walk(child, below)

    for child in root:
        walk(child, IDENTITY)
    return found


def _line(points: Array) -> Line:
    return tuple((round(float(x), 3), round(float(y), 3)) for x, y in points)


def resample(points: Array, count: int) -> Line:
    """`count` points evenly spaced along an open line, from the viewer's left end to the right one."""
    if points[0, 0] > points[-1, 0]:
        points = points[::-1]
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0.0, run[-1], count)
    return _line(np.stack([np.interp(at, run, points[:, axis]) for axis in (0, 1)], axis=-1))


def across(points: Array, count: int) -> Line:
    """`count` points at even x along an open line, so that both lips have theirs above each other."""
    if points[0, 0] > points[-1, 0]:
        points = points[::-1]
    x = np.linspace(points[0, 0], points[-1, 0], count)
    return _line(np.stack([x, np.interp(x, np.maximum.accumulate(points[:, 0]), points[:, 1])], axis=-1))


def split(loop: Array) -> tuple[Array, Array]:
    """The upper and the lower half of a closed outline, cut at its leftmost and rightmost points."""
    if hypot(*(loop[0] - loop[-1])) < 1e-6:
        loop = loop[:-1]
    turned = np.roll(loop, -int(loop[:, 0].argmin()), axis=0)
    far = int(turned[:, 0].argmax())
    there, back = turned[: far + 1], np.vstack([turned[far:], turned[:1]])
    return (there, back) if there[:, 1].mean() < back[:, 1].mean() else (back, there)


def face(marks: Mapping[str, Mark], name: str) -> Face:
    """The landmarks of a portrait called `name`. Raises `BadOutput` when a named path is missing."""
    missing = [needed for needed in NEEDED if needed not in marks]
    if missing:
        raise BadOutput(f"The drawing of {name} has no path named {', '.join(missing)}; add it as README.md tells.")
    upper, lower = split(marks["lips-outer"].points)
    seam = across(marks["lips-inner"].points, LIP_POINTS)

    def eye(side: str) -> Eye:
        iris = marks[f"iris-{side}-mark"]
        return Eye(
            upper=resample(marks[f"lid-{side}-upper"].points, LID_POINTS),
            lower=resample(marks[f"lid-{side}-lower"].points, LID_POINTS),
            iris=iris.centre,
            iris_radius=iris.radius,
            brow=resample(marks[f"brow-{side}"].points, BROW_POINTS),
        )

    nose = marks["nose"].points
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(nose, axis=0).T))])
    bridge = [np.interp(np.linspace(0.0, run[-1], NOSE_POINTS), run, nose[:, axis]) for axis in (0, 1)]
    return Face(
        upper_lip_outer=across(upper, LIP_POINTS),
        upper_lip_inner=seam,
        lower_lip_inner=seam,
        lower_lip_outer=across(lower, LIP_POINTS),
        right=eye("right"),
        left=eye("left"),
        nose=_line(np.stack(bridge, axis=-1)),
        jaw=resample(marks["jaw"].points, JAW_POINTS),
        forehead=marks["forehead"].centre,
    )
