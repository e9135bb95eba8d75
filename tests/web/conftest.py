"""The whole program behind a real socket, and a real browser before it. Skips aloud where there is no browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

DEADLINE = 90.0  # seconds after which a condition counts as never met, on a loaded machine
ROOM = 12  # jobs that may wait
ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the program serves."""
    pytest.importorskip("gradio", reason="the page needs gradio")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = {
        "AVATAR_DATA_DIR": str(tmp_path_factory.mktemp("house")),
        "AVATAR_PROFILE": "minimal",
        "AVATAR_MODELS_BUDGET": "1",
        "HF_HUB_OFFLINE": "1",
        "AVATAR_RATE_LIMIT": "1000",
        "AVATAR_QUEUE_LENGTH": str(ROOM),
    }
    command = [sys.executable, "app.py", "--port", str(port)]
    served = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    try:
        yield _awaited(f"http://127.0.0.1:{port}", served)
    finally:
        served.terminate()
        served.wait(30)


def _awaited(address: str, served: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + DEADLINE
    while True:
        assert served.poll() is None, "the program ended"
        assert time.monotonic() < end, "the program never served"
        try:
            httpx.get(f"{address}/health", timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser; its driver holds an event loop in this thread, so it goes with the module that wants it."""
    driver = pytest.importorskip("playwright.sync_api", reason="no playwright: install requirements-dev.txt")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no browser: apt-get install chromium")
    with driver.sync_playwright() as driven:
        opened = driven.chromium.launch(executable_path=program, args=SWITCHES)
        yield opened
        opened.close()


@dataclass
class Visitor:
    """Somebody with a browser of his own."""

    page: Any
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def until(self, condition: str) -> None:
        """Wait until JavaScript says so."""
        self.page.wait_for_function(condition, timeout=DEADLINE * 1000)

    def open(self, room: str) -> None:
        """Go to a room by its tab."""
        self.page.click(f"#tab-{room}-button")
        self.page.wait_for_selector(f".{room}.open")

    def say(self, line: str) -> None:
        """Write a line into the chat and send it."""
        self.page.fill(".chat textarea", line)
        self.page.keyboard.press("Enter")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Visitor]]:
    """How to let somebody in; `more` is what his browser is like."""
    contexts = []

    def let_in(**more: Any) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 820}, "locale": "en-US", **more})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(DEADLINE * 1000)
        visitor = Visitor(page)
        page.on("request", lambda asked: _strangers(asked.url, address, visitor.outside))
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".chat.open")
        page.wait_for_selector("#early", state="detached")
        return visitor

    yield let_in
    for context in contexts:
        context.close()


def _strangers(url: str, address: str, found: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        found.append(url)
