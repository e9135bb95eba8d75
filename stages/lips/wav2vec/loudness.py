"""How far a loud voice opens the mouth, and which syllables it stresses. Knows neither letters nor pictures.

Speakers who raise their voice open their mouths wider (Schulman 1989, JASA 85, p. 295; Huber and Chandrasekaran 2006).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone, Utterance
from avatar.face.acoustic_features import HOP, Heard
from avatar.face.tracks import COLUMN, Track
from avatar.face.visemes import visemes

Array = NDArray[np.float64]

OPENING = (
    "jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
"""Columns that a louder voice raises; closures stay shut, whatever the jaw does."""
WIDER = 0.025
"""How much wider the mouth opens for each decibel over the recording's usual vowel, as a share."""
LEAST, MOST = 0.75, 1.2
SOFT = 6.0
"""Decibels below the usual stressed vowel from which a vowel counts as stressed less."""


def levels(phones: Sequence[Phone], heard: Heard) -> Array:
    """The level of each phone in dB, (n,): that of its louder frames."""
    found = np.full(len(phones), -100.0)
    for number, phone in enumerate(phones):
        inside = heard.level[int(phone.start / HOP) : max(int(phone.end / HOP), int(phone.start / HOP) + 1)]
        if len(inside):
            found[number] = float(np.percentile(inside, 80))
    return found


def stressed(utterance: Utterance, heard: Heard) -> Utterance:
    """The utterance with the stress of vowels lowered by one that are said softly."""
    level = levels(utterance.phones, heard)
    strong = [number for number, phone in enumerate(utterance.phones) if phone.stress == 2]
    if not strong:
        return utterance
    limit = float(np.median(level[strong])) - SOFT
    phones = tuple(
        replace(phone, stress=phone.stress - 1) if phone.stress and level[number] < limit else phone
        for number, phone in enumerate(utterance.phones)
    )
    return replace(utterance, phones=phones)


def opened(track: Track, utterance: Utterance, *, heard: Heard, fps: int) -> Track:
    """A copy of a mouth's track, wider where the voice is louder than usual, narrower where it is softer."""
    vowels = [phone for phone in utterance.phones if phone.ipa and any(seen.vowel for seen in visemes(phone.ipa))]
    if not vowels:
        return track
    level = levels(vowels, heard)
    gain = np.clip(1.0 + WIDER * (level - np.median(level)), LEAST, MOST)
    middles = [0.5 * (phone.start + phone.end) for phone in vowels]
    curve = np.interp(np.arange(len(track)) / fps, middles, gain)[:, None]
    both = track.copy()
    columns = [COLUMN[name] for name in OPENING]
    both[:, columns] = np.clip(both[:, columns] * curve, 0.0, 1.0)
    return both
