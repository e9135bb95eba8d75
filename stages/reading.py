"""A text as the built-in synthesiser reads it, for stages that need its sounds. Knows no recording."""

from collections.abc import Callable
from pathlib import Path

from avatar.artifacts import Utterance
from stages.speech import voices
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
