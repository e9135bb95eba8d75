"""Artifacts and briefs as canonical JSON and back. Knows no file and no particular artifact."""

import json
from collections.abc import Hashable
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(value: Any) -> bytes:
    """Canonical JSON of a dataclass: sorted keys, no spaces, so that equal values give equal bytes."""
    return json.dumps(asdict(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load(kind: type[T], text: bytes | str) -> T:
    """The dataclass of type `kind` that `dump` wrote. Raises pydantic's ValidationError when it is not one."""
    value: T = _adapter(cast(Hashable, kind)).validate_json(text)
    return value
