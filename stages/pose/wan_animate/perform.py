"""A clip whose footage is diffused by Wan-Animate. Knows the pipeline's arguments, but no step of a diffusion."""

from dataclasses import dataclass, field, replace
from functools import partial
from traceback import clear_frames
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar.artifacts import Clip, Motion
from avatar.errors import BadOutput, OutOfMemory
from avatar.face import tracks
from avatar.media import footage, glimpses, video
from avatar.media.interpolation import Draw
from avatar.memory import give_back, lacking
from avatar.sampling import Diffusion
from avatar.stage import Context, Placement
from stages import rife
from stages.diffusion import caching, controls, decoding, loading, placing, previews, prompts, wishes
from stages.diffusion.model import Count, Model
from stages.diffusion.orders import due
from stages.diffusion.source import Source
from stages.pose import warp
from stages.pose.brief import Brief, Shooting
from stages.pose.driving import raising, staging
from stages.pose.driving.directing import Take
from stages.pose.driving.faces import Finder
from stages.pose.driving.looking import Looking
from stages.pose.wan_animate.backend import LIMITS
from stages.pose.wan_animate.casting import Cast, cast

Bytes = NDArray[np.uint8]

SOURCE = Source("wan22-animate-14b", "WanAnimatePipeline", "wan", float32=("vae",), compiles=True)
PROMPT = "视频中的人在做动作"
"""What the model was taught with: "the person in the video is moving"."""
TOKENS = 512
OWN_FPS = 30.0
SIZES, GRAIN = (480, 832), 16
SEGMENT, EVERY, JOINED = 77, 4, 1
"""Frames of a segment, a multiple of `EVERY` and one more; frames that it takes over from the one before."""
SHORTEST = 5
OURS = Shooting()


@dataclass(frozen=True)
class Animator:
    """Films of one portrait after another, one at a time."""

    model: Model
    words: prompts.Prompts
    looking: Looking
    faces: Finder = field(default_factory=Finder)
    draw: Draw | None = None

    @classmethod
    def load(cls, placement: Placement) -> "Animator":
        """The pipeline of a placement. Raises `Unavailable`, `OutOfMemory`."""
        model = loading.load(SOURCE, placement)
        looking = Looking(placement.weights, placement.device)
        faces = Finder(placement.weights.get("face-landmarker"))
        return cls(model, prompts.Prompts(model, limit=TOKENS), looking, faces, rife.drawer(placement))

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with diffused footage. Raises as `animate_anyone.perform.Animator` does."""
        beat = partial(context.step, 0, 1)
        beat()
        sampling, told = wishes.suited(LIMITS, brief.sampling)
        settled = controls.settle(LIMITS, sampling)
        track, utterance = warp.spoken(brief, context)
        width, height = _size(brief, context)
        scene = staging.staged(
            brief.clip.portrait,
            context,
            width=width,
            height=height,
            detect=self.looking.bodies(),
            usual=SIZES,
            grain=GRAIN,
        )
        take = Take(brief, scene, track, utterance, OWN_FPS)
        try:
            given = cast(take, context, look=self.looking, step=beat)
        finally:
            self.looking.rest()
        encoded = self.words.of(PROMPT, settled.negative, guided=settled.guided, context=context)
        filmed = partial(self._filmed, take, given, settled, encoded, context)
        frames, softened = self.model.compiling.tried(filmed)
        draw = self.draw if take.slow < take.fps else None
        notes = (*settled.notes, *told, *unused(brief.shooting), *scene.notes, *given.notes, *encoded.notes, *softened)
        shown = raising.raised(frames, slow=take.slow, fps=take.fps, count=len(track), draw=draw)
        made = footage.keep(
            shown, context, fps=take.fps, seed=brief.seed, notes=tuple(dict.fromkeys((*notes, *rife.told(draw))))
        )
        cached = caching.used(self.model, settled.cached)
        made = replace(self.faces(made, context), diffusion=_told(settled, take, cached))
        path = context.scratch() / "pose.npy"
        tracks.write(path, given.track)
        blob = context.keep(path, "application/x-npy")
        return replace(brief.clip, motion=Motion(blob, take.fps, len(track)), footage=made)

    def _filmed(
        self, take: Take, given: Cast, settled: controls.Settled, encoded: prompts.Encoded, context: Context
    ) -> tuple[list[Bytes], tuple[str, ...]]:
        """The frames, and what had to be done to have room for them. Raises `OutOfMemory`, `BadOutput`."""
        length = segment(take.frames)
        kind = (self.model.identity, take.scene.size, length, settled.guided, bool(given.rest))
        total = segments(take.frames, length) * settled.steps
        with (
            placing.as_before(self.model, kind, partial(context.step, 0, 1)),
            self.model.working(context, total, drawing=True, cached=settled.cached) as count,
        ):
            while True:
                self.model.sampler(settled.sampler)
                call = self._call(take, given, settled, encoded, length)
                call["callback_on_step_end"] = _counting(count, self.model, context, settled.steps)
                frames = self._tried(call)
                if frames is not None:
                    return frames, (*self.model.notes, *caching.told(self.model, settled.cached))
                if not placing.hold_back(self.model, decoding=True):
                    raise OutOfMemory("The film does not fit into memory. Ask for a smaller one.")
                count.done = 0

    def _call(
        self, take: Take, given: Cast, settled: controls.Settled, encoded: prompts.Encoded, length: int
    ) -> dict[str, Any]:
        picture = Image.fromarray(take.scene.whole if given.rest else take.scene.picture)
        if not given.rest:
            picture = picture.resize(take.scene.size, Image.Resampling.LANCZOS)
        frames = max(take.frames, SHORTEST)
        return {
            "image": picture,
            "mode": "replace" if given.rest else "animate",
            "width": take.scene.size[0],
            "height": take.scene.size[1],
            "segment_frame_length": length,
            "prev_segment_conditioning_frames": JOINED,
            "num_inference_steps": settled.steps,
            "guidance_scale": settled.guidance,
            "generator": torch.Generator("cpu").manual_seed(take.brief.seed),
            "output_type": "np",
            "return_dict": False,
            **{name: _held(pictures, frames) for name, pictures in given.videos.items()},
            **prompts.joined([encoded], self.model),
        }

    def _tried(self, call: dict[str, Any]) -> list[Bytes] | None:
        """The film's frames; None when memory ran out. Raises `BadOutput` for numbers that are none."""
        try:
            made = self.model.pipe(**call)[0][0]
        except (RuntimeError, MemoryError, OutOfMemory) as error:
            if not lacking(error):
                raise
            clear_frames(error.__traceback__)
            self.model.pipe.maybe_free_model_hooks()
            give_back()
            return None
        if not np.isfinite(made).all():
            raise BadOutput("The model gave numbers that are none. Try another precision or another seed.")
        return list(np.rint(made * 255).astype(np.uint8))


def unused(shooting: Shooting) -> tuple[str, ...]:
    """What of that this model has no use for, in a sentence."""
    theirs = ("fps", "between", "window", "overlap", "guided", "reuse")
    names = [name for name in theirs if getattr(shooting, name) != getattr(OURS, name)]
    told = f"Wan 2.2 Animate films {OWN_FPS:g} frames a second in segments of its own; {', '.join(names)} had no use."
    return (told,) if names else ()


def segment(frames: int) -> int:
    """Frames of a segment for a film of so many: the model's own, and less for a shorter film."""
    return int(min(SEGMENT, max(SHORTEST, -(-(frames - 1) // EVERY) * EVERY + 1)))


def segments(frames: int, length: int) -> int:
    """How many of them the pipeline makes."""
    return max(1, -(-(max(frames, SHORTEST) - JOINED) // (length - JOINED)))


def _told(settled: controls.Settled, take: Take, cached: float) -> Diffusion:
    """How the film was made."""
    width, height = take.scene.size
    return Diffusion(
        "wan-animate",
        (take.brief.seed,),
        settled.steps,
        settled.guidance,
        settled.sampler,
        width,
        height,
        frames=max(take.frames, SHORTEST),
        fps=take.slow,
        cache_threshold=cached,
        negative_prompt=settled.negative,
    )


def _size(brief: Brief, context: Context) -> tuple[int | None, int | None]:
    """The size that was asked for; for a replacement else that of the video, as large as the model makes it."""
    shooting = brief.shooting
    if not brief.driving.replace or brief.driving.video is None or shooting.width or shooting.height:
        return shooting.width, shooting.height
    picture = video.contents(context.path(brief.driving.video)).picture
    if picture is None:
        return None, None
    size, _ = staging.fitted((picture.width, picture.height), None, None, usual=SIZES, grain=GRAIN)
    return size


def _held(pictures: list[Image.Image], frames: int) -> list[Image.Image]:
    """At least so many, the last one held."""
    return [*pictures, *pictures[-1:] * (frames - len(pictures))]


def _counting(count: Count, model: Model, context: Context, steps: int) -> Any:
    """Tells of a step more each time, and shows some; the pipeline counts anew in each segment."""

    def stepped(_pipe: Any, step: int, _moment: Any, given: dict[str, Any]) -> dict[str, Any]:
        if not bool(torch.isfinite(given["latents"]).all()):
            raise BadOutput("The model gave numbers that are none. Try another precision or another seed.")
        count.at(count.done + 1)
        if step + 1 == steps:  # the next segment shows other frames
            caching.forget(model)
        if due(step + 1, steps):
            shown = previews.rough(model, given["latents"], decoding.wan, {})
            if shown is not None:
                context.glimpse(glimpses.jpeg(shown))
        return given

    return stepped
