"""Heads, blinks, mouths and sounds as curves: each measure finds what was put in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.artifacts import Phone
from avatar.quality import hearing, lipgap, living, saying, stillness
from avatar.quality.faces import Faces
from avatar.quality.judging import Mouth, life_figures, mouth_figures
from avatar.quality.seeing import Still
from tests.lips.spoken import made
from tests.quality.films import RATE, sound, spoken

FPS = 25.0


def wander(seconds: float, seed: int) -> np.ndarray:
    """Head angles that never come back, (n, 3) degrees."""
    noise = np.random.default_rng(seed).normal(size=(round(seconds * FPS) + 50, 3))
    window = np.hanning(40)[:, None]
    smooth = np.stack([np.convolve(noise[:, k], window[:, 0] / window.sum(), mode="valid") for k in range(3)], axis=1)
    return 15.0 * smooth[: round(seconds * FPS)]


@pytest.mark.parametrize("period", [4.0, 7.3])
def test_loops_show_and_wandering_heads_do_not(period: float) -> None:
    once = wander(period, 1)
    looped = np.concatenate([once] * 6)
    assert living.loop(looped, FPS) > 0.95
    assert living.loop(wander(60.0, 2), FPS) < 0.6


def lids(seconds: float, starts: list[float], length: float = 0.16) -> tuple[np.ndarray, np.ndarray]:
    """Times, and openings of two eyes that blink at `starts`."""
    times = np.arange(0.0, seconds, 1 / FPS)
    opening = np.full(len(times), 0.3)
    for start in starts:
        opening *= 1.0 - np.clip(1.5 - np.abs(times - start - length / 2) / (length / 2), 0.0, 1.0)
    return times, np.stack([opening, 0.9 * opening], axis=1)


def test_blinks_are_counted_and_timed() -> None:
    times, both = lids(30.0, [1.0, 4.5, 6.0, 13.0, 14.2, 22.0])
    found = living.blinks(times, both)
    assert found.starts == pytest.approx([1.0, 4.5, 6.0, 13.0, 14.2, 22.0], abs=0.06)
    assert np.median(found.lengths) == pytest.approx(0.2, abs=0.06)


def test_a_wink_and_closed_eyes_are_no_blinks() -> None:
    times, both = lids(10.0, [3.0])
    both[:, 1] = 0.3
    assert len(living.blinks(times, both).starts) == 0
    asleep = np.full((250, 2), 0.3)
    asleep[100:150] = 0.0
    assert len(living.blinks(times, asleep).starts) == 0


def test_a_metronome_of_blinks_is_found_out() -> None:
    assert living.evenness(np.arange(0.0, 40.0, 4.0)) < 0.05
    assert living.evenness(np.cumsum(np.random.default_rng(1).gamma(2.0, 2.0, 20))) > 0.4


def test_closures_count_only_when_lips_come_near() -> None:
    said = made("a p a b a m a")
    times = np.arange(0.0, said.seconds, 0.04)
    gap = np.where([any(p.ipa in "pb" and p.start <= t < p.end for p in said.phones) for t in times], 0.0, 1.0)
    assert saying.closure_rate(said.phones, times, gap, 0.15) == pytest.approx(2 / 3)
    assert np.isnan(saying.closure_rate(made("a s a").phones, times, gap, 0.15))


def test_pauses_are_judged_without_their_margins() -> None:
    phones = made("a . a").phones
    spans = saying.pauses(phones)
    assert spans[0] == pytest.approx((0.0, 0.5 - saying.MARGIN))
    assert spans[1] == pytest.approx((0.6 + saying.MARGIN, 1.1 - saying.MARGIN))
    times = np.arange(0.0, 1.7, 0.04)
    inside = (times > 0.75) & (times < 0.95)
    assert saying.shut_rate(spans, times, np.where(inside, 1.0, 0.0), 0.15) == pytest.approx(21 / 26)


@pytest.mark.parametrize("ahead", [0.0, 0.06, 0.1])
def test_leads_are_read_from_half_the_opening(ahead: float) -> None:
    said = made("s a s a s a s", length=0.2)
    times = np.arange(0.0, said.seconds, 0.04)
    opens = np.zeros(len(times))
    for phone in said.phones:
        if phone.ipa == "a":
            opens += np.clip((times - phone.start + ahead) / 0.08 + 0.5, 0, 1) * np.clip(
                (phone.end - times) / 0.08, 0, 1
            )
    found = saying.leads(said.phones, times, opens, 1.0)
    assert np.median(found) == pytest.approx(ahead, abs=0.012)


def test_narrow_vowels_must_be_narrower() -> None:
    said = made("u s i s o s e")
    times = np.arange(0.0, said.seconds, 0.01)
    wide = np.ones(len(times))
    for phone in said.phones:
        if phone.ipa and phone.ipa in "uo":
            wide[(times >= phone.start) & (times < phone.end)] = 0.7
    assert saying.rounded_order(said.phones, times, wide) == 1.0
    assert saying.rounded_order(said.phones, times, 2.0 - wide) == 0.0


def test_hearing_finds_level_length_and_silences(tmp_path: Path) -> None:
    said = spoken(6.0)
    heard = hearing.hear(sound(tmp_path / "sound.wav", said), RATE)
    assert heard.seconds == pytest.approx(6.0, abs=0.001)
    assert len(heard.power) == pytest.approx(6.0 / hearing.HOP, abs=1)
    pause = (heard.times > 0.02) & (heard.times < 0.22)
    assert not heard.speaking()[pause].any()
    assert heard.speaking()[(heard.times > 0.5) & (heard.times < 0.7)].all()


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100])
def test_the_envelope_keeps_its_time_at_any_rate(rate: int) -> None:
    folder = hearing.Folder(hearing.HOP * rate)
    click = np.zeros(3 * rate, np.float32)
    click[round(2.5025 * rate)] = 1.0
    for piece in np.array_split(click, 37):
        folder.add(piece)
    power = folder.power()
    assert len(power) == 600
    assert int(power.argmax()) == 500


def test_a_flat_background_that_jumps_in_light_flickers() -> None:
    def verdicts(light: np.ndarray) -> dict[str, str]:
        return {figure.name: figure.verdict for figure in stillness.figures(Still(np.full(99, 0.2), light))}

    calm = np.full((100, 64), 80.0)
    assert set(verdicts(calm).values()) == {"pass"}
    jumps = np.where(np.arange(100) % 10 == 0, 3.0, 0.0)[:, None]
    assert verdicts(calm + jumps)["background flicker"] == "fail"
    assert verdicts(calm - np.linspace(0.0, 4.0, 100)[:, None])["background light drift"] == "fail"
    hidden = np.where(np.arange(100)[:, None] // 10 == np.arange(64) // 7, np.nan, calm)
    assert set(verdicts(hidden).values()) == {"pass"}
    assert verdicts(hidden + jumps)["background flicker"] == "fail"


def test_hair_that_sways_in_a_corner_of_the_background_is_no_drift_of_light() -> None:
    light = np.full((100, 64), 80.0)
    light[:, -6:] -= np.linspace(0.0, 20.0, 100)[:, None]
    drift = next(figure for figure in stillness.figures(Still(np.full(99, 0.2), light)) if "drift" in figure.name)
    assert drift.value == pytest.approx(0.0)


def test_amounts_are_laid_over_ranks() -> None:
    order = np.array([3.0, 1.0, 2.0, 9.0])
    assert lipgap.scaled(order, np.array([10.0, 40.0, 20.0, 30.0])) == pytest.approx([30.0, 10.0, 20.0, 40.0])


def test_a_mouth_that_says_nothing_has_no_width() -> None:
    said = spoken(5.0)
    mouth = Mouth(np.arange(125) / FPS, np.linspace(0.0, 0.1, 125), "pixels")
    assert mouth.widest(said.phones) == pytest.approx(0.095, abs=0.01)
    assert np.isnan(mouth.widest(made("").phones))


def test_a_head_of_stone_fails(good_face: Faces) -> None:
    stone = replace(good_face, angles=np.zeros((len(good_face.gap), 3)))
    times = np.arange(len(good_face.gap)) / FPS
    told = {figure.name: figure.verdict for figure in life_figures(stone, times, FPS, times > 1.0)}
    assert {told["head yaw"], told["head pitch"], told["head roll"], told["head moves in silence"]} == {"fail"}


@pytest.mark.parametrize(
    ("vowel", "gap", "verdict"),
    [
        ("iː", 0.05, "not measured"),
        ("iː", 0.08, "pass"),
        ("iː", 0.2, "fail"),
        ("iː", 0.0, "fail"),
        ("ɑː", 0.05, "fail"),
    ],
)
def test_who_says_no_open_vowel_need_not_open_the_mouth_far(
    good_face: Faces, vowel: str, gap: float, verdict: str
) -> None:
    phones = tuple(Phone(vowel, 0.2 * number, 0.2 * number + 0.2) for number in range(5))
    frames = len(good_face.gap)
    mouth = Mouth(np.arange(frames) / FPS, np.full(frames, gap), "pixels")
    found = mouth_figures(mouth, good_face, phones, None, 1.0)
    assert next(figure.verdict for figure in found if figure.name == "openness range") == verdict
