"""What is written beside a film: its thumbnail and its motion as a table. Knows nothing of encoding."""

from pathlib import Path

import cv2
import numpy as np

from avatar.errors import StorageError
from avatar.face.tracks import ARKIT, COLUMN, HEAD, Track
from stages.film.canvas import Planes
from stages.film.pixels import Bytes

ROWS_AT_ONCE = 500


def best_row(track: Track, fps: int) -> int:
    """The frame that shows the face best: eyes open, mouth lightly parted, within the first three seconds."""
    early = track[: max(1, 3 * fps)]
    blink = early[:, COLUMN["eyeBlinkLeft"]] + early[:, COLUMN["eyeBlinkRight"]]
    turned = np.abs(early[:, COLUMN["headYaw"]]) / 10.0
    mouth = np.abs(early[:, COLUMN["jawOpen"]] - 0.08)
    return int(np.argmin(4.0 * blink + turned + mouth))


def to_bgr(frame: Planes) -> Bytes:
    """A frame as B'G'R' (h, w, 3), 0..255; the inverse of BT.709 limited range."""
    height, width = frame.luma.shape
    light = (frame.luma.astype(np.float32) - 16.0) / 219.0
    chroma = cv2.resize(frame.chroma, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    blue = light + (chroma[..., 0] - 128.0) / 224.0 * 1.8556
    red = light + (chroma[..., 1] - 128.0) / 224.0 * 1.5748
    green = (light - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.rint(np.dstack([blue, green, red]) * 255.0), 0, 255).astype(np.uint8)


def write_thumbnail(path: Path, frame: Planes) -> None:
    """The frame as a JPEG. Raises `StorageError`."""
    if not cv2.imwrite(str(path), to_bgr(frame), [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise StorageError("The thumbnail could not be written; free disk space and try again.")


def write_motion_csv(path: Path, track: Track, fps: int) -> None:
    """Time, the 52 ARKit blendshapes by name, and the head's pose, a row a frame, for 3-D avatars.

    Our `mouthClose` seals the lips whatever the jaw does; ARKit's undoes the jaw's opening, so it is written as the
    product of both.
    """
    names = ARKIT + HEAD
    columns, close, jaw = [COLUMN[name] for name in names], names.index("mouthClose"), names.index("jawOpen")
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("seconds," + ",".join(names) + "\n")
        for start in range(0, len(track), ROWS_AT_ONCE):
            rows = track[start : start + ROWS_AT_ONCE, columns]
            rows[:, close] *= rows[:, jaw]
            for index, row in enumerate(rows.tolist(), start=start):
                file.write(f"{index / fps:.4f}," + ",".join(f"{value:.4f}" for value in row) + "\n")
