"""Samplers made of their recipes and of what a model says of its noise. Knows neither network nor picture."""

from collections.abc import Mapping
from typing import Any

from avatar.sampling import Sampler
from stages.diffusion import samplers
from stages.diffusion.foreign import kind
from stages.diffusion.samplers import Family

DEFAULTS = "_use_default_values"
"""Where published settings name those that nobody chose; another scheduler's own take their place."""


def build(family: Family, sampler: Sampler, published: Mapping[str, Any], *, shift: float | None = None) -> Any:
    """The scheduler of diffusers for a family's sampler.

    `published` are the settings that came with the model's weights, `shift` moves the steps of flow models towards
    noise; left open it is the published one. Raises `BadRequest` for a sampler that does not go with the family.
    """
    recipe = samplers.TABLE[family][samplers.check(family, sampler)]
    moved = shift if shift is not None else published.get("flow_shift", published.get("shift"))
    settings = chosen(published) | dict(recipe.settings)
    if family in ("wan", "ltx") and moved is not None:
        settings |= {"shift": moved, "flow_shift": moved}
    return kind("diffusers", recipe.kind).from_config(settings)


def chosen(published: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a model's published settings that somebody chose."""
    unchosen = set(published.get(DEFAULTS, ()))
    return {name: value for name, value in published.items() if not name.startswith("_") and name not in unchosen}
