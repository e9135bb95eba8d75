"""What it costs to start: looking at the machine, planning for it, and being ready to serve."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from avatar.explain import explain
from avatar.machine import probe
from avatar.plan import Machine, Plan
from avatar.planner import plan
from avatar.testing import tiers
from benchmarks.table import Row, middle
from hf_spaces_models import CATALOGUE, PROFILES
from tests.plans.mission import MISSION, PACKAGES, SPECIAL

ROOT = Path(__file__).resolve().parents[1]
SERVE, APP = ("-m", "avatar", "serve"), ("app.py",)
PATIENCE = 60.0


def rows() -> Iterator[Row]:
    """Medians; the planner's mission is every recipe of the catalogue above its stage's floor."""
    yield Row("look at the machine and plan for it", middle(lambda: _took(lambda: _made(_here()))) * 1000, "ms", 150)
    slowest = max(_planning(here) for here in tiers(PACKAGES).values())
    yield Row("plan the full catalogue, slowest of the tiers", slowest * 1000, "ms", 5)
    made = _made(tiers(PACKAGES)["t4-small"])
    yield Row("explain that plan", middle(lambda: _took(lambda: explain(made)), times=20) * 1000, "ms", 5)
    yield Row("from nothing to serving the floors, python -m avatar serve", middle(partial(_cold, SERVE)), "s", 2)
    yield Row("from nothing to serving the floors, python app.py", middle(partial(_cold, APP)), "s", 2)


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


def _cold(command: Sequence[str]) -> float:
    """A new process with an empty data folder, until it answers /health with 200."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"AVATAR_DATA_DIR": folder, "HF_HUB_OFFLINE": "1"}
        began = time.perf_counter()
        line = [sys.executable, *command, "--port", port]
        with subprocess.Popen(line, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as process:
            try:
                while not _healthy(port):
                    if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                        raise RuntimeError(f"{command} did not come up")
                    time.sleep(0.005)
                return time.perf_counter() - began
            finally:
                process.kill()


def _healthy(port: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
