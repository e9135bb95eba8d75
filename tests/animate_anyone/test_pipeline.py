from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from avatar.errors import BadOutput, BadRequest, Cancelled, OutOfMemory
from stages.pose.animate_anyone import diffusion
from stages.pose.animate_anyone.blocks import Deep
from stages.pose.animate_anyone.film import Ask, Effort, Models, Quirks, prepare
from stages.pose.animate_anyone.footprint import kept
from stages.pose.animate_anyone.pipeline import NO_QUIRKS, Count, Run
from stages.pose.animate_anyone.windows import Schedule, windows
from stages.pose.brief import Shooting
from tests.animate_anyone.small import ASK, LAYOUT, film, models, portrait, skeletons


@pytest.fixture(scope="module")
def made() -> Models:
    return models()


def near(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and bool(torch.allclose(one, other, atol=2e-5))


@torch.inference_mode()
def test_a_film_of_one_window_is_plain_diffusion(made: Models) -> None:
    prepared = prepare(made, portrait(), skeletons(4), ask=ASK, quirks=NO_QUIRKS, effort=Effort(), beat=lambda: None)
    scheduler = diffusion.Scheduler()
    latents = diffusion.noise(4, channels=4, size=(5, 6), seed=ASK.seed, dtype=torch.float32)
    assert prepared.plain is not None
    for at in scheduler.timesteps(ASK.steps):
        halves, pose = (prepared.plain, prepared.seeing), prepared.skeletons.of([(0, 1, 2, 3)])
        plain, seeing = made.denoising(latents, made.denoising.times(at), halves, pose=pose)
        latents = scheduler.step(plain + ASK.guidance * (seeing - plain), at, latents)
    assert near(film(made, 4)[1], latents)


def test_the_same_seed_is_the_same_film_and_another_is_another(made: Models) -> None:
    first, again = film(made, 6)[0], film(made, 6)[0]
    assert torch.equal(first, again)
    assert not near(film(made, 6, replace(ASK, seed=6))[0], first)


@pytest.mark.parametrize(
    "effort",
    [
        Effort(windows=3),
        Effort(windows=2, halves=1),
        Effort(halves=1, decode=1, guide=1),
        Effort(features=0),
        Effort(decode=100),
    ],
)
def test_how_much_is_held_at_once_does_not_change_the_film(made: Models, effort: Effort) -> None:
    assert near(film(made, 7, effort=effort)[0], film(made, 7)[0])


@pytest.mark.parametrize("schedule", [Schedule(4, 2), Schedule(4, 2, wrap=False), Schedule(4, 1, 2)])
def test_frames_given_early_are_those_of_the_finished_film(made: Models, schedule: Schedule) -> None:
    shown, latents = film(made, 9, replace(ASK, schedule=schedule))
    rows = latents[0].transpose(0, 1) / 0.18215
    with torch.inference_mode():
        whole = (made.autoencoder.decode(rows, return_dict=False)[0] / 2 + 0.5).clamp(0, 1)
    assert near(shown, whole)


def test_frames_are_given_while_later_windows_are_still_denoised(made: Models) -> None:
    from stages.pose.animate_anyone.pipeline import Pipeline

    told: list[int] = []
    chunks = Pipeline(made).generate(portrait(), skeletons(12), ASK, step=lambda done, _total: told.append(done))
    next(chunks)
    early = max(told)
    for _ in chunks:
        pass
    assert early < ASK.steps * 6


def test_interpolation_adds_frames_between_neighbours(made: Models) -> None:
    plain = film(made, 6)[0]
    thrice = film(made, 6, replace(ASK, interpolation=3))[0]
    assert len(thrice) == 5 * 3 + 1
    assert near(thrice[::3], plain)


def test_without_guidance_overlaps_are_averaged_unless_the_fault_is_asked_for(made: Models) -> None:
    ask = replace(ASK, guidance=1.0)
    right, summed = film(made, 6, ask)[1], film(made, 6, ask, quirks=Quirks(summed=True))[1]
    assert not near(right, summed)
    assert near(film(made, 4, ask)[1], film(made, 4, ask, quirks=Quirks(summed=True))[1])


def test_guidance_may_end_before_the_steps_do(made: Models) -> None:
    half = film(made, 4, replace(ASK, guided=0.5))[1]
    assert not near(half, film(made, 4)[1])
    assert near(film(made, 4, replace(ASK, guided=0.0))[1], film(made, 4, replace(ASK, guidance=1.0))[1])


@torch.inference_mode()
def test_the_outermost_layers_alone_give_what_the_whole_net_gave(made: Models) -> None:
    prepared = prepare(made, portrait(), skeletons(4), ask=ASK, quirks=NO_QUIRKS, effort=Effort(), beat=lambda: None)
    latents = diffusion.noise(4, channels=4, size=(5, 6), seed=1, dtype=torch.float32)
    pose, net, deep = prepared.skeletons.of([(0, 1, 2, 3)]), made.denoising, Deep()
    assert prepared.plain is not None
    halves = (prepared.plain, prepared.seeing)
    whole = net(latents, net.times(500), halves, pose=pose, deep=deep)
    assert torch.equal(net(latents, net.times(500), halves, pose=pose, deep=deep), whole)
    assert not near(net(latents, net.times(100), halves, pose=pose, deep=deep), whole)


@pytest.mark.parametrize("effort", [Effort(), Effort(windows=2, halves=1)])
def test_what_the_inner_layers_gave_can_be_used_again(made: Models, effort: Effort) -> None:
    passes: list[int] = []
    hook = made.denoising.mid_block.register_forward_hook(lambda *_: passes.append(1))
    whole = film(made, 7, replace(ASK, steps=4), effort=effort)[0]
    often = len(passes)
    again = film(made, 7, replace(ASK, steps=4, reuse=2), effort=effort)[0]
    hook.remove()
    assert len(passes) - often == often // 2
    assert not near(again, whole)
    assert (again - whole).abs().mean() < 0.1 * whole.std()
    assert near(film(made, 7, replace(ASK, steps=4, reuse=2))[0], again)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_the_plan_knows_how_much_is_kept_for_that(made: Models, guidance: float) -> None:
    ask = replace(ASK, reuse=2, guidance=guidance, schedule=Schedule(4, 2, wrap=False))
    prepared = prepare(made, portrait(), skeletons(7), ask=ask, quirks=NO_QUIRKS, effort=Effort(), beat=lambda: None)
    laid = windows(7, ask.schedule)
    run = Run(made, prepared, ask, laid, Count(lambda *_: None, 1), Effort(), reuse=2)
    with torch.inference_mode():
        list(run.latents(lambda *_: None))
    held = sum(deep.hidden.nbytes for deep in run.deep.values() if deep.hidden is not None)
    shot = Shooting(width=48, height=40, window=4, overlap=2, reuse=2)
    assert held == kept(shot, seconds=0.5, fps=25, guided=guidance > 1, channels=LAYOUT.channels[0], wide=4)
    assert kept(replace(shot, reuse=1), seconds=0.5, fps=25, guided=True) == 0


def test_progress_goes_up_to_its_end(made: Models) -> None:
    told: list[tuple[int, int]] = []
    film(made, 6, step=lambda done, total: told.append((done, total)))
    assert len({total for _, total in told}) == 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


def failing(at: int, wrong: Exception, *, once: bool = False) -> Callable[[int, int], None]:
    """A listener that raises from its `at`-th call on."""
    calls = 0

    def step(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at or (calls > at and not once):
            raise wrong

    return step


@pytest.mark.parametrize("at", [1, 2, 3, 4, 9, 20, 45])
def test_a_film_can_be_called_off_at_any_point(made: Models, at: int) -> None:
    with pytest.raises(Cancelled):
        film(made, 6, step=failing(at, Cancelled("no longer wanted")))


@pytest.mark.parametrize("at", [1, 2, 3, 4, 9, 20])
def test_a_film_that_never_fits_is_out_of_memory(made: Models, at: int) -> None:
    with pytest.raises(OutOfMemory, match="48 x 40 pixels"):
        film(made, 6, effort=Effort(windows=2), step=failing(at, torch.OutOfMemoryError("none left")))


@pytest.mark.parametrize("effort", [Effort(windows=4), Effort(windows=1)])
def test_a_step_that_does_not_fit_is_made_in_smaller_parts(made: Models, effort: Effort) -> None:
    step = failing(6, torch.OutOfMemoryError("none left"), once=True)
    assert near(film(made, 6, effort=effort, step=step)[0], film(made, 6)[0])


def test_what_was_kept_of_earlier_steps_goes_first_when_memory_runs_out(made: Models) -> None:
    step = failing(
        6, torch.OutOfMemoryError("none left"), once=True
    )  # within the first step, before anything is reused
    assert near(film(made, 6, replace(ASK, reuse=2), step=step)[0], film(made, 6)[0])


def test_numbers_that_are_none_are_not_shown() -> None:
    broken = models()
    broken.denoising.conv_in.weight[0] = torch.nan
    with pytest.raises(BadOutput, match="numbers that are none"):
        film(broken, 4)


@pytest.mark.parametrize(
    ("frames", "ask", "phrase"),
    [
        (0, ASK, "without frames"),
        (9, replace(ASK, schedule=Schedule(9, 2)), "over the model's 8"),
        (3, replace(ASK, width=7), "7 x 40 pixels"),
        (3, replace(ASK, steps=0), "0 steps"),
    ],
)
def test_what_can_not_be_made_is_refused(made: Models, frames: int, ask: Ask, phrase: str) -> None:
    with pytest.raises(BadRequest, match=phrase):
        film(made, frames, ask)


def test_a_film_of_one_frame_is_made(made: Models) -> None:
    shown, latents = film(made, 1)
    assert shown.shape == (1, 3, 40, 48)
    assert latents.shape == (1, 4, 1, 5, 6)
