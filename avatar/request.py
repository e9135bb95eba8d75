"""What may be asked, and the one place where it is parsed. Knows neither voices nor avatars nor who will make it.

`parse` turns foreign data into a `Ask` or raises `BadRequest` in one sentence that says what to do.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args

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
from pydantic_core import PydanticCustomError

from avatar import colours
from avatar.artifacts import Blob
from avatar.errors import BadRequest
from avatar.refusing import clean, refusal
from avatar.sampling import Sampler, Sampling
from avatar.script import EXPRESSIONS, Expression, Script
from avatar.script import parse as parse_script

MAX_TEXT = 30_000  # characters, about half an hour of speech
MAX_PROMPT = 2_000
MAX_LABEL = 60
MAX_SECONDS = 60
MAX_STEPS = 100
MAX_VARIATIONS = 8
SHORT_SIDE = (256, 1080)
LONG_SIDE = 1920
SLIMMEST = 2.4  # times as long as short, as the longest phones are
SEEDS = 2**32
GROUNDS = ("scene", "blur", "transparent")

HOW = {
    "text": "Give the text as a string.",
    "voice": "Give the id of a voice; `python -m avatar voices` lists them.",
    "avatar": "Give the id of an avatar; `python -m avatar avatars` lists them.",
    "prompt": f"Give a string of at most {MAX_PROMPT} characters.",
    "language": "Use a tag such as en or pt-br.",
    "face": "Use 0 for the largest face in the picture or video, 1 for the next.",
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
    "kind": "Use talk, speech, video or image.",
    "negative_prompt": f"Give a string of at most {MAX_PROMPT} characters.",
    "seconds": f"Use a number of seconds from 0.2 to {MAX_SECONDS}.",
    "steps": f"Use a whole number from 1 to {MAX_STEPS}.",
    "guidance_scale": "Use a number from 0 to 30.",
    "sampler": f"Use one of {', '.join(get_args(Sampler))}.",
    "variations": f"Use a whole number from 1 to {MAX_VARIATIONS}.",
    "backends": "Name a backend for a stage, as motion: idle; /v1/backends lists them.",
    "profile": "Use auto, minimal, recommended or maximum.",
    "expression": f"Use {', '.join(EXPRESSIONS[:-1])} or {EXPRESSIONS[-1]}.",
    "motion": "Use numbers from 0 (still) to 2 (twice); 1 is natural.",
    "allow_degraded": "Use true or false.",
}


def _seed(value: object) -> object:
    return secrets.randbelow(SEEDS) if value is None else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value


class MotionAmounts(BaseModel):
    """How lively: 0 is still, 1 natural, 2 twice as much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: float = Field(1.0, ge=0, le=2)
    blink: float = Field(1.0, ge=0, le=2)
    gaze: float = Field(1.0, ge=0, le=2)
    expression: float = Field(1.0, ge=0, le=2)


Mark = tuple[float, float]
Kind = Literal["talk", "speech", "video", "image"]
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
    """A text to be said by an avatar (`talk`), or only to be heard (`speech`); words to be seen (`video`, `image`).

    With `audio` that sound is what is heard, and `text` is what is said in it, as far as that is known. With
    `voice_sample`, some seconds of somebody speaking, the text is said in that voice; without `voice` the avatar's own
    is taken. `image` shows a face of the asker's own, number `face` by size where there are several, at `landmarks`
    where it can't be found; else `avatar` names one, else one is chosen that fits `prompt`. `expression` is the mood in
    which all is said; the text may hold directions such as [smile], see `avatar.script`. `background` is the portrait's
    own scene, that scene blurred, a colour as #rrggbb, or transparent; `backdrop` is a picture to stand behind instead.
    `framing` is how much of the portrait is shown, `zoom` how much nearer than that. `label` is written into every
    frame; auto: "AI-generated" in the language that is spoken. A missing seed is drawn here, once, so that the request
    as it stands can be made again.

    A `video` of `seconds` shows what `prompt` says, from `image` on where there is one, and moves as `video` does; an
    `image` shows it at rest. `variations` makes as many, with the seeds from `seed` on. In a `talk`, `video` is footage
    of somebody whose mouth is to say it. `steps`, `guidance_scale`, `sampler` and `negative_prompt` are for diffusion
    models, None is the model's own; `backends` names one for a stage, `profile` the weights that may be used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "talk"
    text: str = ""
    audio: Blob | None = None
    video: Blob | None = None
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
    negative_prompt: str = Field("", max_length=MAX_PROMPT)
    seconds: float | None = Field(None, ge=0.2, le=MAX_SECONDS)
    steps: int | None = Field(None, ge=1, le=MAX_STEPS)
    guidance_scale: float | None = Field(None, ge=0, le=30)
    sampler: Sampler | None = None
    variations: int = Field(1, ge=1, le=MAX_VARIATIONS)
    backends: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=80)]] = Field(
        default_factory=dict, max_length=8
    )
    profile: Literal["auto", "minimal", "recommended", "maximum"] = "auto"
    allow_degraded: bool = True

    @property
    def people(self) -> tuple[Blob, ...]:
        """What was brought in which somebody is seen or heard."""
        return tuple(blob for blob in (self.image, self.audio, self.voice_sample, self.video) if blob)

    @property
    def sampling(self) -> Sampling:
        """How diffusion models are to be sampled."""
        return Sampling(self.steps, self.guidance_scale, self.sampler, self.negative_prompt)

    @property
    def speaks(self) -> bool:
        """Whether something is said in what is asked for."""
        return self.kind in ("talk", "speech")

    @property
    def brought(self) -> tuple[Blob, ...]:
        """Everything that was brought, to be kept until the work is done."""
        return self.people + ((self.backdrop,) if self.backdrop else ())

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
        text = clean("The text", text)
        said = _script(text).text
        if text and not any(unicodedata.category(sign)[0] in "LN" for sign in said):
            raise PydanticCustomError("speechless", "The text has no letter or digit to speak. Write some words.")
        return text

    @field_validator("background")
    @classmethod
    def _ground(cls, background: str) -> str:
        word = background.strip().lower()
        colour = word if word in GROUNDS else colours.hexadecimal(word)
        if colour is None:
            raise ValueError("no background")
        return colour

    @field_validator("voice", "avatar", "prompt", "label", "negative_prompt")
    @classmethod
    def _line(cls, text: str | None, info: ValidationInfo) -> str | None:
        return text if text is None else clean(f"The {info.field_name}", text)

    @model_validator(mode="after")
    def _whole(self) -> "Ask":
        if not self.speaks:
            _seen(self)
        elif not self.text and self.audio is None:
            lack = "The text is empty" if "text" in self.model_fields_set else "The request has no text"
            raise PydanticCustomError("empty", f"{lack}. Say what the avatar shall say.")
        if self.audio and self.voice_sample:
            raise PydanticCustomError("either", "A recording speaks for itself. Leave the voice sample out.")
        if self.speaks and self.variations > 1:
            raise PydanticCustomError("either", "One film is made at a time. Ask for kind image to compare seeds.")
        if self.speaks and self.seconds is not None:
            raise PydanticCustomError("either", "What is said tells how long it takes. Leave seconds out.")
        if sum(map(bool, (self.avatar, self.image, self.kind == "talk" and self.video))) > 1:
            raise PydanticCustomError(
                "either", "An avatar, an image and a video can't all be the face. Give one of them."
            )
        if self.backdrop and self.background != "scene":
            raise PydanticCustomError("either", "A picture and a colour can't both be behind. Give one background.")
        if self.audio and _script(self.text).pauses:
            raise PydanticCustomError("either", "A recording has pauses of its own. Take [pause] out of its text.")
        check_size(self.width, self.height)
        return self


def _seen(ask: Ask) -> None:
    """Raises when words or a picture that are to be seen don't say what."""
    if not ask.prompt and (ask.kind == "image" or not ask.image):
        raise PydanticCustomError("empty", "The request has no prompt. Say what is to be seen.")
    if ask.text or ask.audio or ask.voice_sample:
        raise PydanticCustomError("either", f"Nothing is said in a request of kind {ask.kind}. Use kind talk for that.")
    if ask.avatar:
        raise PydanticCustomError("either", "A gallery avatar only talks. Give a prompt or an image instead.")
    if ask.kind == "image" and (ask.image or ask.video or ask.seconds is not None):
        raise PydanticCustomError("either", "An image is made from words alone. Use kind video to set one in motion.")


def _script(text: str) -> Script:
    try:
        return parse_script(text)
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
        raise refusal(error.errors(include_url=False)[0], HOW, called) from None
