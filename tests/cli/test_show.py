"""`video` and `image`: from words to silent films and pictures."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def test_a_picture_lands_under_its_name(cli: Cli) -> None:
    ran = cli("image", "an old sailor", "-o", "a.png", "--seed", "5")
    assert (ran.status, ran.out, ran.err) == (0, "a.png\n", "")
    assert Path("a.png").read_text() == "picture of an old sailor by 5"


def test_several_are_numbered_with_a_sheet_of_all(cli: Cli) -> None:
    ran = cli("image", "a sailor", "-o", "a.png", "--seed", "5", "--variations", "3", "--sheet", "all.png")
    assert ran.out.split() == ["a.png", "a-2.png", "a-3.png"]
    assert Path("a-3.png").read_text() == "picture of a sailor by 7"
    assert Path("all.png").read_text() == "sheet"


def test_a_film_of_words(cli: Cli) -> None:
    ran = cli("video", "waves", "-o", "w.mp4", "--seconds", "2", "--seed", "1", "--size", "640x360", "--json")
    assert ran.status == 0
    assert Path("w.mp4").read_text() == "film of shot of waves by 1"
    told = ran.json
    assert (told["mode"], told["output"]["duration_seconds"], told["output"]["seed"]) == ("video", 2.0, 1)
    assert (told["output"]["width"], told["output"]["height"], told["files"]) == (640, 360, ["w.mp4"])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("image", "x", "-o", "a.mp4"), "ends in .png"),
        (("video", "x", "-o", "a.png"), "ends in .mp4"),
        (("image", "-o", "a.png"), "The request has no prompt"),
        (("image", "x", "--steps", "0"), "--steps can't be '0'. Use a whole number from 1 to 100"),
        (("image", "x", "--sampler", "magic"), "--sampler can't be 'magic'. Use one of ddim"),
        (("image", "x", "--variations", "99"), "--variations can't be '99'"),
        (("video", "x", "--seconds", "3600"), "--seconds can't be '3600'"),
        (("image", "x", "--sheet", "s.png"), "Ask for more with --variations"),
        (("video", "x", "--backend", "magic"), "The stage video has no backend magic"),
        (("video", "--image", "none.png"), "There is no file none.png"),
    ],
)
def test_what_can_t_be_made_is_refused_in_one_line(cli: Cli, asked: tuple[str, ...], says: str) -> None:
    ran = cli(*asked)
    assert ran.status in (2, 3)
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_a_picture_to_begin_with_needs_consent(cli: Cli) -> None:
    Path("me.png").write_bytes(b"PNG")
    assert "Add --consent" in cli("video", "--image", "me.png", "-o", "a.mp4").err
    assert cli("video", "--image", "me.png", "-o", "a.mp4", "--consent").status == 0
