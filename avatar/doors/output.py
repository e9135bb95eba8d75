"""Puts finished files where the user wants them: whole, or not at all. Knows not what is in them."""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from avatar.allowed import MAX_TEXT
from avatar.disk import replaced, storage_errors
from avatar.errors import BadRequest, TooLarge

TEXT_SUFFIXES = frozenset(".txt .text .md .rst .srt .vtt .csv .json .xml .html .htm .rtf .odt .doc .docx .pdf".split())
MAX_BYTES = 4 * MAX_TEXT  # of UTF-8, whatever the script


def said(source: str, stdin: TextIO) -> str:
    """The text that `-` (standard input), the name of a file, or the words themselves stand for.

    Raises `BadRequest` when the file is not UTF-8 text, or when one word looks like a file that is not there;
    `TooLarge` before reading more than could be said.
    """
    if source == "-":
        return _decoded(stdin.buffer.read(MAX_BYTES + 1), "standard input")
    file = _file_named(source)
    if file is None:
        return source
    with storage_errors(file), file.open("rb") as stream:
        return _decoded(stream.read(MAX_BYTES + 1), str(file))


def _file_named(source: str) -> Path | None:
    path = Path(source)
    try:
        if path.is_file():
            return path
        folder = path.is_dir()
    except OSError:  # no file system has names that long
        return None
    if len(source.split()) != 1:
        return None
    if folder:
        raise BadRequest(f"{source} is a folder. Name a text file; to say these words, pipe them with -.")
    if "/" in source or path.suffix.lower() in TEXT_SUFFIXES:
        raise BadRequest(f"There is no file {source}; to say these words, pipe them with -.")
    return None


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise TooLarge(f"{name} holds more than {MAX_TEXT:,} characters. Split it into several films.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest(f"{name} is not UTF-8 text. Save it as UTF-8.") from None


def check_targets(targets: Iterable[Path]) -> None:
    """Find out before any work is done whether these files can be written.

    Raises `BadRequest` for a folder, a device or one name used twice, `StorageError` for a disk that refuses.
    """
    seen: set[Path] = set()
    for target in targets:
        if target.exists() and not target.is_file():
            raise BadRequest(f"{target} is not a file. Name a file to write.")
        if target.absolute() in seen:
            raise BadRequest(f"{target} is named twice. Name another file.")
        seen.add(target.absolute())
        with storage_errors(target), tempfile.TemporaryFile(dir=target.parent):
            pass


def publish(source: Path, target: Path) -> None:
    """Copy a finished file; `target` shows up whole. Raises `StorageError`."""
    with storage_errors(target), replaced(target) as half:
        shutil.copyfile(source, half)


def publish_with(writer: Callable[[Path], None], target: Path) -> None:
    """Have `writer` fill a file; `target` shows up whole. Raises `StorageError`."""
    with storage_errors(target), replaced(target) as half:
        writer(half)


def write(text: str, target: Path) -> None:
    """Write a text file; `target` shows up whole. Raises `StorageError`."""
    with storage_errors(target), replaced(target) as half:
        half.write_text(text, encoding="utf-8")
