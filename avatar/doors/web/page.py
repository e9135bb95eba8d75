"""The page's frame in Gradio: theme, languages, four tabs. Knows no job: each tab's own script asks the API."""

import json
import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI

from avatar.doors.web.endpoints import Endpoints
from avatar.doors.web.looking import STATIC, WORDS

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja")
LOOK = 0.05
"""Seconds between two looks of Gradio's queue for calls of the named endpoints; it would look a thousand times a second."""
ROOMS = ("chat", "studio", "jobs", "system")
LOAD = "import(new URL('look/static/{room}.js', document.baseURI)).then((room) => room.open(element))"
SHEETS = ("page", "chat", "rooms")
HEAD = "\n".join(
    [
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">',
        '<meta name="color-scheme" content="light dark">',
        *(f'<link rel="stylesheet" href="look/static/{name}.css">' for name in SHEETS),
        '<link rel="modulepreload" href="look/static/house.js">',
        '<link rel="modulepreload" href="look/static/chat.js">',
        '<script type="module" src="look/static/frame.js"></script>',
    ]
)


def application(endpoints: Endpoints) -> FastAPI:
    """An application that has the page at its root, and named endpoints beside it."""
    told = gr.I18n(**{name: tabs(name) for name in LANGUAGES})
    page = blocks(told, endpoints)
    page._queue.sleep_when_free = LOOK  # noqa: SLF001 - it has no public door
    made: FastAPI = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        page,
        "/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=theme(),
        head=HEAD,
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
    return made


def blocks(told: gr.I18n, endpoints: Endpoints) -> gr.Blocks:
    """The four tabs."""
    made: gr.Blocks
    with gr.Blocks(title="Avatar Chat", analytics_enabled=False, fill_width=True) as made:
        gr.HTML(_part("head"), elem_id="masthead", js_on_load=None)
        with gr.Tabs(elem_id="rooms"):
            for room in ROOMS:
                with gr.Tab(told(f"tab.{room}"), id=room, elem_id=f"tab-{room}"):
                    gr.HTML(
                        html_template=_part(room),
                        js_on_load=LOAD.format(room=room),
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


def _part(name: str) -> str:
    return Path(STATIC, f"{name}.html").read_text("utf-8")
