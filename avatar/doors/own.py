"""Pictures and sounds of the user's own, on the command line. Knows not what will be made of them."""

import shutil
import tempfile
from hashlib import file_digest
from pathlib import Path

from avatar.artifacts import Blob
from avatar.disk import storage_errors
from avatar.errors import BadRequest, ConsentRequired
from avatar.jobs.service import Maker, UploadKind

Files = dict[UploadKind, tuple[Path, Blob]]


def files(image: str | None, audio: str | None, *, consent: bool) -> Files:
    """The files that were named, with what they hold. Raises `BadRequest`, `ConsentRequired`, `StorageError`."""
    named: dict[UploadKind, str | None] = {"image": image, "audio": audio}
    found: Files = {kind: (path := _file(name, kind), _blob(path)) for kind, name in named.items() if name}
    if found and not consent:
        option = " and ".join(f"--{kind}" for kind in found)
        raise ConsentRequired(f"{option} shows or lets hear a person. Add --consent when that person agrees.")
    return found


def bring(jobs: Maker, brought: Files) -> None:
    """Give copies of the files to the house. Raises `UnsupportedMedia`, `TooLarge`, `StorageError`."""
    for kind, (path, blob) in brought.items():
        media_type = jobs.house.examine(path, kind)
        with storage_errors(path), tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copyfile(path, Path(folder, blob.sha256)))
            jobs.upload(copy, media_type, kind=kind, consent=True)


def _file(name: str, kind: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise BadRequest(f"There is no file {name} for --{kind}. Check its name.")
    return path


def _blob(path: Path) -> Blob:
    with storage_errors(path), path.open("rb") as file:
        return Blob(file_digest(file, "sha256").hexdigest(), "application/octet-stream", path.stat().st_size)
