"""How somebody who talks is moved by models: what a request says of it, in the stages' words. Knows no model's work."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from avatar.artifacts import Clip, Eye, Face, Motion, Portrait, Speech
from avatar.errors import BadRequest
from avatar.request import Ask
from avatar.sampling import UNTOLD
from avatar.stage import Backend, Stage
from stages import motion, pose
from stages.diffusion import wishes

First = Callable[[Stage[Any, Any], Any], Backend[Any, Any] | None]
"""Who does a stage's work for a brief here; None where nobody can."""

EYE = Eye((), (), (0.0, 0.0), 0.0, ())
NOBODY = Face((), (), (), (), EYE, EYE, (), (), (0.0, 0.0))
"""The face of somebody whose picture nobody has looked at yet."""


def check(ask: Ask) -> None:
    """Raises `BadRequest` for a movement that the named backends can't make, or that nobody could."""
    motion.check(ask.drive.conditioning, guidance=ask.guidance_scale, free=stirred(ask))
    pose.check(actor(ask), driving(ask))


def refuse(ask: Ask, first: First) -> None:
    """Raises `BadRequest` where models would film a photograph, and none of those follows all that is wished of them.

    `first` gives who would do a stage's work.
    """
    if ask.image is None or ask.dubbed or ask.turns:
        return
    who = Portrait(ask.image, (), NOBODY, 0, 0, "photo", "")
    moving = motion.Brief(who, 0.0, ask.fps, ask.seed, prompt=happening(ask), driven=driven(ask))
    clip = Clip(who, Motion(ask.image, ask.fps, 0))
    said = Speech(ask.image, ask.image, 0.0, 0, "") if ask.speaks else None
    posed = pose.Brief(clip, said, ask.seed, backend=actor(ask), driving=driving(ask))
    used: list[object] = [first(motion.MOTION, moving) if ask.speaks else None, first(pose.POSE, posed)]
    short = [each.lacks(ask.sampling) for each in used if isinstance(each, wishes.Diffusing)]
    if short and all(short):
        raise BadRequest(" ".join(short))


def driven(ask: Ask) -> bool:
    """Whether the movement comes after base motion, so that no model films that."""
    return driving(ask).wanted or pose.alone(actor(ask))


def driving(ask: Ask) -> pose.Driving:
    """Like whom or what a picture is to move."""
    told = ask.drive
    return pose.Driving(None if ask.dubbed else ask.video, told.motion, told.gestures, told.replace)


def shooting(ask: Ask) -> pose.Shooting:
    """How that is to be diffused."""
    return pose.Shooting(**ask.drive.model_dump(include={field.name for field in fields(pose.Shooting)}))


def actor(ask: Ask) -> str:
    """Who is wanted for the pose stage: whoever was named, and nobody who films anew what was told how to be filmed."""
    told = ask.drive.conditioning != UNTOLD
    return ask.backends.get(pose.POSE.name, pose.PLAIN if told else "")


def stirred(ask: Ask) -> bool:
    """Whether Stable Video Diffusion is free to film the one who speaks."""
    named = {motion.MOTION.name: motion.SVD, pose.POSE.name: pose.PLAIN}
    others = any(ask.backends.get(stage, only) != only for stage, only in named.items())
    return ask.image is not None and not (driving(ask).wanted or others)


def more(ask: Ask, seconds: float) -> Mapping[str, int]:
    """Bytes of a device's memory that a film of `seconds` takes beyond what recipes count, by the backend."""
    guided = ask.drive.guided > 0 and (ask.guidance_scale is None or ask.guidance_scale > 1)
    size = pose.kept(shooting(ask), seconds=seconds, fps=ask.fps, guided=guided)
    return {"animate-anyone": size} if size else {}


def happening(ask: Ask) -> str:
    """What a photograph is to do, for models that read words; nothing for avatars, whose words say who they are."""
    if not ask.image:
        return ""
    return ask.prompt or (motion.PLAIN if ask.backends.get("motion") else "")
