"""Pictures of the gallery that come with it, since drawing one takes a second. Knows no store.

`python -m stages.portrait.drawn` draws anew those whose drawings have changed; until then they are drawn on demand.
"""

import json
from hashlib import sha256
from pathlib import Path

from stages.portrait.drawn import looks as book
from stages.portrait.drawn import sheet, svg
from stages.portrait.drawn.looks import Look
from stages.portrait.drawn.parts import LAYERS

HOME = Path(__file__).parent / "pictures"
BOOK = HOME / "digests.json"


def picture(avatar: str) -> bytes:
    """WebP of one avatar of the gallery, 512 pixels square."""
    look = next(look for look in book.gallery() if look.id == avatar)
    if _known().get(look.id) == digest(look):
        return _place(look).read_bytes()
    return sheet.picture(look)


def digest(look: Look) -> str:
    """sha256 of all that is drawn of a look."""
    worn, style = book.worn(look), book.style(look)
    drawings = [svg.document(worn, name, style=style, view=svg.box(worn, name)) or "" for name in LAYERS]
    return sha256("\n".join(drawings).encode()).hexdigest()


def renew() -> None:
    """Draw those that have changed, and let go of those that nobody knows any more."""
    HOME.mkdir(exist_ok=True)
    known, told = _known(), {look.id: digest(look) for look in book.gallery()}
    for look in book.gallery():
        if known.get(look.id) != told[look.id]:
            _place(look).write_bytes(sheet.picture(look))
    for place in HOME.glob("*.webp"):
        if place.stem not in told:
            place.unlink()
    BOOK.write_text(json.dumps(told, indent=0) + "\n", "utf-8")


def _known() -> dict[str, str]:
    found: dict[str, str] = json.loads(BOOK.read_text("utf-8")) if BOOK.is_file() else {}
    return found


def _place(look: Look) -> Path:
    return HOME / f"{look.id}.webp"
