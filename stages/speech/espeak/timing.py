"""Who sounds when: espeak-ng's marks turned into phones without gaps and spans of written words.

Knows no library and no file. Times are samples of one sentence's sound.

espeak-ng marks are exact to the sample, but three of them stand elsewhere than where a phonetician would put them
(src/libespeak-ng/synthesize.c, `Generate`): the closure of a voiceless stop comes before its mark, as silence that
would count to the sound before it; a vowel after a nasal or a liquid is marked only after its opening transition; and
pauses between words have no mark of their own. All three are put right here from the waveform.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.speech.espeak.library import RATE, Mark

Samples = NDArray[np.float32]

_MODIFIERS = frozenset("ʲʷˠˤʰʱʼːˑ˞ⁿˡ̩̯̃̊̚")
_SPELLED = {
    "s.": "ʂ", "ts.": "ʈʂ", "ts.h": "ʈʂʰ", "i.": "ɨ", "z.": "ʐ", "th": "tʰ", "tsh": "tsʰ", "tɕh": "tɕʰ", "ph": "pʰ",
    "kh": "kʰ", "?": "ʔ", "n^": "ɲ", "l#": "ɫ", "ll": "l", "ə-": "ə", "ε": "ɛ", "ʦ": "ts",
}  # fmt: skip
"""Names that espeak-ng leaves in its own ASCII spelling."""

CLOSED = tuple("ptkcqʔbdɡɟɢʈɖ")
"""How the names of stops and affricates begin."""

CLOSURE = int(0.070 * RATE)
"""Samples for which lips and tongue are closed before a burst that follows silence."""

_NASAL = tuple("mnɱɲŋɳɴ")
_LIQUID = tuple("lɭɫʎʟrɹɻɾɽʀʁjwɥʋɰ")
_GLIDE = int(0.025 * RATE)  # half of the opening transition after a liquid
_VOWELS = frozenset("aeiouyæøœɑɐɒɔəɘɛɜɞɤɪɨʉʊʌʏɯɚɝɵᵻɶ")
_PAUSE = int(0.045 * RATE)  # shorter silences belong to the sound after them
_QUIET = 0.004  # of full scale; below it a stretch is silence
_ECHO = 0.05  # of the loudest sound around; where a timbre has an echo, below it a stretch is silence


@dataclass(slots=True)
class Span:
    """One phone while it is being put right. `word` is the offset of its word in the text, -1 for none."""

    ipa: str
    stress: int
    start: int
    end: int
    word: int


def phones(marks: Sequence[Mark], sound: Samples) -> list[Span]:
    """The phones of a sentence in order, from its first sound to its last; they touch and have a length."""
    spans = _raw(marks, len(sound))
    quiet = _Quiet(sound, spans[-1].start if spans else 0)
    spans = _merged(spans, quiet)
    for before, span in pairwise(spans):
        if not _vowel(span.ipa):
            continue
        if before.ipa.startswith(_NASAL):
            before.end = span.start = _opening(sound, before.start, span.start)
        elif before.ipa.startswith(_LIQUID):
            before.end = span.start = span.start - min(_GLIDE, (span.start - before.start) * 3 // 10)
    spans = _with_silences(spans, quiet)
    while spans and not spans[-1].ipa:
        spans.pop()
    while spans and not spans[0].ipa:
        spans.pop(0)
    return spans


def silent(samples: Samples) -> bool:
    """Whether nothing can be heard."""
    return float(np.abs(samples).max(initial=0.0)) < _QUIET


def _raw(marks: Sequence[Mark], length: int) -> list[Span]:
    spans: list[Span] = []
    word = -1
    for mark in marks:
        if mark.ipa is None:
            word = max(word, mark.position)
            continue
        stress = 2 if "ˈ" in mark.ipa else 1 if "ˌ" in mark.ipa else 0
        name = mark.ipa.translate({ord(sign): None for sign in "ˈˌ"})
        if name.startswith("("):  # espeak-ng's mark of a change of language
            name = ""
        if spans:
            spans[-1].end = mark.sample
        spans.append(Span(_SPELLED.get(name, name), stress, mark.sample, length, word))
    return spans


def _vowel(ipa: str) -> bool:
    return bool(ipa) and ipa[0] in _VOWELS


class _Quiet:
    """Where a sound is silent. After `over` there is nothing but the echo that some timbres have."""

    def __init__(self, sound: Samples, over: int) -> None:
        step = 22
        blocks = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1, initial=0.0)
        reach = RATE // 5 // step
        padded = np.concatenate((np.zeros(reach, np.float32), blocks))
        around = np.lib.stride_tricks.sliding_window_view(padded, reach + 1).max(axis=1) if len(blocks) else blocks
        self._step = step
        echo = 0.0 if silent(sound[over + step :]) else _ECHO
        self._still = blocks < np.maximum(_QUIET, echo * around)

    def within(self, start: int, end: int) -> bool:
        """Whether (nearly) all of a stretch is silent."""
        still = self._still[start // self._step : max(end // self._step, start // self._step + 1)]
        return bool(still.size == 0 or still.mean() > 0.9)

    def before(self, start: int, end: int) -> int:
        """Where the silence that ends at `end` begins, not before `start`."""
        index = end // self._step
        while index - 1 >= -(-start // self._step) and index <= len(self._still) and self._still[index - 1]:
            index -= 1
        return max(start, min(end, index * self._step))


def _merged(spans: list[Span], quiet: _Quiet) -> list[Span]:
    """Without empty stretches: lone modifiers and unnamed sounds count to the phone before them."""
    kept: list[Span] = []
    for span in spans:
        if span.end <= span.start:
            continue
        if span.ipa == "ʲ" and (not kept or not kept[-1].ipa):
            span.ipa = "j"
        silent = not span.ipa and quiet.within(span.start, span.end)
        nameless = not span.ipa and not silent
        if kept and kept[-1].ipa and (nameless or (span.ipa and set(span.ipa) <= _MODIFIERS)):
            kept[-1].ipa += span.ipa
            kept[-1].end = span.end
        elif kept and not kept[-1].ipa and not span.ipa:
            kept[-1].end = span.end
        elif kept and not kept[-1].ipa and kept[-1].end - kept[-1].start < _PAUSE:
            span.start = kept[-1].start
            kept[-1] = span
        else:
            kept.append(span)
    return kept


def _opening(sound: Samples, start: int, end: int) -> int:
    """When a nasal opens: the steepest rise of energy in the second half of what is marked as the nasal."""
    hop = RATE // 500
    first = start + (end - start) // 4
    frames = [float(np.sqrt(np.mean(sound[at : at + 4 * hop] ** 2))) for at in range(first, end, hop)]
    if len(frames) < 4:
        return end
    level = np.log(np.asarray(frames) + 1e-4)
    rise = level[2:] - level[:-2]
    best = int(np.argmax(rise))
    return first + (best + 3) * hop if rise[best] > 0.15 else end


def _with_silences(spans: list[Span], quiet: _Quiet) -> list[Span]:
    """Silence at a phone's end becomes a pause, or the closure of the stop that follows."""
    done: list[Span] = []
    for index, span in enumerate(spans):
        done.append(span)
        following = spans[index + 1] if index + 1 < len(spans) else None
        if following is None or not following.ipa:
            continue
        closes = following.ipa.startswith(CLOSED)
        if not span.ipa:
            if closes:
                span.end = following.start = max(span.start + (span.end - span.start) // 2, span.end - CLOSURE)
            continue
        began = max(quiet.before(span.start, span.end), span.start + RATE // 100)
        if span.ipa.startswith(CLOSED) and not _vowel(span.ipa):
            began = max(began, span.end - RATE // 20)
        silence = span.end - began
        if silence <= 0:
            continue
        if not closes and silence > _PAUSE:
            done.append(Span("", 0, began, span.end, -1))
        elif closes and silence > 2 * CLOSURE:
            done.append(Span("", 0, began, following.start - CLOSURE, -1))
            following.start -= CLOSURE
        else:
            following.start = began
        span.end = began
    return done


@dataclass(frozen=True, slots=True)
class Heard:
    """A written word `text[start:end]` and the samples in which it sounds."""

    start: int
    end: int
    begins: int
    stops: int


def words(spans: Sequence[Span], written: Sequence[tuple[int, int]], unspaced: frozenset[int]) -> list[Heard]:
    """When each written word sounds.

    A word that is spoken as several ("1969") spans them. A written word that is spoken in one breath with the one
    before it, or not at all, gets its share by length. `unspaced` holds offsets at which a script without spaces
    begins a new word when espeak-ng says so.
    """
    cuts = sorted({span.word for span in spans if span.word in unspaced})
    pieces = _split(written, cuts)
    if not pieces:
        return []
    starts = [start for start, _ in pieces]
    heard: list[list[int] | None] = [None] * len(pieces)
    latest = 0
    for span in spans:
        if not span.ipa:
            continue
        latest = max(latest, bisect_right(starts, max(span.word, 0)) - 1)
        known = heard[latest]
        heard[latest] = [known[0] if known else span.start, span.end]
    return _shared(pieces, heard)


def _split(written: Sequence[tuple[int, int]], cuts: Sequence[int]) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    for start, end in written:
        inner = [cut for cut in cuts if start < cut < end]
        pieces += zip([start, *inner], [*inner, end], strict=True)
    return pieces


def _shared(pieces: Sequence[tuple[int, int]], heard: Sequence[list[int] | None]) -> list[Heard]:
    """Give each piece that was not heard a share of the one before it, or after it at the start."""
    groups: list[tuple[list[tuple[int, int]], list[int]]] = []
    waiting: list[tuple[int, int]] = []
    for piece, span in zip(pieces, heard, strict=True):
        if span is not None:
            groups.append(([*waiting, piece], span))
            waiting = []
        elif groups:
            groups[-1][0].append(piece)
        else:
            waiting.append(piece)
    found: list[Heard] = []
    for members, (begins, stops) in groups:
        total = sum(end - start for start, end in members)
        done = 0
        for start, end in members:
            share = [begins + (stops - begins) * part // total for part in (done, done + end - start)]
            found.append(Heard(start, end, share[0], share[1]))
            done += end - start
    return found
