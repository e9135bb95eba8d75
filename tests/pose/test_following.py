"""People followed through videos: detectors' numbers, gaps and jitter, and their movement given to the portrait."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import BadRequest, Unavailable, UnsupportedMedia
from avatar.face import tracks
from avatar.face.tracks import COLUMN
from avatar.media import video
from stages.pose.animate_anyone import skeleton
from stages.pose.animate_anyone.skeleton import FACE, SEEN
from stages.pose.driving import blaze, bridging, dwpose, people, retarget, rig, templates, tracking
from stages.pose.driving.people import Figure, Poses
from stages.pose.driving.rest import CARRIED_BY, SIDES
from tests.pose.people import UNIT, mesh, somebody
from tests.shared import shared

WHOLE = (700, 1000)
BLACK = np.zeros((64, 48, 3), np.uint8)


def waving(unit: float = 150.0, frames: int = 60) -> Poses:
    """Somebody larger than the portrait's person, who waves and nods."""
    person = somebody((900, 1400), unit)
    track = tracks.blank(frames)
    track[:, COLUMN["headRoll"]] = 6.0 * np.sin(np.arange(frames) / 6.0)
    track[:, COLUMN["headX"]] = 0.05 * np.sin(np.arange(frames) / 9.0)
    return rig.poses(person, track, 25.0, templates.ways(templates.find("greet"), frames=frames, fps=25.0))


def bone(poses: Poses, point: int) -> np.ndarray:
    """A limb's direction and length through the film."""
    result: np.ndarray = poses.points[:, point] - poses.points[:, CARRIED_BY[point]]
    return result


def test_limbs_keep_the_portrait_s_lengths_and_take_the_other_s_directions() -> None:
    person, other = somebody(WHOLE), waving()
    given = retarget.retargeted(other, person)
    late = slice(25, None)
    for _, elbow, wrist, *_ in SIDES.values():
        for point in (elbow, wrist):
            own, theirs = bone(given, point)[late], bone(other, point)[late]
            ratio = np.hypot(*own.T) / np.hypot(*theirs.T)
            assert ratio == pytest.approx(np.full(len(ratio), ratio[0]), rel=0.02)
            whole = np.hypot(*(person.figure.points[point] - person.figure.points[CARRIED_BY[point]]))
            assert np.hypot(*own.T).max() <= whole * retarget.STRETCH * 1.01
            between = np.arctan2(own[:, 0] * theirs[:, 1] - own[:, 1] * theirs[:, 0], (own * theirs).sum(1))
            assert np.abs(between).max() < 0.02


def test_the_first_frame_is_the_portrait_whoever_moves() -> None:
    person = somebody(WHOLE)
    other = waving()
    given = retarget.retargeted(replace(other, points=other.points[20:], scores=other.scores[20:]), person)
    assert given.points[0] == pytest.approx(person.figure.points)


def test_the_size_and_place_of_the_other_do_not_matter() -> None:
    person, other = somebody(WHOLE), waving()
    elsewhere = replace(other, points=1.7 * other.points + np.array([300.0, -80.0]))
    one, same = retarget.retargeted(other, person), retarget.retargeted(elsewhere, person)
    assert same.points == pytest.approx(one.points, abs=1e-6)


def test_a_movement_given_to_the_one_who_made_it_is_the_same() -> None:
    person, track = somebody(WHOLE), tracks.blank(30)
    track[:, COLUMN["headRoll"]] = np.linspace(0.0, 7.0, 30)
    track[:, COLUMN["bodyX"]] = np.linspace(0.0, 0.1, 30)
    made = rig.poses(person, track, 25.0)
    given = retarget.retargeted(made, person)
    known = (made.scores > SEEN).all(0)
    assert np.abs(given.points - made.points)[:, known].max() < 0.03 * UNIT


def test_lips_ride_on_the_skull_unless_they_are_wanted() -> None:
    person, other = somebody(WHOLE), waving()
    spoken = other.points.copy()
    spoken[:, FACE.start + 57] += np.array([0.0, 20.0]) * np.sin(np.arange(60) / 3.0)[:, None]
    talks = replace(other, points=spoken)
    gaps = {}
    for mouth in (False, True):
        points = retarget.retargeted(talks, person, mouth=mouth).points
        gaps[mouth] = np.ptp(np.hypot(*(points[:, FACE.start + 57] - points[:, FACE.start + 51]).T))
    assert gaps[False] < 0.02 * UNIT < 0.1 * UNIT < gaps[True]


def test_of_a_head_alone_the_shoulders_follow_a_little() -> None:
    other = waving()
    body = [n for n in range(people.POINTS) if n not in people.HEAD]
    scores = other.scores.copy()
    scores[:, body] = 0.0
    given = retarget.retargeted(replace(other, scores=scores), somebody(WHOLE))
    head, shoulder = given.points[:, people.NOSE, 0], given.points[:, people.R_SHOULDER, 0]
    assert 0.1 < np.ptp(shoulder) / np.ptp(head) < 0.5
    assert given.scores[5, people.R_SHOULDER] > SEEN


def test_gaps_are_bridged_and_long_ones_are_told() -> None:
    whole = waving()
    scores = whole.scores.copy()
    scores[10:14] = 0.0
    scores[25:55] = 0.0
    found = bridging.bridged(replace(whole, points=np.where(scores[..., None] > 0, whole.points, 0.0), scores=scores))
    assert found.points[10:14, people.NOSE] == pytest.approx(whole.points[10:14, people.NOSE], abs=6.0)
    assert (found.scores[12, list(people.HEAD)] > SEEN).all()
    assert found.notes == ("Nobody was seen in the video from 1.0 to 2.2 s; the movement was bridged.",)


def test_who_leaves_for_good_is_held_where_they_were() -> None:
    whole = waving(frames=60)
    scores = whole.scores.copy()
    scores[30:] = 0.0
    found = bridging.bridged(replace(whole, scores=scores))
    assert found.points[59] == pytest.approx(whole.points[29])
    assert "was held" in found.notes[0]


def test_jitter_is_smoothed_and_movement_is_not() -> None:
    whole = waving()
    noise = np.random.default_rng(1).normal(0.0, 2.0, whole.points.shape)
    found = bridging.smoothed(replace(whole, points=whole.points + noise))
    still = found.points[:, people.CHIN] - whole.points[:, people.CHIN]
    assert still.std() < 0.75 * 2.0
    assert bridging.smoothed(whole).points[:, people.CHIN] == pytest.approx(whole.points[:, people.CHIN], abs=1.5)


def test_a_short_video_goes_to_and_fro() -> None:
    paced = bridging.paced(waving(frames=26), fps=10.0, frames=40)
    assert paced.points[0] == pytest.approx(paced.points[20])
    assert "to and fro" in paced.notes[0]
    assert not bridging.paced(waving(), fps=10.0, frames=24).notes


def seeing(figures: list[Figure | None]) -> tracking.Detect:
    coming = iter(figures)
    return lambda _picture: next(coming)


def nothing() -> None:
    pass


def test_a_video_without_pictures_is_refused() -> None:
    with pytest.raises(UnsupportedMedia, match="driving video has no picture"):
        tracking.followed([], 25.0, seeing([]), step=nothing)


def test_a_video_without_a_person_is_refused() -> None:
    with pytest.raises(BadRequest, match="Nobody was found"):
        tracking.followed([BLACK] * 3, 25.0, seeing([None] * 3), step=nothing)


def test_a_video_of_one_frame_is_a_pose_that_is_held() -> None:
    found = tracking.followed([BLACK], 25.0, seeing([waving().at(0)]), step=nothing)
    assert "one frame" in found.notes[0]
    paced = bridging.paced(found, fps=10.0, frames=5)
    assert paced.points == pytest.approx(np.repeat(found.points, 5, 0))


def test_following_can_be_called_off_at_any_frame() -> None:
    class Enough(Exception):
        pass

    seen = []

    def step() -> None:
        seen.append(1)
        if len(seen) == 3:
            raise Enough

    with pytest.raises(Enough):
        tracking.followed([BLACK] * 9, 25.0, seeing([waving().at(0)] * 9), step=step)


def test_without_weights_there_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Fetch dwpose"):
        tracking.detector({})
    with pytest.raises(Unavailable, match="yolox_l.onnx is missing"):
        tracking.detector({"dwpose": tmp_path})


def boxes_at(*people_there: tuple[float, float, float, float, float]) -> dwpose.Net:
    """A YOLOX that sees people at (middle x, middle y, width, height, score) of its 640 pixels."""
    told = np.full((1, 8400, 85), -9.0, np.float32)
    told[..., 4:] = 0.0
    for number, (x, y, width, height, score) in enumerate(people_there):
        for shift in (0, 1):  # twice the same person, of which the second is less sure
            column, row = int(x // 8) + shift, int(y // 8)
            cell = row * 80 + column
            told[0, cell, :4] = x / 8 - column, y / 8 - row, np.log(width / 8), np.log(height / 8)
            told[0, cell, 4], told[0, cell, 5] = 1.0, score - 0.05 * shift
        told[0, 8000 + number, 4:8] = 1.0, 0.0, 0.9, 0.0  # something else than a person
    return lambda picture: [told] if picture.shape == (1, 3, 640, 640) else []


def joints_at(place: tuple[float, float], score: float) -> tuple[dwpose.Net, list[np.ndarray]]:
    """An RTMPose that sees every point at one place of its window, and the windows that it was shown."""
    shown: list[np.ndarray] = []

    def net(window: np.ndarray) -> list[np.ndarray]:
        shown.append(window)
        x, y = np.zeros((1, 133, 576), np.float32), np.zeros((1, 133, 768), np.float32)
        x[..., round(2 * place[0])] = score
        y[..., round(2 * place[1])] = score + 0.1
        return [x, y]

    return net, shown


def test_dwpose_s_numbers_come_back_to_the_picture() -> None:
    net, shown = joints_at((144.0, 192.0), 0.8)
    detect = dwpose.DWPose(boxes_at((200.0, 300.0, 100.0, 240.0, 0.9), (500.0, 300.0, 60.0, 60.0, 0.2)), net)
    picture = np.zeros((1024, 1024, 3), np.uint8)
    picture[..., 0] = 255
    figure = detect(picture)
    assert figure is not None
    assert len(shown) == 1
    assert shown[0].shape == (1, 3, 384, 288)
    middle = shown[0][0, :, 192, 144]
    assert middle == pytest.approx((np.array([0, 0, 255]) - dwpose.MEAN) / dwpose.STD, abs=1e-4)
    assert figure.points[people.NOSE] == pytest.approx((200 * 1.6, 300 * 1.6), abs=2.0)
    assert figure.scores[people.NOSE] == pytest.approx(0.8)
    assert figure.scores[people.NECK] == 1.0


def test_where_no_box_is_found_the_whole_picture_is_looked_at() -> None:
    net, shown = joints_at((0.0, 0.0), 0.05)
    assert dwpose.DWPose(boxes_at(), net)(np.zeros((300, 200, 3), np.uint8)) is None
    assert len(shown) == 1
    assert dwpose.people(boxes_at(), np.zeros((300, 200, 3), np.uint8)) == pytest.approx(np.array([[0, 0, 200, 300]]))


def test_pictures_are_looked_at_in_multiples_of_64() -> None:
    seen, scale = dwpose.sized(np.zeros((480, 854, 3), np.uint8))
    assert seen.shape == (512, 896, 3)
    assert scale == pytest.approx((854 / 896, 480 / 512))


def test_mediapipe_s_points_take_their_places() -> None:
    points = mesh() * 100 + 200
    body = np.zeros((33, 3))
    body[:, 2] = 0.9
    body[11], body[12] = (320.0, 400.0, 0.9), (80.0, 400.0, 0.8)
    body[15], body[19], body[17] = (330.0, 600.0, 0.7), (332.0, 650.0, 0.7), (328.0, 650.0, 0.7)
    figure = blaze.figure(points, body)
    assert figure is not None
    assert figure.points[people.CHIN] == pytest.approx(points[152])
    assert figure.points[people.R_EYE, 0] < figure.points[people.L_EYE, 0]
    assert figure.points[people.L_SHOULDER] == pytest.approx((320.0, 400.0))
    assert figure.points[people.NECK] == pytest.approx((200.0, 400.0))
    assert figure.points[people.LEFT_HAND][12, 1] > 640.0
    alone = blaze.figure(points, None)
    assert alone is not None
    assert (alone.scores[people.R_SHOULDER], alone.scores[people.NOSE]) == (0.0, 1.0)
    assert blaze.figure(None, None) is None


def test_a_real_speaker_is_followed_and_drawn() -> None:
    path, model = shared("samples/real_speaker.mp4"), shared("models/face_landmarker.task")
    pytest.importorskip("mediapipe")

    def frames() -> Iterator[np.ndarray]:
        for number, (_, frame) in enumerate(video.colour(path)):
            if number >= 40:
                return
            if number % 4 == 0:
                yield frame

    detect, lack = tracking.detector({"face-landmarker": model.parent})
    assert "Only the head" in lack
    found = tracking.followed(frames(), 6.25, detect, step=nothing)
    assert isinstance(detect, blaze.Blaze)
    detect.close()
    assert found.frames == 10
    given = retarget.retargeted(found, somebody())
    assert 0.02 * UNIT < np.ptp(given.points[:, people.NOSE, 0]) < 0.8 * UNIT
    drawn = skeleton.draw(given.points[:1], given.scores[:1], size=(400, 320))
    assert drawn.any()
