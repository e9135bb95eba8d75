"""Several people in one film: where each is, who is seen when, what stands in captions."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Clip, Film, Motion, Phone, Turn, Utterance, Word
from avatar.face import landmarks
from avatar.face.tracks import COLUMN, blank
from avatar.quality.rig import read_rig
from avatar.testing import Bench, workbench
from stages.film import FILM, Brief, Scenery, company, directions
from stages.film.brief import Layout
from stages.film.seats import grid, parts
from tests.film import test_film_stage as solo

PHONES = (Phone("", 0, 0.2), Phone("a", 0.2, 0.9), Phone("", 0.9, 1.2), Phone("a", 1.2, 1.8), Phone("", 1.8, 2.0))
WORDS = (Word("Hello.", 0.2, 0.9), Word("Hi!", 1.2, 1.8))
TURNS = (Turn("Ada", 0, 0.2, 0.9), Turn("Ben", 7, 1.2, 1.8))
SAID = Utterance(2.0, "en", "Hello.\nHi!", PHONES, WORDS, True, TURNS)


def brief(bench: Bench, folder: Path, **changes: object) -> Brief:
    """Two plain faces: the first one's mouth opens in the first half, the other one's in the second."""
    one = solo.brief(bench, folder, size=(512, 256))
    clips = []
    for number in (0, 1):
        track = blank(50)
        track[25 * number : 25 * number + 25, COLUMN["jawOpen"]] = 0.5
        file = folder / f"track{number}.npy"
        np.save(file, track)
        moved = Motion(bench.blob(file.read_bytes(), "application/x-npy"), 25, 50)
        clips.append(Clip(one.clip.portrait, moved))
    speech = replace(one.speech, utterance=bench.blob(records.dump(SAID), "application/json"))
    asked = replace(one, clip=clips[0], others=(clips[1],), speech=speech, layout="side_by_side")
    return replace(asked, **changes)  # type: ignore[arg-type]  # fields of Brief


def made(tmp_path: Path, **changes: object) -> tuple[Bench, Film, NDArray[np.float64]]:
    bench = workbench(tmp_path)
    film = bench.perform(FILM.chain[0], brief(bench, tmp_path, **changes))
    with av.open(str(bench.context.path(film.video))) as file:
        pictures = np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)])
    return bench, film, pictures.astype(np.float64)


def test_side_by_side_each_moves_in_a_part_of_the_film(tmp_path: Path) -> None:
    bench, film, pictures = made(tmp_path)
    left, right = pictures[..., :250], pictures[..., -250:]
    assert pictures.shape == (50, 256, 512)
    for part, still in ((left, slice(30, 50)), (right, slice(2, 20))):
        assert part.std(axis=0).max() > 15.0
        assert part[still].std(axis=0).max() < 6.0
    rig = read_rig(bench.context.path(film.rig))
    lips = rig.landmarks[:, landmarks.UPPER_INNER, 0].mean(axis=1)
    assert lips[10] < 256 < lips[40]
    assert rig.track is not None
    assert (rig.track[[10, 40], COLUMN["jawOpen"]] > 0.4).all()


def test_cuts_show_whoever_speaks_in_the_whole_film(tmp_path: Path) -> None:
    _, _, pictures = made(tmp_path, layout="cut", width=256)
    assert np.abs(pictures[24] - pictures[10]).mean() < 1.0  # 0.96 s: Ada still
    assert np.abs(pictures[28] - pictures[40]).mean() < 1.0  # 1.12 s: Ben, ahead of his words
    assert np.abs(pictures[:, :, :16] - pictures[0, :, :16]).mean() < 1.0


def test_captions_tell_who_speaks(tmp_path: Path) -> None:
    bench, film, _ = made(tmp_path, captions="burned")
    vtt = bench.read(film.captions_vtt).decode()
    assert "Ada: Hello." in vtt
    assert "Ben: Hi!" in vtt
    words = json.loads(bench.read(film.words))["words"]
    assert [(word["speaker"], word["text"]) for word in words] == [("Ada", "Hello."), ("Ben", "Hi!")]


def test_one_ground_goes_through_behind_all(tmp_path: Path) -> None:
    _, _, pictures = made(tmp_path, scenery=Scenery(background="#808080"))
    assert np.ptp(pictures[0, 4:20, :]) < 4.0


@pytest.mark.parametrize(
    ("count", "size", "form"),
    [
        (2, (1280, 720), (2, 1)),
        (2, (720, 1280), (1, 2)),
        (3, (1280, 720), (3, 1)),
        (4, (1280, 720), (2, 2)),
        (4, (512, 512), (2, 2)),
    ],
)
def test_parts_are_even_apart_and_fill_the_film(count: int, size: tuple[int, int], form: tuple[int, int]) -> None:
    assert grid(count, size) == form
    found = parts(count, size)
    assert len(set(found)) == count
    assert all(value % 2 == 0 for column, row in found for value in (*column, *row))
    assert max(start + length for (start, length), _ in found) == size[0]
    assert max(start + length for _, (start, length) in found) == size[1]
    area = sum(column[1] * row[1] for column, row in found)
    assert 0.97 * size[0] * size[1] < area < size[0] * size[1]


def test_people_look_towards_each_other() -> None:
    beside = directions(2, "side_by_side", (1280, 720))
    assert beside[0][1][0] > 0.0 > beside[1][0][0]
    above = directions(2, "side_by_side", (720, 1280))
    assert above[0][1][1] < 0.0 < above[1][0][1]
    assert 0.0 < directions(2, "cut", (512, 512))[0][1][0] < beside[0][1][0]


def test_times_that_lips_found_out_count(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, tmp_path)
    clips = []
    for number, clip in enumerate((asked.clip, *asked.others)):
        turn, word, phone = TURNS[number], WORDS[number], PHONES[1 + 2 * number]
        own = Utterance(2.0, "en", word.text, (replace(phone, start=phone.start + 0.05),), (word,), False, (turn,))
        heard = replace(asked.speech, utterance=bench.blob(records.dump(own), "application/json"))
        clips.append(replace(clip, speech=heard))
    film = bench.perform(FILM.chain[0], replace(asked, clip=clips[0], others=(clips[1],)))
    rig = read_rig(bench.context.path(film.rig))
    assert rig.utterance is not None
    assert [phone.start for phone in rig.utterance.phones] == [0.0, 0.25, 0.9, 1.25, 1.8]


def test_heads_side_by_side_are_about_as_large_as_each_other(tmp_path: Path) -> None:
    asked = brief(workbench(tmp_path), tmp_path)
    far = asked.clip.portrait
    near = replace(far, width=far.width // 2, height=far.height, kind="photo")
    rooms = company.rooms(2, "side_by_side", (1280, 720))

    def heads(layout: Layout) -> list[float]:
        seen = company.views([far, near], rooms, replace(asked, layout=layout))
        return [each.scale for each in seen]

    alone, beside = heads("cut"), heads("side_by_side")
    assert alone[1] > 1.2 * alone[0]
    assert max(beside) / min(beside) < max(alone) / min(alone)
    assert beside[1] == alone[1]
    assert alone[0] < beside[0] <= company.NEARER * alone[0] + 1e-6
