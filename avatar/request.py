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
from pydantic_core import PydanticCustomError

from avatar import allowed, colours, dialogue, roles
from avatar.artifacts import Blob
from avatar.drive import Drive
from avatar.errors import BadRequest
from avatar.refusing import clean, refusal
from avatar.sampling import Sampler, Sampling
from avatar.script import Expression, Script
from avatar.script import parse as parse_script

T = TypeVar("T")


def _seed(value: object) -> object:
    return secrets.randbelow(allowed.SEEDS) if value is None else value


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

    A `video` of `seconds`, or of `frames` at `fps`, shows what `prompt` says, from `image` on where there is one,
    and moves as `video` does; an `image` shows it at rest. `variations` makes as many, with the seeds from `seed`
    on. In a `talk`, `video` is footage of somebody whose mouth is to say it, or beside an `image` somebody to move
    like; `drive` says more of that. `steps`, `guidance_scale`, `sampler`, `negative_prompt` and `cache_threshold` are
    for diffusion models, see `avatar.sampling`, None is the model's own; `backends` names one for a stage, `profile`
    the weights that may be used.

    A text such as `Ada: Hello. Ben: Hi!` has several speakers, see `avatar.dialogue`; `cast` says who plays them, and
    what the request itself says of face and voice is the first speaker's. `layout` is how they are shown.
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
    prompt: str = Field("", max_length=allowed.MAX_PROMPT)
    seed: Annotated[int, BeforeValidator(_seed)] = Field(default=None, ge=0, lt=allowed.SEEDS, validate_default=True)
    width: int = 512
    height: int = 512
    fps: Annotated[Literal[25, 30, 50, 60], BeforeValidator(_whole)] = 25
    captions: Literal["none", "soft", "burned"] = "none"
    background: str = Field("scene", max_length=40)
    backdrop: Blob | None = None
    framing: Framing = "head_and_shoulders"
    zoom: float = Field(1.0, ge=1, le=2)
    label: str | None = Field(None, min_length=1, max_length=allowed.MAX_LABEL)
    expression: Expression = "neutral"
    motion: MotionAmounts = MotionAmounts()
    negative_prompt: str = Field("", max_length=allowed.MAX_PROMPT)
    seconds: allowed.Seconds | None = None
    frames: allowed.Frames | None = None
    steps: allowed.Steps | None = None
    guidance_scale: allowed.Guidance | None = None
    sampler: Sampler | None = None
    cache_threshold: allowed.Share = 0.0
    variations: allowed.Variations = 1
    backends: allowed.Backends = Field(default_factory=dict, max_length=8)
    profile: Literal["auto", "minimal", "recommended", "maximum"] = "auto"
    drive: Drive = Drive()
    cast: roles.Cast = {}
    layout: roles.Layout = "auto"
    allow_degraded: bool = True

    @property
    def people(self) -> tuple[Blob, ...]:
        """What was brought in which somebody is seen or heard."""
        own = (self.image, self.audio, self.voice_sample, self.video, *(role.image for role in self.cast.values()))
        return tuple(blob for blob in own if blob)

    @property
    def dubbed(self) -> Blob | None:
        """Footage whose own person is to say it."""
        return self.video if self.kind == "talk" and not self.image else None

    @property
    def length(self) -> float | None:
        """Seconds that a silent film is to last; None where that is left open."""
        return self.seconds if self.frames is None else self.frames / self.fps

    @property
    def sampling(self) -> Sampling:
        """How diffusion models are to be sampled."""
        return Sampling(self.steps, self.guidance_scale, self.sampler, self.negative_prompt, self.cache_threshold)

    @property
    def speaks(self) -> bool:
        """Whether something is said in what is asked for."""
        return self.kind in ("talk", "speech")

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
        if len(text) > allowed.MAX_TEXT:
            raise PydanticCustomError(
                "too_large",
                f"The text has {len(text):,} characters, and {allowed.MAX_TEXT:,} are allowed."
                " Split it into several films.",
            )
        text = clean("The text", text)
        if text:
            _words(_script(text).text, "The text has no letter or digit to speak. Write some words.")
        return text

    @field_validator("background")
    @classmethod
    def _ground(cls, background: str) -> str:
        word = background.strip().lower()
        colour = word if word in allowed.GROUNDS else colours.hexadecimal(word)
        if colour is None:
            raise ValueError("no background")
        return colour

    @field_validator("voice", "avatar", "prompt", "label", "negative_prompt")
    @classmethod
    def _line(cls, text: str | None, info: ValidationInfo) -> str | None:
        return text if text is None else clean(f"The {info.field_name}", text)

    @model_validator(mode="after")
    def _whole(self) -> "Ask":
        (_spoken if self.speaks else _seen)(self)
        if self.avatar and (self.image or self.dubbed):
            other = "an image" if self.image else "a video"
            raise PydanticCustomError("either", f"An avatar and {other} can't both be the face. Give one of them.")
        _driven(self)
        if self.backdrop and self.background != "scene":
            raise PydanticCustomError("either", "A picture and a colour can't both be behind. Give one background.")
        for turn in _understood(lambda: self.turns):
            _words(_script(turn.text).text, f"{turn.speaker} has a turn without words. Write what {turn.speaker} says.")
        allowed.check_size(self.width, self.height, what="picture" if self.kind == "image" else "film")
        return self


def _spoken(ask: Ask) -> None:
    """Raises when it is not clear what is said, by whom and for how long."""
    if not ask.text and ask.audio is None:
        lack = "The text is empty" if "text" in ask.model_fields_set else "The request has no text"
        raise PydanticCustomError("empty", f"{lack}. Say what the avatar shall say.")
    if ask.variations > 1:
        raise PydanticCustomError("either", "One film is made at a time. Ask for kind image to compare seeds.")
    if ask.length is not None:
        left = "seconds" if ask.frames is None else "frames"
        raise PydanticCustomError("either", f"What is said tells how long it takes. Leave {left} out.")
    if ask.audio and ask.voice_sample:
        raise PydanticCustomError("either", "A recording speaks for itself. Leave the voice sample out.")
    if ask.audio and _script(ask.text).pauses:
        raise PydanticCustomError("either", "A recording has pauses of its own. Take [pause] out of its text.")
    if ask.audio and ask.cast:
        raise PydanticCustomError("either", "A recording can't be shared out among speakers. Leave the cast out.")


def _seen(ask: Ask) -> None:
    """Raises when words or a picture that are to be seen don't say what."""
    if not ask.prompt and (ask.kind == "image" or not ask.image):
        raise PydanticCustomError("empty", "The request has no prompt. Say what is to be seen.")
    if ask.text or ask.audio or ask.voice_sample or ask.cast:
        raise PydanticCustomError("either", f"Nothing is said in a request of kind {ask.kind}. Use kind talk for that.")
    if ask.avatar:
        raise PydanticCustomError("either", "A gallery avatar only talks. Give a prompt or an image instead.")
    if ask.frames is not None and ask.seconds is not None:
        raise PydanticCustomError("either", "A film has one length. Give seconds or frames.")
    if ask.length is not None and not allowed.MIN_SECONDS <= ask.length <= allowed.MAX_SECONDS:
        few, most = round(allowed.MIN_SECONDS * ask.fps), allowed.MAX_SECONDS * ask.fps
        told = f"frames can't be {ask.frames}. Use {few} to {most} at {ask.fps} a second."
        raise PydanticCustomError("either", "{told}", {"told": told})
    if ask.kind == "image" and (ask.image or ask.video or ask.length is not None):
        raise PydanticCustomError("either", "An image is made from words alone. Use kind video to set one in motion.")


def _driven(ask: Ask) -> None:
    """Raises when a movement is asked for that nobody makes."""
    told = ask.drive.model_copy(update={"replace": False}) if ask.kind == "video" else ask.drive
    if told != Drive() and (ask.kind != "talk" or ask.dubbed or ask.turns):
        what = "footage that is dubbed" if ask.dubbed else "several speakers" if ask.turns else f"kind {ask.kind}"
        raise PydanticCustomError("either", f"Nothing can be driven in a request of {what}. Leave drive out.")
    if ask.turns and ask.kind == "talk" and ask.video:
        raise PydanticCustomError("either", "A video can't be shared out among speakers. Leave it out.")
    if ask.drive.replace and not (ask.image and ask.video):
        raise PydanticCustomError(
            "either", "Nobody can be replaced without a video, and an image of whom to show. Give both, or no replace."
        )


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


def parse(raw: Mapping[str, Any], *, called: Callable[[str], str] = str) -> Ask:
    """The request that `raw` holds. Raises `BadRequest`, or `TooLarge` for a text over the limit.

    `called` gives the asker's own word for a field such as `fps` or `motion.head`, for what the refusal says.
    """
    try:
        return Ask.model_validate(raw)
    except ValidationError as error:
        raise refusal(error.errors(include_url=False)[0], allowed.HOW, called) from None
