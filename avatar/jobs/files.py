"""The files that a job may have, by name, and the blobs behind them. Knows no job service."""

from typing import Literal, get_args

from avatar.artifacts import Blob, ExportKind, Takes
from avatar.errors import NotFound
from avatar.events import Outcome

Variant = Literal[
    "video", "audio", "thumbnail", "captions.srt", "captions.vtt", "words.json", "motion.csv", "certificate.json",
    "rig", "alpha.webm", "prores.mov", "av1.mp4", "hevc.mp4", "preview.gif", "preview.webp",
    "image", "sheet", "take-1", "take-2", "take-3", "take-4", "take-5", "take-6", "take-7", "take-8",
]  # fmt: skip
TAKES: tuple[Variant, ...] = ("take-1", "take-2", "take-3", "take-4", "take-5", "take-6", "take-7", "take-8")
"""Pictures and silent films of one request, one for each seed."""
EXPORTS: frozenset[str] = frozenset(get_args(ExportKind))
"""Variants that are made when they are asked for first, by `House.export`."""


def blob_of(outcome: Outcome, variant: Variant) -> Blob:
    """The blob behind a variant. Raises `NotFound` when this outcome has none."""
    film = outcome.film
    if outcome.takes:
        return _taken(outcome.takes, variant)
    if variant == "audio" and outcome.speech:
        return outcome.speech.sound
    if film is None:
        raise NotFound(f"There is no {variant}: only sound was made. Ask for the audio, or for the film once more.")
    blobs = {
        "video": film.video,
        "thumbnail": film.thumbnail,
        "captions.srt": film.captions_srt,
        "captions.vtt": film.captions_vtt,
        "words.json": film.words,
        "motion.csv": film.motion_csv,
        "rig": film.rig,
    }
    if variant not in blobs:
        raise NotFound(f"There is no {variant} of this job.")
    return blobs[variant]


def _taken(takes: Takes, variant: Variant) -> Blob:
    """The file of a picture or silent film; `video` and `image` are the first one, `take-2` is the second."""
    first = takes.takes[0]
    name, _, number = variant.partition("-")
    if name == "take" and int(number) <= len(takes.takes):
        return takes.takes[int(number) - 1].file
    if variant == "sheet" and takes.sheet:
        return takes.sheet
    if variant == "thumbnail":
        return first.thumbnail
    if variant == ("video" if first.seconds else "image"):
        return first.file
    raise NotFound(f"There is no {variant} of this job. It has {', '.join(variants(takes))}.")


def variants(takes: Takes) -> tuple[Variant, ...]:
    """The files of pictures or silent films, by name."""
    several = len(takes.takes) > 1
    numbered = TAKES[: len(takes.takes)] if several else ()
    sheet: tuple[Variant, ...] = ("sheet",) if takes.sheet else ()
    return ("video" if takes.takes[0].seconds else "image", "thumbnail", *numbered, *sheet)


def chief(outcome: Outcome) -> Variant:
    """What an outcome is first of all: its film, its sound or its picture."""
    if outcome.takes:
        return variants(outcome.takes)[0]
    return "video" if outcome.film else "audio"


def seconds_of(outcome: Outcome) -> float:
    """How long it plays; 0 for a picture."""
    if outcome.takes:
        return outcome.takes.takes[0].seconds
    return outcome.film.seconds if outcome.film else outcome.speech.seconds if outcome.speech else 0.0
