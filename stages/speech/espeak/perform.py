"""A text spoken by espeak-ng, sentence by sentence onto the disk. Knows neither the library's calls nor the store."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from avatar import records
from avatar.artifacts import Speech
from avatar.errors import BadRequest, Unavailable
from avatar.media import sound, text
from avatar.stage import Context
from stages.speech import languages, voices
from stages.speech.brief import Brief
from stages.speech.espeak import timing
from stages.speech.espeak.library import RATE, Synthesiser
from stages.speech.espeak.timeline import Stretch, TimeLine, seconds

LUFS, CEILING = -16.0, -1.0

_MELODY = 66
"""Width of the melody in espeak-ng's units, where its own 50 sounds monotonous."""

_SPREAD = 0.206
"""How much espeak-ng lowers the voice when the melody widens by its normal width, relative to the voice's base.

From `SetPitch2` in src/libespeak-ng/wavegen.c; with it a pitch in semitones moves voice and melody alike. Measured:
right within half a semitone from -9 to +10, where espeak-ng's compass ends.
"""

_PACE = (
    (80, 0.476), (87, 0.493), (100, 0.572), (120, 0.696), (140, 0.833), (160, 0.961), (165, 1.0), (175, 1.072),
    (200, 1.244), (230, 1.468), (260, 1.683), (300, 2.001), (350, 2.455),
)  # fmt: skip
"""espeak-ng's words a minute and the pace it really speaks at, relative to 165, measured."""


def perform(brief: Brief, context: Context, /) -> Speech:
    """Speak the brief's text.

    Raises BadRequest, NotFound and TooLarge for what can't be spoken, Unavailable for kanji, StorageError, Cancelled.
    """
    words_per_minute, pitch, reach = _controls(brief.rate, brief.pitch)
    said = text.clean(brief.text)
    choice = voices.choose(brief.voice)
    stretches = plan(said, choice)
    folder = context.scratch()
    with Synthesiser() as synthesiser, TimeLine(said, folder / "speech.f32", pace=brief.rate) as line:
        for index, stretch in enumerate(stretches):
            context.step(index, len(stretches) + 1)
            spoken = text.aloud(said[stretch.start : stretch.end])
            voice = voices.file_of(stretch.language, choice.variant)
            data, marks = synthesiser.speak(spoken, voice=voice, rate=words_per_minute, pitch=pitch, reach=reach)
            samples = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)
            line.add(stretch, timing.phones(marks, samples), samples)
        line.finish()
    if not line.words:
        raise BadRequest(f"The voice {brief.voice!r} can say nothing of this text. Choose a voice of its language.")
    language = _main(stretches)
    wav = folder / "speech.wav"
    length = sound.master(line.blocks, wav, rate=RATE, lufs=LUFS, ceiling=CEILING)
    utterance = folder / "utterance.json"
    utterance.write_bytes(records.dump(line.utterance(language)))
    context.step(len(stretches) + 1, len(stretches) + 1)
    name = f"{language}+{choice.variant}" if choice.variant else language
    wav_blob, words_blob = context.keep(wav, "audio/wav"), context.keep(utterance, "application/json")
    return Speech(wav_blob, words_blob, seconds(length), RATE, name)


def _main(stretches: tuple[Stretch, ...]) -> str:
    """The language of most of the text."""
    sizes: Counter[str] = Counter()
    for stretch in stretches:
        sizes[stretch.language] += stretch.end - stretch.start
    return sizes.most_common(1)[0][0]


def _controls(rate: float, pitch: float) -> tuple[int, int, int]:
    """espeak-ng's words a minute, pitch and range. Raises BadRequest outside 0.5..2 and -12..12 semitones."""
    if not 0.5 <= rate <= 2.0:
        raise BadRequest(f"A rate of {rate:g} can't be spoken. Choose 0.5 (slow) to 2 (fast); 1 is natural.")
    if not -12.0 <= pitch <= 12.0:
        raise BadRequest(f"A pitch of {pitch:g} semitones can't be spoken. Choose -12 (low) to 12 (high).")
    per_minute, pace = np.array(_PACE).T
    factor = 2.0 ** (pitch / 12.0)
    reach = min(99.0, _MELODY * factor)
    base = factor * (1.0 - _SPREAD * (_MELODY / 50.0 - 1.0)) + _SPREAD * (reach / 50.0 - 1.0)
    height = 50.0 + 50.0 * np.log2(max(base, 0.5))
    return round(float(np.interp(rate, pace, per_minute))), min(99, round(float(height))), round(reach)


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


def _by_script(said: str, sentence: text.Sentence, main: str, asked: str) -> Iterator[Stretch]:
    """One sentence, cut where the script changes to one that its voice can't read."""
    part = said[sentence.start : sentence.end]
    known = languages.reads if asked else languages.native
    present = languages.scripts(part)
    own = main if not present or any(known(main, script) for script in present) else languages.of_text(part)
    start, language = sentence.start, own
    for at in range(sentence.start, sentence.end):
        script = languages.script_of(said[at])
        if not script:
            continue
        if (own, script) == ("ja", "CJK"):
            raise Unavailable("espeak-ng can't read kanji. Write the text in kana, or choose another voice.")
        reader = own if languages.reads(own, script) else languages.of_script(script)
        if reader != language:
            if text.speakable(said[start:at]):
                yield Stretch(start, at, "cut", language)
                start = at
            language = reader
    yield Stretch(start, sentence.end, sentence.ends, language)
