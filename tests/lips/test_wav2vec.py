"""wav2vec as a lips backend: real networks in the layout of the hub, and what becomes of what they say."""

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar import records
from avatar.artifacts import Clip, Motion, Phone, Portrait, Speech, Utterance
from avatar.attempt import Wish
from avatar.engine import Engine
from avatar.errors import Cancelled
from avatar.face.acoustic_features import Listener
from avatar.face.rig_measures import gap
from avatar.face.tracks import Track, blank
from avatar.stage import Placement
from avatar.store import FolderStore
from avatar.testing import Bench, workbench
from stages.lips import LIPS, Brief
from stages.lips.wav2vec import Wav2vec
from tests.lips.guesses import Floats, guesses, spikes
from tests.lips.networks import saved, telling
from tests.lips.test_stage import FACE
from tests.speech.recordings import wav
from tests.speech.said import RATE, Said, say

pytest.importorskip("torch")
pytest.importorskip("transformers")

WEIGHTS = "wav2vec2-base-960h"
TEXT = "My mother may buy five big apples. Bob made up a map."


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("weights") / WEIGHTS)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return say(tmp_path_factory.mktemp("said"), TEXT, "en-us+f3", rate=0.9)


def placed(folder: Path) -> Placement:
    return Placement(weights={WEIGHTS: folder})


def clip(bench: Bench, seconds: float, fps: int = 25) -> Clip:
    track = io.BytesIO()
    np.save(track, blank(round(seconds * fps)))
    image = bench.blob(b"png", "image/png")
    motion = Motion(bench.blob(track.getvalue(), "application/x-npy"), fps, round(seconds * fps))
    return Clip(Portrait(image, (), FACE, 64, 64, "drawn", "nobody"), motion)


def brief(bench: Bench, sound: bytes, given: Utterance, *, language: str = "en", seed: int = 1) -> Brief:
    """What lips are asked after a recording of which only `given` is known."""
    told = bench.blob(records.dump(given), "application/json")
    heard = Speech(
        bench.blob(sound, "audio/wav"), told, given.seconds, RATE, "recording", ("Before.",), language, exact=False
    )
    return Brief(clip(bench, given.seconds), heard, seed)


def by_ear(seconds: float) -> Utterance:
    """What is known of a recording of which nothing was told."""
    return Utterance(seconds, "", "", (Phone("", 0.0, 0.2), Phone("a", 0.2, seconds)), (), exact=False)


def shifted(utterance: Utterance, by: float) -> Utterance:
    """The utterance as a poor estimate has it: all but the silence at the ends comes later."""
    words = tuple(replace(word, start=word.start + by, end=word.end + by) for word in utterance.words)
    inner = [replace(phone, start=phone.start + by, end=phone.end + by) for phone in utterance.phones[1:-1]]
    first, last = Phone("", 0.0, inner[0].start), Phone("", inner[-1].end, utterance.seconds)
    return replace(utterance, phones=(first, *inner, last), words=words, exact=False)


def lips(told: Floats, asked: Brief, bench: Bench) -> Clip:
    from stages.lips.wav2vec.perform import Lips

    return Lips(telling(told))(asked, bench.context)


def told_of(said: Said) -> Floats:
    return guesses(spikes(said.utterance), int(said.utterance.seconds * 50), noise=0.5)


def utterance_of(bench: Bench, made: Clip) -> Utterance:
    assert made.speech is not None
    return records.load(Utterance, bench.read(made.speech.utterance))


def track_of(bench: Bench, made: Clip) -> Track:
    return np.asarray(np.load(io.BytesIO(bench.read(made.motion.tracks))), np.float32)


def errors(found: Utterance, true: Utterance) -> list[float]:
    pairs = zip(found.words, true.words, strict=True)
    return [abs(error) for a, b in pairs for error in (a.start - b.start, a.end - b.end)]


def test_a_tiny_network_in_the_layout_of_the_hub_speaks_through_the_engine(
    tiny: Path, said: Said, tmp_path: Path
) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, said.wav, replace(said.utterance, exact=False))
    places = {"wav2vec": placed(tiny), "phonemes": Placement()}
    engine = Engine(FolderStore(tmp_path / "store", budget=10**9), place=lambda _stage, name: places[name])
    session = engine.store.session()
    walk = engine.walk(session, Wish())
    made = walk(LIPS, asked)
    assert walk.backends == {"lips": "wav2vec"}
    assert not walk.fallbacks
    track = np.load(io.BytesIO(session.path(made.motion.tracks).read_bytes()))
    assert track.shape == blank(made.motion.frames).shape
    assert np.percentile(gap(track), 95) > 0.03
    assert made.speech is not None
    assert made.speech.sound == asked.speech.sound
    assert walk(LIPS, asked) == made


def test_without_its_weights_the_lips_follow_the_given_times_and_say_why(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, said.wav, said.utterance)
    places = {"wav2vec": placed(tmp_path / "nothing"), "phonemes": Placement()}
    engine = Engine(FolderStore(tmp_path / "store", budget=10**9), place=lambda _stage, name: places[name])
    walk = engine.walk(engine.store.session(), Wish())
    walk(LIPS, asked)
    assert walk.backends == {"lips": "phonemes"}
    assert "missing" in walk.fallbacks[0].why


def test_exact_times_and_other_languages_are_left_alone(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, said.wav, said.utterance)

    def takes(language: str, *, exact: bool) -> bool:
        return Wav2vec().takes(replace(asked, speech=replace(asked.speech, language=language, exact=exact)))

    assert takes("en-us", exact=False)
    assert takes("EN", exact=False)
    assert takes("", exact=False)
    assert not takes("de", exact=False)
    assert not takes("enm", exact=False)
    assert not takes("en-us", exact=True)
    assert Speech(asked.speech.sound, asked.speech.sound, 1.0, 16000, "a voice").exact


@pytest.mark.parametrize("late", [0.0, 0.15, -0.1])
def test_poor_times_of_a_known_text_are_put_right(said: Said, tmp_path: Path, late: float) -> None:
    bench = workbench(tmp_path)
    made = lips(told_of(said), brief(bench, said.wav, shifted(said.utterance, late)), bench)
    found = utterance_of(bench, made)
    assert found.text == TEXT
    assert not found.exact
    assert [word.text for word in found.words] == [word.text for word in said.utterance.words]
    assert np.median(errors(found, said.utterance)) < 0.02
    assert found.phones[0].start == 0.0
    assert found.phones[-1].end == pytest.approx(said.utterance.seconds, abs=1e-4)
    assert all(before.end == after.start for before, after in pairwise(found.phones))
    assert made.speech is not None
    assert made.speech.notes == ("Before.",)


def test_lips_shut_when_they_are_heard_to(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    made = lips(told_of(said), brief(bench, said.wav, shifted(said.utterance, 0.2)), bench)
    opening = gap(track_of(bench, made))
    inner = [p for p in said.utterance.phones if p.ipa and p.ipa[0] in "bpm" and p.end - p.start > 0.05]
    shut = [opening[round(25 * (p.start + 0.4 * (p.end - p.start)))] for p in inner]
    assert len(shut) > 8
    assert np.median(shut) < 0.003
    assert np.percentile(opening, 90) > 0.03


def test_without_a_text_words_are_read_from_the_sound(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    asked = brief(bench, said.wav, by_ear(said.utterance.seconds), language="")
    told = guesses(spikes(said.utterance), int(said.utterance.seconds * 50))
    found = utterance_of(bench, made := lips(told, asked, bench))
    assert found.language.startswith("en")
    heard = [word.text.strip(".").lower() for word in found.words]
    assert heard == [word.text.strip(".").lower() for word in said.utterance.words]
    assert found.text.startswith("My mother")
    assert found.text.endswith(".")
    assert np.median(errors(found, said.utterance)) < 0.025
    assert made.speech is not None
    assert made.speech.language == found.language
    assert not made.speech.exact


def test_a_text_that_was_not_said_is_told_and_not_used(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    other = say(tmp_path / "other", "The quick brown fox jumps over the lazy dog while it rains.", "en-us")
    scale = said.utterance.seconds / other.utterance.seconds
    squeezed = replace(
        other.utterance,
        seconds=said.utterance.seconds,
        phones=tuple(replace(p, start=p.start * scale, end=p.end * scale) for p in other.utterance.phones),
        words=tuple(replace(w, start=w.start * scale, end=w.end * scale) for w in other.utterance.words),
        exact=False,
    )
    made = lips(told_of(said), brief(bench, said.wav, squeezed), bench)
    assert utterance_of(bench, made).text.startswith("My mother")
    assert made.speech is not None
    assert len(made.speech.notes) == 2
    assert "does not fit" in made.speech.notes[1]


def noises() -> dict[str, tuple[Floats, Floats]]:
    """Sounds that are no English, with what a network may make of them."""
    rng = np.random.default_rng(1)
    unsure = np.log(rng.dirichlet(np.ones(29), 150)).astype(np.float32)
    time = np.arange(3 * RATE) / RATE
    music = 0.1 * np.sin(2 * np.pi * np.outer((220, 277, 330), time)).sum(axis=0)
    return {
        "silence": (np.zeros(3 * RATE, np.float32), guesses([], 150)),
        "music": (music.astype(np.float32), unsure),
        "noise": (rng.normal(0, 0.1, 3 * RATE).astype(np.float32), unsure),
    }


@pytest.mark.parametrize("kind", ["silence", "music", "noise"])
def test_what_is_no_english_keeps_its_times_and_says_so(kind: str, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    sound, told = noises()[kind]
    asked = brief(bench, wav(sound), by_ear(3.0), language="")
    made = lips(told, asked, bench)
    assert made.speech is not None
    assert made.speech.utterance == asked.speech.utterance
    assert "No English" in made.speech.notes[-1]
    assert len(track_of(bench, made)) == 75


@pytest.mark.parametrize("samples", [1, 100, 290, 399])
def test_the_shortest_sounds_are_no_mishap(tiny: Path, tmp_path: Path, samples: int) -> None:
    bench = workbench(tmp_path)
    sound = np.full(samples, 0.1, np.float32)
    asked = brief(bench, wav(sound, rate=16000), Utterance(samples / 16000, "", "", (), (), exact=False))
    made = bench.perform(Wav2vec(), asked, placement=placed(tiny))
    assert made.speech is not None
    assert made.speech.utterance == asked.speech.utterance


def test_a_cancelled_film_stops_at_once(said: Said, tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        lips(told_of(said), brief(bench, said.wav, said.utterance), bench)


def test_louder_speech_opens_the_mouth_wider(said: Said) -> None:
    from stages.lips.wav2vec import loudness

    half = len(said.sound) // 2
    sound = said.sound.astype(np.float32)
    sound[half:] *= 0.4
    ear = Listener(RATE)
    ear.push(sound)
    heard = ear.heard()
    flat = np.full_like(blank(round(25 * said.utterance.seconds)), 0.5)
    track = loudness.opened(flat, said.utterance, heard=heard, fps=25)
    opening = gap(track)
    assert opening[: len(opening) // 2 - 5].mean() > 1.1 * opening[len(opening) // 2 + 5 :].mean()
    assert np.array_equal(loudness.opened(flat, by_ear(1.0), heard=heard, fps=25), flat)
    softened = loudness.stressed(said.utterance, heard)
    before, after = ([p.stress for p in each.phones] for each in (said.utterance, softened))
    assert sum(after) < sum(before)
    assert after[: len(after) // 3] == before[: len(before) // 3]


def test_the_film_is_made_of_the_times_that_were_found(tmp_path: Path, said: Said) -> None:
    from avatar.request import parse
    from stages import film, pipeline
    from stages.lips.wav2vec.perform import Lips

    bench = workbench(tmp_path)
    given = shifted(said.utterance, 0.15)

    def run(stage: Any, asked: Any, /) -> Any:
        if stage.name == "film":
            return asked
        if stage.name == "lips":
            return Lips(telling(told_of(said)))(asked, bench.context)
        return bench.perform(stage.chain[-1], asked)

    ask = parse({"text": TEXT, "avatar": "ada", "seed": 1, "width": 320, "height": 320})
    heard = brief(bench, said.wav, given).speech
    timed, shown = pipeline.show(ask, heard, run=run)
    asked: Any = shown
    assert isinstance(asked, film.Brief)
    assert asked.speech == timed == asked.clip.speech
    found = records.load(Utterance, bench.read(timed.utterance))
    assert np.median(errors(found, said.utterance)) < 0.02
