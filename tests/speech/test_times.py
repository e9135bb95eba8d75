"""Phones and words against the waveform: they are where the sound is."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.speech.said import RATE, Said, decibels, say

TEXT = (
    "Mama made a lemon pie, papa bought big apples. Why are we running along a winding railway line? "
    "Put the cup back on top of the table. In 1969 they paid $3.50 for the state-of-the-art book."
)
VOICES = ("en-us", "en-us+f2", "en-us+m3", "en-gb+f5")


@pytest.fixture(scope="module", params=VOICES)
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Said:
    return say(tmp_path_factory.mktemp("said"), TEXT, request.param)


def test_phones_cover_the_utterance_without_gaps(said: Said) -> None:
    phones = said.utterance.phones
    assert phones[0].start == 0
    assert phones[-1].end == said.utterance.seconds == said.speech.seconds
    assert len(said.sound) / RATE == pytest.approx(said.speech.seconds, abs=1e-4)
    assert all(one.end == two.start for one, two in pairwise(phones))
    assert all(phone.end > phone.start for phone in phones)
    assert all(one.ipa or two.ipa for one, two in pairwise(phones))
    assert said.utterance.exact


def test_pauses_are_silent_and_sounds_are_not(said: Said) -> None:
    loud = max(said.level(phone) for phone in said.utterance.phones)
    for phone in said.utterance.phones:
        if phone.ipa:
            assert said.level(phone) > loud - 45, phone
        else:  # the first hundredth of a second may ring out
            assert decibels(said.cut(phone.start + 0.012, phone.end)) < loud - 32, phone


def test_sound_begins_and_ends_with_the_phones_around_a_pause(said: Said) -> None:
    errors = []
    for one, two in pairwise(said.utterance.phones):
        if not one.ipa and two.ipa[0] not in "ptkbdɡ":
            errors.append(_first_sound(said, one.start + 0.02, two.end) - two.start)
        if not two.ipa:
            errors.append(_last_sound(said, one.start, two.end - 0.02) - two.start)
    assert len(errors) >= 8
    assert np.max(np.abs(errors)) < 0.015
    assert abs(np.median(errors)) < 0.005


def _first_sound(said: Said, start: float, end: float) -> float:
    part = np.abs(said.cut(start, end))
    return start + float(np.argmax(part > 0.08 * part.max())) / RATE


def _last_sound(said: Said, start: float, end: float) -> float:
    part = np.abs(said.cut(start, end))
    return start + float(len(part) - np.argmax(part[::-1] > 0.08 * part.max())) / RATE


def test_voiceless_stops_begin_with_their_closure(said: Said) -> None:
    stops = [(one, two) for one, two in pairwise(said.utterance.phones) if two.ipa in ("p", "k") and one.ipa]
    assert len(stops) >= 6
    for before, phone in stops:
        length = phone.end - phone.start
        assert 0.04 < length < 0.16, phone
        closed = said.cut(phone.start + 0.2 * length, phone.start + 0.4 * length)
        burst = said.cut(phone.start + 0.5 * length, phone.end)
        assert decibels(closed) < said.level(before) - 18, phone
        assert decibels(closed) < decibels(burst) - 1, phone


def test_nasals_open_where_the_vowel_begins(said: Said) -> None:
    errors = []
    for one, two in pairwise(said.utterance.phones):
        if one.ipa in ("m", "n") and two.ipa and two.ipa[0] in "aeiouæɑɐɒɔəɛɪʊʌɜɚ":
            window = np.arange(one.start + 0.02, two.start + 0.04, 0.002)
            levels = np.array([decibels(said.cut(at - 0.006, at + 0.006)) for at in window])
            errors.append(window[int(np.argmax(levels[4:] - levels[:-4])) + 2] - two.start)
    assert len(errors) >= 6
    assert abs(np.median(errors)) < 0.008
    assert np.percentile(np.abs(errors), 80) < 0.016


def test_words_are_the_written_ones_in_order(said: Said) -> None:
    words = [word.text for word in said.utterance.words]
    assert words == said.utterance.text.split()
    assert all(one.end <= two.start + 1e-9 for one, two in pairwise(said.utterance.words))
    spoken = {word.text: word for word in said.utterance.words}
    assert spoken["1969"].end - spoken["1969"].start > 0.8
    assert spoken["$3.50"].end - spoken["$3.50"].start > 0.6


def test_words_begin_and_end_with_phones(said: Said) -> None:
    starts = {phone.start for phone in said.utterance.phones if phone.ipa}
    ends = {phone.end for phone in said.utterance.phones if phone.ipa}
    words = said.utterance.words  # but those that are said in one breath, as "of the", and share its time
    assert [word.text for word in words if word.start not in starts] == ["the", "the"]
    assert [word.text for word in words if word.end not in ends] == ["of", "for"]


def test_stress_lies_on_vowels(said: Said) -> None:
    stressed = [phone for phone in said.utterance.phones if phone.stress]
    assert len(stressed) > 15
    assert any(phone.stress == 1 for phone in stressed)
    assert not any(set(phone.ipa) & set("ˈˌ") for phone in said.utterance.phones)
    assert all(set(phone.ipa) & set("aeiouæɑɐɒɔəɛɪʊʌɜɚᵻ") for phone in stressed)


def test_a_number_is_one_written_word(tmp_path: Path) -> None:
    words = say(tmp_path, "They sold 1,234,567 at 10:30.", "en-us").utterance.words
    assert [word.text for word in words] == ["They", "sold", "1,234,567", "at", "10:30."]


def test_loose_punctuation_stays_with_the_word_before_it(tmp_path: Path) -> None:
    words = say(tmp_path, "Well — yes ... no - « maybe » !", "en-us").utterance.words
    assert [word.text for word in words] == ["Well —", "yes ...", "no - «", "maybe » !"]


def test_chinese_words_need_no_spaces(tmp_path: Path) -> None:
    said = say(tmp_path, "你好，我叫艾达。今天天气很好！")
    assert "".join(word.text for word in said.utterance.words) == said.utterance.text
    assert len(said.utterance.words) >= 6
    assert said.speech.voice == said.utterance.language == "cmn"
