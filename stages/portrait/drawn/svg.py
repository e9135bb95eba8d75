"""Layer documents: the same-named groups of several parts as one SVG, coloured by a palette. Knows no pixels."""

from collections.abc import Iterable, Mapping, Sequence

from stages.portrait.drawn.parts import SVG, Part

CANVAS = (0.0, 0.0, 1024.0, 1024.0)
"""viewBox of everything but scenes."""
Box = tuple[float, float, float, float]


def sheet(palette: Mapping[str, str]) -> str:
    """The palette as a style sheet: each colour for fills, for gradient stops (`stop-`) and for strokes (`line-`)."""
    rules = [".mark{fill:none;stroke:none}"]
    for name, colour in palette.items():
        rules.append(
            f".{name}{{fill:{colour}}}.stop-{name}{{stop-color:{colour}}}.line-{name}{{fill:none;stroke:{colour}}}"
        )
    return "".join(rules)


def box(parts: Iterable[Part], layer: str) -> Box:
    """The canvas of a layer: a scene may be wider than the portrait."""
    wide = [part.box for part in parts if layer in part.groups]
    if not wide:
        return CANVAS
    left, top = min(b[0] for b in wide), min(b[1] for b in wide)
    return left, top, max(b[0] + b[2] for b in wide) - left, max(b[1] + b[3] for b in wide) - top


def document(parts: Sequence[Part], layer: str, *, style: str, view: Box) -> str | None:
    """One layer as an SVG whose viewBox is `view`; None when no part draws on it."""
    drawing = [part for part in parts if layer in part.groups]
    if not drawing:
        return None
    painted = "".join(part.groups[layer] for part in drawing)
    defs = "".join(part.defs for part in drawing)
    styles = "".join(part.style for part in drawing) + style
    x, y, width, height = view
    return (
        f'<svg xmlns="{SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{x:g} {y:g} {width:g} {height:g}">'
        f"<style>{styles}</style><defs>{defs}</defs>{painted}</svg>"
    )
