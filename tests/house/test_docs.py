"""The pages in docs/ say what the code does: their code is run, their links and names exist."""

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from avatar.artifacts import Clip
from avatar.engine import Engine
from avatar.stage import Stage
from avatar.store import FolderStore
from stages.motion import MOTION, Brief
from tests.tiny import a_portrait

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "add-a-backend.md").read_text()
FILES = dict(re.findall(r"```python file=(\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def example(tmp_path: Path) -> Iterator[dict[str, ModuleType]]:
    folder = tmp_path / "example"
    folder.mkdir()
    for name, code in FILES.items():
        (folder / name).write_text(code)
    sys.path.insert(0, str(folder))
    yield {name: importlib.import_module(Path(name).stem) for name in FILES}
    sys.path.remove(str(folder))
    for name in FILES:
        del sys.modules[Path(name).stem]


def test_the_example_has_a_backend_and_a_test() -> None:
    assert list(FILES) == ["pendulum.py", "test_pendulum.py"]


def test_the_examples_own_tests_pass(example: dict[str, ModuleType], tmp_path: Path) -> None:
    tests = [test for name, test in vars(example["test_pendulum.py"]).items() if name.startswith("test_")]
    assert len(tests) == 2
    for number, test in enumerate(tests):
        (tmp_path / str(number)).mkdir()
        test(tmp_path / str(number), a_portrait())


def test_the_example_can_be_plugged_in(example: dict[str, ModuleType], tmp_path: Path) -> None:
    stage: Stage[Brief, Clip] = replace(MOTION, chain=(example["pendulum.py"].Pendulum(), *MOTION.chain))
    store = FolderStore(tmp_path / "store", budget=10**7)
    walk = Engine(store).walk(store.session())
    walk(stage, Brief(a_portrait(), seconds=1.0, fps=25, seed=1))
    assert walk.backends == {"motion": "pendulum"}


def test_the_chain_on_the_page_is_the_real_one() -> None:
    line = re.search(r'MOTION: .* = Stage\("motion", Clip, \(Pendulum\(\), (\w+)\(\)\)\)', PAGE)
    assert line is not None
    assert line[1] == type(MOTION.chain[-1]).__name__


def test_links_between_pages_lead_somewhere() -> None:
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_files_named_in_the_pages_exist() -> None:
    for page in DOCS.glob("*.md"):
        for name in re.findall(r"`((?:avatar|stages|docs|tests)/[\w/.-]+|\w+\.py)`", page.read_text()):
            assert name.endswith("pendulum.py") or (DOCS.parent / name).exists(), f"{page.name} names {name}"


def test_the_glossary_is_in_order() -> None:
    terms = re.findall(r"^\| \*\*(.+?)\*\*", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert terms == sorted(terms, key=str.casefold)
    assert {"Backend", "Brief", "Floor", "Outcome", "Performer", "Stage"} <= set(terms)
