"""The command `speak`: from arguments to files. Knows the job façade; how films are made it does not know."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.artifacts import ExportKind
from avatar.doors import measuring, output, own, playing, report, terminal
from avatar.doors.hallway import Hallway
from avatar.errors import BadRequest, StageFailed
from avatar.jobs.files import Variant
from avatar.jobs.service import Job, Maker
from avatar.request import Ask, parse

if TYPE_CHECKING:
    from avatar.quality.figures import Certificate

SIDECARS: dict[str, Variant] = {
    "srt": "captions.srt",
    "vtt": "captions.vtt",
    "words": "words.json",
    "motion_csv": "motion.csv",
    "thumbnail": "thumbnail",
}


ENDINGS: dict[str, ExportKind] = {
    ".webm": "alpha.webm",
    ".mov": "prores.mov",
    ".gif": "preview.gif",
    ".webp": "preview.webp",
    ".av1.mp4": "av1.mp4",
    ".hevc.mp4": "hevc.mp4",
}
"""Exports by the end of the name that they are written to."""


def speak(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Make a film, or for a target that ends in .wav the sound alone."""
    target = Path(chosen.output)
    extras = {name: Path(path) for name in (*SIDECARS, "certificate") if (path := getattr(chosen, name))}
    sound_only = _sound_only(target, extras)
    cast = playing.cast(chosen.cast)
    named = {field: getattr(chosen, field) for field in own.KINDS} | cast.pictures
    files = own.files(named, consent=chosen.consent)
    backdrop = own.backdrop(chosen.background)
    if backdrop:
        chosen.background = None
    ask = _request(chosen, sound_only=sound_only, files=files, backdrop=backdrop, cast=cast)
    output.check_targets((target, *extras.values()))
    jobs = hallway.start()
    own.bring(jobs, files)
    own.bring_backdrop(jobs, backdrop)
    job = made(jobs, ask, quiet=chosen.json)
    if job.error is not None:
        raise job.error
    delivered = _deliver(jobs, job, target=target, extras=extras)
    _tell(job, delivered, as_json=chosen.json)
    return StageFailed.exit_status if job.outcome and job.outcome.degraded and not job.outcome.film else 0


def _sound_only(target: Path, extras: dict[str, Path]) -> bool:
    kind = target.suffix.lower()
    if target == Path():
        raise BadRequest("The output has no name. Name a file that ends in .mp4 or .wav.")
    if kind not in (".mp4", ".wav", *ENDINGS):
        more = "or in .webm, .mov, .gif or .webp for an export"
        raise BadRequest(f"{target} is neither a film nor a sound. Name a file that ends in .mp4 or .wav, {more}.")
    if kind == ".wav" and extras:
        raise BadRequest(
            f"--{next(iter(extras)).replace('_', '-')} goes with a film. Name an output that ends in .mp4."
        )
    return kind == ".wav"


def _export(target: Path) -> ExportKind | None:
    """What the file's name asks for; none for a plain film."""
    name = target.name.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def _request(
    chosen: argparse.Namespace,
    *,
    sound_only: bool,
    files: own.Files,
    backdrop: own.Named | None,
    cast: playing.Cast,
) -> Ask:
    raw: dict[str, Any] = {
        "kind": "speech" if sound_only else "talk",
        **{field: files[field][1] for field in own.KINDS if field in files},
        "cast": {
            name: role | ({"image": files[playing.FIELD + name][1]} if playing.FIELD + name in files else {})
            for name, role in cast.roles.items()
        },
    }
    if backdrop:
        raw["backdrop"] = backdrop[1]
    if chosen.text is not None:
        raw["text"] = output.said(chosen.text, sys.stdin)
    elif "audio" not in files:
        raise BadRequest("There is no TEXT to say. Give words, - for standard input, a text file, or --audio.")
    wishes = ("voice", "avatar", "prompt", "seed", "rate", "pitch", "fps", "captions", "face", "language")
    screen = ("background", "framing", "zoom", "label", "layout")
    models = ("negative_prompt", "steps", "guidance_scale", "sampler", "cache_threshold", "profile")
    raw |= {name: value for name in (*wishes, *screen, *models) if (value := getattr(chosen, name)) is not None}
    if chosen.mood is not None:
        raw["expression"] = chosen.mood
    if chosen.size:
        raw["width"], raw["height"] = size(chosen.size)
    raw["motion"] = {
        name: value for name in ("head", "blink", "gaze", "expression") if (value := getattr(chosen, name)) is not None
    }
    raw["drive"] = pairs("--drive", chosen.drive)
    raw["backends"] = pairs("--backend", chosen.backend)
    raw["allow_degraded"] = not chosen.strict
    return parse(raw, called=called)


def called(field: str) -> str:
    """The option that fills this field of a request."""
    if field.startswith(("drive.", "backends.")):
        option, _, name = field.partition(".")
        return f"--{option.removesuffix('s')} {name}"
    return "--mood" if field == "expression" else "--" + field.removeprefix("motion.").replace("_", "-")


def pairs(option: str, told: Iterable[str]) -> dict[str, str]:
    """What `NAME=VALUE,NAME=VALUE` says; a name alone is true. Raises `BadRequest` for one that comes twice."""
    found: dict[str, str] = {}
    for each in (part.strip() for one in told for part in one.split(",")):
        name, equals, value = (part.strip() for part in each.partition("="))
        if not name or name in found:
            raise BadRequest(f"{option} can't be {each[:40]!r} here. Write NAME=VALUE, each name once.")
        found[name] = value if equals else "true"
    return found


def size(text: str) -> tuple[int, int]:
    """Width and height as they are written on a command line. Raises `BadRequest`."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and len(text) < 12):
        raise BadRequest(f"The size can't be {text[:20]!r}. Write it as 512x512, width first.")
    return int(width), int(height)


def made(jobs: Maker, ask: Ask, *, quiet: bool) -> Job:
    """The job, done; Ctrl-C calls it off. Raises `BadRequest` for what nobody here could make."""
    jobs.house.check(ask)
    job_id = jobs.submit(ask).id
    with _calling_off(lambda: jobs.cancel(job_id)), terminal.progress(sys.stderr, wanted=not quiet) as listener:
        return jobs.follow(job_id, listener)


@contextmanager
def _calling_off(cancel: Callable[[], object]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM calls the work off in good order, the next one ends the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(*_: object) -> None:
        restore()
        cancel()

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()


@dataclass(frozen=True)
class _Delivered:
    """The files that were written, the chief one first, and what was measured if that was asked for."""

    files: dict[str, Path]
    certificate: "Certificate | None" = None


def _deliver(jobs: Maker, job: Job, *, target: Path, extras: dict[str, Path]) -> _Delivered:
    """Write what was made under the names that were asked for, and say which names those are."""
    film = job.outcome.film if job.outcome else None
    if film is None:
        target = target.with_suffix(".wav")
        output.publish(jobs.file(job.id, "audio"), target)
        return _Delivered({"audio": target})
    video = jobs.file(job.id, "video")
    kind = _export(target)
    output.publish(jobs.house.export(job.outcome, kind) if kind and job.outcome else video, target)
    for name, variant in SIDECARS.items():
        if name in extras:
            output.publish(jobs.file(job.id, variant), extras[name])
    if "certificate" not in extras:
        return _Delivered({"video": target, **extras})
    certificate = measuring.certificate(jobs, job.id)
    output.write(report.as_json(certificate), extras["certificate"])
    return _Delivered({"video": target, **extras}, certificate)


def _tell(job: Job, delivered: _Delivered, *, as_json: bool) -> None:
    if as_json:
        print(report.as_json(report.job(job, delivered.files)))
        return
    outcome = job.outcome
    first = next(iter(delivered.files.values()))
    for why in report.steps_down(outcome) if outcome else ():
        print(f"warning: {why}", file=sys.stderr)
    dropped = outcome.film.notes if outcome and outcome.film and _export(first) else ()
    for note in [note for note in outcome.notes if note not in dropped] if outcome else ():
        print(f"note: {note}", file=sys.stderr)
    for work in outcome.diffusion if outcome else ():
        print(f"made: {work}", file=sys.stderr)
    print(f"{first}  {report.summary(job)}" if sys.stdout.isatty() else first)
    if delivered.certificate:
        from avatar.quality.figures import verdict

        print(verdict(delivered.certificate))
