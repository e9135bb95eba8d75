"""`python -m stages.pose.animate_anyone.parity DIR`: our numbers against a set of the original's, file by file.

Prints the largest absolute and relative error of every tensor beside its tolerance; exit status 1 above any of them,
2 when the set can't be read. Knows nothing of a set's sizes: all of them are in its `config.json`.
"""
# mypy: disable-error-code="no-any-return"
# diffusers' models are untyped where they are made.

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avatar.errors import AvatarError, Unavailable
from stages.pose.animate_anyone import layout, weights
from stages.pose.animate_anyone.film import Models
from stages.pose.animate_anyone.foreign import AutoencoderKL, CLIPVisionConfig, CLIPVisionModelWithProjection
from stages.pose.animate_anyone.networks import PoseGuider, UNet

FLOAT = torch.float32


@dataclass(frozen=True, slots=True)
class Check:
    """One tensor of a set: what we computed, what the original did, and how far apart they may be."""

    name: str
    got: Tensor
    want: Tensor
    tolerance: float

    @property
    def absolute(self) -> float:
        """The largest difference; infinite for another shape or for numbers that are none."""
        if self.got.shape != self.want.shape or not bool(torch.isfinite(self.got.double()).all()):
            return float("inf")
        return float((self.got.double() - self.want.double()).abs().max())

    @property
    def relative(self) -> float:
        """The largest difference by the largest value."""
        return self.absolute / max(float(self.want.double().abs().max()), 1e-12)

    @property
    def good(self) -> bool:
        """Whether it is within its tolerance."""
        return self.absolute <= self.tolerance


@dataclass(frozen=True, slots=True)
class Fixtures:
    """A folder of fixtures with its configuration and the models made from its weights."""

    folder: Path
    config: dict[str, Any]
    models: Models

    def state(self, name: str) -> dict[str, Tensor]:
        """The tensors of one file, without its ending."""
        return weights.read(self.folder / f"{name}.safetensors")


def opened(folder: Path) -> Fixtures:
    """A set with its models in float32. Raises `Unavailable`."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as wrong:
        raise Unavailable(f"{folder}/config.json can't be read ({wrong}). Name the folder of a fixture set.") from wrong
    unet = config["unet"]
    autoencoder, encoder = AutoencoderKL(**config["vae"]), _encoder(config["clip_vision"])
    guider = layout.guider(config["pose_guider"])
    models = Models(
        denoising=net(layout.denoising(unet, config["denoising_additional"]), folder, "denoising_unet"),
        reference=net(layout.spatial(unet), folder, "reference_unet"),
        guider=weights.load(
            lambda: PoseGuider(channels=guider.channels, widths=guider.widths, out=guider.out),
            [folder / "weights" / "pose_guider.safetensors"],
            dtype=FLOAT,
        ),
        autoencoder=_filled(autoencoder, folder, "vae"),
        encoder=_filled(encoder, folder, "image_encoder"),
        schedule=config["scheduler"],
    )
    return Fixtures(folder, config, models)


def net(sizes: layout.Layout, folder: Path, name: str) -> UNet:
    """A UNet of a set in float32."""
    paths = [folder / "weights" / f"{part}.safetensors" for part in weights.RELEASED[name]]
    return weights.load(lambda: UNet(layout=sizes.plain()), paths, dtype=FLOAT)


def report(groups: Iterable[tuple[str, Iterator[Check]]]) -> Iterator[tuple[str, bool]]:
    """Lines to print, each with whether what it tells is good."""
    for name, checks in groups:
        results = list(checks)
        for check in results:
            yield _line(f"  {check.name}", check.absolute, check.relative, check.tolerance, good=check.good), check.good
        share = max((check.absolute / max(check.tolerance, 1e-12) for check in results), default=0.0)
        worst = max((check.absolute for check in results), default=0.0)
        relative = max((check.relative for check in results), default=0.0)
        good = bool(results) and all(check.good for check in results)
        verdict = f"{share:6.1%} of its tolerance" if good else "ABOVE" if results else "EMPTY"
        yield f"{name:<58} abs {worst:9.2e}  rel {relative:9.2e}  {verdict}", good


def main(arguments: list[str]) -> int:
    """The command."""
    from stages.pose.animate_anyone.parity_cases import groups

    parser = ArgumentParser("stages.pose.animate_anyone.parity", description="AnimateAnyone against the original")
    parser.add_argument("folder", type=Path, help="a fixture set: config.json, weights/ and the tensors")
    parser.add_argument("--threads", type=int, default=1, help="of torch; more only help an idle machine")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    good = True
    try:
        with torch.inference_mode():
            for line, fine in report(groups(opened(asked.folder))):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
                good = good and fine
    except AvatarError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    sys.stdout.write("All within tolerance.\n" if good else "NOT within tolerance.\n")
    return 0 if good else 1


def _encoder(config: dict[str, Any]) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**config))


def _filled(model: Any, folder: Path, name: str) -> Any:
    path = folder / "weights" / f"{name}.safetensors"
    return weights.fill(model, weights.read(path), source=path.name, dtype=FLOAT)


def _line(name: str, absolute: float, relative: float, tolerance: float, *, good: bool) -> str:
    mark = "" if good else "  ABOVE"
    return f"{name:<58} abs {absolute:9.2e}  rel {relative:9.2e}  of {tolerance:.1e}{mark}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
