"""What `python smart_startup.py` does: tells, fetches, shows and removes. Knows the outfit, and serves nobody.

Exit status: 0 done, 1 something ails the machine or could not be fetched, 2 the request must be changed, 4 the disk
refused, 130 called off. Every error is one line on standard error.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from avatar import doctor, settings
from avatar.amounts import amount, span
from avatar.doors import report
from avatar.doors.arriving import Arrivals
from avatar.doors.commanding import Parser, walled
from avatar.doors.terminal import table
from avatar.errors import BadRequest, Busy, NotFound, Offline
from avatar.fetch import Holding, unheard
from avatar.plan import Finding
from avatar.settings import Settings
from hallway.outfit import Outfit
from hallway.sealing import finishing
from hf_spaces_models import CATALOGUE, NOT_OFFERED

BRIEF = 12
"""Digits of a revision that are shown."""


def main(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Do what is asked; the exit status."""
    return walled(lambda: _do(_parser().parse_args(argv), environ), as_json="--json" in argv)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="smart_startup.py", description="What this machine would do.", allow_abbrev=False)
    add = parser.add_argument
    add("--profile", choices=get_args(settings.Profile), help="how much to use (auto)")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--doctor", action="store_true", help="look for what is wrong, and say what to do")
    task.add_argument(
        "--fetch", nargs="*", metavar="ID", help="fetch the weights that are planned, or these of the catalogue"
    )
    task.add_argument("--installed", action="store_true", help="list the weights that are here")
    task.add_argument("--evict", nargs="+", metavar="ID", help="remove weights")
    return parser


def _do(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    read = settings.read(environ)
    fetching = chosen.fetch is not None
    outfit = Outfit(
        replace(read, profile=chosen.profile or read.profile), environ, ask_hub=chosen.doctor or chosen.fetch == []
    )
    if chosen.installed:
        return _list(outfit, as_json=chosen.json)
    if chosen.evict:
        return _evict(outfit, chosen.evict, as_json=chosen.json)
    if chosen.doctor:
        return _examine(outfit, as_json=chosen.json)
    if fetching:
        _fetch(outfit, chosen.fetch, quiet=chosen.json)
    print(report.as_json({"plan": outfit.plan}) if chosen.json else outfit.page)
    return max((error.exit_status for error in outfit.troubles.values()), default=0)


def _fetch(outfit: Outfit, names: Sequence[str], *, quiet: bool) -> None:
    """Fetch these, or what is planned. Raises `Offline` when the plan is what it is for want of a hub."""
    _known(names)
    outfit.fetch(names, progress=unheard if quiet else Arrivals(sys.stderr, title=_title))
    cut = [verdict for verdict in outfit.plan.verdicts if verdict.wanted and verdict.lack and verdict.lack.of == "hub"]
    if cut and not names:
        todo = "Unset HF_HUB_OFFLINE." if outfit.plan.machine.hub == "offline" else "Check the network, or HF_ENDPOINT."
        raise Offline(f"{cut[0].title} and what else is missing was not fetched: {cut[0].why}. {todo}")


def _examine(outfit: Outfit, *, as_json: bool) -> int:
    findings = (*_unsigned(outfit.chosen), *doctor.doctor(outfit.plan, CATALOGUE))
    print(report.as_json({"plan": outfit.plan, "findings": findings}) if as_json else doctor.tell(findings))
    return 1 if any(finding.level == "error" for finding in findings) else 0


def _unsigned(chosen: Settings) -> Iterator[Finding]:
    """What keeps the owner's own certificate from signing films."""
    try:
        finishing(chosen)
    except BadRequest as error:
        yield Finding("error", "No film can be made: each is to be signed, and none can be.", str(error))


def _list(outfit: Outfit, *, as_json: bool) -> int:
    held = outfit.fetcher.holdings()
    if as_json:
        print(report.as_json({"installed": held}))
    elif held:
        print(table(("weights", "size", "revision", "used", ""), [_row(holding) for holding in held]))
    else:
        print("No weights are here. `--fetch` fetches what is planned.")
    return 0


def _row(holding: Holding) -> tuple[str, ...]:
    ago = f"{span(max(0.0, time.time() - holding.used))} ago" if holding.used else ""
    return (holding.id, amount(holding.size), holding.revision[:BRIEF], ago, holding.fault)


def _evict(outfit: Outfit, names: Sequence[str], *, as_json: bool) -> int:
    """Remove weights. Raises `NotFound` for what is not here, `Busy` for what somebody uses."""
    here = {holding.id for holding in outfit.fetcher.holdings()}
    for name in names:
        if name not in here:
            raise NotFound(f"There are no weights {name[:60]!r} here. `--installed` lists those that are.")
    freed: dict[str, int] = {}
    for name in names:
        freed[name] = outfit.fetcher.evict(name)
        if not freed[name]:
            raise Busy(f"{name} is in use. Try again when that has ended.", retry_after=1.0)
    if as_json:
        print(report.as_json({"freed": freed}))
    else:
        print("\n".join(f"{name} is gone, {amount(size)} are free again." for name, size in freed.items()))
    return 0


def _known(names: Sequence[str]) -> None:
    offered = sorted(CATALOGUE.keys() - {row.id for row in NOT_OFFERED})
    for name in names:
        if name not in offered:
            raise NotFound(f"The catalogue offers no weights {name[:60]!r}. Choose from: {', '.join(offered)}.")


def _title(name: str) -> str:
    return CATALOGUE[name].title or name
