"""What words ask for: a text against words.toml. Knows no look and no drawing."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from stages.portrait.drawn.parts import HOME

Wishes = Mapping[str, tuple[str, ...]]
"""Facet -> values, as in words.toml, in the order in which the text names them."""


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
    asked: dict[str, tuple[str, ...]] = {}
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
