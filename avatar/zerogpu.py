"""Runs a loaded performer on a GPU that a ZeroGPU Space lends by the job. Knows no stage and no model.

The contract of the package `spaces`: the work is a generator that is run in a forked process; what it is given and what
it yields is pickled; what it changes in memory is lost; the asker's daily quota is charged for the time asked, so that
time comes from the plan. Models are loaded before, in the parent, and are inherited by the fork; a fork that is older
than the model loads it itself.

Files are shared: the fork reads the brief's blobs where the parent found them, and writes into the parent's scratch
folder, from which the parent keeps what came out.
"""

import hashlib
import os
import pickle
import queue
import shutil
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from pickle import PicklingError
from typing import Any, Generic, TypeVar

from avatar import quota
from avatar.artifacts import Blob, blobs_of
from avatar.errors import AvatarError, BackendError, BadOutput, Cancelled, OutOfMemory, Unavailable
from avatar.stage import Backend, Context, Performer, Placement

I = TypeVar("I")
O = TypeVar("O")

LONGEST = 120
"""Seconds that may be asked at once: more is refused even to those who have quota left."""
SHORTEST = 15

_PERFORMERS: dict[str, Performer[Any, Any]] = {}
"""What a fork finds by name, since it can't be sent."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is sent to the fork: whose work, on what, and where its files lie."""

    performer: str
    brief: Any
    files: dict[str, str]
    folder: str
    seed: int
    seconds: int
    recipe: bytes = b""
    """Backend and placement, pickled, for a fork that has not inherited the performer; empty for one that can't be."""


@dataclass(frozen=True, slots=True)
class Step:
    """Progress, as the fork tells it."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A small JPEG of what is coming into being."""

    picture: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """The artifact, and the files in the scratch folder that its blobs stand for: media type by digest."""

    artifact: Any
    kept: dict[str, str]


@dataclass(frozen=True, slots=True)
class Broken:
    """An error of our tree, by class and message: only texts survive the way back."""

    kind: str
    message: str


Word = Step | Seen | Made | Broken
Work = Callable[[Task], Iterator[Word]]
Lender = Callable[[Work], Work]


def lent_by_spaces(work: Work) -> Work:
    """The work as ZeroGPU runs it; away from ZeroGPU the same function, unchanged. Raises ImportError."""
    import spaces

    lent: Work = spaces.GPU(work, duration=seconds_of)
    return lent


def report_started() -> None:
    """Tell ZeroGPU that this program is up, which it else learns from Gradio's own `launch`. Does nothing elsewhere.

    What is lent must have been declared before: make a `Borrowing` first.
    """
    if not os.environ.get("SPACES_ZERO_GPU"):  # so that nobody else waits for the package
        return
    from spaces.config import Config

    if Config.zero_gpu:
        import spaces.zero

        spaces.zero.startup()


def seconds_of(task: Task) -> int:
    """How long the GPU is asked for."""
    return task.seconds


class Borrowing:
    """Loads backends so that their performers run on a lent GPU. One for a process: the work is decorated once."""

    def __init__(self, lend: Lender = lent_by_spaces) -> None:
        self._work = lend(perform)

    def load(self, backend: Backend[I, O], placement: Placement, /, *, seconds: float) -> "Borrowed[I, O]":
        """The loaded backend; `seconds` are what the plan expects of one brief. Raises `BackendError`."""
        name = uuid.uuid4().hex
        _PERFORMERS[name] = backend.load(placement)
        asked = min(LONGEST, max(SHORTEST, round(1.25 * seconds)))
        return Borrowed(name, self._work, asked, _recipe(backend, placement))


@dataclass(frozen=True, slots=True)
class Borrowed(Generic[I, O]):
    """A performer whose work is done in a fork that has a GPU."""

    name: str
    work: Work = field(repr=False)
    seconds: int
    recipe: bytes = field(default=b"", repr=False)

    def __call__(self, brief: I, context: Context, /) -> O:
        """Send the brief away and pass on what is told. Raises `BackendError` when no GPU is lent, `Cancelled`."""
        folder = context.scratch()
        files = {blob.sha256: str(context.path(blob)) for blob in blobs_of(brief)}
        task = Task(self.name, brief, files, str(folder), context.seed, self.seconds, self.recipe)
        trouble: AvatarError = BadOutput("The lent GPU gave no result. Ask again, or ask for a shorter film.")
        words = self.work(task)
        try:
            for word in words:
                match word:
                    case Step(done, total):
                        context.step(done, total)
                    case Seen(picture):
                        context.glimpse(picture)
                    case Broken(kind, message):
                        trouble = _errors().get(kind, BadOutput)(message)
                        break
                    case Made(artifact, kept):
                        for digest, media_type in kept.items():
                            context.keep(folder / digest, media_type)
                        made: O = artifact
                        return made
        except quota.refusals() as error:
            raise quota.refusal(error) from error
        finally:
            if isinstance(words, Generator):
                words.close()
        raise trouble

    def close(self) -> None:
        """Let go of the performer behind."""
        _PERFORMERS.pop(self.name, None)


def perform(task: Task) -> Iterator[Word]:
    """The work itself, told word by word. A generator, since only those may be ended half-way."""
    told: queue.Queue[Word] = queue.Queue()
    unwanted = threading.Event()
    away = _Away(task, told, unwanted)

    def work() -> None:
        try:
            made = _performer(task)(task.brief, away)
        except AvatarError as error:
            told.put(Broken(type(error).__name__, str(error)))
        except MemoryError:
            told.put(Broken(OutOfMemory.__name__, "It did not fit into the lent GPU. Ask for a smaller film."))
        except RuntimeError as error:
            lack = "out of memory" in str(error).lower()
            kind: type[BackendError] = OutOfMemory if lack else BadOutput
            told.put(Broken(kind.__name__, f"The work on the lent GPU failed ({type(error).__name__})."))
        else:
            told.put(Made(made, away.kept))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        with closing(_words(told, worker)) as words:
            yield from words
    finally:
        unwanted.set()
        worker.join()


def _recipe(backend: Backend[I, O], placement: Placement) -> bytes:
    try:
        return pickle.dumps((backend, placement))
    except (PicklingError, AttributeError, TypeError):  # it is made of what has no name
        return b""


def _performer(task: Task) -> Performer[Any, Any]:
    """The performer that the fork inherited, else one that it loads and keeps. Raises `BackendError`."""
    if task.performer not in _PERFORMERS:
        if not task.recipe:
            raise Unavailable("The lent GPU's process knows nothing of this backend. Start the program anew.")
        backend, placement = pickle.loads(task.recipe)  # noqa: S301 - the parent's own bytes
        _PERFORMERS[task.performer] = backend.load(placement)
    return _PERFORMERS[task.performer]


def _words(told: "queue.Queue[Word]", worker: threading.Thread) -> Generator[Word, None, None]:
    while True:
        try:
            word = told.get(timeout=0.1)
        except queue.Empty:
            if worker.is_alive():
                continue
            yield Broken(BadOutput.__name__, "The work on the lent GPU broke off. Look into the server's log.")
            return
        yield word
        if not isinstance(word, Step | Seen):
            return


class _Away:
    """The `Context` of the fork."""

    device = "cuda"

    def __init__(self, task: Task, told: "queue.Queue[Word]", unwanted: threading.Event) -> None:
        self.seed = task.seed
        self.kept: dict[str, str] = {}
        self._folder = Path(task.folder)
        self._files = dict(task.files)
        self._told = told
        self._unwanted = unwanted

    def step(self, done: int, total: int) -> None:
        if self._unwanted.is_set():
            raise Cancelled("The work was called off.")
        self._told.put(Step(done, total))

    def scratch(self) -> Path:
        return self._folder

    def keep(self, path: Path, media_type: str) -> Blob:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        final = self._folder / digest
        shutil.move(path, final)
        self.kept[digest] = media_type
        self._files[digest] = str(final)
        return Blob(digest, media_type, final.stat().st_size)

    def path(self, blob: Blob) -> Path:
        if blob.sha256 not in self._files:
            raise BadOutput("A file is asked for that the brief does not name. This backend can't run on ZeroGPU.")
        return Path(self._files[blob.sha256])

    def playable(self, path: Path) -> None:
        """Nobody can watch a film grow over the shoulder of a fork."""

    def glimpse(self, picture: bytes) -> None:
        self._told.put(Seen(picture))


def _errors() -> dict[str, type[AvatarError]]:
    found: dict[str, type[AvatarError]] = {}
    todo: list[type[AvatarError]] = [BackendError, Cancelled]
    while todo:
        each = todo.pop()
        found[each.__name__] = each
        todo += each.__subclasses__()
    return found
