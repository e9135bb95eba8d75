"""Standard error without the chatter of native libraries, and with everything else."""

import os

import pytest

from avatar.media.hush import hushed


def test_chatter_is_kept_back_and_the_rest_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    with hushed():
        os.write(2, b"W0000 00:00:1 face_landmarker_graph.cc:181] Sets acceleration to xnnpack by default.\n")
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"Segmentation fault in something that matters\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "Segmentation fault in something that matters\nafterwards\n"


def test_an_error_inside_gives_standard_error_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), hushed():
        os.write(2, b"before it broke\n")
        raise ZeroDivisionError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before it broke\nafter\n"
