"""A Pocket TTS of some kilobytes with random weights, in the layout of the hub, and its codec."""

from pathlib import Path
from typing import Any

import torch

from stages import foreign

foreign.ready()

from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: E402 - transformers after the line above
from transformers import (  # noqa: E402
    PocketTTSAudioTokenizerConfig,
    PocketTTSAudioTokenizerModel,
    PocketTTSConfig,
    PocketTTSForConditionalGeneration,
    PreTrainedTokenizerFast,
)

torch.set_num_threads(1)  # networks this small are only held up by more

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?;:'-"
PLACES = {
    "audio_prompt_token": "<|voice|>",
    "audio_latent_token": "<|latent|>",
    "audio_prompt_bos_token": "<|voice_begins|>",
    "audio_bos_token": "<|speech|>",
}
TEMPLATE = (
    "{%- for message in messages -%}{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'audio' -%}<|voice_begins|><|voice|>"
    "{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endfor -%}<|speech|>"
)
ENDS, GOES_ON = 9.0, -9.0
"""Biases of the network's wish to stop: as soon as it may, never."""


def weights(folder: Path, *, stop: float = ENDS) -> dict[str, Path]:
    """Both folders that Pocket TTS needs."""
    return {"pocket-tts": model(folder / "tts", stop=stop), "pocket-tts-audio-tokenizer": codec(folder / "codec")}


def model(folder: Path, *, stop: float = ENDS) -> Path:
    """The network, its tokenizer and its template."""
    torch.manual_seed(0)
    tokenizer = spelling()
    numbers = {f"{name}_id": tokenizer.convert_tokens_to_ids(token) for name, token in PLACES.items()}
    config = PocketTTSConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        latent_dim=8,
        pad_token_id=tokenizer.pad_token_id,
        flow_head_config={
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "latent_dim": 8,
            "condition_dim": 32,
            "frequency_embedding_size": 8,
        },
        **numbers,
    )
    network: Any = PocketTTSForConditionalGeneration(config)
    network.eval()
    with torch.no_grad():
        network.eos_head.bias.fill_(stop)
    network.generation_config.update(do_sample=True, temperature=0.7)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def spelling() -> Any:
    """One token a letter, and the places of voice and sound."""
    signs = {sign: number for number, sign in enumerate(["<unk>", "<pad>", "\u2581", *LETTERS])}
    tokenizer = Tokenizer(models.WordLevel(signs, unk_token="<unk>"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="never"), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.decoder = decoders.Sequence([decoders.Fuse(), decoders.Metaspace(prepend_scheme="never")])
    kind: Any = PreTrainedTokenizerFast
    usual = {f"{name}_token": f"<{name}>" for name in ("unk", "pad")}
    return kind(tokenizer_object=tokenizer, extra_special_tokens=PLACES, **usual)


def codec(folder: Path, *, latent_dim: int = 8) -> Path:
    """Sound to numbers and back, 80 ms at a time."""
    torch.manual_seed(1)
    config = PocketTTSAudioTokenizerConfig(
        hidden_size=16,
        num_filters=4,
        upsample_groups=16,
        num_hidden_layers=1,
        intermediate_size=16,
        num_attention_heads=2,
        num_key_value_heads=2,
        latent_dim=latent_dim,
    )
    network: Any = PocketTTSAudioTokenizerModel(config)
    network.eval()
    network.save_pretrained(folder)
    return folder
