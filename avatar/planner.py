"""Decides which backends this machine can run, and says why not in numbers. Pure: knows facts only, touches nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avatar.plan import Machine, Plan, Verdict, Weights
from avatar.stage import Needs, Placement, Stage


def plan(
    stages: Iterable[Stage[Any, Any]],
    *,
    machine: Machine,
    catalogue: Mapping[str, Weights],
    installed: Mapping[str, Path],
) -> Plan:
    """A verdict for every backend of every stage, in the order in which they will be tried."""
    verdicts: list[Verdict] = []
    for stage in stages:
        for backend in stage.chain:
            why = refusal(backend.needs, machine=machine, catalogue=catalogue, installed=installed)
            placement = None
            if not why:
                weights = {name: installed[name] for name in backend.needs.weights}
                placement = Placement(device=backend.needs.modes[0].device, weights=weights)
            verdicts.append(Verdict(stage.name, backend.id, placement, why, backend.needs.floor))
    return Plan(machine, tuple(verdicts))


def refusal(needs: Needs, *, machine: Machine, catalogue: Mapping[str, Weights], installed: Mapping[str, Path]) -> str:
    """Why these needs can't be met here; empty when they can."""
    missing = [name for name in needs.packages if name not in machine.packages]
    if missing:
        return f"package {', '.join(missing)} is not installed"
    mode = needs.modes[0]
    if mode.device != "cpu" and not machine.gpus:
        return f"needs a {mode.device} device, this machine has none"
    roomiest = max((gpu.vram_free for gpu in machine.gpus), default=0)
    if mode.vram > roomiest:
        return f"needs {amount(mode.vram)} of VRAM, {amount(roomiest)} are free"
    if mode.ram > machine.ram_free:
        return f"needs {amount(mode.ram)} of RAM, {amount(machine.ram_free)} are free"
    absent = [name for name in needs.weights if name not in installed]
    if absent:
        sizes = sum(catalogue[name].size for name in absent)
        return f"weights {', '.join(absent)} ({amount(sizes)}) are not installed"
    return ""


def amount(size: float) -> str:
    """Bytes in decimal units, as disks and model pages count them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if size < 100 else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def explain(made: Plan) -> str:
    """The plan as text for a terminal: the machine in two lines, then a row for each backend."""
    machine = made.machine
    gpus = ", ".join(f"{gpu.name} ({amount(gpu.vram_free)} free)" for gpu in machine.gpus) or "none"
    lines = [
        f"Machine  {machine.cores:g} cores, RAM {amount(machine.ram_free)} free of {amount(machine.ram)}, GPU {gpus}",
        f"Disk     {amount(machine.disk_free)} free of {amount(machine.disk)} for the data folder",
        "",
    ]
    rows = [("stage", "backend", "runs on", "why not")]
    rows += [(v.stage, v.backend, v.placement.device if v.placement else "refused", v.why) for v in made.verdicts]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines += [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows
    ]
    return "\n".join(lines)
