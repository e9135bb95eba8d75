"""The whole product told once: which stages a request runs through. Knows no backend and no machine."""

from avatar.artifacts import Film, Speech
from avatar.errors import StageFailed
from avatar.events import Outcome
from avatar.media import lettering
from avatar.request import TalkRequest
from avatar.stage import Run
from stages import film, lips, motion, portrait, pose, speech
from stages.portrait import drawn
from stages.portrait.drawn import looks

STAGES = (speech.SPEECH, portrait.PORTRAIT, motion.MOTION, pose.POSE, lips.LIPS, film.FILM)


def render(ask: TalkRequest, run: Run) -> Outcome:
    """Make what was asked. Raises `BadRequest`, `Cancelled`, `StorageError`, and `StageFailed` without speech.

    When no picture can be made the outcome is the sound alone, degraded and with the reason, unless the request
    forbids that.
    """
    said = say(ask, run)
    if ask.kind == "speech":
        return Outcome("audio_only", said, None, ask.seed)
    try:
        return Outcome("video", said, show(ask, said, run=run), ask.seed)
    except StageFailed as failure:
        if not ask.allow_degraded:
            raise
        return Outcome("audio_only", said, None, ask.seed, degraded=True, reason=str(failure))


def say(ask: TalkRequest, run: Run) -> Speech:
    """What is heard: the asker's recording, else the text in the voice that was asked for or that fits the avatar.

    An unknown avatar and captions that can't be burned are found out here, before anything is made.
    """
    if ask.kind == "talk" and ask.captions == "burned":
        lettering.check(ask.text)
    if ask.audio:
        return run(speech.SPEECH, speech.recording(ask.audio, ask.text, ask.language))
    look = looks.find(ask.avatar) if ask.avatar else drawn.choose(ask.prompt, ask.seed)
    return run(speech.SPEECH, speech.Brief(ask.text, ask.voice or look.voice, ask.rate, ask.pitch, ask.seed))


def show(ask: TalkRequest, said: Speech, *, run: Run) -> Film:
    """The avatar saying it."""
    live, seed = ask.motion, ask.seed
    who = run(portrait.PORTRAIT, face(ask))
    moving = run(motion.MOTION, motion.Brief(who, said.seconds, ask.fps, seed, live.head, live.blink, live.gaze))
    posed = run(pose.POSE, pose.Brief(moving, said, seed, live.head, live.expression, live.gaze))
    spoken = run(lips.LIPS, lips.Brief(posed, said, seed))
    return run(film.FILM, film.Brief(spoken, said, ask.width, ask.height, ask.captions))


def face(ask: TalkRequest) -> portrait.Brief:
    """Whose face is wanted; what does not matter for it is left out, so that the same face is not made twice."""
    if ask.image:
        marks = portrait.Marks(**ask.landmarks.model_dump()) if ask.landmarks else None
        return portrait.Brief(None, "", 0, ask.image, ask.face, marks)
    return portrait.Brief(ask.avatar, "", 0) if ask.avatar else portrait.Brief(None, ask.prompt, ask.seed)
