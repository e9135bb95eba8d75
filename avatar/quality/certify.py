"""Measures a finished film: looks, listens, finds the face, and hands everything to those who judge. Knows no limit."""

from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar.artifacts import Utterance
from avatar.errors import BadRequest, Unavailable
from avatar.face import lips_checks
from avatar.face.theval import Marks
from avatar.media import video
from avatar.quality import container, faces, hearing, judging, lipgap, saying, seeing
from avatar.quality.figures import Certificate, Figure, certified, stated
from avatar.quality.hearing import Hearing
from avatar.quality.judging import Mouth
from avatar.quality.landmarker import find
from avatar.quality.rig import Rig
from avatar.quality.seeing import Seen

Array = NDArray[np.float64]
How = Literal["mediapipe", "rig", "none"]

LEAST_SEEN = 0.5
"""Share of frames that must show a face."""
FASTEST = 240.0
"""Frames a second beyond which time stamps are taken for damage."""
UNKNOWN_FACE = "no face is known: MediaPipe's face landmarker is not here, and the film's rig was not given"


@dataclass(frozen=True, slots=True)
class _Face:
    """The face's curves, or why there are none; `lip_gap` (n,) when the gap itself was measured in pixels."""

    how: How
    curves: faces.Faces | None = None
    why: str = ""
    lip_gap: Array | None = None


def certificate(
    film: Path, *, rig: Rig | None = None, landmarker: Path | None = None, utterance: Utterance | None = None
) -> Certificate:
    """Everything that can be measured of `film`; what can't stands there with the reason.

    The face's place comes from the `rig` when it is given, else MediaPipe finds it with the model file `landmarker`;
    in dubbed footage it does so in any case where it can.
    The `utterance` tells what is said; without it the rig's own is used. Raises `NotFound`, and `BadRequest` for what
    is no film.
    """
    held = video.contents(film)
    if held.picture is None:
        raise BadRequest(f"{film.name} has no picture. Give a film.")
    heard = hearing.hear(film, held.sound.rate) if held.sound else None
    face, seen = _looked(film, _face(film, held.picture, rig, landmarker), rig)
    if not len(seen.times):
        raise BadRequest(f"{film.name} holds no frame that can be read. It may be damaged; make it again.")
    told = utterance or (rig.utterance if rig else None)
    found = container.figures(held, held.picture, seen.times, heard)
    if rig is not None:
        made, read = len(rig.landmarks), len(seen.times)
        found.append(stated("frames", str(read), limit=f"the {made} that were drawn", good=made == read))
    fps = container.frame_rate(seen.times, held.picture)
    found += _talking(face, seen.times, fps, rig, told, heard)
    found += judging.still_figures(seen.still)
    with film.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return certified(found, sha256=digest, landmarks=face.how)


def _face(film: Path, picture: video.Picture, rig: Rig | None, landmarker: Path | None) -> _Face:
    if rig is not None and len(rig.landmarks) and not (rig.filmed and landmarker):
        return _Face("rig", faces.from_rig(rig, picture.width, picture.height))
    if landmarker is None:
        return _Face("none", why=UNKNOWN_FACE)
    try:
        found = find(film, landmarker)
    except Unavailable as error:
        return _Face("none", why=str(error))
    share = float(found.seen.mean()) if len(found.seen) else 0.0
    if share < LEAST_SEEN:
        return _Face("none", why=f"a face is seen in {100.0 * share:.0f} % of the frames only")
    curves = faces.from_mediapipe(found.points, found.angles, picture.width, picture.height)
    return _Face("mediapipe", curves, lip_gap=curves.gap)


def _looked(film: Path, face: _Face, rig: Rig | None) -> tuple[_Face, Seen]:
    """One pass over the picture; with a rig the lips are followed in it."""
    curves = face.curves
    if curves is None:
        return face, seeing.see(film, None, None)
    around = seeing.beside(curves.outline, float(np.median(curves.height)))
    if face.how != "rig" or rig is None:
        return face, seeing.see(film, None, around)
    shut = lipgap.shut_frames(curves.gap)
    seen = seeing.see(film, seeing.holders(rig.landmarks, curves.height, shut), around)
    if seen.strips is None:
        return face, seen
    shut = shut[shut < len(seen.strips)]
    if not len(shut):
        return face, seen
    count = min(len(seen.strips), len(curves.gap))
    return replace(face, lip_gap=lipgap.scaled(lipgap.unlike(seen.strips, shut), curves.gap[:count])), seen


def _talking(
    face: _Face, times: Array, fps: float, rig: Rig | None, told: Utterance | None, heard: Hearing | None
) -> list[Figure]:
    curves = face.curves
    if curves is None:
        return judging.unmeasured(face.why)
    count = min(len(times), len(curves.gap))
    if count < 2:
        return judging.unmeasured("the film has one frame only")
    if float(np.diff(times).min()) <= 0.0 or not 1.0 <= fps <= FASTEST:
        return judging.unmeasured("the frames' times are in disorder")
    times, curves = times[:count], _first(curves, count)
    gap = curves.gap if face.lip_gap is None else face.lip_gap[:count]
    mouth = Mouth(times, gap, curves.source if face.lip_gap is None else "pixels")
    phones = told.phones if told else None
    found = [judging.drawn_figure(mouth, curves)] if face.how == "rig" else []
    found += judging.sync_figures(mouth, phones, heard)
    found += judging.mouth_figures(mouth, curves, phones, heard, _teeth(rig, told, fps))
    talking = saying.speaking(phones, times) if phones else _heard(heard, times)
    found += judging.life_figures(curves, times, fps, talking)
    return [*found, judging.likeness_figure(curves, times, fps, heard)]


def _heard(heard: Hearing | None, times: Array) -> NDArray[np.bool_]:
    """The frames in which somebody speaks; all of them when there is nothing to hear."""
    if heard is None or heard.silent:
        return np.ones(len(times), np.bool_)
    return np.interp(times, heard.times, heard.speaking().astype(np.float64)) > 0.5


def _first(curves: faces.Faces, count: int) -> faces.Faces:
    """The curves' first frames."""
    marks = Marks(*(getattr(curves.marks, name)[:count] for name in Marks.__slots__))
    return replace(
        curves,
        marks=marks,
        gap=curves.gap[:count],
        width=curves.width[:count],
        lids=curves.lids[:count],
        angles=None if curves.angles is None else curves.angles[:count],
        centre=curves.centre[:count],
    )


def _teeth(rig: Rig | None, told: Utterance | None, fps: float) -> float:
    """Share of f and v whose lower lip touches the teeth; only the rig can tell. Not a number without it."""
    if rig is None or rig.track is None or told is None:
        return float("nan")
    return lips_checks.figures(rig.track, told, round(fps)).teeth
