"""A contact sheet: many looks side by side on one PNG. Knows no store."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from stages.portrait.drawn import looks as book
from stages.portrait.drawn import render
from stages.portrait.drawn.looks import Look
from stages.portrait.drawn.parts import HOME

PAPER = (247, 246, 244)
INK = (60, 52, 46)
QUALITY = 88


def portrait(
    look: Look,
    rasterise: render.Rasterise,
    home: Path = HOME,
    *,
    done: Callable[[int, int], None] = lambda _done, _of: None,
) -> render.Bytes:
    """One look as a flat BGR picture (1024, 1024, 3); `done` is told how many of how many layers are drawn."""
    pictures = render.layers(rasterise, book.worn(look, home), style=book.style(look, home), done=done)
    return render.flat(pictures)


def picture(look: Look, *, side: int = 512) -> bytes:
    """WebP of one look, `side` pixels square."""
    from resvg_py import svg_to_bytes

    small = cv2.resize(portrait(look, svg_to_bytes), (side, side), interpolation=cv2.INTER_AREA)
    written, data = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    assert written  # noqa: S101 - an encoder that cv2 always has
    return data.tobytes()


def contact_sheet(
    looks: Sequence[Look] | None = None,
    *,
    columns: int = 7,
    side: int = 320,
    step: Callable[[int, int], None] | None = None,
) -> bytes:
    """PNG of the looks (the whole gallery by default), `columns` wide, each `side` pixels, its id below it."""
    from resvg_py import svg_to_bytes

    shown = book.gallery() if looks is None else tuple(looks)
    gap, label = side // 20, side // 9
    rows = -(-len(shown) // columns)
    paper = np.full((gap + rows * (side + label + gap), gap + columns * (side + gap), 3), PAPER, np.uint8)
    for count, look in enumerate(shown):
        if step is not None:
            step(count, len(shown))
        y, x = gap + count // columns * (side + label + gap), gap + count % columns * (side + gap)
        small = cv2.resize(portrait(look, svg_to_bytes), (side, side), interpolation=cv2.INTER_AREA)
        paper[y : y + side, x : x + side] = small
        place = (x + 2, y + side + round(label * 0.72))
        cv2.putText(paper, look.id, place, cv2.FONT_HERSHEY_DUPLEX, side / 560, INK, 1, cv2.LINE_AA)
    return render.png(paper)
