"""A clip whose footage is diffused: stage the portrait, direct the poses, denoise, raise to the film's rate, keep.

Knows the networks and the driving, but no step of a diffusion.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from avatar.artifacts import Clip, Footage, Motion
from avatar.errors import BadRequest, OutOfMemory, Unavailable
from avatar.face import tracks
from avatar.media import footage, glimpses
from avatar.media.interpolation import Draw
from avatar.memory import give_back, memory_errors
from avatar.sampling import Diffusion
from avatar.stage import Context, Placement
from avatar.turns import Turns
from stages import rife
from stages.diffusion import previews, wishes
from stages.diffusion.compiling import Compiling
from stages.diffusion.orders import due
from stages.pose import warp
from stages.pose.animate_anyone import offload, pictures, release
from stages.pose.animate_anyone.backend import LIMITS
from stages.pose.animate_anyone.film import Ask, Effort, Models
from stages.pose.animate_anyone.pipeline import Pipeline, Watch
from stages.pose.animate_anyone.sketches import Sketches
from stages.pose.animate_anyone.windows import Schedule
from stages.pose.brief import Brief
from stages.pose.driving import raising, staging
from stages.pose.driving.directing import Shot, Take, directed
from stages.pose.driving.faces import Finder
from stages.pose.driving.looking import Looking

Bytes = NDArray[np.uint8]

WEIGHTS = ("animate-anyone", "sd-vae-ft-mse", "image-variations-encoder")
STEPS, GUIDANCE, MOST_GUIDANCE = LIMITS.steps, LIMITS.guidance, LIMITS.most_guidance
"""Those of the release."""
EFFORTS = (Effort(), Effort(windows=1, halves=1, decode=1, guide=1, features=1 << 27))
"""How much is held at once: as usual, and as little as possible."""
LEAN = "Memory was short: it was diffused in the smallest parts."
KINDS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True)
class Animator:
    """Films of one portrait after another, one at a time."""

    models: Models
    looking: Looking
    faces: Finder = field(default_factory=Finder)
    efforts: tuple[Effort, ...] = EFFORTS
    compiling: Compiling = field(default_factory=Compiling)
    draw: Draw | None = None
    _turns: Turns = field(default_factory=Turns)

    @classmethod
    def load(cls, placement: Placement) -> "Animator":
        """The networks of a placement. Raises `Unavailable`, `OutOfMemory`."""
        lost = [name for name in WEIGHTS if name not in placement.weights]
        if lost:
            raise Unavailable(f"{', '.join(lost)} is not here. Fetch the weights of AnimateAnyone.")
        folder, vae, encoder = (placement.weights[name] for name in WEIGHTS)
        kind = KINDS.get(placement.precision, torch.float16)
        home = "cpu" if placement.offload == "model" else placement.device
        with memory_errors():
            models = release.load(folder, vae=vae, encoder=encoder, device=home, dtype=kind)
            if placement.offload == "model":
                models = offload.carried(models, placement.device)
        faces = Finder(placement.weights.get("face-landmarker"))
        looking = Looking(placement.weights, placement.device)
        return cls(models, looking, faces, compiling=Compiling(placement.compiled), draw=rife.drawer(placement))

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with diffused footage, and the track along which its head moves.

        Raises `BadRequest` for what can't be made, `Unavailable` where a driving video can't be looked at,
        `OutOfMemory`, `BadOutput`, `Cancelled`.
        """
        beat = partial(context.step, 0, 1)
        with self._turns.turn("film", check=beat), ExitStack() as after:
            after.callback(self.looking.rest)
            beat()
            ask, notes = asked(brief)
            track, utterance = warp.spoken(brief, context)
            scene = staging.staged(
                brief.clip.portrait,
                context,
                width=brief.shooting.width,
                height=brief.shooting.height,
                detect=self.looking.bodies(),
            )
            beat()
            take = Take(brief, scene, track, utterance)
            shot = directed(take, context, look=self.looking, step=beat)
            ask = replace(ask, width=scene.size[0], height=scene.size[1], interpolation=latents_between(take))
            filmed = partial(self._filmed, take, shot, ask, context, notes=(*notes, *scene.notes, *shot.notes))
            made = self.compiling.tried(filmed)
            made = replace(self.faces(made, context), diffusion=told(ask, take))
        path = context.scratch() / "pose.npy"
        tracks.write(path, shot.track)
        blob = context.keep(path, "application/x-npy")
        return replace(brief.clip, motion=Motion(blob, take.fps, len(track)), footage=made)

    def _filmed(self, take: Take, shot: Shot, ask: Ask, context: Context, *, notes: tuple[str, ...]) -> Footage:
        """Diffuse and keep, with less held at once when memory does not suffice."""
        net: object = self.models.denoising  # which is none where the networks take turns on the device
        with self.compiling.used([net] if isinstance(net, nn.Module) else []):
            for effort in self.efforts[:-1]:
                try:
                    return self._kept(take, shot, ask, context, effort, notes)
                except OutOfMemory:
                    give_back()
            lean = (LEAN,) if len(self.efforts) > 1 else ()
            return self._kept(take, shot, ask, context, self.efforts[-1], (*notes, *lean))

    def _kept(
        self, take: Take, shot: Shot, ask: Ask, context: Context, effort: Effort, notes: tuple[str, ...]
    ) -> Footage:
        frames = self._frames(take, shot, ask, context, effort)
        if take.slow * ask.interpolation < take.fps:
            notes = (*notes, *rife.told(self.draw))
        made = footage.keep(frames, context, fps=take.fps, seed=take.brief.seed, notes=notes)
        return replace(made, notes=(*made.notes, *self.compiling.notes))

    def _frames(self, take: Take, shot: Shot, ask: Ask, context: Context, effort: Effort) -> Iterator[Bytes]:
        chunks = Pipeline(self.models, effort=effort).generate(
            Image.fromarray(take.scene.picture),
            Sketches(shot.poses, take.scene.size),
            ask,
            step=context.step,
            watch=shown_to(context, ask.steps),
        )
        shown = (frame for chunk in chunks for frame in pictures.bytes_of(chunk).permute(0, 2, 3, 1).numpy())
        return raising.raised(
            shown, slow=take.slow * ask.interpolation, fps=take.fps, count=len(take.track), draw=self.draw
        )


def shown_to(context: Context, steps: int) -> Watch:
    """Gives the context a rough picture of the film's middle now and then."""

    def watch(number: int, _predicted: Tensor, latents: Tensor) -> None:
        if due(number + 1, steps):
            context.glimpse(glimpses.jpeg(previews.picture(latents)))

    return watch


def asked(brief: Brief) -> tuple[Ask, tuple[str, ...]]:
    """The film that a brief asks for, its size apart, and what was left out of it. Raises `BadRequest`."""
    sampling, told = wishes.suited(LIMITS, brief.sampling)
    shooting, notes = brief.shooting, [*told]
    guidance = GUIDANCE if sampling.guidance is None else sampling.guidance
    if not isfinite(guidance) or not 0.0 <= guidance <= MOST_GUIDANCE:
        raise BadRequest(f"A guidance of {guidance:g} can't be used. Ask for 1 to {MOST_GUIDANCE:g}; 3.5 is usual.")
    if sampling.cache_threshold:
        notes.append("AnimateAnyone takes nothing over by a threshold; drive.reuse is its own way to do so.")
    if sampling.negative:
        notes.append("AnimateAnyone reads no words; the negative prompt was not used.")
    schedule = Schedule(shooting.window, shooting.overlap, wrap=False)
    steps = STEPS if sampling.steps is None else sampling.steps
    ask = Ask(steps=steps, guidance=guidance, seed=brief.seed, schedule=schedule)
    return replace(ask, guided=shooting.guided, reuse=shooting.reuse), tuple(notes)


def told(ask: Ask, take: Take) -> Diffusion:
    """How the film was made."""
    return Diffusion(
        model="animate-anyone",
        seeds=(ask.seed,),
        steps=ask.steps,
        guidance_scale=ask.guidance,
        sampler="ddim",
        width=ask.width,
        height=ask.height,
        frames=take.frames,
        fps=take.slow,
    )


def latents_between(take: Take) -> int:
    """By how much the model itself raises the rate: 1 where flow does all."""
    return ceil(take.fps / take.slow - 1e-6) if take.brief.shooting.between == "latents" else 1
