"""The disk that weights may still take, given out one backend after another. Knows no backend and no folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avatar.amounts import amount
from avatar.fitting import Short
from avatar.plan import Lack, Machine, Weights, Wishes


@dataclass(slots=True)
class Purse:
    """Bytes to spend: `left` before the headroom is touched, `budget` of what all weights together may take."""

    left: int
    budget: int | None
    files: int | None
    """Files that the disk can still hold; None for no limit."""
    writable: bool
    owned: set[str]
    spent: int = 0
    deepest: int = 0
    """The most bytes that are ever taken at once: a model that is converted lies there twice for a while."""
    fetch_bytes: int = 0
    fetched: list[str] = field(default_factory=list)
    packed: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, machine: Machine, *, catalogue: Mapping[str, Weights], installed: Mapping[str, Path], wishes: Wishes
    ) -> "Purse":
        """What a machine and its owner's wishes leave."""
        here = sum(catalogue[name].kept for name in installed if name in catalogue)
        mount = next((mount for mount in machine.mounts if mount.use == "models"), None)
        return cls(
            left=max(machine.disk_free - wishes.headroom, 0),
            budget=None if wishes.budget is None else max(wishes.budget - here, 0),
            files=mount.files_free if mount else None,
            writable=mount.writable if mount else True,
            owned=set(installed),
        )

    def buy(self, rows: Sequence[Weights], *, packed: bool) -> Short | None:
        """Take what is missing of these out of the purse, or say what is short and take nothing.

        `packed`: ZeroGPU keeps a second copy of what runs on it.
        """
        if not rows:
            return None
        absent = [row for row in rows if row.id not in self.owned]
        copies = [row for row in rows if packed and row.id not in self.packed]
        lasting, deepest = 0, 0
        for row in absent:
            deepest = max(deepest, lasting + row.size + row.converted)
            lasting += row.kept
        kept = lasting
        lasting += sum(row.kept for row in copies)
        short = self._short(absent, deepest=max(deepest, lasting), kept=kept)
        if short:
            return short
        self.deepest = max(self.deepest, self.spent + deepest, self.spent + lasting)
        self.left -= lasting
        self.budget = None if self.budget is None else self.budget - kept
        self.files = None if self.files is None else self.files - sum(len(row.files) for row in absent)
        self.spent += lasting
        self.fetch_bytes += sum(row.size for row in absent)
        self.fetched += [row.id for row in absent]
        self.owned |= {row.id for row in absent}
        self.packed |= {row.id for row in copies}
        return None

    def _short(self, absent: Sequence[Weights], *, deepest: int, kept: int) -> Short | None:
        files = sum(len(row.files) for row in absent)
        if absent and not self.writable:
            return Short(Lack("disk", deepest, 0), f"needs {amount(deepest)} of disk, the models folder is read-only")
        if self.files is not None and files > self.files:
            plural = "s" if files > 1 else ""
            return Short(
                Lack("files", files, self.files), f"needs {files} more file{plural}, the disk can hold {self.files}"
            )
        if self.budget is not None and kept > self.budget:
            return Short(
                Lack("budget", kept, self.budget),
                f"needs {amount(kept)} of the weights' budget, {amount(self.budget)} are left",
            )
        if deepest > self.left:
            return Short(
                Lack("disk", deepest, self.left),
                f"needs {amount(deepest)} of disk, {amount(self.left)} are left for it",
            )
        return None
