"""The hallway's desk: answers what doors ask beside films. Knows stages, catalogue and quality."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from avatar.artifacts import Blob, ExportKind
from avatar.attempt import Wish
from avatar.disk import storage_errors
from avatar.engine import Engine
from avatar.errors import NotFound, Unavailable
from avatar.events import Outcome
from avatar.gallery import AvatarCard, VoiceCard
from avatar.jobs import rigs, signing
from avatar.jobs.house import Faces, UploadKind
from avatar.plan import Weights
from avatar.request import Ask
from avatar.storage import Store
from hallway.outfit import barred
from hf_spaces_models import CATALOGUE
from stages import pipeline
from stages.film import EXPORT, Wanted
from stages.portrait import drawn

if TYPE_CHECKING:
    from avatar.media.provenance import Provenance
    from avatar.quality import Certificate

DRAWING = Lock()
"""Pictures are drawn one at a time, so that films find a core."""
HEARING = Lock()
"""Likewise one sound at a time is written down."""
EARS = "wav2vec2-base-960h"


def voices() -> tuple[VoiceCard, ...]:
    """The voices of the speech stage."""
    from stages.speech.voices import voices as known

    return tuple(VoiceCard(voice.id, voice.name, voice.language, voice.gender) for voice in known())


def avatars() -> tuple[AvatarCard, ...]:
    """The gallery of the portrait stage."""
    return tuple(AvatarCard(look.id, look.name, look.description, look.voice) for look in drawn.gallery())


def sheet(path: Path) -> None:
    """Draw the gallery on one PNG."""
    path.write_bytes(drawn.contact_sheet())


def portrait(avatar: str, *, folder: Path) -> bytes:
    """One avatar as a WebP, 512 pixels square, drawn once for all times. Raises `NotFound`, `StorageError`."""
    if all(avatar != look.id for look in drawn.gallery()):
        raise NotFound(f"There is no avatar {avatar}. `python -m avatar avatars` lists them.")
    place = folder / f"{avatar}-{drawn.Drawn.version}.webp"
    with storage_errors(folder), DRAWING:
        if not place.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            fresh = place.with_suffix(".new")
            fresh.write_bytes(drawn.picture(avatar))
            fresh.replace(place)
        return place.read_bytes()


def certify(film: Path, rig: Path | None, *, models: Path, store: Store) -> "Certificate":
    """Measure a film, with its rig where it was made here and with the face finder where that is installed."""
    from avatar import quality

    with closing(store.session()) as session:
        known = rig or rigs.find(session, film)
        told = quality.read_rig(known) if known else None

    finder = models / "face-landmarker" / "face_landmarker.task"
    usable = finder if finder.is_file() and find_spec("mediapipe") else None
    return quality.certificate(film, rig=told, landmarker=usable)


def export(outcome: Outcome, kind: ExportKind, *, engine: Engine) -> Path:
    """A film in another form, drawn anew when it is asked for first. Raises `NotFound`, `UnsupportedMedia`."""
    film = outcome.film
    if film is None or film.recipe is None:
        what = "only sound was made" if film is None else "the film was made by an older version"
        raise NotFound(f"There is no {kind}: {what}. Ask for the film once more.")
    with closing(engine.store.session()) as session:
        made = engine.walk(session)(EXPORT, Wanted(film.recipe, kind))
        return session.path(made.file)


def examine(path: Path, kind: UploadKind) -> str:
    """The media type of a picture, sound or film. Raises `UnsupportedMedia` or `TooLarge`."""
    from avatar.media import inspect

    if kind == "image":
        return inspect.inspect_image(path).media_type
    return (inspect.inspect_film if kind == "video" else inspect.inspect_sound)(path).media_type


def faces(picture: Blob, *, models: Path, store: Store) -> Faces:
    """The faces in a picture, by the face finder where that is installed. Raises `UnsupportedMedia`, `Unavailable`."""
    from stages import pictures
    from stages.portrait.photo import finding, marking

    place = models / "face-landmarker"
    usable = (place / finding.MODEL).is_file() and find_spec("mediapipe")
    with closing(store.session()) as session:
        pixels = pictures.read(session.path(picture))
    found = marking.marks(pixels, marking.finder(finding.read_model(place) if usable else None))
    return Faces(pixels.shape[1], pixels.shape[0], found)


def known(ask: Ask, *, engine: Engine) -> tuple[str, ...]:
    """The stages of a request that cost nothing any more. Raises `BadRequest`, `StorageError`."""
    with closing(engine.store.session()) as session:
        walk = engine.walk(session, Wish(backends=ask.backends, barred=barred(ask)))
        return pipeline.known(ask, walk.known)


def deaf(*, models: Path) -> str:
    """Why nobody writes down what is said here; empty when somebody does."""
    missing = [name for name in ("torch", "transformers") if not find_spec(name)]
    if missing:
        return f"Speech can't be written down here: {missing[0]} is not installed. Install requirements.txt."
    if not (models / EARS / "config.json").is_file():
        return f"Speech can't be written down yet: {CATALOGUE[EARS].title} is not here. Fetch {EARS} first."
    return ""


def hear(sound: Blob, *, models: Path, store: Store) -> str:
    """What is said in a sound. The network is loaded for it and let go. Raises `Unavailable`, `BadRequest`."""
    why = deaf(models=models)
    if why:
        raise Unavailable(why)
    from stages.lips.wav2vec import dictation, network

    with HEARING, closing(store.session()) as session:
        return dictation.written(session.path(sound), network.load(models / EARS))


def join(films: Sequence[Path], joined: Path) -> None:
    """Films as one. Raises `BadRequest`, `StorageError`."""
    from avatar.media import joining

    joining.join(films, joined)


def verify(film: Path) -> "Provenance | None":
    """What the film's manifest says. Raises `Unavailable` without the package c2pa."""
    if not signing.possible():
        raise Unavailable("Content Credentials can't be read here: package c2pa is missing. Install requirements.txt.")
    from avatar.media import provenance

    return provenance.read(film)


def weights_of(stage: str, backend: str) -> tuple[Weights, ...]:
    """The catalogue rows that a stage's backend uses."""
    used = (b.needs.weights for s in pipeline.STAGES if s.name == stage for b in s.chain if b.id == backend)
    return tuple(CATALOGUE[name] for names in used for name in names)


def licences(backends: Mapping[str, str]) -> tuple[str, ...]:
    """What the weights behind these backends, by stage, are licensed under: one line each."""
    rows = {row.id: row for pair in backends.items() for row in weights_of(*pair)}
    return tuple(f"{row.id}: {row.licence}" for row in rows.values())
