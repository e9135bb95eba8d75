"""The planner: pure decisions, reasons in numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avatar.plan import Machine, WeightFile, Weights
from avatar.planner import amount, explain, plan, refusal
from avatar.stage import Mode, Needs, Placement, Stage
from avatar.testing import GIGABYTE, FakeBackend, scripted_machine

CATALOGUE = {
    row.id: row
    for row in [
        Weights(
            "big", "org/big", "abc", (WeightFile("a", 4 * GIGABYTE, "00"), WeightFile("b", GIGABYTE, "11")), "MIT", True
        )
    ]
}
BARE = scripted_machine()


def why(needs: Needs, machine: Machine = BARE, **installed: Path) -> str:
    return refusal(needs, machine=machine, catalogue=CATALOGUE, installed=installed)


def test_a_floor_is_never_refused() -> None:
    assert why(Needs()) == ""


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs(packages=("torch", "diffusers")), "package torch, diffusers is not installed"),
        (Needs(modes=(Mode("cuda"),)), "needs a cuda device, this machine has none"),
        (Needs(modes=(Mode(vram=8 * GIGABYTE),)), "needs 8 GB of VRAM, 0 B are free"),
        (Needs(modes=(Mode(ram=40 * GIGABYTE),)), "needs 40 GB of RAM, 12 GB are free"),
        (Needs(weights=("big",)), "weights big (5 GB) are not installed"),
    ],
)
def test_refusals_say_why_in_numbers(needs: Needs, reason: str) -> None:
    assert why(needs) == reason


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    machine = scripted_machine(gpus=(("T4", 16 * GIGABYTE),), packages=("torch",))
    needs = Needs(weights=("big",), packages=("torch",), modes=(Mode("cuda", vram=8 * GIGABYTE),))
    assert why(needs, machine, big=tmp_path) == ""
    stage: Stage[Any, Any] = Stage("motion", object, (FakeBackend("svd", print, needs=needs),))
    made = plan([stage], machine=machine, catalogue=CATALOGUE, installed={"big": tmp_path})
    assert made.placement("motion", "svd") == Placement(device="cuda", weights={"big": tmp_path})


def test_the_plan_keeps_the_order_and_explains_itself() -> None:
    best = FakeBackend("svd", print, needs=Needs(modes=(Mode("cuda"),)))
    floor = FakeBackend("idle", print)
    stage: Stage[Any, Any] = Stage("motion", object, (best, floor))
    made = plan([stage], machine=BARE, catalogue=CATALOGUE, installed={})
    assert [verdict.backend for verdict in made.verdicts] == ["svd", "idle"]
    assert made.placement("motion", "svd") is None
    assert made.placement("motion", "idle") == Placement()
    text = explain(made)
    assert "2 cores, RAM 12 GB free of 16 GB, GPU none" in text
    assert "motion  svd      refused  needs a cuda device, this machine has none" in text
    assert "motion  idle     cpu" in text
    with pytest.raises(KeyError):
        made.placement("motion", "unheard of")


def test_container_and_gpu_facts_are_shown() -> None:
    machine = replace(scripted_machine(gpus=(("L4", 24 * GIGABYTE),)), cores=1.5)
    text = explain(plan([], machine=machine, catalogue={}, installed={}))
    assert "1.5 cores" in text
    assert "L4 (24 GB free)" in text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (3_758_596, "3.76 MB"), (50 * GIGABYTE, "50 GB"), (2e12, "2 TB"), (123e9, "123 GB")],
)
def test_amounts(size: float, text: str) -> None:
    assert amount(size) == text
