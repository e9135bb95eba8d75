"""Decides what this machine will run, fetch and leave, and says why not in numbers. Pure: touches nothing.

A backend runs in the first of its modes that has room. What must be fetched is taken greedily in one fixed order: what
was asked for by name, then the first choice of each stage, the smallest first, then the second choices, and so on;
last what only some requests use. What no profile brings makes nothing that stands behind it a later choice.
Because that order does not depend on the machine, a better machine never gets a worse plan: see `rank`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from avatar.amounts import amount
from avatar.fitting import Fit, Short, fit, larger, missing_packages
from avatar.outlook import Facts, Measured, changes
from avatar.plan import Lack, Machine, Plan, Profile, Verdict, Weights, Wishes
from avatar.purse import Purse
from avatar.stage import Needs, Placement

SOUND = "speech"
"""The stage that a film of sound alone is made of."""

STILL = "picture"
"""The stage that makes pictures alone."""

LAST = 100
"""How many choices later the backends for requests of one kind get disk."""


class Candidate(Protocol):
    """What the planner reads of a backend."""

    @property
    def id(self) -> str:
        """Its name within the chain."""
        ...

    @property
    def needs(self) -> Needs:
        """What must be found."""
        ...


class Slot(Protocol):
    """What the planner reads of a stage."""

    @property
    def name(self) -> str:
        """The stage's name."""
        ...

    @property
    def chain(self) -> Sequence[Candidate]:
        """Its backends, best first."""
        ...


@dataclass(frozen=True, slots=True)
class _Turn:
    """A backend and its place in the order in which disk is given out. `size` are the bytes that its weights keep."""

    stage: str
    backend: Candidate
    order: tuple[int, int, int, int]
    rows: tuple[Weights, ...]
    size: int
    title: str
    floor: bool
    instead: str
    """The backend behind it in the chain that was asked for by name."""


def plan(
    stages: Iterable[Slot],
    *,
    machine: Machine,
    catalogue: Mapping[str, Weights],
    installed: Mapping[str, Path],
    wishes: Wishes | None = None,
    measured: Measured | None = None,
    profiles: Mapping[Profile, Collection[str]] | None = None,
    special: Collection[tuple[str, str]] = (),
) -> Plan:
    """A verdict for every backend of every stage, in the order in which they will be tried, and what it all costs.

    `profiles` are the weights each profile may use, all where it is not named; `auto` is `maximum` as far as it fits.
    `special` are the backends that serve only requests of one kind, by stage and id: they come last when disk is given
    out. Raises KeyError for a backend whose weights the catalogue does not know.
    """
    facts = Facts(machine, catalogue, installed, wishes or Wishes(), measured or {}, profiles or {}, special)
    slots = tuple(stages)
    decide = partial(_decide, slots, _turns(slots, facts))
    made = decide(facts)
    excluded = tuple((row.title or row.id, row.excluded) for row in catalogue.values() if row.excluded)
    return replace(made, changes=changes(made, facts, decide), excluded=excluded)


def _decide(stages: Sequence[Slot], turns: Sequence[_Turn], facts: Facts) -> Plan:
    """The plan without its outlook."""
    purse = Purse.of(facts.machine, catalogue=facts.catalogue, installed=facts.installed, wishes=facts.wishes)
    judged: dict[tuple[str, str], Verdict] = {}
    for turn in turns:
        chosen = judged.get((turn.stage, turn.instead))
        judged[turn.stage, turn.backend.id] = _judge(turn, purse, facts=facts, chosen=chosen)
    verdicts = tuple(judged[stage.name, backend.id] for stage in stages for backend in stage.chain)
    wishes = facts.wishes
    route = (SOUND,) if wishes.sound_only else wishes.route
    names = tuple(stage.name for stage in stages if stage.name in route or not route)
    return _sum_up(Plan(facts.machine, verdicts, profile=wishes.profile, wishes=wishes, stages=names), purse)


def rank(made: Plan, stages: Sequence[Slot], catalogue: Mapping[str, Weights]) -> tuple[int, ...]:
    """How good a plan is: compare two plans of the same stages and wishes, the greater is the better.

    In the order in which disk is given out, each backend counts 0 when it is refused, else the more the earlier its
    mode stands among its modes.
    """
    verdicts = {(verdict.stage, verdict.backend): verdict for verdict in made.verdicts}
    special = [name for name, verdict in verdicts.items() if verdict.special]
    facts = Facts(made.machine, catalogue, {}, made.wishes, {}, {}, special)
    worth = []
    for turn in _turns(stages, facts):
        modes, mode = turn.backend.needs.modes, verdicts[turn.stage, turn.backend.id].mode
        worth.append(0 if mode is None else len(modes) - modes.index(mode))
    return tuple(worth)


def _turns(stages: Sequence[Slot], facts: Facts) -> list[_Turn]:
    """Every backend, in the order in which disk is given out."""
    turns = []
    common = facts.profiles.get("maximum")
    for place, stage in enumerate(stages):
        named = facts.wishes.backends.get(stage.name)
        titles: set[str] = set()
        choices, seen = 0, named is None or (stage.name, named) in facts.special
        for position, backend in enumerate(stage.chain):
            rows = tuple(facts.catalogue[name] for name in backend.needs.weights)
            size = sum(row.kept for row in rows)
            seen = seen or backend.id == named
            last = LAST if (stage.name, backend.id) in facts.special else 0
            choice = -1 if backend.id == named else choices + last
            title = rows[0].title.split(",")[0] if rows else ""
            turns.append(
                _Turn(
                    stage=stage.name,
                    backend=backend,
                    order=(choice, size, place, position),
                    rows=rows,
                    size=size,
                    title=f"{title} ({backend.id})" if title and title in titles else title or backend.id,
                    floor=backend.needs.floor,
                    instead="" if seen else named or "",
                )
            )
            titles.add(title)
            choices += bool(rows) and (common is None or all(row.id in common for row in rows))
    return sorted(turns, key=lambda turn: turn.order)


def _judge(turn: _Turn, purse: Purse, *, facts: Facts, chosen: Verdict | None) -> Verdict:
    """One backend's verdict; what it fetches is taken out of the purse."""
    name = (turn.stage, turn.backend.id)
    needs = larger(turn.backend.needs, facts.wishes.more.get(turn.backend.id, 0))
    outside = _out_of_profile(turn, purse, facts=facts)
    base = partial(
        Verdict,
        *name,
        floor=turn.floor,
        title=turn.title,
        packages=needs.packages,
        special=name in facts.special,
        wanted=outside is None,
    )
    fitted: Fit | Short = (
        _refused(turn, facts=facts, chosen=chosen)
        or missing_packages(needs, facts.machine)
        or fit(needs, facts.machine)
    )
    before = purse.spent
    if isinstance(fitted, Fit):
        short = outside or _forbidden(turn.rows, facts=facts)
        fitted = short or purse.buy(turn.rows, packed=fitted.kind == "zerogpu") or fitted
    if isinstance(fitted, Short):
        return base(placement=None, why=fitted.why, lack=fitted.lack)
    fetch = tuple(row.id for row in turn.rows if row.id not in facts.installed)
    pace = facts.measured.get(name)
    return base(
        placement=None if fetch else _place(fitted, needs, facts=facts),
        why=f"{amount(sum(facts.catalogue[weight].size for weight in fetch))} to fetch first" if fetch else "",
        mode=fitted.mode,
        fetch=fetch,
        seconds=(fitted.mode.pace if pace is None else pace) * facts.wishes.seconds,
        measured=pace is not None,
        disk=purse.spent - before,
    )


def _place(fitted: Fit, needs: Needs, *, facts: Facts) -> Placement:
    mode = fitted.mode
    return Placement(
        device=fitted.device,
        precision=mode.precision,
        offload=mode.offload,
        weights={name: facts.installed[name] for name in (*needs.weights, *needs.also) if name in facts.installed},
        vram=mode.vram,
        ram=mode.ram,
        compiled=facts.wishes.compiled and mode.device == "cuda",
    )


def _refused(turn: _Turn, *, facts: Facts, chosen: Verdict | None) -> Short | None:
    """Why a backend is not to be looked at, whatever the machine; None when it is, as floors always are."""
    size, short = turn.size, facts.wishes.unmet.get((turn.stage, turn.backend.id))
    if turn.floor:
        return None
    if excluded := next((row for row in turn.rows if row.excluded), None):
        return Short(Lack("excluded", excluded.kept, 0), f"{amount(excluded.kept)}: {excluded.excluded}")
    if facts.wishes.sound_only and turn.stage != SOUND:
        return Short(Lack("wish", size, 0), f"only sound was asked for, {amount(size)} of weights stay out")
    if short:
        return Short(Lack("wish", size, 0), short.removesuffix("."))
    if chosen and not chosen.refused:
        return Short(Lack("wish", size, 0), f"{chosen.title} was asked for instead, {amount(size)} stay out")
    return None


def _out_of_profile(turn: _Turn, purse: Purse, *, facts: Facts) -> Short | None:
    """What is neither in the profile nor here already stays out, unless it was asked for by name."""
    profile = facts.wishes.profile
    if facts.wishes.backends.get(turn.stage) == turn.backend.id:
        return None
    allowed = facts.profiles.get("maximum" if profile == "auto" else profile)
    if allowed is None or all(row.id in allowed or row.id in facts.installed for row in turn.rows):
        return None
    if profile in ("auto", "maximum"):
        short = "" if turn.size <= purse.left else f", and {amount(purse.left)} of disk are left"
        return Short(Lack("name", turn.size, purse.left), f"{amount(turn.size)}, only when asked for by name{short}")
    return Short(Lack("wish", turn.size, 0), f"{amount(turn.size)}, not in the {profile} profile")


def _forbidden(rows: Sequence[Weights], *, facts: Facts) -> Short | None:
    """Why weights that would fit must not be used, or can't come."""
    for row in rows:
        if not row.commercial and not facts.wishes.noncommercial:
            told = f"{amount(row.kept)} whose licence forbids commercial use: {row.licence}"
            return Short(Lack("licence", 1, 0), told)
    absent = [row for row in rows if row.id not in facts.installed]
    size, hub = sum(row.size for row in absent), facts.machine.hub
    if hub == "offline" and absent:
        return Short(Lack("hub", size, 0), f"{amount(size)} to fetch, but the hub is switched off")
    if hub == "unreachable" and any(from_hub(row) for row in absent):
        return Short(Lack("hub", size, 0), f"{amount(size)} to fetch, but the hub can't be reached")
    gated = [row for row in absent if row.gated]
    if gated and not facts.machine.token:
        owner = gated[0].source.split("/")[0]
        return Short(Lack("token", 1, 0), f"{amount(size)} that {owner} gives only with a token (HF_TOKEN)")
    return None


def from_hub(row: Weights) -> bool:
    """Whether a hub has it, and not an https folder of its own."""
    return "://" not in row.source


def _sum_up(made: Plan, purse: Purse) -> Plan:
    """The plan with its totals."""
    planned = [verdict for verdict in made.verdicts if not verdict.refused]
    modes = [verdict.mode for verdict in planned if verdict.mode]
    then = {stage: made.then(stage) for stage in made.stages}
    now = {stage: made.now(stage) for stage in made.stages}
    mute = made.wishes.sound_only or not all(then.values())
    counted = [SOUND] if mute else made.stages
    return replace(
        made,
        fetch=tuple(purse.fetched),
        fetch_bytes=purse.fetch_bytes,
        disk_after=made.machine.disk_free - purse.spent,
        disk_low=made.machine.disk_free - purse.deepest,
        peak_vram=max((mode.vram for mode in modes), default=0),
        peak_ram=max((mode.ram for mode in modes), default=0),
        seconds=sum(verdict.seconds for stage in counted if (verdict := then.get(stage))),
        seconds_now=sum(verdict.seconds for stage in counted if (verdict := now.get(stage))),
        mode="audio_only" if mute else "image" if made.stages == (STILL,) else "video",
        notes=_notes(made.machine, planned),
    )


def _notes(machine: Machine, planned: Sequence[Verdict]) -> tuple[str, ...]:
    """What the figures alone don't tell."""
    notes = []
    if any(gpu.kind == "zerogpu" for gpu in machine.gpus):
        notes.append("ZeroGPU keeps a second copy of what runs on it: its disk is counted twice.")
        sizes = sorted(gpu.vram for gpu in machine.gpus)
        most = max((verdict.mode.vram for verdict in planned if verdict.mode), default=0)
        if most > sizes[0]:
            notes.append(f"Some of it asks ZeroGPU for {amount(sizes[-1])}, which counts double against its quota.")
    return tuple(notes)
