"""Pictures and sounds of one's own, and the commands that listen, as the command line takes them."""

import json
from pathlib import Path

import pytest

from avatar.errors import UnsupportedMedia
from avatar.jobs.service import UploadKind
from tests.cli.conftest import Cli
from tests.tiny import Tiny, tiny_jobs


@pytest.fixture
def face(tmp_path: Path) -> Path:
    path = tmp_path / "me.png"
    path.write_bytes(b"a picture, as far as the tiny house can tell")
    return path


def test_a_face_needs_the_consent_of_its_owner(cli: Cli, face: Path) -> None:
    ran = cli("speak", "Hi", "--image", str(face), "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "consent_required")
    assert "--consent" in ran.err
    assert cli.started == 0


def test_a_file_that_is_not_there_is_told_before_any_work(cli: Cli) -> None:
    ran = cli("speak", "Hi", "--audio", "none.wav", "--consent")
    assert (ran.status, cli.started) == (2, 0)
    assert "There is no file none.wav for --audio" in ran.err


def test_words_may_be_left_out_only_where_a_recording_speaks(cli: Cli) -> None:
    ran = cli("speak")
    assert ran.status == 2
    assert "There is no TEXT to say" in ran.err


def test_the_file_stays_where_it_was(cli: Cli, face: Path) -> None:
    assert cli("speak", "Hi", "--image", str(face), "--consent").status == 0
    assert face.is_file()


def test_an_avatar_and_a_picture_are_one_face_too_many(cli: Cli, face: Path) -> None:
    ran = cli("speak", "Hi", "--image", str(face), "--consent", "--avatar", "ada")
    assert ran.status == 2
    assert "can't both be the face" in ran.err


def test_how_a_model_moves_a_picture_is_told_in_pairs(cli: Cli, face: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    drive = ["--drive", "motion=greet,window=16", "--drive", "replace=false", "--steps", "20"]
    ran = cli("speak", "Hi", "-o", str(film), "--image", str(face), "--consent", "--json", *drive)
    assert ran.status == 0, ran.err
    assert cli.jobs is not None
    asked = cli.jobs.job(json.loads(ran.out)["id"]).request
    assert (asked.drive.motion, asked.drive.window, asked.drive.replace) == ("greet", 16, False)
    assert asked.steps == 20
    assert "idle can't do this motion" in cli("speak", "Hi", "-o", str(film), "--backend", "motion=idle").err
    for wrong, says in (
        ("window=40", "--drive window can't be '40'"),
        ("fps=1,fps=2", "each name once"),
        ("", "NAME="),
    ):
        assert says in cli("speak", "Hi", "-o", str(film), "--drive", wrong).err


def test_what_is_no_picture_is_refused_in_one_line(cli: Cli, face: Path) -> None:
    def refuse(_path: Path, _kind: UploadKind) -> str:
        raise UnsupportedMedia("This is no picture. Bring a PNG.")

    cli.examine = refuse
    ran = cli("speak", "Hi", "--image", str(face), "--consent")
    assert (ran.status, ran.err.strip()) == (2, "error: This is no picture. Bring a PNG.")


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        (["serve"], {"host": "127.0.0.1", "port": 7860, "worker": True}),
        (
            ["serve", "--host", "10.0.0.1", "--port", "80", "--no-worker"],
            {"host": "10.0.0.1", "port": 80, "worker": False},
        ),
        (["worker"], {"gpu_only": False}),
        (["worker", "--gpu"], {"gpu_only": True}),
        (["mcp"], {"mcp": True}),
    ],
)
def test_commands_that_listen_are_handed_to_the_hallway(cli: Cli, argv: list[str], asked: dict[str, object]) -> None:
    assert (cli(*argv).status, cli.asked, cli.started) == (0, asked, 0)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(cli: Cli, port: str) -> None:
    assert cli("serve", f"--port={port}").status == 2


def test_an_upload_is_known_by_its_id(tmp_path: Path, face: Path) -> None:
    jobs = tiny_jobs(tmp_path / "data", Tiny())
    upload = jobs.upload(face, "image/png", kind="image", consent=True)
    assert jobs.uploaded(upload.id) == upload
    jobs.close()


def test_a_cast_of_avatars_and_pictures(cli: Cli, face: Path, tmp_path: Path) -> None:
    film = tmp_path / "two.mp4"
    cast = ["--cast", f"Ada={face},voice=en-us,pitch=-2", "--cast", "Ben = ada"]
    ran = cli("speak", "Ada: Hi. Ben: Ho.", *cast, "--layout", "cut", "--consent", "-o", str(film))
    assert (ran.status, film.is_file()) == (0, True)
    ran = cli("speak", "Ada: Hi. Ben: Ho.", *cast)
    assert (ran.status, "--cast Ada shows or lets hear a person" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "cast", "why"),
    [
        ("Ada: Hi. Ben: Ho.", ["Ada"], "--cast can't be 'Ada'. Write NAME=AVATAR"),
        ("Ada: Hi. Ben: Ho.", ["Ada=ada,speed=2"], "--cast can't be 'Ada=ada,speed=2'"),
        ("Ada: Hi. Ben: Ho.", ["Ada=ada", "Ada=ada"], "--cast can't be 'Ada=ada'"),
        ("Ada: Hi. Ben: Ho.", ["Cy=ada"], "Cy of the cast says nothing"),
        ("Ada: Hi. Ben: Ho.", ["Ada=gone.png"], "There is no file gone.png for --cast"),
        ("Ada: Hi. Ben: Ho.", ["Ada=ada,rate=9"], "--cast.Ada.rate can't be '9'"),
    ],
)
def test_a_cast_that_cannot_be_is_refused(cli: Cli, text: str, cast: list[str], why: str) -> None:
    ran = cli("speak", text, "--consent", *(word for each in cast for word in ("--cast", each)))
    assert (ran.status, cli.started) == (2, 0)
    assert why in ran.err
