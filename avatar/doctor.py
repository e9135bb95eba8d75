"""What ails a machine and what to do about it, from its plan alone. Knows no stage; pure, touches nothing."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from avatar.amounts import amount
from avatar.explain import WIDTH
from avatar.plan import Finding, Mount, Plan, Weights

GIGABYTE = 10**9
LITTLE_RAM = 1_500_000_000
"""Below this a film of full size and its encoder crowd each other."""
FEW_FILES = 1000
MARGIN = 9
SEVERITY = {"error": 0, "warning": 1, "note": 2}
FOLDERS = {
    "data": ("The data folder", "AVATAR_DATA_DIR"),
    "models": ("The models folder", "AVATAR_MODELS_DIR"),
    "hub": ("The hub's cache", "HF_HOME"),
    "temp": ("The folder for temporary files", "TMPDIR"),
}


def doctor(made: Plan, catalogue: Mapping[str, Weights]) -> tuple[Finding, ...]:
    """All findings, errors first. None means that nothing stands in the way of what was planned."""
    found = [
        *_stages(made),
        *_disks(made),
        *_memory(made),
        *_home(made),
        *_packages(made),
        *_hub(made),
        *_tokens(made, catalogue),
        *_gpus(made),
    ]
    return tuple(sorted(found, key=lambda finding: SEVERITY[finding.level]))


def tell(findings: tuple[Finding, ...]) -> str:
    """The findings as text for a terminal."""
    if not findings:
        return "Nothing ails this machine."
    lines: list[str] = []
    for finding in findings:
        what = wrap(finding.what, WIDTH - MARGIN)
        lines += [f"{finding.level:<{MARGIN}}{what[0]}", *(" " * MARGIN + line for line in what[1:])]
        lines += [" " * MARGIN + line for line in wrap(finding.todo, WIDTH - MARGIN)]
    return "\n".join(lines)


def _stages(made: Plan) -> Iterator[Finding]:
    for stage in made.stages:
        if made.now(stage) is None and not made.wishes.sound_only:
            whys = "; ".join(f"{verdict.title}: {verdict.why}" for verdict in made.verdicts if verdict.stage == stage)
            yield Finding("error", f"Nothing can do the stage {stage} ({whys}).", "Install requirements-core.txt.")


def _disks(made: Plan) -> Iterator[Finding]:
    for mount in made.machine.mounts:
        name, variable = FOLDERS[mount.use]
        if not mount.writable:
            yield Finding(
                "error" if mount.use in ("data", "temp") else "warning",
                f"{name} can't be written.",
                f"Set {variable} to a folder that this user may write to.",
            )
        elif (short := _short_of_room(mount, made.wishes.headroom)) is not None:
            yield Finding("warning", f"{name} {short}.", f"Remove something there, or set {variable} to another disk.")


def _short_of_room(mount: Mount, headroom: int) -> str | None:
    wanted = headroom if mount.use in ("data", "models") else GIGABYTE
    if mount.free < wanted:
        return f"has {amount(mount.free)} free, less than {amount(wanted)}"
    if mount.files_free is not None and mount.files_free < FEW_FILES:
        return f"can hold {mount.files_free} more files only"
    return None


def _memory(made: Plan) -> Iterator[Finding]:
    machine = made.machine
    if machine.host_ram:
        yield Finding(
            "note",
            f"The container may use {amount(machine.ram)} of the host's {amount(machine.host_ram)} of RAM.",
            "Raise the container's memory limit to use more.",
        )
    if machine.ram_free < LITTLE_RAM:
        yield Finding(
            "warning",
            f"Only {amount(machine.ram_free)} of RAM are free.",
            "Close other programs, ask for smaller films, or set AVATAR_JOBS=1.",
        )
    if machine.cores < 1:
        yield Finding(
            "note", f"This process may use {machine.cores:g} of one core.", "Raise its CPU quota for faster films."
        )


def _home(made: Plan) -> Iterator[Finding]:
    if not made.machine.home:
        yield Finding(
            "warning",
            "There is no home folder that can be written.",
            "Set AVATAR_DATA_DIR and HF_HOME to folders that can, or HOME.",
        )


def _packages(made: Plan) -> Iterator[Finding]:
    wanting = [verdict for verdict in made.verdicts if verdict.wanted and verdict.lack and verdict.lack.of == "package"]
    missing = sorted({name for verdict in wanting for name in verdict.packages} - made.machine.packages)
    if missing:
        titles = ", ".join(dict.fromkeys(verdict.title for verdict in wanting))
        count = "1 package is" if len(missing) == 1 else f"{len(missing)} packages are"
        yield Finding(
            "warning",
            f"{count} missing ({', '.join(missing)}), so that these can't run: {titles}.",
            "pip install -r requirements.txt",
        )


def _hub(made: Plan) -> Iterator[Finding]:
    waiting = any(verdict.lack and verdict.lack.of == "hub" for verdict in made.verdicts)
    if made.machine.hub == "offline" and waiting:
        yield Finding(
            "note", "The hub is switched off, and some weights are not here.", "Unset HF_HUB_OFFLINE to fetch them."
        )
    if made.machine.hub == "unreachable":
        yield Finding(
            "warning",
            "The hub can't be reached, so that no weights can be fetched.",
            "Check the network and its proxy, or name a mirror in HF_ENDPOINT.",
        )


def _tokens(made: Plan, catalogue: Mapping[str, Weights]) -> Iterator[Finding]:
    titles = [verdict.title for verdict in made.verdicts if verdict.lack and verdict.lack.of == "token"]
    if titles:
        sources = sorted({row.source for row in catalogue.values() if row.gated and row.title in titles})
        yield Finding(
            "warning",
            f"Their owners give these only to those who agreed to their terms: {', '.join(titles)}.",
            f"Agree on the hub's page of {', '.join(sources)}, then set HF_TOKEN to a token that may read.",
        )


def _gpus(made: Plan) -> Iterator[Finding]:
    cards = [gpu for gpu in made.machine.gpus if gpu.kind == "cuda"]
    for gpu in cards:
        if gpu.vram_free < gpu.vram // 2:
            yield Finding(
                "warning",
                f"Others use {amount(gpu.vram - gpu.vram_free)} of the {amount(gpu.vram)} of {gpu.name}.",
                "Stop what else runs on it, or name another one in CUDA_VISIBLE_DEVICES.",
            )
    if len({gpu.name for gpu in cards}) > 1:
        yield Finding(
            "note",
            "There are GPUs of different kinds.",
            "Set CUDA_DEVICE_ORDER=PCI_BUS_ID, so that all count them alike.",
        )
