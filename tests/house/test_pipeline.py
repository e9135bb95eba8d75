"""The pipeline: which stage is asked what, in which order."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avatar.artifacts import Clip, Motion
from avatar.engine import Engine, Walk
from avatar.errors import BadRequest, NotFound
from avatar.events import Outcome
from avatar.jobs import rows
from avatar.request import parse
from avatar.sampling import Conditioning
from avatar.stage import Choosy, Stage
from avatar.store import FolderStore
from stages import directing, pipeline, pose
from stages.portrait.drawn import gallery
from tests.tiny import Tiny, a_portrait

PICTURE = {"sha256": "1" * 64, "media_type": "image/png", "size": 9}
MARKS = ("right_eye", "left_eye", "right_mouth", "left_mouth", "chin")


class Told:
    """A run over the tiny product that keeps what was asked."""

    def __init__(self, folder: Path) -> None:
        self.store = FolderStore(folder, budget=10**6)
        self.session = self.store.session()
        self.walk: Walk = Engine(self.store).walk(self.session)
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, stage: Stage[Any, Any], brief: Any, /) -> Any:
        self.asked.append((stage.name, brief))
        return self.walk(Tiny().stage(stage), brief)

    def __getitem__(self, name: str) -> Any:
        return dict(self.asked)[name]


def rendered(folder: Path, **wishes: object) -> tuple[Outcome, Told]:
    told = Told(folder)
    return pipeline.render(parse({"text": "Hello.", "seed": 5, **wishes}), told), told


def test_the_stages_come_in_order_and_all_are_planned(tmp_path: Path) -> None:
    outcome, told = rendered(tmp_path)
    assert [name for name, _ in told.asked] == ["speech", "portrait", "motion", "pose", "lips", "film"]
    assert [stage.name for stage in pipeline.TALK] == [name for name, _ in told.asked]
    assert (outcome.mode, outcome.seed, outcome.degraded) == ("video", 5, False)


def test_what_is_expected_of_a_request_counts_its_own_stages() -> None:
    assert {kind: tuple(stage.name for stage in route) for kind, route in pipeline.ROUTES.items()} == rows.STAGES


def test_every_chain_ends_in_a_floor() -> None:
    assert all(stage.chain[-1].needs.floor for stage in pipeline.STAGES)


def test_wishes_reach_their_stages(tmp_path: Path) -> None:
    live = {"head": 0.5, "blink": 2, "gaze": 0, "expression": 1.5}
    asked = {"width": 640, "height": 360, "fps": 50, "captions": "soft", "rate": 1.5, "pitch": -2, "motion": live}
    _, told = rendered(tmp_path, **asked)
    assert (told["speech"].text, told["speech"].rate, told["speech"].pitch) == ("Hello.", 1.5, -2)
    motion, pose, film = told["motion"], told["pose"], told["film"]
    assert (motion.seconds, motion.fps, motion.head, motion.blink, motion.gaze) == (1.0, 50, 0.5, 2, 0)
    assert (pose.head, pose.expression, pose.seed) == (0.5, 1.5, 5)
    assert (film.width, film.height, film.captions) == (640, 360, "soft")


def test_the_voice_fits_the_avatar_unless_one_is_named(tmp_path: Path) -> None:
    for look in gallery():
        _, told = rendered(tmp_path / look.id, avatar=look.id)
        assert told["speech"].voice == look.voice
    assert rendered(tmp_path / "named", voice="de")[1]["speech"].voice == "de"


def test_a_named_avatar_is_the_same_picture_whatever_the_seed(tmp_path: Path) -> None:
    name = gallery()[0].id
    one, other = (rendered(tmp_path / str(seed), avatar=name, prompt="x", seed=seed)[1] for seed in (1, 2))
    assert one["portrait"] == other["portrait"]
    assert rendered(tmp_path / "prompt", prompt="a teacher")[1]["portrait"].seed == 5


def test_an_unknown_avatar_is_found_out_first(tmp_path: Path) -> None:
    told = Told(tmp_path)
    with pytest.raises(NotFound):
        pipeline.render(parse({"text": "Hello.", "avatar": "nobody at all"}), told)
    assert told.asked == []


@pytest.mark.parametrize("text", ["مرحبا", "नमस्ते", "สวัสดี", "Hello, then مرحبا"])
def test_captions_that_cannot_be_burned_are_found_out_first(tmp_path: Path, text: str) -> None:
    told = Told(tmp_path)
    with pytest.raises(BadRequest, match="ask for soft captions"):
        pipeline.render(parse({"text": text, "captions": "burned"}), told)
    assert told.asked == []


def test_captions_that_nobody_burns_may_be_in_any_script(tmp_path: Path) -> None:
    assert rendered(tmp_path / "soft", text="مرحبا", captions="soft")[0].mode == "video"
    assert rendered(tmp_path / "sound", text="مرحبا", captions="burned", kind="speech")[0].mode == "audio_only"
    assert rendered(tmp_path / "drawable", text="Grüße 你好 שלום", captions="burned")[0].mode == "video"


def test_several_speakers_are_told_once_each(tmp_path: Path) -> None:
    text = "Ada: Hello. [smile] Omar: Hi! Ada: Well."
    outcome, told = rendered(tmp_path, text=text, width=1280, height=720, cast={"Omar": {"voice": "de", "rate": 1.5}})
    names = [name for name, _ in told.asked]
    assert names == ["speech"] * 6 + ["portrait", "motion", "pose", "lips"] * 2 + ["film"]
    said = [brief for name, brief in told.asked if name == "speech"]
    assert [brief.text for brief in said[:3]] == ["Hello.", "Hi!", "Well."]
    assert (said[1].voice, said[1].rate, said[0].rate) == ("de", 1.5, 1.0)
    assert [part.speaker for part in said[3].parts] == ["Ada", "Omar", "Ada"]
    assert [brief.only for brief in said[3:]] == ["", "Ada", "Omar"]
    assert [brief.avatar for name, brief in told.asked if name == "portrait"] == ["ada", "omar"]
    ada, omar = (brief for name, brief in told.asked if name == "pose")
    assert [cue.act for cue in ada.acting.cues] == ["smile"]
    assert omar.acting.cues == ()
    assert ada.partners[0].towards[0] > 0 > omar.partners[0].towards[0]
    assert (told["film"].layout, len(told["film"].others)) == ("side_by_side", 1)
    assert outcome.mode == "video"


def test_a_direction_in_a_later_turn_finds_its_place_in_what_its_speaker_says(tmp_path: Path) -> None:
    _, told = rendered(tmp_path, text="Ada: One two. Omar: Three. Ada: Four [nod] five.")
    ada = next(brief for name, brief in told.asked if name == "pose")
    assert [(cue.at, cue.act) for cue in ada.acting.cues] == [(len("OnetwoFour"), "nod")]


@pytest.mark.parametrize(
    ("wishes", "layout"),
    [
        ({"width": 1280, "height": 720}, "side_by_side"),
        ({}, "cut"),
        ({"layout": "side_by_side"}, "side_by_side"),
        ({"width": 1280, "height": 720, "layout": "cut"}, "cut"),
    ],
)
def test_two_are_shown_side_by_side_where_there_is_room(tmp_path: Path, wishes: dict[str, object], layout: str) -> None:
    assert rendered(tmp_path, text="Ada: Hello. Omar: Hi!", **wishes)[1]["film"].layout == layout


def test_what_is_wrong_with_a_cast_is_found_out_first(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for cast in ({"Ada": {"avatar": "nobody at all"}}, {"Ada": {"voice": "no voice at all"}}):
        with pytest.raises(NotFound):
            pipeline.render(parse({"text": "Ada: Hello. Omar: Hi!", "cast": cast}), told)
    with pytest.raises(BadRequest, match="soft captions"):
        pipeline.render(parse({"text": "Ada: Hello. Omar: مرحبا", "captions": "burned"}), told)
    assert told.asked == []


def test_only_the_sound_of_a_conversation_may_be_wanted(tmp_path: Path) -> None:
    outcome, told = rendered(tmp_path, text="Ada: Hello. Omar: Hi!", kind="speech")
    assert (outcome.mode, {name for name, _ in told.asked}) == ("audio_only", {"speech"})


def test_a_name_that_is_meant_as_prose_is_said(tmp_path: Path) -> None:
    _, told = rendered(tmp_path, text="\\Ada: Hello. Omar: Hi!")
    assert told["speech"].text == "Ada: Hello. Omar: Hi!"


VIDEO = {"sha256": "0" * 64, "media_type": "video/mp4", "size": 9}


def test_a_video_is_face_and_movement_of_its_film(tmp_path: Path) -> None:
    _, told = rendered(tmp_path, video=VIDEO, face=1, width=640, height=360)
    assert (told["portrait"].video.sha256, told["portrait"].face) == ("0" * 64, 1)
    assert (told["motion"].video, told["motion"].face, told["motion"].film) == (told["portrait"].video, 1, (640, 360))
    assert rendered(tmp_path / "none")[1]["motion"].video is None


@pytest.mark.parametrize("wish", [{"background": "blur"}, {"landmarks": dict.fromkeys(MARKS, (1.0, 2.0))}])
def test_what_footage_cannot_have_is_found_out_first(tmp_path: Path, wish: dict[str, object]) -> None:
    told = Told(tmp_path)
    with pytest.raises(BadRequest, match="Leave"):
        pipeline.render(parse({"text": "Hello.", "video": VIDEO, **wish}), told)
    assert told.asked == []


def test_a_video_beside_an_image_drives_it(tmp_path: Path) -> None:
    drive = {
        "motion": "greet",
        "gestures": 0.5,
        "width": 640,
        "fps": 10,
        "between": "latents",
        "window": 16,
        "reuse": 2,
    }
    _, told = rendered(tmp_path, image=PICTURE, video=VIDEO, drive=drive)
    assert (told["portrait"].image.sha256, told["portrait"].video) == ("1" * 64, None)
    assert (told["motion"].video, told["motion"].driven) == (None, True)
    driving, shooting = told["pose"].driving, told["pose"].shooting
    assert (driving.video.sha256, driving.motion, driving.gestures, driving.replace) == ("0" * 64, "greet", 0.5, False)
    assert (shooting.width, shooting.height, shooting.fps, shooting.between) == (640, None, 10, "latents")
    assert (shooting.window, shooting.overlap, shooting.guided, shooting.reuse) == (16, 4, 1.0, 2)
    ask = parse({"text": "Hello.", "image": PICTURE, "drive": {"reuse": 2}})
    assert directing.more(ask, 10.0)["animate-anyone"] == 2 * 144 * 64 * 98 * 320 * 2  # six windows
    assert directing.more(parse({"text": "Hello."}), 10.0) == {}
    free = rendered(tmp_path / "none", video=VIDEO)[1]
    assert (free["motion"].driven, free["pose"].driving.wanted) == (False, False)
    told = Told(tmp_path / "heard")
    ask = parse({"text": "Hello.", "image": PICTURE, "backends": {"pose": "ltx2"}})
    pipeline.show(ask, pipeline.say(ask, told), run=told)
    assert (told["motion"].driven, told["pose"].backend) == (True, "ltx2")  # it films from the picture alone


def test_what_stable_video_diffusion_is_told_reaches_it_and_nobody_films_over_it(tmp_path: Path) -> None:
    drive = {"motion_bucket": 40, "noise_augmentation": 0.1, "min_guidance": 1.5, "decode_chunk": 4}
    ask = parse({"text": "Hello.", "image": PICTURE, "drive": drive})
    told = Told(tmp_path)
    pipeline.show(ask, pipeline.say(ask, told), run=told)
    assert told["motion"].conditioning == Conditioning(40, 0.1, 1.5, 4)
    assert (told["motion"].driven, told["pose"].backend) == (False, "warp")
    still = replace(a_portrait(), kind="photo")
    clip = Clip(still, Motion(still.image, 25, 1))
    assert [
        each.id for each in pose.POSE.chain if isinstance(each, Choosy) and each.takes(replace(told["pose"], clip=clip))
    ] == []


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"drive": {"motion": "juggle"}}, "drive.motion can't be 'juggle'. Give motion .greet, explain"),
        ({"drive": {"motion": "greet"}, "backends": {"pose": "warp"}}, "warp moves with the speech alone"),
        ({"drive": {"motion": "greet"}, "backends": {"pose": "ltx2"}}, "ltx2 moves with the speech alone"),
        ({"drive": {"motion": "greet"}, "video": VIDEO}, "footage that is dubbed"),
        ({"drive": {"motion": "greet"}, "kind": "speech"}, "kind speech"),
        ({"drive": {"motion": "greet"}, "text": "Ada: Hello. Omar: Hi!"}, "several speakers"),
        ({"video": VIDEO, "text": "Ada: Hello. Omar: Hi!"}, "shared out among speakers"),
        ({"video": VIDEO, "image": PICTURE, "text": "Ada: Hello. Omar: Hi!"}, "shared out among speakers"),
        ({"drive": {"replace": True}, "image": PICTURE}, "without a video"),
        ({"drive": {"window": 4}}, "can't share 4"),
        ({"drive": {"window": 33}}, "drive.window can't be 33. Give motion"),
        ({"drive": {"juggle": 1}}, "drive.juggle is not something"),
        ({"avatar": "ada", "video": VIDEO}, "An avatar and a video can't both be the face"),
        ({"drive": {"motion_bucket": 40}}, "films an image that nothing else moves"),
        ({"image": PICTURE, "drive": {"decode_chunk": 4, "motion": "greet"}}, "that nothing else moves"),
        ({"image": PICTURE, "drive": {"decode_chunk": 4}, "backends": {"pose": "ltx2"}}, "that nothing else moves"),
        ({"image": PICTURE, "drive": {"min_guidance": 3.5}}, "can't rise from 3.5 to 3. Make drive.min_guidance"),
        ({"image": PICTURE, "drive": {"min_guidance": 3.5}, "guidance_scale": 2}, "can't rise from 3.5 to 2"),
        ({"image": PICTURE, "drive": {"motion_bucket": 256}}, "drive.motion_bucket can't be 256"),
    ],
)
def test_what_cannot_be_driven_is_found_out_first(tmp_path: Path, wish: dict[str, object], says: str) -> None:
    told = Told(tmp_path)
    with pytest.raises((BadRequest, NotFound), match=says):
        pipeline.render(parse({"text": "Hello.", **wish}), told)
    assert told.asked == []


def test_what_tells_no_language_is_said_in_that_of_the_conversation(tmp_path: Path) -> None:
    text = "Ada: Wie war die Reise nach Bonn? Omar: Prima. Ada: Das ist sehr gut."
    _, told = rendered(tmp_path, text=text)
    said = [brief for name, brief in told.asked if name == "speech"]
    assert [brief.voice for brief in said[:3]] == ["female", "de+m3", "female"], "their own words tell theirs"
    _, told = rendered(tmp_path, text=text, cast={"Omar": {"voice": "en-gb+m1"}})
    assert [brief for name, brief in told.asked if name == "speech"][1].voice == "en-gb+m1"
    _, told = rendered(tmp_path, text="Ada: How was the journey to Bonn? Omar: Prima.")
    assert [brief for name, brief in told.asked if name == "speech"][1].voice == "male"
