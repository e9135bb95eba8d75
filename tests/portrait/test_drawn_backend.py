"""The portrait stage's floor: from a brief to layers in the store."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Blob, Portrait
from avatar.errors import BadOutput, Cancelled, NotFound
from avatar.testing import Bench, workbench
from stages.portrait import PORTRAIT, Brief
from stages.portrait.drawn import Drawn, contact_sheet, gallery, sheet, shown
from stages.portrait.drawn.looks import find
from stages.portrait.drawn.parts import HOME

FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1024 1024">
<title>Moony</title><desc>A round one.</desc>
<g id="head"><circle cx="512" cy="420" r="200" fill="#aab"/></g>
<path id="hole-right" class="mark" d="M430,400 Q450,380 470,400 Q450,415 430,400Z"/>
<path id="hole-left" class="mark" d="M554,400 Q574,380 594,400 Q574,415 554,400Z"/>
<path id="lid-right-upper" class="mark" d="M430,400 Q450,380 470,400"/>
<path id="lid-right-lower" class="mark" d="M430,400 Q450,415 470,400"/>
<path id="lid-left-upper" class="mark" d="M554,400 Q574,380 594,400"/>
<path id="lid-left-lower" class="mark" d="M554,400 Q574,415 594,400"/>
<circle id="iris-right-mark" class="mark" cx="450" cy="400" r="9"/>
<circle id="iris-left-mark" class="mark" cx="574" cy="400" r="9"/>
<path id="brow-right" class="mark" d="M425,365 H475"/><path id="brow-left" class="mark" d="M549,365 H599"/>
<path id="nose" class="mark" d="M512,410 V500"/><circle id="forehead" class="mark" cx="512" cy="250" r="2"/>
<path id="jaw" class="mark" d="M320,450 Q512,780 704,450"/>
<path id="lips-outer" class="mark" d="M470,550 Q512,535 554,550 Q512,580 470,550Z"/>
<path id="lips-inner" class="mark" d="M470,550 H554"/>
</svg>"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return workbench(tmp_path_factory.mktemp("portrait"), stage="portrait")


@pytest.fixture(scope="module")
def ada(bench: Bench) -> Portrait:
    return bench.perform(Drawn(), Brief("ada", "", 0))


def pixels(bench: Bench, blob: Blob) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(bench.read(blob), np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def test_a_portrait_has_its_layers_from_back_to_front(bench: Bench, ada: Portrait) -> None:
    names = [layer.name for layer in ada.layers]
    assert set(names) >= {"background", "body", "eyeballs", "iris_right", "iris_left", "teeth", "teeth_lower", "head"}
    assert names.index("background") < names.index("body") < names.index("eyeballs") < names.index("head")
    assert (ada.width, ada.height, ada.kind, ada.label) == (1024, 1024, "drawn", "ada")
    assert pixels(bench, ada.image).shape == (1024, 1024, 3)
    assert PORTRAIT.chain[-1].needs.floor


def test_layers_are_cut_to_what_they_show_and_the_scene_is_wide(bench: Bench, ada: Portrait) -> None:
    for layer in ada.layers:
        shown = pixels(bench, layer.pixels)
        if layer.name == "background":
            assert (layer.x, layer.y, shown.shape) == (-512, 0, (1024, 2048, 3))
            continue
        alpha = shown[..., 3]
        assert alpha.shape[0] * alpha.shape[1] < 1024 * 1024
        assert all(edge.any() for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))


def test_the_head_is_open_where_the_eyes_are_and_closed_between_the_lips(bench: Bench, ada: Portrait) -> None:
    head = next(layer for layer in ada.layers if layer.name == "head")
    alpha = pixels(bench, head.pixels)[..., 3]

    def cover(x: float, y: float) -> int:
        return int(alpha[round(y) - head.y, round(x) - head.x])

    for eye in (ada.face.right, ada.face.left):
        assert cover(*eye.iris) == 0
        assert cover(eye.upper[4][0], eye.upper[4][1] - 6) == 255
    for x, y in ada.face.upper_lip_inner[1:-1]:
        assert cover(x, y) == 255


def test_an_iris_lies_where_its_mark_is(bench: Bench, ada: Portrait) -> None:
    for name, eye in (("iris_right", ada.face.right), ("iris_left", ada.face.left)):
        layer = next(layer for layer in ada.layers if layer.name == name)
        height, width = pixels(bench, layer.pixels).shape[:2]
        assert layer.x + width / 2 == pytest.approx(eye.iris[0], abs=1)
        assert layer.y + height / 2 == pytest.approx(eye.iris[1], abs=1)
        assert width / 2 == pytest.approx(eye.iris_radius, abs=1)


def test_the_same_brief_gives_the_same_bytes(bench: Bench, ada: Portrait, tmp_path: Path) -> None:
    again = workbench(tmp_path).perform(Drawn(), Brief("ada", "", 0))
    assert records.dump(again) == records.dump(ada)
    assert records.load(Portrait, records.dump(ada)) == ada


def test_a_prompt_gives_a_fitting_portrait(bench: Bench) -> None:
    assert "teacher" in find(bench.perform(Drawn(), Brief(None, "Professional teacher explaining math", 4)).label).roles


def test_an_unknown_avatar_is_nobodys_fault_but_the_askers(bench: Bench) -> None:
    with pytest.raises(NotFound, match="ada"):
        bench.perform(Drawn(), Brief("adda", "", 0))


def test_drawing_can_be_called_off(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.perform(Drawn(), Brief("ada", "", 0))


def studio(folder: Path) -> Path:
    """A home for drawings that has scenes and figures only."""
    (folder / "figures").mkdir(parents=True)
    shutil.copytree(HOME / "scenes", folder / "scenes")
    for table in ("palettes.toml", "words.toml"):
        shutil.copy(HOME / table, folder)
    (folder / "looks.toml").write_text("", encoding="utf-8")
    return folder


def test_a_whole_figure_dropped_into_the_folder_is_an_avatar(bench: Bench, tmp_path: Path) -> None:
    home = studio(tmp_path)
    (home / "figures" / "moony.svg").write_text(FIGURE, encoding="utf-8")
    assert [(look.id, look.name, look.description) for look in gallery(home)] == [("moony", "Moony", "A round one.")]
    drawn = bench.perform(Drawn(home=home), Brief("moony", "", 0))
    assert [layer.name for layer in drawn.layers] == ["background", "head"]
    assert drawn.face.right.iris == pytest.approx((450, 400))
    taught = bench.perform(Drawn(home=home), Brief(None, "a teacher", 3))
    assert (taught.label, taught.face) == ("moony", drawn.face)
    assert taught.layers[0] != drawn.layers[0]


def test_a_figure_without_landmarks_is_refused_with_their_names(bench: Bench, tmp_path: Path) -> None:
    home = studio(tmp_path)
    bare = FIGURE.replace('id="lips-inner"', "")
    (home / "figures" / "mute.svg").write_text(bare, encoding="utf-8")
    with pytest.raises(BadOutput, match="lips-inner"):
        bench.perform(Drawn(home=home), Brief("mute", "", 0))


def test_a_contact_sheet_shows_the_looks_side_by_side() -> None:
    told: list[tuple[int, int]] = []
    drawn = _pixels(contact_sheet(gallery()[:2], columns=2, side=64, step=lambda done, of: told.append((done, of))))
    assert drawn.shape[1] > 2 * 64
    assert drawn.std() > 20
    assert told == [(0, 2), (1, 2)]


def test_the_pictures_that_come_with_the_gallery_show_what_is_drawn() -> None:
    told = json.loads(shown.BOOK.read_text("utf-8"))
    assert told == {look.id: shown.digest(look) for look in gallery()}
    coming, drawn, another = map(_pixels, (shown.picture("ada"), sheet.picture(find("ada")), shown.picture("omar")))
    assert np.abs(coming - drawn).mean() < 1.0
    assert np.abs(coming - another).mean() > 10.0


def _pixels(picture: bytes) -> NDArray[np.float32]:
    return np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), np.float32)
