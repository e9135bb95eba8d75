"""What a film camera is, what it is asked to film, and what it gives. Knows no library, no model and no stage."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from avatar.errors import BadRequest
from avatar.sampling import OWN, UNTOLD, Conditioning, Diffusion, Sampler, Sampling
from stages.diffusion import controls
from stages.diffusion.controls import Limits, Settled
from stages.diffusion.orders import Picture
from stages.diffusion.source import Source

Beginning = Literal["never", "may", "must"]
"""Whether a film begins with a picture that was brought."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A model that films after words, after a picture, or both.

    `fps` is the pace that it was taught, `tokens` how much it reads of a prompt, `together` how many films it makes at
    once. `negative` is what its makers advise against, where the asker names nothing. `shift` moves the steps of flow
    models towards noise; `second` is the guidance of a second expert, as a share of the first's. `pictured` is the
    pipeline that takes pictures, where it is not the one that films after words alone; `only` these samplers go with
    the moments that a distilled model was made for.
    """

    id: str
    source: Source
    limits: Limits
    fps: float
    tokens: int
    begins: Beginning = "never"
    together: int = 1
    negative: str = ""
    shift: float | None = None
    second: float | None = None
    pictured: str = ""
    only: tuple[Sampler, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is to be filmed, once for each seed. It begins with `picture` where there is one.

    `lively` is how much moves, 1 as usual, for models that can be told; `conditioning` says it, and more, in one's own
    figures.
    """

    prompt: str
    seeds: tuple[int, ...]
    seconds: float
    width: int
    height: int
    picture: Picture | None = None
    sampling: Sampling = OWN
    lively: float = 1.0
    conditioning: Conditioning = UNTOLD


@dataclass(frozen=True, slots=True)
class Shot:
    """A film on disk, without loss, in a scratch folder. `notes` say how it differs from what was asked.

    `diffusion` is how it was made.
    """

    path: Path
    seed: int
    width: int
    height: int
    fps: float
    frames: int
    notes: tuple[str, ...] = ()
    diffusion: Diffusion | None = None


@dataclass(frozen=True, slots=True)
class Slate:
    """How a scene will be filmed: `settled` are the model's figures, of whose frames `kept` are wanted."""

    settled: Settled
    kept: int


def settle(camera: Camera, scene: Scene) -> Slate:
    """What a scene comes to with this camera. Raises `BadRequest`, `TooLarge`. Nothing is loaded for it."""
    limits = camera.limits
    controls.check_prompt(scene.prompt)
    if not scene.prompt.strip() and camera.begins == "never":
        raise BadRequest(f"{limits.name} films what words say, and there are none. Say what is to be seen.")
    if scene.picture is None and camera.begins == "must":
        raise BadRequest(f"{limits.name} needs a picture to begin with. Give one, or choose another model.")
    if not scene.seeds or any(not 0 <= seed < controls.SEEDS for seed in scene.seeds):
        raise BadRequest(f"A film needs a seed from 0 to {controls.SEEDS - 1}. Give one for each.")
    if camera.only and scene.sampling.sampler not in (None, *camera.only):
        raise BadRequest(
            f"{limits.name} was distilled for the sampler {camera.only[0]}. Choose that one, or another model."
        )
    wanted, count = frames(camera, scene.seconds)
    sampling = replace(scene.sampling, negative=scene.sampling.negative or _advised(camera, scene.sampling))
    settled = controls.settle(limits, sampling, width=scene.width, height=scene.height, frames=count)
    if wanted > count:
        told = f"{limits.name} films at most {count / camera.fps:.1f} s at once; the film was cut to that."
        settled = replace(settled, notes=(*settled.notes, told))
    return Slate(settled, min(wanted, count))


def frames(camera: Camera, seconds: float) -> tuple[int, int]:
    """How many frames so many seconds are, and how many the model makes for them. Raises `BadRequest` for no length."""
    if not (math.isfinite(seconds) and seconds > 0.0):
        raise BadRequest(f"A film of {seconds:g} s can't be made. Ask for more than 0 seconds.")
    wanted = max(1, round(seconds * camera.fps))
    every, most = camera.limits.every, camera.limits.most_frames
    longest = (most - 1) // every * every + 1
    return wanted, min(max(1, math.ceil((wanted - 1) / every)) * every + 1, longest)


def _advised(camera: Camera, sampling: Sampling) -> str:
    """What the model's makers advise against, where guidance makes it heard."""
    guidance = camera.limits.guidance if sampling.guidance is None else sampling.guidance
    return camera.negative if guidance > 1.0 and camera.limits.guidance > 1.0 else ""
