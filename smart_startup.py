"""The hallway: settings, probe, plan, wire. Knows everybody, and nobody but the front doors knows it.

`python smart_startup.py` prints what this machine would do, and does nothing else.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from avatar import machine, planner, settings
from avatar.disk import storage_errors
from avatar.engine import Engine
from avatar.errors import AvatarError, Unavailable
from avatar.gallery import AvatarCard, VoiceCard
from avatar.jobs import rigs, signing
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import House, UploadKind
from avatar.jobs.signing import Finish
from avatar.plan import Plan, Weights
from avatar.settings import Settings
from avatar.storage import Store
from avatar.store import FolderStore
from hf_spaces_models import CATALOGUE
from stages import pipeline
from stages.portrait import drawn

if TYPE_CHECKING:
    from avatar.media.provenance import Credentials, Provenance
    from avatar.quality import Certificate


def start(environ: Mapping[str, str] = os.environ) -> DirectJobs:
    """Everything wired and ready for requests. Raises `BadRequest` for bad settings, `StorageError` for a bad disk."""
    chosen = settings.read(environ)
    store = FolderStore(chosen.data / "store", budget=chosen.store_budget)
    made = plan(chosen)
    engine = Engine(store, place=made.placement, revision=lambda name: CATALOGUE[name].revision)
    house = House(
        voices=voices,
        avatars=avatars,
        plan=lambda _ask: made,
        explain=lambda: planner.explain(made),
        sheet=sheet,
        examine=examine,
        verify=verify,
        licences=lambda outcome: licences(outcome.backends),
        certify=lambda film, rig: certify(film, rig, models=chosen.models, store=store),
    )
    return DirectJobs(engine, render=pipeline.render, house=house, timeout=chosen.timeout, finish=finishing(chosen))


def plan(chosen: Settings) -> Plan:
    """What this machine will try, stage by stage. Raises `StorageError` when the data folder can't be made."""
    with storage_errors(chosen.data):
        chosen.models.mkdir(parents=True, exist_ok=True)
    wanted = {name for stage in pipeline.STAGES for backend in stage.chain for name in backend.needs.packages}
    here = machine.probe(chosen.data, packages=sorted(wanted))
    return planner.plan(
        pipeline.STAGES, machine=here, catalogue=CATALOGUE, installed=installed(chosen.models, CATALOGUE.values())
    )


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
    """What the weights behind these backends are licensed under, one line each."""
    rows = {row.id: row for pair in backends.items() for row in weights_of(*pair)}
    return tuple(f"{row.id}: {row.licence}" for row in rows.values())


def finishing(chosen: Settings) -> Finish | None:
    """What signs finished films; None where that is not wanted or not possible."""
    if not (chosen.sign and signing.possible()):
        return None

    def credentials() -> "Credentials":
        from avatar.media import provenance

        return provenance.credentials(chosen.data / "credentials", chain=chosen.c2pa_chain, key=chosen.c2pa_key)

    return signing.Signing(credentials, weights=weights_of)


def installed(models: Path, catalogue: Iterable[Weights]) -> dict[str, Path]:
    """The folders of those weights whose files are all there in their full size."""
    found = {}
    for weights in catalogue:
        folder = models / weights.id
        if all(
            (folder / file.path).is_file() and (folder / file.path).stat().st_size == file.size
            for file in weights.files
        ):
            found[weights.id] = folder
    return found


def main() -> int:
    """Print the plan for this machine."""
    try:
        print(planner.explain(plan(settings.read(os.environ))))
    except AvatarError as error:
        print("error:", error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
