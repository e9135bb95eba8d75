from itertools import pairwise

import pytest

from avatar.errors import BadRequest
from stages.pose.animate_anyone.pipeline import ends_first
from stages.pose.animate_anyone.windows import Schedule, counts, windows

SCHEDULES = [
    Schedule(),
    Schedule(wrap=False),
    Schedule(16, 4),
    Schedule(8, 0),
    Schedule(8, 4, 2),
    Schedule(12, 3, 4),
    Schedule(7, 6, wrap=False),
    Schedule(1, 0),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_windows_cover_films_of_any_length(schedule: Schedule) -> None:
    for frames in range(1, 401):
        laid = windows(frames, schedule)
        assert {frame for window in laid for frame in window} == set(range(frames))
        assert {len(window) for window in laid} == {min(frames, schedule.size)}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_frame_is_denoised_equally_often(schedule: Schedule) -> None:
    for frames in range(1, 401):
        laid = windows(frames, schedule)
        often = counts(frames, laid)
        weight = [0.0] * frames
        for window in laid:
            assert schedule.stride > 1 or len(set(window)) == len(window)
            for frame in window:
                weight[frame] += 1 / often[frame]
        assert weight == pytest.approx([1.0] * frames)


def test_a_film_within_one_window_is_one_window() -> None:
    assert windows(24, Schedule()) == (tuple(range(24)),)
    assert windows(1, Schedule()) == ((0,),)


def test_windows_that_do_not_wrap_are_fewer_and_never_join_the_ends() -> None:
    straight = Schedule(wrap=False)
    assert [len(windows(frames, Schedule())) for frames in (44, 64)] == [3, 4]
    assert [len(windows(frames, straight)) for frames in (44, 64)] == [2, 3]
    for frames in range(25, 401):
        laid = windows(frames, straight)
        assert all(list(window) == list(range(window[0], window[0] + 24)) for window in laid)
        assert all(len(set(one) & set(two)) >= 4 for one, two in pairwise(laid))


def test_windows_that_join_the_ends_come_first_in_the_last_step() -> None:
    laid = windows(64, Schedule())
    assert ends_first(laid) == (laid[-1], *laid[:-1])


@pytest.mark.parametrize("figures", [(0, 0, 1), (8, 8, 1), (8, -1, 1), (8, 2, 0)])
def test_windows_that_can_not_be_laid_are_refused(figures: tuple[int, int, int]) -> None:
    with pytest.raises(BadRequest, match="can't be laid"):
        Schedule(*figures)


def test_a_film_without_frames_is_refused() -> None:
    with pytest.raises(BadRequest, match="without frames"):
        windows(0, Schedule())
