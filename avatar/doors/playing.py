"""Who plays whom, as the command line writes it: `Ada=ada`, `Ben=ben.jpg,voice=en-gb+m3`. Knows no file's content."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avatar.doors.own import PICTURES
from avatar.errors import BadRequest

HOW = "Write NAME=AVATAR or NAME=PICTURE, and after commas voice=ID, rate=X or pitch=X."
WISHES = ("voice", "rate", "pitch", "prompt")
FIELD = "cast "
"""What the name of a picture's field begins with."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Roles by speaker as the request has them, but for `pictures`: files by speaker."""

    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)


def cast(options: Iterable[str]) -> Cast:
    """What `--cast` says, once for each speaker. Raises `BadRequest`."""
    found = Cast()
    for option in options:
        name, sign, rest = (part.strip() for part in option.partition("="))
        if not (name and sign and rest) or name in found.roles:
            raise BadRequest(f"--cast can't be {option[:40]!r}. {HOW}")
        role = found.roles.setdefault(name, {})
        for number, wish in enumerate(part.strip() for part in rest.split(",")):
            key, equals, value = (part.strip() for part in wish.partition("="))
            if equals and key in WISHES and value:
                role[key] = value
            elif number or equals or not wish:
                raise BadRequest(f"--cast can't be {option[:40]!r}. {HOW}")
            elif Path(wish).is_file() or Path(wish).suffix.lower() in PICTURES:
                found.pictures[FIELD + name] = wish
            else:
                role["avatar"] = wish
    return found
