"""A silent film of somebody in a picture who moves as somebody in a video does, told once. Knows no backend.

The same stages as for one who talks, without speech; models that diffuse give the footage.
"""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from typing import Any

from avatar.artifacts import Footage, Footages, Portrait
from avatar.errors import BadRequest
from avatar.request import Ask
from avatar.stage import Run, Stage
from stages import motion, portrait, pose
from stages.diffusion import controls

ROUTE: tuple[Stage[Any, Any], ...] = (portrait.PORTRAIT, motion.MOTION, pose.POSE)
PIXELS = 832 * 480
"""Of what is diffused: what the models were taught with. The film is scaled to what was asked for."""


def wanted(ask: Ask) -> bool:
    """Whether a video tells how somebody in a picture is to move; who names a model for films wants that one."""
    return ask.kind == "video" and ask.image is not None and ask.video is not None and "video" not in ask.backends


def able(ask: Ask, placed: Callable[[str, str], object]) -> bool:
    """Whether such a movement is wanted, and a model has a place that could make it; its wishes are then put right."""
    models = (each.id for each in pose.POSE.chain if not (each.needs.floor or pose.alone(each.id)))
    return wanted(ask) and any(placed(pose.POSE.name, name) is not None for name in models)


def filmed(ask: Ask, who: portrait.Brief, seconds: float, run: Run) -> Footages | None:
    """A shot for each seed; None where nobody is seen in the picture, or no model is here that could move them.

    Raises `BadRequest` for a picture of nobody, or a driving video of nobody, where a place in it is to be taken.
    """
    try:
        person = run(portrait.PORTRAIT, who)
    except BadRequest:
        if ask.drive.replace:
            raise
        return None
    shots = []
    for seed in controls.seeds(ask.seed, ask.variations):
        shot = _shot(ask, person, seconds, seed, run)
        if shot is None:
            return None
        shots.append(shot)
    return Footages(tuple(shots))


def _shot(ask: Ask, person: Portrait, seconds: float, seed: int, run: Run) -> Footage | None:
    still = run(motion.MOTION, motion.Brief(person, seconds, ask.fps, seed, driven=True))
    share = min(1.0, sqrt(PIXELS / (ask.width * ask.height)))
    posed = run(
        pose.POSE,
        pose.Brief(
            still,
            None,
            seed,
            backend=ask.backends.get("pose", ""),
            sampling=ask.sampling,
            driving=pose.Driving(ask.video, replace=ask.drive.replace),
            shooting=pose.Shooting(round(ask.width * share), round(ask.height * share)),
        ),
    )
    return replace(posed.footage, seed=seed) if posed.footage else None
