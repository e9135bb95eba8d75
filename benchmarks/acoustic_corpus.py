"""Speech of our own making with known phones: for fitting the acoustic network, and other voices for judging it.

The sentences stand in acoustic_sentences.txt; beside them are words that mean nothing but hold all sounds.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar import records
from avatar.artifacts import Utterance
from avatar.media import sound
from avatar.testing import workbench
from stages.speech import Brief
from stages.speech.espeak import Espeak

Samples = NDArray[np.float32]
Dice = np.random.Generator
RATE = 22050


def _sentences() -> tuple[dict[str, str], dict[str, str]]:
    """What is said in each language, for fitting and for judging."""
    lines = Path(__file__).with_name("acoustic_sentences.txt").read_text(encoding="utf-8").splitlines()
    rows = dict(line.split("\t", 1) for line in lines if not line.startswith("#"))
    marked = {name[1:]: text for name, text in rows.items() if name.startswith("*")}
    return {name: text for name, text in rows.items() if not name.startswith("*")}, marked


ARTICLE, UNHEARD = _sentences()
TIMBRES = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt3", "croak", "Annie",
    "Alicia", "Andrea", "belinda", "boris", "Denis", "Diogo", "ed", "edward2", "Gene", "grandpa", "Henrique", "iven",
    "john", "Lee", "Mario", "max", "michel", "norbert", "paul", "quincy", "rob", "Storm", "steph", "travis",
)  # fmt: skip
"""Voices to fit to."""
OTHERS = ("f5", "m8", "anika", "adam", "linda", "victor", "marcelo", "caleb", "Gene2", "klatt4")
"""Voices to judge by."""
HEADS = "p b m f v w p b m t d k g n l r s z sh ch j y h th st pl br fr sp".split()
CORES = "a e i o u a e i o u ai au oi ee oo ou ea".split()
TAILS = ("", "", "", "", "m", "n", "p", "t", "s", "l", "f", "b", "r")
MARKS = ("", "", "", "", ",", ".")
UNREADABLE = ("ru", "el", "hi", "uk", "vi")
"""Languages whose voices don't read such words."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples at `RATE`, and what is said in them."""

    samples: Samples
    utterance: Utterance
    voice: str


def speak(text: str, voice: str, *, rate: float = 1.0, pitch: float = 0.0) -> Spoken:
    """The text, spoken by the built-in synthesiser."""
    with tempfile.TemporaryDirectory() as folder:
        bench = workbench(Path(folder))
        said = bench.perform(Espeak(), Brief(text, voice, rate, pitch, 0))
        samples = np.concatenate(list(sound.read(bench.context.path(said.sound))))
        return Spoken(samples, records.load(Utterance, bench.read(said.utterance)), voice)


def nonsense(dice: Dice, words: int) -> str:
    """Words of two to four syllables that hold all sounds of many languages, labials above all."""
    made = []
    for _ in range(words):
        syllables = ["".join(map(str, (dice.choice(HEADS), dice.choice(CORES)))) for _ in range(dice.integers(2, 5))]
        made.append("".join((*syllables, str(dice.choice(TAILS)), str(dice.choice(MARKS)))))
    return " ".join(made) + "."


def to_fit(count: int, seed: int = 1) -> Iterator[Spoken]:
    """`count` pieces of some ten seconds each, every language in turn, half of them nonsense."""
    dice = np.random.default_rng(seed)
    for index in range(count):
        language = list(ARTICLE)[index % len(ARTICLE)]
        voice = f"{language}+{dice.choice(TIMBRES)}" if dice.random() < 0.9 else language
        odd = language not in UNREADABLE and (index // len(ARTICLE)) % 2
        text = nonsense(dice, 14) if odd else ARTICLE[language]
        yield speak(text, voice, rate=dice.uniform(0.75, 1.35), pitch=dice.uniform(-6.0, 6.0))


def to_judge(seed: int = 2) -> Iterator[Spoken]:
    """Other words, other languages, other voices, at several paces and heights."""
    dice = np.random.default_rng(seed)
    for language, text in UNHEARD.items():
        for timbre in dice.choice(OTHERS, 3, replace=False):
            yield speak(text, f"{language}+{timbre}", rate=dice.uniform(0.8, 1.3), pitch=dice.uniform(-4.0, 4.0))
