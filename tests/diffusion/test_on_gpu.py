"""The same on a GPU: how parts travel, 8 bits, compiled blocks, and memory that really runs out. Skips without one."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar.sampling import Sampling
from avatar.stage import Offload, Placement, Precision
from stages.diffusion import compiling, placing
from stages.diffusion.easing import PLANNED, WAYS
from stages.diffusion.loading import seated
from stages.diffusion.models import SD15, WAN_IMAGE, Easel
from stages.diffusion.orders import Order, Picture
from stages.diffusion.painting import Studio
from stages.diffusion.prompts import Prompts
from tests.animate_anyone import small as animated
from tests.diffusion import small

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")

FOUR = Sampling(steps=4)
COMPILED = Placement(device="cuda", compiled=True)
NEAR = 3
"""Levels of 255 that a processor's and a GPU's sums may be apart."""


class Quiet:
    """A context that nobody listens to."""

    device, seed = "cuda", 0

    def step(self, done: int, total: int) -> None:
        """Nothing."""

    def glimpse(self, picture: bytes) -> None:
        """Nothing."""

    scratch = keep = path = playable = None


QUIET: Any = Quiet()


def studio(easel: Easel, placement: Placement, **source: Any) -> Studio:
    pipe = small.sd15() if easel is SD15 else small.wan()
    model = seated(pipe, replace(easel.source, **source), placement)
    return Studio(easel, model, Prompts(model, limit=easel.tokens))


def paint(made: Studio, *seeds: int) -> list[Picture]:
    return list(made(Order("a kind face", seeds or (1,), 64, 64, FOUR), QUIET).pictures)


def refusing(made: Studio, times: int) -> list[Picture]:
    """The same with a network that finds no memory at first, so often."""
    left = [1] * times

    def refuse(*_: object) -> None:
        if left:
            left.pop()
            raise torch.OutOfMemoryError("CUDA out of memory.")

    WAYS.forget()
    denoiser = next(iter(made.model.denoisers().values()))
    hook = next(denoiser.children()).register_forward_pre_hook(refuse)
    try:
        return paint(made)
    finally:
        hook.remove()


def apart(one: list[Picture], other: list[Picture]) -> int:
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(one, other, strict=True))


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """Sums without the shortcuts of tensor cores, so that they can be compared."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = True


@pytest.mark.parametrize("offload", ["none", "tiles", "model", "group", "sequential"])
@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_pictures_are_those_of_the_processor_however_parts_travel(easel: Easel, offload: Offload) -> None:
    wanted = paint(studio(easel, Placement()), 1, 2)
    made = studio(easel, Placement(device="cuda", offload=offload))
    assert apart(paint(made, 1, 2), wanted) <= NEAR
    assert apart(paint(made, 1, 2), wanted) <= NEAR
    if offload not in ("none", "tiles"):
        assert not any(part.device.type == "cuda" for part in made.model.pipe.text_encoder.parameters())


@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_the_whole_ladder_can_be_gone_down(easel: Easel) -> None:
    made = studio(easel, Placement(device="cuda"))
    wanted = paint(made)
    seen = []
    for refused in range(1, 5):
        assert apart(refusing(made, refused), wanted) <= NEAR
        seen.append(made.model.offload)
    assert seen == ["none", "model", "group", "sequential"]
    placing.ready(made.model, PLANNED)
    assert (made.model.offload, made.model.tiled, made.model.parked) == ("none", False, {})
    assert apart(paint(made), wanted) == 0


@pytest.mark.parametrize("offload", ["none", "model", "group"])
def test_half_precision_and_a_decoder_that_is_widened(offload: Offload) -> None:
    made = studio(SD15, Placement(device="cuda", precision="float16", offload=offload))
    made.model.pipe.to(torch.float16) if offload == "none" else None
    first = paint(made)
    assert placing.widen(made.model) == (offload == "none")
    assert apart(paint(made), first) <= 12


@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_compiled_blocks_give_the_same_bytes_whatever_came_before(easel: Easel) -> None:
    one, other = (Order("a kind face", (1,), side, side, FOUR) for side in (64, 96))
    plain = studio(easel, Placement(device="cuda"))(one, QUIET)
    made = studio(easel, COMPILED, compiles=True, graphed=False)
    first, _, third = (made(each, QUIET) for each in (one, other, one))
    torch.compiler.reset()
    fresh = studio(easel, COMPILED, compiles=True, graphed=False)(one, QUIET)
    assert [compiling.USED in each.notes for each in (plain, first, third, fresh)] == [False, True, True, True]
    assert apart(list(first.pictures), list(plain.pictures)) <= NEAR
    assert apart(list(third.pictures), list(first.pictures)) == 0
    assert apart(list(fresh.pictures), list(first.pictures)) == 0


def test_without_a_compiler_they_run_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to find C compiler.")

    monkeypatch.setattr("torch._inductor.compile_fx.compile_fx", nowhere)
    one = Order("a kind face", (1,), 96, 64, FOUR)
    plain = studio(WAN_IMAGE, Placement(device="cuda"))(one, QUIET)
    tried = studio(WAN_IMAGE, COMPILED, compiles=True)(one, QUIET)
    assert any("could not be compiled" in note for note in tried.notes)
    assert apart(list(tried.pictures), list(plain.pictures)) <= 1


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_replayed_passes_give_the_bytes_of_ordinary_ones(precision: Precision) -> None:
    plain = studio(SD15, Placement(device="cuda", precision=precision))
    made = studio(SD15, replace(COMPILED, precision=precision))
    for each in (plain, made):
        each.model.pipe.to(each.model.dtype)
    for seeds, side in (((1,), 64), ((2, 3), 96), ((1,), 64)):
        order = Order("a kind face", seeds, side, side, FOUR)
        with ThreadPoolExecutor(1) as pool:  # each in a thread of its own, as in a server
            mine = pool.submit(made, order, QUIET).result()
        assert apart(list(mine.pictures), list(plain(order, QUIET).pictures)) == 0
        assert not made.model.graphs.why_not
    assert made.model.graphs.replays == 3 + 3 + 4  # a first pass of each shape as it comes
    for refused in range(1, 5):
        assert apart(refusing(made, refused), paint(plain)) <= NEAR


def test_the_denoiser_of_animate_anyone_is_compiled_too() -> None:
    made = animated.models()
    for each in fields(made):
        part = getattr(made, each.name)
        if isinstance(part, torch.nn.Module):
            part.cuda()

    def film(works: compiling.Compiling) -> tuple[Tensor, tuple[str, ...]]:
        with works.used([made.denoising]):
            return animated.film(made, 6)[0], works.notes

    first, second = film(compiling.Compiling()), film(compiling.Compiling(wanted=True))
    assert (first[1], second[1]) == ((), (compiling.USED,))
    assert float((first[0] - second[0]).abs().max()) <= NEAR / 255


def test_memory_that_really_runs_out_costs_a_note_and_not_the_picture() -> None:
    made = studio(SD15, Placement(device="cuda"))
    many = tuple(range(8))
    big = Order("a kind face", many, 512, 512, FOUR)
    whole = list(made(big, QUIET).pictures)
    tiled = list(studio(SD15, Placement(device="cuda", offload="tiles"))(big, QUIET).pictures)
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    rests, there = torch.cuda.memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    made(big, QUIET)
    most = torch.cuda.max_memory_reserved()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((rests + 0.6 * (most - rests)) / there)
    try:
        painted = made(big, QUIET)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("Memory ran short" in note for note in painted.notes)
    in_tiles = any("tile by tile" in note for note in painted.notes)  # an untrained autoencoder shows where one ends
    assert apart(list(painted.pictures), tiled if in_tiles else whole) <= NEAR
