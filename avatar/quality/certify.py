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
from avatar.face.tracks import COLUMN
from avatar.media import video
from avatar.quality import container, faces, hearing, judging, lipgap, recognition, saying, seeing, several, stillness
from avatar.quality.figures import Certificate, Figure, certified, stated
from avatar.quality.hearing import Hearing
from avatar.quality.judging import Mouth
from avatar.quality.landmarker import find
from avatar.quality.recognition import Recogniser
from avatar.quality.rig import Rig
from avatar.quality.seeing import Seen

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
How = Literal["mediapipe", "rig", "none"]

LEAST_SEEN = 0.5
"""Share of frames that must show a face."""
FASTEST = 240.0
"""Frames a second beyond which time stamps are taken for damage."""
SURPRISED = 0.3
"""Eyes as wide as nothing but surprise makes them."""
UNKNOWN_FACE = "no face is known: MediaPipe's face landmarker is not here, and the film's rig was not given"


@dataclass(frozen=True, slots=True)
class _Face:
    """The face's curves, or why there are none; `lip_gap` (n,) when the gap itself was measured in pixels.

    `groups` are the frames of each face, where several people speak: the curves are of whoever does.
    """

    how: How
    curves: faces.Faces | None = None
    why: str = ""
    lip_gap: Array | None = None
    groups: tuple[several.Frames, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether one face only is seen speaking."""
        return len(self.groups) < 2


def certificate(
    film: Path,
    *,
    rig: Rig | None = None,
    landmarker: Path | None = None,
    utterance: Utterance | None = None,
    recogniser: Recogniser | None = None,
) -> Certificate:
    """Everything that can be measured of `film`; what can't stands there with the reason.

    The face's place comes from the `rig` when it is given, else MediaPipe finds it with the model file `landmarker`;
    in dubbed footage it does so in any case where it can. The `utterance` tells what is said; without it the rig's own
    is used. The `recogniser` hears whether that is said. Raises `NotFound`, and `BadRequest` for what is no film.
    """
    held = video.contents(film)
    if held.picture is None:
        raise BadRequest(f"{film.name} has no picture. Give a film.")
    heard = hearing.hear(film, held.sound.rate) if held.sound else None
    face, seen = _looked(film, held.picture, _face(film, held.picture, rig, landmarker), rig)
    if not len(seen.times):
        raise BadRequest(f"{film.name} holds no frame that can be read. It may be damaged; make it again.")
    told = utterance or (rig.utterance if rig else None)
    found = container.figures(held, held.picture, seen.times, heard)
    if rig is not None:
        made, read = len(rig.landmarks), len(seen.times)
        found.append(stated("frames", str(read), limit=f"the {made} that were drawn", good=made == read))
    fps = container.frame_rate(seen.times, held.picture)
    found += _talking(face, seen.times, fps, rig, told, heard)
    found += stillness.figures(seen.still) if face.alone else judging.unmeasured(several.WHY, stillness.STILL)
    found.append(recognition.figure(film, told, recogniser if held.sound else None))
    with film.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return certified(found, sha256=digest, landmarks=face.how)


def _face(film: Path, picture: video.Picture, rig: Rig | None, landmarker: Path | None) -> _Face:
    if rig is not None and len(rig.landmarks) and not (rig.filmed and landmarker):
        groups = several.groups(rig)
        return _Face("rig", several.curves(rig, groups, (picture.width, picture.height)), groups=groups)
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


def _looked(film: Path, picture: video.Picture, face: _Face, rig: Rig | None) -> tuple[_Face, Seen]:
    """One pass over the picture; with a rig the lips are followed in it."""
    curves = face.curves
    if curves is None:
        return face, seeing.see(film, None, None)
    around = seeing.beside(curves.outline, curves.height, (picture.width, picture.height))
    if face.how != "rig" or rig is None or not several.followed(rig, face.groups, curves):
        return face, seeing.see(film, None, around)
    held = np.zeros((len(curves.gap), 2, 3), np.float32)
    for frames in face.groups:
        shut = lipgap.shut_frames(curves.gap[frames])
        held[frames] = seeing.holders(rig.landmarks[frames], curves.height[frames], shut)
    seen = seeing.see(film, held, around)
    if seen.strips is None:
        return face, seen
    gap = np.array(curves.gap[: len(seen.strips)])
    for frames in face.groups:
        there = frames[frames < len(seen.strips)]
        shut = lipgap.shut_frames(curves.gap[frames])
        shut = shut[shut < len(there)]
        if not len(shut):
            return face, seen
        gap[there] = lipgap.scaled(lipgap.unlike(seen.strips[there], shut), curves.gap[there])
    return replace(face, lip_gap=gap), seen


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
    mouth = Mouth(times, gap, curves.source if face.lip_gap is None else "pixels", _surprised(rig, count))
    phones = told.phones if told else None
    found = [judging.drawn_figure(mouth, curves)] if face.how == "rig" and face.lip_gap is not None else []
    if not face.alone and face.lip_gap is None:
        found.append(judging.DRAWN.unmeasured(several.SHORT))
    found += judging.sync_figures(mouth, phones, heard)
    found += judging.mouth_figures(mouth, curves, phones, heard, _teeth(rig, told, fps))
    if not face.alone:
        return [*found, *judging.unmeasured(several.WHY, judging.LIFE)]
    talking = saying.speaking(phones, times) if phones else _heard(heard, times)
    found += judging.life_figures(curves, times, fps, talking)
    return [*found, judging.likeness_figure(curves, times, fps, heard)]


def _surprised(rig: Rig | None, count: int) -> Mask | None:
    """The frames in which surprise, which drops the jaw where nothing is said, was asked for; only the rig can tell."""
    return None if rig is None or rig.track is None else rig.track[:count, COLUMN["eyeWideLeft"]] > SURPRISED


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
