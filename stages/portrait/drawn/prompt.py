"""From the words of a prompt to a look: best match, then what the words ask for, then what the seed decides.

Knows the gallery's looks, no drawing.
"""

from dataclasses import replace
from itertools import product
from math import gcd
from pathlib import Path
from zlib import crc32

from stages.portrait.drawn.looks import Look, Names, gallery, palettes
from stages.portrait.drawn.parts import HOME
from stages.portrait.drawn.words import Wishes, wishes

AGREES = {
    "gender": 8.0,
    "age": 4.0,
    "role": 6.0,
    "skin": 3.0,
    "headwear": 8.0,
    "beard": 3.0,
    "glasses": 1.0,
    "hair": 1.0,
}
"""What it is worth when a look is what a facet asks for."""
DIFFERS = {"gender": -12.0, "age": -4.0}
"""What it costs when it is not. Other facets can be changed on any look."""

WORN = {
    "glasses": ("round-metal", ("female", "male")),
    "beard": ("boxed", ("male",)),
    "headwear": ("hijab", ("female",)),
}
"""What can be put on or taken off: the part for a word that names none, and who wears it."""
FIXED = -3.0
"""What it costs a whole figure, which can't be changed, for every facet that it would have to change in."""
UNASKED = -2.0
"""What it costs to wear something on the head that nobody asked for, once anything was asked."""
GOLDEN = 0.618
FIRST_ROLE = 0.5
"""What it is worth when the role named first is the look's main one."""


def _has(look: Look, facet: str) -> Names:
    """What a look is, in a facet's own values."""
    if facet == "gender":
        return (look.gender,)
    if facet == "age":
        return (look.age,)
    if facet == "role":
        return look.roles
    if facet in ("glasses", "beard", "headwear"):
        return ("any", *look.parts[facet]) if look.parts.get(facet) else ("none",)
    return (look.palette.get(facet, ""),)


def score(look: Look, asked: Wishes) -> float:
    """How well a look fits; higher is better."""
    total = UNASKED if asked and look.parts.get("headwear") and "headwear" not in asked else 0.0
    for facet, values in asked.items():
        has = _has(look, facet)
        fitting = sum(value in has for value in values)
        if look.figure is not None and not fitting and facet not in ("role", "scene"):
            total += FIXED
        if facet in AGREES:
            total += AGREES[facet] * fitting if fitting else DIFFERS.get(facet, 0.0)
            total += FIRST_ROLE * (facet == "role" and has[:1] == values[:1])
    return total


def _varied(look: Look, asked: Wishes, turn: int) -> dict[str, str]:
    """A palette for each group that no words ask for: another mixture at each turn, until all have been there."""
    natural = bool({"skin", "hair", "iris"} & set(asked))
    free = [group for group in look.vary if (not natural if group == "complexion" else group not in asked)]
    own = {group: (look.palette.get(group, ""), *look.vary[group]) for group in free}
    mixtures = list(product(*own.values()))
    number = crc32(look.id.encode()) + turn * _stride(len(mixtures))
    return dict(zip(own, mixtures[number % len(mixtures)], strict=True))


def _stride(count: int) -> int:
    """How far neighbours are apart, so that they differ in much and none comes twice before all were there."""
    return next(step for step in range(round(GOLDEN * count) or 1, 2 * count + 2) if gcd(step, count) == 1)


def _coloured(look: Look, asked: Wishes, turn: int, home: Path) -> dict[str, str]:
    """The look's palettes as words ask for them; where they ask for nothing, they vary from turn to turn."""
    known = palettes(home)
    palette = dict(look.palette)
    for group, name in _varied(look, asked, turn).items():
        palette |= known[group].get(name, {}) if group == "complexion" else {group: name}
    for complexion in known.get("complexion", {}).values():
        if complexion["skin"] == asked.get("skin", ("",))[0] != look.palette.get("skin"):
            palette |= {
                group: name for group, name in complexion.items() if group != "hair" or look.age in ("teen", "young")
            }
    for group in ("skin", "hair", "iris", "cloth"):
        if group in asked and group in palette:
            palette[group] = asked[group][0]
    return palette


def _dressed(look: Look, asked: Wishes) -> dict[str, Names]:
    """The look's parts, with the scene and what is worn on the head as words ask for them."""
    worn = dict(look.parts)
    if "scene" in asked:
        worn["scene"] = asked["scene"][:1]
    for kind, (usual, genders) in WORN.items():
        if kind not in asked or look.gender not in genders:
            continue
        named = [value for value in asked[kind] if value not in ("any", "none")]
        fallback: Names = () if "none" in asked[kind] else worn.get(kind) or (usual,)
        worn[kind] = tuple(named[:1]) or fallback
        if kind == "headwear":
            worn["hair"] = ()
    return worn


def choose(prompt: str, seed: int, home: Path = HOME, *, gender: str = "") -> Look:
    """The look for a prompt and a seed, always the same; looks that fit equally well take turns by the seed.

    `gender` counts where the words ask for none.
    """
    asked = {**({"gender": (gender,)} if gender else {}), **wishes(prompt, home)}
    rated = [score(look, asked) for look in gallery(home)]
    best = [look for look, rate in zip(gallery(home), rated, strict=True) if rate == max(rated)]
    look = best[seed % len(best)]
    if look.figure is not None:
        return replace(look, parts={"scene": asked["scene"][:1]}) if "scene" in asked and look.parts else look
    return replace(look, parts=_dressed(look, asked), palette=_coloured(look, asked, seed // len(best), home))
