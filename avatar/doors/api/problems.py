"""Errors as problem documents (RFC 9457), each with a stable code. Knows no route and no job."""

import difflib
import json
import math
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from avatar import allowed
from avatar.doors.api.paths import path_of
from avatar.errors import AvatarError, BadRequest, Busy, DatabaseGone, StageFailed

MEDIA_TYPE = "application/problem+json"
SHOWN = 40  # characters of a wrong value that a refusal quotes

STATUS = {
    "invalid_request": 422,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media": 415,
    "range_not_satisfiable": 416,
    "too_slow": 408,
    "consent_required": 403,
    "forbidden": 403,
    "licence_required": 403,
    "unauthorised": 401,
    "rate_limited": 429,
    "queue_full": 503,
    "busy": 503,
    "cancelled": 409,
    "timed_out": 504,
    "insufficient_storage": 507,
    "database_gone": 503,
    "fetch_failed": 503,
    "worker_lost": 503,
    "unavailable": 503,
}
"""The HTTP status of each code; all others are 500."""

BY_STATUS = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large"}


class Problem(BaseModel):
    """What went wrong: `code` is for programs, `detail` for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:avatar-chat:problem:not_found",
                "title": "Not Found",
                "status": 404,
                "code": "not_found",
                "detail": "There is no job video_0. Check the id.",
                "retryable": False,
            }
        }
    )

    type: str = Field(description="A name for this kind of problem; it is no address")
    title: str
    status: int
    code: str = Field(description="Stable: programs may rely on it")
    detail: str = Field(description="What happened, and what to do")
    retryable: bool = Field(description="Whether the same request may succeed later")
    stage: str | None = Field(None, description="The stage that failed")
    field: str | None = Field(None, description="The field of the request that can't be met")


def problem(
    code: str, detail: str, *, retryable: bool = False, headers: dict[str, str] | None = None, **more: str | None
) -> Response:
    """The answer for a code. `more` are further members of the document; those that are None are left out."""
    status = STATUS.get(code, 500)
    told: dict[str, Any] = {
        "type": f"urn:avatar-chat:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "retryable": retryable,
    }
    told |= {name: value for name, value in more.items() if value is not None}
    return Response(json.dumps(told), status, headers, MEDIA_TYPE)


def of_error(error: AvatarError, *, headers: dict[str, str] | None = None) -> Response:
    """The answer for one of our own errors."""
    sent = dict(headers or {})
    if isinstance(error, Busy | DatabaseGone):
        sent["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.code == "unauthorised":
        sent["WWW-Authenticate"] = "Bearer"
    stage = error.stage if isinstance(error, StageFailed) else None
    return problem(error.code, str(error), retryable=error.retryable, headers=sent, stage=stage)


BRANCHES = frozenset({"str", "bool", "int", "float", "dict", "list", "constrained-str"})
TYPES = {
    "model_attributes_type": "Send an object.",
    "model_type": "Send an object.",
    "dict_type": "Send an object.",
    "list_type": "Send a list.",
    "string_type": "Send a text.",
    "string_pattern_mismatch": "Write it as /docs says.",
    "bool_type": "Send true or false.",
    "bool_parsing": "Send true or false.",
    "int_type": "Send a whole number.",
    "int_parsing": "Send a whole number.",
    "float_type": "Send a number.",
    "float_parsing": "Send a number.",
    "finite_number": "Send a number.",
}
"""What to send instead, by pydantic's name for what was wrong."""


HOW = {
    **{name: how for name, how in allowed.HOW.items() if name not in ("text", "width", "height", "drive", "kind")},
    "size": "Write it as 512x512, width first.",
    "priority": "Use 0 (first) to 9 (last).",
    "webhook": 'Send {"url": "https://...", "events": ["completed", "failed"]}.',
}
"""What may be sent, by the field of a request."""
MEANT = {
    "text": "script", "message": "script", "input": "script", "duration": "seconds", "length": "seconds",
    "count": "variations", "n": "variations", "model": "backends", "width": "size", "height": "size",
    "resolution": "size", "subtitles": "captions", "mood": "expression", "emotion": "expression", "speed": "rate",
    "photo": "image", "picture": "image", "recording": "audio", "lang": "language", "callback": "webhook",
}  # fmt: skip
"""What fields are called elsewhere."""


ASKED, BODIES = frozenset({"/v1/videos", "/v1/plans"}), frozenset({"VideoBody", "CreateVideo"})
"""Where a film is asked for, and the bodies that do."""


def of_http(error: HTTPException) -> Response:
    """The answer for an error of the web framework."""
    code = BY_STATUS.get(error.status_code, "internal")
    detail = {
        "not_found": "There is nothing at this address. Check it against /docs.",
        "method_not_allowed": "This address does not take this method. Check it against /docs.",
        "invalid_request": "The body can't be read. Send it whole, and as /docs says.",
    }.get(code, error.detail)
    return problem(code, detail, headers=dict(error.headers or {}))


def declared(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its OpenAPI entry."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS.get(code, 500), []).append(code)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": f"{HTTPStatus(status).phrase}: {', '.join(found)}", "content": content}
        for status, found in sorted(by_status.items())
    }


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    app.add_exception_handler(AvatarError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AvatarError)  # noqa: S101 - Starlette's handlers are typed by their widest error
    return of_error(error)


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return of_http(error)


def unexpected() -> Response:
    """The answer for a bug: nothing of it leaves."""
    return problem("internal", "Something unexpected happened here. Try again, or tell the owner.", retryable=True)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    place, *path = first["loc"] or ("body",)
    if place == "path":
        return problem("not_found", "There is nothing with this id. Check it.")
    named = ".".join(str(part) for part in path if not _branch(part))
    near = _near if path_of(request.scope) in ASKED else _spelling
    field = None if first["type"] == "json_invalid" else _short(named, 200)
    return problem("invalid_request", _sentence(first, str(place), path, near=near), field=field or None)


def refusal(error: ValidationError) -> BadRequest:
    """What pydantic found wrong with a body, as one of our own errors."""
    first = error.errors(include_url=False)[0]
    return BadRequest(_sentence(first, "body", first["loc"], near=_near if error.title in BODIES else _spelling))


def _sentence(found: Any, place: str, path: Sequence[object], *, near: Callable[[str], str]) -> str:
    """`near` says which field may have been meant by one that is not known."""
    name = _short(".".join(str(part) for part in path if not _branch(part)))
    kind = found["type"]
    told = {
        "json_invalid": f"The body is not JSON: {found.get('ctx', {}).get('error', 'it ends too early')}.",
        "extra_forbidden": f"{name} is not something that can be asked. {near(name)}",
        "missing": f"The request has no {name}. Add it to the {place}.",
        "asked": str(found["msg"]),
    }
    if kind == "missing" and not path:
        return "The request has no body. Send a JSON object with Content-Type: application/json."
    if kind in ("model_attributes_type", "model_type", "dict_type") and not path:
        return "The body is not a JSON object. Send one, with Content-Type: application/json."
    if kind in TYPES and not (path and str(path[0]) in HOW):
        return f"{name} can't be {_short(repr(found.get('input')))}. {TYPES[kind]}"
    how = HOW.get(str(path[0])) if path else None
    if how and kind not in told:
        return f"{name} can't be {_short(repr(found.get('input')))}. {how}"
    reason = found["msg"][:1].lower() + found["msg"][1:].rstrip(".")
    return told.get(kind) or f"{name} can't be {_short(repr(found.get('input')))}: {reason}."


def _spelling(_name: str) -> str:
    return "Remove it, or check its spelling."


def _near(name: str) -> str:
    """Which field of a film's request may have been meant."""
    known = [*MEANT, *HOW]
    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    return f"Perhaps {MEANT.get(found[0], found[0])} is meant." if found else _spelling(name)


def _branch(part: object) -> bool:
    """Whether pydantic names a branch of a union here, and no field."""
    return isinstance(part, str) and (part in BRANCHES or "[" in part or "-" in part)


def _short(text: str, limit: int = SHOWN) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
