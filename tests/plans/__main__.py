"""`python -m tests.plans` writes the golden plans anew: read what changed before it is kept."""

from tests.plans.pages import FOLDER, pages


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
