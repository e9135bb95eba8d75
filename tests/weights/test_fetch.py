"""A model comes whole, once, only what is wanted of it, and goes on where it stopped."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest

from avatar.errors import Cancelled, Damaged, FetchError, Stalled
from avatar.fetch import Progress
from avatar.plan import WeightFile, Weights
from tests.weights.hub import TOKEN, Fault, Hub
from tests.weights.models import BIG, MODEL, Workshop, fill, model

FILE = "part0/model.safetensors"


def test_only_the_planned_files_come_and_each_byte_is_right(workshop: Workshop) -> None:
    place = workshop.get(workshop.fetcher())
    assert workshop.holds()
    assert sorted(path.name for path in place.rglob("*") if path.is_file()) == [
        "config.json",
        "fetched.json",
        "model.safetensors",
    ]
    assert workshop.hub.fetched("README.md") == []


def test_the_record_says_what_was_fetched(workshop: Workshop) -> None:
    place = workshop.get(workshop.fetcher())
    record = json.loads((place / "fetched.json").read_text())
    repo = workshop.hub.repos[MODEL.source]
    assert (record["source"], record["revision"]) == (MODEL.source, repo.commit)
    assert {(file["path"], file["size"], file["sha256"]) for file in record["files"]} == {
        (file.path, file.size, sha256(repo.files[file.path]).hexdigest()) for file in MODEL.files
    }


def test_what_is_here_is_not_asked_for_again(workshop: Workshop) -> None:
    workshop.get(workshop.fetcher())
    workshop.hub.asked.clear()
    assert workshop.get(workshop.fetcher()) == workshop.models / "tiny"
    assert workshop.hub.asked == []


def test_a_commit_is_pinned_by_the_first_fetch(workshop: Workshop, hub: Hub) -> None:
    first = workshop.fetcher()
    workshop.get(first)
    pinned = hub.repos[MODEL.source].commit
    assert first.revision("tiny") == pinned
    assert first.evict("tiny") > BIG
    hub.add(MODEL.source, fill(MODEL, seed=1), number=1)
    assert workshop.fetcher().revision("tiny") == pinned
    with pytest.raises(FetchError, match=f"no longer has the revision {pinned[:12]}"):
        workshop.get(workshop.fetcher())
    workshop.fetcher().evict("tiny", unpin=True)
    workshop.get(workshop.fetcher())
    assert workshop.holds()


def test_true_sizes_can_be_asked_for_before_anything_is_fetched(workshop: Workshop) -> None:
    row = model("tiny", 5)
    workshop.hub.add(row.source, fill(MODEL))
    measured = workshop.fetcher(row).measure(row)
    assert measured.size == MODEL.size
    assert measured.revision == workshop.hub.repos[row.source].commit
    assert [len(file.sha256) for file in measured.files] == [0, 64]
    assert not workshop.models.exists()


def test_a_wrong_size_in_the_catalogue_is_told_and_put_right(workshop: Workshop) -> None:
    row = model("tiny", 1_000)
    workshop.get(workshop.fetcher(row), row)
    assert workshop.holds(row)
    assert [said.note for said in workshop.heard if said.note] == ["tiny has 300 kB, not the 1.01 kB of the catalogue."]
    assert workshop.fetcher(row).installed() == {"tiny": workshop.models / "tiny"}


def test_a_star_stands_for_all_files_that_match(workshop: Workshop, hub: Hub) -> None:
    pieces = {f"unet/weights-{number}-of-3.safetensors": bytes(1_000 + number) for number in range(3)}
    hub.add("org/cut", {**pieces, "unet/config.json": b"{}", "unet/other.bin": b"no"})
    row = Weights("cut", "org/cut", "", (WeightFile("unet/*.safetensors", 3_003),), "MIT", commercial=True)
    place = workshop.get(workshop.fetcher(row), row)
    assert {path.relative_to(place).as_posix() for path in place.rglob("*.*")} == {*pieces, "fetched.json"}
    assert workshop.fetcher(row).installed()


@pytest.mark.parametrize("path", ["tokenizer/../../../evil.json", "tokenizer/..", "/tokenizer/evil.json"])
def test_a_mirror_writes_nothing_beside_the_model(workshop: Workshop, hub: Hub, path: str) -> None:
    hub.add("org/evil", {path: b"evil"})
    row = Weights("evil", "org/evil", "", (WeightFile("*tokenizer/*", 4),), "MIT", commercial=True)
    with pytest.raises(Damaged, match="outside"):
        workshop.get(workshop.fetcher(row), row)
    assert not (workshop.models / ".coming" / "evil").exists()


def test_a_file_can_lie_elsewhere_than_it_did(workshop: Workshop, hub: Hub) -> None:
    hub.add("org/moved", {"a/deep/model.bin": b"123"})
    file = WeightFile("a/deep/model.bin", 3, load="model.bin")
    row = Weights("moved", "org/moved", "", (file,), "MIT", commercial=True)
    assert (workshop.get(workshop.fetcher(row), row) / "model.bin").read_bytes() == b"123"
    assert workshop.fetcher(row).installed()


def test_data_sets_are_fetched_too(workshop: Workshop, hub: Hub) -> None:
    hub.add("datasets/org/voices", {"voices.zip": b"PK"})
    row = Weights("v", "datasets/org/voices", "", (WeightFile("voices.zip", 2),), "MIT", commercial=True)
    assert (workshop.get(workshop.fetcher(row), row) / "voices.zip").read_bytes() == b"PK"


def a_web_row(hub: Hub, data: bytes, digest: str | None = None) -> Weights:
    hub.web["/models/face/1/face.task"] = data
    file = WeightFile("face.task", len(data), digest or sha256(data).hexdigest())
    return Weights("face", f"{hub.url}/models/face/1", "face/1", (file,), "Apache-2.0", commercial=True)


def test_a_plain_web_folder_gives_the_same_promises(workshop: Workshop, hub: Hub) -> None:
    row = a_web_row(hub, bytes(range(256)) * 1_000)
    hub.fail("face.task", Fault(cut=100_000))
    place = workshop.get(workshop.fetcher(row, token=TOKEN), row)
    assert (place / "face.task").read_bytes() == bytes(range(256)) * 1_000
    assert hub.fetched("face.task") == [0, 100_000]
    assert {ask.token for ask in hub.asked} == {""}
    assert workshop.fetcher(row).revision("face") == "face/1"


def test_a_plain_web_file_with_other_bytes_is_refused(workshop: Workshop, hub: Hub) -> None:
    row = a_web_row(hub, b"changed", sha256(b"as known").hexdigest())
    with pytest.raises(Damaged, match="face.task came with other bytes"):
        workshop.get(workshop.fetcher(row), row)


def test_a_cut_connection_is_resumed_in_the_same_fetch(workshop: Workshop, hub: Hub) -> None:
    hub.fail(FILE, Fault(cut=100_000), Fault(cut=50_000))
    workshop.get(workshop.fetcher())
    assert workshop.holds()
    assert hub.fetched(FILE) == [0, 100_000, 150_000]


def test_every_gain_renews_patience(workshop: Workshop, hub: Hub) -> None:
    hub.fail(FILE, *(Fault(cut=30_000) for _ in range(9)))
    workshop.get(workshop.fetcher())
    assert workshop.holds()


def test_a_later_fetch_goes_on_where_an_earlier_one_gave_up(workshop: Workshop, hub: Hub) -> None:
    hub.fail(FILE, Fault(cut=100_000), *(Fault(cut=0) for _ in range(2)))
    with pytest.raises(Stalled, match="Try again: it goes on where it stopped"):
        workshop.get(workshop.fetcher())
    later = workshop.fetcher()
    assert later.installed() == {}
    assert later.faults() == {"tiny": "tiny is half fetched: 100 kB of 300 kB are here."}
    hub.asked.clear()
    workshop.get(later)
    assert workshop.holds()
    assert hub.fetched(FILE) == [100_000]
    assert hub.fetched("config.json") == []


def test_a_server_that_can_not_resume_sends_all_again(workshop: Workshop, hub: Hub) -> None:
    hub.ranges = False
    hub.fail(FILE, Fault(cut=100_000))
    workshop.get(workshop.fetcher())
    assert workshop.holds()


def test_what_has_changed_at_the_source_is_not_glued_to_what_came_before(workshop: Workshop, hub: Hub) -> None:
    hub.fail(FILE, Fault(cut=100_000), Fault(cut=0), Fault(cut=0))
    with pytest.raises(Stalled):
        workshop.get(workshop.fetcher())
    workshop.fetcher().evict("nobody")
    (workshop.models / ".pinned" / "tiny").unlink()
    hub.add(MODEL.source, fill(MODEL, seed=1), number=1)
    hub.asked.clear()
    workshop.get(workshop.fetcher())
    assert workshop.holds()
    assert hub.fetched(FILE) == [0]


def test_a_fetch_that_is_called_off_keeps_what_it_has(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    with pytest.raises(Cancelled):
        workshop.fetcher().fetch(MODEL, cancelled=lambda: any(ask.cdn for ask in hub.asked))
    hub.gate.set()
    workshop.get(workshop.fetcher())
    assert workshop.holds()


def test_progress_ends_at_its_total(workshop: Workshop, hub: Hub) -> None:
    hub.fail(FILE, Fault(cut=100_000))
    workshop.get(workshop.fetcher())
    assert [said.step for said in workshop.heard if said.step != "files"] == ["sizes", "installed"]
    assert workshop.heard[-1] == Progress("tiny", "installed", MODEL.size, MODEL.size)
    done = [said.done for said in workshop.heard]
    assert done == sorted(done)


def damage(place: Path, how: str) -> None:
    if how == "shorter":
        (place / FILE).write_bytes(b"1")
    if how == "gone":
        (place / FILE).unlink()
    if how == "unreadable record":
        (place / "fetched.json").write_text("{")
    if how == "no record":
        (place / "fetched.json").unlink()


@pytest.mark.parametrize("how", ["shorter", "gone", "unreadable record", "no record"])
def test_a_damaged_folder_is_told_and_fetched_again(workshop: Workshop, how: str) -> None:
    place = workshop.get(workshop.fetcher())
    damage(place, how)
    fetcher = workshop.fetcher()
    assert fetcher.installed() == {}
    assert "Fetch it again." in fetcher.faults()["tiny"]
    workshop.get(fetcher)
    assert workshop.holds()
    assert fetcher.faults() == {}


def test_a_row_that_wants_another_revision_or_other_files_is_not_installed(workshop: Workshop, hub: Hub) -> None:
    workshop.get(workshop.fetcher())
    elsewhere = replace(MODEL, revision="0" * 40)
    assert "another revision" in workshop.fetcher(elsewhere).faults()["tiny"]
    more = replace(MODEL, files=(*MODEL.files, WeightFile("README.md", 9)))
    assert "other files" in workshop.fetcher(more).faults()["tiny"]
    workshop.get(workshop.fetcher(more), more)
    assert workshop.holds(more)


def test_a_folder_put_there_by_hand_counts_when_its_digests_are_known(workshop: Workshop) -> None:
    file = WeightFile("face.task", 5, sha256(b"known").hexdigest())
    row = Weights("face", "https://nowhere.invalid/face", "1", (file,), "MIT", commercial=True)
    (workshop.models / "face").mkdir(parents=True)
    (workshop.models / "face" / "face.task").write_bytes(b"known")
    assert workshop.fetcher(row).installed() == {"face": workshop.models / "face"}
    (workshop.models / "face" / "face.task").write_bytes(b"other")
    assert workshop.fetcher(row).installed() == {}
