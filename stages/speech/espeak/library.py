"""The espeak-ng library in this process: text in, samples and timed events out.

Knows nothing of stages, words or loudness. espeak-ng keeps all its state in global variables, some of which nothing
resets (the phase of the pitch flutter, the gain control, the noise generator). So every `Synthesiser` loads a private
copy of the library, which the loader gives fresh variables: what was spoken before, and what other threads speak at
the same time, can't be heard, and there is nothing to lock and nothing that a fork could leave locked.
"""

import _ctypes
import ctypes
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from avatar.errors import BadOutput, Unavailable
from avatar.media.sound import Samples

RATE = 22050
"""Samples a second of every espeak-ng voice."""

# From espeak-ng/speak_lib.h, version 1.52.
_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 0x0001, 0x0002, 0x8000
_UTF8, _POS_CHARACTER = 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_END_OF_LIST, _WORD, _PHONEME = 0, 1, 7
_SEED = 1


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_ubyte * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte), ("age", ctypes.c_ubyte), ("variant", ctypes.c_ubyte), ("x", ctypes.c_ubyte),
        ("score", ctypes.c_int), ("spare", ctypes.c_void_p),
    )  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Controls:
    """How espeak-ng shall speak: words a minute (80-450), pitch and reach of the melody (0-99, 50 is its own)."""

    rate: int = 165
    pitch: int = 50
    reach: int = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """An event at a sample: a phone's begin (`ipa`, empty for a pause) or, where `ipa` is None, a word's.

    `position` is the offset of the word in the text, in characters.
    """

    sample: int
    ipa: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Row:
    """One voice file: its language tags, lower case, its path in the voice folder, and gender, 1 male, 2 female."""

    name: str
    tags: tuple[str, ...]
    file: str
    gender: int


def _package() -> tuple[Path, Path]:
    """Where the library and its data lie."""
    try:
        import espeakng_loader
    except ImportError:
        raise Unavailable("The package espeakng-loader is missing. Install it with pip.") from None
    return Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())


@contextmanager
def in_memory(library: Path) -> Iterator[str]:
    """A name under which the loader finds a copy of the library in memory. Raises OSError where it can't."""
    if not hasattr(os, "memfd_create"):
        raise OSError("only Linux has files in memory")
    with os.fdopen(os.memfd_create("espeak-ng"), "wb") as memory:
        memory.write(library.read_bytes())
        memory.flush()
        yield f"/proc/self/fd/{memory.fileno()}"


@contextmanager
def on_disk(library: Path) -> Iterator[str]:
    """The path of a copy of the library among the temporary files. Raises OSError."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield shutil.copy(library, folder)


@contextmanager
def short_name(data: Path) -> Iterator[Path]:
    """The folder itself, or a link to it where its path is longer than espeak-ng has room for (160 bytes)."""
    if len(os.fsencode(data)) < 140:
        yield data
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "espeak-ng-data")
        link.symlink_to(data, target_is_directory=True)
        yield link


Copier = Callable[[Path], AbstractContextManager[str]]


class Synthesiser:
    """One private espeak-ng. Use it in a `with` statement, from one thread at a time.

    `copiers` are the ways to copy the library that are tried, best first.
    """

    def __init__(self, copiers: tuple[Copier, ...] = (in_memory, on_disk)) -> None:
        library, data = _package()
        self._sound = bytearray()
        self._marks: list[Mark] = []
        self._heard = _Callback(self._hear)
        self._copy = ExitStack()
        self._library: Any = self._load(library, copiers)
        place = os.fsencode(self._copy.enter_context(short_name(data)))
        flags = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        if self._library.espeak_Initialize(_SYNCHRONOUS, 0, place, flags) != RATE:
            self.close()
            raise Unavailable(f"espeak-ng finds no data in {data}. Reinstall espeakng-loader.")
        self._library.espeak_ng_SetRandSeed.argtypes = (ctypes.c_long,)
        self._library.espeak_ng_SetRandSeed(_SEED)
        self._library.espeak_SetSynthCallback(self._heard)

    def _load(self, library: Path, copiers: tuple[Copier, ...]) -> Any:
        refusals = []
        for copied in copiers:
            try:
                return ctypes.CDLL(self._copy.enter_context(copied(library)))
            except OSError as error:
                self._copy.close()
                refusals.append(str(error))
        raise Unavailable(f"espeak-ng can't be loaded ({'; '.join(refusals)}). Reinstall espeakng-loader.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory and unload the copy. Safe to call twice."""
        library, self._library = self._library, None
        if library is not None:
            library.espeak_Terminate()
            if hasattr(_ctypes, "dlclose"):
                _ctypes.dlclose(library._handle)  # noqa: SLF001 - the one way to unload it
            self._copy.close()

    def _hear(self, samples: int | None, count: int, events: Any) -> int:
        index = 0
        while (event := events[index]).type != _END_OF_LIST:
            if event.type == _PHONEME:
                name = bytes(event.id.string).split(b"\0")[0].decode("utf-8", "ignore")
                self._marks.append(Mark(event.sample, name, event.text_position - 1))
            elif event.type == _WORD:
                self._marks.append(Mark(event.sample, None, event.text_position - 1))
            index += 1
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, 2 * count)
        return 0

    def speak(self, text: str, *, voice: str, controls: Controls) -> tuple[Samples, tuple[Mark, ...]]:
        """Mono samples in -1..1, and marks in order of time. `voice` is one of espeak-ng's names.

        Raises BadOutput when espeak-ng refuses.
        """
        self._sound.clear()
        self._marks.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise BadOutput(f"espeak-ng does not take the voice {voice!r}. Choose another one.")
        for number, value in ((_RATE, controls.rate), (_PITCH, controls.pitch), (_RANGE, controls.reach)):
            self._library.espeak_SetParameter(number, value, 0)
        encoded = ctypes.create_string_buffer(text.encode())
        size = ctypes.c_size_t(len(encoded))
        failed = self._library.espeak_Synth(encoded, size, 0, _POS_CHARACTER, 0, _UTF8, None, None)
        if failed:
            raise BadOutput(f"espeak-ng failed with status {failed}. Try again, or choose another voice.")
        samples = np.frombuffer(bytes(self._sound), np.int16).astype(np.float32) / np.float32(32768)
        return samples, tuple(self._marks)

    def voices(self, kind: str = "") -> tuple[Row, ...]:
        """Every language's voice, or with `kind="variant"` every timbre."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        tag = ctypes.create_string_buffer(kind.encode())
        wanted = _Voice(languages=ctypes.cast(tag, ctypes.c_void_p)) if kind else None
        rows = self._library.espeak_ListVoices(ctypes.byref(wanted) if wanted else None)
        found = []
        index = 0
        while rows[index]:
            row = rows[index].contents
            found.append(Row(row.name.decode().strip(), _tags(row.languages), row.identifier.decode(), row.gender))
            index += 1
        return tuple(found)


def _tags(address: int | None) -> tuple[str, ...]:
    """The tags of espeak's language list: each is a priority byte and a string; a zero byte ends the list."""
    tags: list[str] = []
    while address and ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        tags.append(tag.decode().lower())
        address += len(tag) + 2
    return tuple(tags)
