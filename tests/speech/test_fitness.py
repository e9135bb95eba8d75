"""What a voice can't say is refused before anything is made, in a sentence that says what to do."""

from typing import Any

import pytest

from avatar.errors import BadRequest, NotFound
from avatar.request import parse
from stages import pipeline
from stages.speech import fitness

GERMAN, RUSSIAN, HINDI = "Guten Tag, ich bin die Ada.", "Привет, меня зовут Ада.", "नमस्ते, मेरा नाम अदा है।"


@pytest.mark.parametrize(
    ("voice", "said", "tag"),
    [
        ("", GERMAN, ""),
        ("de+f3", RUSSIAN, ""),
        ("en-us", "你好，我叫艾达。", ""),
        ("speecht5/slt", "Hello, I am Ada. 😀", ""),
        ("mms:deu", GERMAN, ""),
        ("mms:deu", "Ada", "de"),
        ("mms", RUSSIAN, ""),
        ("mms:hin", HINDI, ""),
        ("piper:fr-siwis", "Bonjour, je suis Ada et vous ?", ""),
        ("", "42", ""),
        ("old woman", "これはペンです。", ""),
    ],
)
def test_what_can_be_said_is_let_through(voice: str, said: str, tag: str) -> None:
    fitness.refuse(voice, said, tag)


@pytest.mark.parametrize(
    ("voice", "said", "tag", "says"),
    [
        ("speecht5/slt", GERMAN, "", "Choose the voice de, or give the language as en"),
        ("mms:deu", "Hello, who are you and what is this?", "", "Choose the voice mms:eng"),
        ("mms:deu", "Ciao, come stai? Io sono qui per te.", "", "Choose the voice it"),
        ("mms:deu", RUSSIAN, "de", "can't read Cyrillic letters"),
        ("mms", "Ciao, come stai? Io sono qui per te.", "", "speaks English only"),
        ("mms:hin", "मेरे पास 7 सेब हैं।", "", "no words for numbers such as 7. Write them as words"),
        ("pocket", "Hello, I am Ada.", "", "Send 3 to 30 s of somebody speaking"),
        ("", "今日は。私はアダです。", "", "Write the text in kana"),
        ("de", "ជំរាបសួរ", "", "Write it in another script"),
    ],
)
def test_what_can_not_be_said_is_refused_with_what_to_do(voice: str, said: str, tag: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        fitness.refuse(voice, said, tag)


def check(**asked: Any) -> None:
    pipeline.check(parse({"text": "Hello, I am Ada.", **asked}))


def test_requests_are_refused_at_the_door() -> None:
    check(voice="mms:eng")
    with pytest.raises(BadRequest, match="German only"):
        check(voice="mms:deu")
    with pytest.raises(NotFound, match="mms:"):
        check(voice="mms:dee")
    with pytest.raises(NotFound):
        check(voice="klingonese")
    with pytest.raises(BadRequest, match="kana"):
        check(text="今日は。私はアダです。")
