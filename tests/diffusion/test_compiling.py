"""Compiled blocks: from the second film on, for a few sizes, and plain where they can't be had."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
import torch

from avatar.errors import Cancelled
from avatar.sampling import Sampling
from avatar.stage import Placement
from stages.diffusion.compiling import REFUSED, SIZES, USED, Call, Compiling
from stages.diffusion.loading import seated
from stages.diffusion.models import SD15
from stages.diffusion.orders import Order, Painted
from stages.diffusion.painting import Studio
from stages.diffusion.prompts import Prompts
from tests.diffusion import small
from tests.diffusion.test_making import Waiting, equal

REFUSAL = REFUSED.format(why="RuntimeError")


@dataclass
class Compiler:
    """Counts what is compiled, and what is called of it; `broken`, nothing can be called."""

    broken: bool = False
    compiled: list[Call] = field(default_factory=list)
    calls: int = 0

    def __call__(self, call: Call) -> Call:
        self.compiled.append(call)
        return partial(self.run, call)

    def run(self, call: Call, *given: Any, **named: Any) -> Any:
        if self.broken:
            raise RuntimeError("Failed to find C compiler.")
        self.calls += 1
        return call(*given, **named)


def studio(compiler: Any) -> Studio:
    model = seated(small.sd15(), replace(SD15.source, compiles=True), Placement())
    model.compiling = Compiling(devices=("cpu",), compile=compiler)
    return Studio(SD15, model, Prompts(model, limit=SD15.tokens))


def drawn(made: Studio, *, side: int = 64, context: Any = None) -> Painted:
    waiting: Any = context or Waiting()
    return made(Order("a face", (1,), side, side, Sampling(steps=2)), waiting)


def test_the_first_work_of_a_size_is_plain_and_the_second_compiled() -> None:
    compiler = Compiler()
    made = studio(compiler)
    first = drawn(made)
    assert not compiler.compiled
    second = drawn(made)
    blocks = len(compiler.compiled)
    assert blocks == 4  # down, in the middle, twice up
    assert compiler.calls == 2 * blocks  # in each of two steps
    assert (USED in first.notes, USED in second.notes) == (False, True)
    assert equal(list(first.pictures), list(second.pictures))
    other = drawn(made, side=80)
    assert compiler.calls == 2 * blocks
    assert USED not in other.notes


def test_no_more_than_a_few_sizes_are_compiled_for() -> None:
    compiling = Compiling(devices=("cpu",), compile=Compiler())
    block = small.sd15().unet
    active = []
    for size in range(SIZES + 2):
        for _ in range(2):
            with compiling.used([block], size) as is_active:
                active.append(is_active)
    assert active == [False, True] * SIZES + [False] * 4


def test_what_can_not_be_compiled_runs_as_it_comes_and_that_is_told() -> None:
    compiler = Compiler(broken=True)
    made = studio(compiler)
    first, second, third = (drawn(made) for _ in range(3))
    assert REFUSAL not in first.notes
    assert REFUSAL in second.notes
    assert REFUSAL in third.notes
    assert equal(list(first.pictures), list(second.pictures))
    assert len(compiler.compiled) == 4  # it is not tried again


def test_work_is_called_off_between_compiled_blocks() -> None:
    made = studio(Compiler())
    drawn(made)
    counted = Waiting()
    whole = drawn(made, context=counted)
    with pytest.raises(Cancelled):
        drawn(made, context=Waiting(counted.asked // 2))
    assert equal(list(drawn(made).pictures), list(whole.pictures))


def test_torch_compiles_the_blocks_as_they_are() -> None:
    made = studio(partial(torch.compile, backend="eager", dynamic=False))
    first, second = drawn(made), drawn(made)
    assert USED in second.notes
    assert equal(list(first.pictures), list(second.pictures))


def test_nothing_is_compiled_on_a_processor_or_once_parts_travel() -> None:
    made = studio(Compiler())
    made.model.offload = "group"
    assert not any(USED in drawn(made).notes for _ in range(2))
    made.model.offload = "none"
    made.model.compiling = Compiling()
    assert not any(USED in drawn(made).notes for _ in range(2))
