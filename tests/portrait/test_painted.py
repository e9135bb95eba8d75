"""Portraits that a model paints: which candidate is taken, and what is told when none will do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar.artifacts import Portrait
from avatar.engine import Engine
from avatar.errors import BadOutput, OutOfMemory
from avatar.sampling import Sampling
from avatar.stage import Context, Placement, Stage
from avatar.store import FolderStore
from avatar.testing import Bench, workbench
from stages import pictures
from stages.diffusion.models import SD15, SD_TURBO, Easel
from stages.diffusion.orders import Order, Picture
from stages.diffusion.orders import Painted as Pictures
from stages.portrait import PORTRAIT, Brief, drawn
from stages.portrait.painted import Painted
from stages.portrait.painted.backend import CANDIDATES, UNWANTED, helped
from stages.portrait.photo import PlainPhoto
from tests.portrait.photos import astronaut, landmarker
from tests.shared import shared

SIDE = 512


@dataclass
class Scripted:
    """A painter that gives these pictures, one after the other for seeds that follow each other from 5 on."""

    pictures: Sequence[Picture]
    orders: list[Order] = field(default_factory=list)
    fails: Exception | None = None

    def __call__(self, order: Order, context: Context, /) -> Pictures:
        self.orders.append(order)
        if self.fails:
            raise self.fails
        made = tuple(self.pictures[(seed - 5) % len(self.pictures)] for seed in order.seeds)
        return Pictures(made, (f"Painted for {order.seeds[0]}.",))

    def key(self, order: Order, /) -> str:
        return ""

    def together(self, orders: Sequence[Order], contexts: Sequence[Context], /) -> list[Pictures]:
        return [self(order, context) for order, context in zip(orders, contexts, strict=True)]

    def open(self, easel: Easel, placement: Placement) -> "Scripted":
        return self


def noise() -> Picture:
    return np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)


def face() -> Picture:
    """Somebody from the front."""
    return np.asarray(cv2.resize(astronaut()[0:260, 95:355], (SIDE, SIDE)), np.uint8)


def far(share: float) -> Picture:
    """The same from afar."""
    small = cv2.resize(face(), None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    ground = np.full((SIDE, SIDE, 3), 120, np.uint8)
    ground[40 : 40 + len(small), 40 : 40 + len(small)] = small
    return ground


def two() -> Picture:
    both = np.full((SIDE, SIDE, 3), 90, np.uint8)
    both[128:384] = np.hstack([cv2.resize(face(), (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)] * 2)
    return both


def brief(prompt: str = "an astronaut", *, seed: int = 5, sampling: Sampling | None = None) -> Brief:
    return Brief(None, prompt, seed, sampling=sampling or Sampling())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path, stage="portrait")


def test_the_first_candidate_with_one_good_face_wins_and_is_named(bench: Bench) -> None:
    painter = Scripted([noise(), two(), face(), face()])
    made = bench.perform(Painted(SD15, painter.open), brief())
    assert made.label == "Stable Diffusion 1.5, seed 7, candidate 3 of 6"
    assert made.notes == ("The face was painted: Stable Diffusion 1.5, seed 7, candidate 3 of 6.", "Painted for 7.")
    assert made.kind == "photo"
    assert {"background", "head", "lids"} <= {layer.name for layer in made.layers}
    assert [order.seeds for order in painter.orders] == [(5,), (6,), (7,)]  # on a processor one at a time
    assert 0.0 < made.face.confidence < 1.0


def test_it_is_the_portrait_that_the_picture_itself_would_give(bench: Bench, tmp_path: Path) -> None:
    made = bench.perform(Painted(SD_TURBO, Scripted([face()]).open), brief())
    assert made.label == "SD-Turbo, seed 5"
    done, data = cv2.imencode(".png", cv2.cvtColor(face(), cv2.COLOR_RGB2BGR))
    assert done
    own = bench.perform(PlainPhoto(), Brief(None, "", 0, image=bench.blob(data.tobytes(), "image/png")))
    assert made.layers == own.layers
    assert made.face == own.face


def test_none_with_a_good_face_is_told_with_what_was_seen(bench: Bench) -> None:
    painter = Scripted([noise(), far(0.2), two()])
    with pytest.raises(BadOutput) as told:
        bench.perform(Painted(SD15, painter.open), brief())
    assert len(painter.orders) == CANDIDATES
    assert "painted 6 pictures, none with one good face" in str(told.value)
    assert "no face" in str(told.value)
    assert "2 faces" in str(told.value)


def test_an_accelerator_paints_several_at_once(tmp_path: Path) -> None:
    painter = Scripted([noise(), face()])
    made = workbench(tmp_path, device="cuda").perform(Painted(SD15, painter.open), brief(seed=2**32 - 1))
    assert [len(order.seeds) for order in painter.orders] == [3]
    assert painter.orders[0].seeds == (2**32 - 1, 0, 1)
    assert made.label.startswith("Stable Diffusion 1.5")


def test_the_words_are_turned_towards_a_face_and_away_from_what_is_not_wanted(bench: Bench) -> None:
    painter = Scripted([face()])
    bench.perform(Painted(SD15, painter.open), brief("a red-haired engineer"))
    order = painter.orders[0]
    assert order.prompt.endswith("a red-haired engineer")
    assert "facing the camera" in order.prompt
    assert order.sampling.negative == UNWANTED
    assert (order.width, order.height) == (512, 512)
    bench.perform(Painted(SD15, painter.open), brief(sampling=Sampling(steps=9, negative="hats")))
    assert painter.orders[-1].sampling == Sampling(steps=9, negative="hats")
    bench.perform(Painted(SD_TURBO, painter.open), brief())
    assert painter.orders[-1].sampling.negative == ""
    assert helped("x" * 2000) == "x" * 2000
    assert helped("a doctor", "female").endswith(": a doctor, female")
    assert helped("an old man", "female").endswith(": an old man")


def test_only_words_without_a_face_of_ones_own_are_painted(bench: Bench) -> None:
    backend = Painted(SD_TURBO, Scripted([face()]).open)
    assert backend.takes(brief())
    assert not backend.takes(brief("  "))
    assert not backend.takes(Brief("ada", "an astronaut", 0))
    assert not backend.takes(Brief(None, "an astronaut", 0, image=bench.blob(b"picture", "image/png")))
    assert not backend.takes(brief(sampling=Sampling(sampler="pndm")))  # the next model has that one
    assert Painted(SD15).takes(brief(sampling=Sampling(sampler="pndm")))


def test_without_a_face_the_avatar_is_drawn_and_the_step_down_is_told(tmp_path: Path) -> None:
    engine = Engine(FolderStore(tmp_path, budget=10**9))
    none, hungry = Scripted([noise()]), Scripted([face()], fails=OutOfMemory("It did not fit."))
    chain = (Painted(SD_TURBO, none.open), Painted(SD15, hungry.open), drawn.Drawn())
    with_floor: Stage[Brief, Portrait] = Stage("portrait", Portrait, chain)
    walk = engine.walk(engine.store.session())
    made = walk(with_floor, brief())
    assert made.kind == "drawn"
    assert [(step.backend, step.to) for step in walk.fallbacks] == [("sd-turbo", "sd15"), ("sd15", "drawn")]
    assert "none with one good face" in walk.fallbacks[0].why


def test_models_stand_between_photographs_and_the_drawn_floor() -> None:
    assert [backend.id for backend in PORTRAIT.chain] == [
        "photo",
        "photo-plain",
        "sd-turbo",
        "sd15",
        "wan-image",
        "drawn",
    ]
    assert PORTRAIT.chain[2].needs.also == ("face-landmarker",)


@pytest.mark.parametrize("name", ["art_0.png", "people_0.png", "happy.png"])
def test_the_landmarker_is_used_where_it_is_there(bench: Bench, tmp_path: Path, name: str) -> None:
    placement = landmarker(tmp_path)
    picture = pictures.read(shared(f"samples/portraits/{name}"))
    made = bench.perform(Painted(SD15, Scripted([noise(), picture]).open), brief(), placement=placement)
    assert made.label == "Stable Diffusion 1.5, seed 6, candidate 2 of 6"
    assert made.face.confidence == 1.0
