"""What the speech stage is asked."""

from dataclasses import dataclass

from avatar.artifacts import Blob, Speech
from avatar.script import Pause


@dataclass(frozen=True, slots=True)
class Part:
    """One turn of a conversation: who says it, and how it sounds."""

    speaker: str
    speech: Speech


@dataclass(frozen=True, slots=True)
class Brief:
    """Text to be spoken. `rate` is relative (1 is the voice's own pace), `pitch` is in semitones.

    With `audio` that recording is what is heard, and `text`, which may be empty, is what is said in it; `language` is a
    tag such as `de`, empty where the text itself tells. Voice, rate, pitch and seed then change nothing.

    With `reference`, 3 to 30 s of somebody speaking, the text is said in that person's voice; `voice` is the one that
    speaks where that can't be done.

    `pauses` are silences that the text's writer wants between its words.

    With `parts` all is spoken already, and is only to be heard one after the other; with `only`, that speaker alone,
    and silence while the others speak.
    """

    text: str
    voice: str
    rate: float
    pitch: float
    seed: int
    audio: Blob | None = None
    language: str = ""
    reference: Blob | None = None
    pauses: tuple[Pause, ...] = ()
    parts: tuple[Part, ...] = ()
    only: str = ""

    @property
    def unsaid(self) -> bool:
        """Whether it is a text that still has to be spoken."""
        return self.audio is None and not self.parts


def recording(audio: Blob, text: str = "", language: str = "") -> Brief:
    """The brief for a recording; equal recordings give equal briefs, so that no work is done twice."""
    return Brief(text, "", 1.0, 0.0, 0, audio, language)


def together(parts: tuple[Part, ...], *, only: str = "") -> Brief:
    """The brief for several speakers' turns in order, or for what one of them says in it."""
    return Brief("", "", 1.0, 0.0, 0, parts=parts, only=only)
