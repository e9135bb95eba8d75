"""The planner: pure decisions, reasons in numbers, and what must hold for every machine."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from avatar.amounts import amount, span
from avatar.doctor import doctor, tell
from avatar.explain import WIDTH, explain
from avatar.plan import Gpu, Machine, Mount, Plan, Profile, Verdict, WeightFile, Weights, Wishes
from avatar.planner import plan, rank
from avatar.stage import Mode, Needs, Placement, Stage
from avatar.testing import GIGABYTE, FakeBackend, scripted_machine
from tests.plans.mission import Chain, Recipe

GB = GIGABYTE


def row(name: str, size: int, **more: Any) -> Weights:
    facts = {"licence": "MIT", "commercial": True, "title": name.title(), **more}
    return Weights(name, f"org/{name}", "0" * 40, (WeightFile("a", size),), **facts)


BIG = row("big", 5 * GB)
BARE = scripted_machine()
T4 = replace(BARE, gpus=(Gpu("T4", 16 * GB, 16 * GB, capability=(7, 5)),))


def verdict(needs: Needs, machine: Machine = BARE, *rows: Weights, **more: Any) -> Verdict:
    """The verdict on the only backend of the only stage."""
    catalogue = {weights.id: weights for weights in rows or (BIG,)}
    wishes = more.pop("wishes", Wishes())
    stages = [Chain("motion", (Recipe("svd", needs), Recipe("idle", Needs())))]
    made = plan(
        stages, machine=machine, catalogue=catalogue, installed=more.pop("installed", {}), wishes=wishes, **more
    )
    return made.verdicts[0]


def cuda(vram: float = 0, *, ram: float = 0, precision: Any = "float16", offload: Any = "none") -> Mode:
    return Mode("cuda", precision, offload, int(vram * GB), int(ram * GB))


@pytest.mark.parametrize(
    ("needs", "machine", "reason"),
    [
        (Needs(packages=("torch", "diffusers")), BARE, "2 packages are missing: torch, diffusers"),
        (Needs(packages=("torch",)), BARE, "1 package is missing: torch"),
        (Needs(("big",), modes=(cuda(8),)), BARE, "needs a CUDA GPU with 8.51 GB, this machine has none"),
        (Needs(("big",), modes=(cuda(18),)), T4, "needs 18 GB of VRAM, 15 GB can be used"),
        (Needs(("big",), modes=(Mode(ram=40 * GB),)), BARE, "needs 40 GB of RAM, 10.8 GB can be used"),
        (Needs(("big",), modes=(cuda(8, ram=14),)), T4, "needs 14 GB of RAM, 10.8 GB can be used"),
        (
            Needs(("big",), modes=(cuda(8, precision="bfloat16"),)),
            T4,
            "needs compute capability 8.0 for bfloat16, T4 has 7.5",
        ),
        (
            Needs(("big",)),
            replace(BARE, disk_free=4 * GB),
            "needs 5 GB of disk, 2 GB are left for it",
        ),
        (Needs(("big",)), replace(BARE, hub="offline"), "5 GB to fetch, but the hub is switched off"),
        (Needs(("big",)), replace(BARE, hub="unreachable"), "5 GB to fetch, but the hub can't be reached"),
        (
            Needs(("big",)),
            replace(BARE, mounts=(Mount("models", GB, GB, writable=False),)),
            "needs 5 GB of disk, the models folder is read-only",
        ),
        (
            Needs(("big",)),
            replace(BARE, mounts=(Mount("models", GB, GB, files_free=0),)),
            "needs 1 more file, the disk can hold 0",
        ),
    ],
)
def test_refusals_say_why_in_numbers(needs: Needs, machine: Machine, reason: str) -> None:
    assert verdict(needs, machine).why == reason


def test_the_mode_that_came_closest_is_the_one_that_is_told() -> None:
    modes = (cuda(40), cuda(12, ram=30), cuda(17), Mode(ram=90 * GB))
    assert verdict(Needs(("big",), modes=modes), T4).why == "needs 17 GB of VRAM, 15 GB can be used"


@pytest.mark.parametrize(
    ("weights", "wishes", "machine", "reason"),
    [
        (
            row("big", GB, licence="CC-BY-NC-4.0", commercial=False),
            Wishes(),
            BARE,
            "1 GB whose licence forbids commercial use: CC-BY-NC-4.0",
        ),
        (row("big", GB, commercial=False), Wishes(noncommercial=True), BARE, "1 GB to fetch first"),
        (row("big", GB, gated=True), Wishes(), BARE, "1 GB that org gives only with a token"),
        (row("big", GB, gated=True), Wishes(), replace(BARE, token=True), "1 GB to fetch first"),
        (row("big", GB, excluded="too big for any Space"), Wishes(), BARE, "1 GB: too big for any Space"),
        (BIG, Wishes(budget=4 * GB), BARE, "needs 5 GB of the weights' budget, 4 GB are left"),
        (BIG, Wishes(profile="minimal"), BARE, "5 GB, not in the minimal profile"),
        (BIG, Wishes(profile="minimal", backends={"motion": "svd"}), BARE, "5 GB to fetch first"),
        (BIG, Wishes(sound_only=True), BARE, "only sound was asked for, 5 GB of weights stay out"),
        (row("big", 16 * GB, converted=8 * GB), Wishes(), scripted_machine(), "16 GB to fetch first"),
        (row("big", 22 * GB, converted=8 * GB), Wishes(), BARE, "needs 30 GB of disk, 28 GB are left for it"),
    ],
)
def test_wishes_licences_and_owners_decide(weights: Weights, wishes: Wishes, machine: Machine, reason: str) -> None:
    told = verdict(Needs(("big",)), machine, weights, wishes=wishes, profiles={"minimal": set()})
    assert told.why.startswith(reason)
    assert told.refused == ("first" not in reason)


def test_weights_that_are_here_need_no_token_no_hub_and_no_disk(tmp_path: Path) -> None:
    machine = replace(BARE, disk_free=0, hub="offline")
    gated = row("big", 5 * GB, gated=True)
    assert verdict(Needs(("big",)), machine, gated, installed={"big": tmp_path}).placement is not None


def test_what_is_there_is_placed_and_what_comes_waits_for_its_weights(tmp_path: Path) -> None:
    needs = Needs(("big",), modes=(cuda(40), cuda(8, ram=2, offload="model")))
    here = verdict(needs, T4, installed={"big": tmp_path})
    assert here.placement == Placement("cuda", "float16", "model", {"big": tmp_path}, 8 * GB, 2 * GB)
    compiled = verdict(needs, T4, installed={"big": tmp_path}, wishes=Wishes(compiled=True)).placement
    assert compiled == replace(here.placement, compiled=True)
    large = verdict(needs, T4, installed={"big": tmp_path}, wishes=Wishes(more={"svd": 3 * GB})).placement
    assert large == replace(here.placement, vram=11 * GB)
    coming = verdict(needs, T4)
    assert (coming.placement, coming.fetch, coming.refused) == (None, ("big",), False)
    assert coming.mode == here.mode


def test_the_roomiest_gpu_is_taken_and_named() -> None:
    small, large = Gpu("a", 9 * GB, 9 * GB, capability=(8, 0)), Gpu("b", 30 * GB, 30 * GB, capability=(7, 0))
    several = replace(BARE, gpus=(small, large))
    needs = Needs((), ("torch",), (cuda(4),))
    machine = replace(several, packages=frozenset({"torch"}))
    assert verdict(needs, machine).placement == Placement("cuda:1", "float16", vram=4 * GB)
    modern = Needs((), ("torch",), (cuda(4, precision="bfloat16"),))
    assert verdict(modern, machine).placement == Placement("cuda:0", "bfloat16", vram=4 * GB)


def test_zero_gpu_lends_the_small_size_where_that_will_do_and_doubles_the_disk() -> None:
    zero = tuple(Gpu("ZeroGPU", size * GB, size * GB, "zerogpu", (9, 0)) for size in (48, 96))
    told = verdict(Needs(("big",), modes=(cuda(4),)), replace(BARE, gpus=zero))
    assert told.disk == 10 * GB
    stages = [Chain("motion", (Recipe("svd", Needs(("big",), modes=(cuda(60),))), Recipe("idle", Needs())))]
    made = plan(stages, machine=replace(BARE, gpus=zero), catalogue={"big": BIG}, installed={})
    assert any("96 GB" in note for note in made.notes)


def test_a_mac_counts_its_one_memory_once() -> None:
    apple = replace(BARE, gpus=(Gpu("Apple GPU", 10 * GB, 10 * GB, "mps"),))
    mps = Mode("mps", "float16", vram=6 * GB, ram=5 * GB)
    assert verdict(Needs(("big",), modes=(mps,)), apple).why == "needs 11 GB of RAM, 10.8 GB can be used"
    assert verdict(Needs(("big",), modes=(replace(mps, ram=2 * GB),)), apple).mode is not None
    eight_bit = replace(mps, precision="fp8", ram=0)
    assert "capability" in verdict(Needs(("big",), modes=(eight_bit,)), apple).why


def test_a_backend_that_was_asked_for_stands_before_its_betters() -> None:
    catalogue = {"big": BIG, "small": row("small", GB)}
    chain = (Recipe("best", Needs(("big",))), Recipe("asked", Needs(("small",))), Recipe("floor", Needs()))
    wishes = Wishes(backends={"motion": "asked"})
    made = plan([Chain("motion", chain)], machine=BARE, catalogue=catalogue, installed={}, wishes=wishes)
    assert [v.refused for v in made.verdicts] == [True, False, False]
    assert made.verdicts[0].why == "Small was asked for instead, 5 GB stay out"
    tight = replace(BARE, disk_free=2 * GB)
    made = plan([Chain("motion", chain)], machine=tight, catalogue=catalogue, installed={}, wishes=wishes)
    assert "disk" in made.verdicts[0].why


def test_disk_goes_to_first_choices_small_before_large_and_weights_are_shared() -> None:
    catalogue = {"a": row("a", 6 * GB), "b": row("b", 4 * GB), "c": row("c", 3 * GB), "shared": row("shared", GB)}
    stages = [
        Chain("x", (Recipe("first", Needs(("a",))), Recipe("second", Needs(("c",))), Recipe("floor", Needs()))),
        Chain("y", (Recipe("first", Needs(("b", "shared"))), Recipe("second", Needs(("shared",))))),
    ]
    made = plan(stages, machine=replace(BARE, disk_free=9 * GB), catalogue=catalogue, installed={})
    assert made.fetch == ("b", "shared")
    assert [v.refused for v in made.verdicts] == [True, True, False, False, False]
    assert (made.fetch_bytes, made.disk_after, made.verdicts[-1].disk) == (5 * GB, 4 * GB, 0)


def test_time_is_measured_where_it_is_known_and_guessed_elsewhere() -> None:
    needs = Needs(modes=(Mode(pace=2.0),))
    stages = [Chain("film", (Recipe("compositor", needs),))]
    facts: dict[str, Any] = {"machine": BARE, "catalogue": {}, "installed": {}, "wishes": Wishes(seconds=5)}
    guessed = plan(stages, **facts)
    assert (guessed.seconds, guessed.verdicts[0].measured) == (10.0, False)
    known = plan(stages, **facts, measured={("film", "compositor"): 0.5})
    assert (known.seconds, known.verdicts[0].measured) == (2.5, True)
    assert "a guess" in explain(guessed)
    assert "as measured here" in explain(known)


def test_real_stages_are_read_and_the_unplanned_is_a_key_error() -> None:
    stage: Stage[Any, Any] = Stage("motion", object, (FakeBackend("idle", print),))
    made = plan([stage], machine=BARE, catalogue={}, installed={})
    assert made.placement("motion", "idle") == Placement()
    with pytest.raises(KeyError):
        made.placement("motion", "unheard of")


def test_a_plan_travels_as_json() -> None:
    stages = [Chain("motion", (Recipe("svd", Needs(("big",), modes=(cuda(80),))), Recipe("idle", Needs())))]
    made = plan(stages, machine=T4, catalogue={"big": BIG}, installed={})
    told = TypeAdapter(Plan).dump_json(made)
    assert TypeAdapter(Plan).validate_json(told) == made


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (3_758_596, "3.76 MB"), (50 * GB, "50 GB"), (2e12, "2 TB"), (123e9, "123 GB")],
)
def test_amounts(size: float, text: str) -> None:
    assert amount(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "under 1 s"), (2.54, "2.5 s"), (42.3, "42 s"), (150, "2.5 min"), (700, "12 min"), (9000, "2.5 h")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_the_doctor_finds_what_ails_and_says_what_to_do() -> None:
    ill = replace(
        BARE,
        ram=2 * GB,
        ram_free=GB,
        host_ram=64 * GB,
        cores=0.5,
        hub="unreachable",
        home=False,
        gpus=(Gpu("A", 9 * GB, GB), Gpu("B", 9 * GB, 9 * GB)),
        mounts=(
            Mount("data", GB, GB, writable=False),
            Mount("models", 9 * GB, GB),
            Mount("hub", GB, 9 * GB, files_free=3),
            Mount("temp", 9 * GB, 9 * GB, files_free=10**6),
        ),
    )
    stages = [
        Chain("motion", (Recipe("svd", Needs(("big",), ("torch",), (cuda(80),))), Recipe("idle", Needs()))),
        Chain("film", (Recipe("compositor", Needs(packages=("av",))),)),
    ]
    made = plan(stages, machine=ill, catalogue={"big": BIG}, installed={})
    assert made.mode == "audio_only"
    text = tell(doctor(made, {"big": BIG}))
    for told in (
        "Nothing can do the stage film",
        "The data folder can't be written.",
        "AVATAR_DATA_DIR",
        "The models folder has 1 GB free, less than 2 GB",
        "The hub's cache can hold 3 more files only",
        "may use 2 GB of the host's 64 GB",
        "Only 1 GB of RAM",
        "0.5 of one core",
        "no home folder",
        "2 packages are missing (av, torch)",
        "HF_ENDPOINT",
        "Others use 8 GB of the 9 GB of A",
        "CUDA_DEVICE_ORDER=PCI_BUS_ID",
    ):
        assert told in text
    assert text.index("error") < text.index("warning") < text.index("note")


def test_the_doctor_knows_gated_weights_and_an_offline_hub() -> None:
    gated = row("big", GB, gated=True)
    stages = [Chain("motion", (Recipe("svd", Needs(("big",))), Recipe("idle", Needs())))]
    made = plan(stages, machine=BARE, catalogue={"big": gated}, installed={})
    assert "org/big" in tell(doctor(made, {"big": gated}))
    made = plan(stages, machine=replace(BARE, hub="offline"), catalogue={"big": gated}, installed={})
    assert "Unset HF_HUB_OFFLINE" in tell(doctor(made, {"big": gated}))
    made = plan(stages, machine=replace(BARE, token=True), catalogue={"big": gated}, installed={})
    assert tell(doctor(made, {"big": gated})) == "Nothing ails this machine."


# What must hold for every machine, mission and wish.

SIZES = st.integers(0, 40).map(lambda tenths: tenths * GB // 2)
NAMES = ("a", "b", "c", "d", "e")
PRECISIONS = st.sampled_from(["float32", "float16", "bfloat16", "fp8"])
MODES = st.one_of(
    st.builds(Mode, st.just("cpu"), PRECISIONS, ram=SIZES),
    st.builds(Mode, st.sampled_from(["cuda", "mps"]), PRECISIONS, vram=SIZES, ram=SIZES),
)
NEEDS = st.builds(
    Needs,
    weights=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
    packages=st.sampled_from([(), ("torch",), ("torch", "av")]),
    modes=st.lists(MODES, min_size=1, max_size=3).map(tuple),
)
FLOORS = st.just(Needs())
GPUS = st.builds(
    lambda vram, capability: Gpu("card", vram, vram, "cuda", capability),
    SIZES,
    st.sampled_from([(0, 0), (7, 5), (8, 0), (9, 0)]),
)


@st.composite
def missions(draw: st.DrawFn) -> tuple[list[Chain], dict[str, Weights]]:
    catalogue = {
        name: row(
            name,
            draw(SIZES),
            commercial=draw(st.booleans()),
            gated=draw(st.booleans()),
            excluded=draw(st.sampled_from(["", "", "too big"])),
            converted=draw(SIZES),
        )
        for name in NAMES
    }
    chains = []
    for stage in draw(st.lists(st.sampled_from(["speech", "motion", "pose", "film"]), min_size=1, unique=True)):
        needs = draw(st.lists(NEEDS, max_size=3)) + draw(st.lists(FLOORS, max_size=1))
        chains.append(Chain(stage, tuple(Recipe(f"{stage}{index}", need) for index, need in enumerate(needs))))
    return chains, catalogue


MACHINES = st.builds(
    Machine,
    cores=st.just(2.0),
    ram=SIZES,
    ram_free=SIZES,
    disk=SIZES,
    disk_free=SIZES,
    gpus=st.lists(GPUS, max_size=2).map(tuple),
    packages=st.sampled_from([frozenset[str](), frozenset({"torch"}), frozenset({"torch", "av"})]),
    hub=st.sampled_from(["reachable", "unreachable", "unknown"]),
    token=st.booleans(),
)
WISHES = st.builds(
    Wishes,
    profile=st.sampled_from(["auto", "minimal", "maximum"]),
    backends=st.sampled_from([{}, {"motion": "motion1"}, {"pose": "pose0"}]),
    noncommercial=st.booleans(),
    budget=st.one_of(st.none(), SIZES),
    sound_only=st.booleans(),
    headroom=SIZES,
)
INSTALLED = st.sets(st.sampled_from(NAMES)).map(lambda names: {name: Path(name) for name in names})
Mission = tuple[list[Chain], dict[str, Weights]]


def made_for(mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]) -> Plan:
    stages, catalogue = mission
    profiles: dict[Profile, set[str]] = {"minimal": {"a", "b"}}
    return plan(stages, machine=machine, catalogue=catalogue, installed=installed, wishes=wishes, profiles=profiles)


@settings(max_examples=150, deadline=None)
@given(missions(), MACHINES, WISHES, INSTALLED)
def test_no_plan_goes_over_what_there_is(
    mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]
) -> None:
    made, catalogue = made_for(mission, machine, wishes, installed), mission[1]
    assert made.fetch_bytes == sum(catalogue[name].size for name in made.fetch)
    if made.fetch_bytes:
        assert made.disk_low >= wishes.headroom
        assert made.disk_after >= made.disk_low
    kept = sum(catalogue[name].kept for name in {*installed, *made.fetch})
    assert wishes.budget is None or not made.fetch_bytes or kept <= wishes.budget
    assert made.peak_ram <= machine.ram_free
    assert made.peak_vram <= max((gpu.vram_free for gpu in machine.gpus), default=0)
    for told in made.verdicts:
        assert set(told.fetch) <= set(made.fetch)
        mode = told.mode
        if mode and mode.precision == "bfloat16" and mode.device == "cuda":
            able = [gpu.vram_free for gpu in machine.gpus if gpu.capability >= (8, 0)]
            assert mode.vram <= max(able)


@settings(max_examples=150, deadline=None)
@given(missions(), MACHINES, WISHES, INSTALLED)
def test_every_refusal_has_a_number_and_every_floor_serves(
    mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]
) -> None:
    made = made_for(mission, machine, wishes, installed)
    for told in made.verdicts:
        if told.refused:
            assert re.search(r"\d", told.why)
            assert (told.placement, told.mode, told.fetch) == (None, None, ())
        else:
            assert told.mode is not None
            assert (told.placement is None) == bool(told.fetch)
        assert not (told.floor and told.placement is None)
    assert all(len(line) <= WIDTH for line in explain(made).splitlines())


@settings(max_examples=150, deadline=None)
@given(missions(), MACHINES, WISHES, INSTALLED)
def test_sound_alone_exactly_when_asked_or_when_nothing_else_can_run(
    mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]
) -> None:
    made = made_for(mission, machine, wishes, installed)
    able = {told.stage for told in made.verdicts if not told.refused}
    mute = wishes.sound_only or any(chain.name not in able for chain in mission[0])
    assert made.mode == ("audio_only" if mute else "video")


@settings(max_examples=150, deadline=None)
@given(missions(), MACHINES, WISHES, INSTALLED)
def test_what_was_planned_runs_once_it_is_fetched(
    mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]
) -> None:
    made = made_for(mission, machine, wishes, installed)
    here = {**installed, **{name: Path(name) for name in made.fetch}}
    later = made_for(mission, replace(machine, disk_free=made.disk_after), wishes, here)
    for before, after in zip(made.verdicts, later.verdicts, strict=True):
        if not before.refused:
            assert (after.placement is not None, after.mode) == (True, before.mode)


@st.composite
def better_machines(draw: st.DrawFn) -> tuple[Machine, Machine]:
    """A machine, and one that is better or equal in every figure."""
    worse = draw(MACHINES)
    ram, disk = draw(SIZES), draw(SIZES)
    cards = tuple(
        replace(gpu, vram=gpu.vram + more, vram_free=gpu.vram_free + more, capability=max(gpu.capability, newer))
        for gpu in worse.gpus
        for more, newer in [(draw(SIZES), draw(st.sampled_from([(7, 5), (9, 0)])))]
    )
    better = replace(
        worse,
        ram=worse.ram + ram,
        ram_free=worse.ram_free + ram,
        disk=worse.disk + disk,
        disk_free=worse.disk_free + disk,
        gpus=cards + tuple(draw(st.lists(GPUS, max_size=1))),
        packages=worse.packages | draw(st.sampled_from([frozenset[str](), frozenset({"torch", "av"})])),
        hub="reachable",
        token=worse.token or draw(st.booleans()),
    )
    return worse, better


@settings(max_examples=300, deadline=None)
@given(missions(), better_machines(), WISHES, INSTALLED)
def test_a_better_machine_never_gets_a_worse_plan(
    mission: Mission, machines: tuple[Machine, Machine], wishes: Wishes, installed: dict[str, Path]
) -> None:
    worse, better = (made_for(mission, machine, wishes, installed) for machine in machines)
    stages, catalogue = mission
    assert rank(better, stages, catalogue) >= rank(worse, stages, catalogue)


@settings(max_examples=100, deadline=None)
@given(missions(), MACHINES, WISHES, INSTALLED)
def test_every_change_that_is_proposed_gains_something_that_was_refused(
    mission: Mission, machine: Machine, wishes: Wishes, installed: dict[str, Path]
) -> None:
    made = made_for(mission, machine, wishes, installed)
    refused = {(told.stage, told.title) for told in made.verdicts if told.refused}
    for change in made.changes:
        assert change.gains
        assert set(change.gains) <= refused
