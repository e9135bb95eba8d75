"""What answers must be like."""

from typing import Any

import httpx


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, which must be one."""
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), answer.text
    assert told["type"] == f"urn:avatar-chat:problem:{code}"
    assert told["detail"].endswith(".")
    return told
