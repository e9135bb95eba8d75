"""A folder of weights in the hub's layout, looked through before anything is loaded. Knows no library.

Loaders of today take a folder that lacks a tokenizer or whose tensors end too early, and go on with what they make up.
What can be seen from names and headers is seen here, and says which file is wrong.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zipfile import is_zipfile

from avatar.errors import Unavailable

INDEX = "model_index.json"
POINTER = b"version https://git-lfs"
STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
LARGEST_HEADER = 100_000_000
"""Bytes of a safetensors header above which it is none, as the format's own readers have it."""

Role = Literal["network", "scheduler", "tokenizer", "processor"]
FIRST_FILES: Mapping[Role, tuple[tuple[str, ...], ...]] = {
    "scheduler": (("scheduler_config.json",),),
    "processor": (("preprocessor_config.json", "processor_config.json"),),
    "tokenizer": (("tokenizer.json", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"),),
    "network": (("config.json",),),
}
"""What must be there of each kind of part: one of each row. A vocabulary is no tokenizer without its merges."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a pipeline's index names. `variant` and `safe` say which weight files there are of a network."""

    name: str
    library: str
    kind: str
    role: Role
    folder: Path
    variant: str | None = None
    safe: bool = True


def parts(
    folder: Path,
    *,
    weights: str,
    pipelines: Collection[str],
    variant: str | None = None,
    without: Collection[str] = (),
) -> tuple[Part, ...]:
    """The parts of a pipeline, each with all its files, but for those `without`.

    `pipelines` are class names that its index may say. Raises `Unavailable` naming the file that is missing or damaged.
    """
    if not folder.is_dir():
        raise Unavailable(f"The folder of {weights} is not there. {again(weights)}")
    index = read_json(folder / INDEX, weights=weights)
    told = index.get("_class_name")
    if told not in pipelines:
        raise Unavailable(f"The folder of {weights} holds a {told}, not a {min(pipelines)}. {again(weights)}")
    found = []
    for name, value in index.items():
        if name.startswith("_") or name in without or not isinstance(value, list) or None in value:
            continue
        part = Part(name, str(value[0]), str(value[1]), _role(str(value[1])), folder / name)
        found.append(_checked(part, weights=weights, variant=variant))
    return tuple(found)


def again(weights: str) -> str:
    """What to do about a damaged folder."""
    return f"Fetch {weights} again."


def read_json(path: Path, *, weights: str) -> dict[str, Any]:
    """A file of settings. Raises `Unavailable`."""
    name = _told(path)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise Unavailable(f"{name} is missing in {weights}. {again(weights)}") from None
    except (OSError, ValueError) as wrong:
        raise Unavailable(f"{name} of {weights} can't be read. {again(weights)}") from wrong
    if not isinstance(found, dict):
        raise Unavailable(f"{name} of {weights} is not what it should be. {again(weights)}")
    return found


def network(folder: Path, *, weights: str, variant: str | None = None) -> tuple[str | None, bool]:
    """Which variant a network's weight files are of, and whether they are safetensors; all of them there and whole.

    Those of the variant come first, then plain ones, then pickles. Raises `Unavailable`.
    """
    read_json(folder / "config.json", weights=weights)
    for tried in dict.fromkeys((variant, None)):
        for stem in STEMS:
            files = _safetensors(folder, stem, tried, weights)
            if files:
                for file in files:
                    check_safetensors(file, weights=weights)
                return tried, True
    for stem in STEMS:
        pickled = folder / f"{stem}.bin"
        if pickled.is_file():
            _check_pickle(pickled, weights=weights)
            return None, False
    ending = f".{variant}.safetensors" if variant else ".safetensors"
    stem = "model" if "encoder" in folder.name else STEMS[0]
    raise Unavailable(f"{folder.name}/{stem}{ending} is missing in {weights}. {again(weights)}")


def check_safetensors(path: Path, *, weights: str) -> None:
    """Raises `Unavailable` for a file that is missing, a pointer, cut off or not in this format."""
    name = _told(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            if POINTER.startswith(start) and start:
                raise Unavailable(f"{name} of {weights} is only a pointer of git-lfs. {again(weights)}")
            length = int.from_bytes(start, "little")
            if len(start) < 8 or not 2 <= length <= min(LARGEST_HEADER, size - 8):
                raise Unavailable(f"{name} of {weights} is cut off or damaged. {again(weights)}")
            header = json.loads(file.read(length))
    except FileNotFoundError:
        raise Unavailable(f"{name} is missing in {weights}. {again(weights)}") from None
    except (OSError, ValueError) as wrong:
        raise Unavailable(f"{name} of {weights} can't be read. {again(weights)}") from wrong
    ends = [row["data_offsets"][1] for key, row in header.items() if key != "__metadata__"]
    if 8 + length + max(ends, default=0) != size:
        raise Unavailable(f"{name} of {weights} is cut off or damaged. {again(weights)}")


def _role(kind: str) -> Role:
    if kind.endswith("Scheduler"):
        return "scheduler"
    if "Tokenizer" in kind:
        return "tokenizer"
    return "processor" if "Processor" in kind or "FeatureExtractor" in kind else "network"


def _checked(part: Part, *, weights: str, variant: str | None) -> Part:
    if part.role == "network":
        found, safe = network(part.folder, weights=weights, variant=variant)
        return Part(part.name, part.library, part.kind, part.role, part.folder, found, safe)
    for row in FIRST_FILES[part.role]:
        there = [name for name in row if (part.folder / name).is_file()]
        if not there:
            raise Unavailable(f"{part.name}/{row[0]} is missing in {weights}. {again(weights)}")
        if there[0].endswith(".json"):
            read_json(part.folder / there[0], weights=weights)
        if there[0] == "vocab.json" and not (part.folder / "merges.txt").is_file():
            raise Unavailable(f"{part.name}/merges.txt is missing in {weights}. {again(weights)}")
    return part


def _safetensors(folder: Path, stem: str, variant: str | None, weights: str) -> list[Path]:
    """The files of a network, one or many; none where there are none of this variant."""
    middle = f".{variant}" if variant else ""
    whole = folder / f"{stem}{middle}.safetensors"
    if whole.is_file():
        return [whole]
    index = folder / f"{stem}.safetensors.index{middle}.json"
    if not index.is_file():
        return []
    told = read_json(index, weights=weights).get("weight_map")
    if not isinstance(told, dict) or not told:
        raise Unavailable(f"{_told(index)} of {weights} names no files. {again(weights)}")
    return [folder / Path(str(name)).name for name in sorted(set(told.values()))]


def _check_pickle(path: Path, *, weights: str) -> None:
    with path.open("rb") as file:
        start = file.read(len(POINTER))
    if start == POINTER:
        raise Unavailable(f"{_told(path)} of {weights} is only a pointer of git-lfs. {again(weights)}")
    if not is_zipfile(path):
        raise Unavailable(f"{_told(path)} of {weights} is cut off or damaged. {again(weights)}")


def _told(path: Path) -> str:
    """A file as its reader knows it: with its part's folder."""
    return path.name if path.name == INDEX else f"{path.parent.name}/{path.name}"
