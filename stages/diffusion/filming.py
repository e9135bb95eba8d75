"""Crews: loaded models that film scenes, each frame written to disk as it is decoded. Know no stage."""

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from torch import Tensor

from avatar.errors import BadOutput
from avatar.media import handing
from avatar.media.footage import Reel
from avatar.stage import Context, Placement
from stages.diffusion import decoding, loading, placing, previews
from stages.diffusion.chorus import Chorus
from stages.diffusion.decoding import Decode
from stages.diffusion.easing import PLANNED
from stages.diffusion.finite import finite
from stages.diffusion.foreign import kind
from stages.diffusion.making import BLACK, DARKEST, NO_NUMBERS, Effort, Refine, make
from stages.diffusion.model import LISTEN, Model
from stages.diffusion.orders import Picture, Watch
from stages.diffusion.prompts import Encoded, Prompts, joined
from stages.diffusion.samplers import TABLE, Family
from stages.diffusion.shots import Camera, Scene, Shot, Slate, settle

DECODES: Mapping[Family, Decode] = {
    "svd": decoding.svd,
    "wan": decoding.wan,
    "modelscope": decoding.modelscope,
    "ltx": decoding.ltx(),
}
"""How each family's latents become frames."""
TOLD = {
    "motion_bucket_id": "motion_bucket",
    "noise_aug_strength": "noise_augmentation",
    "min_guidance_scale": "min_guidance",
}
"""What only Stable Video Diffusion's pipeline is told, and how a request calls it."""
CHUNK = 2
"""Frames that go through an autoencoder at once, where it takes any number."""


@dataclass(slots=True)
class Darkroom:
    """Decodes films one after the other, and writes each frame to disk as it comes instead of keeping it.

    Frames that come out larger or smaller than `size`, (width, height), are scaled.

    What it gives on is one point of each frame, its brightest: enough to see that there is something.
    """

    decode_by: Decode
    folder: Path
    fps: float
    kept: Sequence[int]
    size: tuple[int, int]
    shots: list[tuple[Path, int, int, int]] = field(default_factory=list)

    def decode(self, model: Model, latents: Tensor, chunk: int) -> Iterator[Tensor]:
        """The next film, as a `Decode`; begun anew where the last one did not come to its end."""
        number = len(self.shots)
        path, most = self.folder / f"{len(self.shots)}.shot.mp4", self.kept[number]
        brightest, reel = 0, None
        with ExitStack() as files:
            for frames in self.decode_by(model, latents, chunk):
                pixels = _pixels(frames)
                if reel is None:
                    width, height = self.size
                    reel = files.enter_context(Reel(path, width=width, height=height, fps=self.fps))
                for frame in pixels[: most - reel.frames]:
                    brightest = max(brightest, int(frame.max()))
                    reel.add(_scaled(frame, self.size))
                yield frames.amax(dim=(2, 3), keepdim=True)
            if brightest <= DARKEST or reel is None:
                raise BadOutput(BLACK)
        self.shots.append((path, reel.width, reel.height, reel.frames))


@dataclass(slots=True, eq=False)
class Crew:
    """A loaded model that films, with the prompts it has read. One scene at a time, or several of one kind."""

    camera: Camera
    model: Model
    prompts: Prompts | None
    decode: Decode
    arguments: Callable[[Scene, Slate], dict[str, Any]]
    effort: Effort
    refine: Refine | None = None
    remarks: Callable[[Slate], tuple[str, ...]] = lambda _slate: ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, camera: Camera, placement: Placement) -> Self:
        """Raises `Unavailable` naming what is missing or damaged, `OutOfMemory`."""
        return cls.of(camera, loading.load(camera.source, placement))

    @classmethod
    def of(
        cls,
        camera: Camera,
        model: Model,
        *,
        decode: Decode | None = None,
        arguments: Callable[[Scene, Slate], dict[str, Any]] = lambda _scene, _slate: {},
        effort: Effort | None = None,
        refine: Refine | None = None,
        remarks: Callable[[Slate], tuple[str, ...]] = lambda _slate: (),
    ) -> Self:
        """A crew for a model that is loaded already.

        `arguments` are what its pipeline is told beside the usual, `remarks` are notes on what it does with a slate.
        """
        prompts = Prompts(model, limit=camera.tokens) if camera.tokens else None
        own = effort or Effort(chunk=CHUNK, together=camera.together, shift=camera.shift)
        return cls(camera, model, prompts, decode or DECODES[camera.limits.family], arguments, own, refine, remarks)

    def __call__(self, scene: Scene, context: Context, /) -> list[Shot]:
        """A shot for each seed. Raises `BadRequest` before anything is filmed, `OutOfMemory`, `BadOutput`."""
        return self.together([scene], [context])[0]

    def key(self, scene: Scene) -> str | None:
        """Scenes with the same key are filmed together; none for one that is filmed alone. Raises `BadRequest`."""
        slate = settle(self.camera, scene)
        random = TABLE[self.camera.limits.family][slate.settled.sampler].random
        if scene.picture is not None or self.effort.together == 1 or random:
            return None
        figures = slate.settled
        size = f"{figures.width}x{figures.height}x{figures.frames}"
        return f"{size} {figures.steps} {figures.guidance:g} {figures.sampler}"

    def together(self, scenes: Sequence[Scene], contexts: Sequence[Context]) -> list[list[Shot]]:
        """The same for scenes with equal keys. Who no longer wants theirs is told no more."""
        slates = [settle(self.camera, scene) for scene in scenes]
        context = contexts[0] if len(contexts) == 1 else Chorus(contexts)
        with self._alone(context):
            self._handed(scenes[0])
            return self._filmed(scenes, slates, context, previews.watch(contexts, _whose(scenes)))

    def _filmed(
        self, scenes: Sequence[Scene], slates: Sequence[Slate], context: Context, watch: Watch
    ) -> list[list[Shot]]:
        read = [self._read(scene, slate, context) for scene, slate in zip(scenes, slates, strict=True)]
        whose = watch.whose
        seeds = [seed for scene in scenes for seed in scene.seeds]
        scene, slate = scenes[0], slates[0]
        size = (slate.settled.width, slate.settled.height)
        kept = [slates[number].kept for number in whose]
        own: dict[str, Any] = {}
        room = Darkroom(self.decode, context.scratch(), self.camera.fps, kept, size)

        def arguments(items: Sequence[int]) -> dict[str, Any]:
            words = [found for item in items if (found := read[whose[item]]) is not None]
            given: dict[str, Any] = {
                "width": slate.settled.width,
                "height": slate.settled.height,
                "num_frames": slate.settled.frames,
                **(joined(words, self.model) if words else {}),
            }
            if scene.picture is not None:
                given["image"] = fitted(scene.picture, slate)
            if self.camera.second is not None:
                given["guidance_scale_2"] = max(1.0, slate.settled.guidance * self.camera.second)
            own.update(self.arguments(scene, slate))
            return given | own

        random = TABLE[self.camera.limits.family][slate.settled.sampler].random
        alone = scene.picture is not None or random
        chunk = scene.conditioning.decode_chunk or self.effort.chunk
        effort = Effort(chunk, 1 if alone else self.effort.together, self.effort.shift, self.effort.rounds)
        made = make(
            self.model,
            context,
            seeds=seeds,
            arguments=arguments,
            settled=slate.settled,
            decode=room.decode,
            effort=effort,
            watch=watch,
            refine=self.refine,
        )
        found = zip(whose, seeds, room.shots, strict=True)
        shots: list[list[Shot]] = [[] for _ in scenes]
        for number, seed, (path, width, height, frames) in found:
            notes = (*slates[number].settled.notes, *self.remarks(slates[number]), *_told(read[number]), *made.notes)
            told = {ours: own[theirs] for theirs, ours in TOLD.items() if theirs in own}
            if told:
                told["decode_chunk"] = made.chunk
            how = made.told(self.camera.id, slates[number].settled, [seed], fps=self.camera.fps, **told)
            shots[number].append(Shot(path, seed, width, height, self.camera.fps, frames, notes, how))
        return shots

    def _read(self, scene: Scene, slate: Slate, context: Context) -> Encoded | None:
        if self.prompts is None:
            return None
        settled = slate.settled
        return self.prompts.of(scene.prompt, settled.negative, guided=settled.guided, context=context)

    def _handed(self, scene: Scene) -> None:
        """Have the pipeline at hand that such a scene wants, of two that share their networks."""
        model, camera = self.model, self.camera
        wanted = camera.pictured if camera.pictured and scene.picture is not None else camera.source.pipeline
        if type(model.pipe).__name__ == wanted:
            return
        cls = kind("diffusers", wanted)
        known = set(inspect.signature(cls.__init__).parameters)
        placing.ready(model, PLANNED)
        parts = {name: part for name, part in model.pipe.components.items() if name in known}
        settings = {name: value for name, value in model.pipe.config.items() if name in known - set(parts)}
        if model.offload not in ("none", "tiles"):
            placing.unplace(model)
        model.pipe = cls(**parts, **settings)
        model.pipe.set_progress_bar_config(disable=True)
        placing.place(model)

    @contextmanager
    def _alone(self, context: Context) -> Iterator[None]:
        while not self._lock.acquire(timeout=LISTEN):
            context.step(0, 1)
        try:
            yield
        finally:
            self._lock.release()


def _pixels(frames: Tensor) -> NDArray[np.uint8]:
    """Frames (n, 3, h, w) in [0, 1] as R'G'B' (n, h, w, 3). Raises `BadOutput` for numbers that are none."""
    if not finite(frames):
        raise BadOutput(NO_NUMBERS)
    shown: NDArray[np.uint8] = (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return shown


def _scaled(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if frame.shape[1::-1] == size:
        return frame
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _whose(scenes: Sequence[Scene]) -> list[int]:
    """For each film of all scenes the number of its scene."""
    return [number for number, scene in enumerate(scenes) for _ in scene.seeds]


def fitted(picture: Picture, slate: Slate) -> PIL.Image.Image:
    """The picture at the film's size, what is too much cut from both sides alike."""
    return PIL.Image.fromarray(handing.fitted(picture, slate.settled.width, slate.settled.height))


def _told(encoded: Encoded | None) -> tuple[str, ...]:
    return encoded.notes if encoded is not None else ()
