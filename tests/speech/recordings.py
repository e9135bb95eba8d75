"""Recordings to try: speech of our own making in any file format, and what becomes of it."""

import io
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Blob, Speech, Utterance
from avatar.testing import Bench, workbench
from stages.speech import recording
from stages.speech.upload import Upload
from tests.speech.said import RATE, Said, say

Floats = NDArray[np.float32]
TEXT = "Hello there, people of the moon. We bring you peace."


@dataclass(frozen=True, slots=True)
class Taken:
    """What the upload backend made of a recording."""

    speech: Speech
    utterance: Utterance
    sound: Floats


@cache
def spoken() -> Said:
    """The text in one voice, with its true times."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return say(Path(folder), TEXT, "en-us+f3")


def encoded(path: Path, samples: Floats, *, codec: str, rate: int = RATE, layout: str = "mono") -> Path:
    """The samples, of `RATE`, as a file whose kind its name tells."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="flt", layout="mono")
        frame.sample_rate = RATE
        form = stream.codec_context.codec.audio_formats[0].name
        resampler = av.AudioResampler(format=form, layout=layout, rate=rate)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return path


def wav(samples: Floats, *, rate: int = RATE) -> bytes:
    """The samples (n,), or several channels (n, c), as a 16-bit WAV."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return held.getvalue()


def take(folder: Path, data: bytes, text: str = "", language: str = "") -> Taken:
    """What the upload backend makes of a file with these bytes."""
    bench = workbench(folder)
    return opened(bench, bench.perform(Upload(), recording(upload(bench, data), text, language)))


def upload(bench: Bench, data: bytes) -> Blob:
    """The bytes in the bench's store."""
    return bench.blob(data, "application/octet-stream")


def opened(bench: Bench, speech: Speech) -> Taken:
    """The speech with its bytes opened."""
    with wave.open(io.BytesIO(bench.read(speech.sound))) as file:
        samples: Floats = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    return Taken(speech, records.load(Utterance, bench.read(speech.utterance)), samples / np.float32(32768))
