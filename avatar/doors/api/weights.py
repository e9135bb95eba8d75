"""The routes of `/v1/weights`: which models are here, and the owner's hand on them. Knows no stage."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel

from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import At, Who
from avatar.doors.api.problems import declared
from avatar.doors.api.videos import ALWAYS
from avatar.errors import Forbidden
from avatar.gallery import WeightsCard

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$", description="The `id` of a model")]

router = APIRouter(prefix="/v1/weights", tags=["weights"])


class WeightsList(BaseModel):
    """All models that are offered, those that are here first; `yours` says whether you may fetch and remove."""

    object: Literal["list"] = "list"
    data: list[WeightsCard]
    yours: bool


@router.get("", responses=declared(*ALWAYS))
def weights(desk: At, caller: Who) -> WeightsList:
    """The models: size, licence, last use, and how far those are that are coming."""
    return WeightsList(data=list(desk.jobs.house.weights()), yours=_owns(caller, keyed=desk.rules.keyed))


@router.post("/{name}/fetch", status_code=202, responses=declared(*ALWAYS, "not_found"))
def fetch(name: Name, desk: At, caller: Who) -> None:
    """Begin to fetch a model. Needs the admin key; without keys it must be asked from this machine."""
    _check(caller, keyed=desk.rules.keyed)
    desk.jobs.house.fetch(name)


@router.delete("/{name}", status_code=204, responses=declared(*ALWAYS, "not_found", "busy"))
def evict(name: Name, desk: At, caller: Who) -> None:
    """Remove a model, or call off its coming. Needs what fetching needs."""
    _check(caller, keyed=desk.rules.keyed)
    desk.jobs.house.evict(name)


def _owns(caller: Caller, *, keyed: bool) -> bool:
    return caller.admin if keyed else caller.near


def _check(caller: Caller, *, keyed: bool) -> None:
    if not _owns(caller, keyed=keyed):
        how = "Send the admin key." if keyed else "Ask from the machine itself, or let the owner set AVATAR_ADMIN_KEY."
        raise Forbidden(f"Only the owner fetches and removes weights. {how}")
