"""Where in a text the pauses fall that a script asks for. Knows no voice and no sound."""

from collections.abc import Iterable

from avatar import script
from avatar.media import text
from avatar.script import Pause
from stages.speech import languages


def places(said: str, pauses: Iterable[Pause]) -> dict[int, float]:
    """Offsets in the cleaned text, and the seconds of silence before what stands there; its length stands for its end.

    A pause inside a word falls before it, except in scripts that are written without spaces.
    """
    found: dict[int, float] = {}
    for pause in pauses:
        at = script.offset(said, pause.at)
        if at < len(said) and not languages.unspaced(said[at]):
            while at > 0 and not said[at - 1].isspace():
                at -= 1
        if not text.speakable(said[:at]):
            at = 0
        found[at] = max(found.get(at, 0.0), pause.seconds)
    return found
