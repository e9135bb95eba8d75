"""A recording made fit for a film: decoded, trimmed, made equally loud, its sounds told. Knows no file format."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar import records
from avatar.artifacts import Phone, Speech, Utterance, Word
from avatar.disk import storage_errors
from avatar.errors import BadRequest
from avatar.face import acoustic
from avatar.face.acoustic_features import HOP, Heard, Listener
from avatar.face.lips_score import joined
from avatar.media import mastering, text
from avatar.media.sound import Samples
from avatar.stage import Context
from stages.speech.brief import Brief
from stages.speech.upload import condition, decoding, matching
from stages.speech.upload.decoding import RATE

LUFS, CEILING = -16.0, -2.5
"""As loud as the voices that are made here; real recordings, as AAC brings them back, peak up to 1 dB higher."""
LONG = 1.0
"""Seconds of silence at an end from which it is shortened, and to how many: speech itself is never cut."""
KEPT = (0.5, 0.8)
BREATH = 0.15
"""Seconds of silence in which the mouth can open before the first sound; laid before a recording that has less."""
QUIET, OVER = 50.0, 6.0
"""Decibels below the loud passages, and over the recording's own noise, down to which anything may be speech."""
FADE = 0.005
STEPS = 100

NAME = "recording"
"""What the finished speech says of its voice."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Which samples of the decoded sound are kept, `start` to `end`, and how many of silence come before and after."""

    start: int
    end: int
    before: int
    after: int

    @property
    def length(self) -> int:
        """Samples in all."""
        return self.before + self.end - self.start + self.after

    @property
    def sounding(self) -> float:
        """Seconds of the recording that are kept."""
        return round((self.end - self.start) / RATE, 5)


def perform(brief: Brief, context: Context, /) -> Speech:
    """The brief's recording as speech.

    Raises UnsupportedMedia, BadRequest and TooLarge for what can't be used, StorageError, Cancelled.
    """
    if brief.audio is None:
        raise BadRequest("There is no recording. Send one, or a text to be spoken.")
    folder = context.scratch()
    raw, wav, times = folder / "decoded.f32", folder / "speech.wav", folder / "utterance.json"
    context.step(0, STEPS)
    tally = decoding.decode(context.path(brief.audio), raw, lambda _seconds: context.step(1, STEPS))
    heard = _heard(raw, tally.mean, context)
    cut = trimmed(heard, tally.count)
    kept = _within(heard, cut)
    match = _matched(kept, brief, cut, context)
    utterance = _utterance(kept, cut, match if match and match.fits else None, brief)
    told = tuple(condition.notes(tally, heard, asked=bool(brief.text), match=match))

    def again() -> Iterator[Samples]:
        for block in _blocks(raw, cut, tally.mean):
            context.step(90, STEPS)
            yield block

    with storage_errors(folder):
        length = mastering.master(again, wav, rate=RATE, lufs=LUFS, ceiling=CEILING)
        times.write_bytes(records.dump(utterance))
    context.step(STEPS, STEPS)
    blobs = context.keep(wav, "audio/wav"), context.keep(times, "application/json")
    pitch = round(kept.pitch, 1)
    return Speech(*blobs, round(length / RATE, 5), RATE, NAME, told, utterance.language, exact=False, pitch=pitch)


def _heard(raw: Path, mean: float, context: Context) -> Heard:
    listener = Listener(RATE)
    for block in decoding.blocks(raw, mean=mean):
        context.step(30, STEPS)
        listener.push(block)
    return listener.heard()


def trimmed(heard: Heard, count: int) -> Cut:
    """What is kept of `count` samples: everything that may be speech, and some silence around it."""
    noise = float(np.percentile(heard.level, 5)) if len(heard) else -100.0
    limit = max(heard.loud - QUIET, min(noise + OVER, heard.loud - 30.0))
    loud = np.flatnonzero(heard.level > limit)
    first, last = (float(loud[0]) * HOP, float(loud[-1] + 1) * HOP) if len(loud) else (0.0, count / RATE)
    seconds = count / RATE
    start = first - KEPT[0] if first > LONG else 0.0
    end = last + KEPT[1] if seconds - last > LONG else seconds
    start = max(0.0, round(start / HOP) * HOP)
    before = round(max(0.0, BREATH - (first - start)) / HOP) * HOP
    after = max(0.0, BREATH - (end - last))
    return Cut(round(start * RATE), min(round(end * RATE), count), round(before * RATE), round(after * RATE))


def _within(heard: Heard, cut: Cut) -> Heard:
    """The frames of what is kept, from its first sample on."""
    inside = slice(round(cut.start / RATE / HOP), round(cut.end / RATE / HOP))
    return heard.within(inside)


def _blocks(raw: Path, cut: Cut, mean: float) -> Iterator[Samples]:
    """The kept samples, faded where they were cut, with silence around."""
    fade = round(FADE * RATE)
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    yield np.zeros(cut.before, np.float32)
    left, first = cut.end - cut.start, True
    for block in decoding.blocks(raw, mean=mean, start=cut.start, end=cut.end):
        size = min(fade, len(block))
        if first:
            block[:size] *= ramp[:size]
        left -= len(block)
        if left == 0:
            block[-size:] *= ramp[::-1][-size:]
        first = False
        yield block
    yield np.zeros(cut.after, np.float32)


def _matched(heard: Heard, brief: Brief, cut: Cut, context: Context) -> matching.Match | None:
    """The brief's text along what is kept; none without one, or where it can't be read."""
    if not text.speakable(brief.text):
        return None

    def step() -> None:
        context.step(60, STEPS)

    said, folder = text.clean(brief.text), context.scratch()
    return matching.match(heard, said, language=brief.language, seconds=cut.sounding, folder=folder, step=step)


def _utterance(heard: Heard, cut: Cut, match: matching.Match | None, brief: Brief) -> Utterance:
    """What is said when: by the text where it fits, else by ear."""
    phones = match.phones if match else acoustic.phones(heard, seconds=cut.sounding)
    words, language = (match.words, match.language) if match else ((), brief.language)
    said = text.clean(brief.text) if match else ""
    seconds, shift = round(cut.length / RATE, 5), cut.before / RATE
    return Utterance(seconds, language, said, _moved(phones, shift, seconds), _words(words, shift), exact=False)


def _moved(phones: tuple[Phone, ...], shift: float, seconds: float) -> tuple[Phone, ...]:
    """The phones later by `shift`, with pauses before and after them."""
    later = [
        Phone(phone.ipa, round(phone.start + shift, 5), round(phone.end + shift, 5), phone.stress) for phone in phones
    ]
    begins, ends = (later[0].start, later[-1].end) if later else (seconds, seconds)
    if begins > 0.0:
        later.insert(0, Phone("", 0.0, begins))
    if ends < seconds:
        later.append(Phone("", ends, seconds))
    return joined(tuple(later))


def _words(words: tuple[Word, ...], shift: float) -> tuple[Word, ...]:
    return tuple(Word(word.text, round(word.start + shift, 5), round(word.end + shift, 5)) for word in words)
