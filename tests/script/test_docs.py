"""The guide to scripts names every direction that there is, and its examples are understood."""

import re
from pathlib import Path

import pytest

from avatar.errors import BadRequest
from avatar.script import ACTS, LINGER, PAUSE, PAUSES, parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "script.md").read_text()


def test_the_guide_names_every_direction() -> None:
    named = set(re.findall(r"`\[([^\]]+)\]`", PAGE))
    assert set(ACTS) <= named
    for inside in named - {"smlie", "laughs"}:
        parse(f"Hello [{inside}] there.")


@pytest.mark.parametrize("slip", ["smlie", "laughs"])
def test_the_slips_in_the_guide_are_refused(slip: str) -> None:
    assert f"`[{slip}]`" in PAGE
    with pytest.raises(BadRequest):
        parse(f"Hello [{slip}] there.")


def test_the_figures_in_the_guide_are_the_real_ones() -> None:
    assert (PAUSE, PAUSES, LINGER) == (0.5, (0.05, 10.0), 1.2)
    for figure in ("0.05 to 10 seconds", "half a second", "1.2 seconds"):
        assert figure in PAGE


def test_the_examples_of_the_guide_are_understood() -> None:
    for example in re.findall(r"^    (Hello, .*)$|speak \"(.*)\" --mood", PAGE, re.MULTILINE):
        script = parse("".join(example))
        assert script.cues
        assert "[" not in script.text
