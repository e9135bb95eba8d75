"""What is alive at once, counted: tensors by their storages, numpy's arrays by tracemalloc. Knows no device."""

import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class Tensors(TorchDispatchMode):
    """Bytes of all tensors that come into being while it is on: alive now, and at most."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live, self.peak = 0, 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for each in tree_iter(found):
            if isinstance(each, torch.Tensor):
                self._count(each)
        return found

    def _count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()  # noqa: SLF001 - a storage's only name
        if key in self._seen:
            return
        self._seen.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.live -= size


@dataclass(slots=True)
class Peaks:
    """Bytes at most: of tensors, and of everything that Python and numpy asked for."""

    tensors: int = 0
    arrays: int = 0


@contextmanager
def peaks() -> Iterator[Peaks]:
    """Count what is alive while this lasts, this thread's work alone where tensors are concerned."""
    found = Peaks()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    with Tensors() as tensors:
        yield found
    found.tensors, found.arrays = tensors.peak, tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
