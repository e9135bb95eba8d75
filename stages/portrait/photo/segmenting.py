"""Where people are in a picture, by MediaPipe's selfie segmenter. Knows no face and no portrait."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable
from avatar.media.hush import hushed
from stages import glasses

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MODEL = "selfie_segmenter.tflite"


class Segmenter:
    """One picture at a time, each with a tool of its own, as MediaPipe's tools may not be shared by threads."""

    def __init__(self, model: bytes) -> None:
        """Raises `Unavailable` for a model that can't be used, or where MediaPipe or its libraries are missing."""
        self._model = model
        with hushed(), _tool(model):
            pass

    def __call__(self, picture: Bytes) -> Floats:
        """How surely somebody is at each pixel (h, w) of R'G'B' (h, w, 3), 0 to 1."""
        from mediapipe import Image, ImageFormat

        with hushed(), _tool(self._model) as tool:
            seen = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
            person = tool.segment(seen).confidence_masks[-1].numpy_view()
            return np.array(person, np.float32).reshape(picture.shape[:2])


def read(folder: Path) -> Segmenter:
    """The model in the folder that it was fetched to. Raises `Unavailable`."""
    try:
        return Segmenter((folder / MODEL).read_bytes())
    except OSError as error:
        raise Unavailable("The selfie segmenter's model is not there. Fetch it again.") from error


def _tool(model: bytes) -> Any:
    with glasses.opening("selfie segmenter", "tell people from background"):
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.ImageSegmenterOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            running_mode=vision.RunningMode.IMAGE,
            output_confidence_masks=True,
            output_category_mask=False,
        )
        return vision.ImageSegmenter.create_from_options(options)
