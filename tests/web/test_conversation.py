"""A chat model's answer, sentence by sentence: a real one's protocol, spoken by a small server of the test's own."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import anyio
import pytest

from avatar.doors.web.conversation import Line, Talker, sentences, talker, written
from avatar.errors import BadRequest, Unavailable
from avatar.settings import read


def spoken(*pieces: str) -> list[str]:
    """The sentences of an answer that came in these pieces."""

    async def come() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    async def all_of() -> list[str]:
        return [sentence async for sentence in sentences(come())]

    return anyio.run(all_of)


@pytest.mark.parametrize("wrong", [{"avatar": "a" * 201}, {"voice": "v" * 201}, {"image": "i" * 2001}])
def test_a_line_is_refused_at_once_for_what_its_films_would_be_refused_for(wrong: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=next(iter(wrong))):
        Line.read(json.dumps({"line": "Hello.", **wrong}).encode())


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (["Hello there, my fri", "end. How are", " you today?"], ["Hello there, my friend.", "How are you today?"]),
        (["Yes. No. That is what I meant to say. Good."], ["Yes. No. That is what I meant to say.", "Good."]),
        (["It costs 3.50 euros at most, I think! \n\n* * *"], ["It costs 3.50 euros at most, I think!"]),
        (["今天天气很好。我们去公园散步吧！"], ["今天天气很好。", "我们去公园散步吧！"]),
        (["", " \n"], []),
    ],
)
def test_sentences_are_said_as_soon_as_they_end(pieces: list[str], told: list[str]) -> None:
    assert spoken(*pieces) == told


def test_the_first_sentence_is_there_before_the_next_is_written() -> None:
    came: list[str] = []

    async def come() -> AsyncIterator[str]:
        for piece in ("The first sentence is here. ", "And this is the second."):
            came.append(piece)
            yield piece

    async def first() -> str:
        return await anext(sentences(come()))

    assert anyio.run(first) == "The first sentence is here."
    assert len(came) == 1


class Model(BaseHTTPRequestHandler):
    """Answers as an OpenAI-compatible server does."""

    answer: ClassVar[list[bytes]] = []
    status: ClassVar[int] = 200
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        """One question."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
        self.send_response(self.status)
        self.end_headers()
        for line in self.answer:
            self.wfile.write(b"data: " + line + b"\n\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def model(*lines: bytes, status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a model that answers so, and what it was asked."""
    asked: list[dict[str, Any]] = []
    handler = type("Answering", (Model,), {"answer": list(lines), "status": status, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(url: str) -> str:
    """All that the model writes."""

    async def all_of() -> str:
        line = Line.read(b'{"line": "Who are you?", "history": [{"mine": true, "line": "Hi"}]}')
        return "".join([piece async for piece in written(Talker(url, "small", "secret"), line, "Be kind.")])

    return anyio.run(all_of)


def test_a_model_is_asked_with_persona_history_and_key() -> None:
    pieces = [json.dumps({"choices": [{"delta": {"content": word}}]}).encode() for word in ("I am ", "Ada.")]
    with model(*pieces, b'{"choices": []}', b"[DONE]") as (url, asked):
        assert answer(url) == "I am Ada."
    assert asked[0]["path"] == "/v1/chat/completions"
    assert asked[0]["key"] == "Bearer secret"
    assert [said["role"] for said in asked[0]["messages"]] == ["system", "user", "user"]


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"choices": 5}', b'"text"'])
def test_an_answer_that_can_not_be_read_is_told(line: bytes) -> None:
    with model(line) as (url, _asked), pytest.raises(Unavailable, match="can't be read"):
        answer(url)


def test_a_model_that_refuses_or_is_not_there_is_told() -> None:
    with model(status=401) as (url, _asked), pytest.raises(Unavailable, match="401"):
        answer(url)
    with pytest.raises(Unavailable, match="can't be reached"):
        answer(url)


def test_half_a_setting_is_refused() -> None:
    assert talker("", "") is None
    for url, model_name in (("http://127.0.0.1:1/v1", ""), ("", "small"), ("127.0.0.1", "small")):
        with pytest.raises(BadRequest, match="go together"):
            talker(url, model_name)
    chosen = read({"AVATAR_CHAT_URL": "http://127.0.0.1:1/v1/", "AVATAR_CHAT_MODEL": "small"})
    found = talker(chosen.chat_url, chosen.chat_model, chosen.chat_key)
    assert found == Talker("http://127.0.0.1:1/v1", "small")
