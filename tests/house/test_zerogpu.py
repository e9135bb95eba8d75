"""Work on a GPU that is lent by the job: forked, pickled, told word by word, and refused in words that help."""

import multiprocessing
import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from avatar import zerogpu
from avatar.artifacts import Blob
from avatar.errors import AvatarError, BadOutput, BadRequest, Cancelled, OutOfMemory, TimedOut, Unavailable
from avatar.events import Glimpsed, Progressed
from avatar.stage import Context, Placement
from avatar.testing import Bench, FakeBackend, workbench
from avatar.zerogpu import Borrowing, Lender, Task, Word, Work


@dataclass(frozen=True, slots=True)
class Brief:
    """A text to be written in capitals."""

    text: Blob
    steps: int = 3
    seed: int = 5


@dataclass(frozen=True, slots=True)
class Page:
    """What came of it, and in which process."""

    text: Blob
    process: int
    seed: int


def shout(brief: Brief, context: Context) -> Page:
    assert context.device == "cuda"
    for done in range(brief.steps):
        context.step(done + 1, brief.steps)
    context.glimpse(b"a picture")
    path = context.scratch() / "loud.txt"
    path.write_bytes(context.path(brief.text).read_bytes().upper())
    return Page(context.keep(path, "text/plain"), os.getpid(), context.seed)


def forking(work: Work) -> Work:
    """Lends as `spaces` does: a fork runs the generator, and all that passes is pickled."""
    context = multiprocessing.get_context("fork")

    def child(task: bytes, pipe: "multiprocessing.connection.Connection") -> None:
        for word in work(pickle.loads(task)):  # noqa: S301  # our own bytes
            pipe.send(word)
        pipe.close()

    def lent(task: Task) -> Iterator[Word]:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=child, args=(pickle.dumps(task), theirs))
        process.start()
        theirs.close()
        try:
            while True:
                try:
                    yield ours.recv()
                except EOFError:
                    return
        finally:
            process.terminate()
            process.join()

    return lent


def here(work: Work) -> Work:
    return work


def refusing(error: Exception) -> Lender:
    """Lends nothing."""

    def refuse() -> Iterator[Word]:
        raise error

    def lent(_task: Task) -> Iterator[Word]:
        yield from refuse()

    return lambda _work: lent


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path, seed=5)


def made(bench: Bench, backend: FakeBackend[Brief, Page], borrowing: Borrowing, *, steps: int = 3) -> Page:
    performer = borrowing.load(backend, Placement("cuda"), seconds=10)
    return performer(Brief(bench.blob(b"hello", "text/plain"), steps), bench.context)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_work_is_done_in_a_fork_and_its_files_come_home(bench: Bench) -> None:
    page = made(bench, FakeBackend("loud", shout), Borrowing(forking))
    assert page.process != os.getpid()
    assert (bench.read(page.text), page.seed) == (b"HELLO", 5)
    assert Progressed("test", 3, 3) in bench.events
    assert Glimpsed("test", b"a picture") in bench.events


def test_away_from_zerogpu_the_package_changes_nothing(bench: Bench) -> None:
    assert zerogpu.lent_by_spaces(zerogpu.perform) is zerogpu.perform
    zerogpu.report_started()
    page = made(bench, FakeBackend("loud", shout), Borrowing())
    assert (page.process, bench.read(page.text)) == (os.getpid(), b"HELLO")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("error", [OutOfMemory("Too big."), BadRequest("No."), TimedOut("Late."), Unavailable("Gone.")])
def test_errors_of_ours_come_home_as_what_they_are(bench: Bench, error: AvatarError) -> None:
    def refuse(_brief: Brief, _context: Context) -> Page:
        raise error

    expected = BadOutput if isinstance(error, BadRequest) else type(error)  # a backend alone must not blame the asker
    with pytest.raises(expected, match=str(error)):
        made(bench, FakeBackend("no", refuse), Borrowing(forking))


def test_a_lack_of_memory_is_told_as_such(bench: Bench) -> None:
    def crash(_brief: Brief, _context: Context) -> Page:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(OutOfMemory):
        made(bench, FakeBackend("big", crash), Borrowing(here))


def test_a_cancelled_job_stops_the_work_within_its_step(bench: Bench) -> None:
    steps: list[int] = []

    def slow(brief: Brief, context: Context) -> Page:
        for done in range(brief.steps):
            steps.append(done)
            context.step(done, brief.steps)
            if done == 2:
                bench.cancelled.set()
            time.sleep(0.01)
        raise AssertionError("nobody stopped it")

    with pytest.raises(Cancelled):
        made(bench, FakeBackend("slow", slow), Borrowing(here), steps=10_000)
    assert 3 <= len(steps) < 10_000


class Refused(RuntimeError):
    """Stands for Gradio's error, which carries a title and a message."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


@pytest.mark.parametrize(
    ("title", "message", "kind", "words"),
    [
        ("ZeroGPU quota exceeded", "You have <b>0s</b> left.", Unavailable, "quota is used up.*0s left"),
        ("ZeroGPU illegal duration", "Too long", Unavailable, "does not lend for so long"),
        ("ZeroGPU queue timeout", "No GPU was available after 60s", Unavailable, "No ZeroGPU was free"),
        ("ZeroGPU worker error", "GPU task aborted", TimedOut, "taken back"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", Unavailable, "Expired ZeroGPU proxy token"),
    ],
)
def test_what_zerogpu_refuses_is_a_step_down_with_its_reason(
    bench: Bench, title: str, message: str, kind: type[AvatarError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        made(bench, FakeBackend("loud", shout), Borrowing(refusing(Refused(title, message))))


def test_gradios_own_error_is_understood(bench: Bench) -> None:
    gradio = pytest.importorskip("gradio.exceptions")
    refusal = gradio.Error("You have no quota left.", title="ZeroGPU quota exceeded", print_exception=False)

    with pytest.raises(Unavailable, match="quota is used up"):
        made(bench, FakeBackend("loud", shout), Borrowing(refusing(refusal)))


def test_no_more_time_is_asked_than_is_ever_lent() -> None:
    backend = FakeBackend("loud", shout)
    borrowing = Borrowing(here)
    asked = [borrowing.load(backend, Placement("cuda"), seconds=seconds).seconds for seconds in (1, 40, 1000)]
    assert asked == [zerogpu.SHORTEST, 50, zerogpu.LONGEST]


def test_a_fork_that_is_older_than_the_model_loads_it_itself(bench: Bench) -> None:
    backend = FakeBackend("loud", shout)
    borrowed = Borrowing(here).load(backend, Placement("cuda"), seconds=10)
    blob = bench.blob(b"hello", "text/plain")
    brief, files = Brief(blob), {blob.sha256: str(bench.context.path(blob))}
    task = Task("unknown", brief, files, str(bench.context.scratch()), 5, 20, borrowed.recipe)
    *_, last = zerogpu.perform(task)
    assert isinstance(last, zerogpu.Made)
    unnamed: FakeBackend[Brief, None] = FakeBackend("no", lambda _brief, _context: None)
    nameless = Borrowing(here).load(unnamed, Placement("cuda"), seconds=10)
    assert nameless.recipe == b""
    *_, last = zerogpu.perform(replace(task, performer="unknown too", recipe=b""))
    assert last == zerogpu.Broken("Unavailable", last.message if isinstance(last, zerogpu.Broken) else "")
