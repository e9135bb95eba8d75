"""What the catalogue says of a model's activations is what following them through its networks gives.

The whole table takes minutes, `python -m benchmarks.activations` computes it; here are those that take seconds.
"""

from contextlib import nullcontext

import pytest
import torch

from benchmarks.activations import CASES, CLOSE, Case, Fused, Tally, peak, placed
from benchmarks.gpu_subjects import SUBJECTS
from benchmarks.works import Film, Maker
from hf_spaces_models import ACTIVATIONS, GIB, RECIPES

QUICK = {
    "sd-turbo": ("unet", "vae"),
    "svd": ("unet",),
    "ltx": ("transformer", "vae"),
    "ltx, refined": ("vae", "upscaler"),
    "ltx2": ("connectors", "vae", "audio_vae"),
    "wan22-ti2v-5b": ("transformer",),
    "animate-anyone": ("denoising", "guider", "vae"),
}
FOLLOWED = [(name, case) for name, parts in QUICK.items() for case in CASES[name] if case.part in parts]


@pytest.mark.parametrize(("name", "case"), FOLLOWED, ids=[f"{name} {case.part}" for name, case in FOLLOWED])
def test_the_catalogue_has_what_was_followed(name: str, case: Case) -> None:
    assert ACTIVATIONS[name][case.part] == pytest.approx(peak(case) / GIB, abs=CLOSE)


def test_each_part_of_each_diffusion_recipe_was_followed() -> None:
    assert {name: set(parts) for name, parts in ACTIVATIONS.items()} == {
        name: {case.part for case in cases} for name, cases in CASES.items()
    }
    recipes = {name for name, recipe in RECIPES.items() if recipe.stage in ("portrait", "motion", "pose", "video")}
    assert recipes == {name for name in CASES if "," not in name}
    for name in recipes:
        assert {case.model for case in CASES[name]} <= set(RECIPES[name].needs.weights)


def test_storages_are_counted_while_they_live_and_once() -> None:
    given = torch.zeros(1000)
    tally = Tally()
    tally.ignore(given)
    with tally:
        first = given + 1
        view = first.view(10, 100)
        second = first * 2
        del first
        assert tally.live == 8000
        del view, second
        given.add_(1)
        third = given + 1
    assert (tally.live, tally.peak) == (4000, 8000)
    del third
    assert tally.live == 0


@pytest.mark.parametrize("name", ["ltx", "sd-turbo"])
def test_without_memory_the_same_is_counted_as_with(name: str) -> None:
    subject = SUBJECTS[name]
    found = {}
    for device in ("cpu", "meta"):
        with torch.device(device):
            net = subject.denoiser.tiny()
        net = placed(net, torch.float32, lambda tensor, dtype: tensor.detach().to(dtype))
        tally = Tally()
        for tensor in (*net.parameters(), *net.buffers()):
            tally.ignore(tensor)
        with torch.no_grad(), Fused() if device == "meta" else nullcontext(), tally:
            subject.denoiser.work(net, Maker(device, torch.float32), Film(256, 128, 9))
        found[device] = tally.peak
    assert found["meta"] == pytest.approx(found["cpu"], rel=0.05)
    assert found["cpu"] > 100_000
