"""Movement that goes with speech: nods and brows on stress, postures by phrase, calm but living pauses."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Blob, Clip, Motion, Speech, Utterance
from avatar.errors import BadOutput
from avatar.face import gaze, prosody
from avatar.face.life import EXPRESSION
from avatar.face.noise import Grid
from avatar.face.tracks import HEAD, Track
from avatar.testing import Bench, workbench
from stages.motion.idle import living
from stages.pose import POSE, Brief
from stages.pose.warp import Warp, speaking
from tests.motion.curves import Array, band_share, column, repeats, runs
from tests.motion.talk import silence, talk
from tests.tiny import a_portrait

SEEDS = range(6)
PEAKS = {"headYaw": 10.0, "headPitch": 8.0, "headRoll": 7.0}


def idle(said: Utterance, *, fps: int = 25, seed: int = 1, head: float = 1.0, look: float = 1.0) -> Track:
    return living(Grid(round(said.seconds * fps), fps), seed=seed, head=head, blink=1.0, look=look)


def spoken(
    said: Utterance, *, fps: int = 25, seed: int = 1, head: float = 1.0, express: float = 1.0, look: float = 1.0
) -> Track:
    base = idle(said, fps=fps, seed=seed, head=head, look=look)
    return speaking(base, fps, said, seed=seed, head=head, express=express, look=look)


def around(curve: Array, times: list[float], *, fps: int, offset: float) -> Array:
    """The curve's values `offset` seconds after each of `times`."""
    places = np.rint((np.asarray(times) + offset) * fps).astype(int)
    found: Array = curve[np.clip(places, 0, len(curve) - 1)]
    return found


def main_accents(said: Utterance) -> list[float]:
    return [accent.time for phrase in prosody.phrases(said) for accent in phrase.accents if accent.main]


def brief(bench: Bench, said: Utterance, *, tracks: bytes | None = None) -> Brief:
    track = BytesIO()
    np.save(track, idle(said))
    motion = Motion(bench.blob(tracks or track.getvalue(), "application/x-npy"), 25, round(said.seconds * 25))
    sound = Blob("0" * 64, "audio/wav", 1)
    speech = Speech(sound, bench.blob(records.dump(said), "application/json"), said.seconds, 22050, "nobody")
    return Brief(Clip(a_portrait(), motion), speech, seed=1)


def test_the_stage_ends_in_warp() -> None:
    assert POSE.gives is Clip
    assert isinstance(POSE.chain[-1], Warp)
    assert POSE.chain[-1].needs.floor


def test_a_clip_keeps_its_frames_and_gets_other_tracks(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, talk(repeat=1))
    clip = bench.perform(Warp(), asked)
    track = np.load(BytesIO(bench.read(clip.motion.tracks)))
    assert (clip.motion.fps, clip.motion.frames) == (25, asked.clip.motion.frames)
    assert len(track) == clip.motion.frames
    assert clip.motion.tracks != asked.clip.motion.tracks
    assert bench.perform(Warp(), asked) == clip


def test_a_broken_track_is_bad_output(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    wrong = BytesIO()
    np.save(wrong, np.zeros((10, 3), np.float32))
    with pytest.raises(BadOutput, match="can't be used"):
        bench.perform(Warp(), brief(bench, talk(repeat=1), tracks=wrong.getvalue()))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_head_moves_like_a_speakers(seed: int) -> None:
    track = spoken(talk(), seed=seed)
    for name, peak in PEAKS.items():
        curve = column(track, name)
        assert 1.9 < curve.std() < 4.5, name
        assert np.abs(curve).max() < peak, name
        assert repeats(curve, fps=25) < 0.6, name


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
def test_movement_is_smooth_at_every_frame_rate(fps: int) -> None:
    track = spoken(talk(repeat=1), fps=fps)
    for name in PEAKS:
        curve = column(track, name)
        speed = np.diff(curve) * fps
        assert np.abs(speed).max() < 75.0, name
        assert np.abs(np.diff(speed)).max() * fps < 1200.0, name
        assert band_share(speed, fps=fps, above=8.0) < 0.01, name


def test_frame_rates_show_one_movement() -> None:
    said = talk(repeat=1)
    slow, fast = spoken(said, fps=25), spoken(said, fps=50)
    for name in HEAD:
        np.testing.assert_allclose(column(fast, name)[::2][: len(slow)], column(slow, name), atol=2e-4)


def test_nods_fall_on_stressed_vowels() -> None:
    said = talk(repeat=6)
    pitch = column(spoken(said), "headPitch")
    accents = main_accents(said)
    dips = {offset: around(pitch, accents, fps=25, offset=offset).mean() for offset in np.arange(-0.6, 0.61, 0.04)}
    lowest = min(dips, key=dips.__getitem__)
    assert -0.02 <= lowest <= 0.14
    assert dips[lowest] < around(pitch, accents, fps=25, offset=-0.4).mean() - 1.5
    assert dips[lowest] < around(pitch, accents, fps=25, offset=0.5).mean() - 1.0


def test_brows_rise_before_stressed_vowels() -> None:
    said = talk(repeat=6)
    brow = column(spoken(said), "browInnerUp")
    accents = main_accents(said)
    there, before = around(brow, accents, fps=25, offset=0.08), around(brow, accents, fps=25, offset=-0.25)
    assert there.mean() > before.mean() + 0.08
    assert np.mean(there > before + 0.05) > 0.4
    assert brow.max() <= 0.95


def test_heavier_accents_move_more() -> None:
    said = talk(repeat=6)
    moved = column(spoken(said), "headPitch") - column(idle(said), "headPitch")
    accents = [accent for phrase in prosody.phrases(said) for accent in phrase.accents]
    drops = np.array(
        [
            around(moved, [a.time], fps=25, offset=0.04)[0] - around(moved, [a.time], fps=25, offset=-0.3)[0]
            for a in accents
        ]
    )
    heavy = np.array([accent.main for accent in accents])
    assert drops[heavy].mean() < drops[~heavy].mean() - 0.4


def test_questions_lift_the_brows() -> None:
    asked, told = talk("ladó timá sobalú de ta bisó?", repeat=1), talk("ladó timá sobalú de ta bisó.", repeat=1)
    end = prosody.phrases(asked)[0].end
    up = [
        around(column(spoken(said, seed=seed), "browInnerUp"), [end], fps=25, offset=0.0)[0]
        for said in (asked, told)
        for seed in SEEDS
    ]
    assert np.mean(up[: len(SEEDS)]) > np.mean(up[len(SEEDS) :]) + 0.1


def test_long_pauses_are_calm_but_alive() -> None:
    said = talk(repeat=4)
    track = spoken(said)
    times = np.arange(len(track)) / 25
    found = prosody.phrases(said)
    paused = np.zeros(len(track), dtype=bool)
    for phrase in found:
        if phrase.pause > 1.0:
            paused |= (times > phrase.end + 0.4) & (times < phrase.end + phrase.pause - 0.4)
    speed = np.abs(np.gradient(column(track, "headPitch"))) * 25
    assert 0.05 < speed[paused].mean() < 0.5 * speed[~paused].mean()


def test_long_pauses_bring_the_head_towards_rest() -> None:
    said = talk(repeat=8)
    turned = np.abs(column(spoken(said), "headYaw") - column(idle(said), "headYaw"))
    pauses = [phrase.end for phrase in prosody.phrases(said) if phrase.pause > 1.0]
    assert around(turned, pauses, fps=25, offset=0.95).mean() < 0.6 * turned.mean()


def test_silence_stays_alive() -> None:
    track = spoken(silence(30.0))
    for name in ("headYaw", "breath", "eyeBlinkLeft", "browInnerUp", "mouthSmileLeft"):
        assert column(track, name).std() > 0.0, name
    assert column(track, "headYaw").std() < 2.5
    assert 10 <= 2 * len(runs(column(track, "eyeBlinkLeft") > 0.5)) <= 25


def test_blinks_prefer_the_edges_of_phrases() -> None:
    said = talk(repeat=6)
    edges = np.array([edge for phrase in prosody.phrases(said) for edge in (phrase.start - 0.1, phrase.end - 0.04)])

    def near(track: Track) -> tuple[int, float]:
        starts = np.array([start for start, _ in runs(column(track, "eyeBlinkLeft") > 0.02)]) / 25
        return len(starts), float(np.mean(np.abs(starts[:, None] - edges).min(axis=1) < 0.08))

    before, after = near(idle(said)), near(spoken(said))
    assert after[0] == before[0]
    assert after[1] > before[1] + 0.25


def test_eyes_stay_on_the_viewer_while_the_head_moves() -> None:
    track = spoken(talk(), look=0.0)
    np.testing.assert_allclose(gaze.read(track), 0.0, atol=1e-3)
    assert column(track, "headYaw").std() > 1.9


def test_sentences_end_with_a_look_at_the_viewer() -> None:
    said = talk(repeat=8)
    off = np.hypot(*gaze.read(spoken(said)).T)
    ends = [phrase.end for phrase in prosody.phrases(said) if phrase.ending in ("stop", "question", "exclamation")]
    assert around(off, ends, fps=25, offset=-0.1).max() < 4.0
    assert np.mean(off > 4.0) > 0.03


def test_speakers_breathe_in_in_pauses() -> None:
    said = talk(repeat=1)
    breath = column(spoken(said), "breath")
    phrases = [phrase for phrase in prosody.phrases(said) if 0.3 <= phrase.pause < 2.0]
    for phrase in phrases[:-1]:
        end, until = round(phrase.end * 25), round((phrase.end + phrase.pause) * 25)
        assert breath[until + 5] > breath[end] + 0.1
    assert breath.min() >= 0.0
    assert breath.max() <= 1.0


def test_amount_zero_is_exactly_still() -> None:
    track = spoken(talk(repeat=1), head=0.0, express=0.0)
    for name in (*HEAD, "bodyX", "bodyRoll", *EXPRESSION, "eyeWideLeft"):
        assert not column(track, name).any(), name


def test_amount_two_moves_more_and_stays_within_reach() -> None:
    said = talk()
    one, two = spoken(said), spoken(said, head=2.0, express=2.0)
    for name, peak in PEAKS.items():
        ratio = column(two, name).std() / column(one, name).std()
        assert 1.5 < ratio <= 2.1, name
        assert np.abs(column(two, name)).max() < 1.5 * peak, name
    assert column(two, "browInnerUp").std() > 1.4 * column(one, "browInnerUp").std()
    assert column(two, "browInnerUp").max() <= 1.0


def test_speech_without_words_or_stress_still_moves() -> None:
    said = talk(stressed=False)
    bare = Utterance(said.seconds, said.language, "", said.phones, (), exact=False)
    assert column(spoken(bare), "headYaw").std() > 1.5


@pytest.mark.parametrize("seconds", [0.04, 600.0])
def test_any_length_goes(seconds: float) -> None:
    said = talk(repeat=1)
    base = living(Grid(round(seconds * 25), 25), seed=1, head=1.0, blink=1.0, look=1.0)
    track = speaking(base, 25, said, seed=1, head=1.0, express=1.0, look=1.0)
    assert track.shape == base.shape
    assert np.isfinite(track).all()
