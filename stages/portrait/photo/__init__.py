"""Portraits from the user's own pictures."""

from stages.portrait.photo.backend import Photo, PlainPhoto

__all__ = ["Photo", "PlainPhoto"]
