"""The asker's own recording as the engine sees it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from avatar.engine import Engine
from avatar.errors import BadRequest, Cancelled, TooLarge, UnsupportedMedia
from avatar.media import captions, mastering, sound
from avatar.testing import workbench
from stages.speech import SPEECH, Brief, recording
from stages.speech.upload import Upload, decoding
from tests.shared import shared
from tests.speech.recordings import TEXT, Floats, encoded, spoken, take, upload, wav
from tests.speech.said import RATE, say

KINDS = {
    "a.wav": ("pcm_u8", 8000, "mono"), "b.wav": ("pcm_f32le", 44100, "stereo"), "c.wav": ("pcm_s24le", 96000, "mono"),
    "d.flac": ("flac", 48000, "5.1"), "e.mp3": ("libmp3lame", 32000, "stereo"), "f.m4a": ("aac", 44100, "mono"),
    "g.ogg": ("libopus", 48000, "stereo"), "h.opus": ("libopus", 24000, "mono"), "i.webm": ("libopus", 48000, "mono"),
    "j.mov": ("pcm_s16le", 22050, "stereo"),
}  # fmt: skip


def voice() -> Floats:
    return spoken().sound.astype(np.float32)


@pytest.mark.parametrize("name", KINDS)
def test_any_file_at_any_rate_becomes_speech(name: str, tmp_path: Path) -> None:
    codec, rate, layout = KINDS[name]
    path = encoded(tmp_path / name, voice(), codec=codec, rate=rate, layout=layout)
    taken = take(tmp_path, path.read_bytes())
    assert taken.speech.seconds == pytest.approx(spoken().speech.seconds, abs=0.1)
    assert taken.speech.sample_rate == decoding.RATE
    assert taken.speech.notes == ()
    assert sum(1 for phone in taken.utterance.phones if phone.ipa) > 15


def test_it_is_as_loud_as_other_voices_whatever_it_was(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    speech = bench.perform(Upload(), recording(upload(bench, wav(0.02 * voice()))))
    path = bench.context.path(speech.sound)
    assert mastering.loudness(path) == pytest.approx(-16.0, abs=0.3)
    assert max(float(mastering.peaks(block).max()) for block in sound.read(path)) < 10.0 ** (-1.8 / 20.0)


def test_phones_cover_the_sound_and_are_an_estimate(tmp_path: Path) -> None:
    for text in ("", TEXT):
        said = take(tmp_path / str(len(text)), wav(voice()), text).utterance
        assert not said.exact
        assert said.phones[0].start == 0.0
        assert said.phones[-1].end == said.seconds
        assert all(one.end == other.start and one.end > one.start for one, other in pairwise(said.phones))
        assert not any(not one.ipa and not other.ipa for one, other in pairwise(said.phones))


def test_a_recording_is_never_spoken_by_somebody_else_and_a_text_never_waits_for_one(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    engine = Engine(bench.store)
    walk = engine.walk(bench.session)
    own = walk(SPEECH, recording(upload(bench, wav(voice())), TEXT))
    assert (own.voice, walk.backends["speech"], walk.fallbacks) == ("recording", "upload", [])
    walk = engine.walk(bench.session)
    other = walk(SPEECH, Brief(TEXT, "en-us", 1.0, 0.0, 1))
    assert (other.voice, walk.backends["speech"], walk.fallbacks) == ("en-us", "espeak", [])
    with pytest.raises(UnsupportedMedia):
        walk(SPEECH, recording(upload(bench, b"no sound at all"), TEXT))


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = (take(tmp_path / str(turn), wav(voice())) for turn in range(2))
    assert (first.speech, first.utterance) == (again.speech, again.utterance)


def test_the_sound_of_a_film_is_taken(tmp_path: Path) -> None:
    taken = take(tmp_path, shared("samples/real_speaker.mp4").read_bytes())
    assert taken.speech.seconds == pytest.approx(8.0, abs=0.4)


def test_real_recordings_move_the_mouth_and_shut_it(tmp_path: Path) -> None:
    for path in sorted(shared("samples/speech").glob("*.wav")):
        said = take(tmp_path / path.stem, path.read_bytes()).utterance
        spans = {bool(phone.ipa): 0.0 for phone in said.phones}
        for phone in said.phones:
            spans[bool(phone.ipa)] += phone.end - phone.start
        assert spans[True] > 0.5 * said.seconds
        assert len({phone.ipa for phone in said.phones}) >= 10


def test_it_is_told_how_high_the_voice_is(tmp_path: Path) -> None:
    time = np.arange(RATE) / RATE
    for hertz in (95.0, 310.0):
        buzz = sum(np.sin(2.0 * np.pi * hertz * part * time) / part for part in range(1, 9))
        swelling = 0.3 * np.asarray(buzz) * (1.0 + 0.5 * np.sin(8.0 * time))
        taken = take(tmp_path / str(hertz), wav(swelling.astype(np.float32)))
        assert taken.speech.pitch == pytest.approx(hertz, rel=0.02)
    low = say(tmp_path / "said", "Hello there, people of the moon.", "en-us+m3")
    assert take(tmp_path / "low", low.wav).speech.pitch < 135.0
    assert take(tmp_path / "high", spoken().wav).speech.pitch > 180.0


def test_long_silence_is_shortened_and_speech_never_cut(tmp_path: Path) -> None:
    around = np.zeros(4 * RATE, np.float32)
    taken = take(tmp_path / "long", wav(np.concatenate([around, voice(), around])))
    alone = take(tmp_path / "alone", wav(voice()))
    assert alone.speech.seconds <= taken.speech.seconds < alone.speech.seconds + 1.5
    heard = [np.flatnonzero(np.abs(one.sound) > 0.003 * np.abs(one.sound).max()) for one in (alone, taken)]
    assert np.ptp(heard[1]) == pytest.approx(np.ptp(heard[0]), abs=0.01 * decoding.RATE)


def test_a_sound_that_begins_at_once_gets_a_breath(tmp_path: Path) -> None:
    at = next(phone.start for phone in spoken().utterance.phones if phone.ipa)
    taken = take(tmp_path, wav(voice()[round((at + 0.05) * RATE) :]))
    assert taken.utterance.phones[0].ipa == ""
    assert taken.utterance.phones[0].end >= 0.1
    assert not taken.sound[: round(0.1 * decoding.RATE)].any()


def test_a_constant_offset_is_taken_out(tmp_path: Path) -> None:
    taken = take(tmp_path, wav(0.3 * voice() + 0.4))
    assert abs(float(taken.sound.mean())) < 0.002


def test_channels_that_cancel_each_other_are_heard(tmp_path: Path) -> None:
    taken = take(tmp_path, wav(np.stack([voice(), -voice()], axis=1)))
    plain = take(tmp_path / "plain", wav(voice()))
    assert np.corrcoef(taken.sound, plain.sound)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", UnsupportedMedia, "can't be read"),
        (b"RIFF\0\0\0\0WAVEfmt ", UnsupportedMedia, "Send WAV"),
        (b"Good morning, this is a letter. " * 40, UnsupportedMedia, "can't be read"),
        (wav(np.zeros(0, np.float32)), UnsupportedMedia, "Send WAV"),
        (wav(np.ones(RATE, np.float32), rate=2), UnsupportedMedia, "samples a second"),
        (wav(np.zeros(RATE, np.float32)), BadRequest, "silent"),
        (wav(np.full(RATE, 0.5, np.float32)), BadRequest, "silent"),
        (wav(np.ones(200, np.float32)), BadRequest, "at least"),
    ],
    ids=["nothing", "head", "text", "no samples", "slow", "silence", "constant", "click"],
)
def test_what_holds_no_speech_is_refused(data: bytes, error: type[Exception], says: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=says) as refusal:
        take(tmp_path, data)
    assert str(tmp_path) not in str(refusal.value)


def test_lengths_that_a_header_invents_are_not_believed(tmp_path: Path) -> None:
    data = bytearray(wav(voice()))
    data[4:8] = data[40:44] = (0x7FFFFFFF).to_bytes(4, "little")
    assert take(tmp_path / "wav", bytes(data)).speech.seconds == pytest.approx(spoken().speech.seconds, abs=0.1)


def test_a_file_that_is_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    for name, codec in (("a.flac", "flac"), ("b.mp3", "libmp3lame"), ("c.ogg", "libopus")):
        path = encoded(tmp_path / name, voice(), codec=codec, rate=48000)
        taken = take(tmp_path / codec, path.read_bytes()[: path.stat().st_size * 2 // 3])
        assert 0.4 * spoken().speech.seconds < taken.speech.seconds < 0.9 * spoken().speech.seconds


def test_a_hole_in_the_middle_does_not_end_the_recording(tmp_path: Path) -> None:
    data = bytearray(encoded(tmp_path / "a.mp3", voice(), codec="libmp3lame", rate=48000).read_bytes())
    data[len(data) // 3 : len(data) // 3 + 3000] = bytes(3000)
    taken = take(tmp_path, bytes(data))
    assert taken.speech.seconds > 0.8 * spoken().speech.seconds


def test_damaged_bytes_give_speech_or_a_refusal_and_nothing_else(tmp_path: Path) -> None:
    dice = np.random.default_rng(4)
    for turn, (name, codec) in enumerate([("a.flac", "flac"), ("b.mp3", "libmp3lame"), ("c.m4a", "aac")] * 4):
        data = bytearray(encoded(tmp_path / name, voice(), codec=codec, rate=48000).read_bytes())
        for place in dice.integers(0, len(data), 30):
            data[place] = dice.integers(0, 256)
        try:
            taken = take(tmp_path / str(turn), bytes(data))
        except BadRequest:
            continue
        assert np.isfinite(taken.sound).all()
        assert taken.utterance.phones[-1].end == taken.utterance.seconds


def test_too_long_a_recording_is_refused_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(wav(voice()))
    with pytest.raises(TooLarge, match="Split it"):
        decoding.decode(path, tmp_path / "raw", lambda _seconds: None, longest=2.0)
    assert (tmp_path / "raw").stat().st_size < 4 * decoding.RATE * 3


def test_a_clipped_recording_and_a_noisy_one_are_told(tmp_path: Path) -> None:
    clipped = take(tmp_path / "clipped", wav(8.0 * voice()))
    assert any("clipped" in note for note in clipped.speech.notes)
    noise = 0.1 * np.random.default_rng(1).standard_normal(len(voice())).astype(np.float32)
    noisy = take(tmp_path / "noisy", wav(voice() + noise))
    assert any("noise" in note for note in noisy.speech.notes)


def test_it_can_be_called_off(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.perform(Upload(), recording(upload(bench, wav(voice()))))


def test_without_a_text_there_are_no_words_and_no_captions(tmp_path: Path) -> None:
    said = take(tmp_path, wav(voice())).utterance
    assert (said.text, said.words) == ("", ())
    assert captions.cues(said) == ()
    assert captions.to_srt(()) == ""
    assert captions.Burner(said, 512, 512).frame_at(1.0) is None
