"""`voices`, `avatars`, `plan`, `check` and the way a terminal shows progress."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from avatar import __version__
from avatar.doors import terminal
from avatar.doors.terminal import Meter
from avatar.events import Finished, Progressed, Started
from avatar.gallery import VoiceCard, speaking
from avatar.quality import judging
from avatar.quality.figures import Figure
from tests.cli.conftest import Cli


def test_voices_are_listed(cli: Cli) -> None:
    ran = cli("voices")
    assert ran.out.splitlines() == [
        "voice  language  gender   name",
        "en-us  en-us     male     American",
        "de     de        unknown  German",
    ]
    assert [line.split()[0] for line in cli("voices", "--language", "DE").out.splitlines()] == ["voice", "de"]
    assert cli("voices", "--json").json["voices"][0]["id"] == "en-us"


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("", "cmn pt pt-br pl"),
        ("zh", "cmn"),
        ("PT", "pt pt-br"),
        ("pt-BR", "pt-br"),
        ("p", ""),
        ("pt-b", ""),
        ("Polish", "pl"),
    ],
)
def test_a_language_has_the_voices_of_its_tag_and_of_those_below_it(language: str, found: str) -> None:
    cards = [
        VoiceCard(tag, {"pl": "Polish (neural)"}.get(tag, tag), tag, "male") for tag in ("cmn", "pt", "pt-br", "pl")
    ]
    assert " ".join(card.id for card in speaking(cards, language)) == found


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_language_without_voices_is_told(cli: Cli, more: list[str]) -> None:
    ran = cli("voices", "--language", "xx", *more)
    assert (ran.status, ran.err) == (2, "error: There is no voice for language 'xx'. `voices` lists them all.\n")
    assert "voice  language" not in ran.out


@pytest.mark.parametrize("name", ["sheet.txt", "sheet", "sheet.jpg"])
def test_a_sheet_is_a_png_or_nothing(cli: Cli, name: str) -> None:
    ran = cli("avatars", "--sheet", name)
    assert (ran.status, ran.out, cli.started) == (2, "", 0)
    assert ran.err == f"error: The sheet can't be '{name}'. Name a file that ends in .png.\n"
    assert not Path(name).exists()


def test_avatars_are_listed_and_drawn(cli: Cli) -> None:
    ran = cli("avatars", "--sheet", "sheet.png")
    assert ran.status == 0
    assert ran.out.splitlines()[1].split()[0] == "ada"
    assert Path("sheet.png").read_bytes() == b"PNG"
    assert cli("avatars", "--json").json == {
        "avatars": [{"id": "ada", "name": "Ada", "description": "nobody in particular", "voice": "female"}],
        "sheet": None,
    }
    assert cli("avatars", "--sheet", "nowhere/sheet.png").status == 4


def test_the_plan_names_every_stage(cli: Cli) -> None:
    out = cli("plan").out
    assert all(stage in out for stage in ("speech", "portrait", "motion", "pose", "lips", "film"))
    told = cli("plan", "--json").json
    assert {"speech", "film", "picture", "video", "reel"} <= {verdict["stage"] for verdict in told["verdicts"]}
    assert told["machine"]["cores"] == 2


def test_a_film_is_checked(cli: Cli) -> None:
    Path("good.mp4").write_bytes(b"film")
    Path("bad.mp4").touch()
    assert cli("check", "good.mp4").out.startswith("passed")
    assert cli("check", "good.mp4", "--json").json["passed"] is True
    ran = cli("check", "bad.mp4")
    assert (ran.status, ran.out.startswith("FAILED")) == (1, True)
    ran = cli("check", "gone.mp4")
    assert (ran.status, ran.err) == (2, "error: There is no file gone.mp4. Check its name.\n")


def test_a_film_whose_lips_nobody_saw_has_not_simply_passed(cli: Cli) -> None:
    Path("any.mp4").write_bytes(b"film")
    frames = Figure("frame rate", 25.0, "fps", ">= 25", "pass", "container")
    cli.figures = (frames, *judging.unmeasured("no face is known"))
    ran = cli("check", "any.mp4")
    assert ran.status == 0
    assert ran.out.startswith("container passed; lips not measured: no face is known (1 figures pass, 0 fail,")
    cli.figures = (replace(frames, verdict="fail"), *judging.unmeasured("no face is known"))
    ran = cli("check", "any.mp4")
    assert ran.status == 1
    assert ran.out.startswith("container FAILED; lips not measured: no face is known")


def test_help_and_version_start_nothing(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["speak", "--help"], ["--version"]):
        with pytest.raises(SystemExit, match="0"):
            cli(*argv)
    assert __version__ in capsys.readouterr().out
    assert cli.started == 0


def test_the_meter_never_goes_back() -> None:
    meter = Meter()
    seen = []
    for stage in terminal.SHARES:
        for event in (
            Started(stage, "b"),
            Progressed(stage, 1, 4),
            Progressed(stage, 4, 4),
            Finished(stage, "b", 1, False),
        ):
            meter.hear(event)
            seen.append(meter.done)
    assert seen == sorted(seen)
    assert seen[-1] == 100


class Screen(io.StringIO):
    """A terminal, as far as anyone can tell."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with terminal.progress(screen) as listener:
        listener(Started("film", "compositor"))
        listener(Progressed("film", 50, 100))
    assert "film" in screen.getvalue()
    assert "%" in screen.getvalue()


def test_everything_else_gets_silence() -> None:
    for stream, wanted in ((io.StringIO(), True), (Screen(), False)):
        with terminal.progress(stream, wanted=wanted) as listener:
            listener(Started("film", "compositor"))
        assert stream.getvalue() == ""
