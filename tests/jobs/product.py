"""A product of three small stages whose texts say what is to go wrong, and what makes it in a process of its own."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from avatar.artifacts import Clip, Film, Motion, Speech
from avatar.engine import Engine
from avatar.errors import Unavailable
from avatar.events import Outcome
from avatar.jobs.doing import Render
from avatar.jobs.rows import Clock
from avatar.jobs.worker import Worker
from avatar.request import Ask
from avatar.settings import Settings, read
from avatar.stage import Backend, Context, Mode, Needs, Placement, Run, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend, refusing
from tests.tiny import a_portrait, kept

T = TypeVar("T")

STAGES = ("speech", "motion", "film")
LONG = 30.0  # seconds after which a slow stage gives up waiting to be stopped


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be made, and what was made before."""

    text: str
    speech: Speech | None = None
    clip: Clip | None = None


@dataclass(frozen=True)
class Product:
    """`data` is where it notes what it did, and how often it died."""

    data: Path

    def render(self, ask: Ask, run: Run) -> Outcome:
        """Three stages, each of which needs the ones before."""
        speech, motion, film = self.stages(ask.text)
        said = self.after("speech", ask.text, run(speech, Brief(ask.text)))
        if ask.kind == "speech":
            return Outcome("audio_only", said, None, ask.seed)
        moved = self.after("motion", ask.text, run(motion, Brief(ask.text, said)))
        made = self.after("film", ask.text, run(film, Brief(ask.text, said, moved)))
        return Outcome("video", said, made, ask.seed)

    def stages(self, text: str = "") -> tuple[Stage[Brief, Speech], Stage[Brief, Clip], Stage[Brief, Film]]:
        """The three of them."""
        return (
            Stage("speech", Speech, (FakeBackend("tiny", self.say),)),
            Stage("motion", Clip, self.movers(text)),
            Stage("film", Film, (FakeBackend("tiny", self.cut),)),
        )

    def movers(self, text: str) -> tuple[Backend[Brief, Clip], ...]:
        """Who can move: with a GPU, and without; before them one who refuses, where the text wants that."""
        floor = FakeBackend("tiny", self.move)
        if "fall back" in text:
            return (refusing("better", Unavailable("It is not here.")), floor)
        if "hurry" in text:
            return (FakeBackend("hurried", partial(self.hurry)), floor)
        return (Fast(self), floor)

    def hurry(self, brief: Brief, context: Context) -> Clip:
        """Never done unless it is stopped."""
        self.begin("hurry", brief.text, context)
        self.wait(context)
        return self.move(brief, context)

    def say(self, brief: Brief, context: Context) -> Speech:
        """A sound that is its text."""
        self.begin("speech", brief.text, context)
        sound = kept(context, f"sound of {brief.text}", "audio/wav")
        return Speech(sound, kept(context, brief.text), 1.0, 22050, "nobody")

    def move(self, brief: Brief, context: Context) -> Clip:
        """Tracks that name their text."""
        if "seen" in brief.text:
            context.glimpse(f"glimpse of {brief.text}".encode())
        self.begin("motion", brief.text, context)
        tracks = kept(context, f"tracks of {brief.text}")
        return Clip(a_portrait(kept(context, "picture", "image/png")), Motion(tracks, 25, 25))

    def cut(self, brief: Brief, context: Context) -> Film:
        """A film that grows before it is finished."""
        growing = context.scratch() / "growing.mp4"
        growing.write_bytes(b"first ")
        context.playable(growing)
        self.begin("film", brief.text, context)
        with growing.open("ab") as file:
            file.write(b"second")
        video = kept(context, f"film of {brief.text}", "video/mp4")
        names = ("srt", "vtt", "words", "csv", "rig", "still")
        srt, vtt, words, csv, rig, still = (kept(context, name) for name in names)
        return Film(video, still, srt, vtt, words, csv, rig, 64, 64, 25, 25, 1.0)

    def begin(self, stage: str, text: str, context: Context) -> None:
        """Note that the stage was begun; then die, wait or break as the text says."""
        with (self.data / "begun").open("a", encoding="utf-8") as file:
            file.write(f"{stage} {text}\n")
        with (self.data / "hands").open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {stage} {text}\n")
        context.step(0, 2)
        if f"slow {stage}" in text:
            self.wait(context)
        if f"break {stage}" in text:
            raise ValueError("a bug")
        if f"always die inside {stage}" in text:
            die()
        self.once(f"die inside {stage}", text)
        context.step(1, 2)

    def wait(self, context: Context) -> None:
        """Go on until called off, or until a file named `go` is there."""
        until = time.monotonic() + LONG
        while time.monotonic() < until and not (self.data / "go").exists():
            context.step(1, 2)
            time.sleep(0.01)

    def after(self, stage: str, text: str, made: T) -> T:
        """What was made; dies where the text says that it should after this stage."""
        self.once(f"die after {stage}", text)
        return made

    def once(self, where: str, text: str) -> None:
        """Die here, but only the first time."""
        if where in text and "always" not in text:
            try:
                (self.data / f"died {text}").touch(exist_ok=False)
            except FileExistsError:
                return
            die()


@dataclass(frozen=True)
class Fast:
    """A backend for a GPU, which moves several at once where their texts say that they go together."""

    product: Product
    id: str = "fast"
    version: str = "1"
    needs: Needs = Needs(modes=(Mode("cuda"),))

    def load(self, _placement: Placement, /) -> "FastMover":
        """Nothing to load."""
        return FastMover(self.product)


@dataclass(frozen=True)
class FastMover:
    """Moves one, or several."""

    product: Product

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """Move one."""
        return self.product.move(brief, context)

    def batch_key(self, brief: Brief, /) -> str | None:
        """All that go together do."""
        return "together" if "together" in brief.text else None

    def batch(self, briefs: Sequence[Brief], contexts: Sequence[Context], /) -> list[Clip]:
        """Move several, and note how many."""
        with (self.product.data / "batches").open("a", encoding="utf-8") as file:
            file.write(f"{len(briefs)}\n")
        return [self.product.move(brief, context) for brief, context in zip(briefs, contexts, strict=True)]


def place(_stage: str, backend: str, *, gpu: bool = False) -> Placement | None:
    """Where a backend runs on a machine with a GPU, or without."""
    if backend == "fast":
        return Placement("cuda:0") if gpu else None
    return Placement()


def engine(data: Path, *, gpu: bool = False) -> Engine:
    """An engine on a machine with a GPU, or without. A file `skip` says how many seconds its clock is ahead."""

    def clock() -> float:
        try:
            return time.monotonic() + float((data / "skip").read_text() or 0)
        except FileNotFoundError:
            return time.monotonic()

    return Engine(store(data), place=partial(place, gpu=gpu), clock=clock)


def die() -> None:
    """The end, without any last word."""
    os.kill(os.getpid(), signal.SIGKILL)


def settings(data: Path, database: str = "", **more: str) -> Settings:
    """Settings for tests: one job at a time, and no limit that is not asked for."""
    environ = {"AVATAR_DATA_DIR": str(data), "AVATAR_DATABASE_URL": database, "AVATAR_JOBS": "1"}
    return read(environ | {"AVATAR_RATE_LIMIT": "100000"} | {f"AVATAR_{name.upper()}": more[name] for name in more})


def store(data: Path) -> FolderStore:
    """The store of a data folder."""
    return FolderStore(data / "store", budget=10**8)


def worker(
    chosen: Settings,
    *,
    works: Engine | None = None,
    render: Render | None = None,
    gpu_only: bool = False,
    clock: Clock = time.time,
) -> Worker:
    """A worker that makes the product in this process."""
    made = Product(chosen.data)
    stages: Sequence[Stage[Any, Any]] = made.stages()
    return Worker(
        works or engine(chosen.data, gpu=gpu_only),
        render=render or made.render,
        settings=chosen,
        routes={"talk": stages},
        gpu_only=gpu_only,
        clock=clock,
    )


def main(data: str, database: str, kind: str, ready: Callable[[], None]) -> None:
    """Work until a signal to stop comes, or a text tells to die; `kind` is gpu for who does what needs one."""
    stop = signal.SIGTERM, signal.SIGINT
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    working = worker(settings(Path(data), database), gpu_only=kind == "gpu")
    ready()
    signal.sigwait(stop)
    working.close()
