"""The face in footage that was diffused, found frame by frame, so that a mouth can be laid over it. Knows no network.

Without MediaPipe's FaceLandmarker nobody looks, and the footage says so.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Footage
from avatar.errors import BadOutput, Unavailable
from avatar.media import footage
from avatar.media.hush import hushed
from avatar.stage import Context
from stages.pose.driving.blaze import FACE_MODEL

Floats = NDArray[np.float32]

POINTS = 478
FACES = 2
"""Faces that are looked for: with one alone it smooths over time."""
LEAST_SEEN = 0.5
"""Share of the frames in which a face must be seen: less of it, and what was diffused is nobody."""
UNLOOKED = "Nobody looked for the face in what was diffused: face-landmarker is not here."


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for faces with the model in a folder; without one it does not."""

    folder: Path | None = None

    def __call__(self, shot: Footage, context: Context) -> Footage:
        """The same footage with its `faces`. Raises `BadOutput` where hardly any is seen, `Unavailable`."""
        if self.folder is None:
            return replace(shot, notes=(*shot.notes, UNLOOKED))
        points = self._points(shot, context, (self.folder / FACE_MODEL))
        seen = float((~np.isnan(points[:, 0, 0])).mean())
        if seen < LEAST_SEEN:
            raise BadOutput(
                f"A face is seen in {100.0 * seen:.0f} % of what was diffused only. Try another seed or portrait."
            )
        path = context.scratch() / "faces.npy"
        np.save(path, points.astype("<f4"))
        return replace(shot, faces=context.keep(path, "application/x-npy"))

    def _points(self, shot: Footage, context: Context, model: Path) -> Floats:
        """(frames, 478, 2) in pixels of the footage, NaN where no face is."""
        found = np.full((shot.frames, POINTS, 2), np.nan, np.float32)
        size = np.array([shot.width, shot.height], np.float32)
        with hushed(), _tool(model) as tool:
            from mediapipe import Image, ImageFormat

            for number, picture in enumerate(footage.frames(shot, context)):
                context.step(number, shot.frames)
                image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
                told = tool.detect_for_video(image, round(number * 1000.0 / shot.fps))
                faces = [np.array([(p.x, p.y) for p in each], np.float32) for each in told.face_landmarks]
                if faces:
                    found[number] = size * max(faces, key=lambda each: float(np.ptp(each[:, 0])))
        return found


def _tool(model: Path) -> Any:
    try:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=FACES,
        )
        return vision.FaceLandmarker.create_from_options(options)
    except (ImportError, OSError) as wrong:
        raise Unavailable(f"MediaPipe can't be used here ({wrong}). Install it to find faces.") from wrong
    except (RuntimeError, ValueError) as wrong:
        raise Unavailable("The face landmarker's model can't be used. Fetch it again.") from wrong
