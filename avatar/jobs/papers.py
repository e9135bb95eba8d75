"""Requests, outcomes and errors as JSON for the job database, and back. Knows no table and no engine."""

import json
from dataclasses import asdict
from typing import Any

from avatar import records
from avatar.errors import AvatarError, Busy, StageFailed
from avatar.events import FellBack, Outcome
from avatar.jobs.service import Webhook
from avatar.request import Ask


def compact(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def dump_request(ask: Ask) -> str:
    """The request as it stands, its seed included."""
    return compact(ask.model_dump(mode="json"))


def load_request(text: str) -> Ask:
    """The request that `dump_request` wrote."""
    return Ask.model_validate_json(text)


def dump_outcome(outcome: Outcome) -> str:
    """An outcome, with what happened on the way."""
    return records.dump(outcome).decode()


def load_outcome(text: str) -> Outcome:
    """The outcome that `dump_outcome` wrote."""
    return records.load(Outcome, text)


def fallback(step: FellBack) -> dict[str, str]:
    """A step down as a JSON object."""
    return asdict(step)


def dump_fallbacks(fallbacks: tuple[FellBack, ...]) -> str:
    """The steps down, as a list."""
    return compact([fallback(each) for each in fallbacks])


def load_fallbacks(text: str) -> tuple[FellBack, ...]:
    """The steps down that `dump_fallbacks` wrote."""
    return tuple(FellBack(**each) for each in json.loads(text))


def dump_webhook(hook: Webhook | None) -> str | None:
    """Whom to tell, or nobody."""
    return None if hook is None else compact(asdict(hook))


def load_webhook(text: str | None) -> Webhook | None:
    """Whom to tell, or nobody."""
    if text is None:
        return None
    told = json.loads(text)
    return Webhook(told["url"], tuple(told["events"]))


def dump_error(error: AvatarError, *, stage: str | None = None) -> str:
    """An error by the name of its class, so that it comes back as what it was."""
    told: dict[str, Any] = {"name": type(error).__name__, "message": str(error), "stage": stage}
    if isinstance(error, StageFailed):
        told |= {"stage": error.stage, "reasons": error.reasons}
    if isinstance(error, Busy):
        told["retry_after"] = error.retry_after
    return compact(told)


def load_error(text: str) -> AvatarError:
    """The error that `dump_error` wrote; one whose class is gone comes back as the root of the tree."""
    told = json.loads(text)
    kind = _tree(AvatarError).get(told["name"], AvatarError)
    if issubclass(kind, StageFailed):
        return kind(told["stage"], tuple((backend, why) for backend, why in told["reasons"]))
    if issubclass(kind, Busy):
        return kind(told["message"], retry_after=told["retry_after"])
    return kind(told["message"])


def _tree(root: type[AvatarError]) -> dict[str, type[AvatarError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found
