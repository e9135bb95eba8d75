"""The certificate: measured figures with their limits and verdicts. Knows not how anything is measured."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from avatar.sampling import Diffusion

Verdict = Literal["pass", "fail", "not measured"]
Source = Literal["pixels", "container", "sound", "rig", "none"]
Value = float | str | None

GOOD: Verdict = "pass"
BAD: Verdict = "fail"
UNKNOWN: Verdict = "not measured"
LIPS = "openness range"
"""The figure that every film has whose mouth is known."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `limit` says in words what passes; `note` says why it was not measured, or how it was."""

    name: str
    value: Value
    unit: str
    limit: str
    verdict: Verdict
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """All figures of one film. `passed` is true when no measured figure failed; `sha256` names the film's bytes.

    `diffusion` is how models made it, where that is known.
    """

    passed: bool
    sha256: str
    landmarks: Literal["mediapipe", "rig", "none"]
    figures: tuple[Figure, ...]
    diffusion: tuple[Diffusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """Lowest and highest value that pass; infinite where nothing bounds."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if math.isinf(self.high) else f"{self.low:g} .. {self.high:g}"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure is called, measured in and allowed to be."""

    name: str
    unit: str
    limit: Limit

    def judged(self, value: float, source: Source, note: str = "") -> Figure:
        """The figure with its verdict; not a number means not measured, and then `note` says why."""
        if math.isnan(value):
            return Figure(
                self.name, None, self.unit, str(self.limit), UNKNOWN, "none", note or "there is no case of it"
            )
        verdict = GOOD if self.limit.low <= value <= self.limit.high else BAD
        return Figure(self.name, _rounded(value), self.unit, str(self.limit), verdict, source, note)

    def unmeasured(self, why: str) -> Figure:
        """The figure without a value."""
        return Figure(self.name, None, self.unit, str(self.limit), UNKNOWN, "none", why)


def stated(name: str, value: str, *, limit: str, good: bool, source: Source = "container") -> Figure:
    """A figure that is a word rather than a number."""
    return Figure(name, value, "", limit, GOOD if good else BAD, source)


def certified(figures: Sequence[Figure], *, sha256: str, landmarks: Literal["mediapipe", "rig", "none"]) -> Certificate:
    """The certificate of these figures."""
    return Certificate(all(figure.verdict != BAD for figure in figures), sha256, landmarks, tuple(figures))


def to_json(certificate: Certificate) -> str:
    """The certificate as JSON text."""
    return json.dumps(asdict(certificate), ensure_ascii=False, indent=2, allow_nan=False)


def from_json(text: str) -> Certificate:
    """The certificate that `to_json` wrote. Raises ValueError or KeyError when it is none."""
    told: dict[str, Any] = json.loads(text)
    works = tuple(Diffusion(**work | {"seeds": tuple(work["seeds"])}) for work in told.get("diffusion", ()))
    figures = tuple(Figure(**figure) for figure in told["figures"])
    return Certificate(told["passed"], told["sha256"], told["landmarks"], figures, works)


def summary(certificate: Certificate) -> str:
    """A few lines for a reader: the verdict, every figure with value and limit, and why others are missing."""
    figures = certificate.figures
    lines = [_headline(certificate), *_rows(figures)]
    reasons: dict[str, list[str]] = {}
    for figure in figures:
        if figure.verdict == UNKNOWN:
            reasons.setdefault(figure.note, []).append(figure.name)
    lines += [f"      not measured, {why}: {', '.join(names)}" for why, names in reasons.items()]
    return "\n".join(lines)


def verdict(certificate: Certificate) -> str:
    """The verdict for a reader, and the figures that failed with value and limit."""
    return "\n".join([_headline(certificate), *_rows([each for each in certificate.figures if each.verdict == BAD])])


def _headline(certificate: Certificate) -> str:
    """The verdict in one line. That lips were not measured comes first: a film that can't be judged has not passed."""
    counts = {kind: sum(each.verdict == kind for each in certificate.figures) for kind in (GOOD, BAD, UNKNOWN)}
    counted = f"{counts[GOOD]} figures pass, {counts[BAD]} fail, {counts[UNKNOWN]} not measured"
    lips = next((each for each in certificate.figures if each.name == LIPS and each.verdict == UNKNOWN), None)
    if lips is None:
        return f"{'passed' if certificate.passed else 'FAILED'}: {counted} (landmarks: {certificate.landmarks})"
    return f"container {'passed' if certificate.passed else 'FAILED'}; lips not measured: {lips.note} ({counted})"


def _rows(figures: Sequence[Figure]) -> list[str]:
    width = max((len(figure.name) for figure in figures), default=0)
    marks = {GOOD: "ok", BAD: "FAIL", UNKNOWN: "-"}
    return [f"{marks[figure.verdict]:>4}  {figure.name:<{width}}  {_told(figure)}" for figure in figures]


def _told(figure: Figure) -> str:
    if figure.value is None:
        return f"({figure.limit})"
    note = f"; {figure.note}" if figure.note else ""
    return f"{figure.value} {figure.unit}".rstrip() + f"  ({figure.limit}; {figure.source}{note})"


def _rounded(value: float) -> float:
    """Four significant digits and no dust, so that the same film gives the same certificate on every machine."""
    return float(f"{value:.4g}") if abs(value) >= 1e-6 else 0.0
