"""The plan as a page that a person understands in ten seconds. Knows what was decided, not how.

Plain text of at most `WIDTH` columns: the machine, what one gets and when, what is stepped down and why, what it
costs, what to change to get more.
"""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from avatar.amounts import amount, span
from avatar.plan import Change, Gpu, Plan, Verdict
from avatar.stage import Mode

WIDTH = 100
MARGIN = 15
DETAIL = {
    "tiles": "VAE in tiles",
    "group": "groups offloaded",
    "model": "model by model",
    "sequential": "all offloaded",
}
PRECISION = {"float32": "32 bit", "float16": "16 bit", "bfloat16": "bf16", "fp8": "8 bit"}
TIED = "\N{NO-BREAK SPACE}"
NAMED = 3
"""How many gains of one change are named."""


def explain(made: Plan) -> str:
    """All of it, for a terminal."""
    parts = [_machine(made), _gets(made), *_table(made), *_costs(made)]
    asked = [verdict for verdict in made.verdicts if verdict.stage in made.stages and _on_request(verdict)]
    parts += _section("Stepped down, and why", [_row(verdict) for verdict in stepped_down(made)])
    parts += _section("To get more", [_change(change) for change in made.changes])
    parts += _section("On request", [_row(verdict) for verdict in asked])
    parts += _section("Left out, and why", [_row(verdict) for verdict in left_out(made)])
    parts += _by_name(made)
    parts += _section("Known, and not offered", made.excluded)
    return "\n".join(line.rstrip() for part in parts for line in part.splitlines() or [""])


def stepped_down(made: Plan) -> tuple[Verdict, ...]:
    """The refused backends that would have been better than what serves their stage."""
    return tuple(verdict for verdict in _refused(made) if _before(verdict, made))


def left_out(made: Plan) -> tuple[Verdict, ...]:
    """The other refused ones: second choices, and those for requests of one kind."""
    return tuple(verdict for verdict in _refused(made) if not _before(verdict, made))


def _refused(made: Plan) -> list[Verdict]:
    wanted = [verdict for verdict in made.verdicts if verdict.stage in made.stages]
    return [verdict for verdict in wanted if verdict.lack and not _named(verdict)]


def _named(verdict: Verdict) -> bool:
    lack = verdict.lack
    return lack is not None and lack.of == "name" and lack.needs <= lack.has


def _by_name(made: Plan) -> list[str]:
    """What has room here and is so large that somebody should ask for it."""
    named = [verdict for verdict in made.verdicts if _named(verdict)]
    told = [f"{verdict.backend} ({amount(verdict.lack.needs)})" for verdict in named if verdict.lack]
    if not told:
        return []
    lines = wrap(", ".join(piece.replace(" ", TIED) for piece in told), WIDTH - 2, break_on_hyphens=False)
    return ["", "Would run here too, when asked for by name", *(f"  {line.replace(TIED, ' ')}" for line in lines)]


def _before(verdict: Verdict, made: Plan) -> bool:
    if verdict.special or not (verdict.wanted or (verdict.lack and verdict.lack.of == "wish")):
        return False
    serves = made.then(verdict.stage)
    chain = [other for other in made.verdicts if other.stage == verdict.stage]
    return serves is None or chain.index(verdict) < chain.index(serves)


def _on_request(verdict: Verdict) -> bool:
    heavy = bool(verdict.mode and (verdict.mode.vram or verdict.mode.ram))
    return verdict.special and not verdict.refused and (heavy or bool(verdict.fetch))


def _machine(made: Plan) -> str:
    machine = made.machine
    cores = f"{machine.cores:g} core{'s' if machine.cores != 1 else ''}"
    memory = f"{amount(machine.ram_free)} of {amount(machine.ram)} RAM free"
    disk = f"{amount(machine.disk_free)} of {amount(machine.disk)} disk free"
    lines = [f"{cores}, {memory}, {disk}", ", ".join(_gpu(gpu) for gpu in machine.gpus) or "no GPU"]
    if machine.space:
        lines.append(f"Space {machine.space}" + (f" on {machine.tier}" if machine.tier else ""))
    return _labelled("This machine", lines)


def _gpu(gpu: Gpu) -> str:
    if gpu.kind == "zerogpu":
        return f"{gpu.name} {amount(gpu.vram)}"
    return f"{gpu.name} {amount(gpu.vram_free)} of {amount(gpu.vram)} free"


def _gets(made: Plan) -> str:
    if made.mode == "audio_only":
        idle = ", ".join(stage for stage in made.stages if made.then(stage) is None)
        why = "as was asked" if made.wishes.sound_only else f"nothing can do {idle} here, see below"
        return _labelled("You get", [f"the sound alone: {why}."])
    if not made.fetch:
        return _labelled("You get", ["a film, at once. Nothing has to be fetched."])
    size = amount(made.fetch_bytes)
    if not _improves(made):
        return _labelled("You get", [f"a film, at once. What serves on request fetches {size} more (`--fetch`)."])
    better = f"a better one when {size} are fetched (`--fetch`)."
    return _labelled("You get", [f"a film at once, with what stands under `at once`; {better}"])


def _improves(made: Plan) -> bool:
    """Whether what is fetched serves plain requests."""
    return any(verdict.fetch for stage in made.stages if (verdict := made.then(stage)))


def _table(made: Plan) -> list[str]:
    """A row for each stage: what serves now, what will, and what that takes."""
    head = ("stage", "at once", "once fetched", "runs on", "disk", f"{made.wishes.seconds:g} s of film")
    rows = [head, *(_cells(stage, made) for stage in made.stages)]
    kept = [column for column in range(len(head)) if any(row[column] for row in rows[1:])]
    widths = {column: max(len(row[column]) for row in rows) for column in kept}
    lines = ["  ".join(row[column].ljust(widths[column]) for column in kept).rstrip() for row in rows]
    rule = "-" * max(len(line) for line in lines)
    return ["", lines[0], rule, *lines[1:], ""]


def _cells(stage: str, made: Plan) -> tuple[str, ...]:
    now, then = made.now(stage), made.then(stage)
    if then is None:
        return (stage, "nothing", "", "", "", "")
    fetched = "" if not _improves(made) else then.title if then.fetch else "the same"
    disk = amount(then.disk) if then.disk else "shared" if then.fetch else ""
    took = span(then.seconds) if then.seconds else ""
    return (stage, now.title if now else "nothing", fetched, _runs_on(then.mode), disk, took)


def _runs_on(mode: Mode | None) -> str:
    if mode is None or mode.device == "cpu":
        return "CPU"
    detail = "" if mode.offload == "none" else f", {DETAIL[mode.offload]}"
    return f"GPU, {PRECISION[mode.precision]}{detail}"


def _costs(made: Plan) -> list[str]:
    free, after, low = made.machine.disk_free, made.disk_after, made.disk_low
    taken = f"{amount(free - after)} of the {amount(free)} that are free" if free > after else "nothing more"
    disk = f"disk    {taken}"
    if low < after:
        disk += f", {amount(free - low)} for a moment"
    ram = [f"{amount(made.peak_ram)} of RAM"] if made.peak_ram else []
    vram = [f"{amount(made.peak_vram)} on the GPU"] if made.peak_vram else []
    memory = f"memory  at most {' and '.join(vram + ram)}, one stage at a time" if vram + ram else "memory  little"
    served = [verdict for stage in made.stages if (verdict := made.then(stage))]
    known = "a guess" if any(verdict.seconds and not verdict.measured for verdict in served) else "as measured here"
    now = f"{span(made.seconds_now)} at once, " if _improves(made) else ""
    when = " once all is fetched" if _improves(made) else ""
    time = f"time    {made.wishes.seconds:g} s of film take {now}{span(made.seconds)}{when} ({known})"
    if not made.seconds:
        time = "time    nothing is known of it yet"
    lines = [_labelled("It costs", [disk, memory, time])]
    return [*lines, _labelled("Note", made.notes)] if made.notes else lines


def _row(verdict: Verdict) -> tuple[str, str]:
    if verdict.refused:
        return f"{verdict.stage}: {verdict.title}", verdict.why
    runs, took = _runs_on(verdict.mode), f"{span(verdict.seconds)}" if verdict.seconds else ""
    told = [runs, f"{amount(verdict.disk)} of disk" if verdict.disk else "", took]
    return f"{verdict.stage}: {verdict.title}", ", ".join(part for part in told if part)


def _change(change: Change) -> tuple[str, str]:
    by_stage: dict[str, list[str]] = {}
    for stage, title in change.gains[:NAMED]:
        by_stage.setdefault(stage, []).append(title)
    gains = "; ".join(f"{stage}: {', '.join(titles)}" for stage, titles in by_stage.items())
    more = len(change.gains) - NAMED
    fetch = f" [{amount(change.fetch_bytes)} to fetch]".replace(" ", TIED) if change.fetch_bytes else ""
    return change.what, gains + (f"; and {more} more" if more > 0 else "") + fetch


def _section(title: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    """A heading and rows of two columns, the second wrapped."""
    if not rows:
        return []
    left = max(len(row[0]) for row in rows)
    lines = []
    for name, text in rows:
        folded = [piece.replace(TIED, " ") for piece in wrap(text, WIDTH - left - 4)] or [""]
        lines.append(f"  {name.ljust(left)}  {folded[0]}")
        lines += [" " * (left + 4) + line for line in folded[1:]]
    return ["", title, *lines]


def _labelled(label: str, lines: Iterable[str]) -> str:
    return "\n".join(
        f"{label if first else '':<{MARGIN}}{line}"
        for first, line in ((index == 0, piece) for index, piece in enumerate(_folded(lines)))
    )


def _folded(lines: Iterable[str]) -> list[str]:
    return [piece for line in lines for piece in wrap(line, WIDTH - MARGIN)]
