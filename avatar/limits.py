"""How many cores and how much memory this process may use. Knows no accelerator and no disk.

Sources: the kernel's admin-guide/cgroup-v1 and cgroup-v2, and proc(5).
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the kernel tells its facts, and the tool that tells them on a Mac."""

    cgroup: Path = Path("/sys/fs/cgroup")
    proc: Path = Path("/proc")
    vm_stat: str = "/usr/bin/vm_stat"


def cores(roots: Roots) -> float:
    """How many cores' worth of time this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on a Mac
    allowed = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    return min([allowed, *_quotas(roots)])


def _quotas(roots: Roots) -> Iterator[float]:
    for group in _groups(roots, ""):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit() and int(period):
            yield int(quota) / int(period)
    for group in _groups(roots, "cpu"):
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            yield int(quota) / int(period)


def memory(roots: Roots) -> tuple[int, int, int]:
    """Bytes of memory in all, bytes still to be had, and bytes of the host where a container limits them, else 0."""
    host, free = _host(roots)
    ram = host
    for limit, used in _limits(roots):
        ram, free = min(ram, limit), min(free, limit - used)
    return ram, max(free, 0), host if ram < host else 0


def _host(roots: Roots) -> tuple[int, int]:
    facts: dict[str, str] = dict(re.findall(r"^(\w+):\s+(\d+)", _text(roots.proc / "meminfo"), re.MULTILINE))
    if "MemTotal" in facts:
        return int(facts["MemTotal"]) * 1024, int(facts.get("MemAvailable", facts.get("MemFree", 0))) * 1024
    return _apple(roots)


def _apple(roots: Roots) -> tuple[int, int]:
    """Memory as macOS tells it: pages that are free, inactive or speculative can be had."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        told = subprocess.run([roots.vm_stat], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return total, total // 2
    page = re.search(r"page size of (\d+)", told)
    pages = re.findall(r"^Pages (?:free|inactive|speculative):\s+(\d+)", told, re.MULTILINE)
    free = sum(map(int, pages)) * (int(page[1]) if page else 4096)
    return total, min(free, total)


def _limits(roots: Roots) -> Iterator[tuple[int, int]]:
    """Each limit above this process, and what is used of it that the kernel can't take back."""
    for group in _groups(roots, ""):
        yield from _limit(group, limit="memory.max", used="memory.current", cache="inactive_file")
    for group in _groups(roots, "memory"):
        yield from _limit(
            group, limit="memory.limit_in_bytes", used="memory.usage_in_bytes", cache="total_inactive_file"
        )


def _limit(group: Path, *, limit: str, used: str, cache: str) -> Iterator[tuple[int, int]]:
    most, now = _text(group / limit), _text(group / used)
    if most.isdigit():
        idle = re.search(rf"^{cache} (\d+)", _text(group / "memory.stat"), re.MULTILINE)
        yield int(most), max((int(now) if now.isdigit() else 0) - (int(idle[1]) if idle else 0), 0)


def _groups(roots: Roots, controller: str) -> Iterator[Path]:
    """The control group of the process, and all above it: of version 2 for no controller, else of version 1.

    In a container the path that the kernel names may not exist: then only the root does, and it is the container's.
    """
    own = "/"
    for line in _text(roots.proc / "self" / "cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            own = path or "/"
    root = roots.cgroup / controller if controller else roots.cgroup
    place = root / own.lstrip("/")
    for group in (place, *place.parents):
        if group == root.parent:
            return
        yield group


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
