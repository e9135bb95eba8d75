"""Phrases, pauses and accents of an utterance."""

from dataclasses import replace

import pytest

from avatar.artifacts import Phone, Utterance
from avatar.face import prosody
from tests.motion.talk import silence, talk


def test_phrases_end_at_pauses_with_their_punctuation() -> None:
    found = prosody.phrases(talk("tadá bisó, do madé? lodé basú! tamé.", repeat=1))
    assert [phrase.ending for phrase in found] == ["comma", "question", "exclamation", "stop"]
    assert [round(phrase.pause, 2) for phrase in found] == [0.18, 0.35, 0.35, 0.95]
    assert found[0].start == 0.25


def test_punctuation_is_found_in_the_text_as_well() -> None:
    spoken = talk("tadá bisó, do madé? tamé.", repeat=1)
    bare = replace(spoken, words=tuple(replace(word, text=word.text.rstrip(",.?")) for word in spoken.words))
    assert [phrase.ending for phrase in prosody.phrases(bare)] == ["comma", "question", "stop"]


def test_accents_stand_on_stressed_vowels() -> None:
    spoken = talk(repeat=1)
    stressed = [phone.start for phone in spoken.phones if phone.stress == 2]
    found = [accent.time for phrase in prosody.phrases(spoken) for accent in phrase.accents]
    assert found == stressed


def test_each_phrase_has_one_main_accent_and_it_weighs_most() -> None:
    for phrase in prosody.phrases(talk()):
        main = [accent for accent in phrase.accents if accent.main]
        assert len(main) == 1
        assert main[0].weight == max(accent.weight for accent in phrase.accents)


def test_without_stress_words_are_accents() -> None:
    spoken = talk(repeat=1, stressed=False)
    assert sum(len(phrase.accents) for phrase in prosody.phrases(spoken)) == len(spoken.words)


def test_without_stress_and_words_there_are_phrases_only() -> None:
    phones = (Phone("", 0.0, 0.2), Phone("a", 0.2, 0.5), Phone("", 0.5, 1.0))
    (phrase,) = prosody.phrases(Utterance(1.0, "und", "", phones, (), exact=False))
    assert (phrase.start, phrase.end, phrase.accents) == (0.2, 0.5, ())


@pytest.mark.parametrize("spoken", [silence(3.0), Utterance(1.0, "und", "", (), (), exact=False)])
def test_silence_has_no_phrases(spoken: Utterance) -> None:
    assert prosody.phrases(spoken) == ()
