"""Exports of one finished film, decoded again: coverage, lengths, loops, sound; and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar.artifacts import ExportKind, Film
from avatar.errors import Cancelled, UnsupportedMedia
from avatar.media import exports
from avatar.testing import Bench
from stages.film import EXPORT, FILM, Scenery, Wanted
from stages.film.canvas import Planes
from tests.film.test_film_stage import brief, made

FRAMES, SECONDS, FPS = 50, 2.0, 25
FACE, WALL = (slice(90, 110), slice(122, 134)), (slice(4, 50), slice(4, 50))
"""A part of the frame that shows skin, and one that shows what is behind."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Film]:
    """One film, from which all is exported."""
    return made(tmp_path_factory.mktemp("film"))


def exported(film: tuple[Bench, Film], kind: ExportKind) -> Path:
    """The film in this form."""
    bench, drawn = film
    assert drawn.recipe is not None
    return bench.context.path(bench.perform(EXPORT.chain[0], Wanted(drawn.recipe, kind)).file)


def clear_frames(path: Path) -> list[np.ndarray]:
    """R'G'B'A (h, w, 4) of each frame of a WebM: libav's own VP9 decoder leaves coverage out, libvpx's does not."""
    decoder: Any = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as file:
        found = [frame for packet in file.demux(video=0) for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgba") for frame in found]


def coverage_is_right(frames: list[np.ndarray]) -> None:
    """All that is the person is covered, all that is not is clear, in each frame."""
    assert len(frames) == FRAMES
    for frame in frames:
        assert frame[(*FACE, 3)].min() > 250
        assert frame[(*WALL, 3)].max() < 4
    skin = frames[10][FACE][..., :3].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(skin, (200, 160, 140), atol=8)
    edge = (frames[10][..., 3] > 60) & (frames[10][..., 3] < 200)
    assert edge.any(), "edges are soft"
    assert frames[10][edge][:, :3].max(axis=1).mean() > 90, "and as light as what they are the edge of"


def test_a_webm_is_clear_behind_the_person(film: tuple[Bench, Film]) -> None:
    path = exported(film, "alpha.webm")
    coverage_is_right(clear_frames(path))
    with av.open(str(path)) as file:
        assert file.streams.video[0].metadata["ALPHA_MODE"] == "1"
        assert file.streams.audio[0].codec_context.name == "opus"
        heard = sum(frame.samples for frame in file.decode(audio=0)) / 48_000
    assert heard == pytest.approx(SECONDS, abs=1 / FPS)


def test_prores_is_clear_behind_the_person(film: tuple[Bench, Film]) -> None:
    with av.open(str(exported(film, "prores.mov"))) as file:
        assert file.streams.video[0].codec_context.codec_tag == "ap4h"
        assert file.streams.audio[0].codec_context.name == "pcm_s16le"
        coverage_is_right([frame.to_ndarray(format="rgba") for frame in file.decode(video=0)])
        file.seek(0)
        assert sum(frame.samples for frame in file.decode(audio=0)) / 48_000 == pytest.approx(SECONDS, abs=1 / FPS)


@pytest.mark.parametrize(("kind", "codec"), [("av1.mp4", "av1"), ("hevc.mp4", "hevc")])
def test_other_codecs_show_the_same_film(film: tuple[Bench, Film], kind: ExportKind, codec: str) -> None:
    bench, drawn = film
    with av.open(str(bench.context.path(drawn.video))) as file:
        wanted = [frame.to_ndarray(format="gray").astype(float) for frame in file.decode(video=0)]
    with av.open(str(exported(film, kind))) as file:
        assert codec in file.streams.video[0].codec_context.codec.canonical_name
        assert float(file.duration or 0) / av.time_base == pytest.approx(SECONDS, abs=1 / FPS)
        shown = [frame.to_ndarray(format="gray").astype(float) for frame in file.decode(video=0)]
    assert len(shown) == len(wanted) == FRAMES
    for index in (0, 20, 49):
        error = np.mean((shown[index] - wanted[index]) ** 2)
        assert 10 * np.log10(255**2 / error) > 34


def test_a_gif_loops_for_ever_and_keeps_its_colours(film: tuple[Bench, Film]) -> None:
    path = exported(film, "preview.gif")
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in path.read_bytes()[:2000]
    with av.open(str(path)) as file:
        shown = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(shown) == FRAMES / exports.every(FPS)
    np.testing.assert_allclose(shown[5][FACE].reshape(-1, 3).mean(axis=0), (200, 160, 140), atol=6)


def test_a_webp_loops_for_ever(film: tuple[Bench, Film]) -> None:
    image = pytest.importorskip("PIL.Image")
    with image.open(exported(film, "preview.webp")) as shown:
        assert shown.n_frames == FRAMES / exports.every(FPS)
        assert shown.info["loop"] == 0
        shown.seek(5)
        skin = np.asarray(shown.convert("RGB"))[FACE].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(skin, (200, 160, 140), atol=8)


def test_a_webp_of_a_transparent_film_is_clear(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    with image.open(exported(made(tmp_path, scenery=Scenery("transparent")), "preview.webp")) as shown:
        cover = np.asarray(shown.convert("RGBA"))[..., 3]
    assert cover[WALL].max() < 4
    assert cover[FACE].min() > 250


def test_burned_captions_and_the_label_stand_in_the_clear_film_too(tmp_path: Path) -> None:
    frames = clear_frames(exported(made(tmp_path, captions="burned", label="AI-generated"), "alpha.webm"))
    assert frames[30][6:22, 6:40, 3].max() > 200, "the label"
    assert frames[30][220:250, 60:200, 3].max() > 200, "a caption"


def test_an_export_that_is_called_off_stops(film: tuple[Bench, Film], tmp_path: Path) -> None:
    bench, drawn = made(tmp_path)
    bench.cancelled.set()
    assert drawn.recipe is not None
    with pytest.raises(Cancelled):
        bench.perform(EXPORT.chain[0], Wanted(drawn.recipe, "alpha.webm"))


def test_a_film_keeps_all_that_its_exports_are_drawn_from(tmp_path: Path) -> None:
    bench, drawn = made(tmp_path)
    again = brief(bench, tmp_path)
    assert {layer.pixels for layer in again.clip.portrait.layers} <= set(drawn.parts)
    assert bench.perform(FILM.chain[0], again).video == drawn.video


def test_an_encoder_that_is_missing_is_refused_by_its_name() -> None:
    recipe = replace(exports.RECIPES["av1.mp4"], codec="libav1fromthefuture")
    with pytest.raises(UnsupportedMedia, match="libav1fromthefuture"):
        exports.check("av1.mp4", recipe)


def test_colours_are_the_same_however_much_is_covered() -> None:
    frame = Planes.clear(32, 32)
    cover = np.linspace(0, 255, 32)[None].repeat(32, 0)
    assert frame.cover is not None
    frame.cover[:] = np.rint(cover)
    frame.luma[:] = np.rint(150 * cover / 255)
    frame.chroma[:] = np.rint(90 * cover[::2, ::2] / 255)[..., None]
    luma, _, shown = exports.straight(frame)
    assert (shown == frame.cover).all()
    assert np.abs(luma[:, 8:].astype(int) - 150).max() <= 3
