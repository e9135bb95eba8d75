"""What LTX-2 is told of a piece of a speech: who is seen, how they feel, and the words that are heard. Pure."""

from avatar.artifacts import Utterance
from avatar.script import Expression

SEEN = "A person looks into the camera and talks to it; the lips follow each word, and the camera stands still."
SILENT = "Nothing is said: the mouth is shut, the person breathes and blinks."
MOODS: dict[Expression, str] = {
    "happy": "They are happy and smile.",
    "sad": "They are sad.",
    "angry": "They are angry.",
    "surprised": "They are surprised.",
    "thinking": "They are deep in thought.",
}


def prompt(said: Utterance, *, start: float, end: float, mood: Expression) -> str:
    """The words for the piece from `start` to `end` seconds; none are told where none are known."""
    told = [SEEN, *([MOODS[mood]] if mood in MOODS else [])]
    words = [word.text for word in said.words if word.end > start and word.start < end]
    if words:
        told.append(f'They say: "{" ".join(words)}"')
    elif said.words:
        told.append(SILENT)
    return " ".join(told)
