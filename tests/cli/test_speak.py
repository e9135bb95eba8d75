"""`speak`: from words to files, and every way in which it can be asked wrongly."""

import os
import signal
from pathlib import Path

import pytest

from avatar.errors import NotFound, OutOfMemory, StorageError, Unavailable
from avatar.quality.figures import Figure
from avatar.stage import Context
from tests.cli.conftest import Cli
from tests.tiny import SPOKEN, Tiny


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def test_a_film_lands_under_its_name(cli: Cli, tmp_path: Path) -> None:
    ran = cli("speak", "Hello there.", "-o", "out.mp4")
    assert (ran.status, ran.out, ran.err) == (0, "out.mp4\n", "")
    assert Path("out.mp4").read_bytes() == b"film of Hello there."
    assert files(tmp_path) == ["out.mp4"]


def test_words_may_come_from_a_file_or_from_standard_input(cli: Cli) -> None:
    Path("words.txt").write_bytes(b"\xef\xbb\xbfFrom a file.\r\n")
    assert cli("speak", "words.txt", "-o", "a.mp4").status == 0
    assert Path("a.mp4").read_bytes() == b"film of From a file."
    assert cli("speak", "-", "-o", "b.mp4", stdin="Grüße".encode()).status == 0
    assert Path("b.mp4").read_text() == "film of Grüße"


@pytest.mark.parametrize(
    "words", ["Hello.", "and/or so", "See notes.txt today", "3.14", "data folder", "one/two\u3000three"]
)
def test_words_that_only_resemble_files_are_said(cli: Cli, words: str) -> None:
    assert cli("speak", words, "-o", "a.mp4").status == 0
    assert Path("a.mp4").read_text() == f"film of {words}"


def test_words_that_look_like_files_can_be_piped(cli: Cli) -> None:
    assert cli("speak", "-", "-o", "a.mp4", stdin=b"nofile.txt").status == 0
    assert Path("a.mp4").read_text() == "film of nofile.txt"


def test_directions_are_not_said(cli: Cli) -> None:
    assert cli("speak", "Hello [smile] there. [pause 1s]", "-o", "a.mp4", "--mood", "sad").status == 0
    assert Path("a.mp4").read_text() == "film of Hello there."


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("Hello [smlie].",), "[smlie] is no direction. Use [smile], "),
        (
            ("Hello.", "--mood", "joyous"),
            "--mood can't be 'joyous'. Use neutral, happy, sad, angry, surprised or thinking",
        ),
        (("Hello.", "--expression", "9"), "--expression can't be"),
    ],
)
def test_wrong_directions_and_moods_are_told(cli: Cli, asked: tuple[str, ...], says: str) -> None:
    ran = cli("speak", *asked)
    assert ran.status == 2
    assert says in ran.err


def test_a_film_is_replaced_whole(cli: Cli) -> None:
    Path("out.mp4").write_text("the old one")
    assert cli("speak", "Hello.", "-o", "out.mp4").status == 0
    assert Path("out.mp4").read_text() == "film of Hello."


def test_a_name_in_wav_makes_sound_only(cli: Cli, tmp_path: Path) -> None:
    assert cli("speak", "Hello.", "-o", "out.wav").status == 0
    assert Path("out.wav").read_bytes() == SPOKEN
    assert files(tmp_path) == ["out.wav"]


def test_everything_beside_the_film(cli: Cli, tmp_path: Path) -> None:
    beside = ["--srt", "a.srt", "--vtt", "a.vtt", "--words", "a.json", "--motion-csv", "a.csv", "--thumbnail", "a.jpg"]
    ran = cli("speak", "Hello.", "-o", "a.mp4", *beside, "--certificate", "c.json")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "a.mp4")
    assert ran.out.splitlines()[1].startswith("passed")
    assert files(tmp_path) == ["a.csv", "a.jpg", "a.json", "a.mp4", "a.srt", "a.vtt", "c.json"]
    assert Path("a.vtt").read_text() == "vtt"
    assert '"passed": true' in Path("c.json").read_text()


def test_wishes_reach_the_request(cli: Cli) -> None:
    wishes = [
        "--voice",
        "de",
        "--seed",
        "7",
        "--size",
        "640x360",
        "--fps",
        "50",
        "--captions",
        "burned",
        "--head",
        "0.5",
    ]
    told = cli("speak", "Hello.", "-o", "a.mp4", "--json", *wishes).json
    assert cli.jobs is not None
    ask = cli.jobs.job(told["id"]).request
    assert (ask.voice, ask.seed, ask.width, ask.height, ask.fps) == ("de", 7, 640, 360, 50)
    assert (ask.captions, ask.motion.head, ask.motion.blink) == ("burned", 0.5, 1.0)


def test_json_tells_all(cli: Cli) -> None:
    ran = cli("speak", "Hello.", "-o", "a.mp4", "--json", "--seed", "7")
    assert ran.err == ""
    told = ran.json
    assert (told["status"], told["mode"], told["degraded"], told["fallbacks"]) == ("completed", "video", False, [])
    expected = {"video": "a.mp4", "duration_seconds": 1.0, "width": 512, "fps": 25, "frames": 25, "seed": 7}
    assert expected.items() <= told["output"].items()
    assert told["backends"]["film"] == "tiny"


def test_a_second_choice_is_warned_of(cli: Cli) -> None:
    cli.tiny = Tiny(better_lips=OutOfMemory("It needs 8 GB."))
    ran = cli("speak", "Hello.", "-o", "a.mp4")
    assert (ran.status, ran.out, ran.err) == (0, "a.mp4\n", "warning: lips by tiny, not better: It needs 8 GB.\n")
    assert cli("speak", "Hello.", "-o", "a.mp4", "--strict").status == 3


def test_no_picture_leaves_the_sound_and_says_so(cli: Cli, tmp_path: Path) -> None:
    cli.tiny = Tiny(pose=Unavailable("no neck"))
    ran = cli("speak", "Hello.", "-o", "out.mp4", "--srt", "a.srt")
    assert (ran.status, ran.out) == (3, "out.wav\n")
    assert "no neck" in ran.err
    assert files(tmp_path) == ["out.wav"]
    told = cli("speak", "Hello.", "-o", "out.mp4", "--json").json
    assert (told["mode"], told["degraded"]) == ("audio_only", True)


def test_a_certificate_that_fails_says_where(cli: Cli) -> None:
    cli.figures = (
        Figure("audio-visual offset", 80.0, "ms", "-20 .. 20", "fail", "pixels"),
        Figure("bilabial closure", 100.0, "%", ">= 98", "pass", "pixels"),
        Figure("blinks", 99.0, "per minute", "10 .. 25", "fail", "pixels"),
    )
    ran = cli("speak", "Hello.", "-o", "a.mp4", "--certificate", "c.json")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "a.mp4",
        "FAILED: 1 figures pass, 2 fail, 0 not measured (landmarks: rig)",
        "FAIL  audio-visual offset  80.0 ms  (-20 .. 20; pixels)",
        "FAIL  blinks               99.0 per minute  (10 .. 25; pixels)",
    ]


BAD = {
    "empty": (["speak", ""], "empty"),
    "blank": (["speak", " \n "], "empty"),
    "megabyte": (["speak", "x" * 10**6], "Split it into several films"),
    "control": (["speak", "a\x1bb"], "control character U+001B at character 2"),
    "surrogate": (["speak", "a\udcffb"], "Save it as UTF-8"),
    "emoji": (["speak", "😀😀"], "Write some words"),
    "no text": (["speak"], "TEXT"),
    "size": (["speak", "Hi", "--size", "10x10"], "256 to 1080 pixels"),
    "odd size": (["speak", "Hi", "--size", "511x511"], "even numbers"),
    "huge size": (["speak", "Hi", "--size", "99999x512"], "at most 1920"),
    "no size": (["speak", "Hi", "--size", "big"], "Write it as 512x512"),
    "long size": (["speak", "Hi", "--size", "9" * 99 + "x1"], "Write it as 512x512"),
    "fps": (["speak", "Hi", "--fps", "24"], "25, 30, 50 or 60"),
    "captions": (["speak", "Hi", "--captions", "loud"], "none, soft or burned"),
    "seed": (["speak", "Hi", "--seed", "many"], "whole number"),
    "rate": (["speak", "Hi", "--rate", "9"], "0.5 (slow) to 2 (fast)"),
    "amount": (["speak", "Hi", "--blink", "-1"], "0 (still) to 2 (twice)"),
    "unknown option": (["speak", "Hi", "--colour", "red"], "--help"),
    "unknown command": (["sing"], "--help"),
    "nothing": ([], "--help"),
    "folder": (["speak", "Hi", "--srt", "."], "is not a file"),
    "device": (["speak", "Hi", "--srt", os.devnull], "is not a file"),
    "amount's name": (["speak", "Hi", "--head", "9"], "error: --head can't be '9'. Use"),
    "rate's name": (["speak", "Hi", "--rate", "fast"], "error: --rate can't be 'fast'. Use"),
    "long prompt": (["speak", "Hi", "--prompt", "x" * 9999], "xxx…'. Give a string of at most 2000"),
    "control in prompt": (["speak", "Hi", "--prompt", "a\x07"], "The prompt holds control character U+0007"),
    "no name": (["speak", "Hi", "-o", ""], "The output has no name. Name a file that ends in .mp4 or .wav"),
    "misspelt file": (["speak", "nofile.txt"], "There is no file nofile.txt; to say these words, pipe them with -."),
    "misspelt captions": (["speak", "Film.SRT"], "There is no file Film.SRT"),
    "misspelt path": (["speak", "texts/hello"], "There is no file texts/hello"),
    "folder to say": (["speak", "/tmp"], "/tmp is a folder. Name a text file"),
    "no film": (["speak", "Hi", "-o", "out.avi"], "ends in .mp4 or .wav"),
    "sound with captions": (["speak", "Hi", "-o", "a.wav", "--motion-csv", "a.csv"], "--motion-csv goes with a film"),
    "twice": (["speak", "Hi", "-o", "a.mp4", "--srt", "./a.mp4"], "named twice"),
}


@pytest.mark.parametrize(("argv", "what"), BAD.values(), ids=list(BAD))
def test_bad_requests_are_one_clear_line(cli: Cli, tmp_path: Path, argv: list[str], what: str) -> None:
    ran = cli(*argv)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("error: ")
    assert what in ran.err
    assert cli.started == 0
    assert files(tmp_path) == []


@pytest.mark.parametrize("argv", [["speak", "", "--json"], ["speak", "--json"]])
def test_errors_are_json_too(cli: Cli, argv: list[str]) -> None:
    ran = cli(*argv)
    assert ran.json["error"]["code"] == "invalid_request"
    assert ran.json["error"]["message"] in ran.err


def test_right_to_left_and_mixed_scripts_are_fine(cli: Cli) -> None:
    assert cli("speak", "שלום hello 你好", "-o", "a.mp4").status == 0


def test_text_files_that_are_no_text(cli: Cli) -> None:
    Path("noise").write_bytes(b"\xff\xfe\x00")
    assert "noise is not UTF-8 text" in cli("speak", "noise").err
    assert "standard input is not UTF-8" in cli("speak", "-", stdin=b"\xff").err
    Path("big").write_bytes(b"word " * 10**6)
    ran = cli("speak", "big")
    assert (ran.status, "30,000 characters" in ran.err) == (2, True)


def test_unknown_voice(cli: Cli, tmp_path: Path) -> None:
    cli.tiny = Tiny(speech=NotFound("There is no voice 'x'. `voices` lists them all."))
    ran = cli("speak", "Hi", "-o", "a.mp4", "--voice", "x")
    assert (ran.status, ran.err) == (2, "error: There is no voice 'x'. `voices` lists them all.\n")
    assert files(tmp_path) == []


def test_a_folder_that_is_not_there(cli: Cli) -> None:
    ran = cli("speak", "Hi", "-o", "nowhere/a.mp4")
    assert (ran.status, cli.started) == (4, 0)
    assert ran.err == "error: The folder of nowhere/a.mp4 does not exist. Make it, or choose another place.\n"


def test_a_folder_that_must_not_be_written(cli: Cli, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        locked = Path("/proc/self")  # where even root can't make files
    if os.access(locked / "fd", os.W_OK) and locked.parts[1] != "proc":
        pytest.skip("every folder can be written here")
    ran = cli("speak", "Hi", "-o", str(locked / "a.mp4"))
    assert (ran.status, cli.started, ran.err.count("\n")) == (4, 0, 1)
    assert "choose another place" in ran.err or "Make it" in ran.err


def test_a_full_output_disk(cli: Cli, tiny_disk: Path) -> None:
    def fill(context: Context) -> None:
        with (tiny_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
            while True:
                filler.write(b"x" * 4096)

    cli.tiny = Tiny(before_film=fill)
    ran = cli("speak", "Hi", "-o", str(tiny_disk / "a.mp4"))
    assert (ran.status, ran.out, ran.err.count("\n")) == (4, "", 1)
    assert "is full. Free some space there" in ran.err
    assert files(tiny_disk) == ["filler"]


def test_a_full_store_disk(cli: Cli, tmp_path: Path) -> None:
    cli.tiny = Tiny(speech=StorageError("The disk is full. Free some space."))
    assert cli("speak", "Hi", "-o", "a.mp4").status == 4
    assert files(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_calls_the_work_off(cli: Cli, tmp_path: Path, number: signal.Signals) -> None:
    def interrupt(_context: Context) -> None:
        signal.raise_signal(number)

    before = signal.getsignal(number)
    cli.tiny = Tiny(before_film=interrupt)
    ran = cli("speak", "Hi", "-o", "a.mp4", "--srt", "a.srt")
    assert (ran.status, ran.out, ran.err) == (130, "", "error: The work was called off.\n")
    assert files(tmp_path) == []
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(
    ("error", "status", "what"),
    [(KeyboardInterrupt(), 130, "called off"), (ImportError("libGL.so.1: no such file"), 1, "requirements-core.txt")],
)
def test_trouble_before_the_work_begins(cli: Cli, error: BaseException, status: int, what: str) -> None:
    cli.trouble = error
    ran = cli("speak", "Hi", "-o", "a.mp4")
    assert (ran.status, ran.err.count("\n")) == (status, 1)
    assert what in ran.err


def test_the_unexpected_is_one_line_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.tiny = Tiny(speech=ZeroDivisionError("division\nby zero"))
    ran = cli("speak", "Hi", "-o", "a.mp4")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "unexpected happened (ZeroDivisionError: division by zero)" in ran.err
    monkeypatch.setenv("AVATAR_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli("speak", "Hi", "-o", "a.mp4")
