"""Who answers in the chat: a model behind an OpenAI-compatible API, spoken sentence by sentence. Knows no page.

The first sentence is asked for as a film while the model still writes the next ones.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar.allowed import MAX_PROMPT, MAX_TEXT
from avatar.doors.api import problems
from avatar.doors.api.asking import understood
from avatar.doors.api.body import Source, VideoBody
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.errors import AvatarError, BadRequest, Unavailable
from avatar.request import Landmarks

PATIENCE = httpx.Timeout(60.0, connect=10.0)
MOST = 4_000  # characters of one answer
END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+|[。！？]+[」』”]?|\n+")
SHORT = 12  # letters below which a sentence is said together with the next
FACE = ("avatar", "image", "face", "landmarks", "voice")
MANNER = (
    "You are {name}, an avatar who talks with a visitor. {description} All you write is spoken aloud. Answer in the"
    " visitor's language, in one to four short sentences, without lists, headings, links or emoji."
)


@dataclass(frozen=True, slots=True)
class Talker:
    """Where answers come from."""

    url: str
    model: str
    key: str = ""


class Turn(BaseModel):
    """Something that was said before."""

    model_config = ConfigDict(extra="forbid")

    mine: bool
    line: str = Field(max_length=MAX_TEXT)


class Line(BaseModel):
    """What the visitor writes, to whom, and what was said before."""

    model_config = ConfigDict(extra="forbid")

    line: str = Field(min_length=1, max_length=MAX_TEXT)
    history: list[Turn] = Field([], max_length=40)
    avatar: str | None = Field(None, min_length=1, max_length=200)
    image: Source | None = None
    face: int = Field(0, ge=0, le=50)
    landmarks: Landmarks | None = None
    voice: str | None = Field(None, min_length=1, max_length=200)
    persona: str = Field("", max_length=MAX_PROMPT)

    @staticmethod
    def told(piece: bytes) -> dict[str, str]:
        """One line of an answer, as `answered` tells it."""
        found: dict[str, str] = json.loads(piece)
        return found

    @classmethod
    def read(cls, body: bytes) -> "Line":
        """The line that was sent. Raises `BadRequest`."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise problems.refusal(error) from None


def talker(url: str, model: str, key: str = "") -> Talker | None:
    """Who answers, as the owner set it; None for nobody. Raises `BadRequest` for half a setting."""
    if not url and not model:
        return None
    if not url.startswith(("http://", "https://")) or not model:
        raise BadRequest(
            "AVATAR_CHAT_URL and AVATAR_CHAT_MODEL go together. Set both, the address with http:// or https://."
        )
    return Talker(url, model, key)


async def answered(desk: Desk, who: Talker, line: Line, *, caller: Caller) -> AsyncIterator[bytes]:
    """JSON lines: `said` and `job` for each sentence; `problem` where it can't go on."""
    try:
        cards = {card.id: card for card in await desk.ask(desk.jobs.house.avatars)}
        card = cards.get(line.avatar or "")
        who_it_is = line.persona.strip() or (card.description if card else "")
        manner = MANNER.format(name=card.name if card else "yourself", description=who_it_is)
        async for sentence in sentences(written(who, line, manner)):
            face: dict[str, Any] = {
                name: getattr(line, name) for name in ("avatar", "image", "face", "landmarks", "voice")
            }
            body = VideoBody(script=sentence, **{name: value for name, value in face.items() if value})
            job = await desk.ask(desk.jobs.submit, *await understood(desk, caller, body))
            yield _line({"said": sentence, "job": job.id})
    except AvatarError as error:
        yield _line({"problem": str(error)})


async def sentences(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Whole sentences, each as soon as it has ended; very short ones with the next."""
    rest = ""
    async for piece in pieces:
        rest += piece
        while (cut := _cut(rest)) is not None:
            yield rest[:cut].strip()
            rest = rest[cut:]
    if any(sign.isalnum() for sign in rest):
        yield rest.strip()


def _cut(text: str) -> int | None:
    for found in END.finditer(text):
        letters = sum(2 if sign > "\u2fff" else 1 for sign in text[: found.end()] if sign.isalnum())
        if letters >= SHORT:
            return found.end()
    return None


async def written(who: Talker, line: Line, manner: str) -> AsyncIterator[str]:
    """What the model writes, piece by piece. Raises `Unavailable`."""
    before = [{"role": "user" if turn.mine else "assistant", "content": turn.line} for turn in line.history]
    asked = [{"role": "system", "content": manner}, *before, {"role": "user", "content": line.line}]
    body = {"model": who.model, "messages": asked, "stream": True}
    headers = {"Authorization": f"Bearer {who.key}"} if who.key else {}
    size = 0
    try:
        async with (
            httpx.AsyncClient(timeout=PATIENCE) as client,
            client.stream("POST", f"{who.url}/chat/completions", json=body, headers=headers) as answer,
        ):
            if answer.is_error:
                raise Unavailable(f"The chat model refused ({answer.status_code}). Try again, or tell the owner.")
            async for told in answer.aiter_lines():
                piece = _piece(told)
                size += len(piece)
                if size > MOST:
                    return
                if piece:
                    yield piece
    except httpx.HTTPError:
        raise Unavailable("The chat model can't be reached. Try again in a moment, or tell the owner.") from None


def _piece(told: str) -> str:
    if not told.startswith("data:") or told.removeprefix("data:").strip() in ("", "[DONE]"):
        return ""
    try:
        choices = json.loads(told.removeprefix("data:")).get("choices") or [{}]
        return str(choices[0].get("delta", {}).get("content") or "")
    except (ValueError, AttributeError, LookupError, TypeError):
        raise Unavailable("The chat model answers in a way that can't be read. Tell the owner.") from None


def _line(told: Mapping[str, str]) -> bytes:
    return json.dumps(told).encode() + b"\n"
