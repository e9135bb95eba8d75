"""The command line as its own process, over the real stages."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--size", "256x256", "--seed", "1")
LONG = "It goes on and on, and there is always one more thing to be said about it. " * 15


def environ(folder: Path) -> dict[str, str]:
    return os.environ | {"AVATAR_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}


def avatar(folder: Path, *argv: str | bytes) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avatar", *argv]
    return subprocess.run(command, cwd=folder, env=environ(folder), capture_output=True, text=True, check=False)


@contextmanager
def in_mid_film(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has begun to write a film, in a data folder below `folder`."""
    command = [sys.executable, "-m", "avatar", "speak", LONG, "-o", "out.mp4", *SMALL]
    with subprocess.Popen(command, cwd=folder, env=environ(folder), stderr=subprocess.PIPE) as process:
        while not half_films(folder):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
                break
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield process


def half_films(folder: Path) -> list[Path]:
    try:
        return [path for path in (folder / "data" / "store" / "runs").rglob("*.mp4") if path.stat().st_size]
    except FileNotFoundError:
        return []


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def test_a_line_becomes_a_film(tmp_path: Path) -> None:
    ran = avatar(tmp_path, "speak", "Hello, I am Ada.", "-o", "out.mp4", "--json", "--captions", "soft", *SMALL)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert (told["mode"], told["degraded"]) == ("video", False)
    with av.open(str(tmp_path / "out.mp4")) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.width, picture.height, str(picture.average_rate)) == (256, 256, "25")
        assert picture.frames == told["output"]["frames"]
        assert sound.codec_context.name == "aac"
    again = avatar(tmp_path, "speak", "Hello, I am Ada.", "-o", "again.mp4", "--captions", "soft", *SMALL)
    assert again.returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "out.mp4").read_bytes()


def test_killed_in_mid_film_there_is_no_film(tmp_path: Path) -> None:
    with in_mid_film(tmp_path) as process:
        process.kill()
    assert files(tmp_path) == []
    assert half_films(tmp_path)
    assert avatar(tmp_path, "speak", "Hello.", "-o", "out.wav").returncode == 0
    assert half_films(tmp_path) == []
    assert files(tmp_path) == ["out.wav"]


def test_interrupted_in_mid_film_it_tidies_up(tmp_path: Path) -> None:
    with in_mid_film(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, b"error: The work was called off.\n")
    assert files(tmp_path) == []
    assert list((tmp_path / "data" / "store" / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "status", "what"),
    [
        (["speak", b"caf\xe9"], 2, "not valid Unicode at character 4"),
        (["speak", "Hi", "--voice", "nobody at all"], 2, "voice"),
        (["speak", "Hi", "--avatar", "nobody at all"], 2, "avatar"),
        (["speak", "Hi", "-o", "/proc/film.mp4"], 4, "choose another place"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, argv: list[str | bytes], status: int, what: str) -> None:
    ran = avatar(tmp_path, *argv)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (status, "", 1)
    assert ran.stderr.startswith("error: ")
    assert what in ran.stderr
    assert files(tmp_path) == []


def test_a_data_folder_that_cannot_be_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    ran = avatar(tmp_path, "speak", "Hi", "-o", "out.mp4")
    assert (ran.returncode, ran.stderr.count("\n")) == (4, 1)
    assert "choose another place" in ran.stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    end, start = os.pipe()
    os.close(end)
    command = [sys.executable, "-m", "avatar", "voices"]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environ(tmp_path), stdout=start, stderr=subprocess.PIPE, check=False
    )
    os.close(start)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_the_plan_is_printed_by_three_doors(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "smart_startup.py")]
    hallway = subprocess.run(command, env=environ(tmp_path), capture_output=True, text=True, check=True).stdout
    frame = subprocess.run(
        [sys.executable, str(ROOT / "app.py")], env=environ(tmp_path), capture_output=True, text=True, check=True
    )
    rows = [line for line in hallway.splitlines() if line.startswith(("speech", "film"))]
    assert len(rows) >= 2
    assert set(rows) <= set(avatar(tmp_path, "plan").stdout.splitlines())
    assert set(rows) <= set(frame.stdout.splitlines())
    assert "python -m avatar speak" in frame.stdout
