"""An utterance of several speakers: who says what, and who speaks when. Knows no caption and no face."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from avatar.artifacts import Utterance, Word

AHEAD = 0.14
"""Seconds before a turn's first sound from which its speaker counts as speaking: the mouth opens before it sounds."""
SLACK = 0.05
"""Seconds by which a word may begin before its turn."""


def named(utterance: Utterance) -> tuple[Utterance, ...]:
    """An utterance for each turn, that begins with `Ada:` as a word without length; the whole where one alone speaks.

    Times stay those of the whole; `seconds` is when the next turn begins. Phones are left out of turns.
    """
    if not utterance.turns:
        return (utterance,)
    found = []
    ends = [(turn.at, turn.start) for turn in utterance.turns[1:]] + [(len(utterance.text), utterance.seconds)]
    starts = [turn.start - SLACK for turn in utterance.turns]
    places = [max(0, bisect_right(starts, word.start) - 1) for word in utterance.words]
    for number, (turn, (at, until)) in enumerate(zip(utterance.turns, ends, strict=True)):
        words = tuple(word for word, place in zip(utterance.words, places, strict=True) if place == number)
        name = Word(f"{turn.speaker}:", *(2 * (words[0].start if words else turn.start,)))
        text = f"{name.text} {utterance.text[turn.at : at].strip()}"
        found.append(replace(utterance, seconds=until, text=text, phones=(), words=(name, *words), turns=()))
    return tuple(found)


def speakers(utterance: Utterance) -> tuple[str, ...]:
    """Who says each word; nothing where one alone speaks."""
    if not utterance.turns:
        return ()
    starts = [turn.start - SLACK for turn in utterance.turns]
    places = (max(0, bisect_right(starts, word.start) - 1) for word in utterance.words)
    return tuple(utterance.turns[place].speaker for place in places)


def names(utterance: Utterance) -> tuple[str, ...]:
    """Everybody who speaks, in the order in which they begin to."""
    return tuple(dict.fromkeys(turn.speaker for turn in utterance.turns))


def speaking(utterance: Utterance, times: Iterable[float]) -> list[int]:
    """The place among `names` of whoever speaks, or spoke last, at each of these times."""
    starts = [turn.start - AHEAD for turn in utterance.turns]
    order = [names(utterance).index(turn.speaker) for turn in utterance.turns]
    return [order[max(0, bisect_right(starts, time) - 1)] for time in times]
