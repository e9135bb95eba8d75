"""What memory is free, how a lack of it looks, and how to give it back. Knows no backend and imports no torch itself.

All sizes are bytes. A device is `cpu` (its memory is the RAM), `cuda:0`, `mps`.
"""

import ctypes
import errno
import gc
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import clear_frames
from typing import Any

from avatar import accelerators, limits
from avatar.errors import OutOfMemory

SIGNS = (
    "out of memory",  # CUDA, MPS, and the driver itself
    "STATUS_ALLOC_FAILED",  # cuBLAS and cuDNN
    "can't allocate memory",  # torch on the CPU
)


def free(device: str) -> int | None:
    """Bytes that can still be had on a device; None where nobody can say."""
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return limits.memory(limits.Roots())[1]
    if kind == "cuda":
        return _cuda(device, int(index or 0))
    torch = _torch()
    if kind == "mps" and torch is not None and torch.backends.mps.is_available():
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return None


def _cuda(device: str, index: int) -> int | None:
    torch = _torch()
    if torch is None:  # then nothing of this process lies on the device, and the driver's word is the whole truth
        found = accelerators.gpus(shutil.which("nvidia-smi"), visible=os.environ.get("CUDA_VISIBLE_DEVICES"))
        return found[index].vram_free if index < len(found) else None
    if not torch.cuda.is_available():
        return None
    try:
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + held)
    except RuntimeError:  # ZeroGPU shows a device that only its own calls can use
        return None


def give_back() -> None:
    """Let the system have what nobody uses any more: collected cycles, torch's caches, the C library's."""
    gc.collect()
    torch = _torch()
    if torch is not None:
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def _torch() -> Any:
    """The library if this process has it anyway, else None; where a thread imports it just now, its end is awaited."""
    return importlib.import_module("torch") if "torch" in sys.modules else None


def lacking(error: BaseException) -> bool:
    """Whether an error means that memory, of whichever kind, did not suffice."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError | OutOfMemory) or (
        isinstance(error, RuntimeError) and any(sign.lower() in str(error).lower() for sign in SIGNS)
    )


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn every kind of lack of memory into `OutOfMemory`, and let go of what the failed frames still held."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if not lacking(error):
            raise
        clear_frames(error.__traceback__)
        raise OutOfMemory("It did not fit into memory. Ask for a smaller or shorter film.") from error
