"""Whole films of a fixture set, made again and compared. Knows no size and prints nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from stages.pose.animate_anyone import diffusion, film, pictures, pipeline
from stages.pose.animate_anyone.parity import FLOAT, Check, Fixtures
from stages.pose.animate_anyone.windows import Schedule

SIGHT, FEATURE, LATENTS, HALF_BANK, FRAME, LEVEL, EXACT = 5e-5, 5e-5, 1.5e-4, 5e-4, 1e-4, 1.0, 0.0


def groups(fixtures: Fixtures) -> Iterator[tuple[str, Iterator[Check]]]:
    """Every film of the set with its checks."""
    for name in ("short", "odd"):
        yield f"v_pipeline_{name}", _film(fixtures, f"v_pipeline_{name}", fixtures.config[name])
    for index, case in enumerate(fixtures.config["long"]):
        yield f"vi_pipeline_long{index}", _film(fixtures, f"vi_pipeline_long{index}", case)


def _film(fixtures: Fixtures, name: str, case: dict[str, Any]) -> Iterator[Check]:
    state = fixtures.state(name)
    portrait = Image.fromarray(state["ref_image_u8"].numpy())
    drawn = [Image.fromarray(picture) for picture in state["pose_images_u8"].numpy()]
    made = Film(fixtures.models, case, portrait, drawn)
    yield from _seen(state, made)
    yield from _made(state, made)
    for wanted, settings in VARIANTS.items():
        if wanted in state:
            yield Check(wanted, made.denoised(**settings)[1][-1], state[wanted], LATENTS)


VARIANTS: dict[str, dict[str, bool]] = {
    "final_latents_cfg_off": {"guided": False},
    "quirk_cfg_off_final_latents": {"guided": False, "summed": True},
    "cfg_off_averaged_final_latents": {"guided": False},
}


class Film:
    """One case of a set."""

    def __init__(
        self, models: film.Models, case: dict[str, Any], portrait: Image.Image, drawn: list[Image.Image]
    ) -> None:
        self.models, self.portrait, self.drawn = models, portrait, drawn
        usual = Schedule()
        schedule = Schedule(
            case.get("context_frames", usual.size),
            case.get("context_overlap", usual.overlap),
            case.get("context_stride", usual.stride),
        )
        self.ask = film.Ask(case["W"], case["H"], case["steps"], case["cfg"], case["gen"], schedule)
        self.size = pictures.fitting(self.ask.width, self.ask.height)

    def denoised(
        self, *, guided: bool = True, half_bank: bool = False, summed: bool = False
    ) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Predictions and latents of every step, and the frames (n, 3, y, x)."""
        predicted: list[Tensor] = []
        latents: list[Tensor] = []

        def watch(_number: int, noise: Tensor, after: Tensor) -> None:
            predicted.append(noise.clone())
            latents.append(after.clone())

        asked = self.ask if guided else replace(self.ask, guidance=1.0)
        maker = pipeline.Pipeline(self.models, quirks=film.Quirks(half_bank=half_bank, summed=summed))
        frames = torch.cat(list(maker.generate(self.portrait, self.drawn, asked, watch=watch)))
        return predicted, latents, frames


def _seen(state: dict[str, Tensor], made: Film) -> Iterator[Check]:
    """What comes before the steps; a set's files hold more or fewer of these."""
    models, (width, height) = made.models, made.size
    ends = [made.drawn[0], made.drawn[-1]]
    own = {
        "clip_image_u8": (pictures.for_encoder(made.portrait), EXACT),
        "ref_pixels_u8": (pictures.for_autoencoder(made.portrait, made.size), EXACT),
        "pose_cond_u8": (pictures.skeletons(ends, made.size).transpose(0, 1)[None], EXACT),
        "clip_embeds": (film.embedding(models, made.portrait)[:, 0], SIGHT),
        "ref_mean": (film.reference_mean(models, made.portrait, made.size), SIGHT),
        "timesteps": (torch.tensor(diffusion.Scheduler(models.schedule).timesteps(made.ask.steps)), EXACT),
    }
    noise = diffusion.noise(
        len(made.drawn),
        channels=models.denoising.layout.in_channels,
        size=(height // 8, width // 8),
        seed=made.ask.seed,
        dtype=FLOAT,
    )
    own["init_latents"] = (noise, EXACT)
    if "pose_fea" in state:
        rows = tuple(range(len(made.drawn)))
        own["pose_fea"] = (film.Skeletons(models, made.drawn, made.size, film.Effort()).of([rows]), FEATURE)
    for name, (got, tolerance) in own.items():
        if name in state:
            yield Check(name, got, state[name], tolerance)


def _made(state: dict[str, Tensor], made: Film) -> Iterator[Check]:
    predicted, latents, frames = made.denoised()
    yield Check("final_latents", latents[-1], state["final_latents"], LATENTS)
    own = {
        "noise_pred": (torch.stack(predicted), LATENTS),
        "noise_pred_first": (predicted[0], LATENTS),
        "latents": (torch.stack(latents), LATENTS),
        "video_frame0": (frames[:1].transpose(0, 1)[None], FRAME),
    }
    for name, (got, tolerance) in own.items():
        if name in state:
            yield Check(name, got, state[name], tolerance)
    chosen = state["frame_index"] if "frame_index" in state else torch.arange(len(frames))
    shown = pictures.bytes_of(frames[chosen]).transpose(0, 1)[None]
    yield Check("video_u8", shown, state["video_u8"], LEVEL)
    rounded, after, _ = made.denoised(half_bank=True)
    yield Check("final_latents_bank16", after[-1], state["final_latents_bank16"], HALF_BANK)
    if "noise_pred_bank16_last" in state:
        yield Check("noise_pred_bank16_last", rounded[-1], state["noise_pred_bank16_last"], HALF_BANK)
