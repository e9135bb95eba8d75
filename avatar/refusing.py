"""How foreign text is cleaned, and what is wrong with a request told in a sentence. Knows no field by name."""

import unicodedata
from collections.abc import Callable, Mapping

from pydantic_core import ErrorDetails, PydanticCustomError

from avatar.errors import BadRequest, TooLarge

SHOWN = 40  # characters of a wrong value that a refusal quotes


def clean(name: str, text: str) -> str:
    """Text without line-break variants and marks that carry no meaning; refuses what no editor would save."""
    for position, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if kind == "Cs":
            raise PydanticCustomError(
                "surrogate", f"{name} is not valid Unicode at character {position + 1}. Save it as UTF-8."
            )
        if kind == "Cc" and not sign.isspace():
            raise PydanticCustomError(
                "control", f"{name} holds control character U+{ord(sign):04X} at character {position + 1}. Remove it."
            )
    return "\n".join(text.replace("\ufeff", "").splitlines()).strip()


def refusal(detail: ErrorDetails, how: Mapping[str, str], called: Callable[[str], str]) -> BadRequest:
    """The error for pydantic's finding. `how` tells for a field what may be given, `called` is the asker's own word."""
    name = str(detail["loc"][0]) if detail["loc"] else ""
    path = called(".".join(map(str, detail["loc"])))
    match detail["type"]:
        case "too_large":
            return TooLarge(detail["msg"])
        case "surrogate" | "control" | "empty" | "speechless" | "size" | "either" | "script":
            return BadRequest(detail["msg"])
        case "missing":
            return BadRequest(f"The request has no {path}. {how.get(name, '')}".rstrip())
        case "extra_forbidden":
            return BadRequest(f"{path} is not something that can be asked. Remove it, or check its spelling.")
    return BadRequest(f"{path} can't be {_shown(detail['input'])}. {how.get(name, '')}".rstrip())


def _shown(value: object) -> str:
    """The value as a message quotes it: a long one cut, a string with both its quotes."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
