"""A rough picture of latents, for who watches a picture come into being. Knows no network.

Each of the four channels is given a colour. Source of the colours: a linear fit to the autoencoder of Stable Diffusion
1.4, https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204; later ones, SVD's too, keep its
latents.
"""

import numpy as np
import torch
from torch import Tensor

from stages.diffusion.orders import Picture

COLOURS = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473))
"""Red, green and blue of each channel."""


def fit(latents: Tensor) -> bool:
    """Whether there are colours for latents of this kind."""
    return latents.ndim in (4, 5) and 4 in latents.shape[1:3]


def picture(latents: Tensor) -> Picture:
    """RGB (y, x, 3) of the first item, of its middle frame: latents (n, 4, y, x), (n, f, 4, y, x) or (n, 4, f, y, x).

    Noise in them is taken back to the strength of a picture, so that early steps are grey rather than glaring.
    """
    first = latents[0].float()
    if first.ndim == 4:
        first = first if first.shape[1] == 4 else first.transpose(0, 1)
        first = first[len(first) // 2]
    calm = first / first.std().clamp(min=1.0)
    mixed = torch.einsum("cyx,cd->yxd", calm, torch.tensor(COLOURS, device=calm.device))
    shown: Picture = ((mixed / 2 + 0.5).nan_to_num().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return np.ascontiguousarray(shown)
