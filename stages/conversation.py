"""A film in which several people talk with each other, told once. Knows no backend and no machine.

Each speaker has a portrait, a motion, a pose and lips over the whole length, and is silent while others speak.
"""

from dataclasses import dataclass, replace

from avatar.artifacts import Clip, Film, Speech
from avatar.media import lettering, text
from avatar.request import Ask
from avatar.script import Cue, Script, count
from avatar.script import parse as parse_script
from avatar.stage import Run
from stages import film, likeness, lips, motion, portrait, pose, speech
from stages.casting import Player, players
from stages.speech import fitness, languages, voices

WIDE = 1.5
"""Times as wide as high from which on a film shows two speakers side by side, where nobody asks for a layout."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said: the whole, each player's own part with silence around it, and the directions in it."""

    whole: Speech
    cast: tuple[Player, ...]
    own: tuple[Speech, ...]
    cues: tuple[tuple[Cue, ...], ...]


def check(ask: Ask) -> tuple[Player, ...]:
    """Who plays whom. What can be refused before anything is made is refused here: `BadRequest`, `NotFound`."""
    cast = players(ask)
    scripts = [script_of(turn.text) for turn in ask.turns]
    for one in cast:
        if one.voice:
            own = " ".join(
                script.text for turn, script in zip(ask.turns, scripts, strict=True) if turn.speaker == one.name
            )
            fitness.refuse(one.voice, own, ask.language, sample=one.sample is not None)
    if ask.kind == "talk" and ask.captions == "burned":
        lettering.check("".join((*(one.name for one in cast), *(script.text for script in scripts))))
    return cast


def script_of(turn: str) -> Script:
    """What is said in a turn, its directions counted in the cleaned text. Raises `BadRequest`."""
    script = parse_script(turn)
    return parse_script(text.clean(turn)) if script.cues or script.pauses else script


def hear(ask: Ask, run: Run) -> Heard:
    """All that is said, turn by turn: a turn that was said before is not said anew."""
    cast = {one.name: one for one in check(ask)}
    parts: list[speech.Part] = []
    cues: dict[str, list[Cue]] = {name: [] for name in cast}
    letters = dict.fromkeys(cast, 0)
    language = languages.told(" ".join(script_of(turn.text).text for turn in ask.turns))
    for turn in ask.turns:
        script, one = script_of(turn.text), cast[turn.speaker]
        said = run(speech.SPEECH, _brief(ask, one, script, among=language))
        parts.append(speech.Part(one.name, said))
        cues[one.name] += [Cue(cue.at + letters[one.name], cue.act, cue.delay) for cue in script.cues]
        letters[one.name] += count(text.clean(script.text))
    whole = run(speech.SPEECH, speech.together(tuple(parts)))
    told = {part.speaker: part.speech.voice for part in reversed(parts)}
    unasked = tuple(f"{name}: {likeness.NOTE.format(voice=told[name])}" for name, one in cast.items() if one.guessed)
    whole = replace(whole, notes=(*whole.notes, *unasked))
    own = tuple(run(speech.SPEECH, speech.together(tuple(parts), only=name)) for name in cast)
    return Heard(whole, tuple(cast.values()), own, tuple(map(tuple, cues.values())))


def show(ask: Ask, heard: Heard, *, run: Run) -> tuple[Speech, Film]:
    """The players saying it to each other, and what is heard."""
    live, layout = ask.motion, layout_of(ask, len(heard.cast))
    sides = film.directions(len(heard.cast), layout, (ask.width, ask.height))
    spoken: list[Clip] = []
    for place, (one, own) in enumerate(zip(heard.cast, heard.own, strict=True)):
        who = run(portrait.PORTRAIT, face(ask, one))
        brief = motion.Brief(who, heard.whole.seconds, ask.fps, one.seed, live.head, live.blink, live.gaze)
        moving = run(motion.MOTION, brief)
        acting = pose.Acting(ask.expression, heard.cues[place])
        others = tuple(
            pose.Partner(heard.own[other], sides[place][other]) for other in range(len(heard.cast)) if other != place
        )
        posed = run(pose.POSE, pose.Brief(moving, own, one.seed, live.head, live.expression, live.gaze, acting, others))
        spoken.append(run(lips.LIPS, lips.Brief(posed, own, one.seed)))
    return heard.whole, run(film.FILM, film_of(ask, tuple(spoken), heard.whole, layout))


def layout_of(ask: Ask, speakers: int) -> film.Layout:
    """How the speakers are shown: as it was asked, else side by side where two have room for that."""
    if ask.layout != "auto":
        return ask.layout
    return "side_by_side" if speakers == 2 and ask.width >= WIDE * ask.height else "cut"


def film_of(ask: Ask, spoken: tuple[Clip, ...], said: Speech, layout: film.Layout) -> film.Brief:
    """How the film is to be drawn."""
    scenery = film.Scenery(ask.background, ask.backdrop, ask.framing, ask.zoom)
    label = film.label.text(ask.label, said.language or ask.language)
    first, *others = spoken
    return film.Brief(first, said, ask.width, ask.height, ask.captions, scenery, label, tuple(others), layout)


def face(ask: Ask, one: Player) -> portrait.Brief:
    """Whose face is wanted for a player."""
    if one.avatar:
        return portrait.Brief(one.avatar, "", 0)
    if one.image is None:
        return portrait.Brief(None, one.prompt, one.seed, gender=one.gender)
    own = one.image == ask.image
    marks = portrait.Marks(**ask.landmarks.model_dump()) if own and ask.landmarks else None
    number = ask.face if own else 0
    return portrait.Brief(None, "", 0, one.image, number, marks, whole=ask.framing == "whole")


def _brief(ask: Ask, one: Player, script: Script, *, among: str) -> speech.Brief:
    """`among` is the language of the conversation, for what is too short to tell its own."""
    unsure = among not in ("", languages.USUAL) and not one.sample and not languages.told(script.text)
    return speech.Brief(
        script.text,
        voices.among(one.voice, among) if unsure else one.voice,
        one.rate,
        one.pitch,
        one.seed,
        language=ask.language if one.sample else "",
        reference=one.sample,
        pauses=script.silences if ask.kind == "talk" else script.pauses,
    )
