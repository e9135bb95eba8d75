"""What is loaded at once and what only when its turn comes: modules of a new interpreter, not clocks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "gradio", "librosa", "numba", "scipy", "transformers", "cv2", "av", "mediapipe", "numpy", "pydantic"}
RUN = """
import runpy, sys
try:
    {code}
except SystemExit:
    pass
print(*sorted({{name.split(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def loaded(code: str) -> set[str]:
    """Names of the packages that a new interpreter has loaded after `code`."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(code=code)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(ran.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import app",
        "sys.argv[1:] = ['--help']; runpy.run_module('avatar', run_name='__main__')",
        "sys.argv[1:] = ['speak', '--help']; runpy.run_module('avatar', run_name='__main__')",
        "sys.argv[1:] = ['sing']; runpy.run_module('avatar', run_name='__main__')",
    ],
)
def test_front_doors_open_without_anything_heavy(code: str) -> None:
    assert loaded(code) & HEAVY == set()


def test_a_request_is_parsed_without_anything_that_draws_or_speaks() -> None:
    found = loaded("from avatar.request import parse; parse({'text': 'Hi'})")
    assert "pydantic" in found
    assert found & HEAVY == {"pydantic"}


def test_the_floor_is_wired_without_the_big_libraries() -> None:
    found = loaded("import smart_startup, stages.pipeline")
    assert found & {"torch", "gradio", "librosa", "numba", "scipy", "transformers", "mediapipe"} == set()
