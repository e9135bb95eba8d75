# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch and diffusers say neither what making a net returns nor what some tensor methods take.
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from avatar.errors import BadRequest, Unavailable
from stages.pose.animate_anyone import layout, release, weights
from stages.pose.animate_anyone.networks import UNet
from stages.pose.animate_anyone.weights import empty
from tests.animate_anyone.small import LAYOUT, models
from tests.shared import shared


@pytest.mark.parametrize("name", release.PARTS)
def test_the_full_size_has_exactly_the_released_names_and_shapes(name: str) -> None:
    wanted = json.loads(shared(f"fixtures/animate_anyone/manifest_{name}.json").read_text())
    del wanted["_meta"]
    make, belongs = release.PARTS[name]
    whole = empty(make).state_dict()
    assert {key: list(value.shape) for key, value in whole.items() if belongs(key)} == wanted


def test_every_tensor_of_a_net_is_in_one_of_its_files() -> None:
    for net, files in weights.RELEASED.items():
        whole = empty(release.PARTS[net][0]).state_dict()
        assert all(sum(release.PARTS[file][1](name) for file in files) == 1 for name in whole)


@torch.inference_mode()
def test_the_plain_half_is_a_pass_without_reference_whatever_stands_beside_it() -> None:
    made = models()
    net, embeds = made.denoising, torch.randn(1, 1, LAYOUT.cross)
    bank = made.reference.see(torch.randn(1, 4, 8, 8), embeds)
    plain, seeing = net.tell(torch.zeros_like(embeds)), net.tell(embeds, bank)
    sample, pose, times = torch.randn(2, 4, 3, 8, 8), torch.randn(2, 32, 3, 8, 8), net.times(7)
    both = net(sample, times, (plain, seeing), pose=pose)
    assert torch.allclose(both[0], net(sample, times, (plain,), pose=pose)[0], atol=1e-5)
    assert torch.allclose(both[1], net(sample, times, (seeing,), pose=pose)[0], atol=1e-5)
    assert (both[0] - both[1]).abs().max() > 1e-3


@torch.inference_mode()
def test_one_token_told_as_a_constant_is_cross_attention_in_full() -> None:
    net = models().denoising
    one = torch.randn(1, 1, LAYOUT.cross)
    sample, times = torch.randn(1, 4, 3, 8, 8), net.times(7)
    constant, general = net.tell(one), net.tell(one.repeat(1, 2, 1))
    assert general[0].text is not None
    assert constant[0].text is None
    assert torch.allclose(net(sample, times, (constant,)), net(sample, times, (general,)), atol=1e-5)


@torch.inference_mode()
def test_windows_side_by_side_do_not_see_each_other() -> None:
    net = models().denoising
    told, times, sample = net.tell(torch.randn(1, 1, LAYOUT.cross)), net.times(7), torch.randn(2, 4, 3, 8, 8)
    apart = torch.cat([net(part, times, (told,))[0] for part in sample.split(1)])
    assert torch.allclose(net(sample, times, (told,))[0], apart, atol=1e-5)


@torch.inference_mode()
def test_a_window_longer_than_the_position_code_is_refused() -> None:
    net = models().denoising
    told = net.tell(torch.zeros(1, 1, LAYOUT.cross))
    with pytest.raises(BadRequest, match="9 frames are over the model's 8"):
        net(torch.zeros(1, 4, 9, 8, 8), net.times(0), (told,))


def test_a_net_is_saved_and_opened_like_any_of_diffusers(tmp_path: Path) -> None:
    net = models().denoising
    net.save_pretrained(tmp_path)
    again = UNet.from_pretrained(tmp_path)
    assert again.layout == LAYOUT
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(("name", "value"), [("act_fn", "gelu"), ("unet_use_temporal_attention", True)])
def test_a_configuration_of_another_family_is_refused(name: str, value: object) -> None:
    unet = {"block_out_channels": [32, 32], "cross_attention_dim": 16}
    with pytest.raises(Unavailable, match=name):
        layout.denoising({**unet, name: value}, {name: value})


def test_the_package_and_its_sizes_need_no_heavy_library() -> None:
    named = "stages.pose, stages.pose.animate_anyone.layout, stages.pose.animate_anyone.windows"
    told = f"import sys, {named}, stages.pose.animate_anyone.skeleton; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
