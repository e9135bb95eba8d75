# mypy: disable-error-code="no-any-return, no-untyped-call"
# torch and diffusers say neither what making a net returns nor what some tensor methods take.
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from avatar.errors import Unavailable
from stages.pose.animate_anyone import weights
from stages.pose.animate_anyone.networks import UNet
from tests.animate_anyone.small import LAYOUT, models

NAME = "mid_block.attentions.0.transformer_blocks.0.attn1.to_k.weight"


def make() -> UNet:
    return UNet(layout=LAYOUT.plain())


def state() -> dict[str, Tensor]:
    return models().denoising.state_dict()


def is_motion(name: str) -> bool:
    return "motion_module" in name


def test_a_whole_checkpoint_is_taken_as_it_is(tmp_path: Path) -> None:
    whole = state()
    save_file({name: value for name, value in whole.items() if is_motion(name)}, tmp_path / "motion_module.safetensors")
    torch.save({name: value for name, value in whole.items() if not is_motion(name)}, tmp_path / "denoising_unet.pth")
    paths = [weights.found(tmp_path, name) for name in weights.RELEASED["denoising_unet"]]
    loaded = weights.load(make, paths, dtype=torch.float32).state_dict()
    assert loaded.keys() == whole.keys()
    assert all(torch.equal(value, whole[name]) for name, value in loaded.items())


def test_position_codes_may_be_missing_because_they_are_known() -> None:
    whole = state()
    bare = {name: value for name, value in whole.items() if not name.endswith(".pe")}
    loaded = weights.fill(weights.empty(make), bare, source="a file", dtype=torch.float32).state_dict()
    assert all(torch.equal(value, whole[name]) for name, value in loaded.items())


def damaged(kind: str) -> dict[str, Tensor]:
    broken = state()
    value = broken.pop(NAME)
    if kind == "renamed":
        broken["mid_block.to_k"] = value
    if kind == "misshaped":
        broken[NAME] = value[:-1]
    if kind in ("nan", "infinite"):
        broken[NAME] = value.clone()
        broken[NAME][3, 1] = float(kind[:3])
    return broken


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [
        ("missing", f"{NAME} is missing"),
        ("renamed", "mid_block.to_k is not known"),
        ("misshaped", f"{NAME} is 63x64 instead of 64x64"),
        ("nan", f"{NAME} holds NaN"),
        ("infinite", f"{NAME} holds NaN or infinite"),
    ],
)
def test_a_damaged_checkpoint_is_refused_by_the_tensor_s_name(tmp_path: Path, kind: str, phrase: str) -> None:
    path = tmp_path / "denoising_unet.safetensors"
    save_file(damaged(kind), path)
    with pytest.raises(Unavailable) as refused:
        weights.load(make, [path], dtype=torch.float32)
    assert phrase in str(refused.value)
    assert path.name in str(refused.value)


def test_every_wrong_tensor_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "denoising_unet.safetensors"
    save_file({"stranger": torch.zeros(1)}, path)
    with pytest.raises(Unavailable, match=r"and \d+ more"):
        weights.load(make, [path], dtype=torch.float32)


def test_the_same_tensor_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_file({"same": torch.zeros(1)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(Unavailable, match="two.safetensors holds again same"):
        weights.merged([tmp_path / "one.safetensors", tmp_path / "two.safetensors"])


@pytest.mark.parametrize("name", ["broken.safetensors", "broken.pth"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a checkpoint")
    with pytest.raises(Unavailable, match=f"{name} can't be read"):
        weights.read(tmp_path / name)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": Path.cwd}, tmp_path / "evil.pth")
    with pytest.raises(Unavailable, match="can't be read"):
        weights.read(tmp_path / "evil.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="pose_guider.safetensors"):
        weights.found(tmp_path, "pose_guider")


def test_conversion_halves_checks_and_removes_the_original(tmp_path: Path) -> None:
    whole = state()
    source = tmp_path / "motion_module.pth"
    torch.save({name: value for name, value in whole.items() if is_motion(name)}, source)
    target = weights.convert(source, model=weights.empty(make), parts=is_motion)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["motion_module.safetensors"]
    stored = load_file(target)
    assert stored.keys() == {name for name in whole if is_motion(name)}
    for name, value in stored.items():
        assert value.dtype == (torch.float32 if name.endswith(".pe") else torch.float16)
        assert torch.allclose(value.float(), whole[name], atol=1e-3)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({NAME: torch.full((64, 64), 1e6)}, "would overflow"),
        ({NAME: torch.zeros(3)}, "instead of 64x64"),
        ({"stranger": torch.zeros(1)}, "stranger is not known"),
    ],
)
def test_what_can_not_be_converted_is_kept(tmp_path: Path, change: dict[str, Tensor], phrase: str) -> None:
    source = tmp_path / "denoising_unet.pth"
    torch.save({**state(), **change}, source)
    with pytest.raises(Unavailable, match=phrase):
        weights.convert(source, model=weights.empty(make))
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_a_tensor_of_another_file_is_not_converted(tmp_path: Path) -> None:
    source = tmp_path / "motion_module.pth"
    torch.save(state(), source)
    with pytest.raises(Unavailable, match="belongs to another file"):
        weights.convert(source, model=weights.empty(make), parts=is_motion)
    assert source.exists()
