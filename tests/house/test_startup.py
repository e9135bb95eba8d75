"""The hallway and its command: what it wires, fetches, shows and removes, and how it says what is wrong."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smart_startup
from avatar.doors.arriving import CLEAR, Arrivals
from avatar.errors import BadRequest, StorageError, Unavailable
from avatar.fetch import Progress
from avatar.settings import read
from avatar.stage import Placement
from avatar.testing import FakeBackend, ManualClock
from avatar.zerogpu import Borrowed
from hallway import reception, steward
from hallway import voices as voices_of
from hallway.outfit import CONVERSIONS, Outfit, compiles
from hf_spaces_models import CATALOGUE
from stages import pipeline
from tests.weights.hub import TOKEN, Fault, Hub

pytest.importorskip("huggingface_hub", reason="weights are fetched with the full environment")

ROOT = Path(__file__).resolve().parents[2]
ROW = CATALOGUE["wav2vec2-base-960h"]
BIG = 200_000
Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub that has one model of the catalogue, in small."""
    with Hub() as running:
        running.add(ROW.source, small())
        yield running


def small() -> dict[str, bytes]:
    """The row's files with a few bytes each."""
    return {file.path: b"x" * (BIG if file.path.endswith(".safetensors") else 9) for file in ROW.files}


def command(data: Path, *argv: str, hub: Hub | None = None, **settings: str) -> Ran:
    """What `python smart_startup.py` does in a process of its own."""
    environ = os.environ | {"AVATAR_DATA_DIR": str(data), "HF_HUB_OFFLINE": "1", "HOME": str(data.parent)} | settings
    if hub is not None:
        environ |= {"HF_ENDPOINT": hub.url, "AVATAR_MIRROR": f"{hub.url}/mirror", "HF_HUB_OFFLINE": "0"}
    line = [sys.executable, str(ROOT / "smart_startup.py"), *argv]
    return subprocess.run(line, env=environ, capture_output=True, text=True, check=False, timeout=90)


def said(capsys: pytest.CaptureFixture[str], status: int, *argv: str, **settings: str) -> str:
    """What the command prints in this process, once its status was looked at; its error, when there is one."""
    assert steward.main(argv, settings | {"HF_HUB_OFFLINE": "1"}) == status
    out, err = capsys.readouterr()
    if status:
        assert err.count("\n") == 1
        assert err.startswith("error: ")
    return err or out


def test_every_floor_can_run_here(tmp_path: Path) -> None:
    made = smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path)}).house.plan(None)
    floors = [verdict for verdict in made.verdicts if verdict.floor]
    assert {verdict.stage for verdict in floors} == {stage.name for stage in pipeline.STAGES}
    assert all(verdict.placement for verdict in floors)
    assert made.seconds_now > 0


def test_bad_settings_and_bad_disks_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="AVATAR_STORE_BUDGET"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path), "AVATAR_STORE_BUDGET": "lots"})
    with pytest.raises(BadRequest, match="AVATAR_MIRROR"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path), "AVATAR_MIRROR": "ftp://x"})
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another place"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path / "file")})


@pytest.mark.parametrize("named", [("CERT",), ("KEY",), ("CERT", "KEY")])
def test_credentials_that_can_not_be_read_are_told_before_there_is_a_film(
    tmp_path: Path, named: tuple[str, ...]
) -> None:
    pytest.importorskip("c2pa", reason="films are signed with the full environment")
    missing = {f"AVATAR_C2PA_{name}": str(tmp_path / "none.pem") for name in named}
    with pytest.raises(BadRequest, match="certificate"):
        smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path / "data"), **missing})


def test_a_key_that_signs_nothing_is_told_before_there_is_a_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("c2pa", reason="films are signed with the full environment")
    from avatar.media import provenance

    mine, other = provenance.credentials(tmp_path / "mine"), provenance.credentials(tmp_path / "other")
    (tmp_path / "chain.pem").write_text(mine.chain)
    (tmp_path / "key.pem").write_text(mine.key)
    named = {f"AVATAR_C2PA_{name}": str(tmp_path / f"{file}.pem") for name, file in (("CERT", "chain"), ("KEY", "key"))}
    environ = {"AVATAR_DATA_DIR": str(tmp_path / "data"), **named}
    smart_startup.start(environ)
    (tmp_path / "key.pem").write_text(other.key)
    with pytest.raises(BadRequest, match="AVATAR_C2PA_KEY"):
        smart_startup.start(environ)
    assert steward.main(("--doctor",), environ | {"HF_HUB_OFFLINE": "1"}) == 1
    assert "No film can be made" in capsys.readouterr().out


def test_voices_and_avatars_are_many_and_named_once(tmp_path: Path) -> None:
    voices, avatars = voices_of.voices(), reception.avatars()
    assert len({voice.id for voice in voices}) == len(voices) > 100
    assert len({avatar.id for avatar in avatars}) == len(avatars) >= 12
    assert all(avatar.name and avatar.description for avatar in avatars)


def test_weights_are_fetched_shown_and_removed(hub: Hub, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = command(data, "--fetch", ROW.id, hub=hub)
    assert ran.returncode == 0, ran.stderr
    assert f"{ROW.id} has 200 kB, not the 378 MB of the catalogue." in ran.stderr
    assert re.search(r"are here, in \S+ s|are here, in under 1 s", ran.stderr)
    assert "This machine" in ran.stdout
    shown = command(data, "--installed", "--json")
    (held,) = json.loads(shown.stdout)["installed"]
    assert (held["id"], held["revision"], held["fault"]) == (ROW.id, hub.repos[ROW.source].commit, "")
    gone = command(data, "--evict", ROW.id)
    assert (gone.returncode, gone.stdout) == (0, f"{ROW.id} is gone, 201 kB are free again.\n")
    assert command(data, "--installed").stdout == "No weights are here. `--fetch` fetches what is planned.\n"


def test_json_says_nothing_on_the_way(hub: Hub, tmp_path: Path) -> None:
    hub.add(ROW.source, {**small(), "model.safetensors": b"y" * BIG})
    ran = command(tmp_path / "data", "--fetch", ROW.id, "--json", hub=hub)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ROW.id not in json.loads(ran.stdout)["plan"]["fetch"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("gated", "set HF_TOKEN"),
        ("gone", "no longer has the revision"),
        ("missing", "does not exist or is private"),
        ("spoilt", "came with other bytes than promised"),
        ("broken", "broke off"),
    ],
)
def test_what_a_hub_refuses_is_told_and_the_floors_stay(hub: Hub, tmp_path: Path, fault: str, reason: str) -> None:
    data = tmp_path / "data"
    if fault == "gated":
        hub.add(ROW.source, small(), gated=True)
    elif fault == "gone":
        (data / "models" / ".pinned").mkdir(parents=True)
        (data / "models" / ".pinned" / ROW.id).write_text("0" * 40)
    elif fault == "missing":
        hub.repos.clear()
    else:
        hub.fail("model.safetensors", *[Fault(spoil=True) if fault == "spoilt" else Fault(cut=0)] * 3)
    ran = command(data, "--fetch", ROW.id, hub=hub)
    assert (ran.returncode, reason in ran.stderr) == (1, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "espeak" in ran.stdout
    if fault == "gated":
        assert command(data, "--fetch", ROW.id, hub=hub, HF_TOKEN=TOKEN).returncode == 0


def test_a_half_fetched_model_is_told_and_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    data = tmp_path / "data"
    hub.fail("model.safetensors", Fault(cut=BIG // 2), *[Fault(status=503)] * 3)
    assert command(data, "--fetch", ROW.id, hub=hub).returncode == 1
    told = command(data, "--installed").stdout
    assert f"{ROW.id} is half fetched: " in told
    page = command(data, hub=hub).stdout
    assert "is half fetched" in page
    assert command(data, "--fetch", ROW.id, hub=hub).returncode == 0
    assert hub.fetched("model.safetensors")[-1] == BIG // 2


def test_a_hub_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ran = command(tmp_path / "data", "--fetch", "--json")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert json.loads(ran.stdout)["error"]["code"] == "offline"
    assert "Unset HF_HUB_OFFLINE" in ran.stderr


def test_a_slip_of_the_pen_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(tmp_path)
    assert "--profile" in said(capsys, 2, "--profile", "huge", AVATAR_DATA_DIR=data)
    assert "Choose from: animate-anyone" in said(capsys, 2, "--fetch", "nothing", AVATAR_DATA_DIR=data)
    assert "no weights '../x'" in said(capsys, 2, "--evict", "../x", AVATAR_DATA_DIR=data)
    assert "not allowed with" in said(capsys, 2, "--doctor", "--installed", AVATAR_DATA_DIR=data)


def test_a_models_folder_that_is_none_leaves_the_floors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").touch()
    assert "espeak" in said(capsys, 0, AVATAR_DATA_DIR=str(tmp_path))
    assert "choose another place" in said(capsys, 4, AVATAR_DATA_DIR="/proc/nobody/writes/here")


def test_weights_that_may_not_take_so_much_are_not_begun(hub: Hub, tmp_path: Path) -> None:
    ran = command(tmp_path / "data", "--fetch", ROW.id, hub=hub, AVATAR_MODELS_BUDGET="1KB")
    assert (ran.returncode, "Raise AVATAR_MODELS_BUDGET" in ran.stderr) == (4, True)
    assert hub.fetched("model.safetensors") == []


def test_damaged_records_are_told_and_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "models" / "face-landmarker"
    place.mkdir(parents=True)
    (place / "face_landmarker.task").write_bytes(b"cut off")
    (place / "fetched.json").write_text("{")
    (tmp_path / "paces.json").write_text("\0")
    assert "has no record that can be read" in said(capsys, 0, "--installed", AVATAR_DATA_DIR=str(tmp_path))
    assert "espeak" in said(capsys, 0, AVATAR_DATA_DIR=str(tmp_path))


def test_no_home_is_needed(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "AVATAR_DATA_DIR": str(tmp_path)}
    line = [sys.executable, str(ROOT / "smart_startup.py")]
    ran = subprocess.run(line, env=environ, capture_output=True, text=True, check=False, timeout=90)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_reader_may_have_seen_enough(tmp_path: Path) -> None:
    environ = os.environ | {"AVATAR_DATA_DIR": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    line = f"'{sys.executable}' '{ROOT / 'smart_startup.py'}' --json | head -c 1"
    ran = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, check=False, timeout=90)
    assert (ran.stdout, ran.stderr) == ("{", "")


def test_weights_in_use_stay_and_those_that_went_are_a_step_down(tmp_path: Path) -> None:
    outfit = Outfit(read({"AVATAR_DATA_DIR": str(tmp_path)}), {})
    place = tmp_path / "models" / ROW.id
    with (
        pytest.raises(Unavailable, match="not here"),
        outfit.held(Placement(weights={ROW.id: place})),
    ):
        pass
    with outfit.held(Placement()):
        pass


def test_what_is_converted_has_its_conversion() -> None:
    wanted = {row.conversion for row in CATALOGUE.values() if row.conversion}
    assert wanted == set(CONVERSIONS)


def test_on_zerogpu_what_needs_the_gpu_borrows_it(tmp_path: Path) -> None:
    pytest.importorskip("spaces", reason="the full environment has it")
    environ = {"AVATAR_DATA_DIR": str(tmp_path), "SPACES_ZERO_GPU": "1", "HF_HUB_OFFLINE": "1"}
    outfit = Outfit(read(environ), environ)
    backend = FakeBackend[str, str]("svd", lambda brief, _context: brief)
    assert isinstance(outfit.load("motion", backend, Placement("cuda")), Borrowed)
    assert not isinstance(outfit.load("motion", backend, Placement("cpu")), Borrowed)
    here = Outfit(read(environ | {"AVATAR_DATA_DIR": str(tmp_path / "2")}), {})
    assert not isinstance(here.load("motion", backend, Placement("cuda")), Borrowed)


@pytest.mark.parametrize(
    ("told", "stays", "lent", "wanted"),
    [
        ("", True, False, True),
        ("auto", False, False, False),
        ("auto", True, True, False),
        ("always", False, True, True),
        ("never", True, False, False),
    ],
)
def test_what_stays_compiles_unless_told(told: str, stays: bool, lent: bool, wanted: bool) -> None:
    assert compiles(read({"AVATAR_COMPILE": told}), stays=stays, lent=lent) == wanted


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO) -> str:
    """What a fetch of ten seconds writes there."""
    clock = ManualClock()
    tell = Arrivals(stream, title=str.upper, clock=clock)
    tell(Progress("m", "sizes", total=10**9))
    for done in range(11):
        tell(Progress("m", "files", done * 10**8, 10**9))
        clock.advance(4.0)
    tell(Progress("m", "installed", 10**9, 10**9))
    return stream.getvalue()


def test_a_terminal_sees_one_line_that_moves() -> None:
    lines = told(Terminal()).split(CLEAR)
    assert "M: 50 %, 500 MB of 1 GB, 25 MB/s, 20 s left" in lines
    assert lines[-1] == "M: 1 GB are here, in 44 s\n"


def test_a_log_gets_few_plain_lines() -> None:
    lines = told(io.StringIO()).splitlines()
    assert lines[0] == "M: asking for 1 GB"
    assert lines[-1] == "M: 1 GB are here, in 44 s"
    assert len(lines) == 5
    assert "\x1b" not in "".join(lines)
