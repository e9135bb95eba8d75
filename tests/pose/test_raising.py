"""Few frames a second become a film's."""

import numpy as np
import pytest

from avatar.errors import BadRequest
from stages.pose.driving.directing import pace
from stages.pose.driving.raising import raised


def sliding(count: int) -> list[np.ndarray]:
    """A soft bright patch that goes two pixels to the right with each frame."""
    x = np.arange(64)
    patch = [np.exp(-(((x - 20 - 2 * n) / 6.0) ** 2)) for n in range(count)]
    tall = np.exp(-(((x - 32) / 9.0) ** 2))[:, None]
    return [np.repeat((200 * tall * row)[..., None], 3, axis=2).astype(np.uint8) for row in patch]


@pytest.mark.parametrize(("slow", "fps", "count"), [(5.0, 10, 13), (25 / 3, 25, 40), (10.0, 10, 7), (8.0, 60, 31)])
def test_a_film_has_its_length_and_its_first_frame(slow: float, fps: int, count: int) -> None:
    frames = sliding(-(-count * round(slow * 3) // (fps * 3)) + 1)
    made = list(raised(frames, slow=slow, fps=fps, count=count))
    assert len(made) == count
    assert np.array_equal(made[0], frames[0])


def test_what_is_between_is_half_way() -> None:
    frames = sliding(4)
    made = list(raised(frames, slow=5.0, fps=10, count=7))
    assert np.array_equal(made[2], frames[1])
    across = [float((frame[32, :, 0] * np.arange(64)).sum() / frame[32, :, 0].sum()) for frame in made]
    assert np.diff(across)[:5] == pytest.approx(np.full(5, 1.0), abs=0.35)


def test_too_few_are_held_and_all_are_taken() -> None:
    assert len(list(raised(sliding(2), slow=5.0, fps=10, count=9))) == 9
    coming = iter(sliding(6))
    assert len(list(raised(coming, slow=5.0, fps=10, count=2))) == 2
    assert next(coming, None) is None
    assert not list(raised([], slow=5.0, fps=10, count=2))


@pytest.mark.parametrize(("fps", "slow"), [(24, 12.0), (25, 25 / 3), (30, 10.0), (50, 10.0), (60, 12.0), (10, 10.0)])
def test_a_whole_part_of_a_film_s_rate_is_diffused(fps: int, slow: float) -> None:
    assert pace(fps, None) == pytest.approx(slow)
    assert pace(fps, 6.0) == 6.0
    assert pace(fps, 60.0) == fps
    with pytest.raises(BadRequest, match="frames a second"):
        pace(fps, 0.5)
