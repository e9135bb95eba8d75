"""The command line over the tiny product, in this process."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from avatar.doors.cli import main
from avatar.jobs.direct import DirectJobs
from tests.tiny import Tiny, tiny_jobs


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs commands; `jobs` is what `start` gave to the last one."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.tiny = Tiny()
        self.jobs: DirectJobs | None = None
        self.started = 0
        self.trouble: BaseException | None = None
        self._folder = folder
        self._capture = capture
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: bytes = b"") -> Ran:
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        status = main(argv, start=self._start)
        out, err = self._capture.readouterr()
        return Ran(status, out, err)

    def _start(self) -> DirectJobs:
        self.started += 1
        if self.trouble:
            raise self.trouble
        self.jobs = tiny_jobs(self._folder / "data", self.tiny)
        return self.jobs


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsys, monkeypatch)
