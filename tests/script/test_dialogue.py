"""Scripts for several speakers: who says what."""

import pytest

from avatar.dialogue import Turn, plain, turns, written
from avatar.errors import BadRequest
from avatar.request import parse
from stages.casting import players
from stages.portrait.drawn import looks

SAID = {
    "A: Hello. B: Hi!": [("A", "Hello."), ("B", "Hi!")],
    "Ada: Good evening.\nBen: Hello!\n\nAda: Go.": [("Ada", "Good evening."), ("Ben", "Hello!"), ("Ada", "Go.")],
    "**Ada:** Hi there.\n**Dr. Ben**: Yes.": [("Ada", "Hi there."), ("Dr. Ben", "Yes.")],
    "田中：こんにちは。\n鈴木：どうも。": [("田中", "こんにちは。"), ("鈴木", "どうも。")],
    "Ada: One.\nTwo.\nBen: Three.": [("Ada", "One.\nTwo."), ("Ben", "Three.")],
    "Ada: One. [nod] Ben: Two. [pause 1s] Ada: 3.": [("Ada", "One. [nod]"), ("Ben", "Two. [pause 1s]"), ("Ada", "3.")],
    "Ada: I see. Then: nothing.\nBen: See https://x.org: there.": [
        ("Ada", "I see. Then: nothing."),
        ("Ben", "See https://x.org: there."),
    ],
    "Ada: One.\nada: Two.\nBen: Three.": [("Ada", "One.\nTwo."), ("Ben", "Three.")],
    "Ada: My list.\n\\Eggs: three.\nBen: Good.": [("Ada", "My list.\nEggs: three."), ("Ben", "Good.")],
}


@pytest.mark.parametrize("text", SAID)
def test_names_before_colons_begin_turns(text: str) -> None:
    assert [(turn.speaker, turn.text) for turn in turns(text)] == SAID[text]


@pytest.mark.parametrize(
    "text",
    [
        "Hello: world.",
        "Note: one.\nWarning: two.",
        "It began like this. Ada: hello. Ben: hi.",
        "Eggs: 3\nMilk: 1\nFlour: 4\nSalt: a pinch\nButter: some",
        "\\Ada: hi.\nBen: ho.",
        "Meet me at 10: 30. Bring bread: two.",
    ],
)
def test_prose_stays_prose(text: str) -> None:
    assert turns(text) == ()


def test_a_cast_settles_who_speaks() -> None:
    assert turns("note: One. Result: Two.", ("note", "Result")) == (Turn("note", "One."), Turn("Result", "Two."))
    assert turns("Ada: One. Zoe: Two.", ("Ada",)) == (Turn("Ada", "One."), Turn("Zoe", "Two."))


@pytest.mark.parametrize(
    ("text", "cast", "why"),
    [
        ("Well. Ada: hi.", ("Ada",), "does not tell who speaks first"),
        ("Ada: hi. Ben: ho.", ("Cy",), "Cy of the cast says nothing"),
        ("A: 1.\nB: 2.\nC: 3.\nD: 4.\nE: 5.\n" * 2, (), "5 speakers, and 4 are allowed"),
        ("A: yes.\nB: no.\n" * 200, (), "400 turns, and 300 are allowed"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(text: str, cast: tuple[str, ...], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        turns(text, cast)


def test_turns_written_as_a_text_are_read_again() -> None:
    said = (
        Turn("Ada", "Hello.\nBen: is not a turn here."),
        Turn("Ben", "Yes. Ada: neither."),
        Turn("Ada", "[nod] So."),
    )
    assert turns(written(said), ("Ada", "Ben")) == said
    assert plain("\\Ada: hi. \\[smile]") == "Ada: hi. \\[smile]"


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"text": "A: [nod]\nB: hi."}, "A has a turn without words"),
        ({"text": "A: hi. B: ho.", "cast": {"A": {"avatar": "ada", "rate": 9}}}, "cast.A.rate can't be 9"),
        ({"text": "A: hi. B: ho.", "cast": {"A": {}, "a": {}}}, "cast can't be"),
        ({"text": "A: hi. B: ho.", "cast": {"A!": {}}}, "cast can't be"),
        ({"text": "A: hi. B: ho.", "layout": "tiled"}, "layout can't be 'tiled'. Use auto, side_by_side or cut."),
    ],
)
def test_a_cast_that_cannot_be_is_refused(wishes: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequest, match=why.replace(".", r"\.")):
        parse(wishes)


def test_everybody_gets_a_face_of_their_own() -> None:
    ask = parse({"text": "A: One. B: Two. Omar: Three. D: Four.", "seed": 3})
    cast = players(ask)
    assert [one.name for one in cast] == ["A", "B", "Omar", "D"]
    assert len({one.avatar for one in cast}) == 4
    assert cast[2].avatar == "omar"
    assert len({(one.voice, one.pitch) for one in cast}) == 4
    assert players(ask) == cast
    assert players(ask.model_copy(update={"seed": 4})) != cast


def test_who_gets_a_face_for_a_voice_looks_like_it() -> None:
    for seed in range(6):
        cast = {"A": {"voice": "+m1"}, "B": {"voice": "+m3"}, "C": {"voice": "speecht5/slt"}}
        found = players(parse({"text": "A: One. B: Two. C: Three.", "cast": cast, "seed": seed}))
        assert [looks.find(one.avatar or "").gender for one in found] == ["male", "male", "female"]


def test_roles_say_who_plays_whom() -> None:
    text = "Ada: One. Ben: Two."
    cast = {"Ben": {"avatar": "kofi", "voice": "en-gb+m3", "rate": 1.2, "pitch": -1}}
    first, second = players(parse({"text": text, "cast": cast, "avatar": "nia", "voice": "de", "rate": 0.9, "seed": 1}))
    assert (first.avatar, first.voice, first.rate, first.pitch) == ("nia", "de+f2", 0.9, 0.0)
    assert (second.avatar, second.voice, second.rate, second.pitch) == ("kofi", "en-gb+m3", 1.2, -1)
