"""Letters laid along guesses: the best path, the text's spelling, and boundaries of sounds that are known."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from avatar.artifacts import Utterance
from avatar.face import ctc_refining, ctc_retiming, ctc_spelling
from avatar.face.acoustic_features import Listener
from avatar.face.ctc import ANY, BLANK, GAP, HOPELESS, Aligner, align, read
from tests.lips.guesses import COLUMNS, GRID, Floats, Spike, guesses, spikes
from tests.speech.said import RATE, Said, say

TEXT = "Before the bombs fell, Philip Moss bought five plum puddings and a very small umbrella. Why move them?"


def spelled(text: str) -> tuple[int, ...]:
    return ctc_spelling.spelled(text.split(), COLUMNS).symbols


def brute(told: Floats, symbols: list[int]) -> float:
    """The best path's log probability, by trying them all."""
    best = -np.inf
    for path in product(range(told.shape[1]), repeat=len(told)):
        kept = [symbol for before, symbol in pairwise((BLANK, *path)) if symbol not in (before, BLANK)]
        if kept == symbols:
            best = max(best, float(sum(row[symbol] for row, symbol in zip(told, path, strict=True))))
    return best


@pytest.mark.parametrize("seed", range(25))
def test_no_path_is_better_on_short_cases(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(3, 7))
    told = np.maximum(np.log(rng.dirichlet(np.ones(4), frames)), HOPELESS).astype(np.float32)
    symbols = [int(symbol) for symbol in rng.integers(2, 4, rng.integers(1, 4))]
    laid, best = align(told, symbols), brute(told, symbols)
    if laid is None:
        assert best == -np.inf
        return
    assert laid.score ** len(symbols) == pytest.approx(np.exp(best), rel=1e-4)
    for symbol, start, end, following in zip(
        symbols, laid.starts, laid.ends, [*laid.starts[1:], len(told)], strict=True
    ):
        assert start < end <= following
        assert symbol in told[start:end].argmax(axis=1) or best > -np.inf


def test_equal_letters_in_a_row_need_a_blank_between() -> None:
    told = guesses([], 2)
    assert align(told, [5, 5]) is None
    assert align(guesses([], 3), [5, 5]) is not None
    assert align(told, [5, 6]) is not None
    assert align(told[:0], [5]) is None


def long(seconds: int, seed: int = 3) -> tuple[list[int], Floats]:
    """Random letters at 13 a second, in words of five, with some longer pauses."""
    rng = np.random.default_rng(seed)
    frames = seconds * 50
    symbols: list[int] = []
    told: list[Spike] = []
    frame = 10
    while frame < frames - 20:
        symbols.append(GAP if len(symbols) % 6 == 5 else int(rng.integers(2, 29)))
        told.append(Spike(symbols[-1], frame))
        frame += int(rng.integers(2, 7)) + (200 if rng.uniform() < 0.002 else 0)

    return symbols, guesses(told, frames, noise=1.0)


def test_five_minutes_in_pieces_are_as_in_one_go() -> None:
    symbols, told = long(300)
    whole = Aligner(symbols, width=2 * len(symbols) + 1)
    whole.push(told)
    windowed = Aligner(symbols)
    for first in range(0, len(told), 777):
        windowed.push(told[first : first + 777].astype(np.float16))
    one, other = whole.laid(), windowed.laid()
    assert one is not None
    assert other is not None
    assert np.abs(one.starts - other.starts).max() <= 1
    assert np.abs(one.ends - other.ends).max() <= 1
    assert one.score == pytest.approx(other.score, rel=0.01)


def test_memory_does_not_grow_with_the_recording() -> None:
    import tracemalloc

    peaks = []
    for seconds in (90, 270):
        symbols, told = long(seconds)
        tracemalloc.start()
        aligner = Aligner(symbols)
        for first in range(0, len(told), 500):
            aligner.push(told[first : first + 500])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return say(tmp_path_factory.mktemp("said"), TEXT, "en-us+f3", rate=0.9)


def told_of(utterance: Utterance, *, noise: float = 0.5, within: tuple[float, float] = (0.3, 0.6)) -> Floats:
    return guesses(spikes(utterance, within=within), int(utterance.seconds / GRID.hop), noise=noise)


def test_a_text_that_was_not_said_does_not_fit(said: Said) -> None:
    told = told_of(said.utterance)
    right = align(told, spelled(TEXT))
    assert right is not None
    assert right.fits
    assert right.score > 0.5
    others = (
        "The quick brown fox jumps over the lazy dog, and then it sleeps for a while, as foxes do in the sun.",
        " ".join(sorted(TEXT.split())),
        " ".join(TEXT.split()[:6]),
    )
    for other in others:
        laid = align(told, spelled(other))
        assert laid is None or not laid.fits


def test_a_network_that_is_sure_of_nothing_fits_nothing() -> None:
    even = np.full((500, 29), -np.log(29), np.float32)
    laid = align(even, spelled("hello there"))
    assert laid is not None
    assert not laid.fits


def test_what_is_said_is_read(said: Said) -> None:
    reading = read(told_of(said.utterance, noise=0.0))
    assert reading.symbols == spelled(TEXT)
    assert reading.sure > 0.9
    assert read(np.zeros((0, 29), np.float32)).symbols == ()
    assert read(guesses([], 50)).sure == 0.0


def test_letters_that_no_network_knows_stand_for_whatever_sounds() -> None:
    def symbols(text: str) -> list[int]:
        return list(spelled(text))

    def letters(text: str) -> list[int]:
        return [GAP if sign == "|" else COLUMNS[sign] for sign in text]

    assert symbols("hello WORLD's") == letters("HELLO|WORLD'S")
    assert symbols("“Café” naïve, it’s well-known…") == letters("CAFE|NAIVE|IT'S|WELLKNOWN")
    assert symbols("at 25 degrees") == [*letters("AT|"), ANY, *letters("|DEGREES")]
    assert symbols("see https://example.com/a?b=1 or me@home.org") == [
        *letters("SEE|"), ANY, *letters("|OR|"), ANY,
    ]  # fmt: skip
    assert symbols("the NASA man is Борис 你好 $5 50%")[-1] == ANY
    assert symbols("the NASA man")[4:5] == [ANY]
    assert symbols("HELLO NASA") == letters("HELLO|NASA")
    assert symbols("a 👍 b — c") == letters("A|B|C")
    assert symbols("👍 —") == []
    small = {sign.lower(): column for sign, column in COLUMNS.items()}
    assert ctc_spelling.spelled(["Hello"], small).symbols == ctc_spelling.spelled(["Hello"], COLUMNS).symbols


def test_a_number_gets_the_time_in_which_it_is_said(tmp_path: Path) -> None:
    said = say(tmp_path, "There were twenty five people in the garden.", "en-us+f3").utterance
    told = told_of(said)
    laid = align(told, spelled("There were 25 people in the garden."))
    assert laid is not None
    assert laid.fits
    place = spelled("There were 25 people in the garden.").index(ANY)
    start, end = (GRID.first + GRID.hop * float(edge[place]) for edge in (laid.starts, laid.ends))
    assert start == pytest.approx(said.words[2].start, abs=0.12)
    assert end == pytest.approx(said.words[3].end, abs=0.12)


def test_letters_stand_for_their_sounds() -> None:
    def stands(word: str, *phones: str) -> dict[str, str]:
        return {word[letter] + str(letter): phones[phone] for letter, phone in ctc_spelling.paired(word, phones)}

    assert stands("SHIP", "ʃ", "ɪ", "p") == {"S0": "ʃ", "I2": "ɪ", "P3": "p"}
    assert stands("KNIFE", "n", "aɪ", "f") == {"N1": "n", "I2": "aɪ", "F3": "f"}
    assert stands("BOUGHT", "b", "ɔː", "t")["T5"] == "t"
    assert stands("?", "t", "w") == {}


@pytest.mark.parametrize("within", [(0.3, 0.6), (0.0, 0.2), (0.6, 0.95)])
def test_boundaries_are_found_within_20_ms(said: Said, tmp_path: Path, within: tuple[float, float]) -> None:
    true, reading = said.utterance, say(tmp_path, TEXT, "en-us").utterance
    spelling = ctc_spelling.spelled([word.text for word in reading.words], COLUMNS)
    laid = align(told_of(true, within=within), spelling.symbols)
    assert laid is not None
    near = ctc_retiming.retimed(reading, spelling, laid=laid, grid=GRID, seconds=true.seconds)
    ear = Listener(RATE)
    ear.push(said.sound.astype(np.float32))
    exact = ctc_refining.refined(reading.phones, near, heard=ear.heard(), seconds=true.seconds)
    found = ctc_retiming.spoken(reading, exact, seconds=true.seconds)
    assert found.phones[0].start == 0.0
    assert found.phones[-1].end == true.seconds
    assert all(before.end == after.start for before, after in pairwise(found.phones))
    assert [word.text for word in found.words] == [word.text for word in true.words]
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(found.words))
    mine, theirs = ([phone for phone in each.phones if phone.ipa] for each in (found, true))
    assert [phone.ipa for phone in mine] == [phone.ipa for phone in theirs]
    errors = [abs(error) for a, b in zip(mine, theirs, strict=True) for error in (a.start - b.start, a.end - b.end)]
    assert np.median(errors) < 0.01
    assert np.percentile(errors, 90) < 0.04
    words = [abs(a.start - b.start) for a, b in zip(found.words, true.words, strict=True)]
    assert np.median(words) < 0.02


def test_nothing_said_is_a_pause() -> None:
    reading = Utterance(0.5, "en", "", (), (), exact=True)
    found = ctc_retiming.spoken(reading, (), seconds=0.5)
    assert [phone.ipa for phone in found.phones] == [""]
    empty = Listener(RATE).heard()
    assert ctc_refining.refined((), (), heard=empty, seconds=0.0) == ()
