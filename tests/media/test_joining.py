"""Films joined without a loss."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.errors import BadRequest
from avatar.media.joining import join


def film(path: Path, frames: int, *, width: int = 64, tone: int = 300) -> Path:
    """A grey film that brightens, and a tone."""
    with av.open(str(path), "w") as target:
        seen = target.add_stream("libx264", rate=25)
        seen.width, seen.height, seen.pix_fmt = width, 64, "yuv420p"
        heard = target.add_stream("aac", rate=16_000)
        heard.codec_context.layout = "mono"
        for number in range(frames):
            picture = np.full((64, width, 3), 40 + 3 * number, np.uint8)
            target.mux(seen.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(seen.encode(None))
        times = np.arange(frames * 640) / 16_000
        sound = np.sin(2 * np.pi * tone * times).astype(np.float32)[None]
        block = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
        target.mux(heard.encode(block))
        target.mux(heard.encode(None))
    return path


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as opened:
        return [bytes(packet) for packet in opened.demux(video=0) if packet.dts is not None]


def test_films_follow_one_another_with_their_very_packets(tmp_path: Path) -> None:
    one, two = film(tmp_path / "1.mp4", 20), film(tmp_path / "2.mp4", 30, tone=500)
    join([one, two, one], tmp_path / "joined.mp4")
    assert packets(tmp_path / "joined.mp4") == packets(one) + packets(two) + packets(one)
    with av.open(str(tmp_path / "joined.mp4")) as joined:
        times = [float(frame.time or 0) for frame in joined.decode(video=0)]
    assert len(times) == 70
    assert np.diff(times).min() == pytest.approx(0.04, abs=0.001)
    assert np.diff(times).max() < 0.2  # sound may end a little after its picture
    with av.open(str(tmp_path / "joined.mp4")) as joined:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in joined.decode(audio=0)])
    assert len(heard) / 16_000 == pytest.approx(70 * 0.04, abs=0.4)


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    films = [film(tmp_path / "1.mp4", 5), film(tmp_path / "2.mp4", 5, width=96)]
    with pytest.raises(BadRequest, match="can't be joined"):
        join(films, tmp_path / "joined.mp4")
    with pytest.raises(BadRequest, match="nothing to join"):
        join([], tmp_path / "joined.mp4")
