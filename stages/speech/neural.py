"""The voices of neural networks: which there are, which is meant, which built-in voice comes nearest.

Knows no network. Ids begin with their family: `speecht5/bdl`, named as the CMU Arctic corpus named its speakers, and
`mms:deu`, named by its language in ISO 639-3, `piper:de-thorsten`. A family alone, as `mms`, stands for its voice for
the text's language.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from avatar.errors import NotFound

SPEECHT5, MMS, POCKET, PIPER = "speecht5", "mms", "pocket", "piper"
FAMILIES = (SPEECHT5, MMS, POCKET, PIPER)
CLONED = "cloned"
"""What a speech says of its voice when it was made after a voice sample."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice and the language that it speaks; `built_in` is the one that speaks when this can't."""

    id: str
    name: str
    gender: Literal["female", "male", ""]
    built_in: str
    language: str = "en-us"

    @property
    def family(self) -> str:
        """Which kind of network speaks."""
        return family(self.id)


ARCTIC = (
    Speaker("speecht5/slt", "Arctic SLT (US English, neural)", "female", "en-us+f2"),
    Speaker("speecht5/clb", "Arctic CLB (US English, neural)", "female", "en-us+f1"),
    Speaker("speecht5/bdl", "Arctic BDL (US English, neural)", "male", "en-us+m3"),
    Speaker("speecht5/rms", "Arctic RMS (US English, neural)", "male", "en-us+m1"),
    Speaker("speecht5/awb", "Arctic AWB (Scottish English, neural)", "male", "en-gb-scotland+m3"),
    Speaker("speecht5/jmk", "Arctic JMK (Canadian English, neural)", "male", "en-us+m3"),
    Speaker("speecht5/ksp", "Arctic KSP (Indian English, neural)", "male", "en-gb+m3"),
)
LANGUAGES = (
    ("eng", "en-us", "English"), ("deu", "de", "German"), ("fra", "fr-fr", "French"), ("spa", "es", "Spanish"),
    ("por", "pt-br", "Portuguese"), ("nld", "nl", "Dutch"), ("pol", "pl", "Polish"), ("rus", "ru", "Russian"),
    ("hin", "hi", "Hindi"),
)  # fmt: skip
"""Of MMS: their ids, the built-in synthesiser's tags, names."""
MANY = tuple(Speaker(f"mms:{code}", f"MMS {name} (neural)", "", tag, tag) for code, tag, name in LANGUAGES)
OWN = Speaker("pocket", "Pocket TTS (English, neural, after a voice sample)", "", "en-us")
PIPERS = (
    Speaker("piper:en-ljspeech", "Piper LJSpeech (US English, neural)", "female", "en-us+f2", "en-us"),
    Speaker("piper:de-thorsten", "Piper Thorsten (German, neural)", "male", "de+m3", "de"),
    Speaker("piper:fr-siwis", "Piper Siwis (French, neural)", "female", "fr-fr+f2", "fr-fr"),
)
SPEAKERS = (*ARCTIC, *MANY, OWN, *PIPERS)
_BY_ID = {speaker.id: speaker for speaker in SPEAKERS}


def family(voice: str) -> str:
    """The kind of network that an id names, whether there is that voice or not; empty for a built-in one."""
    head = re.split("[/:]", voice.strip().lower(), maxsplit=1)[0]
    return head if head in FAMILIES else ""


def backend(voice: str) -> str:
    """The backend that speaks for a neural voice's id."""
    return voice.replace(":", "-") if family(voice) in (MMS, PIPER) else family(voice)


def named(voice: str) -> bool:
    """Whether the id is one of a neural voice, known or not."""
    return bool(family(voice))


def find(voice: str, language: str = "") -> Speaker:
    """The speaker of this id; of a family alone the usual one, or that for `language` if it has one.

    Raises NotFound with the nearest ids.
    """
    name = voice.strip().lower()
    if name in (SPEECHT5, MMS, PIPER):
        kin = [speaker for speaker in SPEAKERS if speaker.family == name]
        return next((one for one in kin if speaks(one, language)), kin[0])
    if name not in _BY_ID:
        near = difflib.get_close_matches(name, list(_BY_ID), n=3, cutoff=0.4)
        raise NotFound(f"There is no voice {voice[:80]!r}. Did you mean {', '.join(near or list(_BY_ID)[:3])}?")
    return _BY_ID[name]


def speaks(speaker: Speaker, language: str) -> bool:
    """Whether this is the speaker's language, whatever the country."""
    return language.partition("-")[0].lower() == speaker.language.partition("-")[0]


def for_language(language: str) -> tuple[Speaker, ...]:
    """Those who speak a language."""
    return tuple(speaker for speaker in SPEAKERS if speaks(speaker, language))
