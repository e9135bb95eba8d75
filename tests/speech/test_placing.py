"""When the words of a spoken line are heard, against speech whose times are known; lines joined with pauses."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.artifacts import Phone
from avatar.media import text
from stages.speech import joined, placing, stretch
from stages.speech.joined import Joined
from stages.speech.lines import Manner, lines
from stages.speech.placing import Placed
from tests.speech.said import RATE, Said, say

HERTZ = 16_000
WRITTEN = "Dr. Smith paid $25.50 for 3 kg of apples on the 5th, then he went home and slept."
Floats = NDArray[np.float32]


def heard(said: Said) -> Floats:
    """The sound as a neural voice would give it."""
    return stretch.resampled(said.sound.astype(np.float32), round(len(said.sound) * HERTZ / RATE))


@pytest.mark.parametrize("voice", ["en-us+m3", "en-gb+f3", "en-us+f2"])
def test_written_words_are_found_where_their_wording_is_heard(voice: str, tmp_path: Path) -> None:
    (line,) = lines(WRITTEN, Manner(500, lambda _sign: True))
    spoken = say(tmp_path / "voice", line.wording.text, voice)
    found = placing.place(WRITTEN, line, heard(spoken), hertz=HERTZ, folder=tmp_path, step=lambda: None)
    assert found.fits
    assert [word.text for word in found.words] == WRITTEN.split()
    truth = {word.text: word for word in spoken.utterance.words}
    errors = [
        abs(word.start - truth[word.text].start) for word in found.words if word.text in ("paid", "for", "then", "home")
    ]
    assert max(errors) < 0.12
    amount = next(word for word in found.words if word.text == "$25.50")
    assert abs(amount.start - truth["twenty"].start) < 0.12
    assert abs(amount.end - truth["cents"].end) < 0.12


def test_words_that_share_a_stretch_of_time_share_it_by_their_letters(tmp_path: Path) -> None:
    written = "It weighs 12 kilograms, or 26 lb in all."
    (line,) = lines(written, Manner(500, lambda _sign: True))
    spoken = say(tmp_path / "voice", line.wording.text, "en-us+m3")
    found = placing.place(written, line, heard(spoken), hertz=HERTZ, folder=tmp_path, step=lambda: None)
    assert [word.text for word in found.words] == written.split()
    assert all(first.end <= second.start + 1e-6 for first, second in zip(found.words, found.words[1:], strict=False))


def test_a_line_that_is_not_what_is_heard_goes_by_ear_and_keeps_its_words(tmp_path: Path) -> None:
    (line,) = lines("Completely different things are written in this sentence.", Manner(500, lambda _sign: True))
    spoken = say(tmp_path / "voice", "Go on. Do go on, my old boy! Who knows you?", "en-us+m3")
    found = placing.place(
        "Completely different things are written in this sentence.",
        line,
        heard(spoken),
        hertz=HERTZ,
        folder=tmp_path,
        step=lambda: None,
    )
    assert not found.fits
    assert [word.text for word in found.words] == "Completely different things are written in this sentence.".split()
    assert found.phones[0].start == 0.0
    assert found.phones[-1].end == pytest.approx(len(heard(spoken)) / HERTZ, abs=1e-4)


def test_lines_are_joined_without_clicks_and_with_the_pauses_that_stops_deserve(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0)
    hum = (0.2 * np.sin(2 * np.pi * 150 * np.arange(HERTZ) / HERTZ)).astype(np.float32)
    noise = (1e-4 * drawn.standard_normal(HERTZ // 2)).astype(np.float32)
    line = joined.trimmed(np.concatenate((noise, hum, noise)), HERTZ)
    assert len(line) / HERTZ == pytest.approx(1.0 + sum(joined.KEPT), abs=0.03)
    ends: tuple[text.Ends, ...] = ("cut", "clause", "sentence", "paragraph")
    with Joined(tmp_path / "raw", rate=HERTZ, pace=1.0) as track:
        for end in ends:
            track.add(line, Placed((Phone("a", 0.0, len(line) / HERTZ),), (), fits=True), ends=end)
        track.add(line, Placed((Phone("a", 0.0, len(line) / HERTZ),), (), fits=True), ends="cut", silence=2.0)
        track.add(line, Placed((Phone("a", 0.0, len(line) / HERTZ),), (), fits=True), ends="sentence")
        track.finish()
    whole = np.concatenate(list(track.blocks()))
    told = track.utterance("a a a a a a")
    pauses = [phone.end - phone.start for phone in told.phones if not phone.ipa]
    assert pauses[1:4] == sorted(pauses[1:4])
    assert pauses[4] == pytest.approx(2.0 - sum(joined.KEPT), abs=0.01)
    assert told.seconds == pytest.approx(len(whole) / HERTZ, abs=1e-4)
    assert np.abs(np.diff(whole)).max() < 1.2 * np.abs(np.diff(hum)).max()
