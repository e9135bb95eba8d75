"""What lips on footage cost: each frame read, its mouth drawn anew, and what of that is reading. No face is looked for.

The footage is soft noise that drifts, with the usual face's points turning and talking over it: the cost is the same.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Blob, Clip, Footage, Motion, Speech
from avatar.face import facemesh, heads, tracks
from avatar.face.tracks import COLUMN
from avatar.media import footage
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from benchmarks.table import Row, middle
from stages import portrait, tracking
from stages.film import Brief
from stages.film.footage import Dubbed

SIZE, FPS, FRAMES = 512, 25, 75
NOTHING = Blob("0" * 64, "audio/wav", 0)


def rows() -> Iterator[Row]:
    """CPU time of one thread; in a film the encoder works beside it in another."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        bench = workbench(Path(folder))
        shot = _footage(bench)
        brief = Brief(_clip(bench, shot), Speech(NOTHING, NOTHING, FRAMES / FPS, 22050, ""), SIZE, SIZE)
        dubbed = Dubbed(brief, bench.context)
        reading = middle(lambda: _seconds(lambda: [*footage.frames(shot, bench.context)]), times=3)
        drawing = middle(lambda: _seconds(lambda: [dubbed.draw(index) for index in range(FRAMES)]), times=3)
    yield Row("footage of 512 x 512 dubbed on one core", FRAMES / drawing, "frames/s", 25, more=True)
    yield Row("the same without reading it", FRAMES / max(drawing - reading, 1e-6), "frames/s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


def _points() -> NDArray[np.float32]:
    """The usual face (frames, 478, 2), 250 pixels tall, swaying, its mouth open every other moment."""
    rest = heads.shut(np.load(heads.USUAL).astype(np.float32)[:, :2])
    frames = np.repeat(rest[None], FRAMES, axis=0) * 250.0
    time_of = np.arange(FRAMES) / FPS
    gap = (20.0 - 20.0 * np.cos(2 * np.pi * 3.0 * time_of))[:, None]
    below = [*facemesh.LOWER_INNER[1:-1], *facemesh.LOWER_OUTER[1:-1], facemesh.CHIN]
    frames[:, below, 1] += gap
    frames += np.stack([256.0 + 12.0 * np.sin(time_of), 220.0 + 6.0 * np.cos(time_of)], axis=1)[:, None]
    return frames.astype(np.float32)


def _footage(bench: Bench) -> Footage:
    rng = np.random.default_rng(1)
    wall = cv2.GaussianBlur(rng.normal(0.0, 60.0, (SIZE, SIZE, 3)), (0, 0), 6) * 6.0 + 128.0

    def drifting() -> Iterator[NDArray[np.uint8]]:
        for number in range(FRAMES):
            grain = rng.normal(0.0, 2.0, (SIZE, SIZE, 1))
            yield np.clip(np.roll(wall, number, axis=1) + grain, 0, 255).astype(np.uint8)

    shot = footage.keep(drifting(), bench.context, fps=FPS)
    return replace(shot, faces=tracking.kept(_points(), bench.context))


def _clip(bench: Bench, shot: Footage) -> Clip:
    who = bench.perform(portrait.PORTRAIT.chain[-1], portrait.Brief("ada", "", 0), placement=Placement())
    track = tracks.blank(FRAMES)
    track[:, COLUMN["jawOpen"]] = 0.2 - 0.2 * np.cos(2 * np.pi * 2.3 * np.arange(FRAMES) / FPS)
    path = bench.context.scratch() / "motion.npy"
    tracks.write(path, track)
    return Clip(who, Motion(bench.context.keep(path, "application/x-npy"), FPS, FRAMES), shot)
