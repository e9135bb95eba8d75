"""A speech's sound as LTX-2 hears it: a mel spectrogram through its own autoencoder. Knows no picture.

The spectrogram is that of the model's makers: windows of 1024 samples of the model's 16000 a second, 160 apart, mel
bands of Slaney's scale and norm over amplitudes, natural logarithms from `LEAST` on.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.media import video
from stages.pose.ltx2.foreign import mel_filter_bank

Floats = NDArray[np.float32]

WINDOW = 1024
LEAST = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Ear:
    """A whole speech, mono in -1 to 1, at the rate that a model's autoencoder wants."""

    samples: Floats
    rate: int

    @classmethod
    def of(cls, path: Path, vae: Any) -> "Ear":
        """Raises `UnsupportedMedia` for what is no sound."""
        rate = int(vae.config.sample_rate)
        return cls(np.concatenate([np.zeros(0, np.float32), *video.samples(path, rate)]), rate)

    def latents(self, vae: Any, *, start: float, many: int, device: torch.device) -> Tensor:
        """So many latents (1, channels, many, bands) from `start` seconds on; after the end of the sound is silence."""
        sizes = vae.config
        steps = many * int(vae.temporal_compression_ratio)
        mel = spectrogram(self._piece(start, steps, sizes.mel_hop_length), self.rate, sizes)[:steps]
        both = mel[None, None].expand(1, int(sizes.in_channels), -1, -1)
        found: Tensor = vae.encode(both.to(device, vae.dtype)).latent_dist.mode()
        return found[:, :, :many].float()

    def _piece(self, start: float, steps: int, hop: int) -> Floats:
        """Samples around the middles of so many windows, half a window before the first and after the last."""
        half = WINDOW // 2
        first = round(start * self.rate)
        last = first + half + steps * hop
        ahead = np.pad(self.samples, (0, max(0, last - len(self.samples), half + 1 - len(self.samples))))
        return np.pad(ahead, (half, 0), mode="reflect")[first : last + half]


def spectrogram(samples: Floats, rate: int, sizes: Any) -> Tensor:
    """Logarithms of mel bands (frames, bands), a frame for each whole window in the samples."""
    bands = mel_filter_bank(
        num_frequency_bins=WINDOW // 2 + 1,
        num_mel_filters=int(sizes.mel_bins),
        min_frequency=0.0,
        max_frequency=rate / 2.0,
        sampling_rate=rate,
        norm="slaney",
        mel_scale="slaney",
    )
    shape = torch.hann_window(WINDOW)
    waves = torch.from_numpy(np.ascontiguousarray(samples))
    heard = torch.stft(
        waves, WINDOW, hop_length=int(sizes.mel_hop_length), window=shape, center=False, return_complex=True
    )
    mel = heard.abs().T @ torch.from_numpy(np.asarray(bands, np.float32))
    return mel.clamp(min=LEAST).log()
