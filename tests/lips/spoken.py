"""Utterances for lip tests: phone times of eleven languages as our espeak-ng stage gives them, and hand-made ones."""

import json
from functools import cache
from pathlib import Path

from avatar.artifacts import Phone, Utterance

LANGUAGES = ("en-us", "fr", "de", "es", "cmn", "hi", "ar", "ru", "ja", "sw", "pl")
RATES = (25, 30, 50, 60)


@cache
def _recorded() -> dict[str, list[tuple[str, float, float, int]]]:
    file = Path(__file__).with_name("spoken.json")
    table: dict[str, list[tuple[str, float, float, int]]] = json.loads(file.read_text(encoding="utf-8"))
    return table


def recorded(language: str) -> Utterance:
    """A few sentences as espeak-ng timed them, with a quarter of a second of silence at both ends."""
    phones = tuple(Phone(*row) for row in _recorded()[language])
    return Utterance(phones[-1].end, language, "", phones, (), exact=True)


def made(sounds: str, *, length: float = 0.1, start: float = 0.5) -> Utterance:
    """Phones parted by spaces, of one length, in half a second of silence: `'a` is stressed, `.` a pause of 0.5 s."""
    phones = [Phone("", 0.0, start)]
    for sound in sounds.split():
        here = phones[-1].end
        if sound == ".":
            phones.append(Phone("", here, here + 0.5))
        else:
            phones.append(Phone(sound.lstrip("'"), here, here + length, 2 if sound.startswith("'") else 0))
    phones.append(Phone("", phones[-1].end, phones[-1].end + 0.5))
    return Utterance(phones[-1].end, "und", sounds, tuple(phones), (), exact=True)
