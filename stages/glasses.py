"""What goes wrong when a tool of MediaPipe is opened, told alike for every tool. Knows no tool."""

from collections.abc import Iterator
from contextlib import contextmanager

from avatar.errors import Unavailable


@contextmanager
def opening(name: str, purpose: str) -> Iterator[None]:
    """Turns errors into `Unavailable`: no MediaPipe for this `purpose`, or a model file, `name`, that is none."""
    try:
        yield
    except (ImportError, OSError) as error:
        raise Unavailable(f"MediaPipe can't be used here ({error}). Install it to {purpose}.") from error
    except (RuntimeError, ValueError) as error:
        raise Unavailable(f"The {name}'s model can't be used. Fetch it again.") from error
