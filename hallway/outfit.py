"""What this machine has and will do: looked at, planned, fetched, and planned anew. Knows catalogue, stages, settings.

It knows no store, no job and no door.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from avatar import explain, machine, planner
from avatar.amounts import amount
from avatar.disk import storage_errors
from avatar.errors import AvatarError, Cancelled, FetchError, StorageError, Unavailable
from avatar.fetch import Conversion, Fetcher, Hub, Patience, Progress
from avatar.fetch.words import Listener, never, unheard
from avatar.paces import PICTURE, Paces
from avatar.plan import Machine, Plan, Wishes
from avatar.request import Ask
from avatar.settings import Settings
from avatar.stage import Backend, Performer, Placement
from avatar.zerogpu import Borrowing
from hf_spaces_models import CATALOGUE, MMS, PIPER, PROFILES
from stages import directing, pipeline

LOG = logging.getLogger("avatar")
SPECIAL = {
    "speech": (
        *("joiner", "upload", "speecht5-clone", "pocket"),
        *(f"mms-{code}" for code, _ in MMS),
        *(f"piper-{name}" for name, *_ in PIPER),
    ),
    "portrait": ("photo", "photo-plain"),
    "motion": ("filmed", "ltx", "wan21-i2v", "wan22-ti2v-5b"),
    "video": ("wan21-i2v",),
}
"""Backends that serve requests of one kind only: several speakers, a sound or face of one's own, a film from words."""
LETTERS = 14.0
"""Letters a second, about as fast as people speak; for guesses of how long a film will be."""
LOOK = 10.0
"""Seconds after which disk and models are looked at again: other processes bring and remove some too."""
SOON, LATE = 5.0, 600.0
"""Seconds until a failed fetch is tried again: the first time, and at most."""
OUT = frozenset({"hub", "token", "disk", "budget", "files"})
"""Lacks that may be gone tomorrow, so that they are told together with the plan."""
PATIENCE = Patience(attempts=3)


def animate_anyone(folder: Path) -> object:
    """Pickles to safetensors of half the size; the networks are imported when there is something to convert."""
    from stages.pose.animate_anyone import release

    return release.convert(folder)


CONVERSIONS: Mapping[str, Conversion] = {"animate-anyone": animate_anyone}


class Outfit:
    """The plan of now, and the hands that change it. Safe for many threads, one of which fetches.

    `stays` says that this process serves for long. Raises `StorageError` when the data folder can't be used; what ails
    the models' folder only stands in the plan.
    """

    def __init__(
        self, chosen: Settings, environ: Mapping[str, str] = os.environ, *, ask_hub: bool = False, stays: bool = False
    ) -> None:
        with storage_errors(chosen.data):
            chosen.data.mkdir(parents=True, exist_ok=True)
        self.chosen = chosen
        self.fetcher = Fetcher(
            chosen.models,
            CATALOGUE,
            budget=chosen.models_budget,
            headroom=chosen.headroom,
            hub=Hub(mirror=chosen.mirror),
            patience=PATIENCE,
            conversions=CONVERSIONS,
        )
        self.paces = Paces(chosen.data)
        self.troubles: dict[str, AvatarError] = {}
        self._coming: Progress | None = None
        packages = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.packages}
        self._again = partial(machine.again, folder=chosen.data, models=chosen.models, environ=environ)
        self._machine = machine.probe(
            chosen.data, models=chosen.models, packages=sorted(packages), environ=environ, ask_hub=ask_hub
        )
        zero = any(gpu.kind == "zerogpu" for gpu in self._machine.gpus)
        self._borrowing = Borrowing() if zero else None
        self._compiled = compiles(chosen, stays=stays, lent=zero)
        self._look()

    @property
    def plan(self) -> Plan:
        """The plan of now, with what is coming, what could not be had, and what stays out."""
        coming = self._coming
        told = [f"{_title(name)} could not be fetched. {error}" for name, error in tuple(self.troubles.items())]
        if coming is not None:
            told.insert(0, f"{_title(coming.id)} is coming: {amount(coming.done)} of {amount(coming.total)} are here.")
        short = [verdict for verdict in self._plan.verdicts if verdict.wanted and verdict.lack]
        out = [f"{each.title} stays out: {each.why}." for each in short if each.lack and each.lack.of in OUT]
        return replace(self._plan, notes=(*self._plan.notes, *self._faults, *told, *out))

    @property
    def page(self) -> str:
        """The plan for a person, what could not be had included."""
        told = [f"{_title(name)} could not be fetched. {error}" for name, error in tuple(self.troubles.items())]
        return explain.explain(replace(self._plan, notes=(*self._plan.notes, *self._faults, *told)))

    def renew(self) -> None:
        """Look again at the disk and at what is here, and plan anew. Raises `StorageError`."""
        self._machine = self._again(self._machine)
        self.paces.renew()
        self._look()

    def planned(self, ask: Ask | None = None) -> Plan:
        """A plan for one request, or for a film of ordinary length. Looks at nothing but what is known already."""
        chosen = self.chosen
        wishes = Wishes(chosen.profile, noncommercial=chosen.noncommercial, budget=chosen.models_budget)
        wishes = replace(wishes, headroom=chosen.headroom, compiled=self._compiled)
        route = pipeline.route_of(ask) if ask else pipeline.TALK
        wishes = replace(wishes, route=tuple(stage.name for stage in route))
        if ask is not None:
            wishes = _wished(wishes, ask)
        return planner.plan(
            pipeline.STAGES,
            machine=self._here,
            catalogue=CATALOGUE,
            installed=self._installed,
            wishes=wishes,
            measured=self.paces.measured(wishes.seconds),
            profiles=PROFILES,
            special=[(stage, backend) for stage, backends in SPECIAL.items() for backend in backends],
        )

    def placement(self, stage: str, backend: str) -> Placement | None:
        """Where a backend runs now; None when it can't."""
        return self._plan.placement(stage, backend)

    def why(self, stage: str, backend: str) -> str:
        """Why a backend has no place now, as a sentence."""
        known = [v for v in self._plan.verdicts if (v.stage, v.backend) == (stage, backend)]
        if not known:
            return "This machine's plan does not know it."
        verdict = known[0]
        if verdict.fetch:
            missing, one = ", ".join(map(_title, verdict.fetch)), len(verdict.fetch) == 1
            are, them = ("is", "it") if one else ("are", "them")
            return f"{missing} {are} not here yet. Fetch {them}: python smart_startup.py --fetch."
        if verdict.lack and verdict.lack.of == "name":
            needed = (b.needs.weights for s in pipeline.STAGES for b in s.chain if (s.name, b.id) == (stage, backend))
            return _by_name([name for names in needed for name in names], noncommercial=self.chosen.noncommercial)
        return f"It has no place on this machine: {verdict.why}."

    def load(self, stage: str, backend: Backend[Any, Any], placement: Placement) -> Performer[Any, Any]:
        """A loaded backend; on ZeroGPU one that borrows the GPU for each of its works. Raises `BackendError`."""
        if self._borrowing is None or placement.device == "cpu":
            return backend.load(placement)
        known = (verdict for verdict in self._plan.verdicts if (verdict.stage, verdict.backend) == (stage, backend.id))
        seconds = next((verdict.seconds for verdict in known), 0.0)
        return self._borrowing.load(backend, placement, seconds=seconds)

    @contextmanager
    def held(self, placement: Placement) -> Iterator[None]:
        """Nobody removes the placement's weights meanwhile. Raises `Unavailable` where somebody has."""
        with ExitStack() as stack:
            try:
                for name in placement.weights:
                    stack.enter_context(self.fetcher.hold(name))
            except (FetchError, StorageError) as error:
                raise Unavailable(str(error)) from error
            yield

    def fetch(
        self,
        names: Collection[str] = (),
        *,
        cancelled: Callable[[], bool] = never,
        progress: Listener = unheard,
    ) -> None:
        """Fetch these, or what is planned, one after another; what can't be had is noted, and the rest goes on.

        Raises `Cancelled`.
        """
        for name in names or self._plan.fetch:
            self._bring(name, cancelled=cancelled, progress=progress)

    def tend(self, stopped: threading.Event) -> None:
        """Fetch what is planned, try again later what can't be had, follow what others do with disk and models."""
        due: dict[str, tuple[float, float]] = {}
        while not stopped.is_set():
            try:
                self.renew()
                for name in self._plan.fetch:
                    when, pause = due.get(name, (0.0, SOON))
                    if time.monotonic() >= when and not self._bring(name, cancelled=stopped.is_set):
                        pause = pause if self.troubles[name].retryable else LATE
                        due[name] = (time.monotonic() + pause, min(2 * pause, LATE))
            except Cancelled:
                return
            except StorageError as error:
                LOG.warning("%s", error)
            soonest = min((when for when, _ in due.values()), default=float("inf")) - time.monotonic()
            stopped.wait(min(LOOK, max(1.0, soonest)))

    def _bring(self, name: str, *, cancelled: Callable[[], bool], progress: Listener = unheard) -> bool:
        """Fetch one model and plan anew; false when it can't be had, and then it is noted why."""

        def heard(told: Progress) -> None:
            self._coming = told
            progress(told)

        used = {each for verdict in self._plan.verdicts if verdict.placement for each in verdict.placement.weights}
        try:
            self.fetcher.fetch(CATALOGUE[name], progress=heard, cancelled=cancelled, keep={*self._plan.fetch, *used})
        except (FetchError, StorageError) as error:
            self.troubles[name] = error
            LOG.warning("%s could not be fetched. %s", _title(name), error)
            return False
        finally:
            self._coming = None
        self.troubles.pop(name, None)
        self.renew()
        return True

    def _look(self) -> None:
        """What is here, and the plan for that. What is half here counts as free: it is not fetched again."""
        half = sum(self.fetcher.half().values())
        self._here: Machine = replace(self._machine, disk_free=self._machine.disk_free + half)
        self._installed = self.fetcher.installed()
        self._plan = self.planned()
        wanted = {name for verdict in self._plan.verdicts for name in verdict.fetch}
        coming = self._coming.id if self._coming else ""
        faults = self.fetcher.faults()
        self._faults = tuple(fault for name, fault in faults.items() if name in wanted - {coming})
        for name in self._installed.keys() & self.troubles.keys():
            self.troubles.pop(name, None)


def compiles(chosen: Settings, *, stays: bool, lent: bool) -> bool:
    """Whether networks are compiled: unless told, where a process stays, and keeps what it compiled for its own GPU."""
    return chosen.compile == "always" or (chosen.compile == "auto" and stays and not lent)


def barred(ask: Ask) -> frozenset[tuple[str, str]]:
    """The backends, as (stage, backend), whose weights are not in the request's profile."""
    if ask.profile == "auto" or ask.profile == "maximum":  # noqa: PLR1714 - mypy narrows by this alone
        return frozenset()
    allowed = PROFILES[ask.profile]
    return frozenset(
        (stage.name, backend.id)
        for stage in pipeline.STAGES
        for backend in stage.chain
        if any(name not in allowed for name in backend.needs.weights)
    )


def _wished(wishes: Wishes, ask: Ask) -> Wishes:
    """What one request wants."""
    seconds = max(1.0, len(ask.text) / LETTERS / ask.rate)
    if ask.kind == "video":
        seconds = (ask.length or pipeline.SECONDS) * ask.variations
    if ask.kind == "image":
        seconds = PICTURE * ask.variations
    profile = wishes.profile if ask.profile == "auto" else ask.profile
    named = {**wishes.backends, **ask.backends}
    wishes = replace(wishes, seconds=seconds, sound_only=ask.kind == "speech", profile=profile, backends=named)
    return replace(wishes, more=directing.more(ask, seconds), unmet=pipeline.unmet(ask))


def _by_name(names: Sequence[str], *, noncommercial: bool) -> str:
    """How to get what is fetched only for whoever asks for it."""
    told = f"{_title(names[0])} is not here. Fetch it: python smart_startup.py --fetch {' '.join(names)}."
    bound = next((CATALOGUE[name].licence for name in names if not CATALOGUE[name].commercial), "")
    return f"{told} Its licence ({bound}) wants AVATAR_NONCOMMERCIAL=1." if bound and not noncommercial else told


def _title(name: str) -> str:
    return CATALOGUE[name].title or name
