"""Pictures of the page for the documentation, taken in a real browser from a running house.

python benchmarks/screens.py [--address http://127.0.0.1:7860] [--into docs/web]
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"]
LINE = "Hello! It is a pleasure to meet you. Write a line, and I will say it."
VIEWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("chat", "chat", {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}),
    ("chat-dark", "chat", {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}),
    ("chat-phone", "chat", {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"}),
    ("studio", "studio", {"viewport": {"width": 1280, "height": 960}, "color_scheme": "light"}),
)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description="Take pictures of the page.")
    parser.add_argument("--address", default="http://127.0.0.1:7860", help="where it is served (%(default)s)")
    parser.add_argument("--into", default="docs/web", type=Path, help="folder for the pictures (%(default)s)")
    chosen = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit("There is no browser. Install chromium.")
    chosen.into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driven:
        browser = driven.chromium.launch(executable_path=program, args=SWITCHES)
        for name, room, view in VIEWS:
            page = browser.new_context(locale="en-US", **view).new_page()
            page.goto(chosen.address)
            _use(page, room)
            page.screenshot(path=chosen.into / f"{name}.png")
            page.context.close()
        browser.close()


def _use(page: Any, room: str) -> None:
    page.wait_for_selector(".chat.open")
    page.wait_for_selector("#early", state="detached")
    page.wait_for_function("document.querySelectorAll('.cast img[src]').length > 9", timeout=120_000)
    if room == "chat":
        page.fill(".chat textarea", LINE)
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('.chat .film').currentTime > 1.4", timeout=120_000)
        return
    page.click(f"#tab-{room}-button")
    page.wait_for_selector(f".{room}.open")
    page.fill("#s-script", LINE)
    page.wait_for_function("document.querySelectorAll('.plan li').length > 4")


if __name__ == "__main__":
    main()
