"""What is to be told about a recording: damaged, clipped, noisy, another text. Knows neither files nor faces."""

from collections.abc import Iterator

import numpy as np

from avatar.face.acoustic_features import HOP, Heard
from stages.speech.upload.decoding import Tally
from stages.speech.upload.matching import FITTING, Match

CLIPPED = 2e-4
"""Share of samples at full scale from which a recording is distorted; a single peak is not."""
NOISY = 18.0
"""Decibels between loud passages and the quietest ones below which noise covers the soft sounds."""
JUDGED = 2.0
"""Seconds from which there are quiet passages to judge the noise by."""


def notes(tally: Tally, heard: Heard, *, asked: bool, match: Match | None) -> Iterator[str]:
    """A sentence or two for each thing; `asked` is whether a text came with the recording."""
    if tally.damaged:
        yield "The recording is damaged; what could not be read was left out."
    if tally.full > CLIPPED * tally.count:
        yield "The recording is clipped: too loud for its microphone. Lips and sound would be better from a softer one."
    if len(heard) * HOP >= JUDGED and heard.loud - float(np.percentile(heard.level, 3)) < NOISY:
        yield "There is much noise in the recording, so that the lips are less sure. Record in a quieter room."
    if asked and (match is None or not match.fits):
        score = (
            f"likeness {match.score:.2f}, {FITTING:g} is needed" if match else "it can't be read, or not in this time"
        )
        yield f"The text is not what is said in the recording ({score}), and was left out; the lips go by ear alone."
