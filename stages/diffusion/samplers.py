"""Which sampler goes with which family of models, and why the others do not. Pure data: knows no library.

A family is what the network was taught to predict, on which scale of noise. A sampler of another kind often runs
without a word and gives garbage; which ones land where they should was found with a network whose best answer is known
in closed form, and `tests/diffusion/test_oracle.py` finds it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from avatar.errors import BadRequest
from avatar.sampling import SAMPLERS, Sampler

Family = Literal["sd-eps", "sd-v", "sd-turbo", "svd", "wan", "ltx", "modelscope", "animate-anyone"]
"""`sd-eps`, `sd-v`: Stable Diffusion that predicts noise, or velocity. `svd`: continuous noise levels (EDM)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A scheduler of diffusers by its class name, and what it is told beside the model's own settings.

    `random` ones add fresh noise at each step: they end at a picture of the same kind, not at the same one.
    """

    kind: str
    settings: Mapping[str, Any]
    random: bool = False


def _recipe(kind: str, *, random: bool = False, **settings: Any) -> Recipe:
    return Recipe(kind, MappingProxyType(settings), random=random)


def _discrete(**common: Any) -> dict[Sampler, Recipe]:
    """For networks that know a thousand steps of noise."""
    return {
        "dpm++-karras": _recipe("DPMSolverMultistepScheduler", use_karras_sigmas=True, **common),
        "dpm++": _recipe("DPMSolverMultistepScheduler", **common),
        "ddim": _recipe("DDIMScheduler", clip_sample=False, **common),
        "pndm": _recipe("PNDMScheduler", skip_prk_steps=True, **common),
        "lms": _recipe("LMSDiscreteScheduler", **common),
        "euler": _recipe("EulerDiscreteScheduler", **common),
        "heun": _recipe("HeunDiscreteScheduler", **common),
        "unipc": _recipe("UniPCMultistepScheduler", **common),
        "deis": _recipe("DEISMultistepScheduler", **common),
        "euler-a": _recipe("EulerAncestralDiscreteScheduler", random=True, **common),
        "ddpm": _recipe("DDPMScheduler", clip_sample=False, random=True, **common),
        "dpm++-sde": _recipe("DPMSolverMultistepScheduler", algorithm_type="sde-dpmsolver++", random=True, **common),
        "lcm": _recipe("LCMScheduler", clip_sample=False, random=True, **common),
    }


def _turbo() -> dict[Sampler, Recipe]:
    """For a network that was made to be asked at four of those steps."""
    table = _discrete(timestep_spacing="trailing")
    lcm = table["lcm"]
    return table | {"lcm": Recipe(lcm.kind, {**lcm.settings, "original_inference_steps": 4}, random=True)}


def _some(table: Mapping[Sampler, Recipe], names: str) -> dict[Sampler, Recipe]:
    return {name: recipe for wanted in names.split() for name, recipe in table.items() if name == wanted}


_FLOW: Mapping[str, Any] = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
_EDM: Mapping[str, Any] = {"sigma_min": 0.002, "sigma_max": 700.0, "sigma_data": 1.0, "prediction_type": "v_prediction"}

TABLE: Mapping[Family, Mapping[Sampler, Recipe]] = MappingProxyType(
    {
        "sd-eps": _discrete(),
        "sd-v": _discrete(prediction_type="v_prediction"),
        "sd-turbo": _some(_turbo(), "euler-a euler ddim lcm heun lms dpm++ dpm++-sde unipc ddpm"),
        "svd": {
            "euler": _recipe("EulerDiscreteScheduler"),
            "dpm++": _recipe("EDMDPMSolverMultistepScheduler", sigma_schedule="exponential", **_EDM),
        },
        "wan": {
            "unipc": _recipe("UniPCMultistepScheduler", **_FLOW),
            "dpm++": _recipe("DPMSolverMultistepScheduler", **_FLOW),
            "euler": _recipe("FlowMatchEulerDiscreteScheduler"),
            "heun": _recipe("FlowMatchHeunDiscreteScheduler"),
        },
        "ltx": {
            "euler": _recipe("FlowMatchEulerDiscreteScheduler"),
            "unipc": _recipe("UniPCMultistepScheduler", **_FLOW),
        },
        "modelscope": _some(
            _discrete(), "dpm++ ddim dpm++-karras pndm lms euler heun unipc deis euler-a ddpm dpm++-sde lcm"
        ),
        "animate-anyone": {"ddim": _recipe("DDIMScheduler")},
    }
)
"""The valid ones of each family, the one that is taken by default first."""

_OF_NOISE_STEPS = "it counts noise in a thousand steps, and this model in a flow from 0 to 1"
_UNSEEDED = "it draws noise that the seed does not rule, so no result could be made again"

_REASONS: Mapping[Family, Mapping[Sampler | None, str]] = MappingProxyType(
    {
        "sd-turbo": {
            None: "it asks the network at other moments than the four that it was made for",
            "pndm": "its first step alone does not reach the picture, and this model makes it in one to four",
            "deis": "its first step alone does not reach the picture, and this model makes it in one to four",
        },
        "svd": {
            None: "it rounds noise levels to a thousand whole steps, and this model was taught continuous ones",
        },
        "wan": {
            None: _OF_NOISE_STEPS,
            "deis": "its steps miss the picture by a fifth on models of this kind",
            "dpm++-karras": "its spacing of noise leaves the range from 0 to 1 that this model knows",
            "dpm++-sde": _UNSEEDED,
            "lcm": _UNSEEDED,
        },
        "ltx": {
            None: "it takes no noise levels of the model's own choice",
            "lcm": _UNSEEDED,
        },
        "animate-anyone": {
            None: "it remembers the step before, and this model finishes its film window by window",
            "ddpm": _UNSEEDED,
        },
    }
)


def names(family: Family) -> tuple[Sampler, ...]:
    """The samplers that go with a family, its default first."""
    return tuple(TABLE[family])


def why_not(family: Family, sampler: Sampler) -> str:
    """Why a sampler does not go with a family, as the rest of a sentence; empty when it does."""
    if sampler in TABLE[family]:
        return ""
    reasons = _REASONS[family]
    return reasons.get(sampler, reasons[None])


def check(family: Family, sampler: Sampler | None) -> Sampler:
    """The sampler to take: the one that was asked for, else the family's default.

    Raises BadRequest for one that does not go with the family, with the reason and those that do.
    """
    valid = names(family)
    if sampler is None:
        return valid[0]
    if sampler not in SAMPLERS:
        raise BadRequest(f"There is no sampler {sampler}. Choose {_listed(valid)}.")
    if reason := why_not(family, sampler):
        raise BadRequest(f"The sampler {sampler} does not go with this model: {reason}. Choose {_listed(valid)}.")
    return sampler


def _listed(valid: tuple[Sampler, ...]) -> str:
    return valid[0] if len(valid) == 1 else f"{', '.join(valid[:-1])} or {valid[-1]}"
