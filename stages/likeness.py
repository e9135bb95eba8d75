"""Which face goes with a voice, and which voice with a face, where a request names only one. Knows no stage's work."""

from contextlib import suppress
from zlib import crc32

from avatar.artifacts import Blob
from avatar.errors import Unavailable
from stages.portrait import drawn
from stages.portrait.drawn.looks import Look
from stages.portrait.drawn.words import wishes
from stages.speech import voices

NOTE = "No voice was asked for, and a picture does not tell one: {voice} speaks. Ask for another where it does not fit."

UNTOLD = (
    "It can't be heard whether a woman speaks in the recording or a man, so the seed chose the avatar. Ask for one"
    " where it does not fit."
)
LOW, HIGH = 145.0, 165.0
"""Median fundamental frequencies in Hz: below the one a man speaks, above the other a woman, or a child. Means over
many speakers are about 120 and 210 Hz (Traunmueller & Eriksson 1995, The frequency range of the voice fundamental)."""


def gender(voice: str | None) -> str:
    """That of a voice that was asked for: female, male, or empty where nothing tells. Raises `NotFound`."""
    with suppress(Unavailable):
        return voices.gender(voice or "")
    return ""


def heard(pitch: float) -> str:
    """Whose voice is so high, in Hz: female, male, or empty where it may be either."""
    if pitch <= 0.0 or LOW <= pitch <= HIGH:
        return ""
    return "male" if pitch < LOW else "female"


def usual(prompt: str, seed: int, *, picture: Blob | None = None, voice: str | None = None) -> Look:
    """The gallery's look for whoever is not called by a name there.

    A face of the asker's own has only its voice, which is the same in all films of one `picture`, whatever their seed.
    """
    kept = crc32(picture.sha256.encode()) if picture else seed
    return drawn.choose(prompt, kept, gender=gender(voice))


def voice_of(look: Look, asked: str | None, *, sure: bool = True) -> str:
    """Who speaks for a look: its own voice, else the one that was `asked` for.

    A language alone, such as `de`, is spoken in the look's own timbre where the language's would be that of another
    sex; not so where nobody is `sure` of the look. Raises `NotFound`.
    """
    if not asked:
        return look.voice
    with suppress(Unavailable):
        if sure and voices.bare(asked) and voices.gender(asked) not in ("", look.gender):
            return voices.fitting(look.voice, asked)
    return asked


def tells(prompt: str) -> bool:
    """Whether its words say if it is a woman or a man."""
    return "gender" in wishes(prompt)


def guessed(prompt: str, picture: Blob | None) -> bool:
    """Whether the voice of a picture is anybody's, since its words don't tell whose it is."""
    return picture is not None and not tells(prompt)
