"""Text made fit to be spoken: cleaned, cut into sentences, and its written words found.

Knows no voice and no sound. All offsets count characters of the cleaned text.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from avatar.errors import BadRequest, TooLarge

LIMIT = 100_000
"""Most characters one request may hold: about two hours of speech."""

LONGEST = 280
"""Most characters of one sentence before it is cut at a clause."""

LONGEST_WORD = 60
"""Most letters of one word before it is cut; espeak-ng and others fail at 160."""

LONGEST_DENSE = 40
"""Most digits and signs of one stretch: each may be read as a word or two, and espeak-ng fails at a thousand sounds."""

MARKS = 4
"""Most combining marks on one letter; more is decoration."""

Ends = Literal["cut", "clause", "sentence", "paragraph"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One stretch of the cleaned text, `text[start:end]`, and what separates it from the next."""

    start: int
    end: int
    ends: Ends


_PICTURES = (
    (0x2190, 0x21FF), (0x2300, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2900, 0x297F), (0x2B00, 0x2BFF),
    (0x3030, 0x3030), (0x303D, 0x303D), (0x3297, 0x3299), (0x1F000, 0x1FAFF), (0xE0000, 0xE007F),
)  # fmt: skip
_BREAKS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_JOINERS = "\u200c\u200d"
_STRAY = re.compile(rf"(?:(?<=\s)|^)[{_JOINERS}]+|[{_JOINERS}]+(?=[\s.,!?]|$)")
_STYLED = {
    "L": ("<font>", "<wide>", "<narrow>", "<super>", "<sub>", "<compat>"),
    "N": ("<font>", "<wide>", "<narrow>", "<compat>", "<circle>"),  # a raised 2 is read as "squared"
}


_DROPPED = ("Cc", "Cf", "Co", "Cn", "Cs")
_SELECTORS = "\ufe0e\ufe0f\u20e3"


def _fit(character: str) -> str:
    """What one character becomes: itself, a plain letter for a styled one, a space, or nothing."""
    category = unicodedata.category(character)
    if character == "\n" or character in _JOINERS:
        fitted = character
    elif character in _BREAKS:
        fitted = "\n\n" if character == "\u2029" else "\n"
    elif category[0] in "LN" and unicodedata.decomposition(character).startswith(_STYLED[category[0]]):
        fitted = unicodedata.normalize("NFKC", character)
    elif character == "\t" or category == "Zs" or any(low <= ord(character) <= high for low, high in _PICTURES):
        fitted = " "
    elif character in _SELECTORS or category in _DROPPED:
        fitted = ""
    else:
        fitted = character
    return fitted


def _whole(text: str) -> str:
    """The text with surrogate pairs joined. Raises BadRequest when half of one stands alone."""
    if not any("\ud800" <= character <= "\udfff" for character in set(text)):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise BadRequest("The text holds half a character (a lone surrogate). Send it as valid UTF-8.") from None


def _unmarked(text: str) -> str:
    """The text with at most `MARKS` combining marks in a row."""
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if run <= MARKS:
            kept.append(character)
    return "".join(kept)


def speakable(text: str) -> bool:
    """Whether there is anything to say: a letter, a digit, a currency or mathematical sign."""
    return any(unicodedata.category(character)[0] in "LN" or unicodedata.category(character) in ("Sc", "Sm")
               for character in set(text))  # fmt: skip


def clean(text: str) -> str:
    """The text in NFC without emoji, control and format characters; lines trimmed, hard-wrapped ones joined.

    Raises TooLarge over `LIMIT` characters, BadRequest for lone surrogates and when nothing is left to say.
    """
    if len(text) > LIMIT:
        raise TooLarge(
            f"The text has {len(text):,} characters; at most {LIMIT:,} can be spoken at once. "
            "Cut it into parts and ask for them one by one."
        )
    whole = _whole(text)
    fitted = whole.translate({ord(character): _fit(character) for character in set(whole)})
    composed = unicodedata.normalize("NFC", _unmarked(_STRAY.sub("", fitted)))
    lines = [" ".join(line.split()) for line in composed.split("\n")]
    joined = re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()
    flowing = re.sub(r"(?<=[^\n]{50}[^\n.!?:;…])\n(?=[^\W\d_A-Z])", _unwrapped, joined)
    if not text.strip():
        raise BadRequest("The text is empty. Write what is to be said.")
    if not speakable(flowing):
        raise BadRequest("There is nothing to say: the text holds no letter and no digit. Write a few words.")
    return flowing


def _unwrapped(match: re.Match[str]) -> str:
    following = match.string[match.end()]
    return " " if following.islower() else "\n"


_TITLE_WORDS = (
    "dr mr mrs ms prof st rev gen col capt lt sgt hon sen rep gov pres messrs mt ft "
    "e.g i.e cf vs fig figs eq vol ch pp ca approx resp dept univ assn "
    "hr fr bzw z.b d.h u.a usw vgl nr abs str dipl ing sog ggf evtl "
    "mme mlle m p.ex sra srta sr ud uds dott sig sig.ra avv dhr mevr bijv d.w.z bl.a t.ex "
    "т.е т.д т.п г ул им др проф св п. np tzw tj mgr inż"
)
_TITLES = frozenset(_TITLE_WORDS.split())
_ORDINALS = ("de", "da", "nb", "fi", "et", "lv", "lt", "cs", "sk", "pl", "sl", "hr", "bs", "sr", "hu", "is", "tr", "lb")

_STOP = re.compile(
    r"(?P<mark>[.!?…‼⁇⁈⁉]+|[؟۔։።፧॥।။]+)(?P<close>[\"'”’»›)\]]*)(?=\s|$)"
    r"|(?P<wide>[。！？｡．]+[\"'”’»」』】）)]*)"
)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«„]+$")


def _stops(text: str, match: re.Match[str], *, end: int, language: str) -> bool:
    """Whether the punctuation found really ends a sentence of the line that ends at `end`."""
    if match["wide"] or match.end() >= end:
        return True
    after = text[_past_space(text, match.end(), end)]
    if match["mark"] in ("!", "?") and not match["close"]:
        return True
    if after.islower():
        return False
    if match["mark"] != ".":
        return True
    before = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    token = before.group().lower() if before else ""
    if token in _TITLES or (len(token) == 1 and token.isalpha()):
        return False
    return not (language.partition("-")[0] in _ORDINALS and token.isdigit() and len(token) <= 2)


def _past_space(text: str, start: int, end: int) -> int:
    while start < end - 1 and text[start].isspace():
        start += 1
    return start


def _line_sentences(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    opened = start
    for match in _STOP.finditer(text, start, end):
        if _stops(text, match, end=end, language=language):
            spans.append((opened, match.end()))
            opened = _past_space(text, match.end(), end)
    if opened < end and (not spans or spans[-1][1] < end):
        spans.append((opened, end))
    return spans


def _cut(text: str, start: int, end: int) -> list[Sentence]:
    """A span in pieces of at most `LONGEST` characters, best at a clause, else at a space, else anywhere."""
    pieces: list[Sentence] = []
    while (at := _cutting_place(text, start, end)) < end:
        ends: Ends = "clause" if text[at - 1] in _CLAUSE else "cut"
        pieces.append(Sentence(start, at, ends))
        start = _past_space(text, at, end)
    pieces.append(Sentence(start, end, "sentence"))
    return pieces


_CLAUSE = ",;:—–،؛、，；："
_CLAUSES = re.compile(r"[,;:—–،؛](?=\s)|[、，；：]")
_LETTERS = rf"(?:(?![\u2e80-\u9fff\uac00-\ud7ff])\w){{{LONGEST_WORD}}}"
_DENSE = re.compile(r"\d|[^\w\s]")
_ENDLESS = re.compile(_LETTERS + r"(?=\w)")


def _cutting_place(text: str, start: int, end: int) -> int:
    """Where the first piece of a span ends: at its end when it is short enough and holds no endless word."""
    stop = min(end, start + LONGEST)
    dense = next(islice(_DENSE.finditer(text, start, stop), LONGEST_DENSE, None), None)
    stop = min(stop, dense.start()) if dense else stop
    endless = _ENDLESS.search(text, start, stop)
    if endless:
        return _whole_letter(text, start, endless.end())
    if stop == end:
        return end
    clauses = [match.end() for match in _CLAUSES.finditer(text, start + (stop - start) // 3, stop)]
    spaces = [match.start() for match in re.compile(r"\s").finditer(text, start + 1, stop)]
    return clauses[-1] if clauses else spaces[-1] if spaces else _whole_letter(text, start, stop)


def _whole_letter(text: str, start: int, at: int) -> int:
    """The place itself, or one before it, where no letter is parted from its marks."""
    while at > start + 1 and unicodedata.combining(text[at]):
        at -= 1
    return at


def sentences(text: str, *, language: str = "en") -> tuple[Sentence, ...]:
    """The sentences of a cleaned text, in order, each at most `LONGEST` characters long.

    A line's end ends a sentence; an empty line, and a line that is followed by another, ends a paragraph. Stretches
    without a letter, digit or sign are left to the sentence before them. Abbreviations ("Dr.", "e.g."), initials,
    decimals and, where the language writes them so, ordinals ("3. Mai") don't end one.
    """
    found: list[Sentence] = []
    for line in re.finditer(r"[^\n]+", text):
        for start, end in _line_sentences(text, line.start(), line.end(), language):
            if found and not speakable(text[start:end]):
                found[-1] = Sentence(found[-1].start, end, found[-1].ends)
            else:
                found += _cut(text, start, end)
        found[-1] = Sentence(found[-1].start, found[-1].end, "paragraph")
    return tuple(found)


def written(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The written words in `text[start:end]`: spans between spaces, with their punctuation.

    A span without a letter, digit or sign (a dash, a bullet) is joined to the word before it, else to the one after.
    """
    words: list[tuple[int, int]] = []
    waiting: int | None = None
    for match in re.compile(r"\S+").finditer(text, start, end):
        if speakable(match.group()):
            words.append((match.start() if waiting is None else waiting, match.end()))
            waiting = None
        elif words:
            words[-1] = (words[-1][0], match.end())
        else:
            waiting = match.start() if waiting is None else waiting
    return tuple(words)


_DECORATION = re.compile(
    r"`|(?<!\w)-+(?!\d)|(?<!\w)[*_#`~|>]+(?=[\w\"'“(])|(?<=[\w.,!?:;\"'”)])[*_`~|]+(?!\w)|(?<=\s)[|>]+(?=\s)"
)
_DOTTED = re.compile(r"(?<![^\s(\[\"'“‘«„])([^\W\d_](?:[^\W\d_]|\.(?=\w))*)\.(?=\s+\S)")


def aloud(text: str) -> str:
    """The text as a synthesiser should get it, of the same length, so that offsets stay true.

    Marks of layout (`**bold**`, `# heading`) and the dots of titles, which would sound as a full stop, become spaces.
    """
    plain = _DECORATION.sub(lambda match: " " * len(match.group()), text)
    return _DOTTED.sub(_undotted, plain.replace("\n", " "))


def _undotted(match: re.Match[str]) -> str:
    word = match.group(1)
    return word + (" " if word.lower() in _TITLES and "." not in word else ".")
