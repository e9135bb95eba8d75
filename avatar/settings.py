"""What the environment says. Knows no stage and no request.

All variables may be left out.

    AVATAR_DATA_DIR       folder for films, cache and models   default: avatar-chat in $XDG_DATA_HOME or ~/.local/share
    AVATAR_STORE_BUDGET   bytes the cache may take, e.g. 5GB   default: 5GB
    AVATAR_TIMEOUT        seconds a request may take           default: none
    AVATAR_DEBUG          show the trace of unexpected errors  default: off
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avatar.errors import BadRequest

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
DEFAULT_BUDGET = "5GB"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set from outside."""

    data: Path
    store_budget: int
    timeout: float | None

    @property
    def models(self) -> Path:
        """Where weights lie, one folder for each catalogue id."""
        return self.data / "models"


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises `BadRequest` for a value that means nothing."""
    home = environ.get("XDG_DATA_HOME") or "~/.local/share"
    data = environ.get("AVATAR_DATA_DIR") or f"{home}/avatar-chat"
    try:
        folder = Path(data).expanduser().absolute()
    except RuntimeError:
        raise BadRequest("This user has no home folder. Set AVATAR_DATA_DIR to a folder that can be written.") from None
    return Settings(
        data=folder,
        store_budget=_size("AVATAR_STORE_BUDGET", environ.get("AVATAR_STORE_BUDGET") or DEFAULT_BUDGET),
        timeout=_seconds("AVATAR_TIMEOUT", environ.get("AVATAR_TIMEOUT")),
    )


def _size(name: str, text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not match:
        raise BadRequest(f"{name} can't be {text!r}. Give a size such as 500MB or 5GB.")
    return int(float(match[1]) * UNITS[match[2].upper()])


def _seconds(name: str, text: str | None) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text.strip()) or float(text) == 0:
        raise BadRequest(f"{name} can't be {text!r}. Give a number of seconds above 0, or leave it out.")
    return float(text)
