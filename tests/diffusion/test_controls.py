"""What an asker's wishes come to, before anything is loaded."""

from typing import get_args

import pytest

from avatar.errors import BadRequest, TooLarge
from avatar.sampling import SAMPLERS, Sampler, Sampling
from stages.diffusion import controls, samplers
from stages.diffusion.controls import Limits, settle
from stages.diffusion.models import EASELS, SD15, SD_TURBO, WAN_IMAGE, Easel
from stages.diffusion.samplers import Family

FILM = Limits("ltx", "LTX-Video", 704, 512, grid=32, frames=97, every=8, most_frames=257, steps=8, guidance=1.0)


@pytest.mark.parametrize("family", get_args(Family))
def test_every_sampler_goes_with_a_family_or_has_a_reason_why_not(family: Family) -> None:
    for sampler in SAMPLERS:
        reason = samplers.why_not(family, sampler)
        assert (sampler in samplers.names(family)) != bool(reason)
        if reason:
            with pytest.raises(BadRequest) as refused:
                samplers.check(family, sampler)
            assert reason in str(refused.value)
            assert samplers.names(family)[-1] in str(refused.value)


def test_an_unknown_sampler_is_refused_with_those_that_there_are() -> None:
    unknown: Sampler = "magic"  # type: ignore[assignment]  # as it comes from a door that forgot to look
    with pytest.raises(BadRequest, match="There is no sampler magic. Choose unipc, dpm\\+\\+, euler or heun"):
        samplers.check("wan", unknown)


@pytest.mark.parametrize("easel", EASELS.values(), ids=lambda easel: easel.id)
def test_what_is_left_open_is_the_models_own(easel: Easel) -> None:
    settled, own = settle(easel.limits, Sampling()), easel.limits
    assert (settled.width, settled.height, settled.steps) == (own.width, own.height, own.steps)
    assert settled.sampler == samplers.names(own.family)[0]
    assert settled.notes == ()


@pytest.mark.parametrize(
    ("wanted", "drawn"),
    [
        ((513, 500), (512, 504)),
        ((100, 2000), (64, 1280)),
        ((4000, 4000), (768, 768)),
        ((1, 1), (64, 64)),
        ((1280, 1280), (768, 768)),
        ((20, 400), (64, 1280)),
        ((512, 640), (512, 640)),
    ],
)
def test_sizes_come_to_the_models_grid_and_keep_their_shape(wanted: tuple[int, int], drawn: tuple[int, int]) -> None:
    settled = settle(SD15.limits, Sampling(), width=wanted[0], height=wanted[1])
    assert (settled.width, settled.height) == drawn
    assert bool(settled.notes) == (wanted != drawn)
    assert settled.width * settled.height <= SD15.limits.pixels


def test_one_side_alone_keeps_the_models_shape() -> None:
    settled = settle(WAN_IMAGE.limits, Sampling(), width=416)
    assert (settled.width, settled.height) == (416, 240)


@pytest.mark.parametrize(("asked", "drawn"), [(1, 1), (8, 9), (10, 9), (13, 17), (100, 97), (1000, 257), (97, 97)])
def test_frames_come_to_a_count_that_the_model_makes(asked: int, drawn: int) -> None:
    settled = settle(FILM, Sampling(), frames=asked)
    assert settled.frames == drawn
    assert bool(settled.notes) == (asked != drawn)


def test_a_distilled_model_takes_the_nearest_of_its_steps_and_says_so() -> None:
    settled = settle(SD_TURBO.limits, Sampling(steps=25, guidance=7.5, negative="blurry"))
    assert (settled.steps, settled.guidance, settled.guided) == (4, 0.0, False)
    assert len(settled.notes) == 3
    assert "4 were made, not 25" in settled.notes[0]


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        (Sampling(steps=0), "0 steps can't be made. Ask for 1 to 100; 25 are usual"),
        (Sampling(steps=-3), "-3 steps"),
        (Sampling(steps=101), "101 steps"),
        (Sampling(guidance=float("nan")), "A guidance of nan"),
        (Sampling(guidance=-1.0), "A guidance of -1"),
        (Sampling(guidance=float("inf")), "A guidance of inf"),
        (Sampling(guidance=31.0), "Ask for 0 to 30; 7.5 is usual"),
        (Sampling(cache_threshold=-0.1), "A cache threshold of -0.1"),
        (Sampling(cache_threshold=float("nan")), "A cache threshold of nan"),
    ],
)
def test_figures_that_make_no_sense_are_refused_with_those_that_do(sampling: Sampling, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        settle(SD15.limits, sampling)
    assert said in str(refused.value)


@pytest.mark.parametrize("sides", [(0, 512), (512, -1)])
def test_a_picture_without_pixels_is_refused(sides: tuple[int, int]) -> None:
    with pytest.raises(BadRequest, match="above 0"):
        settle(SD15.limits, Sampling(), width=sides[0], height=sides[1])


def test_no_frames_are_refused() -> None:
    with pytest.raises(BadRequest, match="0 frames can't be drawn"):
        settle(FILM, Sampling(), frames=0)


def test_a_prompt_nobody_reads_to_its_end_is_refused() -> None:
    with pytest.raises(TooLarge, match="100000 characters"):
        controls.check_prompt("x" * 100_000)
    with pytest.raises(TooLarge, match="negative prompt"):
        settle(SD15.limits, Sampling(negative="x" * 2_001))


def test_variations_take_the_seeds_that_follow() -> None:
    assert controls.seeds(2**32 - 1, 3) == (2**32 - 1, 0, 1)


def test_a_model_that_takes_nothing_over_says_so() -> None:
    settled = settle(SD15.limits, Sampling(cache_threshold=0.1))
    assert settled.cached == 0.0
    assert any("takes nothing over" in note for note in settled.notes)
    wan = settle(WAN_IMAGE.limits, Sampling(cache_threshold=0.1))
    assert (wan.cached, wan.notes) == (0.1, ())
