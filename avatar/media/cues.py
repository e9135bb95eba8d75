"""Readable caption cues from timed words. Knows no file format, no picture and no font.

The text as it was written is what viewers read; the spoken words only lend it their times, so nothing
of it is lost where a synthesiser reads "17" as another word.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, zip_longest

from avatar.artifacts import Utterance
from avatar.media.speakers import named

COLUMNS = 42
"""Longest line, in columns; a wide East Asian character takes two. The broadcasters' customary limit."""
LINES = 2
SHORTEST, LONGEST = 1.0, 7.0
GAP = 0.08
"""Seconds between two cues, so that the eye notices the change."""
COLUMNS_PER_SECOND = 17.0
"""Reading speed to allow for, where the pauses leave room."""
CHAINED = 0.5
"""A shorter pause than this many seconds is not left blank: the cue stands until the next one."""
UNFIT, CLAUSE = 1e9, 1.0
"""Costs: of a cue that must not be, and of a break after a clause."""

_SENTENCE, _CLAUSE, _CLOSING = ".!?…。！？｡।؟", ",;:–—、，；：،؛", "\"'”’»›)]}」』）】》〉"
_NEVER_FIRST = frozenset("、。，．・：；？！ー゛゜々ヽヾゝゞぁぃぅぇぉっゃゅょァィゥェォッャュョ」』）】》〉’”…‥%）")
_UNSEEN = frozenset("\u00ad\u200b\ufeff")


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of text that stand from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """Text that is never torn apart, `size` columns wide; `at` is its place, `spaced` whether a space precedes it.

    `ending` is what a break after it costs, `pause` the silence there in seconds.
    """

    text: str
    at: int
    spaced: bool
    size: int
    start: float = -1.0
    end: float = -1.0
    pause: float = 0.0
    ending: float = 0.0


def cues(utterance: Utterance, *, columns: int = COLUMNS) -> tuple[Cue, ...]:
    """Cues of at most two lines of `columns`, broken where sentences, clauses and pauses end.

    They last 1 to 7 s wherever speech and the film's length allow, and never overlap. Where several speak, each turn
    begins a cue with its speaker's name.
    """
    parts: list[tuple[list[_Token], tuple[str, ...]]] = []
    for said in named(utterance):
        text = clean(said.text) or clean(" ".join(word.text for word in said.words))
        tokens = _timed(_tokens(text, columns), text, said)
        parts += [(group, _lines(group, columns)) for group in _grouped(_rated(tokens), columns)]
    return _spread(parts, utterance.seconds)


def clean(text: str) -> str:
    """The text composed (NFC), without control and direction-override characters and half surrogates, spaces single."""
    kept = (" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    return " ".join("".join(char for char in kept if char == " " or _seen(char)).split())


def _seen(char: str) -> bool:
    kind = unicodedata.category(char)
    joiner = char in "\u200c\u200d"
    return joiner or (kind not in ("Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp") and char not in _UNSEEN)


def width(text: str) -> int:
    """Columns that the text takes: two for a wide character, none for a combining one."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _tokens(text: str, columns: int) -> list[_Token]:
    tokens: list[_Token] = []
    for chunk in re.finditer(r"\S+", text):
        mute = not any(char.isalnum() for char in chunk[0])
        size = width(chunk[0])
        if mute and tokens and tokens[-1].size + size < columns:
            tokens[-1] = replace(tokens[-1], text=f"{tokens[-1].text} {chunk[0]}", size=tokens[-1].size + 1 + size)
            continue
        at, spaced = chunk.start(), bool(tokens)
        for piece in _pieces(chunk[0], columns):
            tokens.append(_Token(piece, at, spaced, width(piece)))
            at, spaced = at + len(piece), False
    return tokens


def _pieces(chunk: str, columns: int) -> list[str]:
    """The chunk whole, or torn where its script allows: between ideographs, else only where a line ends."""
    pieces: list[str] = []
    for cluster in _clusters(chunk):
        before = pieces[-1] if pieces else ""
        opens = before != "" and unicodedata.category(before[-1]) in ("Ps", "Pi")
        wide = before != "" and (_columns(cluster[0]) == 2 or _columns(before[-1]) == 2)
        torn = (wide and not opens and cluster[0] not in _NEVER_FIRST) or width(before + cluster) > columns
        if pieces and not torn:
            pieces[-1] += cluster
        else:
            pieces.append(cluster)
    return pieces


def _clusters(text: str) -> list[str]:
    """Letters with their combining marks, joiners and variation selectors."""
    clusters: list[str] = []
    for char in text:
        joins = unicodedata.category(char)[0] == "M" or char in "\u200c\u200d"
        if clusters and (joins or clusters[-1].endswith("\u200d")):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _timed(tokens: list[_Token], text: str, utterance: Utterance) -> list[_Token]:
    """The tokens with the times of the words they hold; what no word claims shares the time in between."""
    spans = _found(text, utterance)
    timed: list[_Token] = []
    first = 0
    for token in tokens:
        a, b = token.at, token.at + len(token.text)
        while first < len(spans) and spans[first][1] <= a:
            first += 1
        hits = []
        for left, right, start, end in spans[first:]:
            if left >= b:
                break
            pace = (end - start) / (right - left)
            hits.append((start + pace * max(0, a - left), start + pace * (min(b, right) - left)))
        timed.append(replace(token, start=hits[0][0], end=hits[-1][1]) if hits else token)
    return _filled(timed, utterance.seconds)


def _found(text: str, utterance: Utterance) -> list[tuple[int, int, float, float]]:
    """Where in the text each word stands: (from, to, start, end). Words that aren't there are left out."""
    spans: list[tuple[int, int, float, float]] = []
    folded = text.lower() if len(text.lower()) == len(text) else text
    at = 0
    for word in utterance.words:
        wanted = clean(word.text)
        wanted = wanted.lower() if folded != text else wanted
        place = _place(folded, wanted, at)
        if place < 0 or place - at > len(wanted) + 40:
            continue
        at = place + len(wanted)
        spans.append((place, at, word.start, word.end))
    return spans


def _place(text: str, word: str, at: int) -> int:
    """Where the word begins at or after `at`, but not inside a longer word; -1 when nowhere."""
    place = text.find(word, at) if word else -1
    while place > at and text[place - 1].isalnum() and _columns(text[place - 1]) == 1:
        place = text.find(word, place + 1)
    return place


def _filled(tokens: list[_Token], seconds: float) -> list[_Token]:
    result = list(tokens)
    first = 0
    while first < len(result):
        last = first
        while last < len(result) and result[last].start < 0:
            last += 1
        begin = result[first - 1].end if first else 0.0
        end = max(begin, result[last].start if last < len(result) else seconds)
        lengths = list(accumulate((len(token.text) for token in result[first:last]), initial=0))
        edges = [begin + (end - begin) * length / max(1, lengths[-1]) for length in lengths]
        for index, edge in enumerate(pairwise(edges), start=first):
            result[index] = replace(result[index], start=edge[0], end=edge[1])
        first = last + 1
    return result


def _joined(tokens: list[_Token]) -> str:
    return "".join(f" {token.text}" if token.spaced and index else token.text for index, token in enumerate(tokens))


def _ending(text: str, pause: float, following: str) -> float:
    """How unwelcome a break is after this text: 0 after a sentence or a long pause, more in mid phrase."""
    bare = text.rstrip(_CLOSING + " ") or text
    if (bare[-1] in _SENTENCE and not following[:1].islower()) or pause >= 0.7:
        return 0.0
    if bare[-1] in _CLAUSE + _SENTENCE or pause >= 0.3:
        return CLAUSE
    return 5.0 if width(bare) <= 3 else 4.0


def _rated(tokens: list[_Token]) -> list[_Token]:
    rated = []
    for token, after in zip_longest(tokens, tokens[1:]):
        pause, following = (after.start - token.end, after.text) if after else (LONGEST, "")
        rated.append(replace(token, pause=pause, ending=_ending(token.text, pause, following)))
    return rated


def _sized(tokens: list[_Token]) -> int:
    return sum(token.size + token.spaced for token in tokens) - (tokens[0].spaced if tokens else 0)


def _cut(tokens: list[_Token], columns: int) -> int | None:
    """Where the second line begins: at the end when one will do, else at about half; none if they don't fit."""
    total = _sized(tokens)
    if total <= columns:
        return len(tokens)
    best: tuple[float, int] | None = None
    above = tokens[0].size
    for cut in range(1, len(tokens)):
        below = total - above - tokens[cut].spaced
        if max(above, below) <= columns:
            cost = abs(above - below) / columns + 0.1 * tokens[cut - 1].ending + 0.05 * (above > below)
            best = min(best or (cost, cut), (cost, cut))
        above += tokens[cut].spaced + tokens[cut].size
    return best[1] if best else None


def _lines(tokens: list[_Token], columns: int) -> tuple[str, ...]:
    cut = _cut(tokens, columns)
    return tuple(_joined(part) for part in (tokens[:cut], tokens[cut or len(tokens) :]) if part)


def _grouped(tokens: list[_Token], columns: int) -> list[list[_Token]]:
    """The cheapest way to cut the tokens into cues, by dynamic programming from the left."""
    count = len(tokens)
    cost, origin = [0.0] + [UNFIT * count] * count, [0] * (count + 1)
    for first in range(count):
        for last in range(first, count):
            one = _cue_cost(tokens[first : last + 1], columns)
            if cost[first] + one < cost[last + 1]:
                cost[last + 1], origin[last + 1] = cost[first] + one, first
            if one >= UNFIT and last > first:
                break
    groups: list[list[_Token]] = []
    end = count
    while end > 0:
        groups.append(tokens[origin[end] : end])
        end = origin[end]
    return groups[::-1]


def _cue_cost(tokens: list[_Token], columns: int) -> float:
    """What a cue of these tokens costs: where it ends, how short it is, what pauses and sentence ends it hides."""
    lasts, size = tokens[-1].end - tokens[0].start, _sized(tokens)
    if lasts > LONGEST or size > LINES * columns or _cut(tokens, columns) is None:
        return UNFIT
    room = max(0.0, min(tokens[-1].pause - GAP, LONGEST))
    hidden = sum(1.6 * (token.ending == 0.0) + 2.0 * token.pause * (token.pause > 0.6) for token in tokens[:-1])
    hasty = max(0.0, SHORTEST - lasts - room) * 6.0 + max(0.0, 12 - size) / 6.0
    dangling = tokens[-1].ending > CLAUSE and any(token.ending <= CLAUSE for token in tokens[-4:-1])
    return 0.7 + tokens[-1].ending + hidden + hasty + 2.0 * dangling


def _spread(parts: list[tuple[list[_Token], tuple[str, ...]]], seconds: float) -> tuple[Cue, ...]:
    """Times for the cues: each stands long enough to be read where there is room before the next."""
    spread: list[Cue] = []
    for index, (tokens, lines) in enumerate(parts):
        start, end = tokens[0].start, tokens[-1].end
        limit = parts[index + 1][0][0].start - GAP if index + 1 < len(parts) else max(seconds, end)
        wanted = max(end, start + max(SHORTEST, sum(map(width, lines)) / COLUMNS_PER_SECOND))
        if limit - end < CHAINED and index + 1 < len(parts):
            wanted = limit
        end = max(start + 0.001, min(wanted, limit, start + LONGEST))
        spread.append(Cue(round(start, 3), round(end, 3), lines))
    return tuple(spread)
