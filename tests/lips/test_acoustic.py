"""Lips from sound alone: phones by ear, and known phones laid along a recording."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face import acoustic, acoustic_features, acoustic_net, coarticulation, lips_checks
from avatar.face.acoustic_alignment import Aligner, Chain
from avatar.face.acoustic_classes import CLASSES, COLUMN, classes
from avatar.face.acoustic_features import BANDS, HOP, Heard, Listener
from avatar.face.lips_ipa import SOUNDS
from avatar.face.rig_measures import gap
from tests.speech.said import RATE, Said, say

Floats = NDArray[np.float32]
TEXT = "Before the bombs fell, Philip Moss bought five plum puddings and a very small umbrella. Why move them?"


def listened(samples: Floats, *, rate: int = RATE, block: int = 1 << 16) -> Heard:
    listener = Listener(rate)
    for first in range(0, len(samples), block):
        listener.push(samples[first : first + block])
    return listener.heard()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return say(tmp_path_factory.mktemp("said"), TEXT, "en-gb+f5")


def frame_classes(phones: tuple[Phone, ...], count: int) -> NDArray[np.int64]:
    found = np.zeros(count, np.int64)
    for phone in phones:
        start = phone.start
        for column, share in classes(phone.ipa):
            end = start + share * (phone.end - phone.start)
            found[round(start / HOP) : round(end / HOP)] = column
            start = end
    return found


def mouth(phones: tuple[Phone, ...], seconds: float) -> NDArray[np.float64]:
    utterance = Utterance(seconds, "", "", phones, (), exact=False)
    return gap(coarticulation.mouth(utterance, fps=50, frames=int(50 * seconds), seed=1)).astype(float)


def test_every_sound_of_the_chart_is_of_a_class() -> None:
    for symbol in SOUNDS:
        found = classes(symbol)
        assert sum(share for _, share in found) == pytest.approx(1.0)
        assert all(0 < column < len(CLASSES) for column, _ in found)
    assert classes("") == ((COLUMN[""], 1.0),)
    assert [CLASSES[column] for column, _ in classes("tʃ")] == ["t", "ʃ"]


def test_the_network_is_small() -> None:
    assert acoustic_net.FILE.stat().st_size <= 60_000


def test_most_frames_are_told_right_in_a_voice_never_heard(said: Said) -> None:
    heard = listened(said.sound.astype(np.float32))
    told = frame_classes(acoustic.phones(heard, seconds=said.utterance.seconds), len(heard))
    known = frame_classes(said.utterance.phones, len(heard))
    assert float(np.mean(told == known)) > 0.6
    for name in ("p", "m", "f", "s"):
        there = known == COLUMN[name]
        assert float(np.mean(told[there] == COLUMN[name])) > 0.4, name


def test_the_mouth_opens_as_the_known_sounds_open_it_and_better_than_loudness_does(said: Said) -> None:
    heard, seconds = listened(said.sound.astype(np.float32)), said.utterance.seconds
    known, told = mouth(said.utterance.phones, seconds), mouth(acoustic.phones(heard, seconds=seconds), seconds)
    times = np.arange(len(known)) / 50
    loud = np.interp(times, (np.arange(len(heard)) + 0.5) * HOP, 10.0 ** (0.03 * heard.level.astype(float)))
    by_ear, by_loudness = (float(np.corrcoef(known, curve)[0, 1]) for curve in (told, loud))
    assert by_ear > 0.7
    assert by_ear > by_loudness + 0.15


def test_estimated_phones_make_a_mouth_that_keeps_the_rules(said: Said) -> None:
    heard, seconds = listened(said.sound.astype(np.float32)), said.utterance.seconds
    utterance = Utterance(seconds, "", "", acoustic.phones(heard, seconds=seconds), (), exact=False)
    track = coarticulation.mouth(utterance, fps=25, frames=int(25 * seconds), seed=1)
    found = lips_checks.figures(track, utterance, 25)
    assert found.closures == 1.0
    assert found.teeth == 1.0
    assert np.isnan(found.silence) or found.silence == 1.0


def test_phones_cover_all_of_the_time(said: Said) -> None:
    heard = listened(said.sound.astype(np.float32))
    found = acoustic.phones(heard, seconds=said.utterance.seconds)
    assert (found[0].start, found[-1].end) == (0.0, said.utterance.seconds)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert {phone.stress for phone in found} == {0, 1, 2}


def test_silence_and_nothing_are_one_pause() -> None:
    for samples in (np.zeros(RATE, np.float32), np.zeros(0, np.float32)):
        assert acoustic.phones(listened(samples), seconds=1.0) == (Phone("", 0.0, 1.0),)


def test_the_size_of_the_blocks_changes_nothing(said: Said) -> None:
    samples = said.sound.astype(np.float32)
    whole, parts = listened(samples, block=len(samples)), listened(samples, block=777)
    np.testing.assert_allclose(whole.bands, parts.bands, atol=0.02)
    np.testing.assert_array_equal(whole.level, parts.level)
    assert len(whole) == round(len(samples) / RATE / HOP)


def test_loudness_and_rate_change_next_to_nothing(said: Said) -> None:
    samples = said.sound.astype(np.float32)
    seconds = said.utterance.seconds
    plain = frame_classes(acoustic.phones(listened(samples), seconds=seconds), round(seconds / HOP))
    soft = frame_classes(acoustic.phones(listened(0.05 * samples), seconds=seconds), round(seconds / HOP))
    assert float(np.mean(plain == soft)) > 0.97
    at = np.arange(0.0, len(samples) - 1, RATE / 48000)
    fine = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    other = frame_classes(acoustic.phones(listened(fine, rate=48000), seconds=seconds), round(seconds / HOP))
    assert float(np.mean(plain == other)) > 0.9


def test_what_comes_a_minute_later_changes_nothing_before(said: Said) -> None:
    known = acoustic_net.net()
    told = np.concatenate(list(acoustic_net.told(listened(said.sound.astype(np.float32)), known)))
    once, often = acoustic.Runs(known), acoustic.Runs(known)
    once.push(told)
    for _ in range(6):
        often.push(told)
    first, later = once.finish(), often.finish()
    shared = [run for run in first if run.last < len(told) - 100]
    assert [(run.column, run.first, run.last) for run in later[: len(shared)]] == [
        (run.column, run.first, run.last) for run in shared
    ]


def chain_of(columns: list[int]) -> Chain:
    pauses = np.asarray([column == 0 for column in columns])
    return Chain(np.asarray(columns), np.zeros((len(columns), 3), np.float32), pauses)


def certain(columns: list[int]) -> Floats:
    told = np.full((len(columns), len(CLASSES)), np.log(1e-3), np.float32)
    told[np.arange(len(columns)), columns] = np.log(0.98)
    return told


def test_known_sounds_are_found_where_they_are() -> None:
    usual = np.full(len(CLASSES), 1.0 / len(CLASSES), np.float32)
    heard = [0] * 40 + [1] * 7 + [8] * 5 + [1] * 9 + [0] * 30
    aligner = Aligner(chain_of([0, 1, 1, 8, 8, 1, 1, 0]), usual)
    aligner.push(certain(heard), np.zeros((len(heard), 3), np.float32))
    path = aligner.path()
    assert path is not None
    assert (np.diff(path) >= 0).all()
    assert np.flatnonzero(path == 3)[0] == 47
    assert np.flatnonzero(path >= 5)[0] == 52


def test_a_long_recording_is_followed_through_the_moving_window() -> None:
    dice = np.random.default_rng(3)
    columns = [int(column) for column in dice.integers(1, len(CLASSES), 6000)]
    heard = [column for column in columns for _ in range(int(dice.integers(1, 4)))]
    usual = np.full(len(CLASSES), 1.0 / len(CLASSES), np.float32)
    aligner = Aligner(chain_of(columns), usual)
    for first in range(0, len(heard), 4096):
        part = heard[first : first + 4096]
        aligner.push(certain(part), np.zeros((len(part), 3), np.float32))
    path = aligner.path()
    assert path is not None
    assert len(path) == len(heard)
    assert float(np.mean(np.asarray(columns)[path] == heard)) > 0.98


def test_more_sounds_than_time_can_hold_are_refused() -> None:
    usual = np.full(len(CLASSES), 1.0 / len(CLASSES), np.float32)
    aligner = Aligner(chain_of([1, 2, 3, 4] * 20), usual)
    aligner.push(certain([1] * 10), np.zeros((10, 3), np.float32))
    assert aligner.path() is None


def test_bands_reach_from_the_lowest_to_the_highest_at_any_rate() -> None:
    for rate in (8000, 22050, 48000):
        shape = acoustic_features.filters(rate, 2048 if rate == 48000 else 1024)
        assert shape.shape[1] == BANDS
        assert np.isfinite(shape).all()


def test_the_estimate_needs_no_heavy_library(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from avatar.face import acoustic; acoustic.acoustic_net.net();"
        "print(sorted({'librosa', 'scipy', 'torch', 'numba'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
