"""Whether tensors hold numbers. Knows nothing of what they mean."""

import math

import torch
from torch import Tensor


def finite(tensor: Tensor) -> bool:
    """No infinity in it, and nothing that is no number. Read once, with no copy of it made."""
    return all(math.isfinite(float(end)) for end in torch.aminmax(tensor))
