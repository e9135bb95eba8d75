"""What a body hears in speech: phrases, pauses, stressed syllables and their weight. Knows neither sound nor movement.

Head and brows follow these (Graf et al. 2002, Visual prosody, FG 2002; Munhall et al. 2004, Psychol. Sci. 15:133).
Times are seconds.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal

from avatar.artifacts import Phone, Utterance, Word

Ending = Literal["", "comma", "stop", "question", "exclamation"]

PAUSE = 0.12
"""A silence of at least this length parts two phrases."""
SAME_SYLLABLE = 0.14
"""Stressed sounds closer than this belong to one syllable."""
FULL_VOWEL = 0.13
"""A vowel of this length counts as fully stressed."""
REACH = 400
"""Letters of text within which the next word must stand."""
MARKS: dict[str, Ending] = {
    **dict.fromkeys(",;:、，；：،؛–—", "comma"),
    **dict.fromkeys(".。…।۔", "stop"),
    **dict.fromkeys("?？؟", "question"),
    **dict.fromkeys("!！", "exclamation"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accent:
    """A stressed syllable: its vowel's start and length, its weight 0..1, whether it is the phrase's main one."""

    time: float
    length: float
    weight: float
    main: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """Speech between two pauses; `pause` is the length of the one after it."""

    start: float
    end: float
    pause: float
    ending: Ending
    accents: tuple[Accent, ...]


def phrases(utterance: Utterance) -> tuple[Phrase, ...]:
    """The phrases of an utterance, in order; none when nothing is said."""
    runs = _runs(utterance.phones)
    endings = _endings(utterance)
    middles = [0.5 * (word.start + word.end) for word in utterance.words]
    result = []
    for number, run in enumerate(runs):
        start, end = run[0].start, run[-1].end
        until = runs[number + 1][0].start if number + 1 < len(runs) else utterance.seconds
        words = list(utterance.words[bisect_left(middles, start) : bisect_right(middles, end)])
        ending: Ending = endings.get(words[-1], "") if words else ""
        last: Ending = "stop" if number + 1 == len(runs) and not ending else ending
        result.append(Phrase(start, end, max(until - end, 0.0), last, _accents(run, words)))
    return tuple(result)


def _runs(phones: tuple[Phone, ...]) -> list[tuple[Phone, ...]]:
    """Phones between pauses."""
    runs: list[list[Phone]] = [[]]
    for phone in phones:
        if phone.ipa:
            runs[-1].append(phone)
        elif phone.end - phone.start >= PAUSE:
            runs.append([])
    return [tuple(run) for run in runs if run]


def _accents(run: tuple[Phone, ...], words: list[Word]) -> tuple[Accent, ...]:
    strongest = max(phone.stress for phone in run)
    if strongest > 0:
        places = [(phone.start, phone.end - phone.start) for phone in run if phone.stress == strongest]
    else:
        places = [(word.start + 0.25 * (word.end - word.start), 0.4 * (word.end - word.start)) for word in words]
    kept: list[tuple[float, float]] = []
    for time, length in places:
        if not kept or time - kept[-1][0] >= SAME_SYLLABLE:
            kept.append((time, length))
    weights = [_weight(time, length, words) for time, length in kept]
    main = _main(weights)
    return tuple(
        Accent(time, length, min(1.0, weight + 0.35 * (number == main)), number == main)
        for number, ((time, length), weight) in enumerate(zip(kept, weights, strict=True))
    )


def _main(weights: list[float]) -> int:
    """The last syllable of some weight: the phrase accent falls there in most languages."""
    heavy = [number for number, weight in enumerate(weights) if weight >= 0.4]
    return heavy[-1] if heavy else len(weights) - 1


def _weight(time: float, length: float, words: list[Word]) -> float:
    """Long vowels in long words weigh most; short words are mostly grammar."""
    word = next((word for word in words if word.start - 0.02 <= time < word.end + 0.02), None)
    size = min((word.end - word.start) / 0.35, 1.0) if word else 0.7
    return min(0.65, 0.65 * size * min(max(length / FULL_VOWEL, 0.5), 1.2))


def _endings(utterance: Utterance) -> dict[Word, Ending]:
    """The punctuation that follows each word in the text, where there is some."""
    found: dict[Word, Ending] = {}
    cursor = 0
    for number, word in enumerate(utterance.words):
        place = utterance.text.find(word.text, cursor, cursor + REACH) if word.text else -1
        if place < 0:
            continue
        cursor = place + len(word.text)
        after = utterance.words[number + 1].text if number + 1 < len(utterance.words) else ""
        until = utterance.text.find(after, cursor, cursor + REACH) if after else -1
        between = word.text[-1:] + utterance.text[cursor : until if until >= 0 else cursor + 4]
        marks = [MARKS[sign] for sign in between if sign in MARKS]
        if marks:
            found[word] = marks[0]
    return found
