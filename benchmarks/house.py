"""What the house itself costs: start of the command line, a walk through the cache, storing and finding bytes."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from avatar.events import unheard
from avatar.request import parse
from benchmarks.table import Row, middle

ROOT = Path(__file__).resolve().parents[1]
ASK = {"text": "Hello, I am Ada. Let us look at prime numbers together.", "seed": 1}


def rows() -> Iterator[Row]:
    """Wall seconds, medians of five."""
    yield Row("python -c pass, for comparison", middle(lambda: _wall("-c", "pass")), "s")
    yield Row("python -c 'import app'", middle(lambda: _wall("-c", "import app")), "s", 0.4)
    yield Row("python -m avatar --help", middle(lambda: _wall("-m", "avatar", "--help")), "s", 0.4)
    with tempfile.TemporaryDirectory() as folder:
        yield from _cached(folder)


def _wall(*argv: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *argv], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began


def _cached(folder: str) -> Iterator[Row]:
    import smart_startup

    jobs = smart_startup.start({"AVATAR_DATA_DIR": folder, "AVATAR_SIGN": "0"})
    ask = parse(ASK)

    def follow() -> float:
        began = time.perf_counter()
        jobs.follow(jobs.submit(ask).id, unheard)
        return time.perf_counter() - began

    yield Row("a film for the first time", follow(), "s")
    yield Row("the same film from the cache, same process", middle(follow) * 1000, "ms", 50)
    fresh = smart_startup.start({"AVATAR_DATA_DIR": folder, "AVATAR_SIGN": "0"})
    began = time.perf_counter()
    fresh.follow(fresh.submit(ask).id, unheard)
    yield Row("the same film from the cache, digests compared anew", (time.perf_counter() - began) * 1000, "ms", 50)
