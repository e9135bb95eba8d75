"""Words as a model reads them: remembered, cut where it stops reading, and gone from the device afterwards."""

from pathlib import Path
from typing import Any

import pytest
import torch

from avatar.errors import BadOutput, Cancelled
from avatar.stage import Offload, Placement
from avatar.testing import Bench, workbench
from stages.diffusion import placing
from stages.diffusion.easing import PLANNED
from stages.diffusion.loading import seated
from stages.diffusion.models import SD15, WAN_IMAGE, Easel
from stages.diffusion.prompts import Prompts, cleaned, joined
from tests.diffusion import small


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def prompts(
    easel: Easel = SD15, *, kept: int = 32, limit: int | None = None, offload: Offload = "none"
) -> tuple[Prompts, list[int], Any]:
    """The prompts of a model, and a list that grows each time its encoder reads."""
    pipe: Any = small.sd15() if easel is SD15 else small.wan()
    reads: list[int] = []
    pipe.text_encoder.register_forward_pre_hook(lambda *_: reads.append(1))
    model = seated(pipe, easel.source, Placement(offload=offload))
    return Prompts(model, limit=limit or easel.tokens, kept=kept), reads, model


def test_a_prompt_is_read_once_and_the_oldest_is_forgotten(bench: Bench) -> None:
    words, reads, _ = prompts(kept=2)
    first = words.of("a face", "hats", guided=True, context=bench.context)
    assert len(reads) == 2  # what is wanted, and what is not
    assert words.of("  a \n face ", "hats", guided=True, context=bench.context) is first
    assert len(reads) == 2
    words.of("a house", "", guided=True, context=bench.context)
    words.of("a dog", "", guided=True, context=bench.context)
    assert words.of("a face", "hats", guided=True, context=bench.context) is not first


def test_without_guidance_what_is_not_wanted_is_not_read(bench: Bench) -> None:
    words, reads, _ = prompts()
    plain = words.of("a face", "", guided=False, context=bench.context)
    assert words.of("a face", "hats", guided=False, context=bench.context) is plain
    assert list(plain.arguments) == ["prompt_embeds"]
    assert len(reads) == 1


@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_empty_words_can_be_read(easel: Easel, bench: Bench) -> None:
    words, _, model = prompts(easel)
    read = words.of("", "", guided=True, context=bench.context)
    assert read.notes == ()
    batch = joined([read, read, read], model)
    assert {len(value) for value in batch.values()} == {3}


def test_what_the_model_does_not_read_is_told_from_its_first_word_on(bench: Bench) -> None:
    words, _, _ = prompts()
    read = words.of("kind " * 18 + "remarkable", "x" * 200, guided=True, context=bench.context)
    # one token a letter, 75 beside the two at the ends: 18 times four, and three letters of the word after
    assert read.notes[0] == "The prompt is longer than the model reads. Left out: remarkable"
    assert read.notes[1].startswith("The negative prompt is longer than the model reads. Left out: xxx")
    assert len(read.notes[1]) < 160
    assert words.of("kind " * 18 + "rem", "", guided=True, context=bench.context).notes == ()


def test_an_encoder_of_another_kind_tells_its_cut_too(bench: Bench) -> None:
    words, _, _ = prompts(WAN_IMAGE, limit=8)
    assert words.of("lighthouse keeper", "", guided=False, context=bench.context).notes == (
        "The prompt is longer than the model reads. Left out: lighthouse keeper",
    )


def test_numbers_that_are_none_are_told(bench: Bench) -> None:
    words, _, model = prompts()
    with torch.no_grad():
        next(iter(model.pipe.text_encoder.parameters())).fill_(float("nan"))
    with pytest.raises(BadOutput, match="text encoder"):
        words.of("a face", "", guided=True, context=bench.context)


def test_an_encoder_that_does_not_fit_makes_the_model_take_less_room(bench: Bench) -> None:
    words, _, model = prompts(offload="model")

    tried: list[str] = []

    def hungry(*_: object) -> None:
        tried.append(model.offload)
        if model.offload == "model":
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model.pipe.text_encoder.register_forward_pre_hook(hungry)
    found = words.of("a face", "", guided=True, context=bench.context)
    assert model.offload == "group"
    assert found.notes == ("Memory ran short: a few blocks at a time were kept on the device.",)
    placing.ready(model, PLANNED)  # as a picture wants it that fits
    assert model.offload == "model"
    assert words.of("another face", "", guided=True, context=bench.context).notes == found.notes
    assert tried.count("model") == 1  # which did not fit is not tried again


def test_reading_can_be_called_off(bench: Bench) -> None:
    words, reads, _ = prompts()
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        words.of("a face", "", guided=True, context=bench.context)
    assert reads == []
    bench.cancelled.clear()
    assert words.of("a face", "", guided=True, context=bench.context).arguments


def test_words_are_cleaned_as_tokenizers_count_them() -> None:
    assert cleaned("  a\tkind \n\n face ") == "a kind face"
