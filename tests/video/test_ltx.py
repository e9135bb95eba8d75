"""LTX-Video from its makers' one file, distilled: fixed moments, words and pictures."""

import stages.diffusion.foreign  # noqa: F401 - first: it makes the libraries ready

# isort: split

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, LTXConditionPipeline, LTXLatentUpsamplePipeline
from diffusers.loaders.single_file_utils import convert_ltx_vae_checkpoint_to_diffusers
from numpy.typing import NDArray
from torch import Tensor

from avatar.artifacts import Takes
from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import BadRequest, Unavailable
from avatar.events import Event, Glimpsed, Progressed
from avatar.media import footage, video
from avatar.request import parse
from avatar.sampling import Sampling
from avatar.stage import Placement
from avatar.store import FolderStore
from avatar.testing import GIGABYTE, Bench, workbench
from stages import pipeline, recipes
from stages.diffusion import crews, decoding, ltx, previews, upscaling
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


def alone(placement: Placement) -> Placement:
    """Without the upscaler."""
    weights = {name: folder for name, folder in placement.weights.items() if name != upscaling.UPSCALER}
    return replace(placement, weights=weights)


def a_cinema(placement: Placement) -> Cinema:
    return Cinema(ltx.load(placement, shapes=small.LTX_SHAPES))


def a_wish(**changes: Any) -> Brief:
    return a_brief(**{"sampling": Sampling(), "seconds": 0.3} | changes)


def a_pipeline() -> Any:
    """The library's own, of the same networks."""
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
    return pipe


def plain(pipe: Any, side: int, **more: Any) -> Tensor:
    """Its latents."""
    told: dict[str, Any] = {"timesteps": list(ltx.MOMENTS), "generator": torch.Generator("cpu").manual_seed(5)} | more
    found: Tensor = pipe(
        prompt="a lighthouse in the fog",
        width=side,
        height=side,
        num_frames=9,
        frame_rate=24,
        guidance_scale=1.0,
        image_cond_noise_scale=0.0,
        output_type="latent",
        return_dict=False,
        **told,
    )[0]
    return found


def frames_of(cinema: Cinema, latents: Tensor) -> NDArray[np.uint8]:
    """As the crew decodes them."""
    frames = torch.cat(list(cinema.crew.decode(cinema.crew.model, latents, 1)))
    shown: NDArray[np.uint8] = (frames * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return shown


@torch.no_grad()
def test_it_films_what_the_library_s_own_pipeline_makes(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(alone(placement))
    made = cinema(a_wish(), bench.context)
    [mine] = filmed(bench, made)
    assert made.shots[0].frames == 7
    wanted = frames_of(cinema, plain(a_pipeline(), 64))
    off = np.abs(mine.astype(int) - wanted[:7])
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01


def test_what_hardly_changes_is_taken_over_where_that_is_asked_for(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(alone(placement))
    whole = filmed(bench, cinema(a_wish(), bench.context))
    made = cinema(a_wish(sampling=Sampling(cache_threshold=1.0)), bench.context)
    assert any("taken over" in note for note in made.shots[0].notes)
    assert not np.array_equal(whole, filmed(bench, made))
    np.testing.assert_array_equal(whole, filmed(bench, cinema(a_wish(), bench.context)))


@torch.no_grad()
def test_with_the_upscaler_it_films_in_the_two_passes_of_the_library(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(placement)
    made = cinema(a_wish(width=128, height=128), bench.context)
    [mine] = filmed(bench, made)
    pipe, drawn = a_pipeline(), torch.Generator("cpu").manual_seed(5)
    first = plain(pipe, 64, generator=drawn)
    larger: Any = LTXLatentUpsamplePipeline
    twice = larger(vae=pipe.vae, latent_upsampler=small.ltx_upscaler())(
        latents=first, width=128, height=128, adain_factor=1.0, output_type="latent", return_dict=False
    )[0]
    second = plain(pipe, 128, generator=drawn, latents=twice, denoise_strength=0.999, timesteps=list(upscaling.MOMENTS))
    assert not torch.allclose(second, twice, atol=0.1)
    off = np.abs(mine.astype(int) - frames_of(cinema, second)[:7])
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01
    assert any("filmed at 64 x 64 pixels, then refined at 128 x 128" in note for note in made.shots[0].notes)


@torch.no_grad()
def test_a_long_film_is_decoded_in_tiles_that_blend_where_they_overlap(placement: Placement) -> None:
    crew, asked = a_cinema(alone(placement)).crew, []
    vae: Any = crew.model.pipe.vae
    rows, moment = torch.randn(1, 8, 26, 1, 1, generator=torch.Generator().manual_seed(1)), torch.tensor([0.05])
    vae.decoder.register_forward_pre_hook(lambda _decoder, given: asked.append(given[0].shape[2]))
    assert [len(part) for part in crew.decode(crew.model, rows, 1)] == [8] * 12 + [1] + [8] * 13  # 201 frames
    assert asked == [16, 14]
    found = torch.cat(list(decoding.in_time(vae, rows, moment)), dim=2)
    one, other = (vae.decode(part, moment, return_dict=False)[0] for part in (rows[:, :, :16], rows[:, :, 12:]))
    share = (torch.arange(24) / 24).view(1, 1, -1, 1, 1)
    mixed = one[:, :, 97:] * (1 - share) + other[:, :, 1:25] * share
    assert torch.allclose(found, torch.cat([one[:, :, :97], mixed, other[:, :, 25:]], dim=2), atol=1e-5)
    whole = vae.decode(rows, moment, return_dict=False)[0]
    vae.use_framewise_decoding, vae.tile_sample_min_num_frames, vae.tile_sample_stride_num_frames = True, 120, 96
    theirs = vae.decode(rows, moment, return_dict=False)[0]
    assert torch.equal(theirs[:, :, :97], found[:, :, :97])
    off, late = ((each - whole)[:, :, 97:].abs().mean() for each in (found, theirs))
    assert off < late / 5


@torch.no_grad()
def test_a_film_of_one_tile_is_decoded_whole(placement: Placement) -> None:
    vae: Any = a_cinema(alone(placement)).crew.model.pipe.vae
    rows, moment = torch.randn(1, 8, 16, 1, 1, generator=torch.Generator().manual_seed(1)), torch.tensor([0.05])
    [found] = decoding.in_time(vae, rows, moment)
    assert torch.equal(found, vae.decode(rows, moment, return_dict=False)[0])


def test_two_passes_are_scaled_to_what_was_asked_and_told_as_one_work(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(placement)
    made = cinema(a_wish(width=160, height=96, image=a_picture(bench)), bench.context)
    assert (made.shots[0].width, made.shots[0].height) == (160, 96)
    assert [frame.shape for frame in footage.frames(made.shots[0], bench.context)] == [(96, 160, 3)] * 7
    told = [event for event in bench.events if isinstance(event, Progressed)]
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert told[-1].done == told[-1].total


def test_the_whole_house_films_with_it(placement: Placement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a request through engine and stages to the handed out film, with what the catalogue says that it needs."""
    monkeypatch.setitem(crews.OWN_WAYS, "ltx", partial(ltx.load, shapes=small.LTX_SHAPES))
    monkeypatch.setattr(previews, "APART", 0.0)
    needs = recipes.needs("ltx")
    assert {*needs.weights, *needs.also} == set(placement.weights)
    engine = Engine(
        FolderStore(tmp_path / "films", budget=GIGABYTE),
        place=lambda _stage, backend: {"ltx": placement, "projector": Placement()}.get(backend),
    )
    session = engine.store.session()
    told: list[Event] = []
    walk = engine.walk(session, Wish(listener=told.append))
    asked = {"kind": "video", "prompt": "a lighthouse", "seconds": 0.3, "width": 256, "height": 256, "seed": 1}
    takes = pipeline.shoot(parse(asked), walk)
    assert isinstance(takes, Takes)
    assert walk.backends["video"] == "ltx"
    assert not walk.fallbacks
    film = takes.takes[0]
    assert film.file.media_type == "video/mp4"
    assert (film.width, film.height) == (256, 256)
    assert film.seconds == pytest.approx(0.3, abs=0.05)
    assert any("refined at 320 x 320" in note for note in film.notes)
    assert len(list(video.colour(session.path(film.file)))) == round(film.seconds * film.fps)
    assert [event for event in told if isinstance(event, Glimpsed)]


def test_a_film_begins_with_the_picture_that_was_brought(bench: Bench, placement: Placement) -> None:
    cinema = a_cinema(placement)
    words, picture = cinema(a_wish(), bench.context), cinema(a_wish(image=a_picture(bench)), bench.context)
    assert picture.shots[0].video != words.shots[0].video
    assert cinema(a_wish(image=a_picture(bench)), bench.context) == picture
    assert list(footage.frames(picture.shots[0], bench.context))


def test_steps_are_its_own(bench: Bench, placement: Placement) -> None:
    made = a_cinema(placement)(a_wish(sampling=Sampling(steps=30, guidance=5.0)), bench.context)
    notes = " ".join(made.shots[0].notes)
    assert "8 were made, not 30" in notes
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
    with pytest.raises(Unavailable, match="Fetch ltx-upscaler again"):
        ltx.load(replace(placement, weights={**placement.weights, "ltx-upscaler": tmp_path}), shapes=small.LTX_SHAPES)
    with pytest.raises(Unavailable, match="The network of ltx-2b-distilled can't be loaded"):
        ltx.load(placement)
