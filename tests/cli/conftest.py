"""The command line over the tiny product, in this process."""

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from avatar.doors.cli import main
from avatar.jobs.direct import DirectJobs
from avatar.quality.figures import Certificate, Figure, certified
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
    """Runs commands; `jobs` is what `start` gave to the last one, `figures` what every film is found to have."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.tiny = Tiny()
        self.jobs: DirectJobs | None = None
        self.started = 0
        self.trouble: BaseException | None = None
        self.figures: tuple[Figure, ...] = ()
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
        if self.figures:
            self.jobs.house = replace(self.jobs.house, certify=self._certify)
        return self.jobs

    def _certify(self, _film: Path, rig: Path | None) -> Certificate:
        return certified(self.figures, sha256="0" * 64, landmarks="rig" if rig else "none")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsys, monkeypatch)
