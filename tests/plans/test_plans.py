"""Golden plans: what each machine is told stays as it is, until somebody reads the change and keeps it."""

import pytest

from avatar.explain import WIDTH
from tests.plans.pages import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_plan_reads_as_it_was_kept(name: str) -> None:
    kept = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert PAGES[name] == kept, "Run `python -m tests.plans`, and read what changed."


def test_no_page_is_forgotten_and_none_is_too_wide() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(PAGES)
    assert all(len(line) <= WIDTH for text in PAGES.values() for line in text.splitlines())
