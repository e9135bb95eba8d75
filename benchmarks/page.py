"""What the page costs: until it is ready, until a line's first frame is seen, and twenty tabs that nobody uses.

`python -m benchmarks.page PICTURES` photographs every room instead, for docs/web. Needs playwright and a chromium.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--mute-audio"]
LINE = "Good morning, here is a line of exactly ten words."
TABS, IDLE = 20, 15.0  # and seconds
PATIENCE = 120.0
FILM = "document.querySelector('.chat .film')"
SEEN = f"{FILM}.getAttribute('src') && {FILM}.currentTime > 0"
ROOMS = ("chat", "studio", "jobs", "system")


@dataclass(frozen=True, slots=True)
class Served:
    """A program that serves, and its process."""

    address: str
    process: "subprocess.Popen[bytes]"

    def processor(self) -> float:
        """Seconds of processor that it has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows() -> Iterator[Row]:
    """Wall seconds, medians of three in a warm process."""
    with serving() as served, browsing() as browser:
        chat, whole = zip(*[ready(browser, served) for _ in range(4)], strict=True)
        yield Row("the chat can be used in the browser, warm server", median(chat[1:]), "s", 2.0)
        yield Row("page ready in the browser with all rooms, warm server", median(whole[1:]), "s", 2.0)
        yield Row("a line of ten words until its first frame, warm", first_frame(browser, served), "s", 1.0)
        yield Row(f"{TABS} tabs that nobody uses", 100 * idle(browser, served), "% of core", 5.0)


def ready(browser: Any, served: Served) -> tuple[float, float]:
    """Seconds until the chat can be used, and until every room can be opened."""
    with visiting(browser) as page:
        began = time.perf_counter()
        page.goto(served.address, wait_until="commit")
        page.wait_for_selector(".chat.open")
        chat = time.perf_counter() - began
        page.wait_for_selector("#tab-studio-button")
        page.wait_for_selector("#early", state="detached")
        return chat, time.perf_counter() - began


def first_frame(browser: Any, served: Served) -> float:
    """Seconds from Enter to a picture that moves, of words that were never said before."""
    found = []
    with visiting(browser) as page:
        page.goto(served.address)
        page.wait_for_selector(".chat.open")
        page.wait_for_selector("#early", state="detached")
        for word in ("", "Anna", "Bert", "Carl"):
            page.fill(".chat textarea", f"{word} {LINE}".strip())
            page.evaluate(f"{FILM}.removeAttribute('src')")  # the film before counts no more
            began = time.perf_counter()
            page.keyboard.press("Enter")
            page.wait_for_function(SEEN, polling=20)
            found.append(time.perf_counter() - began)
            page.wait_for_selector(".said:last-of-type .tools a")
    return median(found[1:])


def idle(browser: Any, served: Served) -> float:
    """The share of a core that the server uses for tabs that are open."""
    contexts = [browser.new_context() for _ in range(TABS)]
    for context in contexts:
        page = context.new_page()
        page.goto(served.address)
        page.wait_for_selector(".chat.open")
    time.sleep(IDLE / 3)  # their last pictures come
    before = served.processor()
    time.sleep(IDLE)
    spent = served.processor() - before
    for context in contexts:
        context.close()
    return spent / IDLE


def pictures(folder: Path) -> None:
    """Every room in light, dark, and as a phone shows it."""
    looks: dict[str, dict[str, Any]] = {
        "": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
        "-dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
        "-phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
    }
    folder.mkdir(parents=True, exist_ok=True)
    with serving() as served, browsing() as browser:
        for name, look in looks.items():
            with visiting(browser, **look) as page:
                _photograph(page, served.address, folder, name)


def _photograph(page: Any, address: str, folder: Path, name: str) -> None:
    page.goto(address)
    page.wait_for_selector(".chat.open")
    page.wait_for_selector("#early", state="detached")
    page.fill(".chat textarea", "Hello! I am Ada, and every word that you write is spoken by somebody here.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".said .tools a")
    _shoot(page, folder / f"chat{name}.png")
    for room in ROOMS[1:]:
        page.click(f"#tab-{room}-button")
        page.wait_for_selector(f".{room}.open")
        if room == "studio":
            page.fill("#s-script", "Good evening. Here is the news.")
            page.wait_for_selector(".studio .go:not([disabled])")
        _shoot(page, folder / f"{room}{name}.png")
        if room == "studio":
            page.check(".kinds input[value=image]", force=True)
            page.fill("#s-prompt", "a friendly teacher with grey hair")
            page.select_option("#s-variations", "4")
            page.wait_for_selector(".studio .go:not([disabled])")
            page.click(".studio .preview")
            page.wait_for_selector(".takes button >> nth=3")
            _shoot(page, folder / f"image{name}.png")


def _shoot(page: Any, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(800)  # faces fade in
    page.screenshot(path=str(path))


@contextmanager
def visiting(browser: Any, **look: Any) -> Iterator[Any]:
    """A page of somebody new."""
    context = browser.new_context(locale="en-US", **look)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    yield page
    context.close()


@contextmanager
def browsing() -> Iterator[Any]:
    """A browser. Raises RuntimeError where there is none."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise RuntimeError("No browser is here: apt-get install chromium.")
    with sync_playwright() as driven:
        opened = driven.chromium.launch(executable_path=program, args=SWITCHES)
        yield opened
        opened.close()


@contextmanager
def serving() -> Iterator[Served]:
    """The whole program, its page built."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "AVATAR_DATA_DIR": folder,
            "AVATAR_PROFILE": "minimal",
            "HF_HUB_OFFLINE": "1",
            "AVATAR_RATE_LIMIT": "1000",
        }
        command = [sys.executable, "app.py", "--port", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
        try:
            yield Served(_awaited(f"http://127.0.0.1:{port}", process), process)
        finally:
            process.terminate()
            process.wait(30)


def _awaited(address: str, process: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(address, timeout=PATIENCE)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address
    raise RuntimeError("The program never served.")


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))
