"""A text as the built-in synthesiser reads it, for stages that need its sounds. Knows no recording."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from avatar.artifacts import Utterance
from stages.speech import english, voices, wording
from stages.speech.espeak import perform
from stages.speech.espeak.library import Controls


def read(said: str, language: str, *, folder: Path, step: Callable[[], None]) -> Utterance:
    """The sounds and words of a cleaned text, with times; `folder` is for scratch, `step` is called often.

    Raises NotFound for a language that does not exist, Unavailable for a text that can't be read, StorageError.
    """
    line, spoken = perform.speak(
        said, voices.choose(language), Controls(), path=folder / "read.f32", step=lambda _done, _total: step()
    )
    return line.utterance(spoken)


def words(said: str) -> tuple[str, ...]:
    """An English text's words as they are said, in small letters: numbers, addresses and abbreviations in words."""
    return alike(wording.word(said).text.lower().replace("-", " ").split())


def alike(heard: Iterable[str]) -> tuple[str, ...]:
    """Words as `words` gives them, from however they are spelled: without stops, single letters by their names."""
    found = (re.sub("[^a-z']", "", word.lower()).strip("'") for word in heard)
    return tuple(word if word in ("a", "i", "o") else english.LETTERS.get(word, word) for word in found if word)
