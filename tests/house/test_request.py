"""The one boundary parse: what may be asked, and how refusals read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.allowed import MAX_TEXT, SEEDS
from avatar.artifacts import Blob
from avatar.errors import BadRequest, TooLarge
from avatar.request import Ask, parse


def test_text_alone_is_enough() -> None:
    ask = parse({"text": "Hello."})
    assert (ask.text, ask.width, ask.height, ask.fps, ask.captions) == ("Hello.", 512, 512, 25, "none")
    assert ask.allow_degraded


def test_a_missing_seed_is_drawn_once_and_recorded() -> None:
    drawn = [parse({"text": "Hello.", "seed": seed}).seed for seed in (None, None)]
    assert drawn[0] != drawn[1]
    assert all(0 <= seed < SEEDS for seed in drawn)
    again = parse(parse({"text": "Hello."}).model_dump())
    assert again == parse(again.model_dump())


def test_a_given_seed_stays() -> None:
    assert parse({"text": "Hello.", "seed": 7}).seed == 7


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "שלום עולם",
        "مرحبا hello",
        "你好",
        "नमस्ते",
        "3",
        "line\r\nbreak\ttab",
        "a 😀 face",
        "\ufeffwith a mark",
        "e\u0301",
    ],
)
def test_every_script_may_be_spoken(text: str) -> None:
    assert parse({"text": text}).text


def test_line_breaks_become_one_kind_and_marks_go() -> None:
    assert parse({"text": "\ufeff one\r\ntwo\x0bthree\u2028four \n"}).text == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\ufeff", "empty"),
        ("😀😀 ❤", "no letter or digit"),
        ("?! ...", "no letter or digit"),
        ("a\x00b", "U\\+0000 at character 2"),
        ("a\x1b[31m", "U\\+001B at character 2"),
        ("ok \ud800", "not valid Unicode at character 4"),
        (5, "Give the text as a string"),
        (None, "Give the text as a string"),
        (b"\xff", "Give the text as a string"),
    ],
)
def test_text_that_cannot_be_spoken(text: object, what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        parse({"text": text})


def test_a_megabyte_of_text_is_too_large() -> None:
    with pytest.raises(TooLarge, match="1,000,000 characters, and 30,000 are allowed"):
        parse({"text": "x" * 10**6})
    assert len(parse({"text": "x" * MAX_TEXT}).text) == MAX_TEXT


@pytest.mark.parametrize("size", [(256, 256), (1080, 1920), (1920, 1080), (512, 910), (1080, 1080)])
def test_sizes_that_can_be_made(size: tuple[int, int]) -> None:
    ask = parse({"text": "Hi", "width": size[0], "height": size[1]})
    assert (ask.width, ask.height) == size


@pytest.mark.parametrize(
    ("size", "what"),
    [
        ((0, 0), "256 to 1080 pixels"),
        ((-512, 512), "256 to 1080"),
        ((254, 512), "256 to 1080"),
        ((256, 1920), "cut the face"),
        ((1922, 1080), "at most 1920"),
        ((1082, 1082), "256 to 1080"),
        ((10**12, 512), "at most 1920"),
        ((511, 512), "Use even numbers, such as 512x512"),
        (("wide", 512), "whole number of pixels"),
        ((512.5, 512), "whole number of pixels"),
    ],
)
def test_sizes_that_cannot(size: tuple[Any, Any], what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        parse({"text": "Hi", "width": size[0], "height": size[1]})


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        ({"fps": 24}, "25, 30, 50 or 60"),
        ({"rate": 0.1}, "0.5"),
        ({"rate": float("nan")}, "0.5"),
        ({"pitch": 13}, "-12 to 12"),
        ({"seed": -1}, "0 to 4294967295"),
        ({"seed": SEEDS}, "0 to 4294967295"),
        ({"seed": "x"}, "0 to 4294967295"),
        ({"captions": "loud"}, "none, soft or burned"),
        ({"motion": {"head": 3}}, "motion.head can't be 3"),
        ({"motion": {"ears": 1}}, "motion.ears is not something"),
        ({"voice": ""}, "avatar voices"),
        ({"avatar": "x" * 201}, "avatar avatars"),
        ({"avatar": "\ud800"}, "not valid Unicode|avatar avatars"),
        ({"prompt": "x" * 2001}, "at most 2000 characters"),
        ({"prompt": "a\x07"}, "^The prompt holds control character U\\+0007 at character 2"),
        ({"voice": "\x1b"}, "^The voice holds control character"),
        ({"colour": "red"}, "colour is not something that can be asked"),
    ],
)
def test_wishes_that_cannot_be_met(wish: dict[str, Any], what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        parse({"text": "Hi", **wish})


def test_a_refusal_uses_the_askers_own_words() -> None:
    with pytest.raises(BadRequest, match="^HEAD OF MOTION can't be 3"):
        parse({"text": "Hi", "motion": {"head": 3}}, called={"motion.head": "HEAD OF MOTION"}.__getitem__)


def test_a_long_value_is_quoted_to_its_end() -> None:
    with pytest.raises(BadRequest, match="^prompt can't be 'x{39}…'. Give a string of at most 2000 characters"):
        parse({"text": "Hi", "prompt": "x" * 2001})
    with pytest.raises(BadRequest, match="^captions can't be 'x{40}'. Use none"):
        parse({"text": "Hi", "captions": "x" * 40})


def test_a_request_without_text() -> None:
    with pytest.raises(BadRequest, match="The request has no text"):
        parse({})


@given(st.dictionaries(st.sampled_from(list(Ask.model_fields)), st.from_type(object) | st.text() | st.integers()))
def test_foreign_data_is_parsed_or_refused_in_one_line(raw: dict[str, Any]) -> None:
    try:
        parse(raw)
    except BadRequest as refusal:
        assert str(refusal).endswith(".")
        assert len(str(refusal).splitlines()) == 1


def test_what_was_brought_is_known_and_who_is_in_it() -> None:
    image, sample, behind = (Blob(sign * 64, "x/y", 1) for sign in "abc")
    ask = parse({"text": "Hi", "image": image, "voice_sample": sample, "backdrop": behind})
    assert ask.people == (image, sample)
    assert ask.brought == (image, sample, behind)
    assert parse({"text": "Hi"}).brought == ()
