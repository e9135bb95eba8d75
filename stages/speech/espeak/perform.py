"""A text spoken by espeak-ng, sentence by sentence onto the disk. Knows neither the library's calls nor the store."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from avatar import records
from avatar.artifacts import Speech
from avatar.disk import storage_errors
from avatar.errors import BadRequest, Unavailable
from avatar.media import mastering, text
from avatar.media.sound import Samples
from avatar.stage import Context
from stages.speech import languages, neural, pauses, voices
from stages.speech.brief import Brief
from stages.speech.espeak import timing
from stages.speech.espeak.library import RATE, Controls, Synthesiser
from stages.speech.espeak.timeline import HEAD, TAIL, Stretch, TimeLine, seconds

LUFS, CEILING = -16.0, -1.8
"""Loudness, and true peak in dBTP: AAC adds up to 0.3 dB, and a film may have -1."""

Step = Callable[[int, int], None]
NONE: Mapping[int, float] = MappingProxyType({})

_MELODY = 66
"""Width of the melody in espeak-ng's units, where its own 50 sounds monotonous."""

_SPREAD = 0.206
"""How much espeak-ng lowers the voice when the melody widens by its normal width, relative to the voice's base.

From `SetPitch2` in src/libespeak-ng/wavegen.c; with it a pitch in semitones moves voice and melody alike. Measured:
right within 0.6 semitones from -8 to +7; espeak-ng's compass ends at -9 and +9.
"""

_PACE = (
    (80, 0.515), (87, 0.533), (100, 0.61), (120, 0.729), (140, 0.858), (165, 1.0), (175, 1.059), (200, 1.204),
    (230, 1.381), (260, 1.538), (300, 1.76), (325, 1.9), (350, 2.04),
)  # fmt: skip
"""espeak-ng's words a minute and the pace it really speaks at, relative to 165, measured."""


def perform(brief: Brief, context: Context, /) -> Speech:
    """Speak the brief's text.

    Raises BadRequest, NotFound and TooLarge for what can't be spoken, Unavailable for kanji, StorageError, Cancelled.
    """
    controls = _controls(brief.rate, brief.pitch)
    said = text.clean(brief.text)
    choice = voices.choose(brief.voice)
    folder = context.scratch()

    def step(done: int, total: int) -> None:
        context.step(done, total + 1)

    wanted = pauses.places(said, brief.pauses)
    path = folder / "speech.f32"
    line, language = speak(said, choice, controls, path=path, pace=brief.rate, step=step, silences=wanted)
    with storage_errors(folder):
        return _kept(line, language, choice.variant, context, notes=_instead(brief, choice, language))


def speak(
    said: str,
    choice: voices.Choice,
    controls: Controls,
    *,
    path: Path,
    pace: float = 1.0,
    step: Step,
    silences: Mapping[int, float] = NONE,
) -> tuple[TimeLine, str]:
    """A cleaned text as sound at `path`, with its times, and the language of most of it.

    `step` is told the stretches that are done, and all; `silences` are seconds that are wanted before some offsets.
    Raises Unavailable, StorageError and what `step` raises.
    """
    stretches = parted(plan(said, choice), said, silences)
    head, tail = max(HEAD, silences.get(0, 0.0)), max(TAIL, silences.get(len(said), 0.0))
    line = TimeLine(said, path, pace=pace, head=head, tail=tail)
    with storage_errors(path.parent), Synthesiser() as synthesiser, line:
        for index, stretch in enumerate(stretches):
            step(index, len(stretches))
            spoken = languages.readable(text.aloud(said[stretch.start : stretch.end]), stretch.language)
            voice = voices.file_of(stretch.language, choice.variant)
            samples, marks = synthesiser.speak(spoken, voice=voice, controls=controls)
            line.add(stretch, timing.phones(marks, samples), samples)
        line.finish()
    if not line.words:
        raise Unavailable("espeak-ng has no voice for this script. Write the text in another one.")
    return line, _main(stretches)


def _instead(brief: Brief, choice: voices.Choice, language: str) -> tuple[str, ...]:
    """What is to be told when another voice was wanted than the one that says most of it, in this language."""
    if brief.reference is not None:
        return ("The voice of the sample could not be taken on here; a built-in voice speaks instead.",)
    if neural.named(brief.voice):
        return (f"The voice {neural.find(brief.voice).id} could not speak here; a built-in one speaks instead.",)
    if choice.language not in ("", language):
        return (f"The voice {choice.language} does not read most of these letters; {language} speaks instead.",)
    return ()


def _kept(line: TimeLine, language: str, variant: str, context: Context, *, notes: tuple[str, ...]) -> Speech:
    """The finished sound and its times, in the store."""
    folder = context.scratch()
    wav, times = folder / "speech.wav", folder / "utterance.json"

    def again() -> Iterator[Samples]:
        for block in line.blocks():
            context.step(line.stretches, line.stretches + 1)
            yield block

    length = mastering.master(again, wav, rate=RATE, lufs=LUFS, ceiling=CEILING)
    times.write_bytes(records.dump(line.utterance(language)))
    context.step(line.stretches + 1, line.stretches + 1)
    name = f"{language}+{variant}" if variant else language
    blobs = context.keep(wav, "audio/wav"), context.keep(times, "application/json")
    return Speech(*blobs, seconds(length), RATE, name, notes, language)


def _main(stretches: tuple[Stretch, ...]) -> str:
    """The language of most of the text."""
    sizes: Counter[str] = Counter()
    for stretch in stretches:
        sizes[stretch.language] += stretch.end - stretch.start
    return sizes.most_common(1)[0][0]


def _controls(rate: float, pitch: float) -> Controls:
    """What espeak-ng is told. Raises BadRequest outside 0.5..2 and -12..12 semitones."""
    if not 0.5 <= rate <= 2.0:
        raise BadRequest(f"A rate of {rate:g} can't be spoken. Choose 0.5 (slow) to 2 (fast); 1 is natural.")
    if not -12.0 <= pitch <= 12.0:
        raise BadRequest(f"A pitch of {pitch:g} semitones can't be spoken. Choose -12 (low) to 12 (high).")
    per_minute, pace = np.array(_PACE).T
    factor = 2.0 ** (pitch / 12.0)
    reach = min(99.0, _MELODY * factor)
    base = factor * (1.0 - _SPREAD * (_MELODY / 50.0 - 1.0)) + _SPREAD * (reach / 50.0 - 1.0)
    height = 50.0 + 50.0 * np.log2(max(base, 0.5))
    return Controls(round(float(np.interp(rate, pace, per_minute))), min(99, round(float(height))), round(reach))


def plan(said: str, choice: voices.Choice) -> tuple[Stretch, ...]:
    """The text in stretches, each with the language that reads it.

    A language that was asked for reads what it can; letters it does not know are read by the language of their script.
    Raises Unavailable for kanji, which espeak-ng can't read.
    """
    main = choice.language or languages.of_text(said)
    stretches: list[Stretch] = []
    for sentence in text.sentences(said, language=main):
        stretches += _by_script(said, sentence, main, choice.language)
    return tuple(stretches)


def parted(stretches: tuple[Stretch, ...], said: str, silences: Mapping[int, float]) -> tuple[Stretch, ...]:
    """The stretches, cut where silence is wanted within one, each with the silence that is wanted after it."""
    done = list(stretches)
    for at, length in sorted(silences.items()):
        if not 0 < at < len(said):
            continue
        number = next(index for index, stretch in reversed(list(enumerate(done))) if stretch.start < at)
        found = done[number]
        if text.speakable(said[found.start : at]) and text.speakable(said[at : found.end]):
            done.insert(number + 1, replace(found, start=at))
            found = replace(found, end=at, ends="cut")
        done[number] = replace(found, silence=length)
    return tuple(done)


def _by_script(said: str, sentence: text.Sentence, main: str, asked: str) -> Iterator[Stretch]:
    """One sentence, cut where the script changes to one that its voice can't read."""
    part = said[sentence.start : sentence.end]
    known = languages.reads if asked else languages.native
    present = languages.scripts(part)
    own = main if not present or any(known(main, script) for script in present) else languages.of_text(part)
    start, language = sentence.start, own
    for at in range(sentence.start, sentence.end):
        script = languages.script_of(said[at])
        if not script or languages.named(said, at):
            continue
        if (own, script) == ("ja", "CJK"):
            raise Unavailable("espeak-ng can't read kanji. Write the text in kana.")
        reader = own if languages.reads(own, script) else languages.of_script(script)
        if reader != language:
            if text.speakable(said[start:at]):
                yield Stretch(start, at, "cut", language)
                start = at
            language = reader
    yield Stretch(start, sentence.end, sentence.ends, language)
