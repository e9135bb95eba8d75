"""Nothing is begun that has no room, others keep theirs, and who was used longest ago goes first."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from avatar.errors import FetchError, Missing, NoRoom, StorageError
from avatar.fetch import Fetcher
from tests.weights.hub import Fault, Hub
from tests.weights.models import BIG, MODEL, Disk, Workshop, fill, model

ROWS = tuple(model(name, BIG) for name in ("old", "middle", "new"))
ONE = ROWS[0].size


@pytest.fixture
def many(workshop: Workshop, hub: Hub) -> Workshop:
    """Three more models on the hub, all fetched, used in the order of their names in ROWS."""
    for age, row in enumerate(ROWS):
        hub.add(row.source, fill(row))
        place = workshop.get(workshop.fetcher(*ROWS), row)
        os.utime(place / "fetched.json", (1_000 + age, 1_000 + age))
    return workshop


def names(fetcher: Fetcher) -> set[str]:
    return set(fetcher.installed())


def bytes_asked(hub: Hub) -> int:
    return sum("/resolve/" in ask.path for ask in hub.asked)


def test_what_can_not_fit_on_the_disk_is_not_begun(workshop: Workshop, hub: Hub) -> None:
    with pytest.raises(NoRoom) as refused:
        workshop.get(workshop.fetcher(free=Disk(400_000), headroom=200_000))
    assert str(refused.value) == (
        "tiny needs 300 kB; the disk has 400 kB free, 200 kB of it for others. "
        "Free 100 kB there, lower AVATAR_HEADROOM, or set AVATAR_MODELS_DIR to a larger disk."
    )
    assert bytes_asked(hub) == 0
    workshop.get(workshop.fetcher(free=Disk(500_100), headroom=200_000))


def test_what_can_not_fit_into_the_budget_is_not_begun(many: Workshop, hub: Hub) -> None:
    before = bytes_asked(hub)
    with pytest.raises(NoRoom) as refused:
        many.get(many.fetcher(*ROWS, MODEL, budget=200_000))
    assert "tiny needs 300 kB more, and weights take 900 kB already of the 200 kB they may." in str(refused.value)
    assert "Raise AVATAR_MODELS_BUDGET by 1 MB, or remove some." in str(refused.value)
    assert bytes_asked(hub) == before
    assert names(many.fetcher(*ROWS)) == {"old", "middle", "new"}


def test_the_true_size_decides_and_not_the_catalogue_s(workshop: Workshop, hub: Hub) -> None:
    row = model("tiny", 1_000)
    with pytest.raises(NoRoom):
        workshop.get(workshop.fetcher(row, free=Disk(200_000)), row)
    assert bytes_asked(hub) == 0


def test_the_budget_is_kept_by_removing_who_was_used_longest_ago(many: Workshop) -> None:
    many.get(many.fetcher(*ROWS, MODEL, budget=3 * ONE))
    assert names(many.fetcher(*ROWS, MODEL)) == {"middle", "new", "tiny"}


def test_a_full_disk_is_freed_in_the_same_way(many: Workshop) -> None:
    many.get(many.fetcher(*ROWS, MODEL, free=Disk(ONE // 2)))
    assert names(many.fetcher(*ROWS, MODEL)) == {"middle", "new", "tiny"}


def test_using_a_model_makes_it_young(many: Workshop) -> None:
    with many.fetcher(*ROWS).hold("old"):
        pass
    many.get(many.fetcher(*ROWS, MODEL, budget=3 * ONE))
    assert names(many.fetcher(*ROWS, MODEL)) == {"old", "new", "tiny"}


def test_fetching_what_is_here_makes_it_young_too(many: Workshop) -> None:
    many.get(many.fetcher(*ROWS), ROWS[0])
    many.get(many.fetcher(*ROWS, MODEL, budget=3 * ONE))
    assert names(many.fetcher(*ROWS, MODEL)) == {"old", "new", "tiny"}


def test_what_is_held_or_kept_is_not_removed(many: Workshop) -> None:
    fetcher = many.fetcher(*ROWS, MODEL, budget=3 * ONE)
    with fetcher.hold("old") as place:
        fetcher.fetch(MODEL, keep=("middle",))
        assert (place / "config.json").is_file()
        assert many.fetcher(*ROWS).evict("old") == 0
    assert names(fetcher) == {"old", "middle", "tiny"}
    assert many.fetcher(*ROWS).evict("old") > BIG
    assert names(fetcher) == {"middle", "tiny"}


def test_nothing_is_removed_where_that_would_not_do(many: Workshop) -> None:
    fetcher = many.fetcher(*ROWS, MODEL, budget=ONE)
    with ExitStack() as held:
        for name in ("old", "new"):
            held.enter_context(fetcher.hold(name))
        with pytest.raises(NoRoom):
            fetcher.fetch(MODEL)
    assert names(fetcher) == {"old", "middle", "new"}


def test_what_is_half_fetched_goes_before_what_is_whole(many: Workshop, hub: Hub) -> None:
    row = model("half", BIG)
    hub.add(row.source, fill(row))
    hub.fail(
        "half/resolve/" + hub.repos[row.source].commit + "/part0/model.safetensors", Fault(cut=100_000), Fault(404)
    )
    with pytest.raises(Missing):
        many.get(many.fetcher(*ROWS, row), row)
    assert "half" in many.fetcher(row).faults()
    many.get(many.fetcher(*ROWS, row, MODEL, budget=4 * ONE + 50_000))
    assert names(many.fetcher(*ROWS, MODEL)) == {"old", "middle", "new", "tiny"}
    assert many.fetcher(row).faults() == {}


class Filling:
    """A disk on which the fetcher's own files count, and those of others who come while it fetches."""

    def __init__(self, folder: Path, *, quota: int, others: Iterator[int] | None = None) -> None:
        self.folder = folder
        self.quota = quota
        self.others = others
        self.taken = 0

    def __call__(self, _folder: Path) -> int:
        """Bytes free now."""
        self.taken = next(self.others, self.taken) if self.others else 0
        own = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return self.quota - own - self.taken


def test_others_who_fill_the_disk_meanwhile_stop_it_in_time(workshop: Workshop, hub: Hub) -> None:
    row = model("pieces", *(100_000 for _ in range(6)))
    hub.add(row.source, fill(row))
    disk = Filling(workshop.models, quota=1_000_000, others=iter([0, 0, 0, 0, 400_000]))
    with pytest.raises(NoRoom, match="pieces needs"):
        workshop.get(workshop.fetcher(row, free=disk, headroom=200_000), row)
    disk.others = None
    free = disk(workshop.models)
    assert 0 < free < 1_000_000
    hub.asked.clear()
    workshop.get(workshop.fetcher(row, free=disk, headroom=200_000), row)
    assert workshop.holds(row)
    assert 0 < len(hub.asked) < 15


def test_others_who_fill_the_disk_meanwhile_cost_an_old_model_where_there_is_one(many: Workshop, hub: Hub) -> None:
    row = model("pieces", *(100_000 for _ in range(4)))
    hub.add(row.source, fill(row))
    disk = Filling(many.models, quota=3 * ONE + 700_000, others=iter([0, 0, 0, 250_000]))
    many.get(many.fetcher(*ROWS, row, free=disk, headroom=200_000), row)
    assert names(many.fetcher(*ROWS, row)) == {"middle", "new", "pieces"}


def test_a_disk_that_is_really_full_is_told(tiny_disk: Path, hub: Hub) -> None:
    workshop = Workshop(hub, tiny_disk / "models")
    with pytest.raises(NoRoom, match="The disk of the folder of weights is full. Free some space there"):
        workshop.get(workshop.fetcher())
    assert workshop.fetcher().installed() == {}
    row = model("small", 30_000)
    hub.add(row.source, fill(row))
    workshop.fetcher().evict("tiny")
    workshop.get(workshop.fetcher(row, free=lambda folder: os.statvfs(folder).f_bavail * 4096), row)
    assert workshop.holds(row)


def test_a_disk_that_can_only_be_read_serves_what_it_has(many: Workshop, read_only: Path, hub: Hub) -> None:
    fetcher = Workshop(hub, read_only).fetcher(*ROWS, MODEL)
    assert names(fetcher) == {"old", "middle", "new"}
    assert fetcher.fetch(ROWS[0]) == read_only / "old"
    with fetcher.hold("old") as place:
        assert (place / "config.json").is_file()
    with pytest.raises(StorageError, match="The folder of weights can't be written"):
        fetcher.fetch(MODEL)
    with pytest.raises(StorageError, match="The folder of weights can't be written"):
        fetcher.evict("old")


def test_evicting_removes_also_what_is_half_fetched(workshop: Workshop, hub: Hub) -> None:
    (workshop.models / ".coming" / "tiny").mkdir(parents=True)
    (workshop.models / ".coming" / "tiny" / "x.part").write_bytes(bytes(50))
    assert workshop.fetcher().evict("tiny") == 50
    assert workshop.fetcher().evict("tiny") == 0
    assert workshop.fetcher().faults() == {}


def test_what_died_while_it_was_removed_is_swept_away(workshop: Workshop) -> None:
    (workshop.models / ".going" / "abc").mkdir(parents=True)
    (workshop.models / ".going" / "abc" / "weights").write_bytes(bytes(50))
    workshop.get(workshop.fetcher())
    assert list((workshop.models / ".going").iterdir()) == []


def test_what_is_not_here_can_not_be_held(workshop: Workshop) -> None:
    with pytest.raises(FetchError, match="tiny is not here. Fetch it first."), workshop.fetcher().hold("tiny"):
        pass
