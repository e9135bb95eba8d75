"""Talking photographs judged: a film of every picture in a folder, its certificate by FaceLandmarker, one table of all.

python -m benchmarks.photos FOLDER --model face_landmarker.task [--out docs/quality.md] [--sheets FOLDER]

Knows nothing of how portraits are made; a picture that can't be used stands in the table with the reason.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.artifacts import Film, Portrait
from avatar.errors import AvatarError
from avatar.quality import Certificate, Figure, certificate, read_rig
from avatar.quality.judging import THEVAL
from avatar.stage import Backend, Placement
from avatar.testing import Bench, workbench
from benchmarks import look
from benchmarks.sheets import draw, write
from benchmarks.table import machine
from stages import film, lips, motion, portrait, pose, speech
from stages.portrait.photo import Photo
from stages.speech.espeak import Espeak

TEXT = (
    "Hello, this is a photograph that speaks. My name does not matter, but people move me: five brave fish swim over "
    "blue moonlit water. Why not? Bob made pop music, and very few of us would ever move away from it. "
    "Somebody once asked me whether a picture can mean what it says. I believe that it may, when its mouth is shut "
    "for the right sounds, when its eyes look about, and when it sometimes takes its time. After a pause, for example. "
    "Before the film ends, look at the wall behind me: it should stand as still as a wall. Thank you for watching!"
    " Now let me tell you what we measure. Real people lean, nod and settle again; they lift their brows at what "
    "matters, and hardly ever hold their heads still. They breathe before they begin. Do we look like that? Not quite. "
    "But we come nearer, minute by minute, and whoever looks closely may find out where we still differ. Perhaps it is "
    "the pause before a thought. Perhaps the way a smile fades... Have a good evening, all of you, and come again soon."
)
KINDS = (".png", ".jpg", ".jpeg", ".webp")
SIZE = 512
FPS = 25
BELOW = "## How like real people"


@dataclass(frozen=True, slots=True)
class Talk:
    """What one picture came to: its certificate and what it cost, or why there is none."""

    name: str
    told: Certificate | None = None
    making: float = 0.0
    pace: float = 0.0
    refused: str = ""


def main(argv: list[str]) -> int:
    """Write the table; 0 when every picture gave a film."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photos", description="Films of photographs, judged.")
    parser.add_argument("folder", type=Path, help="pictures")
    parser.add_argument("--model", type=Path, required=True, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--out", type=Path, help="where the Markdown table goes")
    parser.add_argument("--sheets", type=Path, help="where a contact sheet of each film goes")
    chosen = parser.parse_args(argv)
    pictures = sorted(path for path in chosen.folder.iterdir() if path.suffix.lower() in KINDS)
    talks = []
    for picture in pictures:
        talks.append(talk(picture, chosen.model, chosen.sheets))
        print(_line(talks[-1]), flush=True)
        if chosen.out:
            chosen.out.write_text(report(talks) + _written(chosen.out), encoding="utf-8")
    return 0 if all(each.told for each in talks) else 1


def _written(path: Path) -> str:
    """What stands below the table already, told by `benchmarks.likeness`."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return "\n" + text[text.index(BELOW) :] if BELOW in text else ""


def talk(picture: Path, model: Path, sheets: Path | None) -> Talk:
    """A film of one picture, measured."""
    with tempfile.TemporaryDirectory() as folder:
        bench = workbench(Path(folder), seed=1)
        try:
            shown, making = _portrait(bench, picture, model)
            made, pace = _film(bench, shown)
        except AvatarError as error:
            return Talk(picture.name, refused=str(error))
        rig = read_rig(bench.context.path(made.rig))
        path = bench.context.path(made.video)
        if sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            write(sheets / f"{picture.stem}.png", draw(look.sheet(path, rig)))
        told = certificate(path, landmarker=model, utterance=rig.utterance)
        return Talk(picture.name, told, making, pace)


def _portrait(bench: Bench, picture: Path, model: Path) -> tuple[Portrait, float]:
    weights = bench.context.scratch() / "weights"
    weights.mkdir()
    shutil.copy(model, weights / "face_landmarker.task")
    brief = portrait.Brief(None, "", 0, image=bench.blob(picture.read_bytes(), "image/*"))
    began = time.perf_counter()
    made = bench.perform(Photo(), brief, placement=Placement(weights={"face-landmarker": weights}))
    return made, time.perf_counter() - began


def _film(bench: Bench, shown: Portrait) -> tuple[Film, float]:
    """The film, and its frames for each second from the text on."""

    def floor(stage: Any) -> Backend[Any, Any]:
        found: Backend[Any, Any] = stage.chain[-1]
        return found

    began = time.perf_counter()
    said = bench.perform(Espeak(), speech.Brief(TEXT, "en-us", 1.0, 0.0, 1))
    moving = bench.perform(floor(motion.MOTION), motion.Brief(shown, said.seconds, FPS, 1))
    posed = bench.perform(floor(pose.POSE), pose.Brief(moving, said, 1))
    spoken = bench.perform(floor(lips.LIPS), lips.Brief(posed, said, 1))
    made = bench.perform(floor(film.FILM), film.Brief(spoken, said, SIZE, SIZE))
    return made, made.frames / (time.perf_counter() - began)


def _line(each: Talk) -> str:
    if each.told is None:
        return f"{each.name}: {each.refused}"
    missed = [
        f"{figure.name} {figure.value} ({figure.limit})" for figure in each.told.figures if figure.verdict == "fail"
    ]
    alike = next(figure.note for figure in each.told.figures if figure.name == THEVAL.name)
    paid = f"portrait {each.making:.2f} s, {each.pace:.0f} frames/s"
    return f"{each.name}: {paid}; missed: {'; '.join(missed) or 'nothing'}; likeness: {alike}"


def report(talks: list[Talk]) -> str:
    """The table as Markdown: a row for each figure, a column for each picture; what misses its limit stands out."""
    made = [each for each in talks if each.told is not None]
    lines = [
        "# Talking photographs, measured",
        "",
        f"A film of {SIZE} x {SIZE} at {FPS} frames a second was made of each picture, decoded again and looked at by",
        "MediaPipe FaceLandmarker, which knows nothing of how it was made; `python -m benchmarks.photos` does it.",
        f"Bold figures miss their limit. Measured on {machine()}, with other work on it.",
        "",
        "The text: " + TEXT,
        "",
        "| figure | limit | " + " | ".join(Path(each.name).stem for each in made) + " |",
        "|---|---|" + "---|" * len(made),
    ]
    figures = made[0].told.figures if made and made[0].told else ()
    seen = (number for number, figure in enumerate(figures) if figure.source != "container")
    lines += [_row(number, made) for number in seen]
    lines.append("| making the portrait | <= 3 s | " + " | ".join(f"{each.making:.2f}" for each in made) + " |")
    lines.append(
        "| frames a second, from text to file | >= 40 | " + " | ".join(f"{each.pace:.0f}" for each in made) + " |"
    )
    lines += ["", *(f"- {each.name} gave no film: {each.refused}" for each in talks if each.told is None)]
    return "\n".join(lines).rstrip() + "\n"


def _row(number: int, made: list[Talk]) -> str:
    figures = [each.told.figures[number] for each in made if each.told is not None]
    name = f"{figures[0].name}, {figures[0].unit}" if figures[0].unit else figures[0].name
    return f"| {name} | {figures[0].limit} | " + " | ".join(_cell(figure) for figure in figures) + " |"


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    told = figure.value if isinstance(figure.value, str) else f"{figure.value:g}"
    return f"**{told}**" if figure.verdict == "fail" else told


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
