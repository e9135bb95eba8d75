"""The script language: what is a direction and what is prose, and where directions stand."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar.errors import BadRequest
from avatar.media import text as spoken_text
from avatar.request import parse as parse_request
from avatar.script import ACTS, EXPRESSIONS, Cue, Pause, Script, count, offset, parse

PROSE = (
    "He said [1] and [sic].", "[see above]", "[link](https://example.com)", "[smile](a.png)", "[look it up later]",
    "[pause for effect now]", "a[i] = b[j]", "[said Anna]", "[...]", "[ ]", "[]", "[said]", "[link]",
    "\\[1] and C:\\[x]", "[a note]", "[music]", "[book]", "[mad]", "[not]", "[sale]",
)  # fmt: skip
SLIPS = ("smlie", "smiles", "smiling", "laughs", "sigh", "look sideways", "nod twice", "pause long", "hapy!", "wink")


@pytest.mark.parametrize("act", ACTS)
def test_every_act_is_a_direction_that_is_never_said(act: str) -> None:
    assert parse(f"Hello [{act}] there.") == Script("Hello there.", (Cue(5, act),))  # type: ignore[arg-type]


@pytest.mark.parametrize("written", PROSE)
def test_other_brackets_are_prose_to_the_letter(written: str) -> None:
    assert parse(written) == Script(written)


def test_a_bracket_within_brackets_leaves_no_direction_behind() -> None:
    assert parse("x [[smile] y").text == "x [ y"


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_all_that_there_is(slip: str) -> None:
    with pytest.raises(BadRequest, match=r"is no direction|tells no length") as refused:
        parse(f"Hello [{slip}] there.")
    assert "[pause 0.5s]" in str(refused.value)


@pytest.mark.parametrize("slip", [*SLIPS, "smile", "pause 1s", "pause 99s", "look up"])
def test_a_backslash_makes_prose_of_a_direction(slip: str) -> None:
    assert parse(f"Say \\[{slip}] now.") == Script(f"Say [{slip}] now.")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("[pause]", 0.5), ("[pause 2]", 2.0), ("[Pause 0,75 s]", 0.75), ("[pause 500ms]", 0.5), ("[pause .2s]", 0.2),
     ("[PAUSE 2 seconds]", 2.0), ("[pause 1 s] [pause 1 s]", 2.0)],
)  # fmt: skip
def test_pauses_tell_their_length(written: str, seconds: float) -> None:
    assert parse(f"One {written} two.") == Script("One two.", (), (Pause(3, seconds),))


@pytest.mark.parametrize("length", ["0s", "0.01s", "11s", "9999s", "99999 ms"])
def test_a_pause_out_of_bounds_is_refused(length: str) -> None:
    with pytest.raises(BadRequest):
        parse(f"One [pause {length}] two.")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Hello [smile], you.", "Hello, you."),
        ("[smile] Hello.", "Hello."),
        ("Hello. [nod]", "Hello."),
        ("Hello[nod]!", "Hello!"),
        ("One [nod] [blink] two", "One two"),
        ("One\n[nod]\ntwo", "One\n\ntwo"),
        ("One.\n\n[sad] Two.", "One.\n\nTwo."),
        ("你好[smile]世界", "你好世界"),
        ("[Look at the camera] Hi.", "Hi."),
    ],
)
def test_directions_leave_no_gap(written: str, plain: str) -> None:
    assert parse(written).text == plain


def test_a_cue_before_a_pause_is_done_within_it() -> None:
    assert parse("One. [smile] [pause 1s] Two.").cues == (Cue(3, "smile", 0.0),)
    assert parse("One. [pause 1s] [smile] Two.").cues == (Cue(3, "smile"),)
    assert parse("One. [pause 1s] [smile] [pause 2s] Two.").cues == (Cue(3, "smile", 1.0),)


def test_a_script_that_ends_in_a_direction_leaves_time_for_it() -> None:
    script = parse("Bye. [smile]")
    assert script.pauses == ()
    assert script.silences == (Pause(3, 1.2),)
    assert parse("Bye. [pause 3s] [smile]").silences == (Pause(3, 4.2),)
    assert parse("[smile] Bye.").silences == ()


words = st.lists(st.sampled_from(["ox", "Hello,", "x1.", "été", "你好", "[1]", "no!"]), min_size=1, max_size=4).map(
    " ".join
)
directions = st.sampled_from([f"[{act}]" for act in ACTS] + ["[pause 0.5s]", "[pause 1s]"])


@given(st.lists(st.tuples(words, directions), min_size=1, max_size=6), words)
def test_what_is_put_in_comes_out_in_order_and_in_place(parts: list[tuple[str, str]], last: str) -> None:
    script = parse(" ".join(f"{said} {direction}" for said, direction in parts) + " " + last)
    assert script.text.split() == " ".join([said for said, _ in parts] + [last]).split()
    acts, places, letters = [], [], 0
    for said, direction in parts:
        letters += count(said)
        if not direction.startswith("[pause"):
            acts.append(direction[1:-1])
            places.append(letters)
    assert [cue.act for cue in script.cues] == acts
    assert [cue.at for cue in script.cues] == places
    assert all(count(script.text[: offset(script.text, cue.at)]) == cue.at for cue in script.cues)


@given(st.text(alphabet=st.sampled_from("[]\\ .,\n0159smildepauo x(é你"), max_size=60) | st.text(max_size=60))
@example("[pause ]")
@example("[" * 30)
def test_any_text_is_understood_or_refused(written: str) -> None:
    try:
        script = parse(written)
    except BadRequest:
        return
    assert count(script.text) <= count(written)
    assert [pause.at for pause in script.pauses] == sorted({pause.at for pause in script.pauses})
    if not script.cues and not script.pauses and "\\[" not in written:
        assert script.text == written


@given(st.lists(st.tuples(words, directions), min_size=1, max_size=5))
def test_places_are_those_of_the_text_that_is_spoken(parts: list[tuple[str, str]]) -> None:
    written = "  ".join(f"{said}\n{direction}" for said, direction in parts)
    script = parse(spoken_text.clean(written))
    assert count(spoken_text.clean(script.text)) == count(script.text)


def test_the_request_refuses_what_the_script_can_not_mean() -> None:
    for written in ("Hi [smlie].", "Hi [pause 99s]."):
        with pytest.raises(BadRequest, match="Use"):
            parse_request({"text": written})
    with pytest.raises(BadRequest, match="no letter or digit"):
        parse_request({"text": "[smile] [pause 1s]"})
    with pytest.raises(BadRequest, match="neutral, happy, sad, angry, surprised or thinking"):
        parse_request({"text": "Hi.", "expression": "joyous"})
    assert parse_request({"text": "Hi. [smile]", "expression": "sad"}).text == "Hi. [smile]"


def test_expressions_are_directions_too() -> None:
    assert set(EXPRESSIONS) < set(ACTS)
