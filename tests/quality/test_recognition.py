"""The word error rate: how words are counted, what is told where they can't be, and a real network that listens."""

from pathlib import Path

import numpy as np
import pytest

from avatar.artifacts import Utterance
from avatar.engine import Engine
from avatar.errors import Unavailable
from avatar.face import ctc
from avatar.quality import Recognised, certificate, recognition
from avatar.quality.figures import BAD, GOOD, UNKNOWN, Figure
from avatar.stage import Placement
from avatar.store import FolderStore
from hallway import reception
from stages import reading
from stages.lips.wav2vec.perform import Lips
from tests.lips import networks
from tests.quality.films import Made

FILM = Path("film.mp4")
TEXT = "Hello there, this is the text that was to be said in the film."


def told(text: str = TEXT, language: str = "en-us") -> Utterance:
    return Utterance(1.0, language, text, (), (), exact=True)


def judged(meant: str, heard: str) -> Figure:
    def recogniser(_film: Path, _said: str, _language: str) -> Recognised:
        return Recognised(tuple(meant.split()), tuple(heard.split()))

    return recognition.figure(FILM, told(), recogniser)


@pytest.mark.parametrize(
    ("meant", "heard", "count"),
    [
        ("", "", 0),
        ("a b c", "a b c", 0),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a c", "a b c", 1),
        ("a b c d", "b c d a", 2),
    ],
)
def test_words_are_counted_that_are_changed_put_in_and_left_out(meant: str, heard: str, count: int) -> None:
    assert recognition.errors(meant.split(), heard.split()).count == count


def plainly(meant: str, heard: str) -> int:
    """Levenshtein's distance by its definition."""
    if not meant or not heard:
        return len(meant) + len(heard)
    kept = plainly(meant[:-1], heard[:-1]) + (meant[-1] != heard[-1])
    return min(kept, plainly(meant[:-1], heard) + 1, plainly(meant, heard[:-1]) + 1)


def test_the_count_is_the_least_there_is() -> None:
    dice = np.random.default_rng(1)
    for _ in range(60):
        meant, heard = ("".join(dice.choice(list("abc"), size=dice.integers(6))) for _ in range(2))
        found = recognition.errors(meant, heard)
        assert found.count == plainly(meant, heard)
        assert len(found.swapped) <= found.count


def test_a_rate_within_the_limit_passes_and_says_what_was_misheard() -> None:
    found = judged("my name is ada and i am very glad to be here", "my name is aida and i am very glad to be here")
    assert (found.verdict, found.value, found.unit, found.source) == (GOOD, 8.333, "%", "sound")
    assert found.note == "1 of 12 words; ada heard as aida"


def test_a_rate_over_the_limit_fails() -> None:
    assert judged("one two three four five six seven eight", "nobody understands what this is at all").verdict == BAD


def test_a_few_words_are_told_and_not_judged() -> None:
    found = judged("hello ada", "hello aida")
    assert (found.verdict, found.value) == (UNKNOWN, None)
    assert found.note == "1 of 2 words; ada heard as aida: too few to judge by"


def test_without_ears_text_or_english_the_reason_is_told() -> None:
    def deaf(_film: Path, _said: str, _language: str) -> Recognised:
        raise Unavailable("It is not here. Fetch it.")

    def understood(_film: Path, _said: str, _language: str) -> Recognised:
        return Recognised((), ())

    assert recognition.figure(FILM, told(), None).note == "no speech recogniser is here"
    assert recognition.figure(FILM, told(), deaf).note == "It is not here. Fetch it"
    assert recognition.figure(FILM, None, understood).note == "what is said is not known"
    assert recognition.figure(FILM, told(""), understood).note == "what is said is not known"
    assert recognition.figure(FILM, told(), understood).verdict == UNKNOWN


def test_a_certificate_holds_the_rate(good: Made) -> None:
    asked: list[tuple[Path, str, str]] = []

    def recogniser(film: Path, said: str, language: str) -> Recognised:
        asked.append((film, said, language))
        return Recognised(reading.words(said), reading.words(said))

    found = certificate(good.path, utterance=told(), recogniser=recogniser)
    assert next(each for each in found.figures if each.name == "word error rate").value == 0.0
    assert asked == [(good.path, TEXT, "en-us")]
    bare = certificate(good.path, rig=good.rig)
    assert next(each for each in bare.figures if each.name == "word error rate").verdict == UNKNOWN


def engine(folder: Path, weights: Path | None) -> Engine:
    def place(_stage: str, backend: str) -> Placement | None:
        return Placement(weights={"wav2vec2-base-960h": weights}) if backend == "wav2vec" and weights else None

    return Engine(FolderStore(folder / "store", budget=10**8), place=place, why=lambda *_: "It is not here. Fetch it.")


def test_a_network_in_the_layout_of_the_hub_listens_to_the_finished_film(good: Made, tmp_path: Path) -> None:
    works = engine(tmp_path, networks.saved(tmp_path / "network"))
    found = reception.recognised(good.path, "It costs $5, Ada.", "en-us", engine=works)
    assert found.meant == ("it", "costs", "five", "dollars", "ada")
    assert all(word.islower() for word in found.heard)
    assert [seat.backend for seat in works.residency.resident()] == ["wav2vec"]
    assert reception.recognised(good.path, "It costs $5, Ada.", "en-us", engine=works) == found


def test_the_words_are_those_that_the_network_hears(good: Made) -> None:
    text = "HELLO I AM ADA"
    told_so = np.full((499, 2 + len(networks.LETTERS)), -9.0, np.float32)
    told_so[:, ctc.BLANK] = -0.1
    for number, sign in enumerate(text):
        column = ctc.GAP if sign == " " else networks.COLUMNS[sign]
        told_so[10 * number : 10 * number + 2, column] = 0.0
    assert Lips(networks.telling(told_so)).understood(good.path, lambda _share: None) == tuple(text.split())


def test_other_languages_and_absent_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="another language"):
        reception.recognised(FILM, "Guten Tag.", "de", engine=engine(tmp_path, None))
    with pytest.raises(Unavailable, match="Fetch it"):
        reception.recognised(FILM, TEXT, "en-us", engine=engine(tmp_path, None))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Dr. Smith paid $25 on the 5th!", "doctor smith paid twenty five dollars on the fifth"),
        ("It's 10:30 a.m. - well-known.", "it's ten thirty ay em well known"),
        ("Visit www.example.com 😀", "visit double you double you double you dot example dot com"),
        ("A URL, I say; O.", "a you ar el i say o"),
    ],
)
def test_texts_are_worded_as_they_are_said(said: str, words: str) -> None:
    assert " ".join(reading.words(said)) == words


def test_letters_that_are_heard_one_by_one_are_those_that_are_spelled() -> None:
    assert reading.alike(["A", "U", "R", "L", "I", "IT'S", "''"]) == ("a", "you", "ar", "el", "i", "it's")
