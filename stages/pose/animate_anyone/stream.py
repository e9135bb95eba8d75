"""Tensors written into a .safetensors file one by one, so that no two are in memory. Knows no model and no checkpoint.

Source of the layout: the safetensors format. A length, a JSON header, then the bytes of all tensors without gaps.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

CODES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64"}
ALIGNED = 8


def write(path: Path, tensors: Mapping[str, Tensor], *, kind: Callable[[str], torch.dtype]) -> None:
    """Each tensor as the type that `kind` gives for its name, synced to the disk. Raises OSError."""
    kinds = {name: kind(name) for name in tensors}
    order = sorted(tensors, key=lambda name: (-kinds[name].itemsize, name))
    header, end = dict[str, object](), 0
    for name in order:
        size = tensors[name].numel() * kinds[name].itemsize
        shape = list(tensors[name].shape)
        header[name] = {"dtype": CODES[kinds[name]], "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNED)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(tensors[name].to(kinds[name]).contiguous().view(-1).view(torch.uint8).numpy().data)
        file.flush()
        os.fsync(file.fileno())
