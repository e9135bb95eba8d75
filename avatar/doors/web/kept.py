"""Small files that are asked for by every visitor, kept in memory and packed once. Knows no page."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

AGAIN = "no-cache"
"""A browser asks each time whether it has the newest."""
FOR_EVER = "public, max-age=31536000, immutable"
"""For files whose names change with what is in them."""
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".html": "text/html"}
SMALL = 600  # bytes that are not worth packing


@dataclass(frozen=True, slots=True)
class Kept:
    """A file's bytes, as they are and packed with gzip; the same where that saves nothing."""

    plain: bytes
    packed: bytes
    media_type: str
    tag: str

    def answer(self, headers: Headers, *, cache: str = AGAIN) -> Response:
        """What to send to who asks with these headers."""
        own = {"ETag": self.tag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if self.tag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=own)
        if self.packed is self.plain or "gzip" not in headers.get("accept-encoding", ""):
            return Response(self.plain, media_type=self.media_type, headers=own)
        return Response(self.packed, media_type=self.media_type, headers=own | {"Content-Encoding": "gzip"})


def kept(data: bytes, media_type: str) -> Kept:
    """Bytes of some type."""
    packs = len(data) > SMALL and (media_type.startswith("text/") or media_type.endswith(("json", "javascript")))
    packed = gzip.compress(data, 6, mtime=0) if packs else data
    return Kept(data, packed, media_type, f'"{sha256(data).hexdigest()[:20]}"')


class Shelf:
    """An ASGI application that serves the files right below one folder, read again only when they have changed.

    A file of some kilobytes is read faster than a thread is found for it.
    """

    def __init__(self, folder: Path, *, cache: str = AGAIN) -> None:
        self._folder = folder
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises `HTTPException`."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        found = self.find(scope["path"].rpartition("/")[2])
        if found is None:
            raise HTTPException(404)
        await found.answer(Headers(scope=scope), cache=self._cache)(scope, receive, send)

    def find(self, name: str) -> Kept | None:
        """A file by its name; None where there is none right below the folder."""
        place = self._folder / name
        if "/" in name or not place.is_file():
            return None
        return _read(place, place.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _read(place: Path, _changed: int) -> Kept:
    media_type = TYPES.get(place.suffix) or guess_type(place.name)[0] or "application/octet-stream"
    return kept(place.read_bytes(), media_type)
