"""The command line as its own process, over the real stages."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest

from stages.portrait.drawn import gallery

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--size", "256x256", "--avatar", gallery()[0].id, "--seed", "1")
LONG = "It goes on and on, and there is always one more thing to be said about it. " * 15


@dataclass(frozen=True)
class Place:
    """Where the command runs, and its data folder, which tests share since drawing an avatar takes its time."""

    folder: Path
    data: Path
    sign: str = "0"
    """Off where bytes are compared: two signatures differ."""

    @property
    def environ(self) -> dict[str, str]:
        return os.environ | {"AVATAR_DATA_DIR": str(self.data), "PYTHONPATH": str(ROOT), "AVATAR_SIGN": self.sign}

    @property
    def runs(self) -> Path:
        return self.data / "store" / "runs"

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def avatar(self, *argv: str | bytes) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "avatar", *argv)

    def python(self, *argv: str | bytes) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *argv]
        return subprocess.run(command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False)

    def half_films(self) -> list[Path]:
        try:
            return [path for path in self.runs.rglob("*.mp4") if path.stat().st_size]
        except FileNotFoundError:
            return []

    @contextmanager
    def in_mid_film(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that has begun to write a film."""
        command = [sys.executable, "-m", "avatar", "speak", LONG, "-o", "out.mp4", *SMALL]
        with subprocess.Popen(command, cwd=self.folder, env=self.environ, stderr=subprocess.PIPE) as process:
            try:
                while not self.half_films():
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=0.02)
                        break
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def place(tmp_path: Path, data: Path) -> Place:
    return Place(tmp_path, data)


def test_a_line_becomes_a_film(place: Place, tmp_path: Path) -> None:
    ask = ("speak", "Hello, I am Ada.", "--captions", "soft", *SMALL)
    ran = place.avatar(*ask, "-o", "out.mp4", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert (told["mode"], told["degraded"]) == ("video", False)
    with av.open(str(tmp_path / "out.mp4")) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.width, picture.height, str(picture.average_rate)) == (256, 256, "25")
        assert picture.frames == told["output"]["frames"]
        assert sound.codec_context.name == "aac"
    check = json.loads(place.avatar("check", "out.mp4", "--json").stdout)
    assert check["landmarks"] == "rig"
    shutil.rmtree(place.data / "store" / "records")
    assert place.avatar(*ask, "-o", "again.mp4").returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "out.mp4").read_bytes()


def test_killed_in_mid_film_there_is_no_film(place: Place) -> None:
    with place.in_mid_film() as process:
        process.kill()
    assert place.files == []
    assert place.half_films()
    assert place.avatar("speak", "Hello.", "-o", "out.wav").returncode == 0
    assert place.half_films() == []
    assert place.files == ["out.wav"]


def test_interrupted_in_mid_film_it_tidies_up(place: Place) -> None:
    with place.in_mid_film() as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, b"error: The work was called off.\n")
    assert place.files == []
    assert list(place.runs.iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "status", "what"),
    [
        (["speak", b"caf\xe9"], 2, "not valid Unicode at character 4"),
        (["speak", "Hi", "--voice", "nobody at all"], 2, "voice"),
        (["speak", "Hi", "--avatar", "nobody at all"], 2, "avatar"),
        (["speak", "Hi", "-o", "/proc/film.mp4"], 4, "choose another place"),
    ],
)
def test_mistakes_are_one_line(place: Place, argv: list[str | bytes], status: int, what: str) -> None:
    ran = place.avatar(*argv)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (status, "", 1)
    assert ran.stderr.startswith("error: ")
    assert what in ran.stderr
    assert place.files == []


def test_a_data_folder_that_cannot_be_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    ran = Place(tmp_path, tmp_path / "data").avatar("speak", "Hi", "-o", "out.mp4")
    assert (ran.returncode, ran.stderr.count("\n")) == (4, 1)
    assert ran.stderr.startswith(f"error: {tmp_path / 'data'} is not a folder. Check the name")


def test_a_reader_that_leaves_early_is_no_error(place: Place) -> None:
    end, start = os.pipe()
    os.close(end)
    command = [sys.executable, "-m", "avatar", "voices"]
    ran = subprocess.run(
        command, cwd=place.folder, env=place.environ, stdout=start, stderr=subprocess.PIPE, check=False
    )
    os.close(start)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_a_film_is_signed_where_that_is_possible(place: Place) -> None:
    pytest.importorskip("c2pa", reason="Content Credentials need the package c2pa")
    signing = replace(place, sign="1")
    ask = ("speak", "Hello, I am Ada.", *SMALL)
    assert (signing.avatar(*ask, "-o", "out.mp4").returncode, place.avatar(*ask, "-o", "bare.mp4").returncode) == (0, 0)
    told = json.loads(place.avatar("verify", "out.mp4", "--json").stdout)["provenance"]
    assert (told["valid"], told["source"], told["making"]["backends"]["speech"]) == (True, "algorithmicMedia", "espeak")
    assert "algorithmicMedia" in place.avatar("verify", "out.mp4").stdout
    bare = place.avatar("verify", "bare.mp4")
    assert (bare.returncode, "carries no Content Credentials" in bare.stdout) == (1, True)
    assert signing.avatar(*ask, "-o", "twice.mp4").returncode == 0
    twice, once = ((place.folder / name).read_bytes() for name in ("twice.mp4", "out.mp4"))
    assert twice == once
    check = json.loads(signing.avatar("check", "out.mp4", "--json").stdout)
    assert check["landmarks"] == "rig"


def test_the_plan_is_printed_by_hallway_and_command_line(place: Place) -> None:
    hallway = place.python(str(ROOT / "smart_startup.py")).stdout
    rows = {line for line in hallway.splitlines() if line.strip().startswith(("speech", "film"))}
    assert len(rows) >= 2
    assert rows <= set(place.avatar("plan").stdout.splitlines())


def test_a_full_data_disk_is_one_line_and_no_film(tmp_path: Path, tiny_disk: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    place = Place(folder, tiny_disk / "data")
    ran = place.avatar("speak", LONG, "-o", "out.mp4", *SMALL)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (4, "", 1)
    assert ran.stderr.startswith("error: The disk of the data folder is full. Free some space")
    assert place.files == []
    assert list(place.runs.iterdir()) == []
