"""Base motion by Stable Video Diffusion: memory of a talk beside that of one window, real classes at tiny size."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from avatar.artifacts import Portrait
from avatar.sampling import Sampling
from avatar.testing import workbench
from benchmarks.table import Row
from stages.motion.brief import Brief
from stages.motion.filmed import Svd
from tests.tiny import a_portrait
from tests.video import small
from tests.video.memory import Peaks, peaks

SIDE = 64
LONG = 20.0
"""Seconds of the talk."""
MORE = 1.15
"""How much more memory it may take than one window."""


def rows() -> Iterator[Row]:
    """Memory of a loop and of sliding windows, beside one window."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        window, seconds = measured(place / "a", 0.5, steps=2)
        yield Row("one window: tensors", window.tensors / 2**20, "MiB")
        for name, length, steps in ((f"a talk of {LONG:g} s, looped", LONG, 2), ("sliding windows, 7 s", 7.0, 1)):
            found, seconds = measured(place / name, length, steps=steps)
            yield Row(f"{name}: tensors", found.tensors / window.tensors, "windows", MORE)
            yield Row(f"{name}: arrays", found.arrays / 2**20, "MiB")
            yield Row(f"{name}: time", seconds, "s")


def measured(folder: Path, seconds: float, *, steps: int) -> tuple[Peaks, float]:
    """Memory and time of one clip."""
    folder.mkdir(parents=True)
    bench = workbench(folder)
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    image = bench.blob(cv2.imencode(".png", picture)[1].tobytes(), "image/png")
    portrait = Portrait(image, (), a_portrait().face, SIDE, SIDE, "photo", "photo")
    mover = Svd().load(small.placed(small.svd(), folder, "svd-xt", variant="fp16"))
    begun = time.perf_counter()
    with peaks() as found:
        mover(Brief(portrait, seconds, 25, 1, sampling=Sampling(steps=steps)), bench.context)
    return found, time.perf_counter() - begun
