"""What would bring more: the plan made again with one thing better. Knows no numbers of its own but sizes on sale."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path

from avatar.amounts import amount
from avatar.plan import Change, Gpu, Machine, Plan, Profile, Weights, Wishes

GIGABYTE = 10**9
GPU_SIZES = (8, 16, 24, 48, 80, 141)
RAM_SIZES = (16, 32, 64, 128, 256)
FREE_SHARE = 0.96
"""What is free of a memory that nobody uses yet."""
STEPS = 2
"""How many sizes of one thing are told."""
Measured = Mapping[tuple[str, str], float]
"""Seconds of work for a second of film, by stage and backend, as this machine took them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides besides the stages. `profiles` are the weights each profile may use; none named: all."""

    machine: Machine
    catalogue: Mapping[str, Weights]
    installed: Mapping[str, Path]
    wishes: Wishes
    measured: Measured
    profiles: Mapping[Profile, Collection[str]]
    special: Collection[tuple[str, str]]
    """Backends that serve only requests of one kind, by stage and id."""


Again = Callable[[Facts], Plan]
Ladder = Iterator[tuple[str, Facts]]


def changes(made: Plan, facts: Facts, again: Again) -> tuple[Change, ...]:
    """Each single change that lets more backends run, switches first, then what has to be bought."""
    found: list[Change] = []
    for kinds, ladder in LADDERS:
        if kinds & _lacks(made, facts):
            found += _climb(made, ladder(made, facts), done=partial(_done, kinds, facts), again=again)
    return tuple(found)


def _lacks(made: Plan, facts: Facts) -> set[str]:
    """What is short for backends that somebody wants."""
    return {verdict.lack.of for verdict in made.verdicts if verdict.lack and (verdict.wanted or _widens(facts))}


def _done(kinds: frozenset[str], facts: Facts, made: Plan) -> bool:
    """Whether nothing is left to gain with more of the same."""
    return not kinds & _lacks(made, facts)


def _widens(facts: Facts) -> bool:
    """Whether a wider profile is still to be had."""
    return facts.wishes.profile in ("minimal", "recommended")


def _climb(made: Plan, ladder: Ladder, *, done: Callable[[Plan], bool], again: Again) -> list[Change]:
    """The lowest steps of a ladder that each gain more than the one before."""
    found: list[Change] = []
    most = 0
    for what, better in ladder:
        other = again(better)
        gains = _gains(made, other)
        if len(gains) > most:
            most = len(gains)
            found.append(Change(what, gains, max(other.fetch_bytes - made.fetch_bytes, 0)))
        if len(found) == STEPS or done(other):
            break
    return found


def _gains(made: Plan, other: Plan) -> tuple[tuple[str, str], ...]:
    """Stage and title of what is refused in one plan and not in the other, what would serve its stage first."""
    pairs = zip(made.verdicts, other.verdicts, strict=True)
    fresh = [after for before, after in pairs if before.refused and not after.refused]
    fresh.sort(key=lambda verdict: verdict is not other.then(verdict.stage))
    return tuple((verdict.stage, verdict.title) for verdict in fresh)


def _packages(made: Plan, facts: Facts) -> Ladder:
    every = facts.machine.packages | {name for verdict in made.verdicts for name in verdict.packages}
    yield "pip install -r requirements.txt", _on(facts, replace(facts.machine, packages=every))


def _hub(_made: Plan, facts: Facts) -> Ladder:
    yield "a way to the hub", _on(facts, replace(facts.machine, hub="reachable"))


def _token(_made: Plan, facts: Facts) -> Ladder:
    yield "HF_TOKEN, terms agreed to", _on(facts, replace(facts.machine, token=True))


def _licence(_made: Plan, facts: Facts) -> Ladder:
    yield (
        "AVATAR_NONCOMMERCIAL=1",
        replace(facts, wishes=replace(facts.wishes, noncommercial=True)),
    )


def _profile(_made: Plan, facts: Facts) -> Ladder:
    if facts.wishes.profile == "minimal":
        yield "AVATAR_PROFILE=recommended", replace(facts, wishes=replace(facts.wishes, profile="recommended"))
    if _widens(facts):
        yield "AVATAR_PROFILE=maximum", replace(facts, wishes=replace(facts.wishes, profile="maximum"))


def _disk(made: Plan, facts: Facts) -> Ladder:
    machine = facts.machine
    for short in _shortfalls(made, "disk", left=max(machine.disk_free - facts.wishes.headroom, 0)):
        wider = replace(machine, disk=machine.disk + short, disk_free=machine.disk_free + short)
        yield f"{amount(short)} more disk", _on(facts, wider)


def _budget(made: Plan, facts: Facts) -> Ladder:
    for short in _shortfalls(made, "budget", left=0):
        more = (facts.wishes.budget or 0) + short
        yield f"AVATAR_MODELS_BUDGET={more // GIGABYTE}GB", replace(facts, wishes=replace(facts.wishes, budget=more))


def _ram(_made: Plan, facts: Facts) -> Ladder:
    machine = facts.machine
    used = max(machine.ram - machine.ram_free, 0)
    for size in RAM_SIZES:
        ram = size * GIGABYTE
        if ram > machine.ram:
            yield f"{size} GB of RAM", _on(facts, replace(machine, ram=ram, ram_free=ram - used))


def _gpu(_made: Plan, facts: Facts) -> Ladder:
    machine = facts.machine
    if any(gpu.kind != "cuda" for gpu in machine.gpus):
        return
    roomiest = max((gpu.vram for gpu in machine.gpus), default=0)
    for size in GPU_SIZES:
        vram = size * GIGABYTE
        if vram > roomiest * 1.05:
            bigger = Gpu(f"{size} GB", vram, int(vram * FREE_SHARE), capability=(8, 9))
            yield f"a GPU with {size} GB", _on(facts, replace(machine, gpus=(*machine.gpus, bigger)))


def _on(facts: Facts, machine: Machine) -> Facts:
    return replace(facts, machine=machine)


def _shortfalls(made: Plan, kind: str, *, left: int) -> list[int]:
    """Bytes that would do for one refused backend, and bytes that would do for all, in whole gigabytes."""
    lacks = [verdict.lack for verdict in made.verdicts if verdict.lack and verdict.lack.of == kind]
    one = min((lack.needs - lack.has for lack in lacks), default=0)
    return [ceil(short / GIGABYTE) * GIGABYTE for short in (one, sum(lack.needs for lack in lacks) - left)]


LADDERS: tuple[tuple[frozenset[str], Callable[[Plan, Facts], Ladder]], ...] = (
    (frozenset({"package"}), _packages),
    (frozenset({"hub"}), _hub),
    (frozenset({"token"}), _token),
    (frozenset({"licence"}), _licence),
    (frozenset({"wish"}), _profile),
    (frozenset({"disk"}), _disk),
    (frozenset({"budget"}), _budget),
    (frozenset({"ram"}), _ram),
    (frozenset({"vram", "device", "capability"}), _gpu),
)
"""What lack each ladder climbs out of."""
