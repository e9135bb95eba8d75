"""A certificate tells what is wrong with a film, and only that; what it can't tell it says."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.errors import BadRequest, NotFound
from avatar.quality import Certificate, Rig, certificate, from_json, read_rig, summary, to_json, write_rig
from avatar.quality.figures import Figure
from tests.quality.films import Made, film, sound, spoken, track, without
from tests.shared import shared

SIZE = 256


def figure(made: Certificate, name: str) -> Figure:
    return next(each for each in made.figures if each.name == name)


@pytest.fixture(scope="session")
def of_good(good: Made) -> Certificate:
    return certificate(good.path, rig=good.rig)


def test_a_good_film_has_no_failing_face_figure(of_good: Certificate) -> None:
    failed = {each.name for each in of_good.figures if each.verdict == "fail"}
    assert failed <= {
        "loudness",
        "true peak",
        "head yaw",
        "head pitch",
        "head roll",
    }  # a humming sound, a drifting head


@pytest.mark.parametrize(
    "name", ["audio-visual offset", "bilabial closure", "lips shut in silence", "anticipation", "mouth as drawn"]
)
def test_mouths_are_measured_in_pixels(of_good: Certificate, name: str) -> None:
    found = figure(of_good, name)
    assert (found.verdict, found.source) == ("pass", "pixels")


def test_a_good_films_file_is_as_it_should_be(of_good: Certificate) -> None:
    stated = {each.name: each.value for each in of_good.figures if each.source == "container"}
    assert stated["codecs"] == "h264 yuv420p + aac"
    assert stated["size"] == "256x256"
    assert stated["colours"] == "BT.709 limited"
    assert stated["index"] == "in front"
    assert stated["frame rate"] == 25.0
    assert stated["frames"] == "250"
    assert stated["picture length"] == 10.0


def test_a_still_background_is_still(of_good: Certificate) -> None:
    assert figure(of_good, "still background").verdict == "pass"
    assert figure(of_good, "background flicker").verdict == "pass"


def test_noise_in_the_background_fails(tmp_path: Path) -> None:
    said = spoken(4.0)
    made = film(tmp_path, track(said), said, noise=6.0)
    assert figure(certificate(made.path, rig=made.rig), "still background").verdict == "fail"


def test_a_mouth_that_never_shuts_fails_its_closures(tmp_path: Path) -> None:
    said = spoken(8.0)
    rows = without(track(said), "mouthClose", "mouthPressLeft", "mouthPressRight")
    made = film(tmp_path, rows, said)
    found = certificate(made.path, rig=made.rig)
    assert figure(found, "bilabial closure").verdict == "fail"
    assert not found.passed


def test_a_frozen_mouth_is_not_the_one_that_was_drawn(tmp_path: Path) -> None:
    said = spoken(6.0)
    rows = track(said)
    made = film(tmp_path, np.repeat(rows[:1], len(rows), axis=0), said, rig_rows=rows)
    assert figure(certificate(made.path, rig=made.rig), "mouth as drawn").verdict != "pass"


def test_missing_frames_are_told(good: Made) -> None:
    longer = replace(good.rig, landmarks=np.concatenate([good.rig.landmarks] * 2), track=None)
    found = figure(certificate(good.path, rig=longer), "frames")
    assert (found.verdict, found.value) == ("fail", "250")


def test_a_rig_without_track_or_words_leaves_figures_open(good: Made) -> None:
    found = certificate(good.path, rig=Rig(good.rig.landmarks))
    assert figure(found, "bilabial closure").verdict == "not measured"
    assert figure(found, "head yaw").note == "the rig holds no motion track"
    assert figure(found, "audio-visual offset").note.startswith(("by loudness", "mouth and loudness"))


def test_without_a_face_the_file_is_judged_all_the_same(good: Made) -> None:
    found = certificate(good.path)
    assert found.landmarks == "none"
    assert figure(found, "codecs").verdict == "pass"
    assert "MediaPipe" in figure(found, "audio-visual offset").note
    assert all(each.note for each in found.figures if each.verdict == "not measured")


def test_certificates_survive_json(of_good: Certificate) -> None:
    assert from_json(to_json(of_good)) == of_good
    with pytest.raises((ValueError, KeyError)):
        from_json("{}")


def test_the_same_film_gives_the_same_certificate(good: Made, of_good: Certificate) -> None:
    assert certificate(good.path, rig=good.rig) == of_good


def test_summaries_name_every_figure(of_good: Certificate) -> None:
    told = summary(of_good)
    assert all(each.name in told for each in of_good.figures)
    assert told.splitlines()[0].startswith(("passed", "FAILED"))


def test_rigs_survive_their_file(tmp_path: Path, good: Made) -> None:
    for rig in (good.rig, replace(good.rig, utterance=None), Rig(good.rig.landmarks)):
        path = tmp_path / "rig"
        write_rig(path, rig)
        back = read_rig(path)
        assert np.array_equal(back.landmarks, rig.landmarks)
        assert (back.track is None) == (rig.track is None)
        assert back.utterance == rig.utterance


@pytest.mark.parametrize("content", [b"", b"no rig", np.zeros(3).tobytes()])
def test_what_is_no_rig_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rig"
    path.write_bytes(content)
    with pytest.raises(BadRequest):
        read_rig(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 4096, b"#EXTM3U\n#EXTINF:10,\nfilm.mp4\n", b"ffconcat version 1.0\nfile film.mp4\n"]
)
def test_what_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(BadRequest):
        certificate(path)


def test_films_that_are_not_there_and_sounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        certificate(tmp_path / "nowhere.mp4")
    with pytest.raises(BadRequest, match="no picture"):
        certificate(sound(tmp_path / "sound.wav", spoken(2.0)))


def silent_film(path: Path, frames: int) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((SIZE, SIZE, 3), 40 + index, np.uint8), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("frames", [1, 30])
def test_mute_films_are_measured_as_far_as_they_go(tmp_path: Path, frames: int) -> None:
    found = certificate(silent_film(tmp_path / "mute.mp4", frames))
    assert figure(found, "loudness").note == "the film has no sound"
    assert figure(found, "frame time jitter").verdict == ("pass" if frames > 1 else "not measured")


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_cut_films_are_an_error_or_told(tmp_path: Path, good: Made, share: float) -> None:
    path = tmp_path / "cut.mp4"
    content = good.path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    found = certificate(path, rig=good.rig)
    assert figure(found, "frames").verdict == "fail"


def test_a_real_speaker_is_measured_by_mediapipe() -> None:
    pytest.importorskip("mediapipe")
    found = certificate(shared("samples/real_speaker.mp4"), landmarker=shared("models/face_landmarker.task"))
    if found.landmarks == "none":
        pytest.skip(figure(found, "head yaw").note)
    opened, yaw = figure(found, "openness range").value, figure(found, "head yaw").value
    assert isinstance(opened, float)
    assert isinstance(yaw, float)
    assert 0.09 < opened < 0.12
    assert 7.0 < yaw < 10.0
    assert figure(found, "bilabial closure").note == "the sounds and their times are not known"


def test_a_broken_landmarker_leaves_the_face_unmeasured(tmp_path: Path, good: Made) -> None:
    pytest.importorskip("mediapipe")
    model = tmp_path / "model.task"
    model.write_bytes(b"no model")
    found = certificate(good.path, landmarker=model)
    assert found.landmarks == "none"
    assert figure(found, "head yaw").note
