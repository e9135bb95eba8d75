"""A SpeechT5 of a few kilobytes with random weights, in the layout of the hub, and what belongs to it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages import foreign

foreign.ready()

import sentencepiece  # noqa: E402 - transformers after the line above
from transformers import (  # noqa: E402
    SpeechT5Config,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    SpeechT5Tokenizer,
)

torch.set_num_threads(1)  # networks this small are only held up by more

WIDTH = 16
SPEAKER = np.full(WIDTH, 0.25, np.float32)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?;:'-"
STOPS, GOES_ON = 6.0, -9.0
"""Biases of the network's wish to stop: at once, never."""


def model(folder: Path, *, stop: float = STOPS, vocab: int = 81) -> Path:
    """Text to spectrum, and the tokenizer, as microsoft/speecht5_tts keeps them: a pickle of tensors."""
    torch.manual_seed(0)
    config = SpeechT5Config(
        vocab_size=vocab,
        hidden_size=24,
        encoder_layers=2,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_layers=2,
        speech_decoder_postnet_units=16,
        speaker_embedding_dim=WIDTH,
        max_text_positions=600,
        max_speech_positions=1876,
    )
    network: Any = SpeechT5ForTextToSpeech(config)
    network.eval()
    with torch.no_grad():
        network.speech_decoder_postnet.prob_out.bias.fill_(stop)
    folder.mkdir(parents=True)
    config.save_pretrained(folder)
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    tokenizer(folder)
    return folder


def tokenizer(folder: Path) -> None:
    """One token a letter, as published."""
    held = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(LETTERS), "the quick brown fox jumps over the lazy dog"] * 20),
        model_writer=held,
        model_type="char",
        vocab_size=len(LETTERS) + 5,
        character_coverage=1.0,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    (folder / "spm_char.model").write_bytes(held.getvalue())
    SpeechT5Tokenizer(str(folder / "spm_char.model"), model_max_length=600).save_pretrained(folder)


def vocoder(folder: Path) -> Path:
    """Spectrum to sound, loud enough to be heard."""
    torch.manual_seed(1)
    config = SpeechT5HifiGanConfig(
        upsample_initial_channel=16, resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]]
    )
    network: Any = SpeechT5HifiGan(config)
    network.eval()
    with torch.no_grad():
        for part in network.parameters():
            if part.ndim == 3:
                part.mul_(20)
    folder.mkdir(parents=True)
    config.save_pretrained(folder)
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    return folder


def speakers(folder: Path, *, width: int = WIDTH) -> Path:
    """Vectors of two speakers, as the corpus keeps them: a zip of one `.npy` a recording."""
    folder.mkdir(parents=True)
    drawn = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "spkrec-xvect.zip", "w") as archive:
        for speaker in ("slt", "bdl", "rms", "clb", "awb", "jmk", "ksp"):
            middle = drawn.standard_normal(width)
            for number in range(3):
                held = io.BytesIO()
                np.save(held, (middle + 0.1 * drawn.standard_normal(width)).astype(np.float32))
                name = f"spkrec-xvect/cmu_us_{speaker}_arctic-wav-arctic_a{number + 1:04}.npy"
                archive.writestr(name, held.getvalue())
    return folder


def weights(folder: Path, **options: Any) -> dict[str, Path]:
    """All folders that SpeechT5 needs."""
    return {
        "speecht5-tts": model(folder / "tts", **options),
        "speecht5-hifigan": vocoder(folder / "hifigan"),
        "cmu-arctic-xvectors": speakers(folder / "xvectors"),
    }
