"""The hallway: settings, probe, plan, fetch, wire. Knows everybody, and nobody but the front doors knows it.

python smart_startup.py             what this machine would do, and nothing else
--profile   minimal, recommended or maximum instead of auto
--json      the plan as JSON
--doctor    what is wrong with this machine, and what to do
--fetch     fetch the weights that are planned, then tell again
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast, get_args

import reception
from avatar import doctor, explain, machine, planner, settings, zerogpu
from avatar.amounts import amount
from avatar.disk import storage_errors
from avatar.engine import Engine
from avatar.errors import AvatarError, Cancelled, FetchError, StorageError
from avatar.fetch.fetcher import Fetcher
from avatar.jobs import signing
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import House
from avatar.jobs.signing import Finish
from avatar.plan import Plan, Wishes
from avatar.request import TalkRequest
from avatar.settings import Settings
from avatar.stage import Placement
from avatar.storage import Store
from avatar.store import FolderStore
from hf_spaces_models import CATALOGUE, PROFILES
from stages import pipeline

if TYPE_CHECKING:
    from avatar.jobs.durable import DurableJobs
    from avatar.media.provenance import Credentials

LOG = logging.getLogger("avatar")
SPECIAL = {
    "speech": ("upload", "speecht5-clone"),
    "portrait": ("photo", "photo-plain"),
    "motion": ("ltx", "modelscope"),
}
"""Backends that serve requests of one kind only: a sound or a face of the asker's own, a film from words."""
LETTERS = 14.0
"""Letters a second, about as fast as people speak; for guesses of how long a film will be."""


class Outfit:
    """What this machine has and will do: the plan of now, made anew when weights have come."""

    def __init__(self, chosen: Settings, environ: Mapping[str, str] = os.environ, *, ask_hub: bool = False) -> None:
        with storage_errors(chosen.models):
            chosen.data.mkdir(parents=True, exist_ok=True)
            chosen.models.mkdir(parents=True, exist_ok=True)
        self.chosen = chosen
        self.fetcher = Fetcher(chosen.models, CATALOGUE, budget=chosen.models_budget, headroom=chosen.headroom)
        self.troubles: dict[str, str] = {}
        packages = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.packages}
        self._probe = partial(
            machine.probe,
            chosen.data,
            models=chosen.models,
            packages=sorted(packages),
            environ=environ,
            ask_hub=ask_hub,
        )
        self._machine = self._probe()
        self._plan = self.planned()

    @property
    def plan(self) -> Plan:
        """The plan of now."""
        return replace(self._plan, notes=(*self._plan.notes, *self.troubles.values()))

    def renew(self) -> None:
        """Look again at what is here, and plan anew."""
        self._machine = self._probe()
        self._plan = self.planned()

    def planned(self, ask: TalkRequest | None = None) -> Plan:
        """A plan for one request, or for a film of ordinary length."""
        chosen = self.chosen
        wishes = Wishes(chosen.profile, noncommercial=chosen.noncommercial, budget=chosen.models_budget)
        wishes = replace(wishes, headroom=chosen.headroom)
        if ask is not None:
            seconds = max(1.0, len(ask.text) / LETTERS / ask.rate)
            wishes = replace(wishes, seconds=seconds, sound_only=ask.kind == "speech")
        return planner.plan(
            pipeline.STAGES,
            machine=self._machine,
            catalogue=CATALOGUE,
            installed=self.fetcher.installed(),
            wishes=wishes,
            profiles=PROFILES,
            special=[(stage, backend) for stage, backends in SPECIAL.items() for backend in backends],
        )

    def placement(self, stage: str, backend: str) -> Placement | None:
        """Where a backend runs now; None when it can't."""
        return self._plan.placement(stage, backend)

    def fetch(self, stopped: Callable[[], bool] = lambda: False, *, told: Callable[[str], None] = LOG.info) -> None:
        """Fetch what is planned, one after another; what can't be had is noted, and the rest goes on."""
        for name in self._plan.fetch:
            row = CATALOGUE[name]
            told(f"fetching {row.title or name} ({amount(row.size)})")
            try:
                self.fetcher.fetch(row, cancelled=stopped, keep=self._plan.fetch)
            except Cancelled:
                return
            except (FetchError, StorageError) as error:
                self.troubles[name] = f"{row.title or name} could not be fetched. {error}"
                told(self.troubles[name])
            else:
                self.troubles.pop(name, None)
                self.renew()


def start(environ: Mapping[str, str] = os.environ) -> DirectJobs:
    """Everything wired for one caller in this process. Raises `BadRequest` for bad settings, `StorageError`."""
    outfit = Outfit(settings.read(environ), environ)
    works = engine(outfit)
    return DirectJobs(
        works,
        render=pipeline.render,
        house=house(outfit, works.store),
        timeout=outfit.chosen.timeout,
        finish=finishing(outfit.chosen),
    )


def house(outfit: Outfit, store: Store) -> House:
    """What doors may ask beside films."""
    return House(
        voices=reception.voices,
        avatars=reception.avatars,
        plan=lambda ask: outfit.plan if ask is None else outfit.planned(ask),
        explain=lambda: explain.explain(outfit.plan),
        sheet=reception.sheet,
        portrait=reception.portrait,
        examine=reception.examine,
        verify=reception.verify,
        licences=lambda outcome: reception.licences(outcome.backends),
        certify=lambda film, rig: reception.certify(film, rig, models=outfit.chosen.models, store=store),
    )


def finishing(chosen: Settings) -> Finish | None:
    """What signs finished films; None where that is not wanted or not possible."""
    if not (chosen.sign and signing.possible()):
        return None

    def credentials() -> "Credentials":
        from avatar.media import provenance

        return provenance.credentials(chosen.data / "credentials", chain=chosen.c2pa_chain, key=chosen.c2pa_key)

    return signing.Signing(credentials, weights=reception.weights_of)


def open_house(*, host: str, port: int, environ: Mapping[str, str] = os.environ) -> int:
    """Say what this machine will do, then serve it until stopped. The exit status."""
    try:
        outfit = Outfit(settings.read(environ), environ)
        print(explain.explain(outfit.plan))
        print(f"\nServing at http://{host}:{port}  (API: /docs, MCP: /mcp, state: /health)", flush=True)
        return _serve(outfit, host=host, port=port, worker=True)
    except AvatarError as error:
        print("error:", error, file=sys.stderr)
        return error.exit_status


def serve(*, host: str, port: int, worker: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until stopped, with or without doing the work too. Raises `BadRequest`, `StorageError`."""
    return _serve(Outfit(settings.read(environ), environ), host=host, port=port, worker=worker)


def work(*, gpu_only: bool, environ: Mapping[str, str] = os.environ) -> int:
    """Do jobs that other processes take, until stopped. Raises `BadRequest`, `StorageError`."""
    import serving

    outfit = Outfit(settings.read(environ), environ)
    with serving.Errand(outfit.fetch):
        return serving.at_work(outfit.chosen, engine(outfit), finish=finishing(outfit.chosen), gpu_only=gpu_only)


def mcp(environ: Mapping[str, str] = os.environ) -> int:
    """Serve one MCP client over standard input and output. Raises `BadRequest`, `StorageError`."""
    import serving

    outfit = Outfit(settings.read(environ), environ)
    with _service(outfit, worker=True) as jobs:
        return serving.at_the_pipe(outfit.chosen, jobs)


def _serve(outfit: Outfit, *, host: str, port: int, worker: bool) -> int:
    import serving

    chosen = outfit.chosen
    zerogpu.report_started()
    base = chosen.public_url or f"http://{host}:{port}"
    with (
        serving.Errand(outfit.fetch),
        _service(outfit, worker=worker) as jobs,
        serving.postman(chosen, jobs, base=base),
    ):
        return serving.at_the_door(chosen, jobs, host=host, port=port)


def _service(outfit: Outfit, *, worker: bool) -> "AbstractContextManager[DurableJobs]":
    import serving

    works = engine(outfit)
    desk = house(outfit, works.store)
    return serving.service(outfit.chosen, works, desk, finish=finishing(outfit.chosen), worker=worker)


def engine(outfit: Outfit) -> Engine:
    """The engine over the folder's store, or over the bucket that workers share. Raises `StorageError`."""
    chosen = outfit.chosen
    store: Store = FolderStore(chosen.data / "store", budget=chosen.store_budget)
    if chosen.store_url:
        from avatar.bucket import SharedStore

        store = SharedStore(cast(FolderStore, store), chosen.store_url)
    return Engine(store, place=outfit.placement, revision=outfit.fetcher.revision)


def main(argv: Sequence[str] | None = None) -> int:
    """Tell the plan for this machine, or what ails it; fetch when asked. The exit status is 1 for what ails it."""
    parser = argparse.ArgumentParser(prog="smart_startup.py", description="What this machine would do.")
    parser.add_argument("--profile", choices=get_args(settings.Profile), help="how much to use (auto)")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    parser.add_argument("--doctor", action="store_true", help="look for what is wrong, and say what to do")
    parser.add_argument("--fetch", action="store_true", help="fetch the weights that are planned")
    chosen = parser.parse_args(argv)
    try:
        read = settings.read(os.environ)
        outfit = Outfit(replace(read, profile=chosen.profile or read.profile), ask_hub=chosen.doctor or chosen.fetch)
        if chosen.fetch:
            outfit.fetch(told=lambda line: print(line, file=sys.stderr, flush=True))
        return _tell(outfit, as_json=chosen.json, ailments=chosen.doctor)
    except AvatarError as error:
        print("error:", error, file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _tell(outfit: Outfit, *, as_json: bool, ailments: bool) -> int:
    from avatar.doors.report import as_json as written

    findings = doctor.doctor(outfit.plan, CATALOGUE) if ailments else ()
    if as_json:
        print(written({"plan": outfit.plan} | ({"findings": findings} if ailments else {})))
    else:
        print(doctor.tell(findings) if ailments else explain.explain(outfit.plan), flush=True)
    return 1 if outfit.troubles or any(finding.level == "error" for finding in findings) else 0


if __name__ == "__main__":
    raise SystemExit(main())
