"""A SpeechBrain x-vector encoder of a few kilobytes, in the layout of the hub: tensors and the file that joins them."""

from pathlib import Path

import torch

from stages import foreign

foreign.ready()

from hyperpyyaml import load_hyperpyyaml  # noqa: E402 - after the line above

from tests.speech.tiny_speecht5 import WIDTH  # noqa: E402

LAYOUT = """
sample_rate: 16000
n_mels: 24
pretrained_path: speechbrain/spkrec-xvect-voxceleb
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 5
    tdnn_channels: [16, 16, 16, 16, 32]
    tdnn_kernel_sizes: [5, 3, 3, 1, 1]
    tdnn_dilations: [1, 2, 3, 1, 1]
    lin_neurons: %d
classifier: !new:speechbrain.lobes.models.Xvector.Classifier
    input_shape: [null, null, %d]
    activation: !name:torch.nn.LeakyReLU
    lin_blocks: 1
    lin_neurons: 16
    out_neurons: 4
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
"""


def encoder(folder: Path, *, width: int = WIDTH) -> Path:
    """The files of speechbrain/spkrec-xvect-voxceleb that hold tensors, and its layout file."""
    folder.mkdir(parents=True)
    layout = LAYOUT % (width, width)
    (folder / "hyperparams.yaml").write_text(layout)
    torch.manual_seed(2)
    made = load_hyperpyyaml(layout)
    torch.save(made["embedding_model"].state_dict(), folder / "embedding_model.ckpt")
    torch.save(made["classifier"].state_dict(), folder / "classifier.ckpt")
    return folder
