"""Movement that goes with speech, as tracks along which a flat picture is warped. Knows neither voice nor pixels."""

from dataclasses import dataclass, replace

import numpy as np

from avatar import records
from avatar.artifacts import Clip, Motion, Speech, Utterance
from avatar.face import acting, blinks, expression, gaze, head_motion, leaning, life, listening, pose, prosody, tracks
from avatar.face.listening import Other
from avatar.face.noise import Grid
from avatar.face.tracks import COLUMN, Track
from avatar.stage import Context, Mode, Needs, Placement
from stages.pose.brief import Acting, Brief

CALM = Acting()
BLINK_REACH = 0.5
"""Seconds that a blink waits or hurries to fall on a phrase's edge."""


@dataclass(frozen=True, slots=True)
class Warp:
    """The floor: needs nothing but the speech's own times."""

    id: str = "warp"
    version: str = "6"
    needs: Needs = Needs(modes=(Mode(pace=0.002),))

    def load(self, _placement: Placement, /) -> "Performer":
        """There is nothing to load."""
        return Performer()


class Performer:
    """Lays speaking movement over a clip's motion."""

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with head, gaze, brows and breath that go with the speech; one with footage as it is.

        Raises `BadOutput` for a broken track.
        """
        context.step(0, 1)
        if brief.clip.footage is not None:  # it moves as it was filmed, and nothing can turn its head
            return brief.clip
        track, _ = spoken(brief, context)
        path = context.scratch() / "pose.npy"
        tracks.write(path, track)
        blob = context.keep(path, "application/x-npy")
        context.step(1, 1)
        return replace(brief.clip, motion=Motion(tracks=blob, fps=brief.clip.motion.fps, frames=len(track)))


def spoken(brief: Brief, context: Context) -> tuple[Track, Utterance]:
    """The clip's track moving as its speech wants it, and what is said. Raises `BadOutput` for a broken track."""
    motion = brief.clip.motion
    still = tracks.read(context.path(motion.tracks))
    if brief.speech is None:
        return still, Utterance(len(still) / motion.fps, "", "", (), (), exact=True)
    utterance = _said(brief.speech, context)
    track = speaking(
        still,
        motion.fps,
        utterance,
        seed=brief.seed,
        head=brief.head,
        express=brief.expression,
        look=brief.gaze,
        played=brief.acting,
        others=tuple(Other(_said(partner.speech, context), partner.towards) for partner in brief.partners),
    )
    return track, utterance


def _said(speech: Speech, context: Context) -> Utterance:
    return records.load(Utterance, context.path(speech.utterance).read_bytes())


def speaking(
    track: Track,
    fps: int,
    utterance: Utterance,
    *,
    seed: int,
    head: float,
    express: float,
    look: float,
    played: Acting = CALM,
    others: tuple[Other, ...] = (),
) -> Track:
    """A copy of `track` that moves with the utterance, attends to the others and plays what the script asks for.

    Amounts: 0 none, 1 natural, 2 twice; no `express` stills the face, and no `head` and `look` what is played there.
    """
    grid = Grid(len(track), fps)
    spoken = prosody.phrases(utterance)
    asked = acting.prepared(grid, acting.moments(played.cues, utterance), mood=played.mood, seed=seed)
    heeds = listening.attention(grid, utterance, others, seed=seed) if others else None
    looked = gaze.read(track) * expression.attention(grid, spoken)[:, None]
    edges = np.asarray([edge for phrase in spoken for edge in (phrase.start - 0.10, phrase.end - 0.04)])
    result = blinks.moved(track, grid, towards=edges, reach=BLINK_REACH)
    glances = expression.glances(spoken, seed=seed)
    follow = look * head * (gaze.following(grid, glances) + gaze.following(grid, acting.glances(asked)))
    leans = leaning.shifts(grid, spoken, seed=seed)
    for name, values in (head_motion.speaking(grid, spoken, seed=seed) | leans).items():
        result[:, COLUMN[name]] += head * values
    result[:, COLUMN["headYaw"]] += follow[:, 0]
    result[:, COLUMN["headPitch"]] += follow[:, 1]
    for name, values in acting.head(grid, asked).items():
        result[:, COLUMN[name]] += head * values
    if heeds is not None:
        looked = heeds.idle[:, None] * looked + look * heeds.look
        result[:, COLUMN["headYaw"]] += head * look * heeds.head[:, 0]
        result[:, COLUMN["headPitch"]] += head * (look * heeds.head[:, 1] - heeds.nods)
    head_motion.limited(result, leaning.LIMIT, amount=head)
    result[:, COLUMN["headRoll"]] += leaning.tilt(result, pose.SEAT)
    head_motion.limited(result, amount=head)
    seen = looked + look * gaze.away(grid, glances)
    gaze.write(result, seen if asked.still else acting.eyes(grid, asked, seen, amount=look))
    result[:, [COLUMN[name] for name in life.EXPRESSION]] *= express
    expression.speak(result, grid, spoken, seed=seed, amount=express)
    listening.listen(result, grid, others, seed=seed, amount=express)
    acting.face(result, grid, asked, utterance, seed=seed, amount=express)
    expression.breathe(result, grid, spoken)
    return result
