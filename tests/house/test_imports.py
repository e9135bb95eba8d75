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


BARE = """
import importlib.metadata, re, runpy, sys
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
core = {{plain(line.split("==")[0]) for line in open("requirements-core.txt") if "==" in line}}
more = {{
    name
    for name, makers in importlib.metadata.packages_distributions().items()
    if name != "cv2" and not core & set(map(plain, makers))
}}

class Core:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in more else self.finder.find_spec(name, path, target)

for name in [name for name in sys.modules if name.split(".")[0] in more]:
    del sys.modules[name]
sys.meta_path[:] = [Core(finder) for finder in sys.meta_path]
sys.argv[1:] = ["speak", "Hello.", "-o", {film!r}, "--certificate", {told!r}]
runpy.run_module("avatar", run_name="__main__")
"""


def test_the_command_line_makes_a_film_with_what_the_core_lists_alone(tmp_path: Path) -> None:
    film, told = tmp_path / "film.mp4", tmp_path / "told.json"
    code = BARE.format(film=str(film), told=str(told))
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert film.stat().st_size > 10_000
    assert told.is_file()
