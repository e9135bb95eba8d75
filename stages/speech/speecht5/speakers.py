"""The speakers of CMU Arctic as vectors, read from the corpus's own archive. Knows no network.

The archive holds one x-vector a recording, `cmu_us_slt_arctic-wav-arctic_a0001.npy` and so on.
"""

import re
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.errors import Unavailable

Vector = NDArray[np.float32]

ARCHIVE = "spkrec-xvect.zip"
_ENTRY = re.compile(r"(?:.*/)?cmu_us_([a-z]{3})_arctic[^/]*\.npy")
_LARGEST = 1 << 20
"""Bytes of one vector's file beyond which it is none."""


class Arctic:
    """The archive in a folder. Raises Unavailable when it is missing or damaged."""

    def __init__(self, folder: Path, *, width: int) -> None:
        self._path = folder / ARCHIVE
        self._width = width
        self._entries: dict[str, list[str]] = {}
        try:
            with zipfile.ZipFile(self._path) as archive:
                for entry in archive.infolist():
                    if (match := _ENTRY.fullmatch(entry.filename)) and entry.file_size <= _LARGEST:
                        self._entries.setdefault(match.group(1), []).append(entry.filename)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unavailable("The voices cmu-arctic-xvectors can't be read. Fetch them again.") from error
        self.vector = cache(self._vector)

    def _vector(self, name: str) -> Vector:
        """What all recordings of a speaker, such as `slt`, have in common: their mean direction, of length 1.

        Raises Unavailable when there are none, or they are not what the network was made for.
        """
        found = [self._read(entry) for entry in sorted(self._entries.get(name, []))]
        if not found:
            raise Unavailable(f"The voice {name} is not among the voices that were fetched. Choose another one.")
        mean = np.mean([vector / np.linalg.norm(vector) for vector in found], axis=0)
        unit: Vector = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def _read(self, entry: str) -> Vector:
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(entry) as file:
                vector = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise Unavailable("The voices cmu-arctic-xvectors are damaged. Fetch them again.") from error
        vector = np.asarray(vector, np.float32).reshape(-1)
        if vector.shape != (self._width,) or not np.isfinite(vector).all() or not vector.any():
            raise Unavailable("The voices cmu-arctic-xvectors are not those of this SpeechT5. Fetch them again.")
        return vector
