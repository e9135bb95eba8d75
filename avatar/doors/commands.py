"""What each command does but `speak`. Knows the job façade; films are measured and drawn behind it."""

import argparse
from collections.abc import Callable
from pathlib import Path

from avatar.doors import output, report, terminal
from avatar.doors.hallway import Hallway
from avatar.doors.show import show
from avatar.doors.speak import speak
from avatar.errors import BadRequest, NotFound
from avatar.gallery import speaking


def voices(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """List the voices. Raises `NotFound` for a language that none speaks."""
    cards = speaking(hallway.start().house.voices(), chosen.language or "")
    if not cards:
        raise NotFound(f"There is no voice for language {chosen.language!r}. `voices` lists them all.")
    if chosen.json:
        print(report.as_json({"voices": cards}))
        return 0
    rows = [(c.id, c.language, c.gender, c.name, "" if c.ready else "not here: docs/voices.md") for c in cards]
    print(terminal.table(("voice", "language", "gender", "name", ""), rows))
    return 0


def avatars(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """List the avatars, and draw them all when asked."""
    sheet = Path(chosen.sheet) if chosen.sheet else None
    if sheet and sheet.suffix.lower() != ".png":
        raise BadRequest(f"The sheet can't be {chosen.sheet!r}. Name a file that ends in .png.")
    output.check_targets([sheet] if sheet else [])
    house = hallway.start().house
    cards = house.avatars()
    if sheet:
        output.publish_with(house.sheet, sheet)
    if chosen.json:
        print(report.as_json({"avatars": cards, "sheet": sheet}))
        return 0
    print(terminal.table(("avatar", "name", "voice", "look"), [(c.id, c.name, c.voice, c.description) for c in cards]))
    return 0


def check(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Measure any talking film; the status is 1 when a figure is out of its limits."""
    file = Path(chosen.file)
    if not file.is_file():
        raise BadRequest(f"There is no file {file}. Check its name.")
    certificate = hallway.start().house.certify(file, None)
    from avatar.quality.figures import summary

    print(report.as_json(certificate) if chosen.json else summary(certificate))
    return 0 if certificate.passed else 1


def plan(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Say what this machine would do."""
    house = hallway.start().house
    print(report.as_json(house.plan(None)) if chosen.json else house.explain())
    return 0


def verify(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Say what a film tells of its own making; the status is 1 when it tells nothing, or was changed since."""
    file = Path(chosen.file)
    if not file.is_file():
        raise BadRequest(f"There is no file {file}. Check its name.")
    told = hallway.start().house.verify(file)
    print(report.as_json({"provenance": told}) if chosen.json else report.provenance(told))
    return 0 if told and told.valid else 1


def serve(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Serve the doors for programs."""
    if not 0 < chosen.port < 65_536:
        raise BadRequest(f"--port can't be {chosen.port}. Use a number from 1 to 65535.")
    return hallway.serve(host=chosen.host, port=chosen.port, worker=not chosen.no_worker)


def worker(chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Do jobs that others ask for."""
    return hallway.work(gpu_only=chosen.gpu)


def mcp(_chosen: argparse.Namespace, hallway: Hallway) -> int:
    """Serve one MCP client."""
    return hallway.mcp()


BY_NAME: dict[str, Callable[[argparse.Namespace, Hallway], int]] = {
    "speak": speak,
    "video": show,
    "image": show,
    "voices": voices,
    "avatars": avatars,
    "check": check,
    "plan": plan,
    "verify": verify,
    "serve": serve,
    "worker": worker,
    "mcp": mcp,
}
