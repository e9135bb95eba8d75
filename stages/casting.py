"""Who plays whom: a face and a voice for each speaker of a script. Knows no stage's work and no sound.

A speaker who is named like an avatar of the gallery is that one; others without a face get avatars that nobody else
has, women and men by turns. Two who would sound alike are told apart by their pitch.
"""

from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256

from avatar.allowed import SEEDS
from avatar.artifacts import Blob
from avatar.request import Ask
from avatar.roles import Role
from stages import likeness
from stages.portrait.drawn import looks
from stages.portrait.drawn.looks import Look

APART = (0.0, -2.5, 2.5, -4.5)
"""Semitones for the first, second ... speaker of one voice."""


@dataclass(frozen=True, slots=True)
class Player:
    """One speaker of a film: whose face, whose voice, and the seed of all that is random in them.

    `avatar`, `image` and `prompt` say whose face: the first that is given. `sample` is a voice to speak in, `gender`
    that of the voice that was asked for. `guessed` says that nothing told which voice the face has.
    """

    name: str
    seed: int
    voice: str
    rate: float
    pitch: float
    avatar: str | None = None
    image: Blob | None = None
    prompt: str = ""
    sample: Blob | None = None
    gender: str = ""
    guessed: bool = False


def players(ask: Ask) -> tuple[Player, ...]:
    """Who plays the speakers of `ask`, in the order in which they begin to speak. Raises `NotFound`."""
    names = tuple(dict.fromkeys(turn.speaker for turn in ask.turns))
    roles = {name: _own(ask, ask.cast.get(name, Role()), first=name == names[0]) for name in names}
    faces = _faces(roles, ask.seed)
    found: list[Player] = []
    for name in names:
        role, seed = roles[name], seed_of(ask.seed, name) if found else ask.seed
        avatar = faces.get(name) or role.avatar
        guessed = likeness.guessed(role.prompt, role.image)
        look = looks.find(avatar) if avatar else likeness.usual(role.prompt, seed, picture=role.image, voice=role.voice)
        one = Player(
            name,
            seed,
            likeness.voice_of(look, role.voice, sure=not guessed),
            ask.rate if role.rate is None else role.rate,
            ask.pitch if role.pitch is None else role.pitch,
            avatar,
            role.image,
            role.prompt,
            None if found else ask.voice_sample,
            likeness.gender(role.voice),
            guessed and not role.voice and not (ask.voice_sample and not found),
        )
        chosen = role.voice or role.pitch is not None or one.sample
        found.append(one if chosen else _apart(one, found))
    return tuple(found)


def seed_of(seed: int, name: str) -> int:
    """Another seed for each name, the same for the same seed and name."""
    return int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8], "big") % SEEDS


def _own(ask: Ask, role: Role, *, first: bool) -> Role:
    """The role, with what the request itself says of face and voice where this is the first speaker's."""
    if not first:
        return role
    bare = not (role.avatar or role.image or role.prompt)
    face = {"avatar": ask.avatar, "image": ask.image, "prompt": ask.prompt} if bare else {}
    return role.model_copy(update={**face, "voice": role.voice or ask.voice})


def _faces(roles: dict[str, Role], seed: int) -> dict[str, str]:
    """Avatars for those who have no face."""
    known = {key: look for look in looks.gallery() for key in (look.id.casefold(), look.name.casefold())}
    taken = {looks.find(role.avatar).id for role in roles.values() if role.avatar}
    found: dict[str, Look] = {}
    bare = [name for name, role in roles.items() if not (role.avatar or role.image or role.prompt)]
    for name in bare:
        look = known.get(name.casefold())
        if look is not None and look.id not in taken:
            found[name] = look
            taken.add(look.id)
    genders = Counter(looks.find(avatar).gender for avatar in taken)
    for name in bare:
        if name not in found:
            free = [look for look in looks.gallery() if look.id not in taken]
            heard = likeness.gender(roles[name].voice)
            fitting = [look for look in free if look.gender == heard] or free
            found[name] = min(fitting, key=lambda look: (genders[look.gender], seed_of(seed, look.id)))
            taken.add(found[name].id)
            genders[found[name].gender] += 1
    return {name: look.id for name, look in found.items()}


def _apart(one: Player, others: list[Player]) -> Player:
    """The player, lower or higher than others with the same voice."""
    alike = sum(other.voice == one.voice for other in others)
    return replace(one, pitch=max(-12.0, min(12.0, one.pitch + APART[alike])))
