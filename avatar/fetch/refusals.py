"""What each refusal of a hub means, and what to do about it. Knows no disk and asks nothing itself."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from avatar.errors import Damaged, FetchError, Gated, Missing, Offline, Stalled
from avatar.fetch.persist import Setback
from avatar.plan import Weights


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for when it was refused."""

    row: Weights
    path: str = ""
    revision: str = ""


def refusal(error: Exception, asked: Asked) -> Setback | FetchError:
    """The refusal in our words; a `Setback` when trying again may help."""
    source, thing = asked.row.source, asked.path or "the list of files"
    if isinstance(error, OfflineModeIsEnabled):
        return Offline(f"{asked.row.id} is not here, and offline mode is on. Unset HF_HUB_OFFLINE to fetch it.")
    if isinstance(error, HfHubHTTPError):
        return _answered(error, asked)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return Offline(f"{source} can't be asked for at this address. Check HF_ENDPOINT and AVATAR_MIRROR.")
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        mirror = "AVATAR_MIRROR" if "://" in source else "HF_ENDPOINT"
        return Setback(Offline(f"{source} can't be reached. Check the network, or set {mirror} to a mirror."))
    if isinstance(error, httpx2.TimeoutException):
        return Setback(Stalled(f"{source} stopped sending {thing}. Try again: it goes on where it stopped."))
    return Setback(Stalled(f"{source} broke off while sending {thing}. Try again: it goes on where it stopped."))


MEANINGS: dict[type[HfHubHTTPError], tuple[type[FetchError], str]] = {
    GatedRepoError: (Gated, "is given to those who agree to its terms. Agree on its page, then set HF_TOKEN."),
    RevisionNotFoundError: (Missing, "no longer has the revision {revision}. Take a newer catalogue."),
    RemoteEntryNotFoundError: (Missing, "has no {path} (any more). Take a newer catalogue."),
    RepositoryNotFoundError: (Missing, "does not exist or is private. Take a newer catalogue, or set HF_TOKEN."),
    DisabledRepoError: (Missing, "was shut by the hub. Take a newer catalogue."),
}
"""What the hub says in its own words, the narrower ones first."""

STATUSES: dict[int, tuple[type[FetchError], str]] = {
    401: (Gated, "does not accept the token, or wants one. Set HF_TOKEN to one that may read it."),
    403: (Gated, "does not accept the token, or wants one. Set HF_TOKEN to one that may read it."),
    404: (Missing, "has no {path} (any more). Take a newer catalogue."),
    410: (Missing, "has no {path} (any more). Take a newer catalogue."),
}
"""What a status means where the hub says no more."""


def _answered(error: HfHubHTTPError, asked: Asked) -> Setback | FetchError:
    source, status = asked.row.source, error.response.status_code
    said = next((MEANINGS[kind] for kind in MEANINGS if isinstance(error, kind)), STATUSES.get(status))
    if said:
        kind, text = said
        return kind(f"{source} {text.format(path=asked.path or 'such thing', revision=asked.revision[:12])}")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return Setback(Damaged(f"{asked.path} of {source} is shorter than promised. Try again later."))
    wait = _seconds(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        when = f"in {wait:.0f} s" if wait else "later"
        return Setback(Stalled(f"{source} is asked too often. Try again {when}, or set HF_TOKEN."), wait=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Setback(Stalled(f"{source} answers with error {status}. Try again later."), wait=wait)
    return FetchError(f"{source} answers with error {status}. Try again later, or take a newer catalogue.")


def _seconds(error: HfHubHTTPError) -> float:
    """How long the hub wants to be left alone: `Retry-After`, or the reset of its rate limit."""
    headers = error.response.headers
    after = headers.get("retry-after", "").strip()
    limits = dict(part.strip().split("=", 1) for part in headers.get("ratelimit", "").split(";") if "=" in part)
    reset = limits.get("t", "") if limits.get("r") == "0" else ""
    return float(next((text for text in (after, reset) if text.isdigit()), "0"))
