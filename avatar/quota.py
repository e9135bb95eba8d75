"""What ZeroGPU answers instead of lending a GPU. Knows no work and no fork."""

import queue
import re
import sys
from pickle import PicklingError

from avatar.errors import BackendError, TimedOut, Unavailable


def refusals() -> tuple[type[Exception], ...]:
    """What the package `spaces` raises: Gradio's error, errors of its own client, and things that can't be sent."""
    gradio = sys.modules.get("gradio.exceptions")
    known = (RuntimeError, OSError, PicklingError, queue.Empty)
    return (*known, gradio.Error) if gradio else known


def refusal(error: Exception) -> BackendError:
    """What ZeroGPU answers instead of lending, as a step down: `spaces` raises Gradio's error with a title."""
    title = str(getattr(error, "title", "")).lower()
    said = " ".join(re.sub(r"<[^>]*>", " ", str(getattr(error, "message", error))).split())
    if "aborted" in said.lower():
        return TimedOut("The lent GPU was taken back before the work was done. Ask for a shorter film.")
    if "quota" in title or "credits" in title:
        return Unavailable(f"The day's ZeroGPU quota is used up. Sign in, or come back tomorrow. ({said})")
    if "duration" in title:
        return Unavailable(f"ZeroGPU does not lend for so long. Ask for a shorter film. ({said})")
    if "queue timeout" in title or "no gpu" in said.lower():
        return Unavailable("No ZeroGPU was free within its waiting time. Ask again a little later.")
    return Unavailable(f"ZeroGPU lends nothing ({said or type(error).__name__}). Ask again a little later.")
