"""2.5-D head turn: where each point of a flat portrait goes when the head behind it turns. Knows no pixels.

The head is modelled as an ellipsoid with a nose on it, seen in weak perspective; each point is lifted to its depth,
rotated about the top of the neck and projected back. Below the jaw the motion fades into that of the shoulders. On top
of that the whole person may lean, as stiff as a cut-out, about the seat.
Lengths are pixels of the picture that is drawn, angles degrees in the columns of `avatar.face.tracks`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Face
from avatar.face.tracks import COLUMN, Track, column

Array = NDArray[np.float32]

CAMERA_DISTANCE = 6.0
"""Face heights from the camera to the head's axis: a portrait lens, which keeps perspective mild."""
BREATH_RISE = 0.011
"""Rise of the shoulders in face heights from breathed out to breathed in."""
SEAT = 3.0
"""Face heights below the top of the neck about which somebody leans."""
CROWN, BROAD, BREAST = 0.24, 0.55, 0.3
"""Face heights that must stay in the picture: above the forehead, beside the head's middle, below the chin."""
LEAST_ROOM, NO_WALLS = 0.01, 9.0
"""Face heights that somebody may lean where there is no room for it, and where nothing is in the way."""


@dataclass(frozen=True, slots=True)
class Room:
    """Face heights that a head may go to each side until it leaves the picture, and how much smaller it may become.

    Of a way that is asked for, somebody goes `eager` times as much, as far as the room allows.
    """

    left: float = NO_WALLS
    right: float = NO_WALLS
    up: float = NO_WALLS
    down: float = NO_WALLS
    away: float = NO_WALLS
    eager: float = 1.0

    def smaller(self, other: "Room") -> "Room":
        """The room that both leave."""
        return Room(
            min(self.left, other.left),
            min(self.right, other.right),
            min(self.up, other.up),
            min(self.down, other.down),
            min(self.away, other.away),
            max(self.eager, other.eager),
        )

    def within(self, x: Array, y: Array) -> tuple[Array, Array]:
        """A way to go, right and down in face heights, levelled off smoothly before the head leaves the picture."""
        return (
            _levelled(self.eager * x, self.left, self.right),
            _levelled(self.eager * y, self.up, self.down),
        )

    def nearer(self, scale: Array) -> Array:
        """How much larger to become, levelled off on the way to being smaller."""
        return _levelled(scale, self.away, NO_WALLS)


NOTHING_IN_THE_WAY = Room()


@dataclass(frozen=True, slots=True)
class Skull:
    """The measures of a head that its turn depends on, in pixels. `relief` is its depth, 1 for a usual one."""

    centre_x: float
    centre_y: float
    half_width: float
    half_height: float
    nose_x: float
    nose_y: float
    neck_y: float
    shoulder_y: float
    face_height: float
    relief: float = 1.0

    @property
    def unit(self) -> float:
        """The face's height, in which all its other measures are told."""
        return self.face_height


def skull(face: Face, scale: float, origin: tuple[float, float], relief: float = 1.0) -> Skull:
    """The skull under a face's landmarks, in pixels of a picture scaled by `scale` from `origin`."""
    jaw = (np.asarray(face.jaw, np.float32) - origin) * scale
    top = (np.asarray(face.forehead, np.float32) - origin) * scale
    nose = (np.asarray(face.nose, np.float32) - origin) * scale
    chin = jaw[len(jaw) // 2]
    height = float(chin[1] - top[1])
    tip = nose[int(len(nose) * 0.7)]
    return Skull(
        centre_x=float(jaw[:, 0].min() + jaw[:, 0].max()) / 2,
        centre_y=float(top[1]) + 0.42 * height,
        half_width=float(np.ptp(jaw[:, 0])) / 2 * 1.12,
        half_height=0.78 * height,
        nose_x=float(tip[0]),
        nose_y=float(tip[1]),
        neck_y=float(chin[1]) + 0.04 * height,
        shoulder_y=float(chin[1]) + 0.36 * height,
        face_height=height,
        relief=relief,
    )


def depth(head: Skull, points: Array) -> Array:
    """Depth of the face over the head's axis in pixels, towards the viewer; `points` is (..., 2), the result (...)."""
    u = (points[..., 0] - head.centre_x) / head.half_width
    v = (points[..., 1] - head.centre_y) / head.half_height
    bulge = np.maximum(1.0 - u * u - 0.8 * v * v, 0.0) ** 0.6
    nose_u = (points[..., 0] - head.nose_x) / (0.105 * head.unit)
    nose_v = (points[..., 1] - head.nose_y) / (0.16 * head.unit)
    nose = np.exp(-nose_u * nose_u - nose_v * nose_v)
    result: Array = (0.58 * head.unit * bulge + 0.12 * head.unit * nose).astype(np.float32)
    if head.relief != 1.0:
        result *= np.float32(head.relief)
    return result


def follow(head: Skull, y: Array) -> Array:
    """How far a height in the picture goes with the head: 1 down to the chin, 0 from the shoulders on."""
    t = np.clip((y - head.neck_y) / (head.shoulder_y - head.neck_y), 0.0, 1.0)
    result: Array = (1.0 - t * t * (3.0 - 2.0 * t)).astype(np.float32)
    return result


def room(head: Skull, width: int, height: int) -> Room:
    """The room that a picture of `width` x `height` pixels leaves this head."""
    top, chin = head.centre_y - 0.42 * head.unit, head.neck_y - 0.04 * head.unit
    ways = (head.centre_x / head.unit - BROAD, (width - head.centre_x) / head.unit - BROAD)
    along = (top / head.unit - CROWN, (height - chin) / head.unit - BREAST)
    return Room(*(max(LEAST_ROOM, way) for way in (*ways, *along)))


def lean(head: Skull, row: Track, around: Room) -> NDArray[np.float64]:
    """The map by which the person leans: (2, 3) for one row of a track, (frames, 2, 3) for a whole one.

    They turn about the seat, come nearer about the middle of the head, and sink.
    """
    way_x, way_y, way_near = (row[..., COLUMN[name]] for name in ("leanX", "leanY", "leanScale"))
    x, y = around.within(way_x, way_y)
    near = 1.0 + np.asarray(around.nearer(way_near), np.float64)
    angle = np.asarray(x, np.float64) / SEAT
    cos, sin = near * np.cos(angle), near * np.sin(angle)
    seat_x, seat_y = head.centre_x, head.neck_y + SEAT * head.unit
    settled = (head.centre_y - seat_y) * (1.0 / near - 1.0)
    matrix = np.empty((*np.shape(x), 2, 3), np.float64)
    matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1] = cos, -sin, sin, cos
    matrix[..., 0, 2] = seat_x - sin * settled - (cos * seat_x - sin * seat_y)
    matrix[..., 1, 2] = seat_y + cos * settled + head.unit * np.asarray(y, np.float64) - (sin * seat_x + cos * seat_y)
    return matrix


def leant(matrix: NDArray[np.float64], points: Array) -> Array:
    """Points (k, 2) under `lean`'s map, or (frames, k, 2) under those of as many frames."""
    result: Array = (points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]).astype(np.float32)
    return result


def upright(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `lean`'s map (2, 3)."""
    turn = np.linalg.inv(matrix[:, :2])
    return np.concatenate([turn, -turn @ matrix[:, 2:]], axis=1)


def displaced(
    head: Skull, row: Track, points: Array, z: Array, weight: Array, matrix: NDArray[np.float64] | None = None
) -> Array:
    """How far `points` (k, 2) of depth `z` move; `weight` 1 goes with the head, 0 with the body.

    For one row of a track (k, 2), for a whole track (frames, k, 2). This is before the person leans by `matrix`; the
    head is turned back by as much as that will turn it, since its roll is what is seen in the end.
    """
    return np.stack(_displaced(head, row, points[..., 0], points[..., 1], z, weight, _bent(matrix)), axis=-1)


def sources(
    head: Skull, row: Track, points: Array, z: Array, weight: Array, matrix: NDArray[np.float64] | None = None
) -> Array:
    """Where each drawn point (..., 2) comes from: the inverse of `displaced`, by one fixed-point step.

    The fields are smooth and the angles small, so that one step leaves less than a tenth of a pixel.
    """
    bent, x, y = _bent(matrix), points[..., 0], points[..., 1]
    across, down = _displaced(head, row, x, y, z, weight, bent)
    across, down = _displaced(head, row, x - across, y - down, z, weight, bent)
    return np.stack([x - across, y - down], axis=-1)


def _levelled(way: Array, before: float, after: float) -> Array:
    """The way, little changed up to half of its end on that side, which it never reaches."""
    end = np.where(way < 0.0, before, after)
    result: Array = (way / (1.0 + (way / end) ** 4) ** 0.25).astype(np.float32)
    return result


def _bent(matrix: NDArray[np.float64] | None) -> Array:
    """Radians by which a lean turns what it moves."""
    if matrix is None:
        return np.zeros(1, np.float32)
    result: Array = np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0])[..., None].astype(np.float32)
    return result


def _displaced(
    head: Skull, row: Track, across: Array, down: Array, z: Array, weight: Array, bent: Array
) -> tuple[Array, Array]:
    """Across and down, apart: rows of two numbers each are what NumPy is slow with."""
    with_head, with_body = _head_shift(head, row, across, down, z, bent), _body_shift(head, row, across, down)
    free = 1.0 - weight
    return weight * with_head[0] + free * with_body[0], weight * with_head[1] + free * with_body[1]


def _head_shift(head: Skull, row: Track, across: Array, down: Array, z: Array, bent: Array) -> tuple[Array, Array]:
    yaw, pitch, roll = (np.deg2rad(column(row, name)) for name in ("headYaw", "headPitch", "headRoll"))
    roll = roll - bent
    x = across - head.centre_x
    y = down - head.neck_y
    turned_x = x * np.cos(yaw) + z * np.sin(yaw)
    turned_z = z * np.cos(yaw) - x * np.sin(yaw)
    lifted_y = y * np.cos(pitch) - turned_z * np.sin(pitch)
    lifted_z = turned_z * np.cos(pitch) + y * np.sin(pitch)
    rolled_x = turned_x * np.cos(roll) - lifted_y * np.sin(roll)
    rolled_y = turned_x * np.sin(roll) + lifted_y * np.cos(roll)
    camera = CAMERA_DISTANCE * head.unit
    zoom = (camera - z) / (camera - lifted_z) * (1.0 + column(row, "headScale"))
    rise = column(row, "headY") - 0.4 * BREATH_RISE * column(row, "breath")
    return rolled_x * zoom + column(row, "headX") * head.unit - x, rolled_y * zoom + rise * head.unit - y


def _body_shift(head: Skull, row: Track, across: Array, down: Array) -> tuple[Array, Array]:
    x = across - head.centre_x
    y = down - head.shoulder_y
    lean = np.deg2rad(column(row, "bodyRoll"))
    breath = column(row, "breath") * BREATH_RISE * head.unit
    fall = np.clip(1.0 - y / (1.6 * head.unit), 0.0, 1.0)
    shift_x = column(row, "bodyX") * head.unit - y * lean + 0.006 * column(row, "breath") * x
    return shift_x, x * lean * 0.6 - breath * fall
