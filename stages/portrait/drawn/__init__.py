"""Drawn avatars: portraits put together from SVG files that an illustrator can add to. Knows no film and no motion.

README.md beside this file tells how to draw for it.
"""

from stages.portrait.drawn.backend import Drawn, renderer
from stages.portrait.drawn.looks import Look, gallery
from stages.portrait.drawn.prompt import choose
from stages.portrait.drawn.sheet import contact_sheet, portrait
from stages.portrait.drawn.shown import picture

__all__ = ["Drawn", "Look", "choose", "contact_sheet", "gallery", "picture", "portrait", "renderer"]
