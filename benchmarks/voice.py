"""What the speech stage adds to SpeechT5 itself: finding the words, joining lines, loudness; and how fast it all is.

The networks have their true sizes and random numbers. They stop as early as they are let, at about half of the frames
that people take for a text, so that the share of all the rest is told too high rather than too low. Work is counted in
seconds of one core, since other programs don't change that.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from avatar.media import text
from avatar.testing import workbench
from benchmarks.table import Row
from stages.speech import Brief
from stages.speech.lines import Manner, lines
from stages.speech.speecht5 import networks
from stages.speech.speecht5.networks import Dropout, Networks
from stages.speech.talker import Talker
from tests.speech import tiny_speecht5

SAID = (
    "The museum opens at ten in the morning, and closes when the last visitor has found the way out. On Sundays there "
    "is music in the garden behind the house, where people bring their own chairs. Nobody has ever counted them."
)
TURNS = 3


def full_size(folder: Path) -> Networks:
    """Networks of the published sizes, which stop as soon as they may."""
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        SpeechT5Tokenizer,
    )

    torch.manual_seed(0)
    tiny_speecht5.tokenizer(folder)
    tokenizer: Any = SpeechT5Tokenizer.from_pretrained(folder)
    model: Any = SpeechT5ForTextToSpeech(SpeechT5Config(max_text_positions=600, max_speech_positions=1876))
    vocoder: Any = SpeechT5HifiGan(SpeechT5HifiGanConfig())
    with torch.no_grad():
        model.speech_decoder_postnet.prob_out.bias.fill_(tiny_speecht5.STOPS)
    dropout = Dropout("cpu")
    model.speecht5.decoder.prenet._consistent_dropout = dropout  # noqa: SLF001 - as where it is loaded
    return Networks(tokenizer, model.eval(), vocoder.eval(), "cpu", dropout)


def worked(work: Callable[[], object]) -> float:
    """Seconds of one core."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def rows() -> Iterator[Row]:
    """Measure on one thread."""
    torch.set_num_threads(1)
    speaker = np.full(512, 512**-0.5, np.float32)
    with tempfile.TemporaryDirectory() as name:
        nets = full_size(Path(name))
        cut = lines(text.clean(SAID), Manner(nets.longest, nets.knows))
        bench = workbench(Path(name))

        def bare() -> None:
            for line in cut:
                ids = torch.tensor([nets.tokens(line.wording.text)])
                with torch.inference_mode():
                    nets.model.generate_speech(
                        ids, torch.from_numpy(speaker)[None], minlenratio=networks.SHORTEST, vocoder=nets.vocoder
                    )

        def stage() -> None:
            brief = Brief(SAID, "speecht5/slt", 1.0, 0.0, 1)
            made.append(Talker(nets).say(brief, bench.context, speaker=speaker, name="speecht5/slt").seconds)

        made: list[float] = []
        bare()
        stage()
        turns = [(worked(bare), worked(stage)) for _ in range(TURNS)]
    alone, whole = (median(times) for times in zip(*turns, strict=True))
    yield Row("voice: SpeechT5 alone, a second of speech on one core", alone / made[-1], "s")
    yield Row("voice: the speech stage beside SpeechT5 alone", 100.0 * (whole / alone - 1.0), "%", 3.0)
