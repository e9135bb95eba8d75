"""Contact sheets of a talking film, to judge it by eye: the whole, mouths at their sounds, a blink, turned heads.

python -m benchmarks.look FILM.mp4 --rig RIG --out sheet.png
python -m benchmarks.look --speak "Hello, I am Ada." --avatar ID --out sheet.png

Knows nothing of how films are made beyond the command that makes one. Without a rig only the overview is drawn.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from avatar.errors import AvatarError
from avatar.media import video
from avatar.quality import Rig, faces, living, read_rig
from avatar.quality.faces import Faces
from benchmarks.sheets import Cut, draw, write

Place = tuple[int, tuple[float, float, float] | None, str]
"""A frame, a square in it by centre and half side in pixels (none: all of it), and a label."""

ACROSS = 8
MOUTHS = (
    ("p b m", "pbm"), ("f v", "fv"), ("u w", "uw"), ("o", "oɔ"),
    ("a", "aɑæ"), ("i e", "ieɛ"), ("s z", "sz"), ("th", "θð"),
)  # fmt: skip
"""Row labels and the letters with which the phones begin."""


def main(argv: list[str]) -> int:
    """Write the sheet; exit status as the command line's."""
    chosen = _parser().parse_args(argv)
    try:
        if chosen.speak:
            with tempfile.TemporaryDirectory() as folder:
                film, rig = _spoken(Path(folder), chosen)
                cuts = sheet(film, rig)
        else:
            cuts = sheet(Path(chosen.film), read_rig(Path(chosen.rig)) if chosen.rig else None)
        write(Path(chosen.out), draw(cuts))
    except AvatarError as error:
        print("error:", error, file=sys.stderr)
        return error.exit_status
    print(chosen.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.look", description="Contact sheet of a talking film.")
    parser.add_argument("film", nargs="?", help="an MP4")
    parser.add_argument("--rig", help="the rig that was made with it")
    parser.add_argument("--speak", metavar="TEXT", help="make a film of this text and look at that")
    parser.add_argument("--avatar", help="for --speak: who says it")
    parser.add_argument("--seed", type=int, default=1, help="for --speak (%(default)s)")
    parser.add_argument("--size", default="512x512", help="for --speak, width first (%(default)s)")
    parser.add_argument("--out", default="sheet.png", help="where the PNG goes (%(default)s)")
    return parser


def _spoken(folder: Path, chosen: argparse.Namespace) -> tuple[Path, Rig]:
    """A film by the pipeline's own stages, and its rig."""
    from avatar.request import parse
    from avatar.testing import workbench
    from stages import pipeline

    bench = workbench(folder, seed=chosen.seed)

    def run(stage: Any, brief: Any) -> Any:
        return bench.perform(stage.chain[-1], brief)

    width, height = (int(side) for side in chosen.size.split("x"))
    wishes = {"text": chosen.speak, "seed": chosen.seed, "width": width, "height": height}
    ask = parse(wishes | ({"avatar": chosen.avatar} if chosen.avatar else {}))
    _, film = pipeline.show(ask, pipeline.say(ask, run), run=run)
    return bench.context.path(film.video), read_rig(bench.context.path(film.rig))


def sheet(film: Path, rig: Rig | None) -> list[list[Cut]]:
    """Rows of pictures: the whole film, then mouths, lids and head by the rig. Raises as `video.contents`."""
    held = video.contents(film)
    times = [at for at, _ in video.luma(film)]
    rows: list[list[Place]] = [
        [(int(at), None, f"{times[int(at)]:.2f} s") for at in np.linspace(0, len(times) - 1, ACROSS)]
    ]
    if rig is not None and held.picture is not None:
        face = faces.from_rig(rig, held.picture.width, held.picture.height)
        rows += [_mouths(rig, face, np.asarray(times)), _blink(face, np.asarray(times)), _turned(face)]
    wanted = {index for row in rows for index, _, _ in row}
    pictures = {index: picture for index, (_, picture) in enumerate(video.colour(film)) if index in wanted}
    return [[Cut(pictures[index], box, label) for index, box, label in row] for row in rows if row]


def _mouths(rig: Rig, face: Faces, times: "np.ndarray[Any, Any]") -> list[Place]:
    found: list[Place] = []
    for label, letters in MOUTHS if rig.utterance else ():
        phones = [phone for phone in rig.utterance.phones if phone.ipa and phone.ipa[0] in letters]  # type: ignore[union-attr]
        if not phones:
            continue
        phone = max(phones, key=lambda each: each.end - each.start)
        share = 0.35 if letters == "pbm" else 0.5
        index = int(np.argmin(np.abs(times - phone.start - share * (phone.end - phone.start))))
        index = min(index, len(face.gap) - 1)
        x, y = rig.landmarks[index, :44].mean(axis=0)
        found.append((index, (float(x), float(y), 0.26 * float(face.height[index])), label))
    return found


def _blink(face: Faces, times: "np.ndarray[Any, Any]") -> list[Place]:
    count = min(len(times), len(face.gap))
    blinks = living.blinks(times[:count], face.lids[:count])
    first = int(np.searchsorted(times, blinks.starts[0])) if len(blinks.starts) else 0
    found: list[Place] = []
    for index in range(max(first - 1, 0), min(first - 1 + ACROSS, count)):
        x, y = face.outline[index, 44:80].mean(axis=0)
        found.append((index, (float(x), float(y), 0.3 * float(face.height[index])), f"blink {times[index]:.2f} s"))
    return found


def _turned(face: Faces) -> list[Place]:
    if face.angles is None:
        return []
    found: list[Place] = []
    for column, name in enumerate(("yaw", "pitch", "roll")):
        angle = face.angles[:, column]
        for index in (int(angle.argmin()), int(angle.argmax())):
            x, y = face.outline[index].mean(axis=0)
            found.append((index, (float(x), float(y), 0.75 * float(face.height[index])), f"{name} {angle[index]:+.1f}"))
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
