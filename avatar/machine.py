"""Looks at the machine: cores, memory, disk, accelerators, packages. Knows no backend, decides nothing.

Container limits (cgroup v2) count as the machine's own.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from avatar.disk import storage_errors
from avatar.plan import Gpu, Machine

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
MEBIBYTE = 1 << 20


def probe(folder: Path, *, packages: Iterable[str] = ()) -> Machine:
    """The machine as this process may use it, `folder` being on the disk that counts. Raises `StorageError`."""
    with storage_errors(folder):
        disk = shutil.disk_usage(folder)
    ram, ram_free = memory()
    return Machine(
        cores=cores(),
        ram=ram,
        ram_free=ram_free,
        disk=disk.total,
        disk_free=disk.free,
        gpus=gpus(),
        packages=frozenset(name for name in packages if importlib.util.find_spec(name)),
    )


def cores(*, cgroup: Path = CGROUP) -> float:
    """How many cores' worth of time this process may use."""
    allowed = float(len(os.sched_getaffinity(0)))
    quota, _, period = _text(cgroup / "cpu.max").partition(" ")
    return min(allowed, int(quota) / int(period)) if quota.isdigit() else allowed


def memory(*, cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> tuple[int, int]:
    """Bytes of memory in all and still to be had."""
    facts = dict(line.split(":", 1) for line in _text(meminfo).splitlines() if ":" in line)
    kibibytes = {name: int(value.split()[0]) for name, value in facts.items()}
    ram, free = kibibytes.get("MemTotal", 0) * 1024, kibibytes.get("MemAvailable", 0) * 1024
    limit, used = _text(cgroup / "memory.max"), _text(cgroup / "memory.current")
    if limit.isdigit() and used.isdigit():
        ram, free = min(ram, int(limit)), min(free, int(limit) - int(used))
    return ram, max(free, 0)


def gpus() -> tuple[Gpu, ...]:
    """The NVIDIA devices that the driver's own tool reports."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_gpus(answer)


def parse_gpus(answer: str) -> tuple[Gpu, ...]:
    """Devices from lines of `name, MiB in all, MiB free`; lines of another shape are not devices."""
    found = []
    for line in answer.splitlines():
        name, *sizes = (cell.strip() for cell in line.split(","))
        if len(sizes) == 2 and all(size.isdigit() for size in sizes):
            found.append(Gpu(name, int(sizes[0]) * MEBIBYTE, int(sizes[1]) * MEBIBYTE))
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
