"""All weights by their ids, and who gets which. Pure data."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from avatar.plan import Profile, Weights
from catalogue.films import FILMS_FROM_WORDS
from catalogue.left_out import NOT_OFFERED
from catalogue.pictures import PICTURES_AND_MOTION
from catalogue.speech import FACES_AND_SOUNDS, MORE_VOICES

CATALOGUE: Mapping[str, Weights] = MappingProxyType(
    {row.id: row for row in (*FACES_AND_SOUNDS, *MORE_VOICES, *PICTURES_AND_MOTION, *FILMS_FROM_WORDS, *NOT_OFFERED)}
)

MINIMAL = (
    "face-landmarker",
    "selfie-segmenter",
    "wav2vec2-base-960h",
    "speecht5-tts",
    "speecht5-hifigan",
    "cmu-arctic-xvectors",
    "spkrec-xvect-voxceleb",
)
RECOMMENDED = (*MINIMAL, "svd-xt", "sd-turbo")
MAXIMUM = (*RECOMMENDED, "sd15", "animate-anyone", "sd-vae-ft-mse", "image-variations-encoder")

PROFILES: Mapping[Profile, tuple[str, ...]] = MappingProxyType(
    {"minimal": MINIMAL, "recommended": RECOMMENDED, "maximum": MAXIMUM}
)


def to_fetch(names: Iterable[str]) -> int:
    """Bytes that these models are fetched as, together."""
    return sum(CATALOGUE[name].size for name in names)


def to_keep(names: Iterable[str]) -> int:
    """Bytes that they take on the disk in the end."""
    return sum(CATALOGUE[name].kept for name in names)
