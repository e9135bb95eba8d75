"""The files that carry captions: SubRip, WebVTT, and the words as JSON. Knows no picture and not how cues are made.

Whatever a line holds, it can't end its cue, start another one or become markup.
"""

import json
import re

from avatar.artifacts import Utterance
from avatar.media.cues import Cue, clean
from avatar.media.speakers import speakers


def _clock(seconds: float, point: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def to_srt(shown: tuple[Cue, ...]) -> str:
    """The cues as SubRip text. SubRip has no escapes, so what players take for tags is written with look-alikes."""
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n" + "\n".join(map(_srt_text, cue.lines)) + "\n"
        for number, cue in enumerate(shown, start=1)
    )
    return "\n".join(blocks)


def _srt_text(line: str) -> str:
    line = line.replace("-->", "→").translate({ord("{"): "(", ord("}"): ")", ord("\\"): "⧵"})
    return re.sub(r"<(?=[^\s\d=])", "‹", line)


def to_vtt(shown: tuple[Cue, ...]) -> str:
    """The cues as WebVTT (W3C), with its three escapes."""
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n" + "\n".join(map(_vtt_text, cue.lines)) + "\n"
        for cue in shown
    )
    return "\n".join(("WEBVTT\n", *blocks))


def _vtt_text(line: str) -> str:
    return line.replace("-->", "→").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def words_json(utterance: Utterance) -> str:
    """The words with their times in seconds, as JSON; `exact` tells whether the synthesiser itself gave them.

    Where several speak, each word has its speaker.
    """
    words: list[dict[str, str | float]] = [
        {"text": clean(word.text), "start": round(word.start, 4), "end": round(word.end, 4)} for word in utterance.words
    ]
    for word, speaker in zip(words, speakers(utterance), strict=False):
        word["speaker"] = speaker
    seconds = round(utterance.seconds, 4)
    facts = {"language": utterance.language, "seconds": seconds, "exact": utterance.exact, "words": words}
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
