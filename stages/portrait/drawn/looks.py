"""The gallery: looks.toml, their colours in palettes.toml, and whole figures. Knows no pixels and no prompt."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from avatar.errors import BadOutput, NotFound
from stages.portrait.drawn import parts, svg
from stages.portrait.drawn.parts import HOME, ORDER, Part
from stages.portrait.drawn.words import wishes

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One avatar. `parts` maps a kind to the parts worn, `palette` a colour group to the palette worn.

    `gender` (female, male) and `age` (teen, young, adult, old) hint at a fitting voice. `vary` lists, per colour group,
    the palettes that a seed may put in place of the look's own. A whole figure has `figure`, no parts but perhaps a
    scene, and what its description says of it.
    """

    id: str
    name: str
    description: str
    gender: str = ""
    age: str = "adult"
    roles: Names = ()
    parts: Mapping[str, Names] = field(default_factory=dict)
    palette: Mapping[str, str] = field(default_factory=dict)
    vary: Mapping[str, Names] = field(default_factory=dict)
    figure: Path | None = None

    @property
    def voice(self) -> str:
        """Hint for the choice of a voice: `female`, `male`, `old`, `child-like`, two of them, or empty."""
        return " ".join(filter(None, ({"old": "old", "teen": "child-like"}.get(self.age, ""), self.gender)))


def _table(home: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((home / name).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise BadOutput(f"{name} of the drawn avatars can't be read ({error}); mend it.") from error


def _names(value: Any) -> Names:
    return (value,) if isinstance(value, str) else tuple(value)


def _look(entry: dict[str, Any]) -> Look:
    return Look(
        id=entry["id"],
        name=entry["name"],
        description=entry["description"],
        gender=entry.get("gender", ""),
        age=entry.get("age", "adult"),
        roles=tuple(entry.get("roles", ())),
        parts={kind: _names(entry["parts"][kind]) for kind in ORDER if kind in entry["parts"]},
        palette=entry["palette"],
        vary={group: _names(options) for group, options in entry.get("vary", {}).items()},
    )


def _figure(path: Path, home: Path) -> Look:
    part = parts.load(path)
    said = wishes(part.words, home)
    return Look(
        path.stem,
        part.title,
        part.words or part.title,
        gender=said.get("gender", ("",))[0],
        age=said.get("age", ("adult",))[0],
        roles=said.get("role", ()),
        parts={} if "background" in part.groups else {"scene": ("plain",)},
        palette={facet: said[facet][0] for facet in ("hair", "skin") if facet in said},
        figure=path,
    )


@lru_cache(maxsize=8)
def gallery(home: Path = HOME) -> tuple[Look, ...]:
    """All looks: those of looks.toml in its order, then one for every file in figures/."""
    listed = tuple(_look(entry) for entry in _table(home, "looks.toml").get("look", ()))
    return listed + tuple(_figure(path, home) for path in sorted((home / "figures").glob("*.svg")))


@lru_cache(maxsize=8)
def palettes(home: Path = HOME) -> dict[str, dict[str, dict[str, str]]]:
    """Colour groups of palettes.toml: group -> palette -> colour name -> colour."""
    return _table(home, "palettes.toml")


def find(name: str, home: Path = HOME) -> Look:
    """The look with this id. Raises `NotFound`, naming some that are near."""
    looks = {look.id: look for look in gallery(home)}
    wanted = name.strip().casefold()
    if wanted not in looks:
        near = get_close_matches(wanted, looks, n=3, cutoff=0.5)
        told = f"Did you mean {', '.join(near)}?" if near else f"Use one of {', '.join(looks)}."
        raise NotFound(f"There is no avatar called {name[:40]!r}. {told}")
    return looks[wanted]


def worn(look: Look, home: Path = HOME) -> list[Part]:
    """The look's part files in painting order. Raises `NotFound` for a part that is not there."""
    files = [parts.place(kind, name, home) for kind in ORDER for name in look.parts.get(kind, ())]
    if look.figure is not None:
        files.append(look.figure)
    return [parts.load(path) for path in files]


def style(look: Look, home: Path = HOME) -> str:
    """The look's colours as a style sheet. Raises `BadOutput` for a palette that is not there."""
    if look.figure is not None:
        return svg.sheet({})
    known = palettes(home)
    colours: dict[str, str] = {}
    for group, name in look.palette.items():
        if name not in known.get(group, {}):
            raise BadOutput(f"palettes.toml has no {group} called {name!r}, which {look.id} wears; add it.")
        colours |= known[group][name]
    return svg.sheet(colours)
