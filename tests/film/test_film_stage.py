"""The film stage as the engine uses it: a clip and its speech in, a playable file and everything beside it out."""

import csv
import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Clip, Film, Footage, Layer, Motion, Phone, Portrait, Speech, Utterance, Word
from avatar.errors import Cancelled, Unavailable
from avatar.events import Playable
from avatar.face import landmarks
from avatar.face.tracks import COLUMN, blank
from avatar.media.captions import cues
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from stages.film import FILM, Brief
from stages.film.puppet import Puppet
from stages.film.scene import assemble
from stages.film.sheets import view
from tests.film.figures import FACE, SIZE, layers
from tests.film.test_encode import tone

SECONDS = 2.0


def portrait(bench: Bench) -> Portrait:
    """The plain face as stored layers before a wide wall."""
    wall = np.full((SIZE, 2 * SIZE, 3), 120, np.uint8)
    stored = [Layer("background", bench.blob(png(wall), "image/png"), -SIZE // 2, 0)]
    for name, rgba in layers().items():
        pixels = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
        stored.append(Layer(name, bench.blob(png(pixels), "image/png"), 0, 0))  # type: ignore[arg-type]  # their names
    return Portrait(stored[0].pixels, tuple(stored), FACE, SIZE, SIZE, "drawn", "plain")


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def brief(bench: Bench, tmp_path: Path, fps: int = 25, size: tuple[int, int] = (256, 256)) -> Brief:
    """Two seconds of a nodding, talking plain face."""
    frames = round(SECONDS * fps)
    track = blank(frames)
    time = np.arange(frames) / fps
    track[:, COLUMN["jawOpen"]] = 0.2 - 0.2 * np.cos(2 * np.pi * 3 * time)
    track[:, COLUMN["mouthClose"]] = 0.5
    track[:, COLUMN["headYaw"]] = 4 * np.sin(2 * np.pi * time)
    file = tmp_path / "track.npy"
    np.save(file, track)
    phones = (Phone("", 0, 0.5), Phone("a", 0.5, 2.0))
    words = (Word("Hello,", 0.5, 1.0), Word("world.", 1.0, 2.0))
    said = Utterance(SECONDS, "en", "Hello, world.", phones, words, True)
    motion = Motion(bench.blob(file.read_bytes(), "application/x-npy"), fps, frames)
    sound = bench.blob(tone(tmp_path / "tone.wav", SECONDS).read_bytes(), "audio/wav")
    speech = Speech(sound, bench.blob(records.dump(said), "application/json"), SECONDS, 22050, "en-us")
    return Brief(Clip(portrait(bench), motion), speech, *size)


def made(tmp_path: Path, name: str = "a", **changes: object) -> tuple[Bench, Film]:
    folder = tmp_path / name
    folder.mkdir()
    bench = workbench(folder)
    asked = replace(brief(bench, folder), **changes)  # type: ignore[arg-type]  # fields of Brief
    return bench, bench.perform(FILM.chain[0], asked)


@pytest.mark.parametrize("size", [(256, 256), (480, 270), (270, 480)])
def test_film_has_every_frame_in_its_size(tmp_path: Path, size: tuple[int, int]) -> None:
    bench, film = made(tmp_path, width=size[0], height=size[1])
    with av.open(str(bench.context.path(film.video))) as file:
        pictures = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    assert len(pictures) == film.frames == 50
    assert pictures[0].shape == (size[1], size[0])
    assert film.seconds == pytest.approx(SECONDS)


def test_mouth_moves_and_wall_does_not(tmp_path: Path) -> None:
    bench, film = made(tmp_path)
    with av.open(str(bench.context.path(film.video))) as file:
        pictures = np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)]).astype(float)
    change = pictures.std(axis=0)
    assert change[:, :16].mean() < 1.0
    assert change.max() > 20.0


def test_sidecars_tell_what_is_in_the_film(tmp_path: Path) -> None:
    bench, film = made(tmp_path)
    rows = list(csv.DictReader(io.StringIO(bench.read(film.motion_csv).decode())))
    assert len(rows) == film.frames
    assert float(rows[4]["mouthClose"]) == pytest.approx(0.5 * float(rows[4]["jawOpen"]), abs=1e-3)
    rig = np.load(bench.context.path(film.rig))
    assert rig.shape == (film.frames, landmarks.POINTS, 2)
    gaps = rig[:, landmarks.LOWER_INNER, 1].mean(axis=1) - rig[:, landmarks.UPPER_INNER, 1].mean(axis=1)
    assert np.corrcoef(gaps, [float(row["jawOpen"]) for row in rows])[0, 1] > 0.99
    assert "Hello," in bench.read(film.captions_srt).decode()
    assert bench.read(film.captions_vtt).startswith(b"WEBVTT")
    assert json.loads(bench.read(film.words))
    picture = cv2.imdecode(np.frombuffer(bench.read(film.thumbnail), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (256, 256, 3)


def test_no_edge_shows_below_a_body_that_breathes_and_leans(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    seen = replace(view((SIZE, SIZE), (SIZE, SIZE), FACE), scale=1.0, left=0.0, top=0.0)
    sheets, background = assemble(portrait(bench), seen, bench.context)
    puppet = Puppet(FACE, sheets, background, seen)
    track = blank(1)
    rest = puppet.draw(track[0]).luma[-1, 60:196].astype(int)
    for name, value in (("breath", 1.0), ("bodyRoll", 4.0), ("bodyX", 0.05)):
        track[0, COLUMN[name]] = value
    assert np.abs(puppet.draw(track[0]).luma[-1, 60:196].astype(int) - rest).max() <= 2


def test_same_brief_gives_the_same_bytes(tmp_path: Path) -> None:
    assert made(tmp_path, "a")[1] == made(tmp_path, "b")[1]


def test_a_face_kept_ready_draws_the_same_film(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, tmp_path)
    draw = FILM.chain[0].load(Placement())
    first, again = draw(asked, bench.context), draw(asked, bench.context)
    other = draw(replace(asked, width=320), bench.context)
    assert first == again == draw(asked, bench.context)
    assert other.width == 320


def test_it_can_be_played_while_it_is_made(tmp_path: Path) -> None:
    bench, _ = made(tmp_path)
    assert any(isinstance(event, Playable) for event in bench.events)


def test_cancelling_stops_it_and_leaves_no_thread(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, tmp_path)
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.perform(FILM.chain[0], asked)
    assert "ahead" not in [thread.name for thread in threading.enumerate()]


def test_footage_is_for_another_backend(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, tmp_path)
    filmed = replace(asked, clip=replace(asked.clip, footage=Footage(asked.speech.sound, 64, 64, 25, 10)))
    with pytest.raises(Unavailable):
        bench.perform(FILM.chain[0], filmed)


def test_captions_are_drawn_only_when_burned(tmp_path: Path) -> None:
    def brightest_foot(kind: str) -> float:
        bench, film = made(tmp_path, kind, captions=kind)
        with av.open(str(bench.context.path(film.video))) as file:
            pictures = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
        cue = cues(records.load(Utterance, bench.read(brief(bench, tmp_path).speech.utterance)))[0]
        return float(pictures[round((cue.start + cue.end) / 2 * 25)][215:250].max())

    assert brightest_foot("none") < 200 < brightest_foot("burned")
