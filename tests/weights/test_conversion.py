"""What AnimateAnyone was released as is turned into half of it on the way in, and a crash costs no second download."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from avatar.errors import Damaged, NoRoom
from avatar.plan import WeightFile, Weights
from stages.pose.animate_anyone import weights
from tests.weights.hub import Hub
from tests.weights.models import Disk, Workshop
from tests.weights.nets import Net

NAMES = ("one", "two")


def convert(folder: Path) -> None:
    """As `release.convert` does with its four files."""
    for name in NAMES:
        if (folder / f"{name}.pth").is_file():
            weights.convert(folder / f"{name}.pth", model=weights.empty(Net))


def pickled(state: dict[str, Tensor], path: Path) -> bytes:
    torch.save(state, path)
    return path.read_bytes()


@pytest.fixture
def row(hub: Hub, tmp_path: Path) -> Weights:
    """Two pickles on the hub."""
    files = {f"{name}.pth": pickled(Net().state_dict(), tmp_path / f"{name}.pth") for name in NAMES}
    hub.add("org/halves", files)
    planned = tuple(WeightFile(path, len(data)) for path, data in files.items())
    total = sum(file.size for file in planned)
    return Weights("halves", "org/halves", "", planned, "MIT", commercial=True, conversion="half", converted=total // 2)


def dying(after: int) -> Callable[[Path], None]:
    """A conversion that is interrupted as by a lost machine: after so many calls it never returns."""
    left = [after]

    def die(folder: Path) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        convert(folder)

    return die


def test_pickles_come_in_and_halves_stay(workshop: Workshop, row: Weights) -> None:
    place = workshop.get(workshop.fetcher(row, conversions={"half": convert}), row)
    assert sorted(path.name for path in place.iterdir()) == ["fetched.json", "one.safetensors", "two.safetensors"]
    for name in NAMES:
        stored = load_file(place / f"{name}.safetensors")
        assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
        assert stored.keys() == Net().state_dict().keys()
    fetcher = workshop.fetcher(row, conversions={"half": convert})
    assert fetcher.installed() == {"halves": place}
    assert [said.step for said in workshop.heard].count("conversion") == len(NAMES)


def test_a_file_is_halved_before_the_next_one_comes(workshop: Workshop, row: Weights) -> None:
    one = row.files[0].size
    need = int(one * 0.5 + one * 1.5)
    with pytest.raises(NoRoom):
        workshop.get(workshop.fetcher(row, conversions={"half": convert}, free=Disk(need - 2_000)), row)
    workshop.get(workshop.fetcher(row, conversions={"half": convert}, free=Disk(need + 2_000)), row)


@pytest.mark.parametrize("after", [0, 1])
def test_a_conversion_that_is_interrupted_is_done_later_without_fetching_again(
    workshop: Workshop, hub: Hub, row: Weights, after: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        workshop.get(workshop.fetcher(row, conversions={"half": dying(after)}), row)
    assert "half fetched" in workshop.fetcher(row).faults()["halves"]
    (workshop.models / ".coming" / "halves" / "one.partial.safetensors").write_bytes(b"half written")
    hub.asked.clear()
    place = workshop.get(workshop.fetcher(row, conversions={"half": convert}), row)
    assert {path.suffix for path in place.iterdir()} == {".json", ".safetensors"}
    assert hub.fetched("one.pth") == []
    assert len(hub.fetched("two.pth")) == 1 - after


def test_what_can_not_be_converted_is_damaged_and_leaves_nothing(workshop: Workshop, hub: Hub, row: Weights) -> None:
    hub.repos["org/halves"].files["two.pth"] = b"x" * row.files[1].size
    with pytest.raises(Damaged, match="halves was fetched but can't be converted: two.pth can't be read"):
        workshop.get(workshop.fetcher(row, conversions={"half": convert}), row)
    assert workshop.fetcher(row).faults() == {}


def test_a_pickle_that_would_run_code_is_never_run(workshop: Workshop, hub: Hub, row: Weights, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return Path.touch, (str(tmp_path / "ran"),)

    torch.save({"layers.0.weight": Evil()}, tmp_path / "evil.pth")
    hub.repos["org/halves"].files["one.pth"] = (tmp_path / "evil.pth").read_bytes()
    with pytest.raises(Damaged):
        workshop.get(workshop.fetcher(row, conversions={"half": convert}), row)
    assert not (tmp_path / "ran").exists()


def test_a_disk_that_is_full_keeps_the_pickle(tiny_disk: Path) -> None:
    source = tiny_disk / "one.pth"
    torch.save(Net(width=200, depth=1).state_dict(), source)
    (tiny_disk / "others").write_bytes(bytes(60_000))
    with pytest.raises(OSError, match="No space left"):
        weights.convert(source, model=weights.empty(lambda: Net(width=200, depth=1)))
    assert sorted(path.name for path in tiny_disk.iterdir()) == ["one.pth", "others"]


def test_conversion_needs_little_more_memory_than_its_source(tmp_path: Path) -> None:
    source = tmp_path / "one.pth"
    torch.save(Net(width=1_000, depth=40).state_dict(), source)
    size = source.stat().st_size
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", PEAK, source], check=True, capture_output=True, env=environ).stdout
    before, after = (int(kilobytes) * 1024 for kilobytes in told.split())
    assert 0 < after - before < 1.2 * size
    assert (tmp_path / "one.safetensors").stat().st_size == pytest.approx(size / 2, rel=0.01)


PEAK = """
import sys, torch
from pathlib import Path
from tests.weights.nets import Net
from stages.pose.animate_anyone import weights
source = Path(sys.argv[1])
status = lambda: dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
torch.save(Net(width=10).state_dict(), source.with_name("warm.pth"))
weights.convert(source.with_name("warm.pth"), model=weights.empty(lambda: Net(width=10)))
print(status()["VmRSS"].split()[0])
weights.convert(source, model=weights.empty(lambda: Net(width=1_000, depth=40)))
print(status()["VmHWM"].split()[0])
"""
