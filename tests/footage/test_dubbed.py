"""A user's film dubbed: through the stages' real backends, from a file to a film that says something else."""

from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.artifacts import Clip, Film, Phone, Portrait, Speech, Utterance, Word
from avatar.errors import BadRequest
from avatar.face import facemesh, heads, landmarks
from avatar.face.tracks import COLUMN
from avatar.media import footage
from avatar.quality import read_rig
from avatar.records import dump
from avatar.testing import Bench, workbench
from stages import film, lips, motion, pose, tracking
from stages import portrait as portraits
from stages.film.footage import Dubbed
from tests.film.test_encode import tone
from tests.footage.films import SIDE, Bytes, hidden, placement, speaker, written

FPS = 25
PHONES = (
    Phone("", 0.0, 0.2), Phone("m", 0.2, 0.36), Phone("a", 0.36, 0.6), Phone("p", 0.6, 0.72), Phone("a", 0.72, 0.96),
    Phone("b", 0.96, 1.08), Phone("a", 1.08, 1.3), Phone("", 1.3, 1.6),
)  # fmt: skip
CLOSED = [round(0.5 * (phone.start + phone.end) * FPS) for phone in PHONES if phone.ipa in ("m", "p", "b")]
COVERED = range(14, 21)


@dataclass
class Set:
    """A film of somebody, and the tools to dub it."""

    bench: Bench
    folder: Path
    frames: list[Bytes]

    def portrait(self, path: Path, face: int = 0) -> Portrait:
        brief = portraits.Brief(None, "", 0, face=face, video=self.bench.blob(path.read_bytes(), "video/mp4"))
        return self.bench.perform(portraits.PORTRAIT.chain[0], brief, placement=placement(self.folder))

    def clip(self, path: Path, seconds: float = 1.6, face: int = 0) -> Clip:
        video = self.bench.blob(path.read_bytes(), "video/mp4")
        brief = motion.Brief(self.portrait(path, face), seconds, FPS, 1, video=video, face=face, film=(SIDE, SIDE))
        return self.bench.perform(motion.MOTION.chain[0], brief, placement=placement(self.folder))

    def speech(self) -> Speech:
        said = Utterance(1.6, "en", "mapaba", PHONES, (Word("mapaba", 0.2, 1.3),), True)
        sound = self.bench.blob(tone(self.folder / "tone.wav", 1.6).read_bytes(), "audio/wav")
        return Speech(sound, self.bench.blob(dump(said), "application/json"), 1.6, 22050, "en-us")

    def brief(self, clip: Clip) -> film.Brief:
        said = self.speech()
        posed = self.bench.perform(pose.POSE.chain[-1], pose.Brief(clip, said, 1))
        return film.Brief(self.bench.perform(lips.LIPS.chain[-1], lips.Brief(posed, said, 1)), said, SIDE, SIDE)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Set:
    folder = tmp_path_factory.mktemp("dubbed")
    bench = workbench(folder)
    return Set(bench, folder, speaker(bench, 28))


@pytest.fixture(scope="module")
def brief(stage: Set) -> film.Brief:
    """The whole film with something before the mouth for some frames."""
    over = slice(int(0.52 * SIDE), int(0.86 * SIDE)), slice(int(0.3 * SIDE), int(0.7 * SIDE))
    shown = [hidden(picture, over) if number in COVERED else picture for number, picture in enumerate(stage.frames)]
    return stage.brief(stage.clip(written(stage.folder / "covered.mp4", shown)))


@pytest.fixture(scope="module")
def plain(stage: Set) -> film.Brief:
    return stage.brief(stage.clip(written(stage.folder / "plain.mp4", stage.frames)))


@pytest.fixture(scope="module")
def made(stage: Set, plain: film.Brief) -> Film:
    return stage.bench.perform(film.FILM.chain[0], plain)


def pictures(bench: Bench, made: Film) -> list[Bytes]:
    with av.open(str(bench.context.path(made.video))) as file:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in file.decode(video=0)]


def test_lips_shut_where_the_new_words_say_so_whatever_the_old_ones_did(stage: Set, made: Film) -> None:
    follower = tracking.tracker(placement(stage.folder).weights["face-landmarker"]).follower(FPS)
    for picture in pictures(stage.bench, made):
        follower.look(picture)
    gaps = heads.gaps(follower.points())
    assert made.frames == len(gaps) == 40
    wide = gaps[[12, 21, 29]]
    assert wide.min() > 0.03
    assert max(gaps[index] for index in CLOSED) < 0.25 * wide.min()


def test_the_rig_tells_the_same_and_that_it_is_footage(stage: Set, made: Film) -> None:
    rig = read_rig(stage.bench.context.path(made.rig))
    assert rig.filmed
    gap = (rig.landmarks[:, landmarks.LOWER_INNER] - rig.landmarks[:, landmarks.UPPER_INNER])[:, 5, 1]
    assert rig.track is not None
    assert np.corrcoef(gap, rig.track[:, COLUMN["jawOpen"]])[0, 1] > 0.8
    assert rig.track[:, COLUMN["headYaw"]].std() > 1.0


def test_nothing_changes_beside_the_mouth(stage: Set, plain: film.Brief) -> None:
    dubbed = Dubbed(plain, stage.bench.context)
    shot = plain.clip.footage
    assert shot is not None
    before = next(footage.frames(shot, stage.bench.context))
    after = dubbed.draw(0)
    light = before.astype(float) @ (0.2126, 0.7152, 0.0722) * 219.0 / 255.0 + 16.0
    change = np.abs(after.luma - light)
    assert change[: int(0.4 * SIDE)].max() <= 1.6
    assert change[:, : int(0.15 * SIDE)].max() <= 1.6


def test_lips_that_speak_already_are_left_alone_and_told_as_they_are(stage: Set, plain: film.Brief) -> None:
    shot = plain.clip.footage
    assert shot is not None
    spoken = Dubbed(replace(plain, clip=replace(plain.clip, footage=replace(shot, spoken=True))), stage.bench.context)
    frames = list(footage.frames(shot, stage.bench.context))
    for place in CLOSED:
        light = frames[place].astype(float) @ (0.2126, 0.7152, 0.0722) * 219.0 / 255.0 + 16.0
        assert np.abs(spoken.draw(place).luma - light).max() <= 1.6
    assert shot.faces is not None
    points = np.load(stage.bench.context.path(shot.faces))
    seen, drawn = spoken.landmarks(0, 40), Dubbed(plain, stage.bench.context).landmarks(0, 40)
    for told, same in ((seen, True), (drawn, False)):
        gaps = (told[:, landmarks.LOWER_INNER] - told[:, landmarks.UPPER_INNER])[:, 5, 1]
        assert (np.corrcoef(gaps, heads.gaps(points))[0, 1] > 0.98) == same


def test_a_short_film_goes_there_and_back(plain: film.Brief) -> None:
    shot, track = plain.clip.footage, plain.clip.motion
    assert shot is not None
    assert (shot.frames, track.frames) == (40, 40)
    assert (shot.width, shot.height) == (SIDE, SIDE)


def test_frames_come_back_in_mirrored_order(stage: Set, plain: film.Brief) -> None:
    shot = plain.clip.footage
    assert shot is not None
    seen = list(footage.frames(shot, stage.bench.context))
    assert all(np.array_equal(seen[27 + away], seen[27 - away]) for away in range(1, 13))


def test_covered_frames_are_shown_as_they_were_and_told(stage: Set, brief: film.Brief) -> None:
    dubbed = Dubbed(brief, stage.bench.context)
    shot = brief.clip.footage
    assert shot is not None
    before = list(footage.frames(shot, stage.bench.context))
    place = COVERED[3]
    light = before[place].astype(float) @ (0.2126, 0.7152, 0.0722) * 219.0 / 255.0 + 16.0
    assert np.abs(dubbed.draw(place).luma - light).max() <= 1.6
    assert not dubbed.good[COVERED.start : COVERED.stop].any()
    assert "as they were filmed: 0.6 to 0.8 s" in dubbed.notes[0]


def test_footage_can_be_read_at_any_place(stage: Set, plain: film.Brief) -> None:
    dubbed = Dubbed(plain, stage.bench.context)
    forwards = [dubbed.draw(index).luma for index in (0, 9, 30)]
    backwards = [dubbed.draw(index).luma for index in (30, 9, 0)]
    assert all(np.array_equal(one, other) for one, other in zip(forwards, backwards[::-1], strict=True))


def test_exports_are_drawn_but_nobody_is_cut_out(stage: Set, made: Film) -> None:
    assert made.recipe is not None
    shown = stage.bench.perform(film.EXPORT.chain[0], film.Wanted(made.recipe, "preview.webp"))
    assert shown.file.size > 1000
    with pytest.raises(BadRequest, match="nobody is cut out"):
        stage.bench.perform(film.EXPORT.chain[0], film.Wanted(made.recipe, "alpha.webm"))


def test_one_picture_is_enough_of_a_film(stage: Set) -> None:
    clip = stage.clip(written(stage.folder / "one.mp4", stage.frames[:1]))
    assert clip.footage is not None
    assert clip.footage.frames == 1
    asked = stage.brief(clip)
    dubbed = Dubbed(asked, stage.bench.context)
    assert not np.array_equal(dubbed.draw(0).luma, dubbed.draw(12).luma)


def test_other_shapes_are_filled_and_the_face_stays_in(stage: Set, plain: film.Brief) -> None:
    dubbed = Dubbed(replace(plain, width=256, height=456), stage.bench.context)
    points = dubbed.landmarks(0, 2)
    assert dubbed.draw(0).luma.shape == (456, 256)
    assert points[..., 0].min() > 0.0
    assert points[..., 0].max() < 256.0


def test_a_close_view_is_cut_out_around_the_face(stage: Set, plain: film.Brief) -> None:
    close = Dubbed(replace(plain, scenery=film.Scenery(framing="close")), stage.bench.context)
    near, far = (np.ptp(dubbed.landmarks(0, 1)[0, :, 1]) for dubbed in (close, Dubbed(plain, stage.bench.context)))
    assert near > 1.2 * far
    assert close.draw(0).luma.shape == (SIDE, SIDE)


def test_what_is_cut_off_of_a_film_that_was_to_be_whole_is_told(stage: Set, plain: film.Brief) -> None:
    whole = replace(plain, scenery=film.Scenery(framing="whole"))
    assert not Dubbed(whole, stage.bench.context).notes
    assert "cut off at both sides" in Dubbed(replace(whole, width=256, height=456), stage.bench.context).notes[0]


def test_a_film_without_a_face_is_refused(stage: Set) -> None:
    wall = written(stage.folder / "wall.mp4", [np.full((128, 128, 3), 90, np.uint8)] * 5)
    with pytest.raises(BadRequest, match="No face was found in the video"):
        stage.portrait(wall)


def test_a_face_that_the_film_has_not_is_refused(stage: Set) -> None:
    with pytest.raises(BadRequest, match="no face 1"):
        stage.portrait(written(stage.folder / "few.mp4", stage.frames[:2]), face=1)


def test_the_portrait_is_the_moment_with_a_shut_mouth(stage: Set) -> None:
    made = stage.portrait(stage.folder / "plain.mp4")
    assert made.kind == "photo"
    assert made.face.upper_lip_inner == made.face.lower_lip_inner
    assert len(made.face.upper_lip_inner) == facemesh.LIP_POINTS
