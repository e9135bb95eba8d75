"""Voices: the list, what an id means, what fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avatar.errors import NotFound, Unavailable
from stages.speech.espeak.library import RATE, Controls, Synthesiser, in_memory, on_disk, short_name
from stages.speech.languages import of_text
from stages.speech.voices import Choice, choose, file_of, fitting, voices


def test_all_languages_and_timbres_are_listed() -> None:
    languages = [voice for voice in voices() if voice.language]
    timbres = [voice for voice in voices() if voice.variant]
    assert len(languages) > 130
    assert len(timbres) > 100
    assert len({voice.id for voice in voices()}) == len(voices())
    assert {"en-us", "en-gb", "de", "cmn", "yue", "ar", "+f2", "+m3"} <= {voice.id for voice in voices()}
    assert {voice.gender for voice in timbres} == {"female", "male"}


def test_every_listed_language_speaks() -> None:
    with Synthesiser() as synthesiser:
        for voice in voices():
            if voice.language:
                sound, marks = synthesiser.speak("Hello 2", voice=file_of(voice.language, ""), controls=Controls())
                assert len(sound) > RATE // 4, voice
                assert any(mark.ipa for mark in marks), voice


def test_a_copy_on_disk_speaks_as_one_in_memory() -> None:
    heard = []
    for copiers in ((in_memory,), (on_disk,), (in_nowhere, on_disk)):
        with Synthesiser(copiers) as synthesiser:
            heard.append(synthesiser.speak("Hello.", voice="gmw/en-US+f5", controls=Controls())[0].tobytes())
    assert heard[0] == heard[1] == heard[2]


@contextmanager
def in_nowhere(library: Path) -> Iterator[str]:
    """A copy that can't be made."""
    if library.exists():
        raise OSError("forbidden")
    yield str(library)


def test_a_long_path_to_the_data_gets_a_short_name(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / ("b" * 100)
    deep.mkdir(parents=True)
    (deep / "voice").touch()
    with short_name(deep) as name:
        assert len(str(name)) < 140
        assert (name / "voice").exists()
    assert (deep / "voice").exists()


def test_a_library_that_can_not_be_copied_makes_the_backend_unavailable() -> None:
    with pytest.raises(Unavailable, match="forbidden"):
        Synthesiser((in_nowhere,))


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("", Choice("", "")),
        ("en-us", Choice("en-us", "")),
        ("EN_us", Choice("en-us", "")),
        ("en", Choice("en-us", "")),
        ("zh", Choice("cmn", "")),
        ("German", Choice("de", "")),
        ("en-gb+F3", Choice("en-gb", "f3")),
        ("de+mr serious", Choice("de", "Mr serious")),
        ("+f2", Choice("", "f2")),
        ("annie", Choice("", "Annie")),
        ("female", Choice("", "f2")),
        ("old man", Choice("", "m1")),
        ("female old", Choice("", "f1")),
        ("child-like", Choice("", "Annie")),
    ],
)
def test_what_a_voice_id_means(name: str, choice: Choice) -> None:
    assert choose(name) == choice


@pytest.mark.parametrize("name", ["xx", "klingonese", "de+f99", "+nobody", "en-us+", "a" * 5000, "\x00"])
def test_unknown_voices(name: str) -> None:
    if name == "en-us+":
        with pytest.raises(NotFound, match="timbre ''"):
            choose(name)
    else:
        with pytest.raises(NotFound, match=r"There is no (voice|timbre)") as refusal:
            choose(name)
        assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("hint", "language", "voice"),
    [
        ("female", "en", "en-us+f2"),
        ("a young woman", "de", "de+f3"),
        ("Grandma", "fr", "fr-fr+f1"),
        ("old man", "en-gb", "en-gb+m1"),
        ("child", "es", "es+Annie"),
        ("", "it", "it"),
        ("male", "", "+m3"),
    ],
)
def test_fitting_voices(hint: str, language: str, voice: str) -> None:
    assert fitting(hint, language) == voice
    choose(voice)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Come on, go on!", "en-us"),
        ("42", "en-us"),
        ("Python 编程很有趣", "cmn"),
        ("これはペンです", "ja"),
        ("Das ist nicht wahr", "de"),
        ("Où êtes-vous ?", "fr-fr"),
        ("Їжак", "uk"),
        ("Ça va? Je ne sais pas", "fr-fr"),
        ("Guten Tag.", "de"),
        ("Bonjour !", "fr-fr"),
        ("Buenos días.", "es"),
        ("Merci, she said, and left.", "en-us"),
        ("Prima.", "en-us"),
    ],
)
def test_the_language_is_guessed(text: str, language: str) -> None:
    assert of_text(text) == language
