"""Which voice goes with a face, and which face with a voice, where a request names only one."""

from dataclasses import replace
from pathlib import Path

import pytest

from avatar.request import parse
from stages import pipeline
from stages.portrait.drawn import choose
from tests.house.test_pipeline import PICTURE, rendered


@pytest.mark.parametrize(
    ("wish", "voice"),
    [
        ({"avatar": "ada"}, "de+f2"),
        ({"avatar": "omar"}, "de"),
        ({"prompt": "an old woman"}, "de+f1"),
        ({"image": PICTURE}, "de"),
        ({"image": PICTURE, "prompt": "a woman"}, "de+f2"),
        ({"avatar": "ada", "voice": "de+m3"}, "de+m3"),
    ],
)
def test_a_language_alone_is_spoken_in_a_timbre_that_fits_the_face(
    tmp_path: Path, wish: dict[str, object], voice: str
) -> None:
    assert rendered(tmp_path, **{"voice": "de", **wish})[1]["speech"].voice == voice


def test_of_whom_only_a_picture_was_given_it_is_told_whose_voice_is_anybodys(tmp_path: Path) -> None:
    cast: dict[str, dict[str, object]] = {
        "Ben": {"image": PICTURE},
        "Eva": {"image": PICTURE, "prompt": "a woman"},
        "Kim": {"image": PICTURE, "voice": "en-us+f3"},
    }
    outcome, _ = rendered(tmp_path, text="Ben: Hello. Eva: Hi! Kim: Well. Ada: Yes.", cast=cast)
    assert [note.partition(":")[0] for note in outcome.notes] == ["Ben"]


def test_a_face_that_nobody_chose_fits_the_voice_that_somebody_did(tmp_path: Path) -> None:
    for seed in range(6):
        _, told = rendered(tmp_path, voice="de+f3", seed=seed)
        brief = told["portrait"]
        assert choose(brief.prompt, brief.seed, gender=brief.gender).gender == "female"
    _, told = rendered(tmp_path, voice="de+f3", prompt="an old man")
    brief = told["portrait"]
    assert choose(brief.prompt, brief.seed, gender=brief.gender).gender == "male", "words come first"
    _, told = rendered(tmp_path, voice="mms:deu", text="Guten Tag, wie geht es?")
    assert told["portrait"].gender == "", "nothing tells whose voice that is"


def test_a_face_that_nobody_chose_fits_the_recording_that_is_heard(tmp_path: Path) -> None:
    heard = {"text": "", "audio": {**PICTURE, "media_type": "audio/wav"}}
    outcome, told = rendered(tmp_path, **heard)
    assert any("so the seed chose the avatar" in note for note in outcome.notes)
    assert told["portrait"].gender == ""
    said = told["lips"].speech
    for pitch, gender in ((120.0, "male"), (155.0, ""), (210.0, "female")):
        assert pipeline.face(parse(heard), replace(said, pitch=pitch)).gender == gender
    for wish in ({"avatar": "ada"}, {"prompt": "an old woman"}, {"image": PICTURE}):
        assert rendered(tmp_path, **heard, **wish)[0].notes == (), wish


def test_a_picture_keeps_its_voice_and_says_that_nobody_chose_it(tmp_path: Path) -> None:
    spoken = {rendered(tmp_path, image=PICTURE, seed=seed)[1]["speech"].voice for seed in range(6)}
    assert len(spoken) == 1, "not another voice for each line of a conversation"
    others = {rendered(tmp_path, image={**PICTURE, "sha256": each * 64})[1]["speech"].voice for each in "2345678"}
    assert len(others) > 1
    outcome, _ = rendered(tmp_path, image=PICTURE)
    assert any("No voice was asked for" in note for note in outcome.notes)
    for wish in ({"voice": "en-us+f3"}, {"prompt": "an old woman"}):
        outcome, told = rendered(tmp_path, image=PICTURE, **wish)
        assert not any("No voice" in note for note in outcome.notes)
    assert told["speech"].voice == "old female"
