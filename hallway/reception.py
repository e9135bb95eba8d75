"""The hallway's desk: answers what doors ask beside films. Knows stages, catalogue and quality."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from avatar import granting
from avatar.artifacts import Blob, Clip, ExportKind
from avatar.attempt import Wish
from avatar.disk import replaced, storage_errors
from avatar.engine import Engine
from avatar.errors import NotFound, Unavailable
from avatar.events import Outcome, split
from avatar.gallery import AvatarCard
from avatar.jobs import rigs, signing
from avatar.jobs.house import Faces, UploadKind
from avatar.plan import Weights
from avatar.request import Ask
from avatar.stage import Backend, Performer, Stage
from avatar.storage import Store
from hallway.outfit import barred
from hf_spaces_models import CATALOGUE
from stages import directing, moving, pipeline
from stages.film import EXPORT, Wanted
from stages.lips import LIPS, Brief
from stages.lips.wav2vec import Wav2vec
from stages.portrait import drawn

if TYPE_CHECKING:
    from avatar.media.provenance import Provenance
    from avatar.quality import Certificate, Recognised

DRAWING = Lock()
"""Pictures are drawn one at a time, so that films find a core."""
HEARING = Lock()
"""Likewise one sound at a time is written down."""
EARS = "wav2vec2-base-960h"


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
            with replaced(place) as fresh:
                fresh.write_bytes(drawn.picture(avatar))
        return place.read_bytes()


def certify(film: Path, rig: Path | None, *, models: Path, engine: Engine) -> "Certificate":
    """Measure a film, with its rig where it was made here, and with what finds faces and words where that is here."""
    from avatar import quality

    with closing(engine.store.session()) as session:
        known = rig or rigs.find(session, film)
        told = quality.read_rig(known) if known else None

    finder = models / "face-landmarker" / "face_landmarker.task"
    usable = finder if finder.is_file() and find_spec("mediapipe") else None
    return quality.certificate(film, rig=told, landmarker=usable, recogniser=partial(recognised, engine=engine))


def recognised(film: Path, said: str, language: str, *, engine: Engine) -> "Recognised":
    """The words heard in a film beside those of its text. Raises `BackendError` with the reason where it can't."""
    from avatar.quality import Recognised
    from stages import reading

    if language.partition("-")[0].lower() not in ("", "en"):
        raise Unavailable(f"Only English words are recognised, and this film speaks another language ({language}).")
    backend = next(each for each in LIPS.chain if isinstance(each, Wav2vec))
    place = engine.place(LIPS.name, backend.id)
    if place is None:
        raise Unavailable(engine.why(LIPS.name, backend.id))

    def hear(lips: Performer[Brief, Clip]) -> tuple[str, ...]:
        from stages.lips.wav2vec.perform import Lips

        return lips.understood(film, lambda _share: None) if isinstance(lips, Lips) else ()

    with engine.hold(place):
        heard = engine.residency.call(LIPS.name, backend, placement=place, work=hear)
    return Recognised(reading.words(said), reading.alike(heard))


def export(outcome: Outcome, kind: ExportKind, *, engine: Engine, seal: signing.Seal | None = None) -> Path:
    """A film in another form, drawn anew when it is asked for first, and signed as the film is.

    Raises `NotFound`, `UnsupportedMedia`.
    """
    film = outcome.film
    if film is None or film.recipe is None:
        what = "only sound was made" if film is None else "the film was made by an older version"
        raise NotFound(f"There is no {kind}: {what}. Ask for the film once more.")
    with closing(engine.store.session()) as session:
        made = engine.walk(session)(EXPORT, Wanted(film.recipe, kind))
        return session.path(seal(film.video, made.file, session) if seal else made.file)


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


def check(ask: Ask, *, engine: Engine) -> None:
    """Raises `BadRequest` for what nobody could do, and for wishes that no model of this machine can grant."""
    pipeline.check(ask)

    def able(stage: Stage[Any, Any], brief: Any) -> list[Backend[Any, Any]]:
        return granting.asked(stage, brief, backends=ask.backends, barred=barred(ask), placed=engine.place)

    def first(stage: Stage[Any, Any], brief: Any) -> Backend[Any, Any] | None:
        return next((each for each in able(stage, brief) if engine.place(stage.name, each.id) is not None), None)

    if ask.kind == "talk" or moving.able(ask, engine.place):
        directing.refuse(ask, first)
    elif not ask.speaks:
        able(*pipeline.wished(ask))


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
    """The catalogue rows that a stage's backend uses, or several, as an outcome names them."""
    names = split(backend)
    used = (b.needs.weights for s in pipeline.STAGES if s.name == stage for b in s.chain if b.id in names)
    return tuple(CATALOGUE[name] for names in used for name in names)


def licences(backends: Mapping[str, str]) -> tuple[str, ...]:
    """What the weights behind these backends, by stage, are licensed under: one line each."""
    rows = {row.id: row for pair in backends.items() for row in weights_of(*pair)}
    return tuple(f"{row.id}: {row.licence}" for row in rows.values())
