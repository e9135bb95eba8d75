"""A mouth that says what is said: closures, teeth, rounding, silence, anticipation, pace, smoothness."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from avatar.artifacts import Phone, Utterance
from avatar.face.coarticulation import OWNED, SHARED, mouth
from avatar.face.lips_checks import figures
from avatar.face.rig_measures import column, gap, width
from avatar.face.tracks import CHANNELS, COLUMN, Track
from tests.lips.spoken import LANGUAGES, RATES, made, recorded


def said(utterance: Utterance, fps: int = 60, seed: int = 1) -> Track:
    return mouth(utterance, fps=fps, frames=int(np.ceil(utterance.seconds * fps)), seed=seed)


def at(track: Track, seconds: float, fps: int = 60) -> int:
    return min(round(seconds * fps), len(track) - 1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fps", RATES)
def test_every_language_is_said_rightly_at_every_frame_rate(language: str, fps: int) -> None:
    utterance = recorded(language)
    found = figures(said(utterance, fps), utterance, fps)
    assert np.isnan(found.closures) or found.closures >= 0.98
    assert np.isnan(found.teeth) or found.teeth == 1.0
    assert np.isnan(found.silence) or found.silence >= 0.99
    assert np.isnan(found.rounding) or found.rounding >= 0.99
    assert 0.06 <= found.open95 <= 0.14
    assert 0.04 <= np.median(found.leads) <= 0.12


def test_the_checks_see_a_mouth_that_is_late_or_never_shuts() -> None:
    utterance = recorded("en-us")
    good = said(utterance)
    late, early = np.roll(good, 6, axis=0), np.median(figures(good, utterance, 60).leads)
    assert figures(np.roll(good, 8, axis=0), utterance, 60).closures < 0.7
    assert np.median(figures(late, utterance, 60).leads) < early - 0.05
    loose = good.copy()
    loose[:, COLUMN["mouthClose"]] = 0.0
    assert figures(loose, utterance, 60).closures < 0.5
    assert figures(np.roll(good, 30, axis=0), utterance, 60).teeth < 1.0


@pytest.mark.parametrize("sound", ["p", "b", "m"])
@pytest.mark.parametrize("fps", RATES)
def test_the_frame_nearest_to_a_closure_is_shut_wherever_frames_fall(sound: str, fps: int) -> None:
    for shift in np.linspace(0.0, 1.0 / fps, 7):
        utterance = made(f"'ɑ {sound} 'ɑ", start=0.5 + float(shift))
        phone = utterance.phones[2]
        opened = gap(said(utterance, fps))
        inside = opened[round(phone.start * fps) : round(phone.end * fps) + 1]
        assert inside.min() == 0.0
        assert opened.max() > 0.06


def test_a_stop_is_shut_before_its_burst_and_open_after_it() -> None:
    utterance = made("'ɑ b 'ɑ", length=0.12)
    opened, phone = gap(said(utterance)), utterance.phones[2]
    middle = at(opened, phone.start + 0.3 * 0.12)
    assert opened[middle] == 0.0
    assert opened[at(opened, phone.end + 0.05)] > 0.05


def test_the_mouth_opens_between_closures_that_follow_each_other() -> None:
    utterance = made("m 'a m i m 'a m i m 'a", length=0.075)
    opened = gap(said(utterance, 25))
    for phone in utterance.phones[2:10:4]:
        assert opened[at(opened, phone.start, 25) : at(opened, phone.end, 25) + 2].max() > 0.03


def test_nothing_else_shuts_the_mouth() -> None:
    utterance = made("s 'a t i l 'ɛ k u n 'a z i")
    track = said(utterance)
    speaking = slice(at(track, 0.52), at(track, utterance.phones[-2].end))
    assert gap(track)[speaking].min() > 0.01
    assert track[speaking, COLUMN["mouthRollLower"]].max() < 0.05


def test_teeth_touch_the_lip_and_show() -> None:
    utterance = made("'a f 'a v 'i")
    track = said(utterance)
    for phone in (utterance.phones[2], utterance.phones[4]):
        here = at(track, 0.5 * (phone.start + phone.end))
        assert track[here, COLUMN["mouthRollLower"]] > 0.8
        assert 0.004 < gap(track)[here] < 0.02
        assert column(track, "mouthUpperUp")[here] > 0.25


def test_rounding_is_taken_up_early_and_passes_through_sounds_that_do_not_care() -> None:
    wide = width(said(made("'i s t 'u")))
    alone = width(said(made("'i s t 'i")))
    before = at(wide, 0.8 - 0.04)
    assert wide[before] < alone[before] - 0.1
    carried = width(said(made("'u k 'u t 'u")))
    assert carried[at(carried, 0.55) : at(carried, 0.95)].max() < 0.75


@pytest.mark.parametrize("fps", RATES)
def test_lips_never_jump_from_round_to_spread(fps: int) -> None:
    made_up = ("'u 'i 'u 'i 'u 'i", "w 'i w 'i w 'i", "t ʃ 'u z t 'u", "s 'i ɥ 'i s", "k 'o n i tʃ i w 'a")
    said_ones = [made(sounds, length=length) for sounds in made_up for length in (0.05, 0.08, 0.12)]
    for utterance in (*said_ones, *map(recorded, LANGUAGES)):
        fastest = np.abs(np.diff(width(said(utterance, fps)))).max() * fps
        assert fastest <= 0.2 * 25


def test_rounding_peaks_on_its_sound_and_is_still_seen() -> None:
    for length in (0.08, 0.12):
        utterance = made("'i t 'u t 'i", length=length)
        wide, sound = width(said(utterance, 100)), utterance.phones[3]
        narrowest = int(np.argmin(wide[50 : round(utterance.phones[5].end * 100)])) / 100 + 0.5
        assert sound.start - 0.06 <= narrowest <= sound.end
        assert wide.min() < 0.85


def test_a_diphthong_goes_from_one_vowel_to_the_other() -> None:
    utterance = made("h 'aɪ s", length=0.2)
    track = said(utterance)
    start, end = at(track, 0.74), at(track, 0.86)
    assert gap(track)[start] > gap(track)[end] + 0.02
    assert width(track)[end] > width(track)[start] + 0.03


def test_stress_opens_the_mouth_and_haste_keeps_it_smaller_but_never_unclosed() -> None:
    strong, weak = gap(said(made("t 'ɑ t"))), gap(said(made("t ɑ t")))
    assert strong.max() > 1.12 * weak.max()
    slow, fast = made("b 'ɑ d ɑ b 'ɑ d ɑ", length=0.16), made("b 'ɑ d ɑ b 'ɑ d ɑ", length=0.055)
    assert gap(said(fast)).max() < 0.9 * gap(said(slow)).max()
    assert figures(said(fast), fast, 60).closures == 1.0


def test_the_mouth_is_shut_in_pauses_and_takes_breath_before_speaking() -> None:
    utterance = made("'a n 'a . 'a n 'a")
    opened = gap(said(utterance))
    top = opened.max()
    pause = utterance.phones[4]
    assert opened[at(opened, pause.start + 0.12) : at(opened, pause.end - 0.13)].max() < 0.1 * top
    assert opened[at(opened, pause.start - 0.01)] > 0.3 * top
    assert opened[at(opened, pause.end - 0.02)] > 0.3 * top
    assert opened[at(opened, 0.36)] < 0.1 * top < opened[at(opened, 0.44)]


def test_a_short_break_is_spoken_through() -> None:
    utterance = made("'a n 'a t 'a")
    phones = list(utterance.phones)
    phones[3] = replace(phones[3], ipa="")
    opened = gap(said(replace(utterance, phones=tuple(phones))))
    assert opened[at(opened, 0.55) : at(opened, 0.95)].min() > 0.02


def test_silent_lips_live_but_stay_shut() -> None:
    utterance = Utterance(20.0, "und", "", (Phone("", 0.0, 20.0),), (), exact=True)
    track = said(utterance, 25)
    assert gap(track).max() < 0.009
    assert np.std(gap(track)) > 0.0
    assert np.std(track[:, COLUMN["jawOpen"]]) > 0.002


def test_only_the_mouth_moves() -> None:
    track = said(recorded("en-us"), 25)
    still = [index for name, index in COLUMN.items() if name not in (*OWNED, *SHARED)]
    assert len(still) == len(CHANNELS) - len(OWNED) - len(SHARED)
    assert not track[:, still].any()
    assert track.min() >= 0.0
    assert track.max() <= 1.0
    assert np.isfinite(track).all()


def test_the_sides_differ_a_little() -> None:
    track = said(recorded("en-us"), 25)
    left, right = track[:, COLUMN["mouthStretchLeft"]], track[:, COLUMN["mouthStretchRight"]]
    apart = np.abs(left - right).max()
    assert 0.005 < apart < 0.12


def test_every_frame_rate_shows_the_same_movement() -> None:
    utterance = made("s 'a t i l 'ɛ k u n 'a")
    assert np.allclose(said(utterance, 25), said(utterance, 50)[::2][: len(said(utterance, 25))], atol=1e-6)


def test_same_seed_same_mouth_and_another_seed_varies_it_slightly() -> None:
    utterance = recorded("fr")
    one, again, other = said(utterance, seed=4), said(utterance, seed=4), said(utterance, seed=5)
    assert one.tobytes() == again.tobytes()
    apart = np.abs(gap(one) - gap(other))
    assert 0.001 < apart.max() < 0.04


def test_movement_is_smooth() -> None:
    """The jaw has almost no power above 10 Hz, and lips never jump."""
    track = said(recorded("en-us"), 100)
    jaw = track[:, COLUMN["jawOpen"]].astype(float)
    power = np.abs(np.fft.rfft((jaw - jaw.mean()) * np.hanning(len(jaw)))) ** 2
    hertz = np.fft.rfftfreq(len(jaw), 0.01)
    assert power[hertz > 10.0].sum() < 0.007 * power.sum()
    assert np.abs(np.diff(gap(track))).max() * 100 < 4.0


def test_frames_beyond_the_sound_rest_and_none_are_none() -> None:
    utterance = made("'a")
    track = mouth(utterance, fps=25, frames=200, seed=1)
    assert gap(track)[60:].max() < 0.009
    assert mouth(utterance, fps=25, frames=0, seed=1).shape == (0, len(CHANNELS))
    assert mouth(Utterance(0.0, "und", "", (), (), exact=True), fps=25, frames=10, seed=1).shape[0] == 10
    with pytest.raises(ValueError, match="frame"):
        mouth(utterance, fps=0, frames=10, seed=1)


def test_ten_minutes_need_little_memory() -> None:
    short = recorded("en-us")
    turns = int(600 / short.seconds)
    phones = tuple(
        replace(phone, start=phone.start + turn * short.seconds, end=phone.end + turn * short.seconds)
        for turn in range(turns)
        for phone in short.phones
    )
    long = replace(short, phones=phones, seconds=turns * short.seconds)
    tracemalloc.start()
    track = mouth(long, fps=25, frames=int(long.seconds * 25), seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6
    assert figures(track, long, 25).closures >= 0.98
