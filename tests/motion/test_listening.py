"""Who listens looks at who speaks, nods, blinks and keeps the mouth shut; who speaks looks at the viewer mostly."""

from dataclasses import replace

import numpy as np
import pytest

from avatar.artifacts import Phone, Turn, Utterance
from avatar.face import coarticulation, gaze
from avatar.face.listening import Other, attention
from avatar.face.noise import Grid
from avatar.face.rig_measures import gap
from avatar.face.tracks import COLUMN, Track
from stages.lips.phonemes import laid_over
from stages.motion.idle import living
from stages.pose.warp import speaking
from tests.motion.talk import talk

FPS = 25
HERS, HIS = talk(repeat=1), talk(repeat=1)
LENGTH = HERS.seconds


def placed(said: Utterance, at: float, seconds: float, name: str) -> Utterance:
    """The same said from `at` on, with silence around it."""
    first, last = said.phones[1].start, said.phones[-2].end
    shift = at - first
    phones = [replace(p, start=p.start + shift, end=p.end + shift) for p in said.phones[1:-1]]
    words = tuple(replace(w, start=w.start + shift, end=w.end + shift) for w in said.words)
    around = (Phone("", 0.0, at), *phones, Phone("", last + shift, seconds))
    return replace(said, seconds=seconds, phones=around, words=words, turns=(Turn(name, 0, at, last + shift),))


WHOLE = 2 * LENGTH
SHE, HE = placed(HERS, 0.3, WHOLE, "she"), placed(HIS, LENGTH + 0.2, WHOLE, "he")
RIGHT = (24.0, 0.0)


def face(own: Utterance, other: Utterance, *, seed: int = 4, **amounts: float) -> Track:
    """The track of who says `own` to somebody at the viewer's right."""
    grid = Grid(round(WHOLE * FPS), FPS)
    wished = {"head": 1.0, "express": 1.0, "look": 1.0} | amounts
    idle = living(grid, seed=seed, head=wished["head"], blink=1.0, look=wished["look"])
    moved = speaking(idle, FPS, own, seed=seed, others=(Other(other, RIGHT),), **wished)  # type: ignore[arg-type]
    return laid_over(moved, coarticulation.mouth(own, fps=FPS, frames=grid.frames, seed=seed))


def during(said: Utterance, margin: float = 1.0) -> slice:
    turn = said.turns[0]
    return slice(round((turn.start + margin) * FPS), round((turn.end - margin) * FPS))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_listeners_look_at_who_speaks_and_speakers_at_the_viewer(seed: int) -> None:
    track = face(SHE, HE, seed=seed)
    look = gaze.read(track)[:, 0]
    assert np.mean(np.abs(look[during(HE)] - RIGHT[0]) < 8.0) > 0.7
    assert np.mean(np.abs(look[during(SHE)]) < 8.0) > 0.6
    assert track[during(HE), COLUMN["headYaw"]].mean() > track[during(SHE), COLUMN["headYaw"]].mean() + 3.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_listeners_keep_the_mouth_shut_and_blink(seed: int) -> None:
    track = face(SHE, HE, seed=seed)
    listening = track[during(HE, 0.3)]
    assert gap(listening).max() < 0.012
    assert gap(track[during(SHE)]).max() > 0.05
    assert (listening[:, COLUMN["eyeBlinkLeft"]].max()) > 0.8


def test_listeners_nod_now_and_then() -> None:
    grid = Grid(round(WHOLE * FPS), FPS)
    nods = [attention(grid, SHE, [Other(HE, RIGHT)], seed=seed).nods for seed in range(6)]
    begun = [int((np.diff((each > 1.0).astype(int)) > 0).sum()) for each in nods]
    assert all(1 <= count <= LENGTH for count in begun)
    assert len({each.tobytes() for each in nods}) == 6
    assert all(each[: round(HE.turns[0].start * FPS)].max() == 0.0 for each in nods)


def test_amounts_of_nothing_still_head_and_gaze() -> None:
    track = face(SHE, HE, head=0.0, look=0.0)
    assert np.abs(gaze.read(track)).max() < 0.01
    assert np.abs(track[:, COLUMN["headYaw"]]).max() < 0.01


def test_a_face_without_others_moves_as_ever() -> None:
    grid = Grid(100, FPS)
    idle = living(grid, seed=1, head=1.0, blink=1.0, look=1.0)
    once = speaking(idle, FPS, HERS, seed=1, head=1.0, express=1.0, look=1.0)
    again = speaking(idle, FPS, HERS, seed=1, head=1.0, express=1.0, look=1.0, others=())
    assert np.array_equal(once, again)
