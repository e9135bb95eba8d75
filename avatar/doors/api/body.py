"""What may be sent to `/v1/videos`: the boundary's own words, turned into a request. Knows no job.

Only what can be honoured has a field. What is planned and not there yet is refused by name, never left out in silence.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from avatar.allowed import (
    MAX_LABEL,
    MAX_PROMPT,
    MAX_TEXT,
    SEEDS,
    Backends,
    Frames,
    Guidance,
    Seconds,
    Share,
    Steps,
    Variations,
)
from avatar.artifacts import Blob
from avatar.dialogue import SPEAKERS, is_name, written
from avatar.dialogue import Turn as Spoken
from avatar.drive import Drive
from avatar.jobs.service import UPLOAD_ID, WebhookEvent
from avatar.request import Ask, Framing, Kind, Landmarks, parse
from avatar.roles import Layout
from avatar.sampling import Sampler
from avatar.script import Expression

NONE: Mapping[str, Blob | None] = MappingProxyType({})
CALLED = {"text": "script", "width": "size", "height": "size", "kind": "kind"}
"""The request's words that are called otherwise here."""

TAKEN = {
    "kind", "prompt", "avatar", "voice", "rate", "pitch", "fps", "seed", "captions", "expression", "allow_degraded",
    "framing", "zoom", "language", "negative_prompt", "seconds", "frames", "variations", "steps", "guidance_scale",
    "sampler", "cache_threshold", "profile", "backends", "layout", "face",
}  # fmt: skip
"""What the request calls by the same name."""

LONG = Field(json_schema_extra={"maxLength": MAX_TEXT})  # `parse` refuses it, as too large
Source = Annotated[str, Field(min_length=1, max_length=2000)]


def refuse(message: str) -> PydanticCustomError:
    """A refusal in our own words. The text may hold braces."""
    return PydanticCustomError("asked", "{message}", {"message": message})


class Turn(BaseModel):
    """One speaker's words."""

    model_config = ConfigDict(extra="forbid")

    speaker: str | None = Field(None, max_length=200)
    text: Annotated[str, LONG]


class RoleBody(BaseModel):
    """Who plays one speaker; what is left out is chosen."""

    model_config = ConfigDict(extra="forbid")

    avatar: str | None = Field(None, min_length=1, max_length=200, description="An id of `/v1/avatars`")
    image: Source | None = Field(None, description="A face of your own: an upload id or a public URL")
    prompt: str = Field("", max_length=MAX_PROMPT, description="What the speaker looks like, in words")
    voice: str | None = Field(None, min_length=1, max_length=200, description="An id of `/v1/voices`")
    rate: float | None = Field(None, ge=0.5, le=2)
    pitch: float | None = Field(None, ge=-12, le=12)


class Motion(BaseModel):
    """How lively: 0 is still, 1 natural, 2 twice as much."""

    model_config = ConfigDict(extra="forbid")

    head: float = Field(1.0, ge=0, le=2)
    blink: float = Field(1.0, ge=0, le=2)
    gaze: float = Field(1.0, ge=0, le=2)
    expression: float = Field(1.0, ge=0, le=2)


class WebhookBody(BaseModel):
    """Where to tell what became of the job. Signed as Standard Webhooks; public addresses only."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, examples=["https://example.com/hooks/films"])
    events: list[WebhookEvent] = Field(["completed", "failed", "canceled"], min_length=1, max_length=4)

    @field_validator("url")
    @classmethod
    def _public(cls, url: str) -> str:
        if not is_url(url):
            raise refuse("webhook.url is not a web address. Give one that begins with https://.")
        return url


class VideoBody(BaseModel):
    """A film of an avatar (`talk`), only its sound (`speech`), or a silent film or a picture of what words say."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"script": "Hello! Let us look at prime numbers.", "prompt": "a friendly teacher"},
                {
                    "script": [{"text": "Good evening."}, {"text": "Here is the news."}],
                    "avatar": "nia",
                    "size": "1280x720",
                    "fps": 30,
                    "captions": "soft",
                    "seed": 7,
                },
            ]
        },
    )

    kind: Kind = "talk"
    script: Annotated[str, LONG] | Annotated[list[Turn], Field(max_length=1000)] = Field(
        "",
        description="What is said: a text, or turns. Several speakers, at most four, are told by the turns' `speaker`,"
        " or in a text as in `Ada: Hello. Ben: Hi!`. Directions such as [smile] and [pause 0.5s] may stand between the"
        " words. With `audio` it may be left out",
    )
    cast: Annotated[dict[str, RoleBody], Field(max_length=SPEAKERS)] = Field(
        {},
        description="Who plays each speaker, by name. Others get avatars of their own, with voices that fit; `avatar`,"
        " `image`, `prompt` and `voice` beside it are the first speaker's",
    )
    layout: Layout = Field(
        "auto",
        description="How several are shown: `side_by_side`, or `cut` to whoever speaks. `auto`: two side by side in a"
        " film at least 1.5 times as wide as high, else cut",
    )
    prompt: str = Field("", max_length=MAX_PROMPT, description="What the avatar looks like, or what is to be seen")
    negative_prompt: str = Field("", max_length=MAX_PROMPT, description="What must not be seen, for diffusion models")
    avatar: str | None = Field(None, min_length=1, max_length=200, description="An id of `/v1/avatars`")
    image: Source | None = Field(
        None, description="A face of your own, or the first picture of a `video`: an upload id or a public URL"
    )
    face: int = Field(0, ge=0, le=50, description="Which face in `image`: 0 is the largest")
    landmarks: Landmarks | None = Field(
        None,
        description="Where that face is, in pixels of the picture upright; `right` is the person's own side. By default"
        " it is looked for; `/v1/uploads/{id}/faces` tells what is found",
    )
    video: Source | None = Field(
        None,
        description="Footage of somebody whose mouth is to say it; beside an `image`, and for kind `video`, somebody"
        " to move like: an upload id or a public URL",
    )
    audio: Source | None = Field(None, description="A recording to be heard: an upload id or a public URL")
    consent: bool = Field(
        default=False, description="The person in `image`, `video` or `audio` agreed; needed where they are URLs"
    )
    voice: str | None = Field(None, min_length=1, max_length=200, description="An id of `/v1/voices`")
    voice_sample: Source | None = Field(
        None,
        description="3 to 30 s of somebody speaking, in whose voice the script is said: an upload id or a public URL."
        " Needs SpeechT5's and SpeechBrain's weights; `voice` speaks where they are missing",
    )
    language: str = Field("", max_length=40, description="Of the recording's words, as `de`; by default they tell")
    rate: float = Field(1.0, ge=0.5, le=2, description="Pace of the voice")
    pitch: float = Field(0.0, ge=-12, le=12, description="Semitones")
    size: str = Field("512x512", pattern=r"^[0-9]{1,4}x[0-9]{1,4}$", description="Width and height in pixels, even")
    fps: Literal[25, 30, 50, 60] = 25
    seconds: Seconds | None = Field(None, description="Length, for kind `video`")
    frames: Frames | None = Field(None, description="Length in frames of the film, at `fps`, instead of `seconds`")
    variations: Variations = Field(1, description="How many, with the seeds from `seed` on; kinds `video` and `image`")
    steps: Steps | None = Field(None, description="Of diffusion; by default the model's own")
    guidance_scale: Guidance | None = Field(None, description="By default the model's own")
    sampler: Sampler | None = Field(None, description="Those that a model can't use are refused, with the reason")
    cache_threshold: Share = Field(
        0.0,
        description="Share by which a transformer's first block may change from step to step for the rest to be taken"
        " over (FirstBlockCache): quicker, another result. 0 takes over nothing, 0.1 is usual; Wan and LTX",
    )
    profile: Literal["auto", "minimal", "recommended", "maximum"] = Field(
        "auto", description="Which of the installed models may be used"
    )
    backends: Backends = Field(
        default_factory=dict, max_length=8, description="A backend for a stage, as `motion: idle`; see `/v1/backends`"
    )
    seed: int | None = Field(None, ge=0, lt=SEEDS, description="Drawn when it is left out, and told in the output")
    captions: Literal["none", "soft", "burned"] = "none"
    background: Source = Field(
        "scene",
        description="`scene` (the portrait's own), `blur`, `transparent` (for `alpha.webm` and `prores.mov`; the MP4"
        " shows a light grey), a colour as `#3366cc` or a CSS name, or a picture: an upload id or a public URL",
    )
    framing: Framing = Field("head_and_shoulders", description="How much is shown; `whole` is all of a photograph")
    zoom: float = Field(1.0, ge=1, le=2, description="How much nearer than `framing`")
    label: Annotated[str, Field(min_length=1, max_length=MAX_LABEL)] | bool | None = Field(
        None, description='Written into each frame: your words, or `true` for "AI-generated" in the language spoken'
    )
    expression: Expression = Field("neutral", description="The mood in which all is said")
    motion: Motion = Motion()
    drive: Drive = Field(Drive(), description="How a diffusion model moves `image`, or the picture of what words say")
    allow_degraded: bool = Field(default=True, description="false makes every step down an error")
    priority: int = Field(5, ge=0, le=9, description="0 comes first")
    timeout_seconds: float | None = Field(None, gt=0, le=86_400, description="Seconds of work")
    webhook: WebhookBody | None = None

    @field_validator("script")
    @classmethod
    def _speakers(cls, script: str | list[Turn]) -> str | list[Turn]:
        names = {turn.speaker for turn in script} if isinstance(script, list) else set()
        if len(names) > 1 and not all(name and is_name(name) for name in names):
            raise refuse("Each turn needs a speaker, named by one to three words without signs.")
        return script

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks in turns, where several do or a cast is given."""
        if isinstance(self.script, str):
            return ()
        names = tuple(dict.fromkeys(turn.speaker for turn in self.script if turn.speaker))
        return names if len(names) > 1 or self.cast else ()

    @property
    def text(self) -> str:
        """All that is said, with the names of several speakers before their words."""
        if self.speakers and not isinstance(self.script, str):
            return written(Spoken(turn.speaker or "", turn.text) for turn in self.script)
        return self.script if isinstance(self.script, str) else "\n".join(turn.text for turn in self.script)

    @property
    def digest(self) -> str:
        """sha256 of what was asked, whatever its spelling in JSON."""
        asked = self.model_dump(mode="json", exclude_unset=True)
        return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    @property
    def pictured(self) -> bool:
        """Whether the background is a picture of one's own."""
        return is_url(self.background) or is_upload(self.background)

    def request(
        self,
        *,
        image: Blob | None,
        audio: Blob | None,
        video: Blob | None = None,
        backdrop: Blob | None = None,
        voice_sample: Blob | None = None,
        faces: Mapping[str, Blob | None] = NONE,
    ) -> Ask:
        """The request that this asks for; `faces` are the pictures of the cast. Raises `BadRequest`."""
        width, height = map(int, self.size.split("x"))
        raw = self.model_dump(include=TAKEN) | {
            "width": width,
            "height": height,
            "motion": self.motion.model_dump(),
            "drive": self.drive.model_dump(),
            "landmarks": self.landmarks.model_dump() if self.landmarks else None,
            "image": image,
            "audio": audio,
            "video": video,
            "voice_sample": voice_sample,
            "backdrop": backdrop,
            "background": "scene" if self.pictured else self.background,
            "cast": {name: {} for name in self.speakers if name.casefold() not in map(str.casefold, self.cast)}
            | {name: role.model_dump() | {"image": faces.get(name)} for name, role in self.cast.items()},
            "label": "auto" if self.label is True else self.label or None,
        }
        if "script" in self.model_fields_set:
            raw["text"] = self.text
        return parse(raw, called=lambda name: CALLED.get(name, name))


def is_upload(source: str) -> bool:
    """Whether it can be the id of an upload."""
    return re.fullmatch(UPLOAD_ID, source) is not None


def is_url(text: str) -> bool:
    """Whether this is an http or https address, without a name and password in it."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
