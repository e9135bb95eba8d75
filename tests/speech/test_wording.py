"""English in words: what is written with other signs than letters, and where each word comes from."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.errors import BadRequest
from avatar.media import text
from stages.speech import numerals
from stages.speech.lines import Manner, lines
from stages.speech.wording import word

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.,!?;:- ")

SAID = {
    "Dr. Smith lives on Main St.": "doctor Smith lives on Main street.",
    "It costs $25.50, or €1, or £3 million.":
        "It costs twenty five dollars and fifty cents, or one euro, or three million pounds.",
    "In 1984, 2005 and 2026; the 1990s.":
        "In nineteen eighty four, two thousand five and twenty twenty six; the nineteen nineties.",
    "At 10:30 am, 12:05 and 9:00.": "At ten thirty ay em, twelve oh five and nine o'clock.",
    "On 2026-03-05.": "On March fifth, twenty twenty six.",
    "1,234.5 and -5 and 007": "one thousand two hundred thirty four point five and minus five and zero zero seven",
    "3 kg at 5 km/h, 20 °C, 50%": "three kilograms at five kilometers per hour, twenty degrees celsius, fifty percent",
    "The 1st, 22nd and 100th; 1/2, 3/4.": "The first, twenty second and one hundredth; one half, three quarters.",
    "See https://www.example.com/a?b=1.":
        "See double-you double-you double-you dot example dot com slash a question mark bee equals one.",
    "Mail me@site.org, please.": "Mail me at site dot org, please.",
    "Call +1 555-123-4567.": "Call plus one, five five five, one two three, four five six seven.",
    "NASA and the FBI stop. STOP it!": "nasa and the ef bee eye stop. stop it!",
    "THIS IS LOUD": "this is loud",
    "A&B @ home = x² + ½": "A and B at home equals x squared plus one half",
    "Café naïve Straße “so” — well…": "Cafe naive Strasse so, well.",
    "α and mp3": "alpha and em pee three",
    "e.g. J. R. R. Tolkien, No. 5": "for example jay ar ar Tolkien, number five",
    "2-3 days, well-known, 3x4": "two to three days, well-known, three by four",
}  # fmt: skip


@pytest.mark.parametrize("written", SAID)
def test_what_is_written_with_signs_is_said_in_words(written: str) -> None:
    assert word(written).text == SAID[written]


def test_what_no_alphabet_knows_is_left_out_and_listed() -> None:
    found = word("Hello 你好 you.")
    assert found.text == "Hello you."
    assert found.left_out == "你好"


def test_every_letter_knows_where_it_comes_from() -> None:
    written = "Pay $5 now."
    found = word(written)
    at = found.text.index("five")
    assert found.text == "Pay five dollars now."
    assert set(found.sources[at : at + len("five dollars")]) == {(4, 6)}
    at = found.text.index("now")
    assert [written[start:end] for start, end in found.sources[at : at + 3]] == ["n", "o", "w"]


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_any_text_becomes_plain_letters_and_sources_go_on(written: str) -> None:
    found = word(written)
    assert set(found.text) <= LETTERS
    assert len(found.sources) == len(found.text)
    assert all(0 <= start < end <= len(written) for start, end in found.sources)
    assert list(found.sources) == sorted(found.sources)
    assert "  " not in found.text
    assert found.text == found.text.strip()


@settings(max_examples=200)
@given(st.integers(0, 10**15 - 1))
def test_different_numbers_have_different_names(number: int) -> None:
    assert numerals.cardinal(number) != numerals.cardinal(number + 1)
    assert numerals.ordinal(number).endswith(("th", "st", "nd", "rd"))


def knows(letter: str) -> bool:
    return letter in LETTERS and letter not in ";:"


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab 1.,!?$\n世B2-"), min_size=1, max_size=600), st.integers(40, 500))
def test_lines_are_short_enough_and_in_order(written: str, longest: int) -> None:
    try:
        said = text.clean(written)
        cut = lines(said, Manner(longest, knows))
    except BadRequest:
        return
    assert all(len(line.wording.text) <= longest for line in cut)
    assert all(first.end <= second.start for first, second in pairwise(cut))
    assert all(knows(sign) for line in cut for sign in line.wording.text if sign != " ")


def test_short_sentences_are_said_together_and_paragraphs_are_not() -> None:
    said = text.clean("Yes. I think so too, and so does everybody else here.\n\nNo. Never.")
    assert [said[line.start : line.end] for line in lines(said, Manner(500, knows))] == [
        "Yes. I think so too, and so does everybody else here.",
        "No. Never.",
    ]


def test_lines_are_cut_where_silence_is_wanted() -> None:
    said = "Wait for it, it comes now. Here it is."
    cut = lines(said, Manner(500, knows), silences={said.index("it comes"): 0.8, 0: 1.0})
    assert [(said[line.start : line.end], line.silence) for line in cut] == [
        ("Wait for it, ", 0.8),
        ("it comes now. Here it is.", 0.0),
    ]


def test_weaker_stops_and_small_letters_stand_for_what_a_voice_does_not_know() -> None:
    (line,) = lines("Well: I know; Do you?", Manner(99, lambda sign: sign in "abcdefghijklmnopqrstuvwxyz,."))
    assert line.wording.text == "well, i know, do you."


def test_a_text_of_other_scripts_alone_cannot_be_said() -> None:
    with pytest.raises(BadRequest, match="Latin letters"):
        lines("你好，世界。", Manner(99, knows))
