"""Compiled blocks: in every work or in none, whatever came before, and plain where they can't be had."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
import torch

from avatar.errors import Cancelled
from avatar.sampling import Sampling
from avatar.stage import Placement
from stages.diffusion import compiling
from stages.diffusion.compiling import REFUSED, USED, Call, Compiling, by_torch
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
    """Counts what is compiled, and what is called of it; not more often than `lasts`."""

    lasts: int | None = None
    compiled: list[Call] = field(default_factory=list)
    calls: int = 0

    def __call__(self, call: Call) -> Call:
        self.compiled.append(call)
        return partial(self.run, call)

    def run(self, call: Call, *given: Any, **named: Any) -> Any:
        if self.calls == self.lasts:
            raise RuntimeError("Failed to find C compiler.")
        self.calls += 1
        return call(*given, **named)


def studio(compiler: Any, *, wanted: bool = True) -> Studio:
    model = seated(small.sd15(), replace(SD15.source, compiles=True, graphed=False), Placement())
    model.compiling = Compiling(wanted, devices=("cpu",), compile=compiler)
    return Studio(SD15, model, Prompts(model, limit=SD15.tokens))


def drawn(made: Studio, *, side: int = 64, context: Any = None) -> Painted:
    waiting: Any = context or Waiting()
    return made(Order("a face", (1,), side, side, Sampling(steps=2)), waiting)


def test_every_work_of_every_size_is_compiled_where_that_is_wanted() -> None:
    compiler = Compiler()
    made = studio(compiler)
    first, second = drawn(made), drawn(made)
    blocks = len(compiler.compiled)
    assert blocks == 4  # down, in the middle, twice up
    assert compiler.calls == 2 * 2 * blocks  # in each of two steps
    drawn(made, side=80)
    assert compiler.calls == 3 * 2 * blocks
    assert (USED in first.notes, USED in second.notes) == (True, True)
    plain = drawn(studio(Compiler(), wanted=False))
    assert USED not in plain.notes
    assert all(equal(list(each.pictures), list(plain.pictures)) for each in (first, second))


@pytest.mark.parametrize("lasts", [0, 5])
def test_what_can_not_be_compiled_is_made_plain_from_its_start_and_that_is_told(lasts: int) -> None:
    compiler = Compiler(lasts)
    made = studio(compiler)
    waiting = Waiting()
    first, second = drawn(made, context=waiting), drawn(made)
    assert (REFUSAL in first.notes, REFUSAL in second.notes) == (True, True)
    assert USED not in first.notes + second.notes
    assert equal(list(first.pictures), list(second.pictures))
    assert (len(compiler.compiled), compiler.calls) == (4, lasts)  # it is not tried again
    assert [done for done, _ in waiting.told].count(0) > 1


def test_work_is_called_off_between_compiled_blocks() -> None:
    made = studio(Compiler())
    counted = Waiting()
    whole = drawn(made, context=counted)
    with pytest.raises(Cancelled):
        drawn(made, context=Waiting(counted.asked // 2))
    assert equal(list(drawn(made).pictures), list(whole.pictures))


def test_torch_compiles_for_any_number_of_sizes_in_any_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[Any] = []

    def backend(graph: Any, _inputs: Any) -> Any:
        graphs.append(graph)
        return graph

    monkeypatch.setattr(compiling, "SHAPES", 2)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    monkeypatch.setattr(compiling, "SETTLED", None)
    block = small.sd15().unet.mid_block.resnets[0]
    compiled = by_torch(block.forward)
    sizes = (8, 16, 24, 32, 8)

    def passed() -> list[bool]:
        with torch.no_grad():
            inputs = [(torch.ones(1, 32, side, side), torch.ones(1, 64)) for side in sizes]
            return [torch.equal(compiled(*each), block(*each)) for each in inputs]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(passed).result() == [True] * len(sizes)
    assert len(graphs) == len(sizes)  # the first size was dropped with others, and made anew


def test_nothing_is_compiled_on_a_processor_or_once_parts_travel() -> None:
    made = studio(Compiler())
    planned = made.model.placement
    made.model.placement = replace(planned, offload="group")
    assert USED not in drawn(made).notes
    made.model.placement = planned
    made.model.compiling = Compiling(wanted=True)
    assert USED not in drawn(made).notes
