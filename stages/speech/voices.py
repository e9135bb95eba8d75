"""The voices: which there are, which of the built-in synthesiser's is meant, which fits.

Knows nothing of text and sound. A built-in voice's id is a language tag, with or without a timbre: `en-us`, `en-gb+f3`,
`de+m2`; for a neural one, such as `speecht5/bdl`, the built-in one that comes nearest is chosen here.
"""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from avatar.errors import NotFound
from stages.speech import neural

if TYPE_CHECKING:
    from stages.speech.espeak.library import Row

Gender = Literal["female", "male", ""]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice. A timbre (`+f3`) has no language of its own and goes with each of them."""

    id: str
    name: str
    language: str
    gender: Gender
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a voice id asks for: a language (empty: that of the text) and a timbre (empty: the language's own)."""

    language: str
    variant: str


_TIMBRES = {
    ("female", "child"): "Annie", ("female", "young"): "f3", ("female", ""): "f2", ("female", "old"): "f1",
    ("male", "child"): "Annie", ("male", "young"): "m3", ("male", ""): "m3", ("male", "old"): "m1",
}  # fmt: skip
_HINTS: tuple[tuple[Gender, str], ...] = (
    ("female", r"female|woman|women|girl|lady|she|her|mother|mum|mom|aunt|queen|actress|f"),
    ("male", r"male|man|men|boy|gentleman|he|his|father|dad|uncle|king|actor|m"),
)
_AGES = (
    ("old", r"old|elder|elderly|senior|aged|grandma|grandpa|grandmother|grandfather|granny"),
    ("child", r"child|kid|boy|girl|little"),
    ("young", r"young|teen|teenager|student"),
)
_GRAND: dict[str, Gender] = {
    "grandma": "female", "grandmother": "female", "granny": "female", "grandpa": "male", "grandfather": "male",
}  # fmt: skip


_GENDER: dict[int, Gender] = {1: "male", 2: "female"}
_MUTE = ("fo", "kaa", "xex")  # listed by espeak-ng, but their dictionaries are not in the package
_USUAL = {"en": "en-us", "fr": "fr-fr", "pt": "pt-br", "es": "es", "zh": "cmn", "no": "nb", "hy": "hy"}


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple["Row", ...], tuple["Row", ...]]:
    from stages.speech.espeak.library import Synthesiser

    with Synthesiser() as synthesiser:
        languages = tuple(row for row in synthesiser.voices() if row.tags[0] not in _MUTE)
        return languages, synthesiser.voices("variant")


def voices() -> tuple[Voice, ...]:
    """Neural voices, every language's voice, every timbre. Raises Unavailable when the synthesiser is not installed."""
    return (*(Voice(one.id, one.name, one.language, one.gender) for one in neural.SPEAKERS), *_built_in())


@lru_cache(maxsize=1)
def _built_in() -> tuple[Voice, ...]:
    spoken: dict[str, Voice] = {}
    for row in _rows()[0]:
        tag = row.tags[0] if row.tags[0] not in spoken else _stem(row.file).lower()
        spoken[tag] = Voice(tag, row.name, tag, _GENDER.get(row.gender, ""))
    timbres = (
        Voice(f"+{_stem(row.file)}", row.name, "", _GENDER.get(row.gender, ""), _stem(row.file)) for row in _rows()[1]
    )
    return (*spoken.values(), *timbres)


def file_of(language: str, variant: str) -> str:
    """The name under which espeak-ng finds a voice for sure: the path of its file, and its timbre."""
    files = {voice.language: row.file for voice, row in zip(_built_in(), _rows()[0], strict=False)}
    return f"{files[language]}+{variant}" if variant else files[language]


def _stem(file: str) -> str:
    return file.rsplit("/", 1)[-1]


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, str], dict[str, str]]:
    """Names as people write them -> language ids, and -> timbres."""
    spoken = [voice for voice in _built_in() if voice.language]
    timbres = [voice for voice in _built_in() if voice.variant]
    languages = {voice.language: voice.language for voice in spoken} | _USUAL
    for voice, row in zip(spoken, _rows()[0], strict=True):
        for name in (*row.tags, _plain(voice.name)):
            languages.setdefault(name, voice.language)
    variants = {_plain(voice.variant): voice.variant for voice in timbres}
    for voice in timbres:
        variants.setdefault(_plain(voice.name), voice.variant)
    return languages, variants


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "-", name.strip().lower())


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"Did you mean {', '.join(near)}?" if near else "`voices` lists them all."


def hinted(hint: str) -> tuple[Gender, str]:
    """Gender and age in the words of a hint such as "old woman"; empty where it does not say."""
    words = re.findall(r"[a-z]+", hint.lower())
    told: Gender = next((whose for whose, pattern in _HINTS for word in words if re.fullmatch(pattern, word)), "")
    told = next((_GRAND[word] for word in words if word in _GRAND), told)
    age = next((age for age, pattern in _AGES for word in words if re.fullmatch(pattern, word)), "")
    return told, age


def choose(voice: str) -> Choice:
    """What a voice id, a timbre alone (`+f3`), a hint ("old woman") or nothing asks for.

    Raises NotFound, with the nearest names, when there is no such voice.
    """
    if neural.named(voice):
        return choose(neural.find(voice).built_in)
    name, plus, variant = voice.strip().partition("+")
    languages, timbres = _index()
    if not plus and name and _plain(name) not in languages:
        if any(hinted(name)):
            return Choice("", timbre(name))
        if _plain(name) in timbres:
            return Choice("", timbres[_plain(name)])
    if name and _plain(name) not in languages:
        raise NotFound(f"There is no voice {voice[:80]!r}. {_near(_plain(name), list(languages))}")
    if plus and _plain(variant) not in timbres:
        raise NotFound(f"There is no timbre {variant[:80]!r}. {_near(_plain(variant), list(timbres))}")
    return Choice(languages.get(_plain(name), ""), timbres.get(_plain(variant), ""))


def gender(voice: str) -> Gender:
    """Whose voice an id or a hint asks for; empty where it does not say. Raises `NotFound` as `choose` does."""
    if neural.named(voice):
        return neural.find(voice).gender
    if left_open(voice):
        return hinted(voice)[0]
    asked = choose(voice)
    return next(one.gender for one in _built_in() if (asked.variant or asked.language) in (one.variant, one.language))


def bare(voice: str) -> bool:
    """Whether it names a built-in language and no timbre, as `de` does. Raises `NotFound` as `choose` does."""
    if neural.named(voice) or left_open(voice):
        return False
    asked = choose(voice)
    return bool(asked.language) and not asked.variant


def left_open(voice: str) -> bool:
    """Whether it names no voice but says at most what kind of person speaks, as "old woman" does."""
    if not voice.strip():
        return True
    return bool(re.fullmatch(r"[A-Za-z ]+", voice)) and _plain(voice) not in _index()[0] and any(hinted(voice))


def timbre(hint: str) -> str:
    """The best sounding timbre for a hint such as "female", "old man", "child"; empty when it says neither."""
    whose, age = hinted(hint)
    if not whose and not age:
        return ""
    return _TIMBRES[whose or "female", age]


def fitting(hint: str, language: str) -> str:
    """The voice id for a hint in a language, e.g. `fitting("old woman", "de")`.

    Raises NotFound when there is no such language.
    """
    found = choose(language).language
    variant = timbre(hint)
    return f"{found}+{variant}" if variant else found


def among(voice: str, language: str) -> str:
    """The voice for a text that tells no language among others in this one. Raises `NotFound` as `choose` does."""
    if neural.named(voice):
        return voice
    if left_open(voice):
        return fitting(voice, language)
    asked = choose(voice)
    return voice if asked.language else f"{language}+{asked.variant}"
