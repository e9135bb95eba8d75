"""What the machine has, container limits included."""

from pathlib import Path

import pytest

from avatar import machine
from avatar.errors import StorageError
from avatar.plan import Gpu

MEMINFO = "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\nHugePages_Total:       0\n"


def facts(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_memory_as_the_kernel_tells_it(tmp_path: Path) -> None:
    facts(tmp_path, meminfo=MEMINFO)
    assert machine.memory(cgroup=tmp_path, meminfo=tmp_path / "meminfo") == (16_384_000_000, 8_192_000_000)


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    facts(tmp_path, meminfo=MEMINFO, memory_max="2000000000\n", memory_current="500000000\n")
    assert machine.memory(cgroup=tmp_path, meminfo=tmp_path / "meminfo") == (2_000_000_000, 1_500_000_000)
    facts(tmp_path, memory_max="max\n")
    assert machine.memory(cgroup=tmp_path, meminfo=tmp_path / "meminfo")[0] == 16_384_000_000


def test_a_containers_share_of_a_core_counts(tmp_path: Path) -> None:
    allowed = machine.cores(cgroup=tmp_path)
    assert allowed >= 1
    assert machine.cores(cgroup=facts(tmp_path, cpu_max="50000 100000\n")) == 0.5
    assert machine.cores(cgroup=facts(tmp_path, cpu_max="max 100000\n")) == allowed


def test_gpus_are_read_from_the_drivers_table() -> None:
    answer = "NVIDIA H200, 143771, 143000\nTesla T4, 15360, 15000\nNo devices were found\nBroken, [N/A], 3\n"
    assert machine.parse_gpus(answer) == (
        Gpu("NVIDIA H200", 143771 * 2**20, 143000 * 2**20),
        Gpu("Tesla T4", 15360 * 2**20, 15000 * 2**20),
    )
    assert machine.parse_gpus("") == ()


def test_the_probe_finds_this_machine(tmp_path: Path) -> None:
    found = machine.probe(tmp_path, packages=["json", "no_such_package"])
    assert found.packages == {"json"}
    assert 0 < found.ram_free <= found.ram
    assert 0 < found.disk_free <= found.disk


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        machine.probe(tmp_path / "gone")
