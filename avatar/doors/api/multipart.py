"""A form with one file, written to the disk as it comes. Knows neither what the file is nor what it is for."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio.to_thread
from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from avatar.disk import DATA, storage_errors
from avatar.doors.api.walls import BrokenOff
from avatar.errors import BadRequest, TooLarge

FIELDS = {"file", "consent", "kind"}
VALUE = 100  # bytes of a field that is no file


@dataclass
class Form:
    """What came: fields by name, and the media type that the sender gave the file; None where no file was sent."""

    fields: dict[str, str] = field(default_factory=dict)
    file_type: str | None = None


async def receive(request: Request, file: Path, *, limit: int) -> Form:
    """Read the request's form, its file into `file`.

    Raises `BadRequest` for anything but one file and known fields, `TooLarge` for a file over `limit` bytes, and
    `StorageError`.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
        raise BadRequest("The upload is not a form. Send it as multipart/form-data, as curl -F does.")
    reader = _Reader(boundary, limit)
    with storage_errors(DATA):
        target = await anyio.to_thread.run_sync(file.open, "wb")
        try:
            async for chunk in request.stream():
                data = reader.take(chunk)
                if data:
                    await anyio.to_thread.run_sync(target.write, data)
        except ClientDisconnect:
            raise BrokenOff from None
        finally:
            await anyio.to_thread.run_sync(target.close)
    return reader.finish()


class _Reader:
    """The parser and what it has found so far."""

    def __init__(self, boundary: bytes, limit: int) -> None:
        self._form = Form()
        self._limit = limit
        self._size = 0
        self._whole = False
        self._name = ""
        self._value = bytearray()
        self._file = bytearray()
        self._header = bytearray()
        self._content = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._content.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._named,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )

    def take(self, chunk: bytes) -> bytes:
        """The bytes of the file in this piece of the form."""
        self._file.clear()
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise self._broken() from None
        return bytes(self._file)

    def finish(self) -> Form:
        """All that came."""
        if not self._whole:
            raise self._broken()
        return self._form

    def _begin(self) -> None:
        self._headers = {}
        self._value = bytearray()

    def _header_end(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._content)
        self._header.clear()
        self._content.clear()

    def _named(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name not in FIELDS:
            raise BadRequest("The form has a field that is not known. Send file, consent and, if need be, kind.")
        again = self._name in self._form.fields or (self._name == "file" and self._form.file_type is not None)
        if again:
            raise BadRequest(f"The form has {self._name} twice. Send it once.")
        if self._name == "file":
            self._form.file_type = self._headers.get(b"content-type", b"").decode("ascii", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self._size += end - start
            if self._size > self._limit:
                raise TooLarge(f"The file is longer than {self._limit:,} bytes. Bring a smaller one.")
            self._file += data[start:end]
        else:
            self._value += data[start:end]
            if len(self._value) > VALUE:
                raise BadRequest(f"{self._name} is too long. Send true or false, image or audio.")

    def _end(self) -> None:
        if self._name != "file":
            self._form.fields[self._name] = self._value.decode("utf-8", "replace").strip()

    def _all(self) -> None:
        self._whole = True

    def _broken(self) -> BadRequest:
        return BadRequest("The form can't be read: it is broken, or its end is missing. Send it anew.")
