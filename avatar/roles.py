"""Who plays a speaker of a script: the part of a request that is told for each of them. Knows not what they say."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from avatar import dialogue
from avatar.artifacts import Blob

Layout = Literal["auto", "side_by_side", "cut"]
"""How several speakers are shown: all at once, each in a part of the film, or whoever speaks; `auto` lets us choose."""


class Role(BaseModel):
    """One speaker's face and voice; what is left out is chosen: an avatar that nobody else has, a voice that fits it.

    `rate` and `pitch` are those of the whole request where they are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    avatar: str | None = Field(None, min_length=1, max_length=200)
    image: Blob | None = None
    prompt: str = Field("", max_length=2_000)
    voice: str | None = Field(None, min_length=1, max_length=200)
    rate: float | None = Field(None, ge=0.5, le=2)
    pitch: float | None = Field(None, ge=-12, le=12)

    @model_validator(mode="after")
    def _one_face(self) -> "Role":
        if self.avatar and self.image:
            raise PydanticCustomError("either", "An avatar and an image can't both be the face. Give one of them.")
        return self


def _named(cast: dict[str, Role]) -> dict[str, Role]:
    if not all(map(dialogue.is_name, cast)) or len({name.casefold() for name in cast}) < len(cast):
        raise ValueError("no names")
    return cast


Cast = Annotated[dict[str, Role], Field(max_length=dialogue.SPEAKERS), AfterValidator(_named)]
"""Speakers by their names in the script."""
HOW = f"Give at most {dialogue.SPEAKERS} names of one to three words, each with avatar or image, voice, rate, pitch."
