"""The pins: exact, and the same for the floor as for everything."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WINDOWED = "opencv-contrib-python"  # the Space's build of the floor's opencv-python-headless
HEADLESS = "opencv-python-headless"


def pins(name: str) -> dict[str, str]:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found, strict=True) if not match]
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2] for match in found if match}


def test_the_floor_is_part_of_everything_with_the_same_versions() -> None:
    core, everything = pins("requirements-core.txt"), pins("requirements.txt")
    assert core.pop(HEADLESS) == everything[WINDOWED]
    assert core.items() <= everything.items()


def test_nothing_is_pinned_twice() -> None:
    assert not pins("requirements.txt").keys() & pins("requirements-dev.txt").keys()


def test_the_floor_has_no_heavy_library() -> None:
    assert not pins("requirements-core.txt").keys() & {"torch", "scipy", "gradio", "librosa", "mediapipe", "numba"}
