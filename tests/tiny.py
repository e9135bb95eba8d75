"""A whole product of a few bytes: the real pipeline, engine, store and jobs over backends that only pretend."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.artifacts import Blob, Clip, Eye, Face, Film, Footage, Footages, Motion, Portrait, Speech, Take, Takes
from avatar.engine import Engine
from avatar.errors import NotFound, Unavailable
from avatar.events import Outcome
from avatar.explain import explain
from avatar.gallery import AvatarCard, VoiceCard
from avatar.jobs.direct import DirectJobs
from avatar.jobs.service import House
from avatar.planner import plan
from avatar.quality.figures import Certificate
from avatar.request import Ask
from avatar.stage import Context, Run, Stage
from avatar.store import FolderStore
from avatar.testing import FakeBackend, refusing, scripted_machine
from stages import film, lips, motion, picture, pipeline, portrait, pose, speech, video

SPOKEN = b"RIFF spoken"
DIGEST = "0" * 64


def face() -> Face:
    """Landmarks at plausible places of a 64 x 64 picture."""
    lip = tuple((27.0 + x, 42.0) for x in range(11))
    line = tuple((20.0 + x, 28.0) for x in range(9))
    eye = Eye(line, line, (24.0, 28.0), 2.0, line)
    jaw = tuple((16.0 + 2 * x, 40.0) for x in range(17))
    return Face(lip, lip, lip, lip, eye, eye, line, jaw, (32.0, 16.0))


def a_portrait(image: Blob | None = None) -> Portrait:
    """A portrait with landmarks and no layers."""
    return Portrait(image or Blob(DIGEST, "image/png", 1), (), face(), 64, 64, "drawn", "nobody")


def kept(context: Context, text: str | bytes, media_type: str = "text/plain") -> Blob:
    """These bytes, in the store."""
    path = context.scratch() / "file"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return context.keep(path, media_type)


def say(brief: speech.Brief, context: Context) -> Speech:
    """One second of nothing much."""
    return Speech(kept(context, SPOKEN, "audio/wav"), kept(context, brief.text), 1.0, 22050, brief.voice)


def draw(brief: portrait.Brief, context: Context) -> Portrait:
    """Nobody in particular."""
    return a_portrait(kept(context, f"picture of {brief.avatar}", "image/png"))


def move(brief: motion.Brief, context: Context) -> Clip:
    """No motion, for the right number of frames."""
    return Clip(brief.portrait, Motion(kept(context, "tracks"), brief.fps, round(brief.seconds * brief.fps)))


def keep_clip(brief: pose.Brief | lips.Brief, _context: Context) -> Clip:
    """The clip as it was."""
    return brief.clip


def paint(brief: picture.Brief, context: Context) -> Takes:
    """A picture for each seed, whose bytes say what is to be seen."""
    still = kept(context, "still", "image/jpeg")
    seeds = range(brief.seed, brief.seed + brief.variations)
    shown = [kept(context, f"picture of {brief.prompt} by {seed}", "image/png") for seed in seeds]
    takes = [Take(file, still, brief.width, brief.height, seed) for file, seed in zip(shown, seeds, strict=True)]
    return Takes(tuple(takes), kept(context, "sheet", "image/png") if len(takes) > 1 else None)


def shoot(brief: video.Brief, context: Context) -> Footages:
    """A shot for each seed, whose bytes say what is to be seen."""
    seeds = range(brief.seed, brief.seed + brief.variations)
    frames = round(brief.seconds * 25)
    return Footages(
        tuple(
            Footage(
                kept(context, f"shot of {brief.prompt} by {seed}"), brief.width, brief.height, 25, frames, seed=seed
            )
            for seed in seeds
        )
    )


def project(reel: film.Reel, context: Context) -> Takes:
    """A silent film of each shot."""
    still = kept(context, "still", "image/jpeg")
    takes = [
        Take(
            kept(context, f"film of {context.path(shot.video).read_text()}", "video/mp4"),
            still,
            reel.width,
            reel.height,
            shot.seed,
            reel.fps,
            shot.frames,
            shot.seconds,
        )
        for shot in reel.footages.shots
    ]
    return Takes(tuple(takes), kept(context, "sheet", "image/png") if len(takes) > 1 else None)


@dataclass(frozen=True)
class Tiny:
    """Which parts of the product fail, and what happens before the film is drawn."""

    speech: Exception | None = None
    pose: Exception | None = None
    better_lips: Exception | None = None
    before_film: Callable[[Context], None] = lambda context: None

    def stage(self, stage: Stage[Any, Any]) -> Stage[Any, Any]:
        """The same slot, filled with a pretender."""
        does: dict[str, Callable[[Any, Context], Any]] = {
            "speech": say, "portrait": draw, "motion": move, "pose": keep_clip, "lips": keep_clip, "film": self.encode,
            "picture": paint, "video": shoot, "reel": project,
        }  # fmt: skip
        chain: list[FakeBackend[Any, Any]] = [FakeBackend("tiny", does[stage.name])]
        if stage.name == "speech" and self.speech:
            chain = [refusing("tiny", self.speech)]
        if stage.name == "pose" and self.pose:
            chain = [refusing("tiny", self.pose)]
        if stage.name == "lips" and self.better_lips:
            chain.insert(0, refusing("better", self.better_lips))
        return replace(stage, chain=tuple(chain))

    def encode(self, brief: film.Brief, context: Context) -> Film:
        """A film whose bytes say what is said in it."""
        self.before_film(context)
        context.step(1, 1)
        words = context.path(brief.speech.utterance).read_text()
        srt, vtt, times, csv, rig = (kept(context, name) for name in ("srt", "vtt", "words", "csv", "rig"))
        video, still = kept(context, f"film of {words}", "video/mp4"), kept(context, "still", "image/jpeg")
        track = brief.clip.motion
        return Film(
            video,
            still,
            srt,
            vtt,
            times,
            csv,
            rig,
            brief.width,
            brief.height,
            track.fps,
            track.frames,
            brief.speech.seconds,
        )

    def render(self, ask: Ask, run: Run) -> Outcome:
        """The real pipeline over pretenders."""

        def tiny_run(stage: Stage[Any, Any], brief: Any, /) -> Any:
            return run(self.stage(stage), brief)

        return pipeline.render(ask, tiny_run)


def draw_all(path: Path) -> None:
    """All one avatar there is."""
    path.write_bytes(b"PNG")


def draw_one(avatar: str) -> bytes:
    """The one avatar there is."""
    if avatar != "ada":
        raise NotFound(f"There is no avatar {avatar}. Choose ada.")
    return b"WEBP"


def speak_one(voice: str) -> bytes:
    """How the two voices sound, one of which is not here."""
    if voice not in ("en-us", "de"):
        raise NotFound(f"There is no voice {voice}. Choose en-us.")
    if voice == "de":
        raise Unavailable("The voice de can't speak here. Fetch its weights.")
    return b"RIFF"


def tiny_house() -> House:
    """Two voices, one avatar, a plan for a small machine, and a certificate that always passes."""
    made = plan(
        [Tiny().stage(stage) for stage in pipeline.STAGES], machine=scripted_machine(), catalogue={}, installed={}
    )
    return House(
        voices=lambda: (VoiceCard("en-us", "American", "en-us", "male"), VoiceCard("de", "German", "de", "unknown")),
        avatars=lambda: (AvatarCard("ada", "Ada", "nobody in particular", "female"),),
        plan=lambda _ask: made,
        explain=lambda: explain(made),
        sheet=draw_all,
        portrait=draw_one,
        sample=speak_one,
        verify=lambda path: None,
        licences=lambda outcome: (),
        check=lambda ask: None,
        examine=lambda path, kind: "image/png" if kind == "image" else "audio/wav",
        certify=lambda path, rig: Certificate(path.stat().st_size > 0, DIGEST, "rig" if rig else "none", ()),
    )


def tiny_jobs(folder: Path, tiny: Tiny | None = None) -> DirectJobs:
    """Jobs over the tiny product, stored below `folder`."""
    engine = Engine(FolderStore(folder / "store", budget=10**6))
    return DirectJobs(engine, render=(tiny or Tiny()).render, house=tiny_house())
