"""A finished film once more in another form, drawn anew from what it was drawn from. Knows no encoder."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import cv2

from avatar import records
from avatar.artifacts import Export
from avatar.media import exports
from avatar.stage import Context
from stages.film.brief import Brief, Wanted
from stages.film.canvas import Planes
from stages.film.drawing import Drawing, drawn


class Exporting:
    """Draws films into other encoders. May be called by several threads at once."""

    def __init__(self) -> None:
        self._drawing = Drawing()

    def __call__(self, wanted: Wanted, context: Context, /) -> Export:
        """Draw and encode it. Raises `UnsupportedMedia` without the encoder, `StorageError` and `Cancelled`."""
        exports.check(wanted.kind)
        cv2.setNumThreads(1)
        how = exports.RECIPES[wanted.kind]
        brief = records.load(Brief, context.path(wanted.recipe).read_bytes())
        if how.clear or (brief.scenery.background == "transparent" and wanted.kind == "preview.webp"):
            brief = replace(brief, scenery=replace(brief.scenery, background="clear", backdrop=None))
        shot = self._drawing.shot(brief, context, trial=False)
        file = context.scratch() / f"film{how.ending}"
        step = exports.every(shot.form.fps) if how.loop else 1
        rows = range(0, shot.frames, step)
        if how.loop:
            rows = rows[: round(exports.LOOP_SECONDS * shot.form.fps / step)]
        with closing(drawn(shot, rows)) as frames:
            told = _told(frames, context, len(rows))
            exports.write(file, wanted.kind, told, form=shot.form, sound=context.path(brief.speech.sound))
        return Export(context.keep(file, how.media_type), len(rows) * step / shot.form.fps)


def _told(frames: Iterator[Planes], context: Context, total: int) -> Iterator[Planes]:
    for done, frame in enumerate(frames, start=1):
        yield frame
        context.step(done, total)
