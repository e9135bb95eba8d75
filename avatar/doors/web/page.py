"""The page's frame in Gradio: theme, languages, four tabs. Knows no job: each tab's own script asks the API."""

import json
import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI
from gradio.routes import BUILD_PATH_LIB  # type: ignore[attr-defined]

from avatar.doors.web.document import ROOMS, Document, part
from avatar.doors.web.endpoints import Endpoints
from avatar.doors.web.looking import WORDS

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja")
LOOK = 0.2
"""Seconds between two looks of Gradio's queue for calls of the named endpoints, where it would take a millisecond."""
LOAD = "import(new URL('look/static/{room}.js', document.baseURI)).then((room) => room.open(element))"
SETTLE = "import(new URL('look/static/frame.js', document.baseURI)).then((frame) => frame.settle(element))"
PLACE = '<div class="place"></div>'


def application(endpoints: Endpoints) -> FastAPI:
    """An application that has the page at its root, and named endpoints beside it."""
    told = gr.I18n(**{name: tabs(name) for name in LANGUAGES})
    page = blocks(told, endpoints)
    queue = page._queue  # noqa: SLF001 - it has no public door
    queue.sleep_when_free = queue.progress_update_sleep_when_free = LOOK
    made: FastAPI = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        page,
        "/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=theme(),
        i18n=told,
        max_file_size=1,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        pwa=False,
        footer_links=[],
    )
    made.add_middleware(Document, assets=Path(BUILD_PATH_LIB))
    return made


def blocks(told: gr.I18n, endpoints: Endpoints) -> gr.Blocks:
    """The four tabs."""
    made: gr.Blocks
    with gr.Blocks(title="Avatar Chat", analytics_enabled=False, fill_width=True) as made:
        with gr.Tabs(elem_id="rooms"):
            for room in ROOMS:
                with gr.Tab(told(f"tab.{room}"), id=room, elem_id=f"tab-{room}"):
                    gr.HTML(
                        html_template=PLACE if room == "chat" else part(room),
                        js_on_load=SETTLE if room == "chat" else LOAD.format(room=room),
                        elem_id=f"room-{room}",
                        apply_default_css=False,
                    )
        endpoints.offer()
    return made


def theme() -> gr.themes.Base:
    """Ink on paper and one warm colour. All fonts are the reader's own: nothing is fetched."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
    return gr.themes.Base(font=fonts, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"])


def tabs(language: str) -> dict[str, str]:
    """What the rooms are called, in one language; all else the page says by itself."""
    told: dict[str, str] = json.loads(Path(WORDS, f"{language}.json").read_text("utf-8"))
    return {name: text for name, text in told.items() if name.startswith("tab.")}
