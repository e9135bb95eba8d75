"""Portraits that an image model paints after words. Its name imports nothing heavy."""

from stages.portrait.painted.backend import Painted

__all__ = ["Painted"]
