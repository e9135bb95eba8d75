"""Which way of running a backend a machine has room for, and what is short where it has none. Knows no disk.

A share of what is free is left alone: allocators, the CUDA context and this program itself want room too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from avatar.amounts import amount
from avatar.plan import Gpu, Lack, Machine
from avatar.stage import Mode, Needs

VRAM_SHARE = 0.94
RAM_SHARE = 0.90
BFLOAT16 = (8, 0)
"""The first CUDA capability that computes in bfloat16 at speed (Ampere)."""
KINDS = {"cuda": ("cuda", "zerogpu"), "mps": ("mps",), "cpu": ()}


@dataclass(frozen=True, slots=True)
class Fit:
    """A mode that has room, and where."""

    mode: Mode
    device: str
    kind: str = "cpu"


@dataclass(frozen=True, slots=True)
class Short:
    """A lack, and the sentence that tells it."""

    lack: Lack
    why: str


def usable_vram(gpu: Gpu) -> int:
    """Bytes that a backend may take on this device."""
    return int(gpu.vram_free * VRAM_SHARE)


def usable_ram(machine: Machine) -> int:
    """Bytes of host memory that a backend may take."""
    return int(machine.ram_free * RAM_SHARE)


def fit(needs: Needs, machine: Machine) -> Fit | Short:
    """The first mode that has room here, else what the mode that came closest is short of."""
    if needs.floor:
        return Fit(next(mode for mode in needs.modes if mode.device == "cpu"), "cpu")
    short: list[tuple[Mode, Lack]] = []
    for mode in needs.modes:
        tried = _try(mode, machine)
        if isinstance(tried, Fit):
            return tried
        short.append((mode, tried))
    mode, lack = min(short, key=_distance)
    return Short(lack, _told(lack, mode, machine))


def larger(needs: Needs, more: int) -> Needs:
    """The same with so many bytes more of the device's memory in each mode."""
    grown = (mode if mode.device == "cpu" else replace(mode, vram=mode.vram + more) for mode in needs.modes)
    return replace(needs, modes=tuple(grown)) if more else needs


def missing_packages(needs: Needs, machine: Machine) -> Short | None:
    """The packages that are not there."""
    missing = [name for name in needs.packages if name not in machine.packages]
    if not missing:
        return None
    noun, verb = ("package", "is") if len(missing) == 1 else ("packages", "are")
    return Short(Lack("package", len(missing), 0), f"{len(missing)} {noun} {verb} missing: {', '.join(missing)}")


def _try(mode: Mode, machine: Machine) -> Fit | Lack:
    """One mode, on the roomiest device that suits it."""
    ram = usable_ram(machine)
    if mode.device == "cpu":
        return Fit(mode, "cpu") if mode.ram <= ram else Lack("ram", mode.ram, ram)
    kin = _kin(mode, machine)
    if not kin:
        return Lack("device", 1, 0)
    able = [(index, gpu) for index, gpu in kin if _computes(mode, gpu)]
    if not able:
        best = max(gpu.capability for _, gpu in kin)
        return Lack("capability", BFLOAT16[0] * 10 + BFLOAT16[1], best[0] * 10 + best[1])
    roomy = [(index, gpu) for index, gpu in able if mode.vram <= usable_vram(gpu)]
    if not roomy:
        return Lack("vram", mode.vram, max(usable_vram(gpu) for _, gpu in able))
    shared = mode.vram if mode.device == "mps" else 0  # one memory for both there
    if mode.ram + shared > ram:
        return Lack("ram", mode.ram + shared, ram)
    index, gpu = _choose(roomy)
    several = len(machine.gpus) > 1 and gpu.kind == "cuda"
    return Fit(mode, f"cuda:{index}" if several else mode.device, gpu.kind)


def _told(lack: Lack, mode: Mode, machine: Machine) -> str:
    """What this mode is short of, in words."""
    if lack.of == "device":
        name = "a CUDA" if mode.device == "cuda" else "an Apple"
        more = f" and {amount(mode.ram)} of RAM" if mode.ram > usable_ram(machine) else ""
        return f"needs {name} GPU with {amount(mode.vram / VRAM_SHARE)}{more}, this machine has none"
    if lack.of == "capability":
        best = max((gpu for _, gpu in _kin(mode, machine)), key=lambda gpu: gpu.capability)
        has = "tells none" if best.capability == (0, 0) else f"has {lack.has // 10}.{lack.has % 10}"
        return f"needs compute capability {lack.needs // 10}.{lack.needs % 10} for {mode.precision}, {best.name} {has}"
    memory = "VRAM" if lack.of == "vram" else "RAM"
    return f"needs {amount(lack.needs)} of {memory}, {amount(lack.has)} can be used"


def _kin(mode: Mode, machine: Machine) -> list[tuple[int, Gpu]]:
    """The devices of the mode's kind, with their numbers."""
    return [(index, gpu) for index, gpu in enumerate(machine.gpus) if gpu.kind in KINDS[mode.device]]


def _choose(roomy: Iterable[tuple[int, Gpu]]) -> tuple[int, Gpu]:
    """The roomiest, but of ZeroGPU's sizes the smallest, as the larger one costs twice the quota."""
    return max(roomy, key=lambda item: -item[1].vram if item[1].kind == "zerogpu" else item[1].vram_free)


def _computes(mode: Mode, gpu: Gpu) -> bool:
    """Whether the device computes in that precision. fp8 only stores the weights, so that CUDA needs no more for it."""
    if gpu.kind == "mps":
        return mode.precision != "fp8"
    return mode.precision != "bfloat16" or gpu.capability >= BFLOAT16


def _distance(tried: tuple[Mode, Lack]) -> tuple[int, float, int]:
    """How far from having room: devices that are there come before those that are not, small modes before large."""
    mode, lack = tried
    absent = {"device": 2, "capability": 1}.get(lack.of, 0)
    return absent, lack.needs / max(lack.has, 1), mode.vram
