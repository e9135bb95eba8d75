"""Frames between frames: nearer to what was filmed than a blend, exact where they can be, in the memory of two."""

import weakref
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.errors import BadRequest
from avatar.media.interpolation import Between, raised

Bytes = NDArray[np.uint8]
SIDE = 160


def texture(seed: int) -> NDArray[np.float32]:
    """Something with edges of all sizes, in [0, 1]."""
    chance = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE, 3), np.float32)
    for size in (8, 16, 32):
        coarse = chance.random((SIDE // size, SIDE // size, 3)).astype(np.float32)
        total += size * np.asarray(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


GROUND, THING = texture(1), texture(2)


def scene(moment: float) -> Bytes:
    """A disc that moves and turns before a ground that slides the other way."""
    slid = np.array([[1, 0, -3 * moment], [0, 1, 2 * moment]], np.float32)
    ground = np.asarray(cv2.warpAffine(GROUND, slid, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT))
    turned = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), 4 * moment, 1 + 0.02 * moment)
    turned[:, 2] += np.array([6 * moment, 3 * moment])
    mask: NDArray[Any] = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(mask, (SIDE // 2, SIDE // 2), SIDE // 4, 1.0, -1)
    mask = np.asarray(cv2.GaussianBlur(cv2.warpAffine(mask, turned, (SIDE, SIDE)), (5, 5), 0))[..., None]
    thing = np.asarray(cv2.warpAffine(THING, turned, (SIDE, SIDE)))
    return np.asarray(np.rint(np.clip(ground * (1 - mask) + thing * mask, 0, 1) * 255), np.uint8)


def decibels(seen: Bytes, wanted: Bytes) -> float:
    """Peak signal-to-noise ratio."""
    return float(10 * np.log10(255.0**2 / np.mean((seen.astype(np.float64) - wanted) ** 2)))


def test_the_middle_is_nearer_to_what_was_filmed_than_a_blend_by_six_decibels() -> None:
    first, wanted, second = scene(0), scene(0.5), scene(1)
    blend = np.asarray((first.astype(np.uint16) + second) // 2, np.uint8)
    assert decibels(Between(first, second).at(0.5), wanted) > decibels(blend, wanted) + 6.0


def test_all_parts_of_the_way_are_nearer_than_a_blend() -> None:
    pair = Between(scene(0), scene(1))
    for part in (0.25, 0.75):
        blend = np.asarray(np.rint(pair.first * (1 - part) + pair.second * part), np.uint8)
        assert decibels(pair.at(part), scene(part)) > decibels(blend, scene(part)) + 4.0


def test_its_ends_are_the_two_pictures_themselves() -> None:
    pair = Between(scene(0), scene(1))
    assert np.array_equal(pair.at(0.0), pair.first)
    assert np.array_equal(pair.at(1.0), pair.second)


def test_runs_and_numbers_of_threads_agree_bit_by_bit() -> None:
    made = []
    before = cv2.getNumThreads()
    for threads in (1, 2, 1):
        cv2.setNumThreads(threads)
        made.append(Between(scene(0), scene(1)).at(0.4))
    cv2.setNumThreads(before)
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


def test_a_cut_is_held_and_never_blended() -> None:
    before, after = scene(0), np.asarray(THING * 255, np.uint8)
    shown = list(raised([before, scene(0.2), after, after], source_fps=10, target_fps=40))
    assert len(shown) == 16
    for frame in shown[4:8]:
        assert np.array_equal(frame, scene(0.2))
    for frame in shown[8:]:
        assert np.array_equal(frame, after)


def test_somebody_else_may_draw_what_lies_between_and_nothing_more() -> None:
    asked: list[float] = []

    def draw(first: Bytes, second: Bytes, part: float) -> Bytes:
        assert not np.array_equal(first, second)
        asked.append(part)
        return scene(9)

    one, two, other = scene(0), scene(0.2), np.asarray(THING * 255, np.uint8)
    shown = list(raised([one, two, two, other], source_fps=10, target_fps=40, draw=draw))
    assert asked == [0.25, 0.5, 0.75]
    assert [np.array_equal(each, scene(9)) for each in shown] == [False, True, True, True, *[False] * 12]


def test_a_fast_move_is_no_cut() -> None:
    assert not Between(scene(0), scene(3)).cut


def test_own_frames_stand_where_the_rates_meet_and_the_length_stays() -> None:
    own = [scene(number / 4) for number in range(7)]
    shown = list(raised(own, source_fps=7, target_fps=28))
    assert len(shown) == 28
    for number, frame in enumerate(own):
        assert np.array_equal(shown[4 * number], frame)
    assert len(list(raised(own, source_fps=7, target_fps=25))) == 25
    same = list(raised(own, source_fps=7, target_fps=7))
    assert np.array_equal(np.stack(same), np.stack(own))


def test_one_frame_is_held_and_none_stays_none() -> None:
    assert len(list(raised([scene(0)], source_fps=7, target_fps=25))) == 4
    assert list(raised([], source_fps=7, target_fps=25)) == []


@pytest.mark.parametrize(
    ("source", "target"), [(25, 7), (0, 25), (-1, 25), (7, float("inf")), (float("nan"), 25), (7, float("nan"))]
)
def test_rates_that_do_not_rise_are_refused(source: float, target: float) -> None:
    with pytest.raises(BadRequest, match="higher rate"):
        list(raised([scene(0)], source_fps=source, target_fps=target))


def test_two_frames_are_held_however_long_it_lasts() -> None:
    given: list[weakref.ref[Bytes]] = []
    most = 0

    def frames() -> Iterator[Bytes]:
        for number in range(12):
            frame = np.roll(scene(0), number, axis=1)
            given.append(weakref.ref(frame))
            yield frame
            del frame

    for _ in raised(frames(), source_fps=10, target_fps=20):
        most = max(most, sum(each() is not None for each in given))
    assert most <= 3
