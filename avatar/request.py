"""What may be asked, and the one place where it is parsed. Knows neither voices nor avatars nor who will make it.

`parse` turns foreign data into a `Ask` or raises `BadRequest` in one sentence that says what to do.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from avatar import colours, dialogue, roles
from avatar.artifacts import Blob
from avatar.errors import BadRequest, TooLarge
from avatar.script import EXPRESSIONS, Expression, Script
from avatar.script import parse as parse_script

T = TypeVar("T")
MAX_TEXT = 30_000  # characters, about half an hour of speech
MAX_PROMPT = 2_000
MAX_LABEL = 60
SHORT_SIDE = (256, 1080)
LONG_SIDE = 1920
SLIMMEST = 2.4  # times as long as short, as the longest phones are
SEEDS = 2**32
GROUNDS = ("scene", "blur", "transparent")
SHOWN = 40  # characters of a wrong value that a refusal quotes

HOW = {
    "text": "Give the text as a string.",
    "voice": "Give the id of a voice; `python -m avatar voices` lists them.",
    "avatar": "Give the id of an avatar; `python -m avatar avatars` lists them.",
    "prompt": f"Give a string of at most {MAX_PROMPT} characters.",
    "language": "Use a tag such as en or pt-br.",
    "face": "Use 0 for the largest face in the picture, 1 for the next.",
    "landmarks": "Give right_eye, left_eye, right_mouth, left_mouth and chin, each as [x, y] pixels of the picture.",
    "rate": "Use a number from 0.5 (slow) to 2 (fast); 1 is the voice's own pace.",
    "pitch": "Use a number of semitones from -12 to 12.",
    "seed": f"Use a whole number from 0 to {SEEDS - 1}.",
    "width": "Use a whole number of pixels.",
    "height": "Use a whole number of pixels.",
    "fps": "Use 25, 30, 50 or 60.",
    "captions": "Use none, soft or burned.",
    "background": "Use scene, blur, transparent, or a colour such as #3366cc or teal.",
    "framing": "Use close, head_and_shoulders, wide or whole.",
    "zoom": "Use a number from 1 (as framed) to 2 (twice as near).",
    "label": f"Give a text of 1 to {MAX_LABEL} characters, or auto.",
    "kind": "Use talk or speech.",
    "expression": f"Use {', '.join(EXPRESSIONS[:-1])} or {EXPRESSIONS[-1]}.",
    "motion": "Use numbers from 0 (still) to 2 (twice); 1 is natural.",
    "cast": roles.HOW,
    "layout": "Use auto, side_by_side or cut.",
    "allow_degraded": "Use true or false.",
}


def _seed(value: object) -> object:
    return secrets.randbelow(SEEDS) if value is None else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value


def _clean(name: str, text: str) -> str:
    """Text without line-break variants and marks that carry no meaning; refuses what no editor would save."""
    for position, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if kind == "Cs":
            raise PydanticCustomError(
                "surrogate", f"{name} is not valid Unicode at character {position + 1}. Save it as UTF-8."
            )
        if kind == "Cc" and not sign.isspace():
            raise PydanticCustomError(
                "control", f"{name} holds control character U+{ord(sign):04X} at character {position + 1}. Remove it."
            )
    return "\n".join(text.replace("\ufeff", "").splitlines()).strip()


class MotionAmounts(BaseModel):
    """How lively: 0 is still, 1 natural, 2 twice as much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: float = Field(1.0, ge=0, le=2)
    blink: float = Field(1.0, ge=0, le=2)
    gaze: float = Field(1.0, ge=0, le=2)
    expression: float = Field(1.0, ge=0, le=2)


Mark = tuple[float, float]
Framing = Literal["close", "head_and_shoulders", "wide", "whole"]


class Landmarks(BaseModel):
    """Where a face is in the asker's picture: pixels from its upper left corner; `right` is the person's own side."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    right_eye: Mark
    left_eye: Mark
    right_mouth: Mark
    left_mouth: Mark
    chin: Mark


class Ask(BaseModel):
    """A text to be said by an avatar (`talk`), or only to be heard (`speech`).

    With `audio` that sound is what is heard, and `text` is what is said in it, as far as that is known. With
    `voice_sample`, some seconds of somebody speaking, the text is said in that voice; without `voice` the avatar's own
    is taken. `image` shows a face of the asker's own, number `face` by size where there are several, at `landmarks`
    where it can't be found; else `avatar` names one, else one is chosen that fits `prompt`. `expression` is the mood in
    which all is said; the text may hold directions such as [smile], see `avatar.script`. `background` is the portrait's
    own scene, that scene blurred, a colour as #rrggbb, or transparent; `backdrop` is a picture to stand behind instead.
    `framing` is how much of the portrait is shown, `zoom` how much nearer than that. `label` is written into every
    frame; auto: "AI-generated" in the language that is spoken. A missing seed is drawn here, once, so that the request
    as it stands can be made again.

    A text such as `Ada: Hello. Ben: Hi!` has several speakers, see `avatar.dialogue`; `cast` says who plays them, and
    what the request itself says of face and voice is the first speaker's. `layout` is how they are shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["talk", "speech"] = "talk"
    text: str = ""
    audio: Blob | None = None
    language: str = Field("", pattern=r"^[A-Za-z]{0,3}(-[A-Za-z0-9]{1,8}){0,3}$")
    voice_sample: Blob | None = None
    image: Blob | None = None
    face: int = Field(0, ge=0, le=50)
    landmarks: Landmarks | None = None
    voice: str | None = Field(None, min_length=1, max_length=200)
    rate: float = Field(1.0, ge=0.5, le=2)
    pitch: float = Field(0.0, ge=-12, le=12)
    avatar: str | None = Field(None, min_length=1, max_length=200)
    prompt: str = Field("", max_length=MAX_PROMPT)
    seed: Annotated[int, BeforeValidator(_seed)] = Field(default=None, ge=0, lt=SEEDS, validate_default=True)
    width: int = 512
    height: int = 512
    fps: Annotated[Literal[25, 30, 50, 60], BeforeValidator(_whole)] = 25
    captions: Literal["none", "soft", "burned"] = "none"
    background: str = Field("scene", max_length=40)
    backdrop: Blob | None = None
    framing: Framing = "head_and_shoulders"
    zoom: float = Field(1.0, ge=1, le=2)
    label: str | None = Field(None, min_length=1, max_length=MAX_LABEL)
    expression: Expression = "neutral"
    motion: MotionAmounts = MotionAmounts()
    cast: roles.Cast = {}
    layout: roles.Layout = "auto"
    allow_degraded: bool = True

    @property
    def people(self) -> tuple[Blob, ...]:
        """What was brought in which somebody is seen or heard."""
        own = (self.image, self.audio, self.voice_sample, *(role.image for role in self.cast.values()))
        return tuple(blob for blob in own if blob)

    @property
    def brought(self) -> tuple[Blob, ...]:
        """Everything that was brought, to be kept until the work is done."""
        return self.people + ((self.backdrop,) if self.backdrop else ())

    @property
    def turns(self) -> tuple[dialogue.Turn, ...]:
        """What several speakers say one after the other; none where one alone speaks."""
        return () if self.audio else dialogue.turns(self.text, tuple(self.cast))

    @field_validator("text", mode="before")
    @classmethod
    def _text(cls, text: object) -> object:
        if not isinstance(text, str):
            return text
        if len(text) > MAX_TEXT:
            raise PydanticCustomError(
                "too_large",
                f"The text has {len(text):,} characters, and {MAX_TEXT:,} are allowed. Split it into several films.",
            )
        text = _clean("The text", text)
        if text:
            _words(_script(text).text, "The text has no letter or digit to speak. Write some words.")
        return text

    @field_validator("background")
    @classmethod
    def _ground(cls, background: str) -> str:
        word = background.strip().lower()
        colour = word if word in GROUNDS else colours.hexadecimal(word)
        if colour is None:
            raise ValueError("no background")
        return colour

    @field_validator("voice", "avatar", "prompt", "label")
    @classmethod
    def _line(cls, text: str | None, info: ValidationInfo) -> str | None:
        return text if text is None else _clean(f"The {info.field_name}", text)

    @model_validator(mode="after")
    def _whole(self) -> "Ask":
        if not self.text and self.audio is None:
            lack = "The text is empty" if "text" in self.model_fields_set else "The request has no text"
            raise PydanticCustomError("empty", f"{lack}. Say what the avatar shall say.")
        if self.audio and self.voice_sample:
            raise PydanticCustomError("either", "A recording speaks for itself. Leave the voice sample out.")
        if self.avatar and self.image:
            raise PydanticCustomError("either", "An avatar and an image can't both be the face. Give one of them.")
        if self.backdrop and self.background != "scene":
            raise PydanticCustomError("either", "A picture and a colour can't both be behind. Give one background.")
        if self.audio and _script(self.text).pauses:
            raise PydanticCustomError("either", "A recording has pauses of its own. Take [pause] out of its text.")
        if self.audio and self.cast:
            raise PydanticCustomError("either", "A recording can't be shared out among speakers. Leave the cast out.")
        for turn in _understood(lambda: self.turns):
            _words(_script(turn.text).text, f"{turn.speaker} has a turn without words. Write what {turn.speaker} says.")
        check_size(self.width, self.height)
        return self


def _words(text: str, lack: str) -> None:
    if not any(unicodedata.category(sign)[0] in "LN" for sign in text):
        raise PydanticCustomError("speechless", "{message}", {"message": lack})


def _script(text: str) -> Script:
    return _understood(lambda: parse_script(text))


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except BadRequest as wrong:
        raise PydanticCustomError("script", "{message}", {"message": str(wrong)}) from None


def check_size(width: int, height: int) -> None:
    """Raises when no film of this size can be made."""
    short, long = sorted((width, height))
    low, high = SHORT_SIDE
    if not low <= short <= high or long > LONG_SIDE:
        raise PydanticCustomError(
            "size",
            f"A film of {width}x{height} can't be made. Use {low} to {high} pixels on the short side"
            f" and at most {LONG_SIDE} on the long one.",
        )
    if long > SLIMMEST * short:
        raise PydanticCustomError(
            "size", f"A film of {width}x{height} would cut the face. Use at most {SLIMMEST} times as long as short."
        )
    if width % 2 or height % 2:
        even = f"{width + width % 2}x{height + height % 2}"
        raise PydanticCustomError(
            "size", f"A film of {width}x{height} can't be encoded. Use even numbers, such as {even}."
        )


def parse(raw: Mapping[str, Any], *, called: Callable[[str], str] = str) -> Ask:
    """The request that `raw` holds. Raises `BadRequest`, or `TooLarge` for a text over the limit.

    `called` gives the asker's own word for a field such as `fps` or `motion.head`, for what the refusal says.
    """
    try:
        return Ask.model_validate(raw)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0], called) from None


def _refusal(detail: ErrorDetails, called: Callable[[str], str]) -> BadRequest:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    path = called(".".join(map(str, detail["loc"])))
    match detail["type"]:
        case "too_large":
            return TooLarge(detail["msg"])
        case "surrogate" | "control" | "empty" | "speechless" | "size" | "either" | "script":
            return BadRequest(detail["msg"])
        case "missing":
            return BadRequest(f"The request has no {path}. {HOW.get(name, '')}".rstrip())
        case "extra_forbidden":
            return BadRequest(f"{path} is not something that can be asked. Remove it, or check its spelling.")
    return BadRequest(f"{path} can't be {_shown(detail['input'])}. {HOW.get(name, '')}".rstrip())


def _shown(value: object) -> str:
    """The value as a message quotes it: a long one cut, a string with both its quotes."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
