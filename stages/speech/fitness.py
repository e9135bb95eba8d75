"""Whether a voice can say a text: its language, its script, its numbers; told before anything is made.

Knows no network.
"""

import unicodedata
from collections import Counter

from avatar.errors import BadRequest
from avatar.media import text
from stages.speech import counting, languages, neural, voices
from stages.speech.neural import Speaker

LEAST = 0.5
"""Share of the letters that must be of a script that the voice reads."""


def language(said: str, tag: str = "") -> str:
    """The language of a text: the tag that came with it, else what its letters and words tell."""
    return (tag or languages.of_text(said)).lower()


def check(speaker: Speaker, said: str, tag: str = "") -> None:
    """Raises BadRequest, saying what to do, for a text that this neural voice can't say."""
    tongue = language(said, tag)
    if not neural.speaks(speaker, tongue):
        others = [one.id for one in neural.for_language(tongue) if one.family == speaker.family]
        raise BadRequest(
            f"The voice {speaker.id} speaks {_name(speaker)} only, and this text is in another language ({tongue}). "
            f"Choose the voice {(others or [tongue])[0]}, or give the language as {_short(speaker.language)} if it is "
            f"{_name(speaker)}."
        )
    found = languages.scripts(said)
    known = sum(count for script, count in found.items() if languages.native(speaker.language, script))
    if found and known < LEAST * found.total():
        raise BadRequest(
            f"The voice {speaker.id} can't read {_script(found)} letters. Write the text in those of {_name(speaker)}, "
            f"or choose the voice {languages.of_text(said)}."
        )
    if _short(speaker.language) not in ("en", *counting.TONGUES) and (digits := _digits(said)):
        raise BadRequest(f"The voice {speaker.id} has no words for numbers such as {digits}. Write them as words.")


def check_manner(rate: float, pitch: float) -> None:
    """Raises BadRequest for a rate or pitch that can't be spoken."""
    if not 0.5 <= rate <= 2.0:
        raise BadRequest(f"A rate of {rate:g} can't be spoken. Choose 0.5 (slow) to 2 (fast); 1 is natural.")
    if not -12.0 <= pitch <= 12.0:
        raise BadRequest(f"A pitch of {pitch:g} semitones can't be spoken. Choose -12 (low) to 12 (high).")


def refuse(voice: str, said: str, tag: str = "", *, sample: bool = False) -> None:
    """Raises BadRequest for what the voice of this id can't say, and NotFound where there is none such."""
    if neural.named(voice):
        speaker = neural.find(voice, language(said, tag))
        if speaker.family == neural.POCKET and not sample:
            raise BadRequest(
                "Pocket TTS speaks after a voice sample only. Send 3 to 30 s of somebody speaking as voice_sample."
            )
        if text.speakable(said):
            check(speaker, said, tag)
    else:
        voices.choose(voice)


def _short(tag: str) -> str:
    return tag.partition("-")[0]


def _name(speaker: Speaker) -> str:
    """The language's English name."""
    names = {tag: name for _, tag, name in neural.LANGUAGES}
    return names.get(speaker.language, speaker.language)


def _script(found: Counter[str]) -> str:
    return found.most_common(1)[0][0].capitalize()


def _digits(said: str) -> str:
    """The first number in digits."""
    runs = "".join(sign if unicodedata.category(sign) == "Nd" else " " for sign in said).split()
    return runs[0] if runs else ""
