"""Weights at a door: listed, fetched in the background, called off, removed; and what else doors ask of the hallway."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import smart_startup
from avatar.errors import NotFound, Unavailable
from avatar.events import unheard
from avatar.fetch import Fetcher, Patience
from avatar.fetch import Hub as From
from avatar.gallery import WeightsCard
from avatar.request import parse
from avatar.settings import read
from hallway import reception
from hallway.cupboard import Cupboard
from hallway.outfit import Outfit
from hf_spaces_models import CATALOGUE
from tests.house.test_startup import ROW, small
from tests.weights.hub import Hub

pytest.importorskip("huggingface_hub", reason="weights are fetched with the full environment")
DEADLINE = 90.0


@pytest.fixture
def cupboard(tmp_path: Path) -> Iterator[Cupboard]:
    """A cupboard before a hub that has one model of the catalogue, in small."""
    with Hub() as hub:
        hub.add(ROW.source, small())
        environ = {"AVATAR_DATA_DIR": str(tmp_path), "AVATAR_PROFILE": "minimal"}
        outfit = Outfit(read(environ), environ)
        outfit.fetcher = Fetcher(outfit.chosen.models, CATALOGUE, hub=From(endpoint=hub.url), patience=Patience(1))
        yield Cupboard(outfit)


def card(cupboard: Cupboard) -> WeightsCard:
    """What is told of that model."""
    return next(each for each in cupboard.cards() if each.id == ROW.id)


def settled(cupboard: Cupboard) -> WeightsCard:
    """The same once nothing comes any more."""
    end = time.monotonic() + DEADLINE
    while (found := card(cupboard)).coming:
        assert time.monotonic() < end, "it never came"
        threading.Event().wait(0.02)
    return found


def test_a_model_is_fetched_used_and_removed(cupboard: Cupboard) -> None:
    assert (card(cupboard).installed, card(cupboard).licence) == (False, ROW.licence)
    cupboard.fetch(ROW.id)
    here = settled(cupboard)
    assert (here.installed, here.trouble) == (True, "")
    assert here.kept > 0
    assert here.revision
    assert cupboard.cards()[0].id == ROW.id
    cupboard.evict(ROW.id)
    assert not card(cupboard).installed


def test_what_can_not_be_had_says_why(cupboard: Cupboard) -> None:
    cupboard.fetch("speecht5-tts")
    settled(cupboard)
    end = time.monotonic() + DEADLINE
    while not (told := next(each for each in cupboard.cards() if each.id == "speecht5-tts")).trouble:
        assert time.monotonic() < end, "nothing was told"
        threading.Event().wait(0.02)
    assert not told.installed


def test_what_is_not_there_is_refused(cupboard: Cupboard) -> None:
    with pytest.raises(NotFound, match="offers no weights"):
        cupboard.fetch("../../etc")
    with pytest.raises(NotFound, match="no weights"):
        cupboard.evict(ROW.id)


def test_what_was_made_before_is_known(tmp_path: Path) -> None:
    jobs = smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path), "AVATAR_SIGN": "0"})
    ask = parse({"text": "Hello.", "seed": 1, "avatar": "ada", "width": 256, "height": 256})
    assert jobs.house.known(ask) == ()
    jobs.follow(jobs.submit(ask).id, unheard)
    assert jobs.house.known(ask) == ("speech", "portrait", "motion", "pose", "lips", "film")
    assert jobs.house.known(ask.model_copy(update={"text": "Goodbye."})) == ("portrait",)
    assert jobs.house.known(ask.model_copy(update={"captions": "burned"}))[-1] == "lips"
    picture = parse({"kind": "image", "prompt": "a teacher", "seed": 1, "width": 256, "height": 256})
    assert jobs.house.known(picture) == ()
    jobs.follow(jobs.submit(picture).id, unheard)
    assert jobs.house.known(picture) == ("picture",)


def test_a_house_without_ears_says_which_are_missing(tmp_path: Path) -> None:
    told = reception.deaf(models=tmp_path)
    assert told.endswith((f"Fetch {ROW.id} first.", "Install requirements.txt."))
    with pytest.raises(Unavailable):
        jobs = smart_startup.start({"AVATAR_DATA_DIR": str(tmp_path)})
        sound = jobs.submit(parse({"text": "Hi.", "kind": "speech"}))
        done = jobs.follow(sound.id, unheard)
        assert done.outcome is not None
        assert done.outcome.speech is not None
        jobs.house.hear(done.outcome.speech.sound)
