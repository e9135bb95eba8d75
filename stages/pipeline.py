"""The whole product told once: which stages a request runs through. Knows no backend and no machine."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from avatar import dialogue, granting
from avatar.artifacts import Clip, Film, Speech, Takes
from avatar.errors import BadRequest, NotFound, StageFailed
from avatar.events import Outcome
from avatar.media import lettering, text
from avatar.request import Ask, Kind
from avatar.script import Script
from avatar.script import parse as parse_script
from avatar.stage import Run, Stage
from stages import conversation, directing, film, likeness, lips, motion, moving, picture, portrait, pose, speech, video
from stages.diffusion import samplers
from stages.diffusion.models import EASELS
from stages.portrait.drawn import looks
from stages.speech import fitness

TALK = (speech.SPEECH, portrait.PORTRAIT, motion.MOTION, pose.POSE, lips.LIPS, film.FILM)
ROUTES: Mapping[Kind, tuple[Stage[Any, Any], ...]] = {
    "talk": TALK,
    "speech": (speech.SPEECH,),
    "video": (video.VIDEO, film.REEL),
    "image": (picture.PICTURE,),
}
"""Which stages a request of each kind runs through, in their order."""
STAGES: tuple[Stage[Any, Any], ...] = (*TALK, picture.PICTURE, video.VIDEO, film.REEL)

SECONDS = 4.0
"""Length of a film made from words, where none was asked for."""
CLOSER = 2.0
"""How much larger than the film footage is kept of which a close view is wanted."""


def route_of(ask: Ask) -> tuple[Stage[Any, Any], ...]:
    """The stages that this request may run through."""
    return (*moving.ROUTE, *ROUTES[ask.kind]) if moving.wanted(ask) else ROUTES[ask.kind]


def render(ask: Ask, run: Run, *, label: str = "") -> Outcome:
    """Make what was asked. Raises `BadRequest`, `Cancelled`, `StorageError`, and `StageFailed` without speech.

    When no picture can be made the outcome is the sound alone, degraded and with the reason, unless the request
    forbids that. `label` is what the house wants to be read in films whose request asks for no label of its own.
    """
    if label and not ask.label:
        ask = ask.model_copy(update={"label": label})
    if ask.kind == "image":
        return Outcome("image", None, None, ask.seed, takes=paint(ask, run))
    if ask.kind == "video":
        return Outcome("video", None, None, ask.seed, takes=shoot(ask, run))
    heard = converse(ask, run)
    said = heard.whole if heard else say(ask, run)
    if ask.kind == "speech":
        return Outcome("audio_only", said, None, ask.seed)
    try:
        shown = conversation.show(ask, heard, run=run) if heard else show(ask, said, run=run)
        return Outcome("video", *shown, ask.seed)
    except StageFailed as failure:
        if not ask.allow_degraded:
            raise
        return Outcome("audio_only", said, None, ask.seed, degraded=True, reason=str(failure))


def known(ask: Ask, look: Callable[[Stage[Any, Any], Any], Any]) -> tuple[str, ...]:
    """The stages of a request whose work is done already: `look` gives what a stage came to, None where it is new."""
    found: list[str] = []

    def seen(stage: Stage[Any, Any], brief: Any) -> Any:
        made = look(stage, brief)
        if made is None:
            raise _NewError
        found.append(stage.name)
        return made

    with suppress(_NewError):
        render(ask, seen)
    if ask.kind == "talk" and portrait.PORTRAIT.name not in found:  # a face does not hang on what is said
        with suppress(_NewError):
            seen(portrait.PORTRAIT, face(ask))
    return tuple(found)


class _NewError(Exception):
    """Nobody has made this yet."""


def unmet(ask: Ask) -> Mapping[tuple[str, str], str]:
    """By stage and backend the wishes of a request for pictures or silent films that one can't grant, in sentences."""
    if ask.speaks:
        return {}
    stage, brief = wished(ask)
    short = {(stage.name, backend.id): granting.unmet(backend, brief) for backend in stage.chain}
    return {name: why for name, why in short.items() if why}


def wished(ask: Ask) -> tuple[Stage[Any, Any], picture.Brief | video.Brief]:
    """The stage that grants the wishes of a request for pictures or silent films, and what it is asked."""
    return (picture.PICTURE, painting(ask)) if ask.kind == "image" else (video.VIDEO, filming(ask))


def painting(ask: Ask) -> picture.Brief:
    """What is to be painted."""
    return picture.Brief(ask.prompt, ask.width, ask.height, ask.seed, ask.variations, ask.sampling)


def filming(ask: Ask) -> video.Brief:
    """What is to be filmed."""
    length = ask.length or SECONDS
    size = ask.width, ask.height
    return video.Brief(ask.prompt, ask.image, length, *size, ask.seed, ask.variations, ask.sampling, ask.video)


def paint(ask: Ask, run: Run) -> Takes:
    """What the words say, as pictures."""
    check(ask)
    return run(picture.PICTURE, painting(ask))


def shoot(ask: Ask, run: Run) -> Takes:
    """What the words, or a picture, come to in motion, as silent films."""
    check(ask)
    wanted = filming(ask)
    moved = moving.filmed(ask, face(ask), wanted.seconds, run) if moving.wanted(ask) else None
    shots = moved or run(video.VIDEO, wanted)
    label = film.label.text(ask.label, ask.language)
    return run(film.REEL, film.Reel(shots, ask.width, ask.height, ask.fps, label))


def converse(ask: Ask, run: Run) -> conversation.Heard | None:
    """What several speakers say to each other; None where one alone speaks."""
    if not ask.turns:
        return None
    check(ask)
    return conversation.hear(ask, run)


def say(ask: Ask, run: Run) -> Speech:
    """What is heard: the asker's recording, else the text in the voice that was asked for or that fits the avatar."""
    script = check(ask)
    if ask.audio:
        said = run(speech.SPEECH, speech.recording(ask.audio, script.text, ask.language))
        return replace(said, notes=(*said.notes, likeness.UNTOLD)) if _random(ask, said) else said
    own = ask.image or ask.dubbed
    guessed = likeness.guessed(ask.prompt, own)
    look = looks.find(ask.avatar) if ask.avatar else likeness.usual(ask.prompt, ask.seed, picture=own, voice=ask.voice)
    voice = likeness.voice_of(look, ask.voice, sure=not guessed)
    pauses = script.silences if ask.kind == "talk" else script.pauses
    wanted = speech.Brief(
        script.text,
        voice,
        ask.rate,
        ask.pitch,
        ask.seed,
        language=ask.language if ask.voice_sample else "",
        reference=ask.voice_sample,
        pauses=pauses,
    )
    said = run(speech.SPEECH, wanted)
    if ask.voice or ask.voice_sample or not guessed:
        return said
    return replace(said, notes=(*said.notes, likeness.NOTE.format(voice=said.voice)))


def _random(ask: Ask, said: Speech) -> bool:
    """Whether nothing tells if a woman is to be seen or a man."""
    bare = ask.kind == "talk" and not (ask.avatar or ask.image or ask.video or likeness.tells(ask.prompt))
    return bare and not likeness.heard(said.pitch)


def check(ask: Ask) -> Script:
    """What is said. What can be refused before anything is made is refused here: `BadRequest`, `NotFound`.

    That is an unknown voice, avatar or backend, a text that the voice can't say, and captions or a label that can't be
    written in the picture.
    """
    _check_backends(ask)
    if ask.dubbed:
        _check_footage(ask)
    if ask.kind == "talk":
        directing.check(ask)
    script = script_of(ask)
    if ask.turns:
        conversation.check(ask)
    if ask.avatar:
        looks.find(ask.avatar)
    if not ask.audio:
        fitness.refuse(ask.voice or "", script.text, ask.language, sample=ask.voice_sample is not None)
    elif ask.voice:
        fitness.refuse(ask.voice, "")
    if ask.kind == "talk" and ask.captions == "burned":
        lettering.check(script.text)
    if ask.kind in ("talk", "video") and ask.label:
        film.label.check(ask.label)
    return script


def _check_footage(ask: Ask) -> None:
    if ask.background != "scene" or ask.backdrop:
        raise BadRequest("Nobody is cut out of a video. Leave its background as it is: scene.")
    if ask.landmarks:
        raise BadRequest("A face that moves can't be marked. Leave landmarks out, and choose it by its number: face.")


def _check_backends(ask: Ask) -> None:
    route = {stage.name: [backend.id for backend in stage.chain] for stage in route_of(ask)}
    for stage, backend in ask.backends.items():
        if stage not in route:
            raise BadRequest(f"A request of kind {ask.kind} has no stage {stage}. It has {', '.join(route)}.")
        if backend not in route[stage]:
            raise NotFound(f"The stage {stage} has no backend {backend}. It has {', '.join(route[stage])}.")
        if backend in EASELS:
            samplers.check(EASELS[backend].limits.family, ask.sampler)


def script_of(ask: Ask) -> Script:
    """What is said, without the directions in it, and these. Raises `BadRequest`.

    Directions are counted in the cleaned text, so that their places are those of the finished speech.
    """
    written = dialogue.plain(ask.text)
    script = parse_script(written)
    return parse_script(text.clean(written)) if script.cues or script.pauses else script


def show(ask: Ask, said: Speech, *, run: Run) -> tuple[Speech, Film]:
    """The avatar saying it, and what it says at the times that its lips have found out."""
    live, seed = ask.motion, ask.seed
    who = run(portrait.PORTRAIT, face(ask, said))
    base = motion.Brief(
        who, said.seconds, ask.fps, seed, live.head, live.blink, live.gaze, ask.sampling, directing.happening(ask)
    )
    base = replace(base, driven=directing.driven(ask), conditioning=ask.drive.conditioning)
    if ask.dubbed:
        nearer = ask.zoom * (CLOSER if ask.framing == "close" else 1.0)
        kept = round(ask.width * nearer), round(ask.height * nearer)
        base = replace(base, video=ask.dubbed, face=ask.face, film=kept)
    moving = run(motion.MOTION, base)
    acting = pose.Acting(ask.expression, script_of(ask).cues)
    asked = pose.Brief(moving, said, seed, live.head, live.expression, live.gaze, acting)
    asked = replace(asked, backend=directing.actor(ask), sampling=ask.sampling)
    posed = run(pose.POSE, replace(asked, driving=directing.driving(ask), shooting=directing.shooting(ask)))
    spoken = run(lips.LIPS, lips.Brief(posed, said, seed))
    timed = spoken.speech or said
    return timed, run(film.FILM, film_of(ask, spoken, timed))


def film_of(ask: Ask, spoken: Clip, said: Speech) -> film.Brief:
    """How the film is to be drawn."""
    scenery = film.Scenery(ask.background, ask.backdrop, ask.framing, ask.zoom)
    label = film.label.text(ask.label, said.language or ask.language)
    return film.Brief(spoken, said, ask.width, ask.height, ask.captions, scenery, label)


def face(ask: Ask, said: Speech | None = None) -> portrait.Brief:
    """Whose face is wanted; what does not matter for it is left out, so that the same face is not made twice.

    One that nobody chose fits the voice that was asked for, or is heard in the recording that was `said`.
    """
    if ask.dubbed:
        return portrait.Brief(None, "", 0, face=ask.face, video=ask.dubbed)
    if ask.image:
        marks = portrait.Marks(**ask.landmarks.model_dump()) if ask.landmarks else None
        return portrait.Brief(None, "", 0, ask.image, ask.face, marks, whole=ask.framing == "whole")
    if ask.avatar:
        return portrait.Brief(ask.avatar, "", 0)
    gender = likeness.heard(said.pitch) if ask.audio and said else likeness.gender(ask.voice)
    return portrait.Brief(None, ask.prompt, ask.seed, sampling=ask.sampling, gender=gender)
