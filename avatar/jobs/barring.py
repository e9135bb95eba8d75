"""Which backends a request's profile leaves out. Knows no profile, and nothing that a film alone does not need."""

from collections.abc import Callable

from avatar.request import Ask

Barred = Callable[[Ask], frozenset[tuple[str, str]]]
"""The backends, as (stage, backend), that a request's profile leaves out."""


def unbarred(_ask: Ask) -> frozenset[tuple[str, str]]:
    """Where nobody knows of profiles, nothing is left out."""
    return frozenset()
