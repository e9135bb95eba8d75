"""Recorded passes: the bytes of ordinary ones, whatever comes between, and plain where they can't be had."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from avatar.errors import Cancelled
from avatar.sampling import Sampling
from avatar.stage import Placement
from stages.diffusion.graphs import REFUSED, SHAPES, Graphs, Outs, Pass
from stages.diffusion.loading import seated
from stages.diffusion.models import SD_TURBO
from stages.diffusion.orders import Order, Painted
from stages.diffusion.painting import Studio
from stages.diffusion.prompts import Prompts
from tests.diffusion import small
from tests.diffusion.test_making import Hungry, Waiting, equal


@dataclass
class Recorder:
    """Records and replays as a GPU does: reads the same inputs, writes over the same outputs. `broken` can't."""

    broken: bool = False
    recorded: list[Outs] = field(default_factory=list)
    replays: int = 0

    def record(self, work: Pass) -> Pass:
        if self.broken:
            raise RuntimeError("operation not permitted when stream is capturing")
        outs = work()
        self.recorded.append(outs)

        def replay() -> Outs:
            self.replays += 1
            for mine, new in zip(outs, work(), strict=True):
                mine.copy_(new)
            return outs

        return replay


def studio(recorder: Recorder | None) -> Studio:
    model = seated(small.sd15(turbo=True), SD_TURBO.source, Placement())
    if recorder:
        model.graphs = Graphs(wanted=True, devices=("cpu",), recorder=lambda: recorder.record)
    return Studio(SD_TURBO, model, Prompts(model, limit=SD_TURBO.tokens))


def drawn(made: Studio, *seeds: int, side: int = 64, steps: int = 4, context: Any = None) -> Painted:
    waiting: Any = context or Waiting()
    return made(Order("a face", seeds or (1,), side, side, Sampling(steps=steps)), waiting)


def test_replayed_passes_give_the_bytes_of_ordinary_ones() -> None:
    recorder = Recorder()
    made, plain = studio(recorder), studio(None)
    for seeds, side, steps in (((1,), 64, 4), ((1,), 80, 2), ((2, 3), 64, 1), ((1,), 64, 3)):
        mine, theirs = (drawn(each, *seeds, side=side, steps=steps) for each in (made, plain))
        assert equal(list(mine.pictures), list(theirs.pictures))
        assert mine.notes == theirs.notes
    assert len(recorder.recorded) == 2  # the pass of two at once came only once
    assert [outs[0].shape[-1] for outs in recorder.recorded] == [8, 10]
    assert recorder.replays == 3 + 1 + 3


def test_what_can_not_be_recorded_runs_as_it_comes_and_that_is_told() -> None:
    made = studio(Recorder(broken=True))
    first, second = drawn(made), drawn(made)
    assert REFUSED.format(why="RuntimeError") in first.notes
    assert first.notes == second.notes
    assert all(equal(list(each.pictures), list(drawn(studio(None)).pictures)) for each in (first, second))


def test_work_is_called_off_between_replays() -> None:
    made = studio(Recorder())
    counted = Waiting()
    whole = drawn(made, context=counted)
    with pytest.raises(Cancelled):
        drawn(made, context=Waiting(counted.asked // 2))
    assert equal(list(drawn(made).pictures), list(whole.pictures))


def test_recorded_passes_go_first_when_memory_runs_short() -> None:
    recorder = Recorder()
    made = studio(recorder)
    whole = drawn(made)
    hungry = Hungry(lambda _given: hungry.times == 0)
    made.model.pipe.vae.decoder.register_forward_pre_hook(hungry)
    again = drawn(made)
    assert hungry.times == 1
    assert equal(list(again.pictures), list(whole.pictures))
    assert len(recorder.recorded) == 1
    drawn(made)
    assert len(recorder.recorded) == 2


def test_shapes_without_end_do_not_pile_up() -> None:
    recorder = Recorder()
    held = Graphs(wanted=True, devices=("cpu",), recorder=lambda: recorder.record)

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.full((1,), 2.0))

        def forward(self, given: Tensor, *, more: object = None) -> Outs:
            assert more is None or isinstance(more, dict)
            return (given * self.weight,)

    network = Twice()
    with torch.no_grad(), held.used(network, beat=lambda: None):
        for size in (*range(1, SHAPES + 2), 1):
            for number in (1.0, 2.0, 3.0):
                given = torch.full((size,), number)
                assert torch.equal(network(given)[0], 2 * given)
                assert torch.equal(network(given, more={"a": given})[0], 2 * given)  # what can't be compared
    assert len(recorder.recorded) == SHAPES + 2
    assert recorder.replays == 2 * len(recorder.recorded)
    assert "_compiled_call_impl" not in vars(network) or vars(network)["_compiled_call_impl"] is None
