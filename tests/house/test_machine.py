"""What the machine has, container limits included: small trees and tools of our own, read as the real ones are."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from avatar.accelerators import gpus, parse_gpus
from avatar.errors import StorageError
from avatar.hub import hub_state
from avatar.limits import Roots, cores, memory
from avatar.machine import Sources, mount, mounts, probe
from avatar.plan import Gpu, Machine

MEMINFO = "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\nHugePages_Total:       0\n"
MIB = 2**20


def tree(folder: Path, files: Mapping[str, str]) -> Roots:
    """Files below a folder that stands for the root of a file system."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Roots(cgroup=folder / "cgroup", proc=folder / "proc", vm_stat=str(folder / "vm_stat"))


def tool(path: Path, script: str) -> str:
    """A program of our own."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_memory_as_the_kernel_tells_it(tmp_path: Path) -> None:
    assert memory(tree(tmp_path, {"proc/meminfo": MEMINFO})) == (16_384_000_000, 8_192_000_000, 0)


@pytest.mark.parametrize("own", ["/", "/not/seen/from/inside"])
def test_a_containers_limit_counts_and_its_file_cache_does_not(tmp_path: Path, own: str) -> None:
    roots = tree(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": f"0::{own}\n",
            "cgroup/memory.max": "2000000000\n",
            "cgroup/memory.current": "900000000\n",
            "cgroup/memory.stat": "anon 1\ninactive_file 400000000\n",
        },
    )
    assert memory(roots) == (2_000_000_000, 1_500_000_000, 16_384_000_000)
    (tmp_path / "cgroup/memory.max").write_text("max\n")
    assert memory(roots) == (16_384_000_000, 8_192_000_000, 0)


def test_the_narrowest_group_above_the_process_decides(tmp_path: Path) -> None:
    roots = tree(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "0::/user/app\n",
            "cgroup/user/memory.max": "3000000000",
            "cgroup/user/memory.current": "2900000000",
            "cgroup/user/app/memory.max": "5000000000",
            "cgroup/user/app/memory.current": "100",
            "cgroup/user/cpu.max": "50000 100000",
            "cgroup/user/app/cpu.max": "max 100000",
        },
    )
    assert memory(roots)[:2] == (3_000_000_000, 100_000_000)
    assert cores(roots) == 0.5


def test_limits_of_the_first_version_count_as_well(tmp_path: Path) -> None:
    roots = tree(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n",
            "cgroup/memory/memory.limit_in_bytes": "4000000000\n",
            "cgroup/memory/memory.usage_in_bytes": "1000000000\n",
            "cgroup/memory/memory.stat": "total_inactive_file 250000000\n",
            "cgroup/cpu/cpu.cfs_quota_us": "25000\n",
            "cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert memory(roots) == (4_000_000_000, 3_250_000_000, 16_384_000_000)
    assert cores(roots) == 0.25
    (tmp_path / "cgroup/memory/memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "cgroup/cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert memory(roots)[0] == 16_384_000_000
    assert cores(roots) >= 1


def test_a_mac_tells_its_memory_through_a_tool(tmp_path: Path) -> None:
    told = "page size of 4096 bytes)\\nPages free: 1000.\\nPages active: 9.\\nPages inactive: 500.\\n"
    roots = tree(tmp_path, {})
    tool(tmp_path / "vm_stat", f'printf "Mach Virtual Memory Statistics: ({told}"')
    ram, free, host = memory(roots)
    assert (free, host) == (1500 * 4096, 0)
    assert ram > free


def test_gpus_are_read_from_the_drivers_table() -> None:
    answer = (
        "GPU-a, NVIDIA H200, 143771, 143000, 9.0\nGPU-b, Tesla T4, 15360, 15000, [N/A]\n"
        "GPU-c, Tesla T4, 15360, 15000\nNo devices were found\nGPU-d, Broken, [N/A], 3, 7.5\n"
    )
    assert parse_gpus(answer) == (
        ("GPU-a", Gpu("NVIDIA H200", 143771 * MIB, 143000 * MIB, capability=(9, 0))),
        ("GPU-b", Gpu("Tesla T4", 15360 * MIB, 15000 * MIB)),
        ("GPU-c", Gpu("Tesla T4", 15360 * MIB, 15000 * MIB)),
    )
    assert parse_gpus("") == ()


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["first", "second"]),
        ("", []),
        ("-1", []),
        ("1", ["second"]),
        ("1,0", ["second", "first"]),
        ("0,7,1", ["first"]),
        ("GPU-b", ["second"]),
        ("nonsense", []),
    ],
)
def test_only_visible_gpus_count_in_cudas_order(tmp_path: Path, visible: str | None, names: list[str]) -> None:
    smi = tool(tmp_path / "smi", 'echo "GPU-aa, first, 10, 9, 8.0"; echo "GPU-bb, second, 10, 9, 8.0"')
    assert [gpu.name for gpu in gpus(smi, visible=visible)] == names


def test_an_old_driver_is_asked_for_less_and_a_broken_one_has_no_gpus(tmp_path: Path) -> None:
    old = tool(tmp_path / "old", 'case "$1" in *compute_cap*) exit 2;; *) echo "GPU-a, K80, 100, 90";; esac')
    assert gpus(old) == (Gpu("K80", 100 * MIB, 90 * MIB),)
    assert gpus(tool(tmp_path / "broken", "echo NVIDIA-SMI has failed; exit 9")) == ()
    assert gpus(str(tmp_path / "gone")) == ()
    assert gpus(None) == ()


def test_a_full_disk_a_missing_folder_and_another_file_system_are_seen(tmp_path: Path) -> None:
    found = {m.use: m for m in mounts(tmp_path, models=tmp_path / "not" / "yet", environ={"HF_HOME": "/dev/shm/hf"})}
    assert set(found) == {"data", "models", "hub", "temp"}
    assert found["data"].disk == found["models"].disk == tmp_path.stat().st_dev
    assert found["hub"].disk == Path("/dev/shm").stat().st_dev
    assert 0 < found["data"].free <= found["data"].size


def test_a_folder_that_may_not_be_written_is_told() -> None:
    assert not mount("data", Path("/proc/self")).writable  # no permission bit helps there, not even for root


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"HF_HUB_CACHE": "/dev/shm/cache"}, "/dev/shm"),
        ({"HF_HOME": "/dev/shm/hf"}, "/dev/shm"),
        ({"XDG_CACHE_HOME": "/dev/shm/c", "HOME": "/proc"}, "/dev/shm"),
        ({"HOME": "/dev/shm"}, "/dev/shm"),
        ({}, None),
    ],
)
def test_the_hubs_cache_is_where_its_client_keeps_it(
    tmp_path: Path, environ: dict[str, str], place: str | None
) -> None:
    hub = next((m for m in mounts(tmp_path, models=tmp_path, environ=environ) if m.use == "hub"), None)
    assert (hub.disk if hub else None) == (Path(place).stat().st_dev if place else None)


def look(folder: Path, environ: Mapping[str, str], *, system: str = "linux", processor: str = "x86_64") -> Machine:
    roots = tree(folder, {"proc/meminfo": MEMINFO})
    where = Sources(roots=roots, smi=None, system=system, processor=processor)
    return probe(folder, packages=["json", "no_such_package"], environ=environ, sources=where)


def test_a_space_is_believed_where_it_says_less(tmp_path: Path) -> None:
    space = {"SPACE_ID": "owner/name", "ACCELERATOR": "t4-small", "CPU_CORES": "1", "MEMORY": "15Gi"}
    found = look(tmp_path, space)
    assert (found.space, found.tier, found.cores) == ("owner/name", "t4-small", 1)
    assert found.ram == 15 * 2**30
    bragging = look(tmp_path, {**space, "CPU_CORES": "640", "MEMORY": "640Gi"})
    assert bragging.ram == 16_384_000_000
    assert bragging.cores == cores(Roots(cgroup=tmp_path / "none"))
    nonsense = look(tmp_path, {**space, "CPU_CORES": "many", "MEMORY": "plenty", "ACCELERATOR": "none"})
    assert (nonsense.ram, nonsense.tier) == (16_384_000_000, "cpu")


def test_what_a_space_says_counts_on_a_space_only(tmp_path: Path) -> None:
    found = look(tmp_path, {"MEMORY": "1Gi", "CPU_CORES": "1"})
    assert (found.space, found.ram) == (None, 16_384_000_000)


def test_zero_gpu_is_lent_in_two_sizes(tmp_path: Path) -> None:
    lent = look(tmp_path, {"SPACES_ZERO_GPU": "true"}).gpus
    assert [(gpu.kind, gpu.vram // 10**9) for gpu in lent] == [("zerogpu", 48), ("zerogpu", 96)]


def test_a_mac_shares_its_memory_with_its_gpu(tmp_path: Path) -> None:
    found = look(tmp_path, {}, system="darwin", processor="arm64").gpus
    assert [(gpu.kind, gpu.vram) for gpu in found] == [("mps", int(16_384_000_000 * 2 / 3))]
    assert found[0].vram_free == 8_192_000_000
    assert look(tmp_path, {}, system="darwin", processor="x86_64").gpus == ()


def test_token_home_and_packages_are_seen(tmp_path: Path) -> None:
    found = look(tmp_path, {"HF_TOKEN": "hf_x", "HOME": str(tmp_path)})
    assert (found.token, found.home, sorted(found.packages)) == (True, True, ["json"])
    bare = look(tmp_path, {})
    assert (bare.token, bare.home) == (False, False)
    assert not look(tmp_path, {"HOME": "/proc/self"}).home
    assert not look(tmp_path, {"HOME": str(tmp_path / "gone")}).home


def test_the_probe_finds_this_machine(tmp_path: Path) -> None:
    found = probe(tmp_path)
    assert 0 < found.ram_free <= found.ram
    assert 0 < found.disk_free <= found.disk
    assert found.cores > 0
    assert found.hub in ("unknown", "offline")


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        probe(tmp_path / "gone")


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A hub on loopback that always answers so; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "state"), [(200, "reachable"), (401, "reachable"), (503, "unreachable")])
def test_a_hub_that_answers_is_reachable(status: int, state: str) -> None:
    with answering(status) as address:
        assert hub_state({"HF_ENDPOINT": address}, ask=True, limit=30) == state


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert hub_state({"HF_ENDPOINT": address}, ask=True, limit=0.2) == "unreachable"
    assert hub_state({"HF_ENDPOINT": address}, ask=True, limit=30) == "unreachable"
    assert hub_state({"HF_ENDPOINT": f"file://{tmp_path}"}, ask=True, limit=30) == "unreachable"


def test_the_hub_is_left_alone_unless_asked_for(tmp_path: Path) -> None:
    assert hub_state({}) == "unknown"
    assert hub_state({"HF_HUB_OFFLINE": "1"}, ask=True) == "offline"
    assert look(tmp_path, {"HF_HUB_OFFLINE": "1"}).hub == "offline"


def test_the_probe_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from avatar.machine import probe; import avatar.planner, avatar.doctor;"
        f"probe(Path({str(tmp_path)!r}), packages=['torch', 'diffusers']);"
        "print([name for name in ('torch', 'diffusers', 'numpy', 'pydantic', 'urllib.request') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert told.stdout.strip() == "[]"
