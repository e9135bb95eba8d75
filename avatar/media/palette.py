"""Pictures in few colours, as GIF wants them. Knows no film.

FFmpeg's filters `palettegen` and `paletteuse` choose the colours, and put them where they belong.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av


def with_palette(frames: list[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """The frames in the 255 colours that suit all of them best, errors spread over neighbours."""
    if not frames:
        return
    palette = _palette(frames)
    graph: Any = av.filter.Graph()
    shown = graph.add_buffer(width=frames[0].width, height=frames[0].height, format="rgba", time_base=Fraction(1, 100))
    colours = graph.add_buffer(width=16, height=16, format="bgra", time_base=Fraction(1, 100))
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=4:diff_mode=rectangle")
    sink = graph.add("buffersink")
    shown.link_to(use, 0, 0)
    colours.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    colours.push(palette)
    colours.push(None)
    for index, frame in enumerate(frames):
        frame.pts, frame.time_base = 8 * index, Fraction(1, 100)
        shown.push(frame)
    shown.push(None)
    for _ in frames:
        yield sink.pull()


def _palette(frames: list[av.VideoFrame]) -> Any:
    graph: Any = av.filter.Graph()
    source = graph.add_buffer(width=frames[0].width, height=frames[0].height, format="rgba", time_base=Fraction(1, 100))
    found = graph.add("palettegen", "stats_mode=full:reserve_transparent=0")
    sink = graph.add("buffersink")
    source.link_to(found)
    found.link_to(sink)
    graph.configure()
    for index, frame in enumerate(frames):
        frame.pts, frame.time_base = index, Fraction(1, 100)
        source.push(frame)
    source.push(None)
    palette = sink.pull()
    palette.pts = 0
    return palette
