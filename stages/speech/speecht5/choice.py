"""Whom SpeechT5 is asked to be, and whether it can say the text. Knows no network."""

from avatar.errors import BadRequest
from stages.speech import fitness, languages, neural, voices
from stages.speech.brief import Brief
from stages.speech.neural import Speaker

_FITTING = {
    ("female", ""): "slt", ("female", "young"): "slt", ("female", "old"): "clb",
    ("male", ""): "bdl", ("male", "young"): "bdl", ("male", "old"): "rms",
}  # fmt: skip
"""The speaker for what an avatar's hint says; there is none for children."""


def wanted(brief: Brief) -> bool:
    """Whether a neural voice is named, or the voice is left open and there is a fitting one for the text."""
    if family := neural.family(brief.voice):
        return family == neural.SPEECHT5
    return voices.left_open(brief.voice) and _fitting(brief.voice) is not None and english(brief)


def speaker(brief: Brief) -> Speaker:
    """Who speaks. Raises NotFound for a neural voice that does not exist."""
    if neural.family(brief.voice) == neural.SPEECHT5:
        return neural.find(brief.voice)
    return _fitting(brief.voice) or neural.ARCTIC[0]


def _fitting(hint: str) -> Speaker | None:
    gender, age = voices.hinted(hint)
    name = _FITTING.get((gender or "female", age))
    return neural.find(f"{neural.SPEECHT5}/{name}") if name else None


def english(brief: Brief) -> bool:
    """Whether the text is English, by the tag that came with it, else by its letters and words."""
    return _language(brief).partition("-")[0] == "en"


def _language(brief: Brief) -> str:
    return (brief.language or languages.of_text(brief.text)).lower()


def check(brief: Brief) -> None:
    """Raises BadRequest for what SpeechT5 can't say: another language than English, a rate or pitch out of range."""
    if not english(brief):
        tongue = _language(brief)
        raise BadRequest(
            f"Neural voices speak English only, and this text is in another language ({tongue}). "
            f"Choose the voice {tongue}, or give the language as en if it is English."
        )
    fitness.check_manner(brief.rate, brief.pitch)
