"""The words of fetching: where from, how patiently, what comes and what was kept. Knows neither network nor disk.

All sizes are bytes, all times seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Hub:
    """The way to a hub. For what is left empty its library asks HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE.

    `mirror` is an https folder that has what comes from elsewhere than a hub, each model in a folder of its id.
    """

    endpoint: str = ""
    token: str = ""
    offline: bool = False
    mirror: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence is borne and how often it is tried again.

    `silence` is the longest wait for the next bytes, `attempts` how often something may fail in a row without any gain,
    `pause` the wait after the first failure, which doubles up to `longest`. A hub that asks for a longer wait than
    `longest` is taken at its word, and it is given up.
    """

    silence: float = 20.0
    attempts: int = 5
    pause: float = 1.0
    longest: float = 60.0


Step = Literal["waiting", "sizes", "files", "conversion", "installed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a model has come: `done` of `total` bytes. `note` tells something worth knowing, once."""

    id: str
    step: Step
    done: int = 0
    total: int = 0
    path: str = ""
    note: str = ""


Listener = Callable[[Progress], None]


def unheard(_progress: Progress) -> None:
    """The listener of a fetch that nobody follows."""


def never() -> bool:
    """The wish of somebody who wants it to the end."""
    return False


@dataclass(frozen=True, slots=True)
class File:
    """One file as its source has it now: `path` there, `load` below the model's folder, `url` to get it from.

    `sha256` or `blob` (git's name of the same bytes) say what must come; both empty where the source does not tell.
    """

    path: str
    load: str
    size: int
    url: str
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of one row at one revision, with their true sizes; `notes` say where the row was wrong."""

    source: str
    revision: str
    files: tuple[File, ...]
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a model that is coming: its listing, the most bytes it will take, digests of files done."""

    listing: Listing
    peak: int
    done: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is being read: `start` is the position of its first byte, `size` that of the whole file."""

    start: int
    size: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of an installed model, by its path below the model's folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What was installed, as `fetched.json` keeps it: seconds since 1970; `had` are the paths that were fetched."""

    id: str
    source: str
    revision: str
    fetched: float
    had: tuple[str, ...]
    files: tuple[Kept, ...]
    conversion: str = ""

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Holding:
    """A model of which something is here. `used` is when last, in seconds since 1970, 0 when nobody knows.

    `fault` says why it does not count as installed; empty when it does.
    """

    id: str
    size: int
    revision: str = ""
    used: float = 0.0
    fault: str = ""
