"""Pictures and sounds of the user's own, on the command line. Knows not what will be made of them."""

import shutil
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path

from avatar.artifacts import Blob
from avatar.disk import storage_errors
from avatar.errors import BadRequest, ConsentRequired
from avatar.jobs.service import BROUGHT, Maker, UploadKind

Named = tuple[Path, Blob]
Files = dict[str, Named]
"""What was named, by the request's field that it goes into, or for a speaker's picture by its option."""

KINDS: dict[str, UploadKind] = {field: kind for field, kind in BROUGHT.items() if field != "backdrop"}
"""Those in which somebody is seen or heard."""
PICTURES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif"))


def files(named: Mapping[str, str | None], *, consent: bool) -> Files:
    """The files that were named, with what they hold. Raises `BadRequest`, `ConsentRequired`, `StorageError`."""
    found: Files = {field: (path := _file(name, field), _blob(path)) for field, name in named.items() if name}
    if found and not consent:
        option = " and ".join(map(_option, found))
        raise ConsentRequired(f"{option} shows or lets hear a person. Add --consent when that person agrees.")
    return found


def backdrop(name: str | None) -> Named | None:
    """The picture that is to stand behind, where the name is that of a file.

    It needs nobody's consent, since nobody in it is brought to life. Raises `BadRequest` for the name of a picture that
    is not there.
    """
    if name is None or not (Path(name).is_file() or Path(name).suffix.lower() in PICTURES):
        return None
    path = _file(name, "background")
    return path, _blob(path)


def bring(jobs: Maker, brought: Files) -> None:
    """Give copies of the files to the house. Raises `UnsupportedMedia`, `TooLarge`, `StorageError`."""
    for field, (path, blob) in brought.items():
        _give(jobs, path, blob, kind=KINDS.get(field, "image"), consent=True)


def bring_backdrop(jobs: Maker, brought: Named | None) -> None:
    """Give a copy of the picture behind to the house. Raises as `bring` does."""
    if brought:
        _give(jobs, *brought, kind="image", consent=False)


def _give(jobs: Maker, path: Path, blob: Blob, *, kind: UploadKind, consent: bool) -> None:
    media_type = jobs.house.examine(path, kind)
    with storage_errors(path), tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copyfile(path, Path(folder, blob.sha256)))
        jobs.upload(copy, media_type, kind=kind, consent=consent)


def _file(name: str, field: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise BadRequest(f"There is no file {name} for {_option(field)}. Check its name.")
    return path


def _blob(path: Path) -> Blob:
    with storage_errors(path), path.open("rb") as file:
        return Blob(file_digest(file, "sha256").hexdigest(), "application/octet-stream", path.stat().st_size)


def _option(field: str) -> str:
    return "--" + field.replace("_", "-")
