"""The drawing files keep the conventions of README.md, and are read as SVG says."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from avatar.errors import BadOutput, NotFound
from stages.portrait.drawn import gallery, looks, marks, parts, svg

HOME = parts.HOME
FILES = sorted([*HOME.glob("parts/*/*.svg"), *HOME.glob("scenes/*.svg"), *HOME.glob("figures/*.svg")])
COLOURS = {
    "skin", "skin-light", "skin-shade", "skin-deep", "blush", "lip", "lip-shade", "brow", "hair", "hair-light",
    "hair-shade", "iris", "iris-dark", "cloth", "cloth-light", "cloth-shade", "cloth2", "cloth2-shade", "metal",
    "accent",
}  # fmt: skip
CLASSES = {"mark", "soft"} | {prefix + colour for prefix in ("", "stop-", "line-") for colour in COLOURS}
GIVES = {
    "scene": {"background"},
    "face": {"head"},
    "eyes": {"head", "eyeballs", "iris-right", "iris-left"},
    "brows": {"head"},
    "nose": {"head"},
    "mouth": {"head", "teeth", "teeth-lower"},
    "clothes": {"body"},
}
MARKS = {
    "face": {"jaw", "forehead"},
    "eyes": {f"{part}-{side}{end}" for side in ("right", "left") for part, end in (
        ("lid", "-upper"), ("lid", "-lower"), ("iris", "-mark"), ("hole", ""))},
    "brows": {"brow-right", "brow-left"},
    "nose": {"nose"},
    "mouth": {"lips-outer", "lips-inner"},
}  # fmt: skip


def kind(path: Path) -> str:
    return "scene" if path.parent.name == "scenes" else path.parent.name


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def drawing(body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1024 1024">{body}</svg>'


def root_of(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  (our own drawings)


def element(body: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(body))  # noqa: S314  (our own drawings)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_part_holds_the_groups_and_marks_of_its_kind(path: Path) -> None:
    part = parts.read(path)
    assert part.groups
    assert GIVES.get(kind(path), set()) <= set(part.groups)
    assert MARKS.get(kind(path), set()) <= set(part.marks)
    assert part.box == ((-512, 0, 2048, 1024) if kind(path) == "scene" else (0, 0, 1024, 1024))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_top_groups_are_layers_and_classes_are_colours(path: Path) -> None:
    root = root_of(path)
    groups = {group.get("id") for group in root.findall(f"{{{parts.SVG}}}g")}
    assert groups <= {*parts.LAYERS, "marks"}
    worn = {word for found in root.iter() for word in found.get("class", "").split()}
    assert worn <= CLASSES


def test_ids_of_one_file_do_not_meet_those_of_another() -> None:
    seen: dict[str, str] = {}
    shared_by_design = {*parts.LAYERS, "marks", *marks.NEEDED, *marks.HOLES}
    for path in FILES:
        for found in root_of(path).iter():
            mine = found.get("id")
            if mine and mine not in shared_by_design:
                assert seen.setdefault(mine, name(path)) == name(path), mine


@pytest.mark.parametrize("look", gallery(), ids=lambda look: look.id)
def test_every_look_has_all_landmarks_in_order(look: looks.Look) -> None:
    worn = looks.worn(look)
    face = marks.face({key: mark for part in worn for key, mark in part.marks.items()}, look.id)
    for line, points in (
        (face.upper_lip_outer, 11), (face.upper_lip_inner, 11), (face.lower_lip_inner, 11), (face.lower_lip_outer, 11),
        (face.right.upper, 9), (face.left.lower, 9), (face.right.brow, 5), (face.left.brow, 5), (face.jaw, 17),
    ):  # fmt: skip
        assert len(line) == points
        assert line[0][0] < line[-1][0]
    assert face.right.iris[0] < face.left.iris[0]
    assert face.upper_lip_outer[5][1] < face.upper_lip_inner[5][1] < face.lower_lip_outer[5][1] < face.jaw[8][1]
    for eye in (face.right, face.left):
        assert eye.upper[0] == eye.lower[0]
        assert eye.upper[-1] == eye.lower[-1]
        assert eye.brow[2][1] < eye.upper[4][1] < eye.iris[1] < eye.lower[4][1]


@pytest.mark.parametrize("look", gallery(), ids=lambda look: look.id)
def test_a_palette_gives_every_colour_that_its_parts_use(look: looks.Look) -> None:
    style = looks.style(look)
    used = "".join(part.defs + "".join(part.groups.values()) for part in looks.worn(look))
    worn = {
        colour
        for colour in COLOURS
        if f'"{colour}"' in used or f'"stop-{colour}"' in used or f'"line-{colour}"' in used
    }
    assert look.figure is not None or {colour for colour in worn if f".{colour}{{" not in style} == set()


def test_path_data_of_all_kinds_are_flattened() -> None:
    line = marks.flatten("M0,0 h10 v10 l-5,0 q0,-5 -5,-5 z")
    assert line[:4].tolist() == [[0, 0], [10, 0], [10, 10], [5, 10]]
    assert line[-1].tolist() == [0, 0]
    half = marks.flatten("M-10,0 A10,10 0 0 1 10,0")
    assert np.allclose(np.hypot(*half.T), 10, atol=0.05)
    cubic = marks.flatten("M0,0 C0,10 10,10 10,0")
    assert np.isclose(cubic[:, 1].max(), 7.5)


def test_transforms_of_groups_and_of_the_path_itself_are_honoured() -> None:
    body = '<g transform="translate(100 0)"><g transform="scale(2)"><circle id="forehead" cx="5" cy="5" r="1"/></g></g>'
    found = marks.collect(element(body))["forehead"]
    assert found.centre == pytest.approx((110, 10))
    assert found.radius == pytest.approx(2)
    turned = '<path id="nose" transform="rotate(90 10 10) matrix(1 0 0 1 0 0)" d="M10,0 L20,10"/>'
    points = marks.collect(element(turned))["nose"].points
    assert np.allclose(points, [[20, 10], [10, 20]])
    with pytest.raises(BadOutput, match="wobble"):
        marks.transform("wobble(3)")


def test_a_closed_mouth_is_split_into_upper_and_lower_whatever_its_direction() -> None:
    loop = marks.flatten("M0,5 L5,0 L10,5 L5,9 Z")
    for outline in (loop, loop[::-1]):
        upper, lower = marks.split(outline)
        assert upper[:, 1].min() == 0
        assert lower[:, 1].max() == 9


def test_lines_are_told_from_the_viewers_left() -> None:
    line = marks.resample(np.array([[10.0, 0.0], [0.0, 0.0]]), 3)
    assert list(line) == [(0, 0), (5, 0), (10, 0)]
    assert list(marks.across(np.array([[4.0, 1.0], [2.0, 3.0], [0.0, 1.0]]), 3)) == [(0, 1), (2, 3), (4, 1)]


def test_missing_marks_files_and_parts_are_told(tmp_path: Path) -> None:
    nothing: dict[str, marks.Mark] = {}
    with pytest.raises(BadOutput, match="lips-inner"):
        marks.face(nothing, "nobody")
    broken = tmp_path / "broken.svg"
    broken.write_text("<svg", encoding="utf-8")
    with pytest.raises(BadOutput, match="broken"):
        parts.load(broken)
    with pytest.raises(BadOutput, match="plain SVG"):
        parts.load(tmp_path / "gone.svg")
    html = tmp_path / "page.svg"
    html.write_text("<html/>", encoding="utf-8")
    with pytest.raises(BadOutput, match="not an SVG"):
        parts.load(html)
    with pytest.raises(NotFound, match="almond"):
        parts.place("eyes", "thousand")


def test_a_part_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "part.svg"
    path.write_text(drawing('<g id="head"/>'), encoding="utf-8")
    assert set(parts.load(path).groups) == {"head"}
    path.write_text(drawing('<g id="front"/><g id="body"/>'), encoding="utf-8")
    assert set(parts.load(path).groups) == {"front", "body"}


def test_a_palette_colours_fills_stops_and_strokes() -> None:
    sheet = svg.sheet({"skin": "#abcdef"})
    assert ".skin{fill:#abcdef}" in sheet
    assert ".stop-skin{stop-color:#abcdef}" in sheet
    assert ".line-skin{fill:none;stroke:#abcdef}" in sheet
