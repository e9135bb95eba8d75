"""The one place where stages read the catalogue: what a backend needs, by its id. Knows no backend."""

from avatar.stage import Needs
from hf_spaces_models import RECIPES


def needs(backend: str) -> Needs:
    """What the catalogue says that a neural backend needs. Raises KeyError for an id it does not know."""
    return RECIPES[backend].needs
