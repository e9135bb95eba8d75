"""A text that comes with a recording: when its words are said, and whether it is said at all."""

from pathlib import Path

import numpy as np
import pytest

from avatar.errors import NotFound
from avatar.face import acoustic_features
from avatar.face.acoustic_features import Heard, Listener
from avatar.media import captions
from stages.speech.upload import matching
from tests.shared import shared
from tests.speech.recordings import TEXT, spoken, take, wav
from tests.speech.said import RATE, Said, say

SENTENCES = {
    "en-gb": "Before the bombs fell, Philip Moss bought five plum puddings and a very small umbrella.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "ja": "すべてのにんげんは、うまれながらにしてじゆうであります。",
}


def heard(said: Said) -> Heard:
    listener = Listener(RATE)
    listener.push(said.sound.astype(np.float32))
    return listener.heard()


def matched(said: Said, text: str, folder: Path, language: str = "") -> matching.Match | None:
    found = heard(said)
    seconds = len(found) * acoustic_features.HOP
    return matching.match(found, text, language=language, seconds=seconds, folder=folder, step=lambda: None)


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("rate", [0.75, 1.3])
def test_words_are_found_in_another_voice_at_another_pace(language: str, rate: float, tmp_path: Path) -> None:
    said = say(tmp_path, SENTENCES[language], f"{language}+f5", rate=rate)
    match = matched(said, SENTENCES[language], tmp_path, language)
    assert match is not None
    assert match.fits
    assert [word.text for word in match.words] == [word.text for word in said.utterance.words]
    late = [abs(found.start - true.start) for found, true in zip(match.words, said.utterance.words, strict=True)]
    assert float(np.median(late)) < 0.02
    assert float(np.percentile(late, 90)) < 0.08


def test_another_text_is_told_and_left_out(tmp_path: Path) -> None:
    taken = take(tmp_path, wav(spoken().sound.astype(np.float32)), "Nobody has ever found the largest prime number.")
    assert any("not what is said" in note for note in taken.speech.notes)
    assert (taken.utterance.text, taken.utterance.words) == ("", ())
    assert sum(1 for phone in taken.utterance.phones if phone.ipa) > 15


def test_the_right_text_gives_words_captions_and_no_complaint(tmp_path: Path) -> None:
    taken = take(tmp_path, wav(spoken().sound.astype(np.float32)), TEXT)
    assert taken.speech.notes == ()
    assert taken.utterance.text == TEXT
    assert [word.text for word in taken.utterance.words] == [word.text for word in spoken().utterance.words]
    assert " ".join(line for cue in captions.cues(taken.utterance) for line in cue.lines) == TEXT
    edges = [at for word in taken.utterance.words for at in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[-1] <= taken.utterance.seconds


def test_a_real_voice_is_matched_with_its_poem_and_no_other(tmp_path: Path) -> None:
    data = shared("samples/speech/chinese_poem1.wav").read_bytes()
    taken = take(tmp_path / "right", data, "床前明月光，疑是地上霜。举头望明月，低头思故乡。")
    assert taken.speech.notes == ()
    assert taken.utterance.words[-1].end > 0.8 * taken.utterance.seconds
    other = take(tmp_path / "wrong", data, "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。")
    assert len(other.speech.notes) == 1


def test_a_text_far_too_long_for_the_recording_does_not_fit(tmp_path: Path) -> None:
    taken = take(tmp_path, wav(spoken().sound.astype(np.float32)), TEXT * 8)
    assert len(taken.speech.notes) == 1
    assert taken.utterance.words == ()


def test_a_text_that_nobody_can_read_is_told_and_a_language_that_is_none_refused(tmp_path: Path) -> None:
    data = wav(spoken().sound.astype(np.float32))
    assert any("can't be read" in note for note in take(tmp_path / "a", data, "日本語の漢字です。", "ja").speech.notes)
    with pytest.raises(NotFound):
        take(tmp_path / "b", data, TEXT, "nowhere")


def test_pauses_that_the_text_does_not_have_are_pauses(tmp_path: Path) -> None:
    whole = spoken().sound.astype(np.float32)
    cut = round(spoken().utterance.words[4].end * RATE)
    taken = take(tmp_path, wav(np.concatenate([whole[:cut], np.zeros(RATE, np.float32), whole[cut:]])), TEXT)
    assert taken.speech.notes == ()
    longest = max(
        (phone for phone in taken.utterance.phones if not phone.ipa), key=lambda phone: phone.end - phone.start
    )
    assert longest.end - longest.start > 0.85
    assert longest.start == pytest.approx(cut / RATE, abs=0.1)
