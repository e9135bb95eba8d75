"""Whether there is a way to the hub. Knows no model; asks only when told to, and never for long."""

import threading
from collections.abc import Mapping
from typing import Literal

HubState = Literal["reachable", "unreachable", "offline", "unknown"]
HOME = "https://huggingface.co"
LIMIT = 2.0
"""Seconds; names are looked up in this time too, which no socket's own limit covers."""
YES = {"1", "true", "yes", "on"}


def hub_state(environ: Mapping[str, str], *, ask: bool = False, limit: float = LIMIT) -> HubState:
    """`offline` when HF_HUB_OFFLINE says so, else what asking finds, else `unknown`.

    HF_ENDPOINT names another hub, and proxies are those of the environment of this process.
    """
    if environ.get("HF_HUB_OFFLINE", "").lower() in YES or environ.get("TRANSFORMERS_OFFLINE", "").lower() in YES:
        return "offline"
    if not ask:
        return "unknown"
    answers: list[bool] = []
    url = environ.get("HF_ENDPOINT") or HOME
    asker = threading.Thread(target=lambda: answers.append(_answers(url, limit)), daemon=True)
    asker.start()
    asker.join(limit)
    return "reachable" if answers and answers[0] else "unreachable"


def _answers(url: str, limit: float) -> bool:
    """Whether anything there speaks HTTP, whatever it says."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not url.startswith(("http://", "https://")):
        return False
    try:
        with urlopen(Request(url, method="HEAD"), timeout=limit):  # noqa: S310 - the scheme was looked at
            return True
    except HTTPError as error:
        error.close()
        return error.code < 500
    except (OSError, HTTPException, ValueError):
        return False
