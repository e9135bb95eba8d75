"""Words that would like to be something else: cues, markup, columns, lines of a log."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar.artifacts import Utterance, Word
from avatar.doors import report
from avatar.errors import BadRequest
from avatar.media.captions import cues, to_srt, to_vtt, words_json
from avatar.request import Ask, parse

ATTACKS = (
    "00:00:00.000 --> 99:00:00.000", "\n\n2\n00:00:01,000 --> 00:00:09,000\nnot said", "-->", "WEBVTT", "NOTE hidden",
    "STYLE", "::cue{background:url(https://evil.example)}", "REGION", "<script>alert(1)</script>", "<v Ann>",
    "<c.evil>", "</c>", "&lt;b>", "<font face='x' size=99>", "{\\an8}", "{\\pos(0,0)}", "{y:i}", "\\N\\h",
    "\u2028\u2029", "\x85\x0b\x0c", "\u202ereversed", "=HYPERLINK('https://evil.example')", "${jndi:ldap://x}", "%n%s",
)  # fmt: skip
TIME = re.compile(r"^\d\d:\d\d:\d\d[.,]\d{3} --> \d\d:\d\d:\d\d[.,]\d{3}$")


def said(*words: str) -> Utterance:
    spans = tuple(Word(word, 0.5 * index, 0.5 * index + 0.4) for index, word in enumerate(words))
    return Utterance(0.5 * len(words), "en", " ".join(words), (), spans, exact=True)


def check(utterance: Utterance) -> None:
    """Each file has just the cues that there are, and no cue holds markup."""
    shown = cues(utterance)
    for text, point in ((to_vtt(shown), "."), (to_srt(shown), ",")):
        lines = text.split("\n")
        assert not re.search(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text), "one kind of line break"
        arrows = [line for line in lines if "-->" in line]
        assert len(arrows) == len(shown)
        assert all(TIME.match(line) and point in line for line in arrows)
        assert not re.search(r"<[/!?a-zA-Z]", text)
    blocks = to_vtt(shown).strip("\n").split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert len(blocks) == len(shown) + 1
    assert all(TIME.match(block.split("\n")[0]) for block in blocks[1:])
    for block in blocks[1:]:
        assert not re.search(r"[<>]|&(?!(?:lt|gt|amp);)", block.partition("\n")[2]), "only the three escapes"
    assert not re.search(r"[{}\\]", to_srt(shown))
    assert json.loads(words_json(utterance))["exact"] is True


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_word_becomes_a_cue_or_markup(attack: str) -> None:
    check(said("Hello", attack, "there.", attack + attack, "Bye."))


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), min_size=1, max_size=8))
@example(["--", ">", "<", "b>", "&", "#60;script&#62;"])
def test_no_words_whatever_become_a_cue_or_markup(words: list[str]) -> None:
    check(said(*words))


@pytest.mark.parametrize("sign", ["\0", "\x1b[31m", "\x07", "\x7f", "\x9b", "\ud800"])
@pytest.mark.parametrize("field", ["text", "prompt", "voice", "avatar"])
def test_signs_that_steer_terminals_are_refused(field: str, sign: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"text": "Hello.", field: f"Hello{sign}there."})
    assert sign not in str(refused.value)


@pytest.mark.parametrize("field", ["voice", "avatar", "fps", "captions", "seed"])
def test_a_refusal_quotes_no_line_break_and_no_long_text(field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"text": "Hello.", field: ["a\nERROR all is lost" * 50]})
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_an_error_is_one_json_value_whatever_is_in_it() -> None:
    told = json.loads(report.as_json({"error": report.error(BadRequest('"}, "code": "ok"\n\x1b[31m\u2028'))}))
    assert told["error"]["code"] == "invalid_request"


def test_a_text_keeps_no_kind_of_line_break_but_one() -> None:
    text = Ask(text="a\r\nb\x0bc\x0cd\x85e\u2028f\u2029g", seed=1).text
    assert text == "a\nb\nc\nd\ne\nf\ng"
