"""How like real people avatars move, by THEval's landmark measures over more than a minute: drawn, and photographs.

python -m benchmarks.likeness [PICTURE ...] --model face_landmarker.task [--pixels] [--seeds N] [--out FOLDER]

By the rig alone no film is drawn, and a face takes a second; with `--pixels` a film is made and decoded, and
FaceLandmarker, which knows nothing of how it was made, is asked as well. Drawn avatars need no model.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from avatar import records
from avatar.artifacts import Clip, Portrait, Speech, Utterance
from avatar.face import theval, tracks
from avatar.quality import faces, hearing, judging, saying
from avatar.quality.landmarker import find
from avatar.quality.rig import Rig
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from benchmarks.photos import FPS, TEXT
from stages import film, lips, motion, portrait, pose, speech
from stages.film import scene
from stages.portrait.photo import Photo
from stages.speech.espeak import Espeak

SIZE = 512
"""Pixels of the films' sides, in which THEval measures where a head goes."""
AVATARS = ("ada",)
MEASURES = tuple(theval.TRUTH)


@dataclass(frozen=True, slots=True)
class Measured:
    """One face: its five measures by name, and the shares of frames in pauses and of p, b, m whose lips are shut."""

    name: str
    source: str
    found: dict[str, float]
    shut: float
    closed: float


def main(argv: list[str]) -> int:
    """Print a line for each face, and the means."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description="Likeness to real people.")
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--avatar", action="append", help="a drawn avatar; may be given several times")
    parser.add_argument("--model", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--pixels", action="store_true", help="look at decoded films too")
    parser.add_argument("--seeds", type=int, default=1, help="films of each face, each with another seed")
    parser.add_argument("--out", type=Path, help="where films are kept")
    chosen = parser.parse_args(argv)
    found: list[Measured] = []
    for seed in range(1, chosen.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            for each in _all(workbench(Path(folder), seed=seed), chosen, seed):
                found.append(each)
                print(line(each), flush=True)
    for source in dict.fromkeys(each.source for each in found):
        print(line(mean([each for each in found if each.source == source])))
    return 0


def _all(bench: Bench, chosen: argparse.Namespace, seed: int) -> Iterator[Measured]:
    said = bench.perform(Espeak(), speech.Brief(TEXT, "en-us", 1.0, 0.0, seed))
    for name in chosen.avatar or AVATARS:
        yield from _measured(bench, name, drawn(bench, name), said, chosen, seed)
    for picture in chosen.pictures:
        yield from _measured(bench, picture.stem, photographed(bench, picture, chosen.model), said, chosen, seed)


def drawn(bench: Bench, name: str) -> Portrait:
    """A drawn avatar of the gallery."""
    made: Portrait = bench.perform(_floor(portrait.PORTRAIT, "drawn"), portrait.Brief(name, "", 0))
    return made


def photographed(bench: Bench, picture: Path, model: Path) -> Portrait:
    """A photograph, its face found with MediaPipe's `model`."""
    weights = bench.context.scratch() / f"weights-{picture.stem}"
    weights.mkdir()
    shutil.copy(model, weights / "face_landmarker.task")
    brief = portrait.Brief(None, "", 0, image=bench.blob(picture.read_bytes(), "image/*"))
    made: Portrait = bench.perform(Photo(), brief, placement=Placement(weights={"face-landmarker": weights}))
    return made


def spoken(bench: Bench, shown: Portrait, said: Speech, seed: int) -> Clip:
    """The portrait saying it, as tracks."""
    moving = bench.perform(_floor(motion.MOTION), motion.Brief(shown, said.seconds, FPS, seed))
    posed = bench.perform(_floor(pose.POSE), pose.Brief(moving, said, seed))
    clip: Clip = bench.perform(_floor(lips.LIPS), lips.Brief(posed, said, seed))
    return clip


def _floor(stage: Any, name: str = "") -> Any:
    return next((each for each in stage.chain if each.id == name), stage.chain[-1])


def _measured(
    bench: Bench, name: str, shown: Portrait, said: Speech, chosen: argparse.Namespace, seed: int
) -> Iterator[Measured]:
    clip, sound = spoken(bench, shown, said, seed), bench.context.path(said.sound)
    heard = hearing.hear(sound, said.sample_rate)
    utterance = records.load(Utterance, bench.context.path(said.utterance).read_bytes())
    view = scene.view_of(shown, (SIZE, SIZE))
    puppet = scene.puppet(shown, view, bench.context)
    track = puppet.performed(tracks.read(bench.context.path(clip.motion.tracks)))
    points = puppet.landmarks(track)
    by_rig = faces.from_rig(Rig(points, track, utterance), SIZE, SIZE)
    yield _told(name, by_rig, utterance, heard)
    if not chosen.pixels:
        return
    made = bench.perform(_floor(film.FILM), film.Brief(clip, said, SIZE, SIZE))
    path = bench.context.path(made.video)
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, chosen.out / f"{name}-{seed}.mp4")
    seen = find(path, chosen.model)
    yield _told(name, faces.from_mediapipe(seen.points, seen.angles, SIZE, SIZE), utterance, heard)


def _told(name: str, face: faces.Faces, utterance: Utterance, heard: hearing.Hearing) -> Measured:
    times = np.arange(len(face.gap)) / FPS
    angles = np.zeros((len(times), 3)) if face.angles is None else face.angles
    widest = float(np.percentile(face.gap[saying.speaking(utterance.phones, times)], 95))
    together = saying.CLOSED * widest
    shut = saying.shut_rate(saying.pauses(utterance.phones), times, face.gap, together)
    closed = saying.closure_rate(utterance.phones, times, face.gap, together)
    return Measured(name, face.source, judging.likeness(face, angles, times, FPS, heard), shut, closed)


def mean(found: list[Measured]) -> Measured:
    """The mean of each measure; THEval, too, compares means over many films."""
    over = {name: fmean(each.found[name] for each in found) for name in MEASURES}
    shut, closed = (fmean(getattr(each, name) for each in found) for name in ("shut", "closed"))
    return replace(found[0], name="mean", found=over, shut=shut, closed=closed)


def line(each: Measured) -> str:
    """A line of the table: closeness, each measure and how close it is, lips shut in pauses and in p, b, m."""
    scores = theval.closeness(each.found)
    parts = " | ".join(f"{each.found[name]:.4g} ({scores[name]:.2f})" for name in MEASURES)
    together = f"{100 * each.shut:.1f} | {100 * each.closed:.1f}"
    return f"| {each.name} | {each.source} | {scores['mean']:.3f} | {parts} | {together} |"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
