"""The hallway's desk: answers what doors ask beside films. Knows stages, catalogue and quality."""

from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.errors import Unavailable
from avatar.gallery import AvatarCard, VoiceCard
from avatar.jobs import rigs, signing
from avatar.jobs.service import UploadKind
from avatar.plan import Weights
from avatar.storage import Store
from hf_spaces_models import CATALOGUE
from stages import pipeline
from stages.portrait import drawn

if TYPE_CHECKING:
    from avatar.media.provenance import Provenance
    from avatar.quality import Certificate


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


@lru_cache(maxsize=64)
def portrait(avatar: str) -> bytes:
    """One avatar as a WebP, 512 pixels square. Raises `NotFound`."""
    return drawn.picture(avatar)


def certify(film: Path, rig: Path | None, *, models: Path, store: Store) -> "Certificate":
    """Measure a film, with its rig where it was made here and with the face finder where that is installed."""
    from avatar import quality

    with closing(store.session()) as session:
        known = rig or rigs.find(session, film)
        told = quality.read_rig(known) if known else None

    finder = models / "face-landmarker" / "face_landmarker.task"
    usable = finder if finder.is_file() and find_spec("mediapipe") else None
    return quality.certificate(film, rig=told, landmarker=usable)


def examine(path: Path, kind: UploadKind) -> str:
    """The media type of a picture or sound. Raises `UnsupportedMedia` or `TooLarge`."""
    from avatar.media import inspect

    return inspect.inspect_image(path).media_type if kind == "image" else inspect.inspect_sound(path).media_type


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
