"""One measurement in a process of its own, so that its CPU time and memory are nobody else's. Prints one JSON object.

`python -m benchmarks.child TASK [SECONDS]`. Nothing heavy is imported before a task asks for it.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEN_SECONDS = (
    "Hello, I am Ada. Let us look at prime numbers together. A prime number has exactly two divisors, one and itself. "
    "Seven is prime, but nine is not."
)
MORE = (
    "People have hunted for primes for more than two thousand years, and nobody has found the last one. "
    "Euclid proved why: multiply all that you know, add one, and a new one must be hiding in there."
)
Told = dict[str, Any]


def text(seconds: float) -> str:
    """Sentences that take about so long to say; the true length stands in the result."""
    return " ".join((TEN_SECONDS, MORE)[turn % 2] for turn in range(max(1, round(seconds / 10))))


def cpu() -> float:
    """CPU seconds that this process has used, in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1.024 / 1000.0


@contextmanager
def house() -> Iterator[Any]:
    """A product of our own with an empty data folder."""
    import smart_startup

    with tempfile.TemporaryDirectory() as folder:
        yield smart_startup.start({"AVATAR_DATA_DIR": folder, "AVATAR_SIGN": "0"})


def made(jobs: Any, words: str, listener: Callable[[Any], None] | None = None, **wishes: Any) -> Any:
    """A finished job. Raises what went wrong with it."""
    from avatar.events import unheard
    from avatar.request import parse

    ask = parse({"text": words, "seed": 1, "width": 512, "height": 512, "fps": 25, **wishes})
    job = jobs.follow(jobs.submit(ask).id, listener or unheard)
    if job.error is not None:
        raise job.error
    return job


def speak(seconds: float) -> Told:
    """A warm process lets a face that it knows say words that it has not said before."""
    return _spoken(seconds, "Good morning.", seed=1)


def stranger(seconds: float) -> Told:
    """The same with a face that it has not drawn before."""
    return _spoken(seconds, "Good morning.", seed=2)


def _spoken(seconds: float, before: str, seed: int) -> Told:
    from avatar.events import Playable

    with house() as jobs:
        made(jobs, before, seed=seed)
        began, used, first = time.perf_counter(), cpu(), []

        def listen(event: Any) -> None:
            if isinstance(event, Playable):
                first.append(time.perf_counter() - began)

        film = made(jobs, text(seconds), listen).outcome.film
        wall, spent = time.perf_counter() - began, cpu() - used
    return {
        "seconds": film.seconds,
        "frames": film.frames,
        "wall": wall,
        "cpu": spent,
        "first": first[0] if first else None,
        "sha256": film.video.sha256,
        "bytes": film.video.size,
        "peak": peak_mb(),
    }


def long(seconds: float) -> Told:
    """Peak memory of a process that makes one film."""
    with house() as jobs:
        began = time.perf_counter()
        film = made(jobs, text(seconds)).outcome.film
        return {"seconds": film.seconds, "frames": film.frames, "wall": time.perf_counter() - began, "peak": peak_mb()}


def cold(seconds: float) -> Told:
    """A new process: when its first fragment could be played, on the machine's own clock."""
    from avatar.events import Playable

    at: list[float] = []

    def listen(event: Any) -> None:
        if isinstance(event, Playable):
            at.append(time.monotonic())

    with house() as jobs:
        made(jobs, text(seconds), listen)
    return {"first_at": at[0] if at else None}


def encode(seconds: float) -> Told:
    """The very frames of `speak`, drawn before, and then only encoded, with the same settings and sound."""
    from avatar.media.encode import Encoder

    with tempfile.TemporaryDirectory() as folder:
        form, frames, sound = drawn(Path(folder), text(seconds))
        target = Path(folder) / "film.mp4"
        began, used = time.perf_counter(), cpu()
        with Encoder(target, form, sound) as encoder:
            for frame in frames:
                encoder.add(frame)
        wall, spent = time.perf_counter() - began, cpu() - used
    return {"frames": len(frames), "wall": wall, "cpu": spent, "crf": form.crf}


def drawn(folder: Path, words: str) -> tuple[Any, list[Any], Path]:
    """Format, all frames and sound of a film, by the pipeline's own stages up to the encoder."""
    from avatar.request import parse
    from avatar.testing import workbench
    from stages import pipeline
    from stages.film.drawing import Drawing

    bench = workbench(folder, seed=1)

    def run(stage: Any, brief: Any) -> Any:
        return brief if stage.name == "film" else bench.perform(stage.chain[-1], brief)

    ask = parse({"text": words, "seed": 1, "width": 512, "height": 512, "fps": 25})
    said = pipeline.say(ask, run)
    asked: Any = pipeline.show(ask, said, run=run)[1]
    shot = Drawing().shot(asked, bench.context)
    return shot.form, [shot.picture.draw(index) for index in range(shot.frames)], bench.context.path(said.sound)


def photograph(seconds: float) -> Told:
    """A photograph drawn and encoded, as a film of it is, and then its frames only encoded; CPU seconds of both."""
    from contextlib import closing

    from avatar.media.encode import Encoder
    from stages.film import drawing

    with tempfile.TemporaryDirectory() as folder:
        shot, sound = _photographed(Path(folder), text(seconds))
        target, frames = Path(folder) / "film.mp4", []
        used = cpu()
        with Encoder(target, shot.form, sound) as encoder, closing(drawing.drawn(shot, range(shot.frames))) as coming:
            for frame in coming:
                encoder.add(frame)
                frames.append(frame)
        whole, used = cpu() - used, cpu()
        with Encoder(target, shot.form, sound) as encoder:
            for frame in frames:
                encoder.add(frame)
        return {"frames": shot.frames, "cpu": whole, "alone": cpu() - used}


def _photographed(folder: Path, words: str) -> tuple[Any, Path]:
    """What a film of scikit-image's astronaut is drawn from, its face marked by hand, and its sound."""
    import cv2
    import skimage.data

    from avatar.testing import workbench
    from stages import film, lips, motion, portrait, pose, speech
    from stages.film.drawing import Drawing
    from stages.portrait import Marks
    from stages.portrait.photo import PlainPhoto
    from stages.speech.espeak import Espeak

    bench = workbench(folder, seed=1)
    marks = Marks((203.4, 101.0), (246.5, 103.1), (202.2, 139.1), (244.7, 140.4), (220.9, 178.2))
    picture = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    png = bytes(cv2.imencode(".png", picture[..., ::-1])[1])
    shown = bench.perform(PlainPhoto(), portrait.Brief(None, "", 0, bench.blob(png, "image/png"), 0, marks))
    said = bench.perform(Espeak(), speech.Brief(words, "en-us", 1.0, 0.0, 1))
    moving = bench.perform(motion.MOTION.chain[-1], motion.Brief(shown, said.seconds, 25, 1))
    posed = bench.perform(pose.POSE.chain[-1], pose.Brief(moving, said, 1))
    spoken = bench.perform(lips.LIPS.chain[-1], lips.Brief(posed, said, 1))
    shot = Drawing().shot(film.Brief(spoken, said, 512, 512), bench.context)
    shot.picture.draw(0)
    return shot, bench.context.path(said.sound)


def certify(seconds: float) -> Told:
    """The certificate of a film that was just made, by its rig."""
    with house() as jobs:
        job = made(jobs, text(seconds))
        film, rig = jobs.file(job.id, "video"), jobs.file(job.id, "rig")
        jobs.house.certify(film, rig)
        began, used = time.perf_counter(), cpu()
        found = jobs.house.certify(film, rig)
        wall, spent = time.perf_counter() - began, cpu() - used
    failed = [figure.name for figure in found.figures if figure.verdict == "fail"]
    return {"wall": wall, "cpu": spent, "passed": found.passed, "failed": failed}


def judge(seconds: float) -> Told:
    """What a long film must keep up to its end: in step, alive without a loop, in its own light."""
    asked = {"audio-visual drift": "drift", "head loop": "loop", "background light drift": "light"}
    with house() as jobs:
        job = made(jobs, text(seconds))
        found = jobs.house.certify(jobs.file(job.id, "video"), jobs.file(job.id, "rig"))
        told: Told = {asked[figure.name]: figure.value for figure in found.figures if figure.name in asked}
        return told | {
            "seconds": job.outcome.film.seconds,
            "failed": [f.name for f in found.figures if f.verdict == "fail"],
        }


def modules(_seconds: float) -> Told:
    """Which heavy libraries `import app` loads."""
    import app

    heavy = {"torch", "gradio", "librosa", "numba", "scipy", "mediapipe", "transformers", "diffusers"}
    return {"loaded": sorted(heavy & set(sys.modules)), "app": app.__name__}


TASKS = {task.__name__: task for task in (speak, stranger, long, cold, encode, photograph, certify, judge, modules)}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](float(sys.argv[2]) if len(sys.argv) > 2 else 10.0)))
