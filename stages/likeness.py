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


def gender(voice: str | None) -> str:
    """That of a voice that was asked for: female, male, or empty where nothing tells. Raises `NotFound`."""
    with suppress(Unavailable):
        return voices.gender(voice or "")
    return ""


def usual(prompt: str, seed: int, *, picture: Blob | None = None, voice: str | None = None) -> Look:
    """The gallery's look for whoever is not called by a name there.

    A face of the asker's own has only its voice, which is the same in all films of one `picture`, whatever their seed.
    """
    kept = crc32(picture.sha256.encode()) if picture else seed
    return drawn.choose(prompt, kept, gender=gender(voice))


def guessed(prompt: str, picture: Blob | None) -> bool:
    """Whether the voice of a picture is anybody's, since its words don't tell whose it is."""
    return picture is not None and "gender" not in wishes(prompt)
