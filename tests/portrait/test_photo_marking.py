"""The five marks of a face that was found, which lead back to the same face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.portrait.brief import Marks
from stages.portrait.photo import mean
from stages.portrait.photo.marking import marks

PICTURE = np.zeros((400, 300, 3), np.uint8)
GIVEN = Marks((110.0, 150.0), (190.0, 152.0), (122.0, 240.0), (178.0, 241.0), (150.0, 300.0))


def test_marks_are_where_the_face_was_found() -> None:
    points = mean.fitted(GIVEN)
    (found,) = marks(PICTURE, lambda picture: [points])
    again = mean.fitted(Marks(**found.model_dump()))
    assert found.right_eye == pytest.approx(GIVEN.right_eye, abs=0.1)
    assert found.left_eye[0] > found.right_eye[0]
    assert float(np.abs(again - points).max()) < 4.0


def test_every_face_has_its_marks_in_the_order_of_the_finder() -> None:
    def find(picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        points = mean.fitted(GIVEN)
        return [points, points * 0.5]

    large, small = marks(PICTURE, find)
    assert small.chin == pytest.approx([each / 2 for each in large.chin], abs=0.1)
    assert marks(PICTURE, lambda picture: []) == ()
