"""A voice sample: checked for what a voice can be taken from, cut to the speech in it, at the encoder's sample rate.

Knows no network and not whose voice it is. Thresholds are measured on clean and noisy speech in two languages, on a
synthesiser, noise, hum, chords and melodies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from avatar.errors import BadRequest
from avatar.face.acoustic_features import HOP, Heard, Listener
from avatar.media.sound import Samples
from stages.speech import stretch
from stages.speech.upload import decoding
from stages.speech.upload.perform import trimmed

RATE: Final = 16_000
SHORTEST, LONGEST = 3.0, 30.0
"""Seconds of speech, without the silence around it."""
DECODED: Final = 180.0
"""Seconds of a file that are looked at for them."""
CLIPPED = 1e-3
"""Share of samples at full scale above which the voice itself is distorted."""
COVERED, NOISY = 14.0, 20.0
"""Decibels between the loud passages and the quietest ones below which the voice is covered, and touched, by noise.
Speech at 10 dB above white noise has 16, at 20 dB 26; melodies without rests have 11."""
VOICED, LEAST_VOICED = 0.2, 1.0
"""Least share of the loud frames, and least seconds, that have a voice's period. Speech has 0.3 to 0.7."""
CHANGES = 0.45
"""Least mean change of the spectrum from frame to frame, in natural log: speech has 0.55 to 1, held sounds 0.35."""
SPREAD = 3.0
"""Least standard deviation of the level, in dB: speech has 4 to 11, tones that go on and off 1.4."""
USEFUL = "Send 3 to 30 seconds of one person speaking, in a quiet room and without music."


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The speech of a voice sample; `notes` say what could be better."""

    samples: Samples
    notes: tuple[str, ...]


def take(path: Path, folder: Path, step: Callable[[], None], *, rate: int = RATE) -> Sample:
    """Read a voice sample, at `rate` samples a second. `step` is called often.

    Raises UnsupportedMedia for what is no sound, TooLarge for hours of it, BadRequest for what holds no usable voice.
    """
    raw = folder / "sample.f32"
    tally = decoding.decode(path, raw, lambda _seconds: step(), longest=DECODED)
    listener = Listener(decoding.RATE)
    blocks = []
    for block in decoding.blocks(raw, mean=tally.mean):
        step()
        listener.push(block)
        blocks.append(block)
    heard = listener.heard()
    cut = trimmed(heard, tally.count)
    inside = slice(round(cut.start / decoding.RATE / HOP), round(cut.end / decoding.RATE / HOP))
    kept = heard.within(inside)
    _check_length((cut.end - cut.start) / decoding.RATE)
    if tally.full > CLIPPED * tally.count:
        raise BadRequest("The voice sample is clipped: too loud for its microphone. Record it again, more softly.")
    notes = tuple(_judged(kept))
    samples = np.concatenate(blocks)[cut.start : cut.end]
    return Sample(stretch.resampled(samples, round(len(samples) * rate / decoding.RATE)), notes)


def _check_length(seconds: float) -> None:
    if seconds < SHORTEST:
        raise BadRequest(f"The voice sample has {seconds:.1f} s of sound, too few to know a voice by. {USEFUL}")
    if seconds > LONGEST:
        raise BadRequest(f"The voice sample has {seconds:.0f} s of sound. Cut out the best 30 s or less.")


def _judged(heard: Heard) -> list[str]:
    """What is to be told of the sound. Raises BadRequest when there is no voice in it that could be taken."""
    loud = heard.level > heard.loud - 25.0
    voiced = loud & (heard.voicing > 0.55)
    changes = np.abs(np.diff(heard.bands.astype(np.float32), axis=0)).mean(axis=1)[loud[1:]]
    spread = float(heard.level[heard.level > heard.loud - 40.0].std())
    clear = heard.loud - float(np.percentile(heard.level, 3))
    share = float(voiced.sum()) / max(float(loud.sum()), 1.0)
    if share < VOICED or voiced.sum() * HOP < LEAST_VOICED or changes.mean() < CHANGES or spread < SPREAD:
        raise BadRequest(f"No speech is heard in the voice sample. {USEFUL}")
    if clear < COVERED:
        raise BadRequest(f"Noise or music covers the voice in the sample ({clear:.0f} dB apart). {USEFUL}")
    if clear < NOISY:
        return ["There is noise in the voice sample, which the voice may have taken on. Record it in a quieter room."]
    return []
