"""What the encoder writes is played back by another decoder, to the frame and to the sample."""

import threading
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.errors import BadOutput, StorageError
from avatar.media.ahead import abreast, ahead
from avatar.media.cues import Cue
from avatar.media.encode import FRAGMENT_SECONDS, Encoder, Format, rate_factor
from avatar.media.publish import publish
from stages.film.canvas import Planes


def tone(path: Path, seconds: float, rate: int = 22050) -> Path:
    """A 440 Hz tone as a mono 16-bit WAV."""
    samples = 8000 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def frames(count: int, width: int, height: int) -> Iterator[Planes]:
    """A bright square that walks over a grey ground, 4 pixels a frame."""
    for index in range(count):
        frame = Planes.blank(width, height)
        frame.luma[:] = 90
        left = (4 * index) % (width - 32)
        frame.luma[40:72, left : left + 32] = 220
        yield frame


def encoded(folder: Path, form: Format, count: int, sound_seconds: float) -> Path:
    growing, final = folder / "growing.mp4", folder / "film.mp4"
    with Encoder(growing, form, tone(folder / "tone.wav", sound_seconds)) as encoder:
        for frame in frames(count, form.width, form.height):
            encoder.add(frame)
    publish(growing, final)
    return final


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
@pytest.mark.parametrize("size", [(256, 256), (258, 300)])
def test_every_frame_and_the_whole_sound_come_back(tmp_path: Path, fps: int, size: tuple[int, int]) -> None:
    film = encoded(tmp_path, Format(*size, fps, 20.0), 2 * fps, 2.0)
    with av.open(str(film)) as file:
        times = [float(frame.time) for frame in file.decode(video=0)]
        stream = file.streams.video[0]
        assert (stream.codec_context.colorspace, stream.codec_context.color_range) == (1, 1)
        assert stream.pix_fmt == "yuv420p"
    with av.open(str(film)) as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    assert len(times) == 2 * fps
    assert np.allclose(times, np.arange(2 * fps) / fps, atol=1e-4)
    assert abs(samples / 48_000 - 2.0) <= 1 / fps


@pytest.mark.parametrize("sound_seconds", [0.5, 1.0, 3.0])
def test_sound_is_filled_or_cut_to_the_picture(tmp_path: Path, sound_seconds: float) -> None:
    film = encoded(tmp_path, Format(256, 256, 25, 20.0), 25, sound_seconds)
    with av.open(str(film)) as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    assert abs(samples / 48_000 - 1.0) <= 0.04


def test_picture_and_sound_start_together(tmp_path: Path) -> None:
    film = encoded(tmp_path, Format(256, 256, 25, 20.0), 25, 1.0)
    with av.open(str(film)) as file:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    assert loud[0] < 0.005 * 48_000


def test_index_stands_in_front(tmp_path: Path) -> None:
    content = encoded(tmp_path, Format(256, 256, 25, 20.0), 10, 0.4).read_bytes()
    assert 0 < content.find(b"moov") < content.find(b"mdat")


def test_soft_captions_can_be_read_back(tmp_path: Path) -> None:
    encoded(tmp_path, Format(256, 256, 25, 20.0), 50, 2.0)
    shown = [Cue(0.2, 0.9, ("Hello,", "world.")), Cue(1.2, 1.8, ("日本語",))]
    publish(tmp_path / "growing.mp4", tmp_path / "captioned.mp4", shown)
    with av.open(str(tmp_path / "captioned.mp4")) as file:
        packets = [packet for packet in file.demux(subtitles=0) if packet.size > 2]
        found = [(packet.pts, bytes(packet)[2:].decode()) for packet in packets]
        assert {packet.time_base for packet in packets} == {Fraction(1, 1000)}
        assert file.streams.video[0].frames == 50
    assert found == [(200, "Hello,\nworld."), (1200, "日本語")]


def test_growing_file_plays_before_it_is_done(tmp_path: Path) -> None:
    form, growing = Format(256, 256, 25, 20.0), tmp_path / "growing.mp4"
    encoder = Encoder(growing, form, tone(tmp_path / "tone.wav", 4.0))
    decoded = 0
    for frame in frames(100, 256, 256):
        encoder.add(frame)
        if encoder.playable:
            with av.open(str(growing)) as file:
                decoded = sum(1 for _ in file.decode(video=0))
            break
    encoder.__exit__(None, None, None)
    assert decoded >= FRAGMENT_SECONDS * form.fps


def test_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        contents.append(encoded(folder, Format(256, 256, 25, 20.0), 30, 1.2).read_bytes())
    assert contents[0] == contents[1]


def test_rate_follows_the_content() -> None:
    form = Format(256, 256, 25, 22.0)
    noise = np.random.default_rng(1)
    rough = Planes.blank(256, 256)
    rough.luma[:] = noise.integers(16, 235, (256, 256), dtype=np.uint8)
    assert rate_factor([rough], form) < rate_factor(frames(3, 256, 256), form)


def test_unwritable_place_is_a_storage_error(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError),
        Encoder(
            tmp_path / "nowhere" / "film.mp4", Format(256, 256, 25, 20.0), tone(tmp_path / "tone.wav", 0.4)
        ) as encoder,
    ):
        for frame in frames(10, 256, 256):
            encoder.add(frame)


def test_sound_that_is_none_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    noise = tmp_path / "noise.wav"
    noise.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(BadOutput):
        Encoder(tmp_path / "film.mp4", Format(256, 256, 25, 20.0), noise)


def test_ahead_keeps_order_and_passes_errors_on() -> None:
    def numbers() -> Iterator[int]:
        yield from range(20)
        raise ValueError("the twenty-first")

    seen: list[int] = []
    with pytest.raises(ValueError, match="twenty-first"):
        seen.extend(ahead(numbers(), 3))
    assert seen == list(range(20))


def test_ahead_stops_its_producer_when_the_consumer_stops() -> None:
    made = []

    def endless() -> Iterator[int]:
        index = 0
        while True:
            made.append(index)
            yield index
            index += 1

    line = ahead(endless(), 3)
    assert next(line) == 0
    line.close()
    assert len(made) <= 6


def test_work_abreast_keeps_order_passes_errors_on_and_stops() -> None:
    first = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert first.wait(30)  # the second thread has gone on meanwhile
        if item == 3:
            first.set()
        if item == 20:
            raise ValueError("the twenty-first")
        return item

    seen: list[int] = []
    with pytest.raises(ValueError, match="twenty-first"):
        seen.extend(abreast(work, range(30), threads=2, depth=3))
    assert seen == list(range(20))
    begun: list[int] = []
    line = abreast(begun.append, range(1000), threads=2, depth=3)
    next(line)
    line.close()
    assert len(begun) <= 5
