"""When each word and sound of a spoken line is heard, told from its sound and its wording. Knows no network.

The line's plain wording is laid along the sound as a transcript is along a recording; where it does not fit, the sounds
are told by ear and the words spread over them by their length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from avatar.artifacts import Phone, Word
from avatar.face import acoustic
from avatar.face.acoustic_features import Listener
from avatar.media import text
from avatar.media.sound import Samples
from stages.speech.lines import Line
from stages.speech.upload import matching

LANGUAGE = "en-us"


@dataclass(frozen=True, slots=True)
class Placed:
    """Phones that cover the line's sound, words at their times, in seconds of it; whether and how well they fit it."""

    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    fits: bool
    score: float = 0.0


@dataclass(slots=True)
class _Group:
    """Written words `first` to `last`, without it, that share a stretch of time."""

    first: int
    last: int
    start: float
    end: float


def place(
    said: str,
    line: Line,
    samples: Samples,
    *,
    hertz: int,
    folder: Path,
    step: Callable[[], None],
    language: str = LANGUAGE,
) -> Placed:
    """Phones and words of one spoken line. Raises StorageError, and what `step` raises."""
    listener = Listener(hertz)
    listener.push(samples)
    heard, seconds = listener.heard(), round(len(samples) / hertz, 5)
    match = matching.match(heard, line.wording.text, language=language, seconds=seconds, folder=folder, step=step)
    if match is not None and match.fits:
        return Placed(match.phones, written(said, line, match.words), fits=True, score=match.score)
    score = match.score if match is not None else 0.0
    phones = acoustic.phones(heard, seconds=seconds)
    sounding = [phone for phone in phones if phone.ipa]
    span = (sounding[0].start, sounding[-1].end) if sounding else (0.0, seconds)
    return Placed(phones, spread(said, line, span), fits=False, score=score)


def spread(said: str, line: Line, span: tuple[float, float]) -> tuple[Word, ...]:
    """The written words of a line over a stretch of time, by their letters."""
    words = _audible(line, text.written(said, line.start, line.end))
    return tuple(_spread(said, words, _Group(0, len(words), *span)))


def written(said: str, line: Line, spoken: tuple[Word, ...]) -> tuple[Word, ...]:
    """The written words of a line at the times of the spoken ones that stand for them."""
    return _words(said, line, _audible(line, text.written(said, line.start, line.end)), spoken)


def _audible(line: Line, written: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The written words of which anything is said."""
    letters = zip(line.wording.text, line.wording.sources, strict=True)
    origins = {(line.start + low, line.start + high) for sign, (low, high) in letters if text.speakable(sign)}
    return tuple(span for span in written if any(low < span[1] and high > span[0] for low, high in origins))


def _words(said: str, line: Line, written: tuple[tuple[int, int], ...], spoken: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words between the spans `written` at the times of the spoken ones."""
    groups: list[_Group] = []
    for word, (low, high) in zip(spoken, _origins(line, spoken), strict=True):
        meant = [index for index, (start, end) in enumerate(written) if start < high and end > low]
        if not meant:
            continue
        if groups and meant[0] < groups[-1].last:
            groups[-1].last = max(groups[-1].last, meant[-1] + 1)
            groups[-1].end = max(groups[-1].end, word.end)
        else:
            groups.append(_Group(meant[0], meant[-1] + 1, word.start, word.end))
    return tuple(word for group in groups for word in _spread(said, written, group))


def _origins(line: Line, spoken: tuple[Word, ...]) -> list[tuple[int, int]]:
    """Where in the written text each spoken word comes from."""
    found, at = [], 0
    for word in spoken:
        start = line.wording.text.find(word.text, at)
        start = at if start < 0 else start
        at = start + len(word.text)
        sources = [
            line.wording.sources[place] for place in range(start, at) if text.speakable(line.wording.text[place])
        ]
        low = min((low for low, _ in sources), default=0)
        found.append((line.start + low, line.start + max((high for _, high in sources), default=low)))
    return found


def _spread(said: str, written: tuple[tuple[int, int], ...], group: _Group) -> list[Word]:
    """The group's words over its time, by their letters."""
    spans = written[group.first : group.last]
    whole = sum(end - start for start, end in spans)
    found, at = [], group.start
    for start, end in spans:
        until = at + (group.end - group.start) * (end - start) / whole
        found.append(Word(said[start:end], round(at, 5), round(until, 5)))
        at = until
    return found
