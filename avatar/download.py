"""A file from a URL that a stranger named, brought in safely. Knows not what it is wanted for.

What the server says about its file is not believed: neither its length, nor its type, nor where else to look.
"""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpcore

from avatar.disk import DATA, storage_errors
from avatar.errors import BadRequest, TooLarge, UnsupportedMedia
from avatar.media.kinds import ENOUGH, SUFFIXES, kind
from avatar.outside import Outside, Url

REDIRECTS = 3
IDLE = 10.0
"""Seconds of silence after which a server counts as gone."""
SAFE = Outside()


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that came whole. `media_type` is what its first bytes say, `size` its bytes."""

    path: Path
    media_type: str
    size: int


def download(
    url: str, *, folder: Path, limit: int, kinds: tuple[str, ...], timeout: float, outside: Outside = SAFE
) -> Downloaded:
    """Fetch a file of one of the media types `kinds` and at most `limit` bytes into `folder`, within `timeout` seconds.

    Its name there is made up here. Nothing is left in the folder unless it came whole. Raises `BadRequest` for a URL
    that can't or must not be asked, `TooLarge`, `UnsupportedMedia`, `StorageError`.
    """
    deadline = time.monotonic() + timeout
    asked = outside.parse(url)
    for _ in range(REDIRECTS + 1):
        with outside.exchange(
            "GET",
            asked,
            deadline=deadline,
            idle=min(IDLE, timeout),
            headers=(("Accept", ", ".join(kinds)), ("Accept-Encoding", "identity")),
        ) as answer:
            location = _location(answer)
            if location is None:
                _check(answer, asked, limit)
                return _kept(answer.iter_stream(), folder=folder, limit=limit, kinds=kinds)
        asked = outside.parse(asked.joined(location))
    raise BadRequest(f"The URL leads on more than {REDIRECTS} times. Give the one where it ends.")


def _headers(answer: httpcore.Response, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in answer.headers if key.lower() == name]


def _location(answer: httpcore.Response) -> str | None:
    """Where a redirect leads; None when it is not one."""
    if answer.status not in (301, 302, 303, 307, 308):
        return None
    said = _headers(answer, b"location")
    if len(said) != 1:
        raise BadRequest("The URL leads on without saying where. Give the one where it ends.")
    return said[0]


def _check(answer: httpcore.Response, asked: Url, limit: int) -> None:
    """Refuse what need not be read to be refused."""
    if answer.status != 200:
        raise BadRequest(f"The host {asked.host} answered with status {answer.status}. Check the URL.")
    if any(said.lower() != "identity" for said in _headers(answer, b"content-encoding")):
        raise UnsupportedMedia(f"The host {asked.host} sent the file compressed once more. Give a plain link to it.")
    for said in _headers(answer, b"content-length"):
        if said.isdecimal() and int(said[:20]) > limit:
            raise _too_large(limit)


def _too_large(limit: int) -> TooLarge:
    size = f"{limit / 10**6:g} MB" if limit >= 10**6 else f"{limit:,} bytes"
    return TooLarge(f"The file is larger than {size}. Give a smaller one.")


def _kept(pieces: Iterable[bytes], *, folder: Path, limit: int, kinds: tuple[str, ...]) -> Downloaded:
    """Write the body down as it comes; the first bytes decide whether the rest is wanted."""
    head, size, media_type = b"", 0, ""
    with _gone_unless_whole(folder / secrets.token_hex(16)) as path, storage_errors(DATA), path.open("xb") as file:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            head += piece[: ENOUGH - len(head)]
            if not media_type and len(head) == ENOUGH:
                media_type = _wanted(head, kinds)
            file.write(piece)
        media_type = media_type or _wanted(head, kinds)
    return Downloaded(path, media_type, size)


def _wanted(head: bytes, kinds: tuple[str, ...]) -> str:
    found = kind(head)
    if found not in kinds:
        taken = ", ".join(sorted({SUFFIXES.get(each, each).removeprefix(".").upper() for each in kinds}))
        what = f"holds {found}" if found else "is of no kind that is known"
        raise UnsupportedMedia(f"The file {what}. Give one of these: {taken}.")
    return found


@contextmanager
def _gone_unless_whole(path: Path) -> Iterator[Path]:
    whole = False
    try:
        yield path
        whole = True
    finally:
        if not whole:
            path.unlink(missing_ok=True)
