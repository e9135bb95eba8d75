"""The voices of neural networks: which there are, which is meant, which built-in voice comes nearest.

Knows no network. Ids are `speecht5/bdl`; the names are those that the CMU Arctic corpus gave its speakers.
"""

import difflib
from dataclasses import dataclass
from typing import Literal

from avatar.errors import NotFound

SPEECHT5 = "speecht5"
CLONED = "cloned"
"""What a speech says of its voice when it was made after a voice sample."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice; `built_in` is the one that speaks when this can't."""

    id: str
    name: str
    gender: Literal["female", "male"]
    built_in: str


SPEAKERS = (
    Speaker("speecht5/slt", "Arctic SLT (US English, neural)", "female", "en-us+f2"),
    Speaker("speecht5/clb", "Arctic CLB (US English, neural)", "female", "en-us+f1"),
    Speaker("speecht5/bdl", "Arctic BDL (US English, neural)", "male", "en-us+m3"),
    Speaker("speecht5/rms", "Arctic RMS (US English, neural)", "male", "en-us+m1"),
    Speaker("speecht5/awb", "Arctic AWB (Scottish English, neural)", "male", "en-gb-scotland+m3"),
    Speaker("speecht5/jmk", "Arctic JMK (Canadian English, neural)", "male", "en-us+m3"),
    Speaker("speecht5/ksp", "Arctic KSP (Indian English, neural)", "male", "en-gb+m3"),
)
_BY_ID = {speaker.id: speaker for speaker in SPEAKERS}


def named(voice: str) -> bool:
    """Whether the id is one of a neural voice, known or not."""
    return voice.strip().lower().partition("/")[0] == SPEECHT5


def find(voice: str) -> Speaker:
    """The speaker of this id; of `speecht5` alone the usual one. Raises NotFound with the nearest ids."""
    name = voice.strip().lower()
    if name == SPEECHT5:
        return SPEAKERS[0]
    if name not in _BY_ID:
        near = difflib.get_close_matches(name, list(_BY_ID), n=3, cutoff=0.4)
        raise NotFound(f"There is no voice {voice[:80]!r}. Did you mean {', '.join(near or list(_BY_ID)[:3])}?")
    return _BY_ID[name]
