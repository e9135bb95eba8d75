"""What a film costs beside its mere encoding: CPU, speed, first picture, memory; and whether it comes out the same."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
TEN_MINUTES = 600.0
TIMES = 3


def rows() -> Iterator[Row]:
    """Medians of three processes each, and the best beside the ones that other work on the machine disturbs."""
    spoken = [child("speak") for _ in range(TIMES)]
    encoded = [child("encode") for _ in range(TIMES)]
    yield from _costs(spoken, encoded)
    photos = [child("photograph") for _ in range(TIMES)]
    ratios = [each["cpu"] / each["alone"] for each in photos]
    yield Row("photograph drawn and encoded : encoding alone, cpu", median(ratios), "x", 2.0)
    unknown = [child("stranger") for _ in range(TIMES)]
    yield Row("the same with a face not drawn before, cpu", median(each["cpu"] for each in unknown), "CPU s")
    yield Row("request to its first fragment", median(each["first"] for each in unknown), "s")
    yield Row(
        "different bytes for the same request", len({each["sha256"] for each in (*spoken, *unknown)}) - 1, "films", 0
    )
    cold = [_cold() for _ in range(TIMES)]
    yield Row("cold start to the first fragment", median(cold), "s", 2.0)
    yield Row("cold start to the first fragment, best", min(cold), "s")
    certified = [child("certify") for _ in range(TIMES)]
    yield Row("certificate of that film by its rig, CPU", median(each["cpu"] for each in certified), "s")
    yield Row("heavy libraries that `import app` loads", len(child("modules")["loaded"]), "libraries", 0)
    yield from _memory()


def _costs(spoken: list[dict[str, Any]], encoded: list[dict[str, Any]]) -> Iterator[Row]:
    yield Row("length of the film, 512 x 512, 25 frames a second", spoken[0]["seconds"], "s")
    yield Row("size of the film", spoken[0]["bytes"] / 1000.0, "kB")
    for name, unit in (("cpu", "CPU s"), ("wall", "s")):
        whole, alone = (median(each[name] for each in those) for those in (spoken, encoded))
        best = min(each[name] for each in spoken) / min(each[name] for each in encoded)
        yield Row(f"the whole film, {name}", whole, unit)
        yield Row(f"encoding its frames alone, {name}", alone, unit)
        yield Row(f"whole film : encoding alone, {name}", whole / alone, "x", 1.5)
        yield Row(f"whole film : encoding alone, {name}, best of each", best, "x")
    yield Row("frames a second", median(each["frames"] / each["wall"] for each in spoken), "frames/s", 60, more=True)
    yield Row("frames a second, best", max(each["frames"] / each["wall"] for each in spoken), "frames/s")
    yield Row("request to the first fragment, warm", median(each["first"] for each in spoken), "s", 0.5)
    yield Row("request to the first fragment, warm, best", min(each["first"] for each in spoken), "s")


def _cold() -> float:
    began = time.monotonic()
    told = child("cold")
    return float(told["first_at"]) - began


def _memory() -> Iterator[Row]:
    short, long = child("long", 10.0), child("long", TEN_MINUTES)
    yield Row("peak memory, 10 s of film", short["peak"], "MB", 400)
    yield Row(f"peak memory, {long['seconds']:.0f} s of film", long["peak"], "MB", 400)
    yield Row("peak memory, long : short", long["peak"] / short["peak"], "x", 1.1)
    judged = child("judge", TEN_MINUTES)
    yield Row("audio-visual drift of the long film", _size(judged["drift"]), "ms/min", 1.0)
    yield Row("its head's highest autocorrelation: no loop", judged["loop"], "", 0.6)
    yield Row("drift of its background's light", _size(judged["light"]), "luma codes", 1.0)
    yield Row("frames a second, long film", long["frames"] / long["wall"], "frames/s", 60, more=True)


def _size(value: float | None) -> float:
    """A figure without its sign; not a number where it could not be measured."""
    return float("nan") if value is None else abs(value)


def child(task: str, seconds: float = 10.0) -> dict[str, Any]:
    """What a measuring process tells. Raises CalledProcessError when it failed."""
    argv = [sys.executable, "-m", "benchmarks.child", task, str(seconds)]
    told: dict[str, Any] = json.loads(subprocess.run(argv, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return told
