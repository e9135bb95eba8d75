"""Figures of a talking face: sync, mouth, head, blinks, likeness to real people, stillness around it. Knows no file."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.face import theval
from avatar.quality import living, saying, sync
from avatar.quality.faces import Faces
from avatar.quality.figures import Figure, Limit, Meaning, Source
from avatar.quality.hearing import Hearing

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

OFFSET = Meaning("audio-visual offset", "ms", Limit(-20.0, 20.0))
LOOSE_OFFSET = Meaning("audio-visual offset", "ms", Limit(-60.0, 40.0))
"""EBU R37, for films without enough closures: openings hang together with the sound too loosely for more."""
DRIFT = Meaning("audio-visual drift", "ms/min", Limit(-1.0, 1.0))
CLOSURE = Meaning("bilabial closure", "%", Limit(low=98.0))
TEETH = Meaning("labiodental contact", "%", Limit(low=100.0))
ROUNDING = Meaning("rounding order", "%", Limit(low=100.0))
SILENCE = Meaning("lips shut in silence", "%", Limit(low=99.0))
DRAWN = Meaning("mouth as drawn", "correlation", Limit(low=0.8))
OPENS_FROM = 0.06
RANGE = Meaning("openness range", "face heights", Limit(OPENS_FROM, 0.14))
LEAD = Meaning("anticipation", "ms", Limit(40.0, 120.0))
HEAD = tuple(Meaning(f"head {name}", "degrees std", Limit(2.0, 6.0)) for name in ("yaw", "pitch", "roll"))
ALIVE = Meaning("head moves in silence", "degrees/s", Limit(low=0.3))
LOOP = Meaning("head loop", "autocorrelation", Limit(high=0.6))
BLINKS = Meaning("blinks", "per minute", Limit(10.0, 25.0))
BLINK_LENGTH = Meaning("blink length", "ms", Limit(100.0, 400.0))
BLINK_RHYTHM = Meaning("blink rhythm", "variation", Limit(low=0.2))
THEVAL = Meaning("THEval motion subset", "closeness", Limit(low=0.94))

LOUDNESS_SECONDS = 8.0
"""In shorter films the lag of opening behind loudness is the text's: up to 75 ms where mouth and sound are in step."""
LEAST_STRENGTH = 0.3
"""Correlation of opening and loudness below which their lag tells nothing."""
LEAST_LIKENESS = 0.65
"""Correlation of opening and of the known sounds' openings below which their lag tells nothing."""
LEAST_WINDOWS, LEAST_LEADS, LEAST_OPEN = 3, 6, 2
SURE = 1.0
"""Standard error in ms a minute above which a drift is not measured."""
HEAD_SECONDS, LOOP_SECONDS, BLINK_SECONDS = 8.0, 20.0, 8.0
"""Films shorter than this say nothing about the spread of head angles, about loops, about how often eyes blink."""

SILENT_SECONDS = 0.5
THEVAL_SECONDS = 60.0
"""Its truths are means over many recordings: real people's single clips of 8 s come out at 0.6."""


@dataclass(frozen=True, slots=True)
class Mouth:
    """The lip gap (n,) in face heights at `times` (n,) seconds, by pixels or rig; `parted` by an expression's wish."""

    times: Array
    gap: Array
    source: Source
    parted: Mask | None = None

    def widest(self, phones: tuple[Phone, ...] | None) -> float:
        """The 95th percentile of the gap while something is said."""
        inside = saying.speaking(phones, self.times) if phones else np.ones(len(self.gap), np.bool_)
        return float(np.percentile(self.gap[inside], 95)) if inside.any() else math.nan


def sync_figures(mouth: Mouth, phones: tuple[Phone, ...] | None, hearing: Hearing | None) -> list[Figure]:
    """Offset and drift: against the known sounds where there are such, else against loudness."""
    if hearing is None or hearing.silent:
        return [meaning.unmeasured("there is no sound") for meaning in (OFFSET, DRIFT)]
    return _sync_by_sounds(mouth, phones, hearing) if phones else _sync_by_loudness(mouth, hearing)


def _sync_by_sounds(mouth: Mouth, phones: tuple[Phone, ...], hearing: Hearing) -> list[Figure]:
    """By the closures of p, b and m; where those are few, by all openings, which say nothing about drift."""
    spoken = sync.of_sound(phones, hearing)
    if math.isnan(spoken.seconds):
        why = "the sound is too short, or unlike the sounds that it should be"
        return [OFFSET.unmeasured(why), DRIFT.unmeasured(why)]
    at, late = sync.closures(phones, mouth.times, mouth.gap)
    if len(late) >= sync.LEAST_CLOSURES:
        offset = (float(np.median(late)) - spoken.seconds) * 1000.0
        found = OFFSET.judged(offset, mouth.source, f"by {len(late)} closures of p, b, m")
        return [found, _drift(at, late - _sound_drift(phones, hearing) * at, mouth)]
    few = "there are too few closures of p, b, m"
    whole = sync.by_opening(phones, mouth.times, mouth.gap)
    if math.isnan(whole.seconds) or whole.strength < LEAST_LIKENESS:
        why = f"{few}, and openings tell too little (r = {max(whole.strength, 0.0):.2f})"
        return [LOOSE_OFFSET.unmeasured(why), DRIFT.unmeasured(few)]
    offset, note = (whole.seconds - spoken.seconds) * 1000.0, f"by all openings, r = {whole.strength:.2f}: {few}"
    return [LOOSE_OFFSET.judged(offset, mouth.source, note), DRIFT.unmeasured(few)]


def _sync_by_loudness(mouth: Mouth, hearing: Hearing) -> list[Figure]:
    if float(np.ptp(mouth.times)) < LOUDNESS_SECONDS:
        why = f"the sounds are not known and the film is shorter than {LOUDNESS_SECONDS:g} s"
        return [LOOSE_OFFSET.unmeasured(why), DRIFT.unmeasured(why)]
    whole = sync.by_loudness(mouth.times, mouth.gap, hearing)
    if math.isnan(whole.seconds) or whole.strength < LEAST_STRENGTH:
        why = f"mouth and loudness hang together too loosely (r = {max(whole.strength, 0.0):.2f})"
        return [LOOSE_OFFSET.unmeasured(why), DRIFT.unmeasured(why)]
    found = LOOSE_OFFSET.judged(whole.seconds * 1000.0, mouth.source, f"by loudness, r = {whole.strength:.2f}")
    return [found, _drift(*_windows(mouth, hearing), mouth)]


def _sound_drift(phones: tuple[Phone, ...], hearing: Hearing) -> float:
    """Seconds by which each second of the sound comes later than `phones` say, by its two halves."""
    middle = 0.5 * (hearing.start + hearing.end)
    first, second = (
        sync.of_sound(phones, hearing.part(*span)) for span in ((hearing.start, middle), (middle, hearing.end))
    )
    slope = (second.seconds - first.seconds) / max(0.5 * hearing.seconds, 1.0)
    return 0.0 if math.isnan(slope) else slope


def drawn_figure(mouth: Mouth, face: Faces) -> Figure:
    """Whether the picture shows the mouth that the rig meant, however late."""
    found = sync.of_curve(mouth.times, mouth.gap, face.gap)
    why = "the film is too short" if math.isnan(found.seconds) else f"{found.seconds * 1000.0:+.1f} ms"
    return DRAWN.judged(math.nan if math.isnan(found.seconds) else found.strength, mouth.source, why)


def _windows(mouth: Mouth, hearing: Hearing) -> tuple[Array, Array]:
    """Middles of the film's 10 s windows in which an offset can be told, and the offsets, in seconds."""
    found = []
    for start in np.arange(mouth.times[0], mouth.times[-1] - sync.WINDOW / 2, sync.WINDOW):
        inside = (mouth.times >= start) & (mouth.times < start + sync.WINDOW)
        lag = sync.by_loudness(mouth.times[inside], mouth.gap[inside], hearing)
        if lag.strength >= LEAST_STRENGTH and not math.isnan(lag.seconds):
            found.append((start + sync.WINDOW / 2, lag.seconds))
    pairs = np.array(found).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _drift(at: Array, late: Array, mouth: Mouth) -> Figure:
    """Slope of single offsets `late` over their times `at`; offsets far from the line are set aside."""
    if len(at) < LEAST_WINDOWS or np.ptp(at) <= 0.0:
        return DRIFT.unmeasured("the film is too short")
    kept = np.ones(len(at), np.bool_)
    for _ in range(3):
        slope, first = np.polyfit(at[kept], late[kept], 1)
        off = np.abs(late - first - slope * at)
        kept = off <= 3.0 * max(1.4826 * float(np.median(off)), 0.004)
    rest = off[kept]
    spread = float(((at[kept] - at[kept].mean()) ** 2).sum())
    error = math.sqrt(float((rest**2).sum()) / max(len(rest) - 2, 1) / spread) * 60_000.0
    if error > SURE:
        return DRIFT.unmeasured(f"the film is too short: uncertain by {error:.1f} ms a minute")
    return DRIFT.judged(float(slope) * 60_000.0, mouth.source, f"+- {error:.2f}")


def mouth_figures(
    mouth: Mouth, face: Faces, phones: tuple[Phone, ...] | None, hearing: Hearing | None, teeth: float
) -> list[Figure]:
    """Closures, teeth, rounding, silence, range and anticipation; `teeth` is the share of f and v that touch."""
    widest = mouth.widest(phones)
    found = [_range(widest, phones, face.source)]
    if not widest > 0.0:
        return [*found, *(m.unmeasured("the mouth never opens") for m in (CLOSURE, TEETH, ROUNDING, SILENCE, LEAD))]
    closed = saying.CLOSED * widest
    spans = _unparted(saying.pauses(phones) if phones else _quiet(hearing), mouth)
    shut = 100.0 * saying.shut_rate(spans, mouth.times, mouth.gap, closed)
    found.append(SILENCE.judged(shut, mouth.source, "there is no long pause" if math.isnan(shut) else ""))
    if not phones:
        why = "the sounds and their times are not known"
        return [*found, *(meaning.unmeasured(why) for meaning in (CLOSURE, TEETH, ROUNDING, LEAD))]
    lead = saying.leads(phones, mouth.times, mouth.gap, widest)
    ahead = float(np.median(lead)) * 1000.0 if len(lead) >= LEAST_LEADS else math.nan
    return [
        *found,
        CLOSURE.judged(100.0 * saying.closure_rate(phones, mouth.times, mouth.gap, closed), mouth.source),
        TEETH.judged(100.0 * teeth, "rig"),
        ROUNDING.judged(100.0 * saying.rounded_order(phones, mouth.times, face.width), face.source),
        LEAD.judged(ahead, mouth.source, f"{'too few: ' * math.isnan(ahead)}{len(lead)} vowels"),
    ]


def _range(widest: float, phones: tuple[Phone, ...] | None, source: Source) -> Figure:
    """How far the mouth opens; whoever says no open vowel need not open it far."""
    if 0.0 < widest < OPENS_FROM and phones and saying.open_vowels(phones) < LEAST_OPEN:
        return RANGE.unmeasured(f"{widest:.3f}, but hardly an open vowel is said")
    return RANGE.judged(widest, source)


def _unparted(spans: list[tuple[float, float]], mouth: Mouth) -> list[tuple[float, float]]:
    """Those in which no expression parts the lips."""
    at = mouth.times[:0] if mouth.parted is None else mouth.times[mouth.parted]
    return [(start, end) for start, end in spans if not ((at >= start) & (at <= end)).any()]


def _quiet(hearing: Hearing | None) -> list[tuple[float, float]]:
    """Long silences of the sound, without the margins in which the mouth may still move."""
    if hearing is None or hearing.silent:
        return []
    speech, times = hearing.speaking(), hearing.times
    edges = np.flatnonzero(np.diff(np.concatenate([[1], speech, [1]]).astype(np.int8)))
    spans = [(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    long = [(first, last) for first, last in spans if times[last - 1] - times[first] >= saying.PAUSE]
    before = [float(times[first]) + (saying.MARGIN if first else 0.0) for first, _ in long]
    after = [float(times[last - 1]) - (saying.MARGIN if last < len(times) else 0.0) for _, last in long]
    return list(zip(before, after, strict=True))


def life_figures(face: Faces, times: Array, fps: float, speech: Mask) -> list[Figure]:
    """Head and blinks; `speech` (n,) are the frames in which something is said."""
    seconds = len(times) / fps
    found: list[Figure] = []
    if face.angles is None:
        found += [meaning.unmeasured("the rig holds no motion track") for meaning in (*HEAD, LOOP, ALIVE)]
    else:
        talking = face.angles[speech] if speech.any() else face.angles
        short = f"the film is shorter than {HEAD_SECONDS:g} s" if seconds < HEAD_SECONDS else ""
        spread = np.full(3, math.nan) if short else talking.std(axis=0)
        found += [meaning.judged(float(value), face.source, short) for meaning, value in zip(HEAD, spread, strict=True)]
        if seconds < LOOP_SECONDS:
            found.append(LOOP.unmeasured(f"the film is shorter than {LOOP_SECONDS:g} s"))
        else:
            found.append(LOOP.judged(living.loop(face.angles, fps), face.source))
        found.append(_alive(face.angles, fps, speech, face.source))
    return found + _blink_figures(living.blinks(times, face.lids), seconds, face.source)


def _alive(angles: Array, fps: float, speech: Mask, source: Source) -> Figure:
    """Mean speed of the head's turning while nothing is said."""
    still = ~speech[1:] & ~speech[:-1]
    if still.sum() < SILENT_SECONDS * fps:
        return ALIVE.unmeasured("there is no long pause")
    speed = np.sqrt((np.diff(angles, axis=0) ** 2).sum(axis=1)) * fps
    return ALIVE.judged(float(speed[still].mean()), source)


def _blink_figures(blinks: living.Blinks, seconds: float, source: Source) -> list[Figure]:
    if seconds < BLINK_SECONDS:
        rate = BLINKS.unmeasured(f"the film is shorter than {BLINK_SECONDS:g} s")
    else:
        low, high = (bound * seconds / 60.0 for bound in (BLINKS.limit.low, BLINKS.limit.high))
        whole = Limit(math.floor(low) * 60.0 / seconds, math.ceil(high) * 60.0 / seconds)
        told = Meaning(BLINKS.name, BLINKS.unit, whole).judged(len(blinks.starts) * 60.0 / seconds, source)
        rate = Figure(told.name, told.value, told.unit, str(BLINKS.limit), told.verdict, source, "to a whole blink")
    length = float(np.median(blinks.lengths)) * 1000.0 if len(blinks.lengths) else math.nan
    return [
        rate,
        BLINK_LENGTH.judged(length, source, "there is no blink" if math.isnan(length) else ""),
        BLINK_RHYTHM.judged(
            living.evenness(blinks.starts), source, "" if len(blinks.starts) > 4 else "there are too few blinks"
        ),
    ]


def likeness(face: Faces, angles: Array, times: Array, fps: float, hearing: Hearing) -> dict[str, float]:
    """THEval's five landmark measures of a face whose head has these `angles` (n, 3), by their names in `theval`."""
    marks = theval.Marks(*(theval.at_25(getattr(face.marks, name), fps=fps) for name in theval.Marks.__slots__))
    at = theval.at_25(times, fps=fps)
    speech = np.interp(at, hearing.times, hearing.speaking().astype(np.float64)) > 0.5
    return {
        "lip_dynamics": theval.lip_dynamics(marks),
        "head_motion": theval.head_motion(theval.at_25(angles, fps=fps), theval.at_25(face.centre, fps=fps)),
        "brow_dynamics": theval.brow_dynamics(marks),
        "silent_lips": theval.silent_lips(marks, ~speech),
        "lip_sync": theval.lip_sync(marks, hearing.rms(at), speech),
    }


def likeness_figure(face: Faces, times: Array, fps: float, hearing: Hearing | None) -> Figure:
    """Mean closeness of THEval's landmark measures to those of real people."""
    if hearing is None or hearing.silent:
        return THEVAL.unmeasured("there is no sound")
    if face.angles is None:
        return THEVAL.unmeasured("the rig holds no motion track")
    if len(times) < 2 * theval.FPS:
        return THEVAL.unmeasured("the film is shorter than 2 s")
    found = likeness(face, face.angles, times, fps, hearing)
    scores = theval.closeness(found)
    parts = ", ".join(f"{name.replace('_', ' ')} {score:.2f}" for name, score in scores.items() if name != "mean")
    if len(times) < THEVAL_SECONDS * fps:
        short = f"{scores['mean']:.2f} ({parts}), but a film shorter than {THEVAL_SECONDS:g} s is no sample of anybody"
        return THEVAL.unmeasured(short)
    return THEVAL.judged(scores["mean"], face.source, parts)


LIFE = (*HEAD, LOOP, ALIVE, BLINKS, BLINK_LENGTH, BLINK_RHYTHM, THEVAL)
FACE = (OFFSET, DRIFT, RANGE, SILENCE, CLOSURE, TEETH, ROUNDING, LEAD, *LIFE)


def unmeasured(why: str, meant: tuple[Meaning, ...] = FACE) -> list[Figure]:
    """All figures of a face, or these, without values."""
    return [meaning.unmeasured(why) for meaning in meant]
