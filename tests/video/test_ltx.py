"""LTX-Video from its makers' one file, distilled: fixed moments, words and pictures."""

import stages.diffusion.foreign  # noqa: F401 - first: it makes the libraries ready

# isort: split

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, LTXConditionPipeline
from diffusers.loaders.single_file_utils import convert_ltx_vae_checkpoint_to_diffusers

from avatar.errors import BadRequest, Unavailable
from avatar.media import footage
from avatar.sampling import Sampling
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from stages.diffusion import ltx
from stages.video import Brief
from stages.video.cinema import Cinema
from tests.diffusion.small import t5_tokenizer
from tests.video import small
from tests.video.test_films import a_brief, a_picture, filmed


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    return small.ltx(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def a_cinema(placement: Placement) -> Cinema:
    return Cinema(ltx.load(placement, shapes=small.LTX_SHAPES))


def a_wish(**changes: Any) -> Brief:
    return a_brief(**{"sampling": Sampling(), "seconds": 0.3} | changes)


def test_it_films_what_the_library_s_own_pipeline_makes(bench: Bench, placement: Placement) -> None:
    made = a_cinema(placement)(a_wish(), bench.context)
    transformer, vae = small.ltx_networks()
    built: Any = LTXConditionPipeline
    rule: Any = FlowMatchEulerDiscreteScheduler
    pipe = built(
        scheduler=rule(shift=1.0),
        transformer=transformer.eval(),
        vae=vae.eval(),
        text_encoder=small.t5(),
        tokenizer=t5_tokenizer(),
    )
    pipe.set_progress_bar_config(disable=True)
    plain = pipe(
        prompt="a lighthouse in the fog",
        width=64,
        height=64,
        num_frames=9,
        frame_rate=24,
        timesteps=list(ltx.MOMENTS),
        guidance_scale=1.0,
        image_cond_noise_scale=0.0,
        generator=torch.Generator("cpu").manual_seed(5),
        output_type="latent",
        return_dict=False,
    )[0]
    [mine] = filmed(bench, made)
    crew = a_cinema(placement).crew
    [frames] = crew.decode(crew.model, plain, 1)
    wanted = (frames * 255).round().byte().permute(0, 2, 3, 1).numpy()
    assert made.shots[0].frames == 7
    off = np.abs(mine.astype(int) - wanted[:7])
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01


def test_a_film_begins_with_the_picture_that_was_brought(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(placement)
    words, picture = cinema(a_wish(), bench.context), cinema(a_wish(image=a_picture(bench)), bench.context)
    assert picture.shots[0].video != words.shots[0].video
    assert cinema(a_wish(image=a_picture(bench)), bench.context) == picture
    assert list(footage.frames(picture.shots[0], bench.context))


def test_steps_are_its_own(bench: Bench, placement: Placement) -> None:
    made = a_cinema(placement)(a_wish(sampling=Sampling(steps=30, guidance=5.0)), bench.context)
    notes = " ".join(made.shots[0].notes)
    assert "8 instead of 30" in notes
    assert "without guidance" in notes
    with pytest.raises(BadRequest, match="distilled for the sampler euler"):
        a_cinema(placement)(a_wish(sampling=Sampling(sampler="unipc")), bench.context)


def test_names_agree_with_the_library_s_own_conversion() -> None:
    known = small.ltx_networks()[1].state_dict()
    file = {f"vae.{small.ltx_vae_name(key)}": torch.zeros(1) for key in known}
    file["vae.encoder.conv_out.conv.weight"] = torch.zeros(1, 2048, 1, 1, 1)
    mine = {found[1] for key in file if (found := ltx.renamed(key))}
    theirs = convert_ltx_vae_checkpoint_to_diffusers(dict(file))  # type: ignore[no-untyped-call]
    assert mine - {"latents_mean", "latents_std"} == set(theirs) - {"latents_mean", "latents_std"}
    assert mine == set(known)


def test_what_is_missing_is_named(placement: Placement, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Fetch t5-xxl again"):
        ltx.load(Placement(weights={"ltx-2b-distilled": placement.weights["ltx-2b-distilled"]}))
    with pytest.raises(Unavailable, match="ltxv-2b-0.9.8-distilled.safetensors is missing"):
        ltx.load(Placement(weights={**placement.weights, "ltx-2b-distilled": tmp_path}))
    with pytest.raises(Unavailable, match="The network of ltx-2b-distilled can't be loaded"):
        ltx.load(placement)
