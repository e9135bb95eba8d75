"""Memory and speed of the diffusion models on a GPU, with random weights: `python -m benchmarks.gpu --out DIR`.

For each recipe, at the size the catalogue names: the most memory that a step and the autoencoder take, against what
the planner counts; and seconds of a step as diffusers does it, against each way to make it faster, in one process.
Every measurement is written down at once and may fail alone; each recipe has a process of its own.

Random weights show neither quality nor how often a cache of steps may answer: its row is the time of a step that it
does answer, not a speed-up.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SHARES = {
    "animate-anyone": 0.28,
    "svd": 0.2,
    "ltx": 0.15,
    "wan21-t2v-13b": 0.2,
    "sd-turbo": 0.1,
    "modelscope": 0.1,
    "wan22-ti2v-5b": 0.2,
    "ltx2": 0.2,
}
"""The most important first: time may be short. What a recipe may take of it, so that none eats what is the others'."""
WRITTEN = "results.jsonl"
TOLD = 200
"""Letters of an error that are kept."""
LEAST = 15.0
"""Seconds that must be left for another recipe to begin."""


@dataclass(frozen=True, slots=True)
class Book:
    """Where measurements are written, one JSON object a line, each at once."""

    path: Path
    until: float

    def note(self, **row: Any) -> None:
        """Write one down."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def attempt(self, subject: str, what: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Measure, and write down what was found or what went wrong. Nothing when time is up."""
        if time.monotonic() > self.until:
            self.note(subject=subject, what=what, error="no time left")
            return
        began = time.monotonic()
        try:
            found = measure()
        except Exception as wrong:  # noqa: BLE001 - a bench tells of whatever fails and goes on with the next
            found = {"error": f"{type(wrong).__name__}: {' '.join(str(wrong).split())[:TOLD]}"}
        self.note(subject=subject, what=what, took=round(time.monotonic() - began, 1), **found)

    def rows(self) -> list[dict[str, Any]]:
        """All that was written."""
        if not self.path.is_file():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def table(rows: list[dict[str, Any]], machine: str) -> str:
    """The measurements as two Markdown tables, memory and speed, and what failed."""
    lines = ["# On a GPU, with random weights", "", machine, "", *_memory(rows), "", *_speed(rows)]
    failed = [f"- {row['subject']}, {row['what']}: {row['error']}" for row in rows if "error" in row]
    return "\n".join([*lines, *(["", "Not measured:", "", *failed] if failed else [])]) + "\n"


def _memory(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| memory, GiB | weights + activations | in tensors | ratio | with slack | on the device | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if "planned" in row and "error" not in row:
            with_slack = row["planned"] + row["slack"]
            lines.append(
                f"| {row['subject']}, {row['what']} | {row['planned']:.2f} | {row['tensors']:.2f} "
                f"| {row['tensors'] / row['planned']:.3f} | {with_slack:.2f} | {row['device']:.2f} "
                f"| {row['device'] / with_slack:.3f} |"
            )
    return lines


def _speed(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| a step | s | times plain | differs by | TFLOP/s | took, s |", "|---|---|---|---|---|---|"]
    plain = {row["subject"]: row["seconds"] for row in rows if row.get("base") and "seconds" in row}
    for row in rows:
        if "seconds" in row:
            base = plain.get(row["subject"], row["seconds"])
            rate = f"{row['flops'] / row['seconds'] / 1e12:.0f}" if row.get("flops") else ""
            differs = "" if row.get("apart") is None else f"{row['apart']:.1e}"
            lines.append(
                f"| {row['subject']}, {row['what']} | {row['seconds']:.4f} | {base / row['seconds']:.2f} "
                f"| {differs} | {rate} | {row['took']:.0f} |"
            )
    return lines


def keep(book: Book, folder: Path, machine: str) -> None:
    """Write results.json and results.md anew."""
    rows = book.rows()
    (folder / "results.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1), encoding="utf-8")
    (folder / "results.md").write_text(table(rows, machine), encoding="utf-8")


def child(name: str, wish: argparse.Namespace) -> int:
    """Load everything, wait for the word, measure one recipe."""
    import torch

    from benchmarks import gpu_tasks

    seconds = sys.stdin.readline()
    if not seconds:
        return 0
    book = Book(wish.out / WRITTEN, time.monotonic() + float(seconds))
    book.attempt(name, "starting", lambda: {"machine": gpu_tasks.machine()})
    with torch.inference_mode() if name == "animate-anyone" else torch.no_grad():
        gpu_tasks.measure(name, book, device=wish.device, tiny=wish.tiny, quick=wish.memory_only)
    return 0


def ready(name: str, wish: argparse.Namespace) -> "subprocess.Popen[str]":
    """A process for one recipe that loads its libraries while another still measures."""
    line = [sys.executable, "-m", "benchmarks.gpu", "--child", "--only", name, "--out", str(wish.out)]
    line += ["--device", wish.device, *["--tiny"] * wish.tiny, *["--memory-only"] * wish.memory_only]
    return subprocess.Popen(line, stdin=subprocess.PIPE, text=True, start_new_session=True)


def watched(name: str, worker: "subprocess.Popen[str]", book: Book) -> None:
    """Give the word, wait until it is done or time is up, and note when it died."""
    left = book.until - time.monotonic()
    try:
        worker.communicate(f"{left}\n", timeout=left + LEAST)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
        book.note(subject=name, what="process", error="stopped, no time left")
    else:
        if worker.returncode:
            book.note(subject=name, what="process", error=f"ended with status {worker.returncode}")


def run(names: list[str], wish: argparse.Namespace) -> None:
    """All recipes, one after another."""
    book = Book(wish.out / WRITTEN, time.monotonic() + wish.budget)
    workers = [ready(name, wish) for name in names[:1]]
    for place, name in enumerate(names):
        workers += [ready(after, wish) for after in names[place + 1 : place + 2]]
        if time.monotonic() + LEAST > book.until:
            book.note(subject=name, what="all", error="no time left")
            workers[place].communicate()
            continue
        share = SHARES.get(name, 1.0) * wish.budget if len(names) > 1 else wish.budget
        watched(name, workers[place], replace(book, until=min(book.until, time.monotonic() + share)))
        told = [row["machine"] for row in book.rows() if "machine" in row]
        keep(book, wish.out, told[0] if told else "unknown machine")


def main() -> int:
    """Measure what is asked for, most important first."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True, help="folder for results.jsonl, results.json, results.md")
    asked.add_argument("--only", default=",".join(SHARES), help="recipes, joined by commas")
    asked.add_argument("--budget", type=float, default=480.0, help="seconds after which nothing new begins")
    asked.add_argument("--tiny", action="store_true", help="very small networks and films, to try the script")
    asked.add_argument("--device", default="cuda")
    asked.add_argument("--memory-only", action="store_true", help="no speed")
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    wish = asked.parse_args()
    if wish.child:
        return child(wish.only, wish)
    wish.out.mkdir(parents=True, exist_ok=True)
    (wish.out / WRITTEN).unlink(missing_ok=True)
    run(wish.only.split(","), wish)
    print((wish.out / "results.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
