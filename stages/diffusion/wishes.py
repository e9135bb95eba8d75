"""Which wishes a model can't grant, told before anything is loaded. Knows no library and no stage.

Sizes are no such wish: each is drawn in its own shape as large as the model can, and scaled to what was asked.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from avatar.sampling import Sampler, Sampling
from stages.diffusion import samplers, shots
from stages.diffusion.controls import Limits, either
from stages.diffusion.shots import Camera


@runtime_checkable
class Diffusing(Protocol):
    """One model of a talk, whose wishes hold for all of its models: it follows what it can, and notes tell the rest."""

    def lacks(self, sampling: Sampling, /) -> str:
        """The wishes that it can't follow, a sentence each."""
        ...


def unmet(limits: Limits, sampling: Sampling, *, only: Sequence[Sampler] = ()) -> str:
    """The wishes that a model can't grant, a sentence each; `only` these samplers go with a distilled one."""
    told = (
        _sampler(limits, sampling.sampler, only),
        _steps(limits, sampling.steps),
        _guidance(limits, sampling.guidance),
        _cache(limits, sampling.cache_threshold),
    )
    return " ".join(filter(None, told))


def unfilmed(camera: Camera, sampling: Sampling, seconds: float) -> str:
    """The same for a film of so many seconds."""
    wanted, most = shots.frames(camera, seconds)
    long = f"{camera.limits.name} films at most {most / camera.fps:.3g} s, not {seconds:g}." if wanted > most else ""
    return " ".join(filter(None, (unmet(camera.limits, sampling, only=camera.only), long)))


def suited(limits: Limits, sampling: Sampling, *, only: Sequence[Sampler] = ()) -> tuple[Sampling, tuple[str, ...]]:
    """Of wishes that hold for all models of a talk those that this one can follow, and notes on the others."""
    notes, fit = [], only or samplers.names(limits.family)
    if sampling.sampler is not None and sampling.sampler not in fit:
        notes.append(f"{limits.name} filmed with the sampler {fit[0]}: {sampling.sampler} does not fit it.")
        sampling = replace(sampling, sampler=None)
    if sampling.guidance is not None and sampling.guidance > limits.most_guidance:
        notes.append(f"{limits.name} filmed with a guidance of {limits.most_guidance:g}, its highest.")
        sampling = replace(sampling, guidance=limits.most_guidance)
    return sampling, tuple(notes)


def _sampler(limits: Limits, wanted: Sampler | None, only: Sequence[Sampler]) -> str:
    if wanted is None:
        return ""
    if only and wanted not in only:
        return f"{limits.name} was distilled for the sampler {' or '.join(only)}, and {wanted} does not fit it."
    reason = samplers.why_not(limits.family, wanted)
    takes = ", ".join(samplers.names(limits.family))
    return f"The sampler {wanted} does not go with {limits.name}: {reason}. It takes {takes}." if reason else ""


def _steps(limits: Limits, wanted: int | None) -> str:
    if wanted is None:
        return ""
    if limits.fixed_steps and wanted not in limits.fixed_steps:
        return f"{limits.name} was distilled for {either(limits.fixed_steps)} steps, not {wanted}."
    return f"{limits.name} takes at most {limits.most_steps} steps, not {wanted}." if wanted > limits.most_steps else ""


def _guidance(limits: Limits, wanted: float | None) -> str:
    if wanted is None:
        return ""
    if limits.guidance <= 1.0 < wanted:
        return f"{limits.name} works without guidance: leave guidance_scale out, or give 1 instead of {wanted:g}."
    most = limits.most_guidance
    return f"{limits.name} takes a guidance_scale of at most {most:g}, not {wanted:g}." if wanted > most else ""


def _cache(limits: Limits, wanted: float) -> str:
    if limits.caches or not wanted:
        return ""
    return f"{limits.name} takes nothing over from step to step: leave cache_threshold out."
