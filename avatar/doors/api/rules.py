"""What the owner allows at this door, and the hands that it is lent. Knows no environment and no library."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from avatar.jobs.service import UploadKind

JSON_LIMIT = 1_000_000  # bytes of a request that brings no file
FORM_EXTRA = 10_000  # bytes that a form may take beside the file in it


@dataclass(frozen=True, slots=True)
class Rules:
    """The owner's settings, as this door needs them. Sizes are bytes, times seconds; empty means not set.

    `incoming` is where uploads lie until they are checked, best on the disk of the store. `trusted_proxies` are
    addresses or networks. `heartbeat` is how often a silent stream shows that it lives, `patience` how long a sender
    may be silent in the middle of a request, `longest_wait` what `Prefer: wait` may ask for, and `streams` how many
    event and film streams one client may hold open.
    """

    incoming: Path
    api_keys: tuple[tuple[str, str], ...] = ()
    admin_key: str = ""
    cors: tuple[str, ...] = ()
    upload_limit: int = 200 * 10**6
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    heartbeat: float = 15.0
    patience: float = 30.0
    longest_wait: float = 60.0
    streams: int = 32

    @property
    def keyed(self) -> bool:
        """Whether the owner set any key."""
        return bool(self.api_keys or self.admin_key)


@dataclass(frozen=True, slots=True)
class Hands:
    """What touches the world for this door.

    `fetch` brings a picture or sound from a public URL as a new file in a folder, within the upload limit, and raises
    `BadRequest`, `UnsupportedMedia`, `TooLarge`; `check_hook` raises `BadRequest` for a URL that no webhook is sent to.
    """

    fetch: Callable[[str, Path, UploadKind], Path]
    check_hook: Callable[[str], None]
