"""A clip whose footage LTX-2 films, piece by piece, while it hears the speech. Knows the pipeline's arguments alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar.artifacts import Clip, Footage, Motion, Speech, Utterance
from avatar.errors import BadRequest
from avatar.face import tracks
from avatar.face.tracks import Track
from avatar.media import footage
from avatar.media.interpolation import Draw
from avatar.sampling import Diffusion
from avatar.stage import Context, Placement
from stages import facing, rife
from stages.diffusion import caching, controls, decoding, loading, previews, prompts, wishes
from stages.diffusion.controls import Settled
from stages.diffusion.foreign import kind
from stages.diffusion.making import Effort, Film, make
from stages.diffusion.model import Model
from stages.diffusion.shares import Share
from stages.diffusion.source import Source
from stages.pose import warp
from stages.pose.brief import Brief, Shooting
from stages.pose.driving import raising, staging
from stages.pose.driving.faces import Finder
from stages.pose.ltx2 import wording
from stages.pose.ltx2.backend import LIMITS, SAMPLER
from stages.pose.ltx2.foreign import LTX2VideoCondition
from stages.pose.ltx2.hearing import Ear
from stages.pose.ltx2.spans import JOINED, LENGTH, Span, drawn, pace, spans

Bytes = NDArray[np.uint8]

SOURCE = Source(
    "ltx-2",
    "LTX2DFRPipeline",
    "ltx",
    published=("LTX2Pipeline", "LTX2ImageToVideoPipeline", "LTX2ConditionPipeline"),
    absent=("vocoder", "processor", "prompt_enhancer", "duration_head"),
    encoders=("text_encoder", "connectors"),
    raw=True,
)
MOMENTS = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875)
"""Shares of noise at which the distilled network is asked."""
SIZES, GRAIN = (704, 1216), 32
"""Shorter side, and the longer one at most, where nobody asks for a size."""
TOKENS, READ = 1024, ("prompt_embeds", "prompt_attention_mask")
REMEMBERED = 2
"""Prompts that are kept: each takes 0.4 GB, as all layers of the encoder are wanted."""
COMPRESSED = 33
"""H.264's quality of pictures as the network was taught with."""
FILMED = 0.9
"""Share of the work that filming is counted as; looking for the face is the rest."""
OURS = Shooting()


@dataclass(frozen=True)
class Speaker:
    """Films of one portrait after another, one at a time."""

    model: Model
    words: prompts.Prompts
    faces: Finder = field(default_factory=Finder)
    draw: Draw | None = None

    @classmethod
    def load(cls, placement: Placement) -> "Speaker":
        """The pipeline of a placement. Raises `Unavailable`, `OutOfMemory`."""
        scheduler = kind("diffusers", "FlowMatchEulerDiscreteScheduler")(shift=1.0)
        model = loading.load(SOURCE, placement, scheduler=scheduler)
        words = prompts.Prompts(model, limit=TOKENS, kept=REMEMBERED, names=READ)
        return cls(model, words, Finder(placement.weights.get("face-landmarker")), rife.drawer(placement))

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with footage of the portrait saying the speech, and what its head does there as a track.

        Raises `BadRequest` for what can't be filmed, `OutOfMemory`, `BadOutput`, and what `context.step` raises.
        """
        context.step(0, 1)
        if brief.speech is None:
            raise BadRequest("LTX-2 films who speaks, and nothing is said here. Give a text or a recording.")
        sampling, told = wishes.suited(LIMITS, brief.sampling, only=(SAMPLER,))
        settled = controls.settle(LIMITS, sampling)
        track, said = warp.spoken(brief, context)
        take = _take(brief, brief.speech, said, track, context)
        settled = replace(settled, width=take.view.size[0], height=take.view.size[1])
        notes = [*settled.notes, *told, *take.notes]
        share = Share(context, 0.0, FILMED)
        frames = self._filmed(take, settled, share, notes)
        draw = self.draw if take.slow < take.fps else None
        shown = raising.raised(frames, slow=take.slow, fps=take.fps, count=len(track), draw=draw)
        made = footage.keep(shown, context, fps=take.fps, seed=brief.seed)
        seeds = controls.seeds(brief.seed, sum(1 for _ in spans(take.frames)))
        how = Diffusion(
            "ltx2",
            seeds,
            settled.steps,
            settled.guidance,
            settled.sampler,
            *take.view.size,
            frames=take.frames,
            fps=take.slow,
            cache_threshold=caching.used(self.model, settled.cached),
        )
        made = self.faces(
            replace(made, notes=tuple(dict.fromkeys((*notes, *rife.told(draw)))), spoken=True, diffusion=how),
            Share(context, FILMED, 1.0),
        )
        path = context.scratch() / "pose.npy"
        tracks.write(path, _followed(made, track, context))
        blob = context.keep(path, "application/x-npy")
        return replace(brief.clip, motion=Motion(blob, take.fps, len(track)), footage=made)

    def _filmed(self, take: "Take", settled: Settled, context: Context, notes: list[str]) -> Iterator[Bytes]:
        """The frames as they come, a piece at a time; to `notes` is added what is to be told of them."""
        pieces = tuple(spans(take.frames))
        ear = Ear.of(context.path(take.speech.sound), self.model.pipe.audio_vae)
        seeds = controls.seeds(take.brief.seed, len(pieces))
        portrait = Image.fromarray(take.view.picture).resize(take.view.size, Image.Resampling.LANCZOS)
        before: Film = np.asarray(portrait, np.uint8)[None]
        for number, (piece, seed) in enumerate(zip(pieces, seeds, strict=True)):
            share = Share(context, number / len(pieces), (number + 1) / len(pieces))
            words = self.words.of(take.words(piece), "", guided=False, context=share)
            made = make(
                self.model,
                share,
                seeds=[seed],
                arguments=_Told(self.model, take, piece, ear, words, before),
                settled=replace(settled, frames=piece.drawn),
                decode=decoding.ltx2,
                effort=Effort(chunk=1, together=1),
                watch=previews.watch([context], [0]),
            )
            notes += (*words.notes, *made.notes)
            [film] = made.films
            yield from film[piece.kept]
            before = film[: piece.last - piece.start][-JOINED:]


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """What is to be filmed: the portrait in `view`, the speech, `frames` of `slow` a second for a film of `fps`."""

    brief: Brief
    speech: Speech
    said: Utterance
    view: staging.View
    fps: int
    slow: float
    frames: int
    notes: tuple[str, ...]

    def words(self, piece: Span) -> str:
        """What the model is told of a piece."""
        start, end = (number / self.slow for number in (piece.start, piece.last))
        return wording.prompt(self.said, start=start, end=end, mood=self.brief.acting.mood)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """The pipeline's arguments for one piece, beside the usual."""

    model: Model
    take: Take
    piece: Span
    ear: Ear
    words: prompts.Encoded
    before: Film

    def __call__(self, _items: Sequence[int]) -> dict[str, Any]:
        pipe, take, drawn_frames = self.model.pipe, self.take, self.piece.drawn
        width, height = take.view.size
        vae = pipe.audio_vae
        a_second = vae.config.sample_rate / vae.config.mel_hop_length / vae.temporal_compression_ratio
        heard = self.ear.latents(
            vae,
            start=self.piece.start / take.slow,
            many=round(drawn_frames / take.slow * a_second),
            device=self.model.device,
        )
        shown = [Image.fromarray(frame) for frame in self.before]
        begun = LTX2VideoCondition(frames=shown if len(shown) > 1 else shown[0], index=0, crf=COMPRESSED)
        return {
            "width": width,
            "height": height,
            "num_frames": drawn_frames,
            "frame_rate": take.slow,
            "sigmas": list(MOMENTS),
            "conditions": [begun],
            "audio_latents": heard,
            "freeze_audio": True,
            "generate_slots": False,
            "use_cross_timestep": False,
            **prompts.joined([self.words], self.model),
        }


def unused(shooting: Shooting) -> tuple[str, ...]:
    """What of that this model has no use for, in a sentence."""
    names = [
        name
        for name in ("between", "window", "overlap", "guided", "reuse")
        if getattr(shooting, name) != getattr(OURS, name)
    ]
    told = f"LTX-2 films in pieces of its own, without guidance; {', '.join(names)} had no use."
    return (told,) if names else ()


def _take(brief: Brief, speech: Speech, said: Utterance, track: Track, context: Context) -> Take:
    shooting, fps = brief.shooting, brief.clip.motion.fps
    slow = pace(fps, shooting.fps)
    view = staging.viewed(
        brief.clip.portrait, context, width=shooting.width, height=shooting.height, usual=SIZES, grain=GRAIN
    )
    frames = drawn((len(track) - 1) / fps, slow)
    notes = [*unused(shooting), *view.notes]
    if slow < fps:
        notes.append(f"LTX-2 filmed {slow:g} frames a second; those between were made of both their neighbours.")
    if shooting.fps not in (None, slow):
        notes.append(f"LTX-2 filmed {slow:g} frames a second instead of {shooting.fps:g}.")
    many = sum(1 for _ in spans(frames))
    if many > 1:
        notes.append(
            f"It was filmed in {many} pieces of at most {LENGTH / slow:.1f} s, each of which goes on from the last"
            f" {JOINED} frames of the one before."
        )
    return Take(brief, speech, said, view, fps, slow, frames, tuple(notes))


def _followed(made: Footage, track: Track, context: Context) -> Track:
    """What head and lids do in the footage where the face was found in it, else what they were to do."""
    if made.faces is None:
        return track
    points = np.load(context.path(made.faces))
    return facing.moved(points, ~np.isnan(points[:, 0, 0]))[: len(track)]
