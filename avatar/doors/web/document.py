"""Gradio's document with our chat already in it, so that it can be used before Gradio runs. Knows no job.

The chat is moved into its tab as soon as there is one; until then the tabs are buttons that remember a click.
"""

from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar.doors.api.paths import LOOK
from avatar.doors.web.kept import FOR_EVER, Shelf, kept

STATIC = Path(__file__).parent / "static"
ROOMS = ("chat", "studio", "jobs", "system")
SHEETS = ("page", "chat", "rooms")
SCRIPTS = (
    "frame",
    "house",
    "chat",
    "bubbles",
    "cast",
    "downloads",
    "growing",
    "languages",
    "marks",
    "mic",
    "screen",
    "talked",
    "wish",
)
"""What the chat needs, told at once: a browser would learn of it only file by file."""
BASE = LOOK.removeprefix("/") + "/static"
FIRST = "\n".join(
    [
        *(f'<link rel="modulepreload" href="{BASE}/{name}.js">' for name in SCRIPTS),
        f'<script type="module" src="{BASE}/frame.js"></script>',
    ]
)
"""Before Gradio's own scripts, so that ours run first."""
LAST = "\n".join(
    [
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">',
        '<meta name="color-scheme" content="light dark">',
        *(f'<link rel="stylesheet" href="{BASE}/{name}.css">' for name in SHEETS),
    ]
)
"""Behind Gradio's own sheets, so that ours count."""
ASSETS = "/assets/"


class Document:
    """Gradio's application with its document filled, and its own files sent from `assets`, under lasting names."""

    def __init__(self, app: ASGIApp, assets: Path) -> None:
        self._gradio = app
        self._assets = Shelf(assets, cache=FOR_EVER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if path.startswith(ASSETS) and self._assets.find(path.removeprefix(ASSETS)):
            await self._assets(scope, receive, send)
        elif path == "/" and scope["method"] == "GET":
            await (await self._filled(scope, receive))(scope, receive, send)
        else:
            await self._gradio(scope, receive, send)

    async def _filled(self, scope: Scope, receive: Receive) -> Response:
        start: Message = {}
        pieces: list[bytes] = []

        async def hear(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            pieces.append(message.get("body", b""))

        bare = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._gradio({**scope, "headers": bare}, receive, hear)
        told = Headers(raw=start["headers"])
        whole = b"".join(pieces)
        if start["status"] != 200 or not told.get("content-type", "").startswith("text/html"):
            return Response(whole, start["status"], dict(told))
        return kept(filled(whole.decode()).encode(), "text/html").answer(Headers(scope=scope))


def filled(document: str) -> str:
    """The document with our head and body in it."""
    document = document.replace("<style>", f"{FIRST}\n<style>", 1).replace("</head>", f"{LAST}\n</head>", 1)
    return document.replace("<gradio-app", f"{_early()}\n<gradio-app", 1)


def part(name: str) -> str:
    """A piece of the page, as HTML."""
    return Path(STATIC, f"{name}.html").read_text("utf-8")


def _early() -> str:
    buttons = "".join(f'<button type="button" data-room="{room}" data-t="tab.{room}"></button>' for room in ROOMS)
    return f'{part("head")}<div id="early"><nav class="early-tabs">{buttons}</nav>{part("chat")}</div>'
