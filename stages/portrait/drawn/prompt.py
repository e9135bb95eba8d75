"""From the words of a prompt to a look: best match, then what the words ask for, then what the seed decides.

Knows the gallery's looks and words.toml, no drawing.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from stages.portrait.drawn.looks import Look, Names, gallery, palettes
from stages.portrait.drawn.parts import HOME

Wishes = Mapping[str, Names]
"""What a prompt asks for: facet -> values, as in words.toml."""

AGREES = {
    "gender": 6.0,
    "age": 4.0,
    "role": 3.0,
    "skin": 5.0,
    "headwear": 8.0,
    "beard": 3.0,
    "glasses": 1.0,
    "hair": 1.0,
}
"""What it is worth when a look is what a facet asks for."""
DIFFERS = {"gender": -8.0, "age": -4.0}
"""What it costs when it is not. Other facets can be changed on any look."""

FIRST_ROLE = 0.5
"""What it is worth when the role named first is the look's main one."""


@lru_cache(maxsize=8)
def _vocabulary(home: Path) -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((home / "words.toml").read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    folded = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    ).casefold()
    return " " + " ".join(re.findall(r"[^\W_]+", folded)) + " "


def wishes(prompt: str, home: Path = HOME) -> Wishes:
    """What the prompt's words ask for, by facet; words that are not in words.toml ask for nothing."""
    text = _plain(prompt)
    asked: dict[str, Names] = {}
    for facet, values in _vocabulary(home).items():
        hits = []
        for value, forms in values.items():
            places = [text.find(f" {_plain(form).strip()} ") for form in forms]
            found = [place for place in places if place >= 0]
            if found:
                hits.append((min(found), value))
        if hits:
            asked[facet] = tuple(value for _, value in sorted(hits))
    return asked


def _has(look: Look, facet: str) -> Names:
    """What a look is, in a facet's own values."""
    if facet == "gender":
        return (look.gender,)
    if facet == "age":
        return (look.age,)
    if facet == "role":
        return look.roles
    if facet in ("glasses", "beard", "headwear"):
        return ("any",) if look.parts.get(facet) else ("none",)
    return (look.palette.get(facet, ""),)


def score(look: Look, asked: Wishes) -> float:
    """How well a look fits; higher is better."""
    total = 0.0
    for facet, values in asked.items():
        if facet in AGREES:
            has = _has(look, facet)
            fitting = sum(value in has for value in values)
            total += AGREES[facet] * fitting if fitting else DIFFERS.get(facet, 0.0)
            total += FIRST_ROLE * (facet == "role" and has[:1] == values[:1])
    return total


def _pick(options: Sequence[str], seed: int, purpose: str) -> str:
    number = int.from_bytes(sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big")
    return options[number % len(options)]


def _coloured(look: Look, asked: Wishes, seed: int, home: Path) -> dict[str, str]:
    known = palettes(home)
    palette = dict(look.palette)
    for group, options in look.vary.items():
        if group in asked:
            continue
        chosen = _pick((palette.get(group, ""), *options), seed, group) if group != "complexion" else ""
        if group == "complexion" and not {"skin", "hair"} & set(asked):
            name = _pick(("", *options), seed, group)
            palette |= known["complexion"][name] if name else {}
        elif chosen:
            palette[group] = chosen
    for group in ("skin", "hair", "iris", "cloth"):
        fitting = [value for value in asked.get(group, ()) if value in known[group]]
        if fitting and group in palette:
            palette[group] = fitting[0]
    return palette


def _dressed(look: Look, asked: Wishes) -> dict[str, Names]:
    worn = dict(look.parts)
    if asked.get("scene"):
        worn["scene"] = asked["scene"][:1]
    if "glasses" in asked:
        worn["glasses"] = () if "none" in asked["glasses"] else worn.get("glasses") or ("round-metal",)
    if "beard" in asked and look.gender == "male":
        worn["beard"] = () if "none" in asked["beard"] else worn.get("beard") or ("boxed",)
    return worn


def choose(prompt: str, seed: int, home: Path = HOME) -> Look:
    """The look for a prompt and a seed, always the same; looks that fit equally well take turns by the seed."""
    asked = wishes(prompt, home)
    looks = [look for look in gallery(home) if look.figure is None] or list(gallery(home))
    rated = [score(look, asked) for look in looks]
    best = [look for look, rate in zip(looks, rated, strict=True) if rate == max(rated)]
    look = best[seed % len(best)]
    if look.figure is not None:
        return look
    return replace(look, parts=_dressed(look, asked), palette=_coloured(look, asked, seed, home))
