"""What `benchmarks.gpu` does for one recipe: builds its networks, measures memory, then speed in every way."""
# mypy: disable-error-code="no-any-return, no-untyped-call"
# diffusers does not say what calling a model returns.

import gc
import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tests.weights.architectures import ARCHITECTURES, image_vae

# isort: split

import diffusers
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import gpu_measure as how
from benchmarks.activations import HALF, TALL, placed
from benchmarks.animate_anyone import MOMENT, Case
from benchmarks.gpu_subjects import SUBJECTS, Subject, _image_vae
from benchmarks.works import Film, Maker
from hf_spaces_models import ACTIVATIONS, GIB, SLACK
from stages.pose.animate_anyone.blocks import Deep
from stages.pose.animate_anyone.film import Ask, Models
from stages.pose.animate_anyone.layout import DENOISING, Layout
from stages.pose.animate_anyone.networks import PoseGuider, UNet
from stages.pose.animate_anyone.pipeline import Pipeline

if TYPE_CHECKING:
    from benchmarks.gpu import Book

TINY = Layout(channels=(32, 64, 64, 64), cross=32, groups=8)
ANYONE_WAYS = ("plain", "compile")


def machine() -> str:
    """The card and the versions the figures depend on."""
    card = torch.cuda.get_device_name() if how.on_gpu() else platform.processor() or platform.machine()
    return f"{card}, torch {torch.__version__}, diffusers {diffusers.__version__}, Python {platform.python_version()}"


def measure(name: str, book: "Book", *, device: str, tiny: bool, quick: bool) -> None:
    """All measurements of one recipe."""
    if name == "animate-anyone":
        anyone(book, device=device, tiny=tiny, quick=quick)
    else:
        subject = SUBJECTS[name].small() if tiny else SUBJECTS[name]
        subject = replace(subject, dtype=kind(device, subject.dtype))
        Bench(subject, book, device, tiny=tiny).all(quick=quick)


def kind(device: str, dtype: torch.dtype) -> torch.dtype:
    """What is computed in: a processor would take minutes for half precision."""
    return torch.float32 if device == "cpu" else dtype


def weigh(*nets: Any) -> int:
    """Bytes of parameters and buffers."""
    return sum(t.numel() * t.element_size() for net in nets for t in (*net.parameters(), *net.buffers()))


def against(planned: float, found: how.Memory) -> dict[str, Any]:
    """A row of the table of memory, in GiB."""
    figures = {"tensors": found.tensors, "reserved": found.reserved, "device": found.device}
    return {"planned": planned / GIB, "slack": SLACK / GIB} | {key: value / GIB for key, value in figures.items()}


class Bench:
    """The measurements of one recipe of diffusers'."""

    def __init__(self, subject: Subject, book: "Book", device: str, *, tiny: bool) -> None:
        self.subject, self.book, self.device, self.tiny = subject, book, device, tiny
        self.name = subject.recipe
        self.nets: dict[str, Any] = {}
        self.made: Any = how.Kept(Maker(device, subject.dtype))
        self.plain: Tensor | None = None
        self.flops = 0

    def all(self, *, quick: bool) -> None:
        """Memory first, then speed."""
        self.book.attempt(self.name, "building", self._build)
        if len(self.nets) < 2:
            return
        self.book.attempt(self.name, "a step", lambda: self._held("denoiser"))
        self.book.attempt(self.name, "decoding", lambda: self._held("decoder"))
        del self.nets["decoder"]
        for name in () if quick else self.subject.ways:
            how.fresh()
            self.book.attempt(self.name, name, lambda way=name: self._speed(way))  # type: ignore[misc]

    def _build(self) -> dict[str, Any]:
        for role in ("denoiser", "decoder"):
            piece = getattr(self.subject, role)
            self.nets[role] = piece.build(self.device, self.subject.dtype, tiny=self.tiny)
        for piece in self.subject.beside:
            self.nets[piece.part] = piece.build(self.device, self.subject.dtype, tiny=self.tiny)
        how.fresh()
        return {"weights": weigh(*self.nets.values()) / GIB}

    def _held(self, role: str) -> dict[str, Any]:
        piece, net = getattr(self.subject, role), self.nets[role]
        how.fresh()
        out = piece.work(net, Maker(self.device, self.subject.dtype), self.subject.film)
        how.wait()
        finite = bool(torch.isfinite(out).all())
        found = how.memory()
        del out
        tiled = ", tiled" if self.subject.tiled and role == "decoder" else ""
        planned = weigh(*self.nets.values()) + int(ACTIVATIONS[self.name + tiled][piece.part] * GIB)
        return against(planned, found) | {"finite": finite}

    def _step(self) -> Tensor:
        self.made.rewind()
        return self.subject.denoiser.work(self.nets["denoiser"], self.made, self.subject.film)

    def _speed(self, name: str) -> dict[str, Any]:
        net = self.nets["denoiser"]
        if self.plain is None:
            with FlopCounterMode(display=False) as counter:
                self.plain = self._step().clone()
            self.flops = counter.get_total_flops()
        with how.way(name, net, self._step, self.subject.blocks) as step:
            spent = how.seconds(step)
            apart = None if name == "cache" else how.apart(step(), self.plain)
        found = how.memory()
        return {
            "seconds": spent,
            "apart": apart,
            "flops": 0 if name == "cache" else self.flops,
            "base": name == "plain",
            "peak": found.tensors / GIB,
        }


def anyone(book: "Book", *, device: str, tiny: bool, quick: bool) -> None:
    """AnimateAnyone: a film by our own pipeline, then a step in the original's order and in ours."""
    name, film, sizes = "animate-anyone", Film(64, 64, 6) if tiny else TALL, TINY if tiny else DENOISING
    models: list[Models] = []

    def build() -> dict[str, Any]:
        models.append(anyone_models(sizes, device, tiny=tiny))
        how.fresh()
        return {"weights": _weight(models[0]) / GIB}

    book.attempt(name, "building", build)
    if not models:
        return
    book.attempt(name, "a film of two steps", lambda: _film(models[0], film))
    if quick:
        return
    net = models[0].denoising
    seer = models[0].reference
    models.clear()
    case = anyone_case(net, seer, film, sizes, device)
    del seer
    gc.collect()
    flops: list[int] = []
    plain: list[Tensor] = []

    def original() -> dict[str, Any]:
        how.fresh()
        with FlopCounterMode(display=False) as counter:
            plain.append(case.theirs().clone())
        flops.append(counter.get_total_flops())
        how.fresh()
        spent = how.seconds(case.theirs)
        peak = how.memory().tensors / GIB
        return {"seconds": spent, "flops": flops[0], "base": True, "peak": peak}

    def ours(way: str) -> dict[str, Any]:
        how.fresh()
        with how.way(way, net, case.ours, ("Block", "TemporalBlock")) as step:
            spent = how.seconds(step)
            apart = how.apart(step(), plain[0])
        return {"seconds": spent, "apart": apart, "peak": how.memory().tensors / GIB}

    def again() -> dict[str, Any]:
        how.fresh()
        deep = Deep()
        case.again(deep)
        return {"seconds": how.seconds(lambda: case.again(deep)), "peak": how.memory().tensors / GIB}

    book.attempt(name, "original's order", original)
    for way in ANYONE_WAYS:
        book.attempt(name, f"ours, {way}", lambda way=way: ours(way))  # type: ignore[misc]
    book.attempt(name, "outermost layers alone", again)


def anyone_models(sizes: Layout, device: str, *, tiny: bool) -> Models:
    """All networks of AnimateAnyone with random weights."""
    torch.manual_seed(1)
    still = replace(sizes, motion=None, head=False)
    small = {"channels": 3, "widths": (8, 8, 16, 16), "out": sizes.channels[0]} if tiny else {}

    def made(make: Any) -> Any:
        with torch.device(device):
            net = make()
        return placed(net, kind(device, HALF), lambda tensor, full: tensor.detach().to(device, full))

    return Models(
        denoising=made(lambda: UNet(layout=sizes.plain())),
        reference=made(lambda: UNet(layout=still.plain())),
        guider=made(lambda: PoseGuider(**small)),
        autoencoder=made(_image_vae if tiny else image_vae),
        encoder=made(_small_eye if tiny else ARCHITECTURES["image-variations-encoder"]["image_encoder"]),
    )


def _small_eye() -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        patch_size=32,
        image_size=224,
        projection_dim=TINY.cross,
    )
    return CLIPVisionModelWithProjection(config)


def _weight(models: Models) -> int:
    return weigh(models.denoising, models.reference, models.guider, models.autoencoder, models.encoder)


def _film(models: Models, film: Film) -> dict[str, Any]:
    noise = np.random.default_rng(1)
    portrait, *drawn = (
        Image.fromarray(noise.integers(0, 255, (film.height, film.width, 3), np.uint8)) for _ in range(film.frames + 1)
    )
    how.fresh()
    frames = 0
    for part in Pipeline(models).generate(portrait, drawn, Ask(film.width, film.height, steps=2)):
        frames += len(part)
    held = max(ACTIVATIONS["animate-anyone"].values())
    return against(_weight(models) + held * GIB, how.memory()) | {"frames": frames}


def anyone_case(net: UNet, seer: UNet, film: Film, sizes: Layout, device: str) -> Case:
    """One step of a window for both orders."""
    make, (frames, y, x) = Maker(device, kind(device, HALF)), film.latent()
    embeds = make(1, 1, sizes.cross)
    bank = seer.see(make(1, sizes.in_channels, y, x), embeds)
    halves = (net.tell(torch.zeros_like(embeds)), net.tell(embeds, bank))
    sample, pose = make(1, sizes.in_channels, frames, y, x), make(1, sizes.channels[0], frames, y, x)
    return Case(net, sample, pose, embeds, bank, halves)


__all__ = ["MOMENT", "machine", "measure"]
