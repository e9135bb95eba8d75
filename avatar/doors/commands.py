"""What each command does but `speak`. Knows the job façade; films are measured and drawn behind it."""

import argparse
from collections.abc import Callable
from pathlib import Path

from avatar.doors import output, report, terminal
from avatar.doors.speak import Start, speak
from avatar.errors import BadRequest, NotFound


def voices(chosen: argparse.Namespace, start: Start) -> int:
    """List the voices. Raises `NotFound` for a language that none speaks."""
    cards = start().house.voices()
    if chosen.language:
        cards = tuple(card for card in cards if card.language.lower().startswith(chosen.language.lower()))
        if not cards:
            raise NotFound(f"There is no voice for language {chosen.language!r}. `voices` lists them all.")
    if chosen.json:
        print(report.as_json({"voices": cards}))
        return 0
    print(
        terminal.table(("voice", "language", "gender", "name"), [(c.id, c.language, c.gender, c.name) for c in cards])
    )
    return 0


def avatars(chosen: argparse.Namespace, start: Start) -> int:
    """List the avatars, and draw them all when asked."""
    sheet = Path(chosen.sheet) if chosen.sheet else None
    if sheet and sheet.suffix.lower() != ".png":
        raise BadRequest(f"The sheet can't be {chosen.sheet!r}. Name a file that ends in .png.")
    output.check_targets([sheet] if sheet else [])
    house = start().house
    cards = house.avatars()
    if sheet:
        output.publish_with(house.sheet, sheet)
    if chosen.json:
        print(report.as_json({"avatars": cards, "sheet": sheet}))
        return 0
    print(terminal.table(("avatar", "name", "voice", "look"), [(c.id, c.name, c.voice, c.description) for c in cards]))
    return 0


def check(chosen: argparse.Namespace, start: Start) -> int:
    """Measure any talking film; the status is 1 when a figure is out of its limits."""
    file = Path(chosen.file)
    if not file.is_file():
        raise BadRequest(f"There is no file {file}. Check its name.")
    certificate = start().house.certify(file, None)
    from avatar.quality.figures import summary

    print(report.as_json(certificate) if chosen.json else summary(certificate))
    return 0 if certificate.passed else 1


def plan(chosen: argparse.Namespace, start: Start) -> int:
    """Say what this machine would do."""
    house = start().house
    print(report.as_json(house.plan(None)) if chosen.json else house.explain())
    return 0


BY_NAME: dict[str, Callable[[argparse.Namespace, Start], int]] = {
    "speak": speak,
    "voices": voices,
    "avatars": avatars,
    "check": check,
    "plan": plan,
}
