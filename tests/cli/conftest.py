"""The command line over the tiny product, in this process."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from avatar.doors.cli import main
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import UploadKind
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
    """Runs commands, itself the hallway. `jobs` is what `start` gave last, `figures` what every film has."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.tiny = Tiny()
        self.jobs: DirectJobs | None = None
        self.started = 0
        self.asked: dict[str, object] = {}
        self.trouble: BaseException | None = None
        self.figures: tuple[Figure, ...] = ()
        self.examine: Callable[[Path, UploadKind], str] | None = None
        self._folder = folder
        self._capture = capture
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: bytes = b"") -> Ran:
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        status = main(argv, hallway=self)
        out, err = self._capture.readouterr()
        return Ran(status, out, err)

    def serve(self, *, host: str, port: int, worker: bool) -> int:
        self.asked = {"host": host, "port": port, "worker": worker}
        return 0

    def work(self, *, gpu_only: bool) -> int:
        self.asked = {"gpu_only": gpu_only}
        return 0

    def mcp(self) -> int:
        self.asked = {"mcp": True}
        return 0

    def start(self) -> DirectJobs:
        """A maker, as the hallway gives it."""
        self.started += 1
        if self.trouble:
            raise self.trouble
        self.jobs = tiny_jobs(self._folder / "data", self.tiny)
        if self.figures:
            self.jobs.house = replace(self.jobs.house, certify=self._certify)
        if self.examine:
            self.jobs.house = replace(self.jobs.house, examine=self.examine)
        return self.jobs

    def _certify(self, _film: Path, rig: Path | None) -> Certificate:
        return certified(self.figures, sha256="0" * 64, landmarks="rig" if rig else "none")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsys, monkeypatch)
