"""Figures of the file itself: codecs, size, rate, colours, index, lengths, loudness. Knows no face."""

import math

import numpy as np
from numpy.typing import NDArray

from avatar.media.video import Contents, Picture
from avatar.quality.figures import Figure, Limit, Meaning, stated
from avatar.quality.hearing import Hearing

Array = NDArray[np.float64]

BT709, LIMITED = (1, 1, 1), 1
SMALLEST_SIDE = 256
SLACK = 0.001
"""Seconds by which time stamps may be rounded."""
RATE = Meaning("frame rate", "fps", Limit(24.0, 60.01))
JITTER = Meaning("frame time jitter", "ms", Limit(high=1.0))
PICTURE_LENGTH = Meaning("picture length", "s", Limit(low=SLACK))
SOUND_LENGTH = Meaning("sound length", "s", Limit(low=SLACK))
STARTS = Meaning("picture starts after sound", "ms", Limit(-15.0, 15.0))
LOUDNESS = Meaning("loudness", "LUFS", Limit(-17.0, -15.0))
"""-16 LUFS, the level asked of streamed speech (AES TD1008), within the tolerance of 1 LU of EBU R 128."""
PEAK = Meaning("true peak", "dBTP", Limit(high=-1.0))
"""EBU R 128."""
NO_SOUND = "the film has no sound"


def frame_rate(times: Array, picture: Picture) -> float:
    """Frames a second by the frames' own times; what the header says when there are too few."""
    return float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 and times[-1] > times[0] else picture.fps


def figures(held: Contents, picture: Picture, times: Array, hearing: Hearing | None) -> list[Figure]:
    """All figures of the file; `times` (n,) are those at which the decoded frames are shown."""
    codecs = f"{picture.codec} {picture.pixels}" + (f" + {held.sound.codec}" if held.sound else "")
    plays = (
        picture.codec == "h264" and picture.pixels == "yuv420p" and (held.sound is None or held.sound.codec == "aac")
    )
    size = f"{picture.width}x{picture.height}"
    even = not (picture.width % 2 or picture.height % 2) and min(picture.width, picture.height) >= SMALLEST_SIDE
    tagged = picture.colours == BT709 and picture.range == LIMITED
    found = [
        stated("codecs", codecs, limit="h264 yuv420p + aac", good=plays),
        stated("size", size, limit=f"even, >= {SMALLEST_SIDE}", good=even),
        stated("colours", "BT.709 limited" if tagged else _tags(picture), limit="BT.709 limited", good=tagged),
    ]
    if held.index_first is not None:
        told = "in front" if held.index_first else "at the end"
        found.append(stated("index", told, limit="in front", good=held.index_first))
    rate = frame_rate(times, picture)
    steps = np.diff(times)
    jitter = float(np.abs(steps - np.median(steps)).max()) * 1000.0 if len(steps) else math.nan
    found += [
        RATE.judged(rate if rate > 0 else math.nan, "container", "" if rate > 0 else "the film has one frame only"),
        JITTER.judged(jitter, "container", "" if len(steps) else "the film has one frame only"),
        PICTURE_LENGTH.judged(len(times) / rate if rate > 0 else 0.0, "container"),
    ]
    return found + _sound_figures(times, rate, hearing)


def _tags(picture: Picture) -> str:
    return "H.273 " + "/".join(str(code) for code in picture.colours) + (" full" if picture.range == 2 else "")


def _sound_figures(times: Array, rate: float, hearing: Hearing | None) -> list[Figure]:
    frame = 1000.0 / rate if rate > 0 else 40.0
    ends = Meaning("picture ends after sound", "ms", Limit(-round(frame + 1, 1), round(frame + 1, 1)))
    if hearing is None:
        return [meaning.unmeasured(NO_SOUND) for meaning in (SOUND_LENGTH, STARTS, ends, LOUDNESS, PEAK)]
    end = (times[-1] if len(times) else 0.0) + frame / 1000.0
    quiet = "the sound is silent" if hearing.silent else "the sound is too short"
    return [
        SOUND_LENGTH.judged(hearing.seconds, "container"),
        STARTS.judged((float(times[0]) - hearing.start) * 1000.0 if len(times) else math.nan, "container"),
        ends.judged((end - hearing.end) * 1000.0, "container"),
        LOUDNESS.judged(hearing.loudness, "sound", quiet if math.isnan(hearing.loudness) else ""),
        PEAK.judged(hearing.true_peak, "sound", quiet if math.isnan(hearing.true_peak) else ""),
    ]
