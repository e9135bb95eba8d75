import json

import numpy as np
import pytest

from stages.pose.animate_anyone import skeleton
from tests.shared import shared


def person(score: float) -> tuple[skeleton.Points, skeleton.Points]:
    """Somebody whose points stand on a grid."""
    points = np.stack([20 + 5 * np.arange(133.0) % 90, 30 + np.arange(133.0)], -1)
    return points[None], np.full((1, 133), score)


def test_skeletons_are_drawn_as_the_model_was_trained_to_see_them() -> None:
    folder = shared("fixtures/animate_anyone")
    cases = json.loads((folder / "s_pose_draw.json").read_text())["cases"]
    with np.load(folder / "s_pose_draw.npz") as stored:
        for index, case in enumerate(cases):
            points, scores = skeleton.openpose(stored[f"c{index}.keypoints"], stored[f"c{index}.scores"])
            assert np.allclose(points, stored[f"c{index}.openpose_keypoints"], rtol=0, atol=1e-9)
            assert np.allclose(scores, stored[f"c{index}.openpose_scores"], rtol=0, atol=1e-9)
            drawn = skeleton.draw(points, scores, size=(case["drawn"][0], case["drawn"][1]))
            assert np.array_equal(drawn, stored[f"c{index}.drawn_u8"])


def test_nobody_is_a_black_picture() -> None:
    points, scores = skeleton.openpose(np.zeros((0, 133, 2)), np.zeros((0, 133)))
    assert not skeleton.draw(points, scores, size=(64, 48)).any()


def test_a_person_nobody_is_sure_of_is_a_black_picture() -> None:
    assert not skeleton.draw(*skeleton.openpose(*person(0.1)), size=(200, 120)).any()


def test_the_neck_needs_both_shoulders() -> None:
    points, scores = person(0.9)
    assert skeleton.openpose(points, scores)[1][0, 1] == 1
    scores[0, 6] = 0.2
    placed, scored = skeleton.openpose(points, scores)
    assert scored[0, 1] == 0
    assert placed[0, 1] == pytest.approx((points[0, 5] + points[0, 6]) / 2)


def test_only_the_surest_person_is_drawn() -> None:
    sure, unsure = skeleton.openpose(*person(0.9)), skeleton.openpose(*person(0.5))
    both = np.concatenate((unsure[0] + 7, sure[0])), np.concatenate((unsure[1], sure[1]))
    alone = skeleton.draw(*sure, size=(200, 160))
    assert alone.any()
    assert np.array_equal(skeleton.draw(both[0], both[1], size=(200, 160)), alone)
