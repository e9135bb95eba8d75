"""Every way in which a folder of weights can be wrong comes out as one sentence that names what is."""
# mypy: disable-error-code="no-untyped-call, misc"
# The libraries' classes have no types.

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from avatar.errors import OutOfMemory, Unavailable
from avatar.stage import Placement
from stages.diffusion import files, loading
from stages.diffusion.models import SD15, SD_TURBO, WAN_IMAGE, Easel
from tests.diffusion import small

Break = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.saved(small.sd15(), tmp_path_factory.mktemp("whole"), variant="fp16")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "sd15"))


def load(folder: Path, easel: Easel = SD15) -> Any:
    return loading.load(easel.source, Placement(weights={easel.source.weights: folder}))


UNET, WORDS = "unet/diffusion_pytorch_model.fp16.safetensors", "text_encoder/model.fp16.safetensors"


def edited(path: Path, **settings: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def tensors(path: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    save_file(change(load_file(path)), path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def poisoned(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: torch.full_like(tensor, float("nan")) for name, tensor in state.items()}


def without_last(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return dict(sorted(state.items())[:-1])


def larger_vocabulary(folder: Path) -> None:
    edited(folder / "text_encoder/config.json", vocab_size=5140)
    tensors(
        folder / WORDS,
        lambda state: {
            name: tensor.repeat(10, 1) if "token_embedding" in name else tensor for name, tensor in state.items()
        },
    )


BROKEN: list[tuple[str, Break, str]] = [
    ("no folder", shutil.rmtree, "The folder of sd15 is not there"),
    ("no index", lambda f: (f / "model_index.json").unlink(), "model_index.json is missing in sd15"),
    ("broken index", lambda f: (f / "model_index.json").write_text("{"), "model_index.json of sd15 can't be read"),
    ("other index", lambda f: (f / "model_index.json").write_text("[]"), "is not what it should be"),
    (
        "other pipeline",
        lambda f: edited(f / "model_index.json", _class_name="WanPipeline"),
        "holds a WanPipeline, not a StableDiffusionPipeline",
    ),
    (
        "unknown network",
        lambda f: edited(f / "model_index.json", unet=["diffusers", "NoSuchNet"]),
        "unet of sd15 is a NoSuchNet",
    ),
    (
        "foreign library",
        lambda f: edited(f / "model_index.json", unet=["os", "UNet2DConditionModel"]),
        "unet of sd15 is a UNet2DConditionModel, which is not known here",
    ),
    ("no weights", lambda f: (f / UNET).unlink(), f"{UNET} is missing in sd15"),
    ("no part", lambda f: shutil.rmtree(f / "vae"), "vae/config.json is missing in sd15"),
    ("no words", lambda f: (f / WORDS).unlink(), f"{WORDS} is missing in sd15"),
    ("no settings", lambda f: (f / "unet/config.json").unlink(), "unet/config.json is missing"),
    ("broken settings", lambda f: (f / "unet/config.json").write_text("no"), "unet/config.json of sd15 can't be read"),
    ("no scheduler", lambda f: shutil.rmtree(f / "scheduler"), "scheduler/scheduler_config.json is missing"),
    ("no tokenizer", lambda f: shutil.rmtree(f / "tokenizer"), "tokenizer/tokenizer.json is missing"),
    ("no vocabulary", lambda f: (f / "tokenizer/tokenizer.json").unlink(), "tokenizer/tokenizer.json is missing"),
    ("cut weights", lambda f: cut(f / UNET), f"{UNET} of sd15 is cut off or damaged"),
    ("cut words", lambda f: cut(f / WORDS), f"{WORDS} of sd15 is cut off or damaged"),
    ("empty weights", lambda f: (f / UNET).write_bytes(b""), f"{UNET} of sd15 is cut off or damaged"),
    ("noise", lambda f: (f / UNET).write_bytes(b"\x10" + bytes(7) + b"no json at all" * 9), f"{UNET} of sd15 can't be"),
    (
        "pointer",
        lambda f: (f / UNET).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        f"{UNET} of sd15 is only a pointer of git-lfs",
    ),
    ("fewer tensors", lambda f: tensors(f / UNET, without_last), "unet of sd15 lacks"),
    ("fewer words", lambda f: tensors(f / WORDS, without_last), "text_encoder of sd15 lacks"),
    ("more layers", lambda f: edited(f / "unet/config.json", layers_per_block=2), "unet of sd15 can't be loaded"),
    ("more words", lambda f: edited(f / "text_encoder/config.json", num_hidden_layers=3), "text_encoder of sd15 lacks"),
    (
        "fewer layers",
        lambda f: edited(f / "text_encoder/config.json", num_hidden_layers=1),
        "text_encoder of sd15 does not know",
    ),
    ("other shapes", lambda f: edited(f / "unet/config.json", cross_attention_dim=64), "unet of sd15"),
    ("other words", lambda f: edited(f / "text_encoder/config.json", hidden_size=64), "text_encoder of sd15"),
    ("no numbers", lambda f: tensors(f / UNET, poisoned), "in unet of sd15 holds what are no numbers"),
    (
        "small vocabulary",
        larger_vocabulary,
        "knows 514 tokens instead of 5140",
    ),
]


@pytest.mark.parametrize(("how", "said"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_damaged_folder_is_refused_by_the_name_of_what_is_wrong(folder: Path, how: Break, said: str) -> None:
    how(folder)
    with pytest.raises(Unavailable) as refused:
        load(folder)
    assert said in str(refused.value)
    assert str(refused.value).endswith("Fetch sd15 again.")
    assert str(folder) not in str(refused.value)


def test_weights_nobody_placed_are_told() -> None:
    with pytest.raises(Unavailable, match="The weights sd15 are not there. Fetch sd15 again."):
        loading.load(SD15.source, Placement())


def test_plain_files_serve_where_there_are_none_of_the_variant(tmp_path: Path) -> None:
    model = load(small.saved(small.sd15(), tmp_path / "plain"))
    assert model.pipe.unet.dtype is torch.float32


def test_pickled_weights_load_without_running_what_is_in_them(tmp_path: Path) -> None:
    folder = small.saved(small.sd15(), tmp_path / "pickled")
    for path in folder.glob("*/*.safetensors"):
        name = "pytorch_model.bin" if path.name == "model.safetensors" else "diffusion_pytorch_model.bin"
        torch.save(load_file(path), path.with_name(name))
        path.unlink()
    assert load(folder).pipe.unet.dtype is torch.float32
    torch.save({"conv_in.weight": Evil()}, folder / "unet/diffusion_pytorch_model.bin")
    with pytest.raises(Unavailable, match="unet of sd15 can't be loaded"):
        load(folder)
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(b"PK")
    with pytest.raises(Unavailable, match="diffusion_pytorch_model.bin of sd15 is cut off or damaged"):
        load(folder)


class Evil:
    """What a pickle could do."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (pytest.fail, ("it was run",))


def test_pieces_must_all_be_there(tmp_path: Path) -> None:
    small.wan().save_pretrained(tmp_path, max_shard_size="20KB")
    pieces = sorted((tmp_path / "transformer").glob("*.safetensors"))
    assert len(pieces) > 1
    load(tmp_path, WAN_IMAGE)
    pieces[-1].unlink()
    with pytest.raises(Unavailable, match=f"transformer/{pieces[-1].name} is missing in wan21-t2v-13b"):
        load(tmp_path, WAN_IMAGE)
    (tmp_path / "transformer/diffusion_pytorch_model.safetensors.index.json").write_text("{}")
    with pytest.raises(Unavailable, match="names no files"):
        load(tmp_path, WAN_IMAGE)


def test_old_layouts_of_a_tokenizer_are_known(folder: Path) -> None:
    told = json.loads((folder / "tokenizer/tokenizer.json").read_text())
    (folder / "tokenizer/tokenizer.json").unlink()
    (folder / "tokenizer/vocab.json").write_text(json.dumps(told["model"]["vocab"]))
    with pytest.raises(Unavailable, match=r"tokenizer/merges.txt is missing"):
        load(folder)
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    assert len(load(folder).pipe.tokenizer) == 514


def test_parts_that_are_done_without_need_not_be_there(folder: Path) -> None:
    edited(
        folder / "model_index.json",
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPImageProcessor"],
        image_encoder=[None, None],
        requires_safety_checker=True,
    )
    assert load(folder).pipe.safety_checker is None


def test_parts_that_are_passed_are_not_looked_for(folder: Path) -> None:
    shutil.rmtree(folder / "text_encoder")
    shutil.rmtree(folder / "tokenizer")
    model = loading.load(SD15.source, Placement(weights={"sd15": folder}), text_encoder=None, tokenizer=None)
    assert model.pipe.text_encoder is None


def test_one_part_alone_can_be_had(folder: Path) -> None:
    kind = type(small.clip())
    words = loading.part(kind, folder / "text_encoder", weights="sd15", dtype=torch.bfloat16, variant="fp16")
    assert words.dtype is torch.bfloat16
    assert not words.training
    with pytest.raises(Unavailable, match="unet of sd15"):
        loading.part(kind, folder / "unet", weights="sd15", dtype=torch.float32, variant="fp16")


def test_a_network_that_was_never_filled_is_refused() -> None:
    pipe = small.sd15()
    pipe.unet.to("meta")
    with pytest.raises(Unavailable, match="unet of sd-turbo lacks"):
        loading.seated(pipe, SD_TURBO.source, Placement())


class Hungry(AutoencoderKL):
    """An autoencoder that finds no room wherever it is to go."""

    def to(self, *_: Any, **__: Any) -> Any:
        """No room."""
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB.")


def test_no_memory_while_loading_is_told_as_that(folder: Path) -> None:
    settings = {name: value for name, value in small.autoencoder().config.items() if not name.startswith("_")}
    with pytest.raises(OutOfMemory):
        loading.load(SD15.source, Placement(weights={"sd15": folder}), vae=Hungry(**settings))


def test_a_device_that_is_not_there_is_told(folder: Path) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("here it is there")
    with pytest.raises(Unavailable, match="The device mps can't be used here"):
        loading.load(SD15.source, Placement(device="mps", weights={"sd15": folder}))


def test_parts_are_told_by_their_role(whole: Path) -> None:
    found = files.parts(whole, weights="sd15", pipelines=("StableDiffusionPipeline",), variant="fp16")
    assert {part.name: part.role for part in found} == {
        "scheduler": "scheduler",
        "text_encoder": "network",
        "tokenizer": "tokenizer",
        "unet": "network",
        "vae": "network",
    }
