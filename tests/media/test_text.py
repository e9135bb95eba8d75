"""Text made fit to be spoken."""

import pytest

from avatar.errors import BadRequest, TooLarge
from avatar.media.text import LIMIT, LONGEST, aloud, clean, sentences, speakable, written


def _cut(text: str, language: str = "en") -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in sentences(text, language=language)]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  Hello \t world \r\n", "Hello world"),
        ("Cafe\u0301", "Café"),
        ("one\n\n\n\ntwo\nthree", "one\n\ntwo\nthree"),
        ("a\x00b\x1bc\u200bd\ufeff", "abcd"),
        ("Hi 👋🏽 there 👩‍👩‍👧!", "Hi there !"),
        ("1️⃣ apple", "1 apple"),
        ("\ud83d\ude00 ok", "ok"),
        ("① 10 m²", "1 10 m²"),
        ("𝐁𝐨𝐥𝐝 Ｗｉｄｅ ﬁne", "Bold Wide fine"),
        ("Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308algo", "Ź\u0302\u0303\u0304algo"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u202eevil\u202c", "evil"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_clean_joins_hard_wrapped_lines_but_not_verses() -> None:
    wrapped = "This is a line that somebody wrapped at seventy characters, because\nthat is how it was done."
    assert "\n" not in clean(wrapped)
    assert clean("Roses are red\nviolets are blue") == "Roses are red\nviolets are blue"


@pytest.mark.parametrize("text", ["", " \n", "😀", "...", "\x00"])
def test_nothing_to_say(text: str) -> None:
    with pytest.raises(BadRequest):
        clean(text)


def test_limits() -> None:
    assert len(clean("x" * LIMIT)) == LIMIT
    with pytest.raises(TooLarge, match="Cut it into parts"):
        clean("x" * (LIMIT + 1))
    with pytest.raises(BadRequest, match="surrogate"):
        clean("lone \udc00 half")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mrs. Jones, e.g. here.", ["Dr. Smith met Mrs. Jones, e.g. here."]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ("It costs 3.50 or 4.20. Cheap!", ["It costs 3.50 or 4.20.", "Cheap!"]),
        ("Well... maybe. Hm… Yes", ["Well... maybe.", "Hm…", "Yes"]),
        ('He said "Stop!" and left. "Why?" She ran.', ['He said "Stop!" and left.', '"Why?"', "She ran."]),
        ("你好。今天很好！对吗？", ["你好。", "今天很好！", "对吗？"]),
        ("كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        ("नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
        ("Yes. ... No.", ["Yes. ...", "No."]),
        ("Visit example.com now. Bye", ["Visit example.com now.", "Bye"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert _cut(text) == expected


def test_ordinals_depend_on_the_language() -> None:
    assert _cut("Am 3. Mai kam er. Es war 1969. Dann ging er.", "de") == [
        "Am 3. Mai kam er.", "Es war 1969.", "Dann ging er.",
    ]  # fmt: skip
    assert _cut("He was number 3. May won.") == ["He was number 3.", "May won."]


def test_lines_end_paragraphs() -> None:
    assert [sentence.ends for sentence in sentences("A title\n\nOne. Two.")] == ["paragraph", "sentence", "paragraph"]


@pytest.mark.parametrize("unit", ["word ", "clause of words, ", "x", "字", "d\u0301"])
def test_long_sentences_are_cut_and_nothing_is_lost(unit: str) -> None:
    text = clean(unit * (3000 // len(unit)))
    found = sentences(text)
    assert all(0 < sentence.end - sentence.start <= LONGEST for sentence in found)
    assert "".join(_cut(text)).replace(" ", "") == text.replace(" ", "")
    if unit.startswith("clause"):
        assert all(text[sentence.start : sentence.end].endswith(",") for sentence in found)


def test_endless_words_are_cut() -> None:
    assert max(map(len, _cut("so " + "a" * 500 + " it is"))) <= 63
    assert _cut("字" * 100) == ["字" * 100]


def test_many_digits_and_signs_are_cut() -> None:
    pieces = _cut("12345 67890 " * 20)
    assert all(sum(sign.isdigit() for sign in piece) <= 40 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == "1234567890" * 20
    assert len(_cut("$%&" * 40 + "1")) == 4


def test_written_words_keep_their_punctuation() -> None:
    text = "— Well, yes - no!"
    assert [text[start:end] for start, end in written(text, 0, len(text))] == ["— Well,", "yes -", "no!"]


def test_aloud_keeps_offsets() -> None:
    for text in ("**bold** and _it_ # x", "Dr. Smith e.g. A. B.", "# Head\n> quote\n2 * 3 snake_case"):
        assert len(aloud(text)) == len(text)
    assert aloud("Dr. Smith").split() == ["Dr", "Smith"]
    assert "*" not in aloud("**bold**")
    assert aloud("2 * 3 snake_case") == "2 * 3 snake_case"


def test_speakable() -> None:
    assert speakable("€")
    assert not speakable("—!؟")
