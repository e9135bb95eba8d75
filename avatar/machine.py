"""Looks at the machine: cores, memory, disks, accelerators, packages, the hub. Knows no backend, decides nothing.

Container limits (cgroup v1 and v2) count as the machine's own, and what a Space says of itself where it says less.
Nothing here imports what is heavy, waits for the network unless asked to, or needs a home folder.
"""

import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from avatar.accelerators import apple_gpu, gpus, zero_gpus
from avatar.disk import storage_errors
from avatar.hub import hub_state
from avatar.limits import Roots, cores, memory
from avatar.plan import Machine, Mount

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
YES = {"1", "true", "yes", "on", "t", "y"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts are read; tests name small trees and tools of their own."""

    roots: Roots = field(default_factory=Roots)
    smi: str | None = field(default_factory=lambda: shutil.which("nvidia-smi"))
    system: str = sys.platform
    processor: str = field(default_factory=platform.machine)


def probe(
    folder: Path,
    *,
    models: Path | None = None,
    packages: Iterable[str] = (),
    environ: Mapping[str, str] = os.environ,
    sources: Sources | None = None,
    ask_hub: bool = False,
) -> Machine:
    """The machine as this process may use it; `folder` holds the data, `models` the weights.

    With `ask_hub` it waits at most two seconds for the hub. Raises `StorageError` when `folder` can't be looked at.
    """
    where = sources or Sources()
    with storage_errors(folder):
        os.statvfs(folder)
        found = tuple(mounts(folder, models=models or folder, environ=environ))
    room = next(mount for mount in found if mount.use == "models")
    ram, ram_free, host = memory(where.roots)
    here = Machine(
        cores=cores(where.roots),
        ram=ram,
        ram_free=ram_free,
        disk=room.size,
        disk_free=room.free,
        packages=frozenset(name for name in packages if importlib.util.find_spec(name)),
        mounts=found,
        hub=hub_state(environ, ask=ask_hub),
        host_ram=host,
        token=bool(environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN")),
        home=_writable_home(environ),
    )
    return _with_gpus(_as_the_space_says(here, environ), environ, where=where)


def again(before: Machine, folder: Path, *, models: Path, environ: Mapping[str, str] = os.environ) -> Machine:
    """The machine with its disks looked at anew. Raises `StorageError`.

    Memory stays as it was found at first: what this program itself has taken since is no lack.
    """
    with storage_errors(folder):
        found = tuple(mounts(folder, models=models, environ=environ))
    room = next(mount for mount in found if mount.use == "models")
    return replace(before, disk=room.size, disk_free=room.free, mounts=found)


def mounts(data: Path, *, models: Path, environ: Mapping[str, str]) -> Iterator[Mount]:
    """The file systems of the data, the weights, the hub's cache and temporary files. Raises OSError.

    A folder that does not exist yet is looked at where it would be made. Quotas show as far as the file system counts
    them into what it says is free.
    """
    hub = _hub_cache(environ)
    temp = Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the system's own folder is what is asked about
    for use, path in (("data", data), ("models", models), ("hub", hub), ("temp", temp)):
        if path is not None:
            there = next(place for place in (path, *path.parents) if place.is_dir())
            yield mount(use, there)


def mount(use: str, folder: Path) -> Mount:
    """One existing folder's file system. Raises OSError."""
    facts = os.statvfs(folder)
    read_only = bool(facts.f_flag & os.ST_RDONLY)
    return Mount(
        use=use,
        size=facts.f_blocks * facts.f_frsize,
        free=facts.f_bavail * facts.f_frsize,
        files_free=facts.f_favail if facts.f_files else None,
        writable=not read_only and os.access(folder, os.W_OK | os.X_OK),
        disk=folder.stat().st_dev,
    )


def _hub_cache(environ: Mapping[str, str]) -> Path | None:
    """Where the hub's client keeps its cache; None without a home folder to put it in."""
    named = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).absolute()
    cache, home = environ.get("XDG_CACHE_HOME"), environ.get("HOME")
    root = environ.get("HF_HOME") or (f"{cache}/huggingface" if cache else f"{home}/.cache/huggingface" if home else "")
    return Path(root, "hub").absolute() if root else None


def _writable_home(environ: Mapping[str, str]) -> bool:
    home = environ.get("HOME")
    return bool(home) and os.access(str(home), os.W_OK | os.X_OK)


def _as_the_space_says(machine: Machine, environ: Mapping[str, str]) -> Machine:
    """The machine with a Space's name, and with its stated cores and memory where those are less."""
    space = environ.get("SPACE_ID")
    if not space:
        return machine
    said, stated = environ.get("CPU_CORES", ""), _bytes(environ.get("MEMORY", ""))
    ram = min(machine.ram, stated) if stated else machine.ram
    return replace(
        machine,
        space=space,
        tier=environ.get("ACCELERATOR", "") if environ.get("ACCELERATOR") != "none" else "cpu",
        cores=min(machine.cores, float(said)) if said.isdigit() and int(said) else machine.cores,
        ram=ram,
        ram_free=min(machine.ram_free, ram),
    )


def _bytes(text: str) -> int:
    """A size as Kubernetes writes it, such as 15Gi; 0 for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", text.strip().upper())
    return int(float(match[1]) * UNITS[match[2] or ""]) if match else 0


def _with_gpus(machine: Machine, environ: Mapping[str, str], *, where: Sources) -> Machine:
    if environ.get("SPACES_ZERO_GPU", "").lower() in YES:
        return replace(machine, gpus=zero_gpus())
    if where.system == "darwin":
        found = (apple_gpu(machine.ram, machine.ram_free),) if where.processor == "arm64" else ()
        return replace(machine, gpus=found)
    return replace(machine, gpus=gpus(where.smi, visible=environ.get("CUDA_VISIBLE_DEVICES")))
