"""Part files: SVG drawings with named groups for layers and named paths for landmarks. Knows no look and no pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

from avatar.errors import BadOutput, NotFound
from stages.portrait.drawn.marks import Mark, collect

HOME = Path(__file__).parent
SVG = "http://www.w3.org/2000/svg"
ORDER = (
    "scene", "clothes", "face", "age", "nose", "mouth", "beard", "eyes", "brows", "hair", "glasses", "headwear",
)  # fmt: skip
"""Kinds of parts in the order in which they paint over each other within a layer."""
LAYERS = (
    "background", "hair-behind", "body", "eyeballs", "iris-right", "iris-left", "teeth", "teeth-lower", "head", "front",
)  # fmt: skip
"""Names of the groups that become layers."""

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@dataclass(frozen=True, slots=True)
class Part:
    """One SVG file, taken apart. `groups` maps a layer's name to its markup; `box` is the file's viewBox.

    `soft` names the groups of class `soft`: blurred forms without fine detail, that may be drawn at half size.
    """

    title: str
    words: str
    box: tuple[float, float, float, float]
    defs: str
    style: str
    groups: Mapping[str, str]
    soft: frozenset[str]
    marks: Mapping[str, Mark]


def _markup(element: ElementTree.Element) -> str:
    return ElementTree.tostring(element, encoding="unicode").strip()


def _text(root: ElementTree.Element, tag: str) -> str:
    return "\n".join((element.text or "").strip() for element in root.iter(f"{{{SVG}}}{tag}"))


def read(path: Path) -> Part:
    """Take an SVG file apart. Raises `BadOutput` when it is not one."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314  (our own drawings, not strangers' uploads)
    except (ElementTree.ParseError, OSError) as error:
        raise BadOutput(f"Drawing {path.name} can't be read ({error}); save it as plain SVG.") from error
    if root.tag != f"{{{SVG}}}svg":
        raise BadOutput(f"Drawing {path.name} is not an SVG; save it as plain SVG.")
    groups: dict[str, str] = {}
    soft: set[str] = set()
    for element in root.findall(f"{{{SVG}}}g"):
        name = element.get("id", "")
        if name in LAYERS:
            del element.attrib["id"]
            groups[name] = _markup(element)
            soft |= {name} if "soft" in element.get("class", "").split() else set()
    defs = "".join(_markup(child) for element in root.findall(f"{{{SVG}}}defs") for child in element)
    box = [float(number) for number in (root.get("viewBox") or "0 0 1024 1024").replace(",", " ").split()]
    return Part(
        title=(root.findtext(f"{{{SVG}}}title") or path.stem).strip(),
        words=(root.findtext(f"{{{SVG}}}desc") or "").strip(),
        box=(box[0], box[1], box[2], box[3]),
        defs=defs,
        style=_text(root, "style"),
        groups=MappingProxyType(groups),
        soft=frozenset(soft),
        marks=MappingProxyType(collect(root)),
    )


@lru_cache(maxsize=256)
def _kept(path: Path, _changed: int) -> Part:
    return read(path)


def load(path: Path) -> Part:
    """`read`, remembered until the file changes."""
    return _kept(path, path.stat().st_mtime_ns if path.exists() else 0)


def place(kind: str, name: str, home: Path = HOME) -> Path:
    """The file of a part: `scenes/name.svg` or `parts/kind/name.svg`. Raises `NotFound`."""
    path = home / "scenes" / f"{name}.svg" if kind == "scene" else home / "parts" / kind / f"{name}.svg"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.svg"))) or "none"
        raise NotFound(f"There is no {kind} called {name!r}; there are: {there}.")
    return path
