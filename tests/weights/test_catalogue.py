"""The catalogue counts what it says, names each thing once, and fits the disks that it speaks of."""

from hashlib import sha256
from itertools import pairwise
from typing import get_args

import pytest
import torch

from avatar.plan import Profile
from avatar.settings import Profile as Wished
from hf_spaces_models import CATALOGUE, MMS, PARTS, PIPER, PROFILES, RECIPES, to_fetch, to_keep
from stages import pipeline
from tests.shared import shared
from tests.weights.architectures import ARCHITECTURES

SPACE = 50 * 10**9
STORED = {
    "svd-xt": {"unet": 2, "vae": 2, "image_encoder": 2},
    "sd-turbo": {"unet": 2, "vae": 2, "text_encoder": 2},
    "sd15": {"unet": 2, "vae": 2, "text_encoder": 2},
    "modelscope-t2v": {"unet": 2, "vae": 2, "text_encoder": 2},
    "wan21-t2v-13b": {"transformer": 4, "vae": 4, "text_encoder": 4},
    "wan21-i2v-14b": {"transformer": 4, "vae": 4, "text_encoder": 4, "image_encoder": 2},
    "wan22-ti2v-5b": {"transformer": 4, "vae": 4, "text_encoder": 2},
    "wan22-t2v-a14b": {"transformer": 4, "transformer_2": 4, "vae": 4, "text_encoder": 2},
    "ltx-2": {"transformer": 2, "connectors": 2, "vae": 2, "audio_vae": 2, "text_encoder": 2},
    "wan22-animate-14b": {"transformer": 4, "vae": 4, "text_encoder": 2, "image_encoder": 2},
}
"""Bytes of a parameter on disk, for models that keep each part in a folder of its own."""
WHOLE = {
    "wav2vec2-base-960h": 4,
    "wav2vec2-base": 4,
    "speecht5-hifigan": 4,
    "pocket-tts": 4,
    "pocket-tts-audio-tokenizer": 4,
    **{f"mms-{code}": 4 for code, _ in MMS},
    "sd-vae-ft-mse": 4,
    "image-variations-encoder": 4,
    "ltx-2b-distilled": 2,
    "ltx-upscaler": 4,
    "t5-xxl": 2,
    "animate-anyone": 4,
}
"""The same for models kept in one folder."""


@pytest.mark.parametrize("name", PARTS)
def test_parameters_are_those_of_the_architecture(name: str) -> None:
    with torch.device("meta"):
        made = {part: make() for part, make in ARCHITECTURES[name].items()}
    counted = {part: sum(tensor.numel() for tensor in net.parameters()) for part, net in made.items()}
    assert counted == dict(PARTS[name])
    assert CATALOGUE[name].parameters == sum(counted.values())


@pytest.mark.parametrize(("name", "part"), [(name, part) for name in STORED for part in STORED[name]])
def test_a_part_s_file_is_as_large_as_its_parameters(name: str, part: str) -> None:
    stored = sum(file.size for file in CATALOGUE[name].files if file.path.startswith(f"{part}/"))
    assert stored == pytest.approx(PARTS[name][part] * STORED[name][part], rel=0.01)


@pytest.mark.parametrize("name", WHOLE)
def test_a_model_s_files_are_as_large_as_its_parameters(name: str) -> None:
    assert CATALOGUE[name].size == pytest.approx(sum(PARTS[name].values()) * WHOLE[name], rel=0.01)


def test_conversion_halves_what_animate_anyone_takes() -> None:
    row = CATALOGUE["animate-anyone"]
    assert row.kept == pytest.approx(row.size / 2, rel=0.01)


def test_each_weight_is_named_once_with_its_licence_and_its_files() -> None:
    assert all(name == row.id for name, row in CATALOGUE.items())
    for row in CATALOGUE.values():
        assert row.size == sum(file.size for file in row.files) > 0
        assert len({file.path for file in row.files}) == len(row.files)
        assert row.licence
        assert row.title
        assert row.stage in {stage.name for stage in pipeline.STAGES}
        assert not row.source.endswith("/")


def test_nothing_is_pinned_that_is_not_known() -> None:
    for row in CATALOGUE.values():
        assert "://" in row.source or row.revision == "" or (len(row.revision) == 40 and int(row.revision, 16))
        assert all(file.sha256 == "" or (len(file.sha256) == 64 and int(file.sha256, 16)) for file in row.files)


def test_who_is_left_out_says_why_in_numbers() -> None:
    left_out = {name: row.excluded for name, row in CATALOGUE.items() if row.excluded}
    assert {"omniavatar-14b", "wan21-t2v-14b"} <= set(left_out)
    assert all(any(letter.isdigit() for letter in why) for why in left_out.values())
    assert not any(name in recipe.needs.weights for name in left_out for recipe in RECIPES.values())


def test_stable_video_diffusion_is_not_taken_whole() -> None:
    assert CATALOGUE["svd-xt"].size == pytest.approx(4.51e9, rel=0.005)


def test_the_weights_of_every_backend_are_in_the_catalogue() -> None:
    chains = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.weights}
    recipes = {name for recipe in RECIPES.values() for name in recipe.needs.weights}
    assert chains | recipes <= set(CATALOGUE)
    also = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.also}
    offered = {name for name, row in CATALOGUE.items() if not row.excluded}
    assert (
        offered - recipes == also - recipes == {"dwpose", "pose-landmarker", "selfie-segmenter", "ltx-upscaler", "rife"}
    )


def test_the_mission_has_a_recipe_for_each_of_its_backends() -> None:
    by_stage: dict[str, set[str]] = {}
    for name, recipe in RECIPES.items():
        assert name == recipe.backend
        by_stage.setdefault(recipe.stage, set()).add(name)
    voices = {f"mms-{code}" for code, _ in MMS} | {f"piper-{name}" for name, *_ in PIPER}
    assert by_stage == {
        "speech": {"speecht5", "speecht5-clone", "pocket", *voices},
        "lips": {"wav2vec"},
        "portrait": {"sd-turbo", "sd15", "wan-image"},
        "motion": {"svd"},
        "video": {"ltx", "wan21-t2v-13b", "wan21-i2v", "wan22-ti2v-5b", "wan22-a14b", "modelscope"},
        "pose": {"ltx2", "animate-anyone", "wan-animate"},
    }


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_s_ladder_goes_down_in_memory_and_up_in_time(name: str) -> None:
    modes = [mode for mode in RECIPES[name].needs.modes if mode.device == "cuda"]
    assert modes or name.startswith("piper-")
    for better, worse in pairwise(modes):
        assert (worse.vram < better.vram) or (worse.precision, worse.offload) == ("fp8", "model")
    whole = [mode for mode in modes if mode.precision != "fp8"]
    assert all(worse.pace >= better.pace > 0 for better, worse in pairwise(whole))
    assert all(mode.ram > 0 for mode in RECIPES[name].needs.modes)
    assert {mode.device for mode in RECIPES[name].needs.modes[:-1]} <= {"cuda"}


def vram(name: str, offload: str, precision: str) -> float:
    modes = RECIPES[name].needs.modes
    return next(mode.vram / 2**30 for mode in modes if (mode.offload, mode.precision) == (offload, precision))


def test_memory_agrees_with_what_was_counted_by_hand() -> None:
    assert vram("svd", "none", "float16") == pytest.approx(4.20 + 7.74 * 1.17 + 0.85, abs=0.05)
    assert vram("svd", "model", "float16") == pytest.approx(2.84 + 7.74 * 1.17 + 0.85, abs=0.05)
    assert vram("wan21-t2v-13b", "none", "bfloat16") == pytest.approx(13.5 + 3.96 * 1.45 + 0.85, abs=0.1)
    assert vram("wan22-a14b", "model", "fp8") < 80
    assert vram("wan-animate", "none", "bfloat16") < 80
    assert vram("ltx", "model", "bfloat16") < 16 * 0.94


def test_profiles_grow_and_fit_a_space() -> None:
    assert set(PROFILES) == set(get_args(Profile)) == set(get_args(Wished)) - {"auto"}
    assert set(PROFILES["minimal"]) < set(PROFILES["recommended"]) < set(PROFILES["maximum"]) < set(CATALOGUE)
    assert to_fetch(PROFILES["minimal"]) < 1.1e9
    assert to_fetch(PROFILES["recommended"]) == pytest.approx(8.2e9, rel=0.05)
    assert to_fetch(PROFILES["maximum"]) < 25e9 < SPACE
    assert to_keep(PROFILES["maximum"]) < to_fetch(PROFILES["maximum"]) - 4e9
    assert not any(CATALOGUE[name].excluded for names in PROFILES.values() for name in names)


def test_the_face_finder_is_the_one_we_know() -> None:
    file = CATALOGUE["face-landmarker"].files[0]
    data = shared(f"models/{file.path}").read_bytes()
    assert (len(data), sha256(data).hexdigest()) == (file.size, file.sha256)
