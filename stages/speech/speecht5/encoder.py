"""SpeechBrain's speaker encoder: speech in, an x-vector out. Knows no file of sound and no text.

Only the encoder's tensors are read. The layout file beside them, which could make any object of any class, is not:
how the published network is built is written here, its sizes are those of its tensors.
"""

import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.errors import BadOutput, Unavailable
from avatar.media.sound import Samples
from stages import foreign

foreign.ready()

from speechbrain.inference.classifiers import EncoderClassifier  # noqa: E402 - after the line above
from speechbrain.lobes.features import Fbank  # noqa: E402
from speechbrain.lobes.models.Xvector import Xvector  # noqa: E402
from speechbrain.processing.features import InputNormalization  # noqa: E402

foreign.without_redirects("speechbrain")

Vector = NDArray[np.float32]

RATE: Final = 16_000
FILE = "embedding_model.ckpt"
DILATIONS = (1, 2, 3, 1, 1)
"""Of the five layers, as published: Snyder et al., ICASSP (2018), table 1."""


class Encoder:
    """The encoder in a folder, on the CPU; its vectors have `width` numbers.

    Raises Unavailable when its file is missing, damaged or another one.
    """

    def __init__(self, folder: Path, *, width: int) -> None:
        network, bands, found = _network(folder / FILE)
        if found != width:
            raise Unavailable("The speaker encoder is not one for this SpeechT5. Fetch spkrec-xvect-voxceleb again.")
        modules = {
            "compute_features": Fbank(n_mels=bands, sample_rate=RATE),
            "mean_var_norm": InputNormalization(norm_type="sentence", std_norm=False),
            "embedding_model": network,
            "classifier": torch.nn.Identity(),
        }
        self._encoder: Any = EncoderClassifier(modules=modules, hparams={}, run_opts={"device": "cpu"})

    def vector(self, speech: Samples) -> Vector:
        """Whose voice it is, as a direction of length 1; `speech` is at `RATE`. The same speech gives the same numbers.

        Raises BadOutput when nothing comes of it.
        """
        with torch.inference_mode():
            found = self._encoder.encode_batch(torch.from_numpy(speech)[None]).reshape(-1).numpy()
        size = float(np.linalg.norm(found))
        if not np.isfinite(size) or size == 0.0:
            raise BadOutput("The voice sample gave no voice. Send another one.")
        unit: Vector = (found / size).astype(np.float32)
        return unit


def _network(path: Path) -> tuple[Any, int, int]:
    """The network, how many bands it hears, and how many numbers it tells."""
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        layers = [tensors[f"blocks.{3 * number}.conv.weight"].shape for number in range(len(DILATIONS))]
        last = max((name for name in tensors if name.endswith(".w.weight")), key=lambda name: int(name.split(".")[1]))
        network: Any = Xvector(
            device="cpu",
            activation=torch.nn.LeakyReLU,
            tdnn_blocks=len(DILATIONS),
            tdnn_channels=[shape[0] for shape in layers],
            tdnn_kernel_sizes=[shape[2] for shape in layers],
            tdnn_dilations=list(DILATIONS),
            lin_neurons=tensors[last].shape[0],
            in_channels=layers[0][1],
        )
        network.load_state_dict(tensors, strict=True)
        network.blocks[3 * len(DILATIONS)]._get_gauss_noise = _no_noise  # noqa: SLF001 - it has no switch
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise Unavailable("The weights spkrec-xvect-voxceleb can't be read. Fetch them again.") from error
    return network, int(layers[0][1]), int(tensors[last].shape[0])


def _no_noise(shape: torch.Size, device: str = "cpu") -> torch.Tensor:
    """In the place of what the pooling adds to its means, some 1e-5, so that the same speech gives the same numbers."""
    return torch.zeros(shape, device=device)
