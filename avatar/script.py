"""The script language: a text with stage directions in it, such as [smile] and [pause 0.5s]. Knows no voice, no face.

A direction is one or two words in square brackets. Brackets that hold anything else are prose and stay: [1], [sic],
[see above]. A backslash before the bracket makes prose of a direction as well. Places count the letters and digits
before them, which is what a text keeps when spaces and punctuation are put in order.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

from avatar.errors import BadRequest

Expression = Literal["neutral", "happy", "sad", "angry", "surprised", "thinking"]
Act = Literal[
    "neutral", "happy", "sad", "angry", "surprised", "thinking", "smile", "nod", "shake", "blink",
    "look left", "look right", "look up", "look down", "look camera",
]  # fmt: skip

EXPRESSIONS: tuple[Expression, ...] = get_args(Expression)
ACTS: tuple[Act, ...] = get_args(Act)
PAUSE = 0.5
"""Seconds of a pause that does not say how long."""
PAUSES = (0.05, 10.0)
"""Shortest and longest pause that may be asked for, in seconds."""
LINGER = 1.2
"""Seconds that a script which ends in a direction leaves for it, after the last word."""

_DIRECTION = re.compile(r"(?P<escaped>\\?)\[(?P<inside>[^\[\]\n]{1,60})\](?!\()")  # [text](address) is a link
_LENGTH = re.compile(r"(\d{1,4}(?:[.,]\d{1,4})?|[.,]\d{1,4}) ?(s|secs?|seconds?|ms|milliseconds?)?")
_FILLERS = frozenset(("at", "to", "the", "into", "towards"))
_HEADS = frozenset(act.partition(" ")[0] for act in ACTS) | {"pause"}
_KNOWN_ELSEWHERE = frozenset(
    "afraid angrily anger applause bored breath breathe calm chuckle clap confused cough cries cry crying disgust "
    "disgusted excited fear fearful frown gasp giggle grin happily joy laugh laughing laughs laughter sadly sadness "
    "scared shock shocked shout sigh sighs silence sing smirk surprise sneeze sniff sob think wait wave whisper wink "
    "worried yawn yell".split()
)
"""What other programs and stage plays have directions for, and this one has not."""
_LISTED = ", ".join(f"[{act}]" for act in ("smile", *EXPRESSIONS, "nod", "shake", "blink"))
THERE_IS = f"{_LISTED}, [look left|right|up|down|camera], [pause 0.5s]"
_CLOSING = frozenset(".,!?;:…)”’»。，！？；：、」』")


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to be done with the face after `at` letters and digits: with the word that follows.

    With `delay` it is that many seconds after the word before, since a pause, or nothing more, follows.
    """

    at: int
    act: Act
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of `seconds` after `at` letters and digits."""

    at: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Script:
    """The words that are said, and what goes with them, in order."""

    text: str
    cues: tuple[Cue, ...] = ()
    pauses: tuple[Pause, ...] = ()

    @property
    def silences(self) -> tuple[Pause, ...]:
        """The pauses, and the one that a script which ends in a direction leaves for it."""
        end = count(self.text)
        last = max((cue.delay or 0.0 for cue in self.cues if cue.at == end), default=None)
        if last is None:
            return self.pauses
        asked = max((pause.seconds for pause in self.pauses if pause.at == end), default=0.0)
        rest = tuple(pause for pause in self.pauses if pause.at < end)
        return (*rest, Pause(end, max(asked, round(last + LINGER, 3))))


_Read = Act | float
"""A direction that was understood: what to do, or the seconds of a pause."""


def parse(text: str) -> Script:
    """The script that a text holds; one without directions keeps its text to the letter. Raises `BadRequest`."""
    pieces = [""]
    found: list[tuple[int, _Read]] = []
    begin, letters = 0, 0
    for match in _DIRECTION.finditer(text):
        read = _read(match["inside"])
        if read is None:
            continue
        pieces[-1] += text[begin : match.start()]
        begin = match.end()
        if match["escaped"]:
            pieces[-1] += match[0][1:]
            continue
        if isinstance(read, BadRequest):
            raise read
        letters += count(pieces[-1])
        found.append((letters, read))
        pieces.append("")
    pieces[-1] += text[begin:]
    return Script(_joined(pieces), *_cued(found, letters + count(pieces[-1])))


def count(text: str) -> int:
    """How many letters and digits a text has: the measure of places in a script."""
    return sum(unicodedata.category(sign)[0] in "LN" for sign in text)


def offset(text: str, at: int) -> int:
    """Where in the text the letter or digit stands that has `at` of them before it; its end when there are fewer."""
    for place, sign in enumerate(text):
        if unicodedata.category(sign)[0] in "LN":
            if at == 0:
                return place
            at -= 1
    return len(text)


def _read(inside: str) -> _Read | BadRequest | None:
    """What stands in brackets: a direction, one gone wrong, or prose."""
    words = inside.lower().split()
    head = words[0] if words else ""
    if head == "pause":
        return _length(" ".join(words[1:]), inside)
    wanted = " ".join([head, *(word for word in words[1:] if word not in _FILLERS)])
    if act := next((act for act in ACTS if act == wanted), None):
        return act
    if len(words) > 2 or not _meant(head):
        return None
    escape = f"write \\[{inside}] if it is to be said"
    return BadRequest(f"[{inside}] is no direction. Use {THERE_IS}; {escape}.")


def _meant(word: str) -> bool:
    """Whether a word in brackets was meant as a direction, though it is none: a slip, a form, another program's."""
    stems = {word.removesuffix(ending) for ending in ("", "s", "d", "ed", "ing", "es", "ly")}
    if (stems | {f"{stem}e" for stem in stems}) & (_HEADS | _KNOWN_ELSEWHERE):
        return True
    alike = [name for name in _HEADS if name[0] == word[:1]] if len(word) > 4 else []
    return bool(get_close_matches(word, alike, n=1, cutoff=0.78))


def _length(written: str, inside: str) -> float | BadRequest | None:
    """The seconds of a pause: `0.5s`, `500 ms`, `2 seconds`, `1`; nothing for the usual one."""
    match = _LENGTH.fullmatch(written)
    if written and not match:
        return BadRequest(f"[{inside}] tells no length. Write [pause 0.5s].") if len(written.split()) < 3 else None
    if not match:
        return PAUSE
    seconds = float(match[1].replace(",", ".")) * (0.001 if (match[2] or "s").startswith("m") else 1.0)
    if PAUSES[0] <= seconds <= PAUSES[1]:
        return round(seconds, 3)
    return BadRequest(f"A pause can't last {seconds:g} s. Use {PAUSES[0]:g} to {PAUSES[1]:g} seconds.")


def _joined(pieces: list[str]) -> str:
    """The pieces without the gaps that directions leave behind."""
    whole = pieces[0]
    for piece in pieces[1:]:
        following = piece.lstrip(" \t") if not whole or whole[-1].isspace() else piece
        bare = whole.rstrip(" \t")
        whole = (bare if not following or following[0] in _CLOSING or following[0] == "\n" else whole) + following
    return whole


def _cued(found: list[tuple[int, _Read]], letters: int) -> tuple[tuple[Cue, ...], tuple[Pause, ...]]:
    """Cues and pauses; pauses at one place are one pause, and a cue before or within it knows how far into it."""
    cues: list[Cue] = []
    pauses: dict[int, float] = {}
    for at, read in found:
        if isinstance(read, float):
            pauses[at] = round(min(pauses.get(at, 0.0) + read, PAUSES[1]), 3)
    passed: dict[int, float] = {}
    for at, read in found:
        if isinstance(read, float):
            passed[at] = min(passed.get(at, 0.0) + read, pauses[at])
            continue
        into = passed.get(at, 0.0)
        waits = at == letters or into < pauses.get(at, 0.0)
        cues.append(Cue(at, read, round(into, 3) if waits else None))
    return tuple(cues), tuple(Pause(at, pauses[at]) for at in sorted(pauses))
