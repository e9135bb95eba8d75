"""The hallway: settings, probe, plan, fetch, wire. Knows everybody, and nobody but the front doors knows it.

python smart_startup.py             what this machine would do, and nothing else
--profile PROFILE                   minimal, recommended or maximum instead of auto
--doctor                            what is wrong with this machine, and what to do
--fetch [ID ...]                    fetch the weights that are planned, or these, then tell again
--installed                         which weights are here: size, revision, last use
--evict ID ...                      remove weights
--json                              any of it as JSON
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, cast

from avatar import settings, zerogpu
from avatar.engine import Engine
from avatar.errors import AvatarError
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import House
from avatar.residency import Residency
from avatar.storage import Store
from avatar.store import FolderStore
from hallway import reception, voices
from hallway.cupboard import Cupboard
from hallway.outfit import Outfit, barred
from hallway.sealing import finishing
from stages import pipeline

if TYPE_CHECKING:
    from avatar.jobs.durable import DurableJobs


def start(environ: Mapping[str, str] = os.environ) -> DirectJobs:
    """Everything wired for one caller in this process. Raises `BadRequest` for bad settings, `StorageError`."""
    outfit = Outfit(settings.read(environ), environ)
    works = engine(outfit)
    return DirectJobs(
        works,
        render=partial(pipeline.render, label=outfit.chosen.label),
        house=house(outfit, works),
        timeout=outfit.chosen.timeout,
        patience=outfit.chosen.stage_timeout,
        finish=finishing(outfit.chosen),
        barred=barred,
    )


def house(outfit: Outfit, works: Engine) -> House:
    """What doors may ask beside films."""
    store, models = works.store, outfit.chosen.models
    signs, kept = finishing(outfit.chosen), Cupboard(outfit)
    return House(
        voices=partial(voices.voices, works.place),
        sample=partial(voices.sample, engine=works),
        avatars=reception.avatars,
        plan=lambda ask: outfit.plan if ask is None else outfit.planned(ask),
        explain=lambda: outfit.page,
        sheet=reception.sheet,
        portrait=partial(reception.portrait, folder=outfit.chosen.data / "portraits"),
        examine=reception.examine,
        check=partial(reception.check, engine=works),
        verify=reception.verify,
        export=partial(reception.export, engine=Engine(works.store), seal=signs.again if signs else None),
        licences=lambda outcome: reception.licences(outcome.backends),
        certify=lambda film, rig: reception.certify(film, rig, models=models, engine=works),
        known=partial(reception.known, engine=works),
        faces=partial(reception.faces, models=models, store=store),
        hear=partial(reception.hear, models=models, store=store),
        deaf=partial(reception.deaf, models=models),
        join=reception.join,
        weights=kept.cards,
        fetch=kept.fetch,
        evict=kept.evict,
    )


def open_house(*, host: str, port: int, environ: Mapping[str, str] = os.environ) -> int:
    """Say what this machine will do, then serve it until stopped. The exit status."""
    try:
        outfit = Outfit(settings.read(environ), environ, stays=True)
        print(outfit.page, flush=True)
        return _serve(outfit, host=host, port=port, worker=True)
    except AvatarError as error:
        print("error:", error, file=sys.stderr)
        return error.exit_status


def serve(*, host: str, port: int, worker: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until stopped, with or without doing the work too. Raises `BadRequest`, `StorageError`."""
    return _serve(Outfit(settings.read(environ), environ, stays=True), host=host, port=port, worker=worker)


def work(*, gpu_only: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Do jobs that other processes take, until stopped. Raises `BadRequest`, `StorageError`."""
    from hallway import serving

    outfit = Outfit(settings.read(environ), environ, stays=True)
    with serving.Errand(outfit.tend):
        return serving.at_work(outfit.chosen, engine(outfit), finish=finishing(outfit.chosen), gpu_only=gpu_only)


def mcp(environ: Mapping[str, str] = os.environ) -> int:
    """Serve one MCP client over standard input and output. Raises `BadRequest`, `StorageError`."""
    from hallway import serving

    outfit = Outfit(settings.read(environ), environ, stays=True)
    with _service(outfit, worker=True) as jobs:
        return serving.at_the_pipe(outfit.chosen, jobs)


def _serve(outfit: Outfit, *, host: str, port: int, worker: bool) -> int:
    from hallway import serving

    chosen = outfit.chosen
    zerogpu.report_started()
    base = chosen.public_url or f"http://{host}:{port}"
    with (
        serving.Errand(outfit.tend),
        _service(outfit, worker=worker) as jobs,
        serving.postman(chosen, jobs, base=base),
    ):
        told = f"\nServing at http://{host}:{port}  (page: /, API: /docs, MCP: /mcp, state: /health)"
        ready = partial(print, told, flush=True)
        return serving.at_the_door(chosen, jobs, host=host, port=port, ready=ready)


def _service(outfit: Outfit, *, worker: bool) -> "AbstractContextManager[DurableJobs]":
    from hallway import serving

    works = engine(outfit)
    desk = house(outfit, works)
    return serving.service(outfit.chosen, works, desk, finish=finishing(outfit.chosen), worker=worker)


def engine(outfit: Outfit) -> Engine:
    """The engine over the folder's store, or over the bucket that workers share. Raises `StorageError`."""
    chosen = outfit.chosen
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")  # read when torch is first imported
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(chosen.data / "compiled"))  # by the next start too
    store: Store = FolderStore(chosen.data / "store", budget=chosen.store_budget)
    if chosen.store_url:
        from avatar.bucket import SharedStore

        store = SharedStore(cast(FolderStore, store), chosen.store_url)
    return Engine(
        store,
        place=outfit.placement,
        why=outfit.why,
        revision=outfit.fetcher.revision,
        residency=Residency(load=outfit.load),
        hold=outfit.held,
        noted=outfit.paces.note,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Tell the plan for this machine, or what else is asked of it; the exit status."""
    from hallway import steward

    return steward.main(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    raise SystemExit(main())
