"""Pictures made by real pipelines with random weights: the same again, in batches, called off, out of memory, empty."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch import Tensor, nn

from avatar.errors import BadOutput, BadRequest, Cancelled, OutOfMemory, TooLarge
from avatar.events import Glimpsed
from avatar.sampling import Sampling
from avatar.stage import Offload, Placement, Precision
from avatar.testing import Bench, workbench
from stages.diffusion import decoding, making, placing, previews
from stages.diffusion.controls import Settled
from stages.diffusion.easing import Ease
from stages.diffusion.loading import seated
from stages.diffusion.making import Effort, make
from stages.diffusion.model import Model, blocks
from stages.diffusion.models import EASELS, SD15, SD_TURBO, WAN_IMAGE, Easel
from stages.diffusion.orders import Order, Picture
from stages.diffusion.painting import DECODES, Studio
from stages.diffusion.prompts import Prompts
from tests.diffusion import small

FOUR = Sampling(steps=4)
PIPES: dict[str, Callable[[], Any]] = {
    "sd15": small.sd15,
    "sd-turbo": lambda: small.sd15(turbo=True),
    "wan-image": small.wan,
}


def studio(easel: Easel = SD15, *, offload: Offload = "none", precision: Precision = "float32") -> Studio:
    model = seated(PIPES[easel.id](), easel.source, Placement(offload=offload, precision=precision))
    return Studio(easel, model, Prompts(model, limit=easel.tokens))


def order(*seeds: int, prompt: str = "a kind face", sampling: Sampling = FOUR) -> Order:
    return Order(prompt, seeds or (1,), 64, 64, sampling)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


@pytest.fixture(autouse=True)
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rough pictures: they come by the clock, and their decoder's blocks ask whether they are still wanted."""
    monkeypatch.setattr(previews, "APART", 1000.0)


class Waiting:
    """A context that counts how often it is asked, and calls the work off at the `last` time."""

    device, seed = "cpu", 0

    def __init__(self, last: int | None = None) -> None:
        self.asked, self.last, self.told = 0, last, list[tuple[int, int]]()

    def step(self, done: int, total: int) -> None:
        self.asked += 1
        self.told.append((done, total))
        if self.asked == self.last:
            raise Cancelled("The work was called off.")

    scratch = keep = path = playable = None

    def glimpse(self, picture: bytes) -> None:
        """Not looked at."""


def paint(made: Studio, what: Order, context: Any) -> list[Picture]:
    return list(made(what, context).pictures)


@cache
def plain(easel: str) -> list[Picture]:
    """What a pipeline makes of the first seed when all of it stays on the processor."""
    return paint(studio(EASELS[easel]), order(1), Waiting())


def equal(one: list[Picture], other: list[Picture]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("easel", EASELS.values(), ids=lambda easel: easel.id)
def test_pictures_are_those_of_the_bare_pipeline_and_the_same_again(easel: Easel, bench: Bench) -> None:
    made = studio(easel)
    first = made(order(3), bench.context)
    assert first.pictures[0].shape == (64, 64, 3)
    assert first.pictures[0].std() > 1
    assert equal(list(first.pictures), paint(made, order(3), bench.context))
    assert equal(list(first.pictures), paint(studio(easel), order(3), bench.context))
    assert not equal(list(first.pictures), paint(made, order(4), bench.context))
    bare = PIPES[easel.id]()
    bare.set_progress_bar_config(disable=True)
    bare.scheduler = made.model.pipe.scheduler
    told = bare(
        prompt="a kind face",
        width=64,
        height=64,
        num_inference_steps=4,
        guidance_scale=easel.limits.guidance,
        generator=torch.Generator().manual_seed(3),
        output_type="np",
        **DECODES[easel.limits.family][1],
    )
    wanted = told.images[0] if hasattr(told, "images") else told.frames[0][0]
    assert np.abs(wanted * 255 - first.pictures[0]).max() <= 0.51


@pytest.mark.parametrize("easel", EASELS.values(), ids=lambda easel: easel.id)
def test_a_batch_gives_what_each_alone_would(easel: Easel, bench: Bench) -> None:
    made = studio(easel)
    kept: list[Tensor] = []

    def keeping(model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
        kept.append(latents)
        return DECODES[easel.limits.family][0](model, latents, chunk)

    def latents(seeds: tuple[int, ...]) -> list[Tensor]:
        kept.clear()
        words = made.prompts.of("a face", "", guided=True, context=bench.context)
        make(
            made.model,
            bench.context,
            seeds=seeds,
            arguments=lambda items: {
                **{name: torch.cat([value] * len(items)) for name, value in words.arguments.items()},
                "width": 64,
                "height": 64,
                **DECODES[easel.limits.family][1],
            },
            settled=Settled(64, 64, 1, 4, 3.0, "euler"),
            decode=keeping,
        )
        return list(kept)

    together = latents((1, 2, 3))
    for number, seed in enumerate((1, 2, 3)):
        alone = latents((seed,))[0]
        assert float((together[number] - alone).abs().max() / alone.abs().max()) < 1e-5


def test_orders_that_agree_are_drawn_together_with_words_and_seeds_of_their_own(bench: Bench) -> None:
    made = studio()
    orders = [order(1, prompt="a face"), order(2, 3, prompt="another face"), order(1, prompt="a face")]
    assert made.key(orders[0]) == made.key(orders[1])
    assert made.key(orders[0]) != made.key(order(1, sampling=Sampling(steps=5)))
    together = made.together(orders, [bench.context] * 3)
    assert [len(each.pictures) for each in together] == [1, 2, 1]
    assert np.array_equal(together[0].pictures[0], together[2].pictures[0])
    for each, alone in zip(together, orders, strict=True):
        for a, b in zip(each.pictures, made(alone, bench.context).pictures, strict=True):
            assert np.abs(a.astype(int) - b).max() <= 1


def test_who_leaves_a_batch_does_not_end_it() -> None:
    made = studio()
    stays, leaves = Waiting(), Waiting(5)
    painted = made.together([order(1), order(2)], [stays, leaves])  # type: ignore[list-item]
    assert leaves.asked == 5 < stays.asked
    assert np.abs(painted[0].pictures[0].astype(int) - made(order(1), stays).pictures[0]).max() <= 1  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        made.together([order(1), order(2)], [Waiting(9), Waiting(20)])  # type: ignore[list-item]


@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
@pytest.mark.parametrize("offload", ["none", "model"])
def test_work_can_be_called_off_at_every_moment_and_leaves_no_trace(easel: Easel, offload: Offload) -> None:
    made = studio(easel, offload=offload)
    counting = Waiting()
    right = paint(made, order(1, sampling=Sampling(steps=2)), counting)
    moments = range(1, counting.asked + 1, max(1, counting.asked // (8 if offload == "none" else 3)))
    assert counting.asked > 25  # many within each step
    for moment in moments:
        with pytest.raises(Cancelled):
            paint(made, order(1, prompt=f"a face {moment}", sampling=Sampling(steps=2)), Waiting(moment))
        assert not any(network._forward_pre_hooks for network in all_modules(made.model))  # noqa: SLF001
    assert equal(right, paint(made, order(1, sampling=Sampling(steps=2)), Waiting()))


@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_each_moment_is_heard_of_once(easel: Easel) -> None:
    for name, network in studio(easel).model.networks().items():
        heard = list(blocks(network))
        inside = {id(part) for block in heard for part in block.modules() if part is not block}
        assert heard, name
        assert not inside & {id(block) for block in heard}


def all_modules(model: Model) -> Iterator[nn.Module]:
    for network in model.networks().values():
        yield from network.modules()


def test_work_is_called_off_within_the_decoder_and_progress_never_falls() -> None:
    made, inside = studio(), []
    watcher = Waiting()
    made.model.pipe.vae.decoder.register_forward_pre_hook(lambda *_: inside.append(watcher.asked))
    paint(made, order(1), watcher)
    assert watcher.asked - inside[0] > 5  # times asked from the decoder's first moment on
    done = [told[0] for told in watcher.told if told[1] > 1]
    assert done == sorted(done)
    assert watcher.told[-1][0] == watcher.told[-1][1]
    last = Waiting(inside[0] + 3)
    with pytest.raises(Cancelled):
        paint(made, order(1), last)


def test_two_at_once_wait_for_each_other_and_get_their_own(bench: Bench) -> None:
    made = studio()
    wanted = {seed: paint(made, order(seed), bench.context) for seed in (1, 2, 3)}
    found: dict[int, list[Picture]] = {}

    def work(seed: int) -> None:
        found[seed] = paint(made, order(seed), Waiting())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(equal(found[seed], wanted[seed]) for seed in wanted)


def test_who_waits_for_the_pipeline_can_be_called_off(bench: Bench) -> None:
    made = studio()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            paint(made, order(1), Waiting(2))
        except Cancelled as error:
            raised.append(error)

    with made.model.working(bench.context, 1):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert len(raised) == 1


class Hungry:
    """A hook that finds no memory while `wants` says so; counts how often."""

    def __init__(self, wants: Callable[[tuple[Any, ...]], bool]) -> None:
        self.wants, self.times = wants, 0

    def __call__(self, _network: nn.Module, given: tuple[Any, ...]) -> None:
        if self.wants(given):
            self.times += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB.")


def test_fewer_are_drawn_at_once_when_memory_runs_short_and_that_is_remembered(bench: Bench) -> None:
    made = studio()
    right = paint(made, order(1, 2, 3, 4, 5), bench.context)
    hungry = Hungry(lambda given: len(given[0]) > 4)  # two halves of guidance each: at most two pictures fit
    made.model.pipe.unet.conv_in.register_forward_pre_hook(hungry)
    painted = made(order(1, 2, 3, 4, 5), bench.context)
    assert hungry.times == 1
    assert [note for note in painted.notes if "fewer pictures" in note]
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(right, painted.pictures, strict=True))
    again = made(order(1, 2, 3, 4, 5), bench.context)
    assert equal(list(again.pictures), list(painted.pictures))
    assert again.notes == painted.notes
    assert hungry.times == 1
    assert made(order(1, 2), bench.context).notes == ()


def test_no_memory_for_one_picture_is_told(bench: Bench) -> None:
    made = studio()
    hungry = Hungry(lambda _given: True)
    hook = made.model.pipe.unet.conv_out.register_forward_pre_hook(hungry)
    with pytest.raises(OutOfMemory, match="smaller or shorter"):
        made(order(1), bench.context)
    hook.remove()
    assert equal(paint(made, order(1), bench.context), plain("sd15"))


def test_no_memory_for_the_words_is_told(bench: Bench) -> None:
    made = studio()
    hook = made.model.pipe.text_encoder.register_forward_pre_hook(Hungry(lambda _given: True))
    with pytest.raises(OutOfMemory):
        made(order(1), bench.context)
    hook.remove()
    assert made(order(1), bench.context).pictures


def test_a_pipeline_out_of_memory_goes_down_the_ladder_step_by_step(bench: Bench) -> None:
    made = studio(offload="model")
    right = plain("sd15")
    seen: list[Offload] = []

    def wants(_given: tuple[Any, ...]) -> bool:
        seen.append(made.model.offload)
        return made.model.offload in ("model", "group")

    hook = made.model.pipe.unet.conv_in.register_forward_pre_hook(Hungry(wants))
    painted = made(order(1), bench.context)
    assert list(dict.fromkeys(seen)) == ["model", "group", "sequential"]
    assert [note for note in painted.notes if note.startswith("Memory ran short")] == [
        "Memory ran short: a few blocks at a time were kept on the device.",
        "Memory ran short: one layer at a time was kept on the device.",
    ]
    assert equal(right, list(painted.pictures))
    hook.remove()
    assert equal(right, paint(made, order(1), bench.context))
    assert str(made.model.offload) == "sequential"  # where its kind got through
    assert made(order(1, 2), bench.context).notes == ()
    assert str(made.model.offload) == "model"  # and all others as planned


def test_a_model_for_whose_plan_there_is_no_room_any_more_goes_on_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = studio(offload="model")
    placing.ready(made.model, Ease(offload="group", notes=("It was short.",)))
    enable, full = made.model.pipe.enable_model_cpu_offload, [True]

    def taken(**told: Any) -> None:
        if full:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        enable(**told)

    monkeypatch.setattr(made.model.pipe, "enable_model_cpu_offload", taken)
    painted = made(order(1), bench.context)
    assert (made.model.offload, painted.notes) == ("group", ("It was short.",))
    assert equal(list(painted.pictures), plain("sd15"))
    full.clear()
    assert made(order(1, 2), bench.context).notes == ()
    assert made.model.offload == "model"


def test_a_decoder_out_of_memory_works_tile_by_tile(bench: Bench) -> None:
    made = studio()
    vae = made.model.pipe.vae
    hungry = vae.decoder.register_forward_pre_hook(Hungry(lambda given: not vae.use_tiling))
    painted = made(order(1), bench.context)
    assert painted.notes == ("Memory ran short: the picture was decoded tile by tile.",)
    assert made(order(2), bench.context).notes == painted.notes  # as one of its kind
    assert made(replace(order(2), width=96), bench.context).notes == painted.notes  # which runs short by itself
    hungry.remove()
    other = made(replace(order(2), height=96), bench.context)
    assert (other.notes, vae.use_tiling, vae.use_slicing) == ((), False, False)
    assert equal(list(painted.pictures), paint(made, order(1), bench.context))  # the same bytes, whatever was between
    vae.decoder.register_forward_pre_hook(Hungry(lambda _given: True))
    with pytest.raises(OutOfMemory):
        made(order(1), bench.context)


def test_fewer_frames_are_decoded_at_once_when_memory_runs_short(bench: Bench) -> None:
    made = studio(WAN_IMAGE)
    vae = small.autoencoder()
    sizes: list[int] = []

    def decode(_model: Model, latents: Tensor, size: int) -> Iterator[Tensor]:
        sizes.append(size)
        if size > 2:
            raise torch.OutOfMemoryError("out of memory")
        for part in torch.split(latents[0, :4].transpose(0, 1).repeat(8, 1, 1, 1), size):
            yield vae.decode(part, return_dict=False)[0].clamp(-1, 1) / 2 + 0.5

    words = made.prompts.of("a face", "", guided=False, context=bench.context)
    told = make(
        made.model,
        bench.context,
        seeds=(1, 2),
        arguments=lambda items: {
            **{name: torch.cat([value] * len(items)) for name, value in words.arguments.items()},
            "width": 32,
            "height": 32,
            "num_frames": 1,
        },
        settled=Settled(32, 32, 1, 1, 0.0, "unipc"),
        decode=decode,
        effort=Effort(chunk=8),
    )
    assert sizes == [8, 4, 2, 2]
    assert told.notes == ("Memory ran short: fewer frames were decoded at once.",)
    assert told.films[0].shape == (8, 32, 32, 3)


def test_numbers_that_are_none_end_it_at_once(bench: Bench) -> None:
    made = studio()
    steps: list[int] = []

    def spoil(_network: nn.Module, _given: Any, out: Any) -> Any:
        steps.append(1)
        return (out[0] * float("nan"),) if len(steps) == 2 else out

    hook = made.model.pipe.unet.register_forward_hook(spoil)
    with pytest.raises(BadOutput, match="no numbers. Try another precision"):
        made(order(1), bench.context)
    assert len(steps) == 2
    hook.remove()
    assert equal(paint(made, order(1), bench.context), plain("sd15"))


@pytest.mark.parametrize("spoiled", [float("nan"), -1.0], ids=["no numbers", "black"])
def test_an_empty_picture_is_decoded_again_at_full_precision(bench: Bench, spoiled: float) -> None:
    made = studio()
    made.model.pipe.vae.to(torch.bfloat16)

    def narrow(_network: nn.Module, given: Any, out: Tensor) -> Tensor:
        return torch.full_like(out, spoiled) if given[0].dtype is torch.bfloat16 else out

    hook = made.model.pipe.vae.decoder.register_forward_hook(narrow)
    painted = made(order(1), bench.context)
    assert painted.notes == ("The picture came out empty; it was decoded again at full precision.",)
    assert painted.pictures[0].std() > 1
    assert equal(list(painted.pictures), paint(made, order(1), bench.context))
    hook.remove()
    assert made(order(1), bench.context).notes == ()
    assert made.model.pipe.vae.dtype is torch.bfloat16


@pytest.mark.parametrize(("spoiled", "said"), [(float("nan"), "no numbers"), (-1.0, "empty black picture")])
def test_a_picture_that_stays_empty_is_none(bench: Bench, spoiled: float, said: str) -> None:
    made = studio()
    made.model.pipe.vae.decoder.register_forward_hook(lambda _network, _given, out: torch.full_like(out, spoiled))
    with pytest.raises(BadOutput, match=said):
        made(order(1), bench.context)


@pytest.mark.parametrize("offload", ["tiles", "model", "group", "sequential"])
@pytest.mark.parametrize("easel", [SD15, WAN_IMAGE], ids=lambda easel: easel.id)
def test_how_the_parts_travel_does_not_change_the_picture(easel: Easel, offload: Offload, bench: Bench) -> None:
    made = studio(easel, offload=offload)
    assert equal(paint(made, order(1), bench.context), plain(easel.id))
    assert equal(paint(made, order(1), bench.context), plain(easel.id))


@pytest.mark.parametrize("offload", ["none", "model"])
def test_weights_may_be_stored_in_8_bits(tmp_path: Path, offload: Offload) -> None:
    folder = small.saved(small.sd15(), tmp_path / "sd15")
    made = Studio.load(SD15, Placement(precision="fp8", offload=offload, weights={"sd15": folder}))
    kinds = {tensor.dtype for tensor in made.model.pipe.unet.parameters()}
    assert torch.float8_e4m3fn in kinds
    assert torch.float8_e4m3fn in {tensor.dtype for tensor in made.model.pipe.text_encoder.parameters()}
    assert made(order(1), workbench(tmp_path).context).pictures[0].std() > 1


def test_what_hardly_changes_may_be_taken_over_from_the_step_before(bench: Bench) -> None:
    times: list[int] = []
    model = seated(small.wan(), WAN_IMAGE.source, Placement())
    model.pipe.transformer.blocks[-1].ffn.register_forward_pre_hook(lambda *_: times.append(1))
    made = Studio(WAN_IMAGE, model, Prompts(model, limit=512))

    def drawn(threshold: float) -> tuple[int, list[Picture]]:
        times.clear()
        pictures = paint(made, order(1, sampling=Sampling(steps=6, cache_threshold=threshold)), bench.context)
        return len(times), pictures

    (often, whole), (seldom, quick) = drawn(0.0), drawn(1.0)
    assert (often, seldom) == (12, 2)  # six steps, each with the words and without; the first step alone
    assert not equal(whole, quick)
    with pytest.raises(Cancelled):
        paint(made, order(1, sampling=Sampling(steps=6, cache_threshold=1.0)), Waiting(20))
    assert equal(quick, drawn(1.0)[1])
    often, again = drawn(0.0)
    assert often == 12
    assert equal(whole, again), "what was taken over must not outlive the work that asked for it"
    told = made(order(1, sampling=Sampling(steps=6, cache_threshold=1.0)), bench.context).notes
    assert any("taken over" in note for note in told)


def test_blocks_that_travel_take_nothing_over_and_say_so(bench: Bench) -> None:
    model = seated(small.wan(), WAN_IMAGE.source, Placement(offload="sequential"))
    made = Studio(WAN_IMAGE, model, Prompts(model, limit=512))
    told = made(order(1, sampling=Sampling(steps=2, cache_threshold=1.0)), bench.context).notes
    assert any("Blocks travel" in note for note in told)


def test_previews_are_shown_every_so_many_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = studio()
    monkeypatch.setattr(previews, "APART", 0.0)
    made(order(1, 2), bench.context)
    seen = [event.picture for event in bench.events if isinstance(event, Glimpsed)]
    assert len(seen) == 4  # one a step, of the first picture alone
    assert len(set(seen)) >= 3  # the sampler asks twice at first
    assert _jpeg(seen[0]).shape == (8, 8, 3)


def test_previews_keep_their_distance_from_the_beginning_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = studio(), [100.0]
    monkeypatch.setattr(making, "monotonic", lambda: now[0])
    monkeypatch.setattr(previews, "APART", 1.5)
    made.model.pipe.unet.register_forward_pre_hook(lambda *_: now.append(now.pop() + 1.0))  # a step takes a second
    made(order(1), bench.context)
    shown = [event for event in bench.events if isinstance(event, Glimpsed)]
    assert len(shown) == 2  # after two of four steps, and after all
    monkeypatch.setattr(previews, "APART", 5.0)
    made(order(1), bench.context)
    assert len([event for event in bench.events if isinstance(event, Glimpsed)]) == 2  # none of one so short


def test_each_of_a_batch_is_shown_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "APART", 0.0)
    ada, bo = (workbench(tmp_path / name) for name in ("ada", "bo"))
    studio().together([order(1), order(2)], [ada.context, bo.context])
    one, other = ([event.picture for event in each.events if isinstance(event, Glimpsed)] for each in (ada, bo))
    assert len(one) == len(other) == 4
    assert not set(one) & set(other)


def test_latents_without_colours_are_decoded_small(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "APART", 0.0)
    studio(WAN_IMAGE)(order(1), bench.context)
    seen = [event.picture for event in bench.events if isinstance(event, Glimpsed)]
    assert _jpeg(seen[-1]).shape == (64, 64, 3)
    model = studio(WAN_IMAGE).model
    wide = previews.rough(model, torch.randn(1, 16, 3, 10, 80), decoding.wan, {})
    assert wide is not None
    assert wide.shape == (32, 256, 3)
    model.offload = "group"
    assert previews.rough(model, torch.randn(1, 16, 3, 10, 80), decoding.wan, {}) is None


def _jpeg(data: bytes) -> Picture:
    return np.asarray(PIL.Image.open(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (Order("  \n", (1,)), BadRequest, "no words"),
        (Order("x" * 100_000, (1,)), TooLarge, "100000 characters"),
        (Order("a face", ()), BadRequest, "needs a seed"),
        (Order("a face", (2**32,)), BadRequest, "needs a seed"),
        (Order("a face", (1,), sampling=Sampling(steps=0)), BadRequest, "0 steps"),
        (Order("a face", (1,), sampling=Sampling(sampler="pndm")), BadRequest, "pndm does not go with this model"),
    ],
)
def test_orders_that_make_no_sense_are_refused(wrong: Order, kind: type[BadRequest], said: str) -> None:
    made = studio(SD_TURBO)
    with pytest.raises(kind, match=said):
        made(wrong, Waiting())  # type: ignore[arg-type]


def test_a_parked_encoder_comes_back_for_new_words_and_for_work_as_planned(bench: Bench) -> None:
    made = studio()
    right = made.prompts.of("new words", "", guided=True, context=bench.context).arguments
    fresh = studio()
    placing.ready(fresh.model, Ease(parked=True))
    assert fresh.model.pipe.text_encoder is None
    read = fresh.prompts.of("new words", "", guided=True, context=bench.context).arguments
    assert all(torch.equal(right[name], value) for name, value in read.items())
    assert fresh.model.pipe.text_encoder is None
    assert equal(paint(fresh, order(1), bench.context), plain("sd15"))
    assert fresh.model.pipe.text_encoder is not None
