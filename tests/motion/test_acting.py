"""Expressions and directions over a speaking face: in bounds, smooth, on time, and never against the lips."""

from pathlib import Path

import numpy as np
import pytest

from avatar.artifacts import Phone, Utterance, Word
from avatar.face import acting, coarticulation, gaze, tracks
from avatar.face.acting_faces import LOOKS
from avatar.face.noise import Grid
from avatar.face.rig_measures import gap, width
from avatar.face.tracks import ARKIT, COLUMN, HEAD, Track
from avatar.script import ACTS, EXPRESSIONS, Act, Cue, Expression
from stages.lips.phonemes import laid_over
from stages.motion.idle import living
from stages.pose import Acting
from stages.pose.warp import speaking
from tests.lips.spoken import recorded
from tests.motion.curves import Array, column
from tests.motion.talk import silence, talk

MOODS = [name for name in EXPRESSIONS if name != "neutral"]
SAID = talk(repeat=1)


def played(
    cues: tuple[Cue, ...] = (), mood: Expression = "neutral", *, said: Utterance = SAID, fps: int = 25, **amounts: float
) -> Track:
    grid = Grid(round(said.seconds * fps), fps)
    live = {"head": 1.0, "express": 1.0, "look": 1.0, **amounts}
    base = living(grid, seed=3, head=live["head"], blink=1.0, look=live["look"])
    head, express, look = (live[name] for name in ("head", "express", "look"))
    return speaking(base, fps, said, seed=3, head=head, express=express, look=look, played=Acting(mood, cues))


def with_mouth(track: Track, said: Utterance, fps: int = 25) -> Track:
    return laid_over(track, coarticulation.mouth(said, fps=fps, frames=len(track), seed=3))


def strength(track: Track, name: str) -> Array:
    return column(track, name).astype(np.float64)


def test_without_directions_nothing_changes() -> None:
    assert np.array_equal(played(), played((), "neutral"))


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("amount", [1.0, 2.0])
def test_every_mood_stays_in_bounds(mood: Expression, amount: float) -> None:
    cues = tuple(Cue(at, act) for at, act in enumerate(ACTS, start=20))
    track = with_mouth(played(cues, mood, head=amount, express=amount, look=amount), SAID)
    shapes = track[:, [COLUMN[name] for name in ARKIT]]
    assert np.isfinite(track).all()
    assert shapes.min() >= 0.0
    assert shapes.max() <= 1.0
    for name, most in {"headYaw": 15.0, "headPitch": 12.0, "headRoll": 10.0}.items():
        assert abs(column(track, name)).max() < most


@pytest.mark.parametrize("mood", MOODS)
def test_a_mood_comes_smoothly_and_is_seen(mood: Expression) -> None:
    said = silence(4.0)
    calm, moved = played(said=said, fps=60), played((Cue(0, mood, 1.0),), said=said, fps=60)
    for shape, size in LOOKS[mood].shapes.items():
        for name in acting.sides(shape):
            change = strength(moved, name) - strength(calm, name)
            assert abs(change[:59]).max() < 1e-6
            assert abs(np.diff(change)).max() < 0.19 * max(size, 0.5)
            if size >= 0.5:
                assert change[120] > 0.3 * size


def test_a_direction_begins_just_before_the_word_that_follows() -> None:
    letters = sum(len(word.text) for word in SAID.words[:6])
    (due,) = acting.moments((Cue(letters, "happy"),), SAID)
    assert due.time == pytest.approx(SAID.words[6].start - acting.LEAD)
    change = strength(played((Cue(letters, "happy"),)), "mouthSmileLeft") - strength(played(), "mouthSmileLeft")
    began = int(np.argmax(change > 0.02))
    assert due.time - 0.05 <= began / 25 <= due.time + 0.25


def test_a_direction_before_a_pause_is_done_in_it() -> None:
    letters = sum(len(word.text) for word in SAID.words[:6])
    first, second = acting.moments((Cue(letters, "nod", 0.0), Cue(letters, "blink", 1.0)), SAID)
    assert first.time == pytest.approx(SAID.words[5].end + acting.AFTER)
    assert second.time == pytest.approx(first.time + 1.0)


def test_directions_in_words_that_are_not_known_still_have_a_time() -> None:
    said = Utterance(10.0, "en", "one two three four", (Phone("", 0.0, 10.0),), (), exact=False)
    assert [moment.time for moment in acting.moments((Cue(0, "nod"), Cue(15, "nod")), said)] == [0.0, 10.0]
    beyond = acting.moments((Cue(999, "nod"),), SAID)[0].time
    assert beyond == pytest.approx(SAID.words[-1].end + acting.AFTER)


def test_one_mood_gives_way_to_the_next_and_neutral_ends_it() -> None:
    said = silence(9.0)
    cues = (Cue(0, "happy", 0.5), Cue(0, "sad", 3.5), Cue(0, "neutral", 6.5))
    track = played(cues, said=said)
    smile, frown = strength(track, "mouthSmileLeft"), strength(track, "mouthFrownLeft")
    assert smile[60] > 0.5
    assert smile[130] < 0.15
    assert frown[130] > 0.5
    assert max(frown[60], frown[210]) < 0.01


def test_a_smile_passes_by_itself() -> None:
    smile = strength(played((Cue(0, "smile", 0.5),), said=silence(6.0)), "mouthSmileRight")
    assert smile[40] > 0.5
    assert smile[130] < 0.15


def test_the_mood_of_the_request_is_there_from_the_first_frame() -> None:
    frown = strength(played((), "sad"), "mouthFrownLeft")
    assert frown[0] > 0.4
    assert frown.min() > 0.3


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("fps", [25, 60])
def test_lips_meet_and_open_as_without_a_mood(mood: Expression, fps: int) -> None:
    said = recorded("en-us")
    calm, moved = (with_mouth(played((), name, said=said, fps=fps), said, fps) for name in ("neutral", mood))
    free = acting.resting(Grid(len(calm), fps), said) > 0.0
    assert np.allclose(gap(moved)[~free], gap(calm)[~free], atol=1e-6)
    assert (gap(calm)[~free] < 1e-6).any()
    assert (gap(moved)[free] <= gap(calm)[free] + 1e-6).all()


def test_a_smile_leaves_rounded_lips_round() -> None:
    said = recorded("en-us")
    calm, moved = (with_mouth(played((), mood, said=said), said) for mood in ("neutral", "happy"))
    rounded = np.maximum(column(calm, "mouthPucker"), column(calm, "mouthFunnel"))
    widened = width(moved) / width(calm)
    assert widened[rounded < 0.05].mean() > 1.08
    assert widened[rounded > 0.45].mean() < 1.09


def test_expressions_of_the_mouth_keep_away_from_sounds() -> None:
    phones = (
        Phone("", 0.0, 0.5),
        Phone("m", 0.5, 0.6),
        Phone("a", 0.6, 1.0),
        Phone("", 1.0, 2.0),
        Phone("m", 2.0, 2.1),
    )
    said = Utterance(
        2.6, "en", "ma m", (*phones, Phone("", 2.1, 2.6)), (Word("ma", 0.5, 1.0), Word("m", 2.0, 2.1)), exact=True
    )
    free = acting.resting(Grid(65, 25), said)
    assert free[0] == free[40] == free[-1] == 1.0
    for phone in phones:
        if phone.ipa:
            assert free[round((phone.start - 0.1) * 25) : round((phone.end + 0.1) * 25)].max() < 1e-9


@pytest.mark.parametrize(
    ("act", "name", "size"), [("nod", "headPitch", 3.5), ("shake", "headYaw", 5.0), ("blink", "eyeBlinkLeft", 0.95)]
)
def test_gestures_are_seen_and_pass(act: Act, name: str, size: float) -> None:
    said = silence(6.0)
    calm, moved = (strength(played(cues, said=said), name) for cues in ((), (Cue(0, act, 2.0),)))
    change = abs(moved - calm)
    assert change[50:85].max() > 0.6 * size
    assert moved[50:85].max() > size or name.startswith("head")
    assert change[:49].max() < 1e-6
    assert change[95:].max() < 1e-6


def test_a_shake_goes_to_both_sides() -> None:
    said = silence(6.0)
    calm, moved = (column(played(cues, said=said), "headYaw") for cues in ((), (Cue(0, "shake", 2.0),)))
    assert (moved - calm).min() < -4.0
    assert (moved - calm).max() > 4.0


@pytest.mark.parametrize(
    ("act", "axis", "sign"), [("look left", 0, -1), ("look right", 0, 1), ("look up", 1, 1), ("look down", 1, -1)]
)
def test_eyes_go_where_they_are_told_and_come_back(act: Act, axis: int, sign: int) -> None:
    said = silence(6.0)
    look = gaze.read(played((Cue(0, act, 1.0),), said=said))
    assert (sign * look[30:62, axis]).min() > 12.0
    assert abs(look[80:, axis]).max() < 12.0


def test_a_look_lasts_until_the_next_one() -> None:
    said = silence(7.0)
    look = gaze.read(played((Cue(0, "look left", 0.5), Cue(0, "look camera", 4.5)), said=said))
    assert look[20:110, 0].max() < -18.0
    assert abs(look[118:150]).max() < 2.0


def test_amounts_of_nothing_play_nothing() -> None:
    cues = tuple(Cue(10 + 20 * at, act) for at, act in enumerate(ACTS))
    still = played(cues, "angry", head=0.0, express=0.0, look=0.0)
    assert abs(still[:, [COLUMN[name] for name in HEAD]]).max() < 1e-6
    assert abs(gaze.read(still)).max() < 1e-5
    assert strength(still, "browDownLeft").max() == 0.0


def test_the_same_directions_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        tracks.write(tmp_path / name, played((Cue(9, "thinking"), Cue(30, "smile")), "happy"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
