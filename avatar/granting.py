"""Whom a stage may ask for what a brief wishes, best first. Knows no stage, no model and no machine."""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import TypeVar

from avatar.errors import BadRequest
from avatar.stage import Backend, Choosy, Granting, Stage

I = TypeVar("I")
O = TypeVar("O")

Placed = Callable[[str, str], object]
"""Where a backend of a stage runs; None when it can't."""


def asked(
    stage: Stage[I, O],
    brief: I,
    *,
    backends: Mapping[str, str],
    barred: Collection[tuple[str, str]],
    placed: Placed,
) -> list[Backend[I, O]]:
    """Those who take such a brief and grant what it wishes, from the one on that `backends` names for the stage.

    Where no model has a place here nobody is passed over for a wish: what the floor makes is a step down, and told.
    Raises `BadRequest` when the named one does not take or grant it, and when none of those with a place grants it.
    """
    named = backends.get(stage.name)
    able = [b for b in stage.chain if not isinstance(b, Choosy) or b.takes(brief)]
    if named is None:
        able = [b for b in able if (stage.name, b.id) not in barred]
    else:
        names = [b.id for b in able]
        if named not in names:
            raise BadRequest(
                f"{named} can't do this {stage.name}: it takes requests of another kind. Here there are"
                f" {', '.join(names)}."
            )
        able = able[names.index(named) :]
        if short := unmet(able[0], brief):
            raise BadRequest(short)
    here = {backend.id for backend in able if placed(stage.name, backend.id) is not None}
    return _granting(able, brief, here=here)


def unmet(backend: Backend[I, O], brief: I) -> str:
    """Why a backend can't grant what a brief of its kind wishes; empty when it can."""
    return backend.unmet(brief) if isinstance(backend, Granting) else ""


def _granting(able: Sequence[Backend[I, O]], brief: I, *, here: Set[str]) -> list[Backend[I, O]]:
    short = {backend.id: why for backend in able if (why := unmet(backend, brief))}
    kept = [backend for backend in able if backend.id not in short]
    willing = [backend.id for backend in kept if isinstance(backend, Granting)]
    refused = [why for name, why in short.items() if name in here]
    if here.isdisjoint(willing) and refused:
        others = f" Not here, but able to: {', '.join(willing)}." if willing else ""
        raise BadRequest(" ".join(refused) + others)
    return list(able) if here.isdisjoint([*willing, *short]) else kept
