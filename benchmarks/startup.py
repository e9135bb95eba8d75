"""What it costs to start: looking at the machine, planning for it, and being ready to serve."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from avatar.explain import explain
from avatar.machine import probe
from avatar.plan import Machine, Plan
from avatar.planner import plan
from avatar.testing import tiers
from benchmarks.table import Row, middle
from hf_spaces_models import CATALOGUE, PROFILES
from tests.plans.mission import MISSION, PACKAGES, SPECIAL

ROOT = Path(__file__).resolve().parents[1]
START = "import sys, smart_startup; smart_startup.start({'AVATAR_DATA_DIR': sys.argv[1]})"


def rows() -> Iterator[Row]:
    """Medians; the planner's mission is every recipe of the catalogue above its stage's floor."""
    yield Row("look at the machine and plan for it", middle(lambda: _took(lambda: _made(_here()))) * 1000, "ms", 150)
    slowest = max(_planning(here) for here in tiers(PACKAGES).values())
    yield Row("plan the full catalogue, slowest of the tiers", slowest * 1000, "ms", 5)
    made = _made(tiers(PACKAGES)["t4-small"])
    yield Row("explain that plan", middle(lambda: _took(lambda: explain(made)), times=20) * 1000, "ms", 5)
    yield Row("from nothing to serving the floors", middle(_cold), "s", 2)


def _here() -> Machine:
    return probe(Path(tempfile.gettempdir()), packages=sorted(PACKAGES))


def _made(here: Machine) -> Plan:
    return plan(MISSION, machine=here, catalogue=CATALOGUE, installed={}, profiles=PROFILES, special=SPECIAL)


def _planning(here: Machine) -> float:
    return middle(lambda: _took(lambda: _made(here)), times=20)


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cold() -> float:
    """A new process until everything is wired, with an empty data folder."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-c", START, folder]
        return _took(lambda: subprocess.run(argv, cwd=ROOT, check=True, capture_output=True))
