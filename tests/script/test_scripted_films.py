"""Scripts as real films: directions are seen, pauses are heard, and nothing of them is said or read."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import pytest

from avatar.errors import BadRequest
from avatar.request import parse
from avatar.script import Pause
from stages import pipeline
from stages.speech import pauses
from tests.script.filmed import Filmed, filmed

SCRIPT = "Hello there. [smile] I am glad [pause 0.9s] to see you. [nod] [pause 0.6s] Really."
PLAIN = "Hello there. I am glad to see you. Really."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    return filmed(tmp_path_factory.mktemp("script"), SCRIPT, captions="soft")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    return filmed(tmp_path_factory.mktemp("plain"), PLAIN, captions="soft")


def moved(film: Filmed, name: str, at: float) -> float:
    """The motion column of the film at a time."""
    rows = list(csv.DictReader(io.StringIO(film.text("motion_csv"))))
    column = next(key for key in rows[0] if key.lower() == name.lower())
    return float(rows[min(round(at * 25), len(rows) - 1)][column])


def starts(film: Filmed) -> dict[str, float]:
    return {word.text: word.start for word in film.said.words}


def test_directions_are_neither_said_nor_read(made: Filmed, plain: Filmed) -> None:
    assert made.said.text == PLAIN
    assert [word.text for word in made.said.words] == [word.text for word in plain.said.words]
    for name in ("captions_srt", "captions_vtt", "words"):
        told = made.text(name)
        assert not any(sign in told for sign in ("smile", "nod", "pause", "[ "))
        assert "glad" in told


def test_pauses_are_silence_of_the_length_that_was_asked(made: Filmed) -> None:
    times = {word.text: word for word in made.said.words}
    inner = times["to"].start - times["glad"].end
    outer = times["Really."].start - times["you."].end
    assert inner == pytest.approx(0.9, abs=0.08)
    assert outer == pytest.approx(0.6, abs=0.08)
    for before, after in (("glad", "to"), ("you.", "Really.")):
        assert made.loudness(times[before].end + 0.2, times[after].start - 0.1) < -60
    phones = made.said.phones
    assert all(now.end == later.start for now, later in pairwise(phones))
    assert made.said.exact


def test_captions_wait_for_pauses(made: Filmed) -> None:
    assert made.film is not None
    assert made.frames() == made.film.frames
    assert made.film.seconds == pytest.approx(len(made.voice) / made.rate, abs=0.05)


def test_directions_are_seen_when_their_words_come(made: Filmed, plain: Filmed) -> None:
    smiles = starts(made)["I"] + 0.5
    assert moved(made, "mouthSmileLeft", smiles) > 0.45
    assert moved(plain, "mouthSmileLeft", starts(plain)["I"] + 0.5) < 0.3
    end = next(word.end for word in made.said.words if word.text == "you.")
    lowest = min(moved(made, "headPitch", end + 0.04 * step) for step in range(12))
    assert lowest < moved(made, "headPitch", end) - 2.0


def test_the_same_script_gives_the_same_bytes(made: Filmed, tmp_path: Path) -> None:
    assert filmed(tmp_path, SCRIPT, captions="soft").film == made.film


def test_a_script_with_nothing_but_words_is_the_film_without_directions(plain: Filmed, tmp_path: Path) -> None:
    assert filmed(tmp_path, PLAIN, captions="soft", expression="neutral").film == plain.film


def test_a_mood_changes_the_face_and_not_the_voice(plain: Filmed, tmp_path: Path) -> None:
    sad = filmed(tmp_path, PLAIN, captions="soft", expression="sad")
    assert sad.said == plain.said
    assert moved(sad, "mouthFrownLeft", 1.0) > 0.4 > moved(plain, "mouthFrownLeft", 1.0)


def test_sound_alone_has_its_pauses_and_no_tags(tmp_path: Path) -> None:
    heard = filmed(tmp_path, "[pause 1s] One [smile] two. [pause 2s]", kind="speech")
    assert heard.film is None
    assert heard.said.text == "One two."
    assert heard.said.words[0].start == pytest.approx(1.0, abs=0.03)
    assert heard.said.seconds - heard.said.words[-1].end == pytest.approx(2.0, abs=0.05)


def test_a_direction_at_the_end_has_time(tmp_path: Path) -> None:
    heard = filmed(tmp_path, "Good bye. [nod]", fps=25)
    assert heard.said.seconds - heard.said.words[-1].end >= 1.15


def test_a_recording_has_pauses_of_its_own() -> None:
    audio = {"sha256": "0" * 64, "media_type": "audio/wav", "size": 9}
    with pytest.raises(BadRequest, match="pauses of its own"):
        parse({"text": "One [pause 1s] two.", "audio": audio})
    ask = parse({"text": "One [smile] two.", "audio": audio})
    assert pipeline.script_of(ask).text == "One two."


@pytest.mark.parametrize(
    ("said", "at", "place"),
    [
        ("One two.", 3, 4),
        ("One two.", 4, 4),
        ("One two.", 6, 8),
        ("One two.", 0, 0),
        ("「你好」世界", 2, 4),
        ('A "b" c', 1, 2),
    ],
)
def test_pauses_fall_between_words(said: str, at: int, place: int) -> None:
    assert pauses.places(said, (Pause(at, 0.5),)) == {place: 0.5}
