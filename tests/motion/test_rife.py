"""RIFE's network: the released layout, movement that can be worked out by hand, files that are not it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.errors import Unavailable
from avatar.stage import Placement
from stages import rife
from stages.motion import MOTION
from stages.pose import POSE

Bytes = NDArray[np.uint8]
HEIGHT, WIDTH = 50, 70


def blurred(seed: int) -> Bytes:
    coarse = torch.rand((1, 3, 6, 8), generator=torch.Generator().manual_seed(seed))
    large = torch.nn.functional.interpolate(coarse, (HEIGHT, WIDTH), mode="bicubic").clamp(0, 1)
    return np.asarray((large[0] * 255).byte().permute(1, 2, 0).numpy(), np.uint8)


def released() -> dict[str, Tensor]:
    """A checkpoint as it is published, its layers all zero, with parts that only training wants."""
    own = rife.Network().state_dict()
    more = {"block_tea.lastconv.bias": torch.zeros(5), "unet.conv.bias": torch.zeros(3)}
    return {f"module.{key}": torch.zeros_like(tensor) for key, tensor in {**own, **more}.items()}


def written(folder: Path, held: Any) -> Path:
    torch.save(held, folder / rife.FILE)
    return folder


def test_without_movement_both_are_blended_and_with_it_both_come_half_way(tmp_path: Path) -> None:
    one, two = blurred(1), blurred(2)
    held = released()
    still = rife.load(written(tmp_path, held))(one, two, 0.3)
    assert np.abs(still - (one.astype(float) + two) / 2).max() <= 1
    right = 3  # pixels, of which each of four blocks finds its part: twice as many as it is coarse
    for number in range(4):
        held[f"module.block{number}.lastconv.bias"][:2] = torch.tensor([right / 30, 0])
    drawn = rife.load(written(tmp_path, held))(one, two, 0.3)
    wanted = (one[:, right:].astype(float) + two[:, :-right]) / 2
    assert np.abs(drawn[:, :-right] - wanted).max() <= 1


def test_layers_and_moment_count_and_the_same_comes_again(tmp_path: Path) -> None:
    torch.manual_seed(4)
    held = {f"module.{key}": tensor for key, tensor in rife.Network().state_dict().items()}
    draw = rife.drawer(Placement(weights={"rife": written(tmp_path, held)}))
    assert draw is not None
    first, again, later = (draw(blurred(1), blurred(2), part) for part in (0.3, 0.3, 0.6))
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)
    assert rife.told(draw) == (rife.NOTE,)
    assert (rife.drawer(Placement()), rife.told(None)) == (None, ())


def test_far_movement_is_looked_for_in_smaller_pictures() -> None:
    network = rife.Network(widths=(4, 4, 4, 4)).eval()
    for tensor in network.parameters():
        tensor.detach().zero_()
    network.get_parameter("block1.lastconv.bias").detach()[:4] = 5.0  # times twice its scale: 40 pixels, then 80
    picture = torch.rand((1, 3, 128, 256), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        drawn = network(picture, picture, 0.5)
    assert torch.allclose(drawn[..., :48, :176], picture[..., 80:, 80:], atol=1e-4)


@pytest.mark.parametrize("fault", ["absent", "rubbish", "code", "shape", "lack", "more"])
def test_what_is_not_its_checkpoint_is_told(tmp_path: Path, fault: str) -> None:
    held: Any = released()
    bias = "module.block2.lastconv.bias"
    match fault:
        case "rubbish":
            (tmp_path / rife.FILE).write_bytes(b"not found")
        case "code":
            written(tmp_path, {bias: Path("x")})
        case "shape":
            written(tmp_path, held | {bias: torch.zeros(6)})
        case "lack":
            written(tmp_path, {key: tensor for key, tensor in held.items() if key != bias})
        case "more":
            written(tmp_path, held | {"module.encode.0.weight": torch.zeros(1)})
    with pytest.raises(Unavailable, match=f"{rife.FILE} of rife is .* --fetch rife"):
        rife.load(tmp_path)


def test_who_films_with_few_frames_uses_it_where_it_is() -> None:
    using = {backend.id for stage in (MOTION, POSE) for backend in stage.chain if "rife" in backend.needs.also}
    assert using == {"svd", "ltx", "wan21-i2v", "wan22-ti2v-5b", "animate-anyone", "wan-animate", "ltx2"}
