"""Scripts for several speakers: who says what, told by names before colons. Knows no voice, no face, no direction.

`Ada: Good evening. Ben: Hello!` has two turns; so has the same on two lines. A name begins a line, or follows the end
of a sentence. A backslash before it makes prose of it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from avatar.errors import BadRequest

SPEAKERS = 4
"""Most speakers of one film."""
TURNS = 300
"""Most turns of one film."""
NAME = r"(?:(?:Mr|Mrs|Ms|Dr|Prof|St)\. )?[^\W\d_][\w'’-]*(?: [\w'’-]+){0,2}"
"""A speaker's name: one to three words, and a title."""
LONGEST = 30
"""Most letters of a name."""

_LABEL = re.compile(
    rf"(?P<before>(?:^|(?<=[.!?…。！？\"”’»)\]])[ \t])[ \t]*)(?P<escaped>\\?)"
    rf"(?P<bold>\*{{0,2}})(?P<name>{NAME})(?:\*\*)?(?:[ \t]?:(?=\*\*|\s|$)|：)(?:\*\*)?[ \t]*",
    re.MULTILINE,
)
_PROSE = frozenset(
    "abstract answer attention author bcc caution cc chapter conclusion date definition email example exercise fact "
    "figure from hint important ingredients lesson location method note notes part phone place ps quote reason re "
    "recipe reminder result section sidenote source step subject summary table task time tip title to topic update "
    "warning".split()
)
"""What stands before a colon in prose, unless the cast names it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's words, directions among them."""

    speaker: str
    text: str


def turns(text: str, cast: Collection[str] = ()) -> tuple[Turn, ...]:
    """The turns of a script for several speakers; none for one that a single speaker says.

    Names in `cast` are speakers' for sure. Without any it takes two names at least, the first of them at the start of
    the text. Raises `BadRequest` for a script that is meant for several and can't be shared out.
    """
    known = {_key(name): name for name in cast}
    labels = _labels(text, known)
    names: dict[str, str] = dict(known)
    for label in labels:
        names.setdefault(_key(label["name"]), " ".join(label["name"].split()))
    if not known and not _several(text, labels, names):
        return ()
    if not labels or text[: labels[0].start()].strip():
        raise BadRequest("The script does not tell who speaks first. Begin each turn with a name and a colon.")
    if len(names) > SPEAKERS:
        raise BadRequest(f"The script has {len(names)} speakers, and {SPEAKERS} are allowed. Give each film fewer.")
    found = _merged(_cut(text, labels, names))
    _check(found, known.values())
    return found


def written(said: Iterable[Turn]) -> str:
    """Turns as one text, from which `turns` with the speakers' names as its cast reads them again."""
    return "\n".join(f"{turn.speaker}: {_LABEL.sub(_escaped, turn.text)}" for turn in said)


def plain(text: str) -> str:
    """A turn's text, or one for a single speaker, without the backslashes that make prose of names."""
    return _LABEL.sub(lambda label: label[0].replace("\\", "", 1) if label["escaped"] else label[0], text)


def is_name(name: str) -> bool:
    """Whether somebody in a script can be called that."""
    return len(name) <= LONGEST and re.fullmatch(NAME, name) is not None


def _escaped(label: re.Match[str]) -> str:
    return f"{label['before']}\\{label[0][len(label['before']) :].lstrip(chr(92))}"


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _labels(text: str, known: Collection[str]) -> list[re.Match[str]]:
    """Where names stand that begin turns. Within lines these are only names of the cast, or such as begin lines too.

    A script whose first line alone begins with a name may be all in one line, and then they stand anywhere.
    """
    every = [label for label in _LABEL.finditer(text) if not label["escaped"] and len(label["name"]) <= LONGEST]
    sure = {_key(label["name"]) for label in every if _like_a_name(label["name"])} | set(known)
    found = [label for label in every if _key(label["name"]) in sure]
    leading = [label for label in found if text[: label.end("before")].rstrip(" \t")[-1:] in ("", "\n")]
    if len(leading) < 2:
        return found
    sure = {_key(label["name"]) for label in leading} | set(known)
    return [label for label in found if _key(label["name"]) in sure]


def _like_a_name(name: str) -> bool:
    return name[0].upper() == name[0] and _key(name) not in _PROSE


def _several(text: str, labels: Sequence[re.Match[str]], names: Collection[str]) -> bool:
    """Whether a text without a cast is meant for several: lists of many names that never come again are not."""
    if len(names) < 2 or text[: labels[0].start()].strip():
        return False
    return len(names) <= SPEAKERS or len(labels) >= 2 * len(names)


def _cut(text: str, labels: Sequence[re.Match[str]], names: dict[str, str]) -> Iterable[Turn]:
    ends = [label.start() for label in labels[1:]] + [len(text)]
    for label, end in zip(labels, ends, strict=True):
        yield Turn(names[_key(label["name"])], plain(text[label.end() : end].strip()))


def _merged(found: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns of which no two neighbours are the same speaker's."""
    merged: list[Turn] = []
    for turn in found:
        if merged and merged[-1].speaker == turn.speaker:
            merged[-1] = Turn(turn.speaker, f"{merged[-1].text}\n{turn.text}")
        else:
            merged.append(turn)
    return tuple(merged)


def _check(found: Sequence[Turn], cast: Iterable[str]) -> None:
    if len(found) > TURNS:
        raise BadRequest(f"The script has {len(found)} turns, and {TURNS} are allowed. Split it into several films.")
    speaking = {turn.speaker for turn in found}
    for name in cast:
        if name not in speaking:
            raise BadRequest(f"{name} of the cast says nothing. Write {name}: before the words, or leave {name} out.")
