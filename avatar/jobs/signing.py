"""The last touch on a finished film: its signed manifest, made once for each film. Knows no job and no stage."""

import base64
import importlib.util
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import cast, get_args

from pydantic import ValidationError

from avatar import records
from avatar.artifacts import Blob
from avatar.disk import storage_errors
from avatar.events import Outcome
from avatar.media import provenance
from avatar.media.provenance import Claim, Credentials, SourceType
from avatar.plan import Weights
from avatar.request import Ask
from avatar.storage import Session

BLANK = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""A PNG of one black pixel."""
Finish = Callable[[Ask, Outcome, Session], Outcome]
"""What is done to an outcome at its end, such as signing its film. Done again it gives other bytes, so its work counts
only when it is written down together with the job's end."""
Seal = Callable[[Blob, Blob, Session], Blob]
"""A film and an export of it: the export with what the film says of its own making."""
WeightsOf = Callable[[str, str], tuple[Weights, ...]]
"""The catalogue rows that a stage's backend uses."""


def proved(credentials: Credentials) -> Credentials:
    """The credentials, once a picture was signed with them: what ails them is found out before any work is done.

    Raises `BadRequest`, `StorageError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        blank, target = Path(folder, "blank.png"), Path(folder, "signed.png")
        blank.write_bytes(BLANK)
        provenance.sign(blank, target, Claim("algorithmicMedia", {}), signer=credentials, media_type="image/png")
    return credentials


def possible() -> bool:
    """Whether the packages that signing needs are there."""
    return all(importlib.util.find_spec(name) for name in ("c2pa", "cryptography"))


class Signing:
    """Signs films with credentials that are read, or made, when the first film is ready.

    The signed film is remembered, so that the same film is not signed twice with other bytes.
    """

    def __init__(self, credentials: Callable[[], Credentials], *, weights: WeightsOf) -> None:
        self._credentials = credentials
        self._weights = weights
        self._lock = threading.Lock()
        self._known: Credentials | None = None

    def __call__(self, ask: Ask, outcome: Outcome, session: Session) -> Outcome:
        """The outcome with all that can be seen signed; sound alone stays as it is.

        Raises `BadRequest`, `StorageError`.
        """
        if outcome.film is None and outcome.takes is None:
            return outcome
        with self._lock:
            self._known = signer = self._known or self._credentials()
        claim = self._claim(ask, outcome)

        def signed(file: Blob) -> Blob:
            key = sha256(f"signed {file.sha256} {signer.chain}".encode() + records.dump(claim)).hexdigest()
            made = _remembered(session, key) or _signed(file, claim, signer=signer, session=session)
            session.remember(key, records.dump(made))
            return made

        film, taken = outcome.film, outcome.takes
        return replace(
            outcome,
            film=film and replace(film, video=signed(film.video)),
            takes=taken and replace(taken, takes=tuple(replace(each, file=signed(each.file)) for each in taken.takes)),
        )

    def again(self, film: Blob, export: Blob, session: Session) -> Blob:
        """The export with what the film says of itself; as it is where it has no place for that, or the film says none.

        Raises `BadRequest`, `StorageError`.
        """
        if export.media_type not in provenance.SIGNABLE:
            return export
        told = provenance.read(session.path(film))
        if told is None or told.source not in get_args(SourceType):
            return export
        with self._lock:
            self._known = signer = self._known or self._credentials()
        making = {name: tuple(told.making.get(name, ())) for name in ("licences", "uploads", "diffusion")}
        claim = Claim(cast(SourceType, told.source), told.making.get("backends", {}), **making)
        key = sha256(f"signed {export.sha256} {signer.chain}".encode() + records.dump(claim)).hexdigest()
        signed = _remembered(session, key) or _signed(export, claim, signer=signer, session=session)
        session.remember(key, records.dump(signed))
        return signed

    def _claim(self, ask: Ask, outcome: Outcome) -> Claim:
        used = {row.id: row for pair in outcome.backends.items() for row in self._weights(*pair)}
        uploads = tuple(blob.sha256 for blob in ask.people)
        source = provenance.source_type(trained=bool(used), own_media=bool(uploads))
        licences = tuple(f"{row.id}: {row.licence}" for row in used.values())
        works = tuple(work.written for work in outcome.diffusion)
        return Claim(source, dict(sorted(outcome.backends.items())), licences, uploads, works)


def _remembered(session: Session, key: str) -> Blob | None:
    record = session.recall(key)
    if record is None:
        return None
    try:
        blob = records.load(Blob, record)
    except ValidationError:
        return None
    return blob if session.hold([blob]) else None


def _signed(file: Blob, claim: Claim, *, signer: Credentials, session: Session) -> Blob:
    with session.scratch() as folder:
        target = Path(folder, "signed")
        with storage_errors(target):
            provenance.sign(session.path(file), target, claim, signer=signer, media_type=file.media_type)
        return session.keep(target, file.media_type)
