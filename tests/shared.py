"""Finds the real pictures, recordings and models that are not part of the repository, and skips aloud without them."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The file or folder `path` of the shared folder; skips the test when it is not there."""
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"shared/{path} is not on this machine")
    return found
