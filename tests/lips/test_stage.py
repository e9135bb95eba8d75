"""The lips stage: a clip and a speech in, the clip with a speaking mouth out."""

import io
from pathlib import Path

import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Clip, Eye, Face, Motion, Portrait, Speech
from avatar.errors import BadOutput
from avatar.face.coarticulation import OWNED, SHARED
from avatar.face.rig_measures import gap
from avatar.face.tracks import COLUMN, Track, blank
from avatar.testing import Bench, workbench
from stages.lips import LIPS, Brief
from tests.lips.spoken import recorded

LINE = ((0.0, 0.0), (1.0, 0.0))
EYE = Eye(LINE, LINE, (0.5, 0.0), 0.2, LINE)
FACE = Face(LINE, LINE, LINE, LINE, EYE, EYE, LINE, LINE, (0.5, -1.0))


def saved(track: Track) -> bytes:
    file = io.BytesIO()
    np.save(file, track)
    return file.getvalue()


def brief(bench: Bench, track: Track, seed: int = 1) -> Brief:
    utterance = recorded("en-us")
    image = bench.blob(b"png", "image/png")
    portrait = Portrait(image, (), FACE, 64, 64, "drawn", "nobody")
    motion = Motion(bench.blob(saved(track), "application/x-npy"), fps=25, frames=len(track))
    words = bench.blob(records.dump(utterance), "application/json")
    return Brief(Clip(portrait, motion), Speech(image, words, utterance.seconds, 22050, "en-us"), seed)


def spoken(bench: Bench, asked: Brief) -> tuple[Clip, Track]:
    clip = bench.perform(LIPS.chain[-1], asked)
    return clip, np.load(io.BytesIO(bench.read(clip.motion.tracks)))


def test_the_mouth_speaks_and_the_rest_of_the_motion_stays(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    base = np.full_like(blank(400), 0.3)
    clip, track = spoken(bench, brief(bench, base))
    assert clip.motion.fps == 25
    assert clip.motion.frames == len(track) == 400
    assert clip.motion.tracks.media_type == "application/x-npy"
    kept = [index for name, index in COLUMN.items() if name not in (*OWNED, *SHARED)]
    assert np.array_equal(track[:, kept], base[:, kept])
    assert np.percentile(gap(track), 95) > 0.05
    shared = [COLUMN[name] for name in SHARED]
    assert track[:, shared].min() >= 0.3 - 1e-6
    assert track[:, shared].max() > 0.4


def test_an_earlier_mouth_is_overwritten(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    pouting = blank(300)
    pouting[:, COLUMN["mouthPucker"]] = 1.0
    _, track = spoken(bench, brief(bench, pouting))
    _, calm = spoken(bench, brief(bench, blank(300)))
    assert np.array_equal(track, calm)


def test_a_jaw_that_an_expression_lets_drop_stays_dropped(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    gaping = blank(300)
    gaping[:, COLUMN["jawOpen"]] = 0.3
    _, track = spoken(bench, brief(bench, gaping))
    _, calm = spoken(bench, brief(bench, blank(300)))
    jaw = COLUMN["jawOpen"]
    assert np.allclose(track[:, jaw], np.maximum(calm[:, jaw], 0.3))


def test_the_seed_decides_the_bytes(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    first, _ = spoken(bench, brief(bench, blank(100), seed=1))
    same, _ = spoken(bench, brief(bench, blank(100), seed=1))
    other, _ = spoken(bench, brief(bench, blank(100), seed=2))
    assert first.motion.tracks.sha256 == same.motion.tracks.sha256 != other.motion.tracks.sha256


def test_a_track_of_another_shape_is_refused(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    with pytest.raises(BadOutput, match="motion track"):
        bench.perform(LIPS.chain[-1], brief(bench, np.zeros((10, 3), np.float32)))


def test_the_chain_ends_in_a_floor() -> None:
    assert [backend.id for backend in LIPS.chain] == ["wav2vec", "phonemes"]
    assert LIPS.chain[-1].needs.floor
