from pathlib import Path

import pytest
import torch

from stages.pose.animate_anyone import parity, parity_cases
from stages.pose.animate_anyone.parity import Check, Fixtures, main, report
from tests.shared import shared

torch.set_num_threads(1)

FILES = """s_context_windows s_scheduler s_interpolate s_pose_draw
i_pose_guider ii_reference_write iii_denoise_plain iv_denoise_reference
odd_i_pose_guider odd_ii_reference_write odd_iii_denoise_plain odd_iv_denoise_reference x_v1_plain
v_pipeline_short v_pipeline_odd vi_pipeline_long0 vi_pipeline_long1 vi_pipeline_long2""".split()


@pytest.fixture(scope="module")
def fixtures() -> Fixtures:
    return parity.opened(shared("fixtures/animate_anyone"))


@pytest.mark.parametrize("name", FILES)
def test_numbers_are_the_original_s(fixtures: Fixtures, name: str) -> None:
    with torch.inference_mode():
        checks = list(dict(parity_cases.groups(fixtures))[name])
    assert checks
    assert [f"{check.name}: {check.absolute} over {check.tolerance}" for check in checks if not check.good] == []


def test_every_file_of_the_set_is_compared(fixtures: Fixtures) -> None:
    stems = {path.stem for pattern in ("*.safetensors", "s_*.json") for path in fixtures.folder.glob(pattern)}
    assert {name for name, _ in parity_cases.groups(fixtures)} == stems == set(FILES)


@pytest.mark.parametrize("got", [torch.tensor([1.0, 2.1]), torch.tensor([1.0, torch.nan]), torch.tensor([1.0])])
def test_a_number_that_is_off_fails_its_file(got: torch.Tensor) -> None:
    right = Check("right", torch.ones(2), torch.ones(2), 0.0)
    wrong = Check("wrong", got, torch.tensor([1.0, 2.0]), 1e-3)
    verdicts = [good for _, good in report([("file", iter([right, wrong])), ("other", iter([right]))])]
    assert verdicts == [True, False, False, True, True]


def test_a_file_without_tensors_fails() -> None:
    assert [good for _, good in report([("file", iter([]))])] == [False]


def test_a_folder_that_is_no_set_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "config.json can't be read" in capsys.readouterr().err
