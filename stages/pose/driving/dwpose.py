"""Whole bodies in a picture by DWPose: a YOLOX that finds people and an RTMPose that finds their 133 points.

Knows no film. The networks are ONNX files, run by ONNX Runtime where it is installed, else by OpenCV. Source: the
released detection code that AnimateAnyone's skeletons were made with (Yang et al. 2023, Effective Whole-body Pose
Estimation), its letterbox, its SimCC decoding and its order of colours (blue first) included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from stages.pose.animate_anyone import skeleton
from stages.pose.animate_anyone.skeleton import BODY, SEEN
from stages.pose.driving.people import Figure

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Array = NDArray[np.float64]
Net = Callable[[Floats], list[Floats]]
"""A network: (1, 3, height, width) to its outputs."""

FILES = ("yolox_l.onnx", "dw-ll_ucoco_384.onnx")
SHORT_SIDE, GRAIN = 512, 64
"""A picture is looked at with its shorter side of so many pixels, both sides multiples of 64."""
LETTERBOX, GREY = 640, 114
STRIDES = (8, 16, 32)
FOUND_FROM, PERSON_FROM, SAME = 0.1, 0.3, 0.45
"""Scores from which a box is looked at and from which it is a person; overlap from which two boxes are one."""
PADDING = 1.25
LOOKED_AT = (288, 384)
"""Width and height of a person's window."""
SPLIT = 2.0
"""Places that the network tells apart in a pixel."""
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class DWPose:
    """Finds people with two networks."""

    boxes: Net
    joints: Net

    def __call__(self, picture: Bytes) -> Figure | None:
        """The surest person in R'G'B' (height, width, 3), 134 points in its pixels; None for nobody."""
        seen, scale = sized(picture)
        blue = np.ascontiguousarray(seen[..., ::-1])
        around = people(self.boxes, blue)
        found = [joints(self.joints, blue, box) for box in around]
        points, scores = skeleton.openpose(*(np.stack(each) for each in zip(*found, strict=True)))
        best = int(scores[:, BODY].mean(1).argmax())
        if (scores[best, BODY] > SEEN).sum() < 2:
            return None
        return Figure(points[best] * scale, scores[best])


def load(folder: Path, *, device: str = "cpu") -> DWPose:
    """The two networks of a folder. Raises `Unavailable`."""
    return DWPose(*(_net(folder / name, device) for name in FILES))


def sized(picture: Bytes) -> tuple[Bytes, Array]:
    """A picture at the size in which it is looked at, and what its pixels (x, y) are to be multiplied by to go back."""
    height, width = picture.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    size = tuple(max(GRAIN, int(np.round(side * scale / GRAIN)) * GRAIN) for side in (width, height))
    how = cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA
    seen = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
    return seen, np.array([width / size[0], height / size[1]])


def people(net: Net, blue: Bytes) -> Array:
    """Boxes (n, 4) left, top, right, bottom of the people in B'G'R'; the whole picture where nobody is found."""
    height, width = blue.shape[:2]
    scale = min(LETTERBOX / height, LETTERBOX / width)
    small = cv2.resize(blue, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((LETTERBOX, LETTERBOX, 3), GREY, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    told = net(canvas.transpose(2, 0, 1)[None].astype(np.float32))[0][0].astype(np.float64)
    grids, steps = _grid()
    middle, size = (told[:, :2] + grids) * steps, np.exp(told[:, 2:4]) * steps
    scores = told[:, 4] * told[:, 5]
    near = scores > FOUND_FROM
    corners = np.hstack([middle - size / 2, middle + size / 2])[near] / scale
    kept = [index for index in _apart(corners, scores[near]) if scores[near][index] > PERSON_FROM]
    return corners[kept] if kept else np.array([[0.0, 0.0, width, height]])


def joints(net: Net, blue: Bytes, box: Array) -> tuple[Array, Array]:
    """The points (133, 2) and scores (133,) of the person in a box of B'G'R'."""
    width, height = LOOKED_AT
    middle, across, down = 0.5 * (box[:2] + box[2:]), PADDING * (box[2] - box[0]), PADDING * (box[3] - box[1])
    across = max(across, down * width / height)
    scale = width / max(across, 1e-6)
    shift = np.array([width, height]) / 2 - scale * middle
    matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    window = cv2.warpAffine(blue, matrix, LOOKED_AT, flags=cv2.INTER_LINEAR)
    fit = ((window - np.asarray(MEAN)) / np.asarray(STD)).astype(np.float32)
    x, y = (told[0] for told in net(np.ascontiguousarray(fit.transpose(2, 0, 1)[None]))[:2])
    scores = np.minimum(x.max(-1), y.max(-1)).astype(np.float64)
    places = np.stack([x.argmax(-1), y.argmax(-1)], -1) / SPLIT
    places[scores <= 0] = -1.0 / SPLIT
    return (places - shift) / scale, scores


def _grid() -> tuple[Array, Array]:
    """Corner and size of the cell that each of a YOLOX's boxes belongs to, (n, 2) and (n, 1)."""
    corners, steps = [], []
    for step in STRIDES:
        cells = np.arange(LETTERBOX // step)
        x, y = np.meshgrid(cells, cells)
        corners.append(np.stack([x, y], -1).reshape(-1, 2))
        steps.append(np.full((len(cells) ** 2, 1), step))
    return np.concatenate(corners).astype(np.float64), np.concatenate(steps).astype(np.float64)


def _apart(boxes: Array, scores: Array) -> list[int]:
    """Boxes that are not the same as a surer one, surest first."""
    kept: list[int] = []
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(1)
    for index in scores.argsort()[::-1]:
        low = np.maximum(boxes[kept, :2], boxes[index, :2])
        high = np.minimum(boxes[kept, 2:], boxes[index, 2:])
        shared = np.maximum(high - low + 1, 0.0).prod(1)
        if not kept or (shared / (areas[kept] + areas[index] - shared)).max() <= SAME:
            kept.append(int(index))
    return kept


def _net(path: Path, device: str) -> Net:
    if not path.is_file():
        raise Unavailable(f"{path.name} is missing in {path.parent.name}. Fetch dwpose again.")
    try:
        return _by_runtime(path, device)
    except ImportError:
        return _by_opencv(path)


def _by_runtime(path: Path, device: str) -> Net:
    import onnxruntime

    wanted = ["CUDAExecutionProvider"] * device.startswith("cuda") + ["CPUExecutionProvider"]
    offered = onnxruntime.get_available_providers()
    try:
        session: Any = onnxruntime.InferenceSession(str(path), providers=[name for name in wanted if name in offered])
    except (RuntimeError, ValueError) as wrong:
        raise Unavailable(f"{path.name} can't be used ({type(wrong).__name__}). Fetch dwpose again.") from wrong
    name = session.get_inputs()[0].name
    return lambda picture: list(session.run(None, {name: picture}))


def _by_opencv(path: Path) -> Net:
    try:
        net = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as wrong:
        raise Unavailable(
            f"{path.name} can't be used by OpenCV. Install onnxruntime, or fetch dwpose again."
        ) from wrong
    names = net.getUnconnectedOutLayersNames()

    def run(picture: Floats) -> list[Floats]:
        net.setInput(picture)
        return [np.asarray(told, np.float32) for told in net.forward(names)]

    return run
