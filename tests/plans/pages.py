"""The golden pages: what each machine is told, as it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import wrap

from avatar.amounts import amount
from avatar.doctor import doctor, tell
from avatar.explain import WIDTH, explain
from avatar.plan import Machine, Mount, Plan, Wishes
from avatar.planner import plan
from avatar.testing import GIGABYTE, tiers
from hf_spaces_models import CATALOGUE, PROFILES
from tests.plans.mission import CORE, MISSION, PACKAGES, SPECIAL

FOLDER = Path(__file__).parent
FREE = (60, 40, 30, 20, 15, 10, 7, 5, 4, 3, 2.5, 2, 0)
"""Gigabytes that are free while the disk fills up."""


def made_for(machine: Machine, *, wishes: Wishes | None = None, installed: Iterable[str] = ()) -> Plan:
    """The whole mission's plan for a machine."""
    return plan(
        MISSION,
        machine=machine,
        catalogue=CATALOGUE,
        installed={name: Path(name) for name in installed},
        wishes=wishes,
        profiles=PROFILES,
        special=SPECIAL,
    )


def pages() -> Mapping[str, str]:
    """Every page by its name."""
    machines = tiers(PACKAGES)
    t4 = machines["t4-small"]
    told = {name: explain(made_for(machine)) for name, machine in machines.items()}
    everything = made_for(replace(t4, token=True)).fetch
    told["t4-small-all-fetched"] = explain(made_for(t4, installed=everything))
    told["l4-noncommercial-token"] = explain(
        made_for(replace(machines["l4"], token=True), wishes=Wishes(noncommercial=True))
    )
    told["h200-minimal"] = explain(made_for(machines["h200"], wishes=Wishes(profile="minimal")))
    told["cpu-basic-core-packages-only"] = explain(made_for(replace(machines["cpu-basic"], packages=CORE)))
    told["laptop-without-video-library"] = explain(made_for(replace(machines["laptop"], packages=PACKAGES - {"av"})))
    told["laptop-sound-only"] = explain(made_for(machines["laptop"], wishes=Wishes(sound_only=True)))
    told["laptop-offline"] = explain(made_for(replace(machines["laptop"], hub="offline")))
    told["doctor-of-an-ill-machine"] = tell(doctor(made_for(ill(machines["l4"])), CATALOGUE))
    told["disk-fills-up"] = filling(replace(t4, disk=64 * GIGABYTE, token=True))
    return {name: text + "\n" for name, text in told.items()}


def ill(machine: Machine) -> Machine:
    """The machine as an owner finds it who forgot a few things."""
    return replace(
        machine,
        ram=8 * GIGABYTE,
        ram_free=GIGABYTE,
        host_ram=30 * GIGABYTE,
        hub="unreachable",
        home=False,
        packages=machine.packages - {"diffusers"},
        gpus=tuple(replace(gpu, vram_free=GIGABYTE) for gpu in machine.gpus),
        mounts=(
            Mount("data", 50 * GIGABYTE, GIGABYTE),
            Mount("models", 50 * GIGABYTE, 20 * GIGABYTE, writable=False),
            Mount("hub", 50 * GIGABYTE, 20 * GIGABYTE, files_free=12),
            Mount("temp", GIGABYTE, GIGABYTE // 2),
        ),
    )


def filling(machine: Machine) -> str:
    """What is left of the plan while others fill the disk."""
    lines = ["free     fetched  stays    left out for want of disk"]
    for free in FREE:
        made = made_for(replace(machine, disk_free=int(free * GIGABYTE)))
        short = [verdict.title for verdict in made.verdicts if verdict.lack and verdict.lack.of == "disk"]
        sizes = f"{amount(free * GIGABYTE):<9}{amount(made.fetch_bytes):<9}{amount(made.disk_after):<9}"
        lines += wrap(", ".join(short) or "-", WIDTH, initial_indent=sizes, subsequent_indent=" " * len(sizes))
    return "\n".join(lines)
