"""The application: routes, walls and the OpenAPI document put together. Knows no route's inside."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from avatar.doors.api import catalogues, handwork, metrics, problems, reference, seed, sources, uploads, videos, weights
from avatar.doors.api.callers import Gate, networks
from avatar.doors.api.desk import Desk
from avatar.doors.api.metrics import Counting, Figures
from avatar.doors.api.origins import Origins
from avatar.doors.api.paths import OPEN
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.walls import Courtesy, Limit
from avatar.jobs.service import JobService

ABOUT = """Text in, a film of an avatar saying it out.

Ask with `POST /v1/videos`, follow `events` or `stream`, fetch `content`. Errors are problem documents (RFC 9457) whose
`code` is stable. Where keys are needed, send `Authorization: Bearer KEY` or `X-API-Key: KEY`.
"""
SENT = [
    "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "If-Range", "Last-Event-ID", "Prefer", "Range",
    "X-API-Key",
]  # fmt: skip
SHOWN = ["Accept-Ranges", "Content-Range", "ETag", "Location", "Preference-Applied", "Retry-After"]


class Door(Protocol):
    """Another way in: its route, and what must run while it serves."""

    @property
    def route(self) -> BaseRoute:
        """Where it answers; one of this package's own paths."""
        ...

    @property
    def running(self) -> Callable[[], AbstractAsyncContextManager[None]]:
        """Runs it for the length of a `with`."""
        ...


def create(jobs: JobService, rules: Rules, hands: Hands, *, others: Sequence[Callable[[Desk], Door]] = ()) -> FastAPI:
    """The application for one job service; `others` hang in the same frame, behind the same walls.

    It closes the service when it goes down. Raises `BadRequest` for rules that mean nothing.
    """
    networks(rules.trusted_proxies)
    desk = Desk(jobs, rules, hands)
    beside = [other(desk) for other in others]

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        await desk.ask(sources.tidy, rules.incoming)
        async with AsyncExitStack() as stack:
            for door in beside:
                await stack.enter_async_context(door.running())
            yield
            desk.bells.close()
        await desk.ask(jobs.close)

    app = FastAPI(
        title="Avatar Chat",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.state.desk = desk
    app.state.figures = Figures(desk)
    for part in (videos, uploads, handwork, catalogues, weights, seed, metrics, reference):
        app.include_router(part.router)
    app.router.routes.extend(door.route for door in beside)
    problems.install(app)
    app.add_middleware(Limit, rules=rules)  # the last that is added is the first that is met
    app.add_middleware(Gate, rules=rules)
    app.add_middleware(Origins, rules=rules)
    if rules.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(rules.cors),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=SENT,
            expose_headers=SHOWN,
        )
    app.add_middleware(Courtesy)
    app.add_middleware(Counting, figures=app.state.figures)
    app.openapi = lambda: _document(app, keys=bool(rules.api_keys or rules.admin_key))  # type: ignore[method-assign]
    return app


def _document(app: FastAPI, *, keys: bool) -> dict[str, Any]:
    """The OpenAPI document, with problems as the errors' schema and the keys where they are needed."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = problems.Problem.model_json_schema()
    parts["schemas"].pop("HTTPValidationError", None)
    parts["schemas"].pop("ValidationError", None)
    if keys:
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        for path, methods in document["paths"].items():
            for entry in methods.values() if path not in OPEN else ():
                entry["security"] = [{"bearer": []}, {"header": []}]
    app.openapi_schema = document
    return document
