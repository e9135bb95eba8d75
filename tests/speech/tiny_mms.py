"""A VITS of some kilobytes with random weights, in the layout of the hub, as facebook/mms-tts-deu is kept."""

import json
from pathlib import Path
from typing import Any

import torch

from stages import foreign

foreign.ready()

from transformers import VitsConfig, VitsModel, VitsTokenizer  # noqa: E402 - after the line above

torch.set_num_threads(1)  # networks this small are only held up by more

LATIN = "|abcdefghijklmnopqrstuvwxyzäöüßéèàç'-"


def weights(folder: Path, name: str = "mms-deu", *, letters: str = LATIN, **options: Any) -> dict[str, Path]:
    """The folder of one voice; the published tokenizers read letters alone, small ones, with blanks between them."""
    torch.manual_seed(0)
    signs = [*letters, " "]
    config = VitsConfig(
        vocab_size=len(signs),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=17,
        prior_encoder_num_flows=2,
        prior_encoder_num_wavenet_layers=2,
        posterior_encoder_num_wavenet_layers=2,
        duration_predictor_num_flows=2,
        duration_predictor_filter_channels=16,
        depth_separable_num_layers=2,
        upsample_initial_channel=16,
        upsample_rates=[8, 8, 4],
        upsample_kernel_sizes=[16, 16, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
        **options,
    )
    network: Any = VitsModel(config)
    network.eval()
    with torch.no_grad():
        network.decoder.conv_post.weight.mul_(50)
    place = folder / name
    network.save_pretrained(place)
    (folder / "vocab.json").write_text(json.dumps({sign: number for number, sign in enumerate(signs)}))
    tokenizer = VitsTokenizer(folder / "vocab.json", pad_token=letters[0], phonemize=False, is_uroman=False)
    tokenizer.save_pretrained(place)
    return {name: place}
