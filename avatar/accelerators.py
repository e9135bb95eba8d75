"""Which accelerators are there and how much of their memory is free. Knows no core and no disk, imports no torch."""

import subprocess

from avatar.plan import Gpu

MEBIBYTE = 1 << 20
GIGABYTE = 10**9
ZERO_SIZES = (48 * GIGABYTE, 96 * GIGABYTE)
"""What ZeroGPU lends: `large`, and `xlarge` on asking (Spaces documentation, spaces-zerogpu)."""
ZERO_CAPABILITY = (9, 0)
APPLE_SHARE = 2 / 3
"""How much of a Mac's memory Metal lends to its GPU: recommendedMaxWorkingSetSize, at its lower end."""
FIELDS = ("uuid", "name", "memory.total", "memory.free", "compute_cap")


def gpus(smi: str | None, *, visible: str | None = None) -> tuple[Gpu, ...]:
    """The NVIDIA devices that the driver's own tool `smi` tells, in CUDA's order.

    `visible` is CUDA_VISIBLE_DEVICES: numbers or beginnings of uuids; as in CUDA, the list ends at what is not there.
    """
    if smi is None or (visible is not None and not visible.strip()):
        return ()
    answer = _ask(smi, FIELDS) or _ask(smi, FIELDS[:-1])  # drivers before 2021 know no compute_cap
    found = parse_gpus(answer)
    if visible is None:
        return tuple(gpu for _, gpu in found)
    chosen: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        if name.isdigit():
            match = [gpu for _, gpu in found[int(name) : int(name) + 1]]
        else:
            match = [gpu for uuid, gpu in found if name.startswith("GPU-") and uuid.startswith(name)][:1]
        if not match:
            break
        chosen += match
    return tuple(chosen)


def parse_gpus(answer: str) -> tuple[tuple[str, Gpu], ...]:
    """Uuids and devices from lines of `uuid, name, MiB in all, MiB free, capability`; other lines are no devices."""
    found = []
    for line in answer.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) in (4, 5) and all(size.isdigit() for size in cells[2:4]):
            major, _, minor = (cells[4] if len(cells) == 5 else "").partition(".")
            capability = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
            total, free = (int(size) * MEBIBYTE for size in cells[2:4])
            found.append((cells[0], Gpu(cells[1], total, free, "cuda", capability)))
    return tuple(found)


def zero_gpus() -> tuple[Gpu, ...]:
    """What ZeroGPU lends for the length of a call; nothing of it is there before."""
    return tuple(Gpu("ZeroGPU", size, size, "zerogpu", ZERO_CAPABILITY) for size in ZERO_SIZES)


def apple_gpu(ram: int, ram_free: int) -> Gpu:
    """A Mac's own GPU, which lives in the same memory as all else."""
    vram = int(ram * APPLE_SHARE)
    return Gpu("Apple GPU", vram, min(vram, ram_free), "mps")


def _ask(smi: str, fields: tuple[str, ...]) -> str:
    query = [smi, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
