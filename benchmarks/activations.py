"""The most memory that each part of each diffusion recipe takes beside its weights, without weights and without a GPU.

Every part is built at full size on fake tensors, called once as its pipeline calls it, and every storage that comes
into being is counted until it goes. Attention is taken as the fused one, which keeps no matrix of weights. Not
counted: what a library of kernels takes to work in, and what the allocator rounds up.

`python -m benchmarks.activations [recipe ...]` compares all of it with the catalogue.
"""
# ruff: noqa: SLF001 - torch has no public way to ask for these
# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch does not type what it traces with.

import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.weights.architectures import ARCHITECTURES

# isort: split

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from benchmarks import works, works_anyone
from benchmarks.works import Film, Maker, Work
from hf_spaces_models import ACTIVATIONS, GIB

HALF, BRAIN = torch.float16, torch.bfloat16


@dataclass(frozen=True, slots=True)
class Case:
    """One part of a recipe at work. `model` is where the catalogue has its weights."""

    model: str
    part: str
    film: Film
    dtype: torch.dtype
    works: tuple[Work, ...]


def _wan(model: str, film: Film, *decodes: Work, step: Work = works.wan_step, steps: int = 1) -> list[Case]:
    parts = ["transformer", "transformer_2"][:steps]
    return [
        *(Case(model, part, film, BRAIN, (step,)) for part in parts),
        Case(model, "vae", film, BRAIN, decodes or (works.wan_decode,)),
        Case(model, "text_encoder", film, BRAIN, (works.read(works.LONG),)),
    ]


def _still(model: str, rows: int) -> list[Case]:
    film = Film(512, 512)
    return [
        Case(model, "unet", film, HALF, (works.image_step(rows),)),
        Case(model, "vae", film, HALF, (works.image_decode,)),
        Case(model, "text_encoder", film, HALF, (works.read(works.WORDS),)),
    ]


def _tiled(cases: list[Case], *decodes: Work) -> list[Case]:
    parts = [case for case in cases if case.part == "vae"]
    return [Case(case.model, case.part, case.film, case.dtype, tuple(map(works.tiled, decodes))) for case in parts]


STILL, WIDE = Film(832, 480), Film(832, 480, 81)
SVD = Film(1024, 576, 25)
LTX = Film(704, 512, 121)
LARGER = Film(896, 640, 121)
LONG, LONGER = (Film(film.width, film.height, 217) for film in (LTX, LARGER))  # two tiles in time
FINE = Film(1280, 704, 121)
SMALL = Film(576, 320, 24)
TALL = Film(512, 784, 24)
DANCE = Film(832, 480, 77)
SPOKEN = Film(1216, 704, 121)
BOTH = (works.wan_decode, works.wan_encode)

CASES: dict[str, list[Case]] = {
    "sd-turbo": _still("sd-turbo", 1),
    "sd15": _still("sd15", 2),
    "wan-image": _wan("wan21-t2v-13b", STILL),
    "svd": [
        Case("svd-xt", "unet", SVD, HALF, (works.svd_step,)),
        Case("svd-xt", "vae", SVD, HALF, (works.svd_decode, works.svd_encode)),
        Case("svd-xt", "image_encoder", SVD, HALF, (works.look,)),
    ],
    "ltx": [
        Case("ltx-2b-distilled", "transformer", LTX, BRAIN, (works.ltx_step(2),)),
        Case("ltx-2b-distilled", "vae", LONG, BRAIN, (works.ltx_decode,)),
        Case("t5-xxl", "text_encoder", LTX, BRAIN, (works.read(256),)),
    ],
    "ltx, refined": [
        Case("ltx-2b-distilled", "transformer", LARGER, BRAIN, (works.ltx_step(2),)),
        Case("ltx-2b-distilled", "vae", LONGER, BRAIN, (works.ltx_decode,)),
        Case("ltx-upscaler", "upscaler", LARGER, BRAIN, (works.ltx_enlarge,)),
    ],
    "wan21-t2v-13b": _wan("wan21-t2v-13b", WIDE),
    "wan21-i2v": [
        *_wan("wan21-i2v-14b", WIDE, *BOTH),
        Case("wan21-i2v-14b", "image_encoder", WIDE, BRAIN, (works.look,)),
    ],
    "wan22-ti2v-5b": _wan("wan22-ti2v-5b", FINE, step=works.wan22_step),
    "wan22-a14b": _wan("wan22-t2v-a14b", WIDE, steps=2),
    "modelscope": [
        Case("modelscope-t2v", "unet", SMALL, HALF, (works.modelscope_step,)),
        Case("modelscope-t2v", "vae", SMALL, HALF, (works.image_decode,)),
        Case("modelscope-t2v", "text_encoder", SMALL, HALF, (works.read(works.WORDS),)),
    ],
    "animate-anyone": [
        Case("animate-anyone", "denoising", TALL, HALF, (works_anyone.step,)),
        Case("animate-anyone", "reference", TALL, HALF, (works_anyone.see,)),
        Case("animate-anyone", "guider", TALL, HALF, (works_anyone.guide,)),
        Case("sd-vae-ft-mse", "vae", TALL, HALF, (works_anyone.decode, works.image_encode)),
        Case("image-variations-encoder", "image_encoder", TALL, HALF, (works.look,)),
    ],
    "wan-animate": [
        *_wan("wan22-animate-14b", DANCE, *BOTH, step=works.animate_step),
        Case("wan22-animate-14b", "image_encoder", DANCE, BRAIN, (works.look,)),
    ],
    "ltx2": [
        Case("ltx-2", "transformer", SPOKEN, BRAIN, (works.ltx2_step,)),
        Case("ltx-2", "connectors", SPOKEN, BRAIN, (works.ltx2_connect,)),
        Case("ltx-2", "vae", SPOKEN, BRAIN, (works.ltx2_decode, works.ltx2_encode)),
        Case("ltx-2", "audio_vae", SPOKEN, BRAIN, (works.ltx2_hear,)),
        Case("ltx-2", "text_encoder", SPOKEN, BRAIN, (works.ltx2_read,)),
    ],
}
"""All diffusion recipes with their parts. Autoencoders that can work tile by tile are here a second time."""
CASES |= {
    f"{name}, tiled": _tiled(CASES[name], *decodes)
    for name, decodes in {
        "wan-image": (works.wan_decode,),
        "ltx": (works.ltx_decode,),
        "ltx, refined": (works.ltx_decode,),
        "wan21-t2v-13b": (works.wan_decode,),
        "wan21-i2v": BOTH,
        "wan22-ti2v-5b": (works.wan_decode,),
        "wan22-a14b": (works.wan_decode,),
        "wan-animate": BOTH,
        "ltx2": (works.ltx2_decode, works.ltx2_encode),
    }.items()
}


@dataclass
class Tally(TorchDispatchMode):
    """Bytes of all storages that come into being while it is on, and the most there were together."""

    live: int = 0
    peak: int = 0
    seen: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """As torch wants it."""
        super().__init__()

    def ignore(self, tensor: Tensor) -> None:
        """Count this one as nothing: it was there before."""
        self.seen[tensor.untyped_storage()._cdata] = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do it, and count what came of it."""
        out = func(*args, **(kwargs or {}))
        for leaf in tree_iter(out):
            if isinstance(leaf, Tensor):
                self._count(leaf)
        return out

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self.seen:
            return
        self.seen[key] = size
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self.live -= size
        self.seen.pop(key, None)


class Fused(TorchFunctionMode):
    """Attention as the fused kernels of a GPU leave it in memory: the result and nothing else."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Attention's shape instead of attention; all else as it is."""
        kwargs = kwargs or {}
        if func is not F.scaled_dot_product_attention:
            return func(*args, **kwargs)
        query, _, value = (*args, *(kwargs[name] for name in ("query", "key", "value")[len(args) :]))[:3]
        *rows, heads, length, _ = query.shape
        return query.new_empty(*rows, length, heads, value.shape[-1]).transpose(-2, -3)


def placed(net: Any, dtype: torch.dtype, move: Callable[[Tensor, torch.dtype], Tensor]) -> Any:
    """A network moved in the types that diffusers loads it in: some layers of some stay in float32."""
    kept = getattr(net, "_keep_in_fp32_modules", None) or ()
    for path, module in net.named_modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is None:
                    continue
                whole = not tensor.is_floating_point() or name in module._non_persistent_buffers_set
                full = any(part in kept for part in (*path.split("."), name))
                kind = tensor.dtype if whole else torch.float32 if full else dtype
                moved = move(tensor, kind)
                tensors[name] = nn.Parameter(moved, requires_grad=False) if tensors is module._parameters else moved
    return net.eval()


def on_meta(net: Any, dtype: torch.dtype) -> Any:
    """A network as it is loaded, but without memory."""
    return placed(net, dtype, lambda tensor, kind: torch.empty_like(tensor, device="meta", dtype=kind))


def peak(case: Case) -> int:
    """Bytes of the largest activations of a part, its weights not among them."""
    make = ARCHITECTURES[case.model][case.part]
    return max(_peak(make, case.film, case.dtype, work) for work in case.works)


@cache
def _peak(make: Callable[[], Any], film: Film, dtype: torch.dtype, work: Work) -> int:
    with torch.no_grad():
        with torch.device("meta"):
            net = on_meta(make(), dtype)
        tally = Tally()
        for tensor in (*net.parameters(), *net.buffers()):
            tally.ignore(tensor)
        with Fused(), tally:
            work(net, Maker("meta", dtype), film)
    return tally.peak


def main(names: list[str], say: Callable[[str], object] = print) -> int:
    """Compare; 1 when the catalogue is wrong somewhere."""
    wrong = 0
    for name in names or list(CASES):
        for case in CASES[name]:
            began = time.monotonic()
            kept, found = ACTIVATIONS.get(name, {}).get(case.part, 0.0), peak(case) / GIB
            bad = abs(kept - found) > CLOSE
            wrong += bad
            spent = time.monotonic() - began
            verdict = "WRONG" if bad else ""
            say(f"{name:22} {case.part:14} {found:8.3f} GiB, kept {kept:6.2f} {verdict:5} {spent:.0f} s")
    return int(wrong > 0)


CLOSE = 0.01
"""GiB by which the catalogue may be off: it has two digits."""

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
