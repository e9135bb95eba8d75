"""Tries again, after a few short pauses, where a shared place does not answer. Knows no file.

Everything here raises `Unreachable` in the end.
"""

import sys
import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TypeVar

from avatar.disk import advice
from avatar.errors import StorageError

T = TypeVar("T")

PAUSES = (0.2, 1.0)  # seconds before the second and the third try
PLACE = "the shared store"
CLIENTS = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),  # s3
    "aiohttp": ("ClientError",),  # s3, gs, az
    "gcsfs.retry": ("HttpError", "ChecksumError"),
    "google.auth.exceptions": ("GoogleAuthError",),
    "requests.exceptions": ("RequestException",),  # gs; mostly OSErrors
    "azure.core.exceptions": ("AzureError",),
}
"""What the clients of clouds raise, by the module that has it."""


class Unreachable(StorageError):
    """The place does not answer, or not as it should."""


class Patient:
    """Tries again after a pause; what is missing is missing, and what is forbidden stays so."""

    def __init__(self, pauses: Iterable[float]) -> None:
        self._pauses = pauses

    def _try(self, act: Callable[[], T]) -> T:
        for pause in chain(self._pauses, [None]):
            try:
                return act()
            except (FileNotFoundError, FileExistsError):
                raise
            except PermissionError:
                raise Unreachable("The shared store refuses access. Check its keys and permissions.") from None
            except _faults() as error:
                if pause is None:
                    raise Unreachable(_told(error)) from None
                time.sleep(pause)
        raise AssertionError


def _faults() -> tuple[type[Exception], ...]:
    """The system's errors, and those of clients that are loaded, which are no OSErrors."""
    loaded = ((sys.modules.get(module), names) for module, names in CLIENTS.items())
    return (OSError, *(getattr(client, name) for client, names in loaded for name in names if hasattr(client, name)))


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError | Gone):
        return advice(error, PLACE)
    return "The shared store does not answer. Check AVATAR_STORE_URL and the way to it, and ask again."


class Gone(OSError):
    """The place itself is not there."""
