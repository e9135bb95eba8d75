"""The espeak backend as the engine sees it."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import BadRequest, Cancelled, NotFound, StorageError, TooLarge, Unavailable
from avatar.events import Progressed
from avatar.media import mastering
from avatar.testing import workbench
from stages.speech import SPEECH, Brief
from stages.speech.espeak import Espeak
from tests.speech.said import RATE, decibels, say

GREETINGS = {
    "en-us": "Hello, I am Ada.", "de": "Guten Tag, ich heiße Ada.", "fr-fr": "Bonjour, je m'appelle Ada.",
    "es": "¡Hola! Me llamo Ada.", "it": "Ciao, mi chiamo Ada.", "pt-br": "Olá, eu me chamo Ada.",
    "nl": "Hallo, ik ben Ada.", "sv": "Hej, jag heter Ada.", "pl": "Cześć, mam na imię Ada.",
    "ru": "Привет, меня зовут Ада.", "uk": "Привіт, мене звати Ада.", "el": "Γεια σου, με λένε Άντα.",
    "tr": "Merhaba, benim adım Ada.", "ar": "مرحبا، اسمي آدا.", "he": "שלום, קוראים לי עדה.",
    "hi": "नमस्ते, मेरा नाम एडा है।", "ja": "こんにちは、わたしはエイダです。", "ko": "안녕하세요. 저는 에이다입니다.",
    "cmn": "你好，我叫艾达。", "th": "สวัสดีครับ ผมชื่ออาดา", "vi": "Xin chào, tôi tên là Ada.",
    "fi": "Hei, minun nimeni on Ada.", "hu": "Szia, Ada vagyok.", "cs": "Ahoj, jmenuji se Ada.",
}  # fmt: skip


def test_the_stage_ends_in_a_floor() -> None:
    assert SPEECH.chain[-1].needs.floor
    assert SPEECH.chain[-1].id == "espeak"


@pytest.mark.parametrize("language", GREETINGS)
def test_every_language_is_recognised_and_speaks(language: str, tmp_path: Path) -> None:
    said = say(tmp_path, GREETINGS[language])
    assert said.speech.voice == said.speech.language == said.utterance.language == language
    assert 1.2 < said.speech.seconds < 6
    assert sum(1 for phone in said.utterance.phones if phone.ipa) > 8
    position = 0
    for word in said.utterance.words:
        position = said.utterance.text.index(word.text, position) + len(word.text)


def test_same_text_same_bytes_whatever_was_said_before(tmp_path: Path) -> None:
    first = say(tmp_path / "1", "She sells sea shells. Is it so?", "en-us+f5")
    say(tmp_path / "2", "Something else, 123!", "de+whisper", rate=1.7, pitch=7)
    again = say(tmp_path / "3", "She sells sea shells. Is it so?", "en-us+f5", seed=99)
    assert again.wav == first.wav
    assert again.utterance == first.utterance


def test_jobs_at_the_same_time_do_not_hear_each_other(tmp_path: Path) -> None:
    wishes = [("Hello there, I am Ada. How are you?", voice) for voice in ("en-us", "de+m3", "en-us+f5", "fr-fr+f2")]
    alone = [say(tmp_path / f"alone{index}", *wish).wav for index, wish in enumerate(wishes)]
    together: dict[tuple[int, int], bytes] = {}

    def work(index: int, turn: int) -> None:
        together[index, turn] = say(tmp_path / f"t{index}.{turn}", *wishes[index]).wav

    threads = [threading.Thread(target=work, args=(index, turn)) for turn in range(3) for index in range(len(wishes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == len(threads)
    assert all(wav == alone[index] for (index, _), wav in together.items())


def test_a_child_of_a_fork_can_speak_while_the_parent_does(tmp_path: Path) -> None:
    script = f"""
import os, threading
from pathlib import Path
from tests.speech.said import say
folder = Path({str(tmp_path)!r})
expected = say(folder / "first", "Hello there.").wav
busy = threading.Thread(target=lambda: [say(folder / f"p{{n}}", "Hello there. " * 20) for n in range(3)])
busy.start()
child = os.fork()
if not child:
    os._exit(0 if say(folder / "child", "Hello there.").wav == expected else 1)
_, status = os.waitpid(child, 0)
busy.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_loudness_and_peak(tmp_path: Path) -> None:
    for voice in ("en-us", "en-us+f2", "en-us+m7", "de+whisper"):
        said = say(tmp_path / voice, "Hello, I am Ada. Let us look at prime numbers together, right now!", voice)
        path = tmp_path / "sound.wav"
        path.write_bytes(said.wav)
        assert mastering.loudness(path) == pytest.approx(-16.0, abs=0.1)
        assert 20 * np.log10(mastering.peaks(said.sound.astype(np.float32)).max()) <= -1.75


def test_silence_at_both_ends(tmp_path: Path) -> None:
    said = say(tmp_path, "Hello.", "en-us")
    assert decibels(said.cut(0, 0.22)) < -70
    assert decibels(said.cut(said.speech.seconds - 0.3, said.speech.seconds)) < -70
    assert said.utterance.phones[0].end == pytest.approx(0.25, abs=0.001)
    assert said.utterance.phones[-1].end - said.utterance.phones[-1].start == pytest.approx(0.35, abs=0.001)


def test_pauses_between_sentences_and_paragraphs(tmp_path: Path) -> None:
    phones = say(tmp_path, "We are here. We are well.\n\nWe are done.", "en-us").utterance.phones
    inner = [phone.end - phone.start for phone in phones[1:-1] if not phone.ipa]
    assert inner == pytest.approx([0.32, 0.6], abs=0.03)


def test_joins_do_not_click(tmp_path: Path) -> None:
    said = say(tmp_path, "Oh no. All over. Mom ran. Easy. Under us. And more, my " + "very " * 90 + "dear.", "en-us+f2")
    steps = np.abs(np.diff(said.sound))
    inside, edges = [], []
    for phone in said.utterance.phones:
        first, last = round(phone.start * RATE), round(phone.end * RATE)
        if phone.ipa:
            inside.append(steps[first + 100 : last - 100].max(initial=0.0))
        else:
            edges += [steps[max(0, first - 60) : first + 60].max(), steps[last - 60 : last + 60].max(initial=0.0)]
    assert len(edges) > 10
    assert max(edges) < np.percentile(inside, 90)


def test_rate_changes_the_pace_as_much_as_it_says(tmp_path: Path) -> None:
    text = "Let us look at prime numbers together, and see why there is no largest one."
    normal = say(tmp_path / "normal", text, "en-us")
    for rate in (0.5, 0.8, 1.5, 2.0):
        said = say(tmp_path / str(rate), text, "en-us", rate=rate)
        spoken = [s.utterance.words[-1].end - s.utterance.words[0].start for s in (normal, said)]
        assert spoken[0] / spoken[1] == pytest.approx(rate, rel=0.06)


def test_pitch_moves_the_voice_by_semitones(tmp_path: Path) -> None:
    text = "Mama and you all know why, my lovely woman."
    normal = _pitch(say(tmp_path / "normal", text, "en-us").sound)
    for semitones in (-7.0, -3.0, 4.0, 7.0):
        moved = _pitch(say(tmp_path / str(semitones), text, "en-us", pitch=semitones).sound)
        assert 12 * np.log2(moved / normal) == pytest.approx(semitones, abs=0.7)


def _pitch(samples: np.ndarray) -> float:
    """Median fundamental frequency in Hz, from the autocorrelation."""
    found = []
    for start in range(0, len(samples) - 1400, 300):
        part = samples[start : start + 1400]
        if np.abs(part).max() < 0.1:
            continue
        spectrum = np.abs(np.fft.rfft(part - part.mean(), 4096)) ** 2
        lags = np.fft.irfft(spectrum)[: RATE // 45]
        best = RATE // 400 + int(np.argmax(lags[RATE // 400 :]))
        early = [lag for lag in range(RATE // 400, best) if lags[lag] > 0.9 * lags[best] and lags[lag] >= lags[lag + 1]]
        found.append(RATE / (early[0] if early else best))
    return float(np.median(found))


def test_progress_is_told_and_cancelling_stops(tmp_path: Path) -> None:
    bench = workbench(tmp_path)
    bench.perform(Espeak(), Brief("One. Two. Three.", "en-us", 1.0, 0.0, 1))
    told = [event for event in bench.events if isinstance(event, Progressed)]
    assert told[-1].done == told[-1].total == 4
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.perform(Espeak(), Brief("One. Two. Three.", "en-us", 1.0, 0.0, 1))


def test_memory_stays_flat(tmp_path: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from avatar.testing import workbench
from stages.speech import Brief
from stages.speech.espeak import Espeak
def peak(times: int) -> int:
    text = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. " * times
    seconds = workbench(Path({str(tmp_path)!r}, str(times))).perform(Espeak(), Brief(text, "en-us", 1, 0, 1)).seconds
    assert seconds > 4.5 * times
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
short = peak(4)
long = peak(60)
assert long - short < 9000, (short, long)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_importing_the_stage_loads_nothing_heavy() -> None:
    script = "import sys, stages.speech; sys.exit(bool({'numpy', 'av', 'cv2', 'espeakng_loader'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", BadRequest, "empty"),
        (" \n\t ", BadRequest, "empty"),
        ("😀👍🏽👩‍👩‍👧", BadRequest, "nothing to say"),
        ("?!... —", BadRequest, "nothing to say"),
        ("\x00\x07\x1b", BadRequest, "nothing to say"),
        ("a\ud83d", BadRequest, "surrogate"),
        ("x" * 1_000_000, TooLarge, "100,000"),
        ("日本語をはなします。", Unavailable, "kanji"),
        ("ខ្មែរ", Unavailable, "script"),
    ],
)
def test_what_can_not_be_spoken_is_refused(text: str, error: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        say(tmp_path, text)


def test_a_full_disk_is_told(tiny_disk: Path) -> None:
    with pytest.raises(StorageError, match="full"):
        say(tiny_disk, "The birch canoe slid on the smooth planks. " * 20)


def test_unknown_voices_are_refused_with_near_names(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="en-us"):
        say(tmp_path, "Hello.", "en-uss")
    with pytest.raises(NotFound, match="f5"):
        say(tmp_path, "Hello.", "en-us+f55")


@pytest.mark.parametrize(("rate", "pitch"), [(0.49, 0), (2.01, 0), (float("nan"), 0), (1, 12.5), (1, -13)])
def test_rate_and_pitch_have_limits(rate: float, pitch: float, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="can't be spoken"):
        say(tmp_path, "Hello.", rate=rate, pitch=pitch)


def test_controls_emoji_and_styled_letters_do_not_disturb(tmp_path: Path) -> None:
    plain = say(tmp_path / "plain", "Hello world, this is Ada.", "en-us")
    dirty = say(tmp_path / "dirty", "Hel\x00lo \x1b world,\u200b this\ufeff 😀 is 𝐀𝐝𝐚.", "en-us")
    assert dirty.utterance.text == plain.utterance.text
    assert dirty.wav == plain.wav


def test_mixed_scripts_are_each_read_by_a_voice_of_their_own(tmp_path: Path) -> None:
    said = say(tmp_path, "The word Привет means hello. 你好世界。 مرحبا بالعالم.", "+f2")
    assert said.speech.voice == "en-us+f2"
    heard = {word.text: word.end - word.start for word in said.utterance.words}
    assert 0.3 < heard["Привет"] < 1.0  # spelled out letter by letter it would take two seconds
    assert 0.2 < heard["مرحبا"] < 1.2
    assert {"ʂ", "χ"} & {phone.ipa for phone in said.utterance.phones}


def test_letters_that_the_asked_voice_does_not_read_are_said_by_another_and_that_is_told(tmp_path: Path) -> None:
    other = say(tmp_path / "other", "你好。", "de").speech
    assert (other.voice, len(other.notes)) == ("cmn", 1)
    assert "cmn speaks instead" in other.notes[0]
    for text, voice in (("Ja, 好.", "de"), ("你好。", ""), ("Hello.", "en-gb")):
        assert say(tmp_path / f"own {voice}", text, voice).speech.notes == ()


def test_right_to_left_text_keeps_its_logical_order(tmp_path: Path) -> None:
    said = say(tmp_path, "\u202bשלום עולם\u202c, abc שלום")
    assert [word.text for word in said.utterance.words] == ["שלום", "עולם,", "abc", "שלום"]
    assert said.utterance.language == "he"


def test_letters_that_no_voice_reads_are_passed_over(tmp_path: Path) -> None:
    said = say(tmp_path, "We met ខ្មែរ people.", "en-us")
    assert said.speech.seconds < 2.5


def test_lone_greek_letters_are_named(tmp_path: Path) -> None:
    said = say(tmp_path, "The number π is about 3.14.", "en-us")
    named = next(word for word in said.utterance.words if word.text == "π")
    assert [phone.ipa for phone in said.utterance.phones if named.start <= phone.start < named.end] == ["p", "aɪ"]


def test_texts_that_bring_the_bare_library_down_are_spoken_or_refused(tmp_path: Path) -> None:
    texts = [("'-i và", "vi"), (")-i", "vi"), ("` xin", "vi"), ("xin chào. [-s", "vi"), ("ૠ", "vi"), ("i" * 300, "ro")]
    script = f"""
from pathlib import Path
from avatar.errors import AvatarError
from tests.speech.said import say
for index, wish in enumerate({texts!r}):
    try:
        say(Path({str(tmp_path)!r}, str(index)), *wish)
    except AvatarError as refusal:
        print(refusal)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_markdown_is_not_read_aloud(tmp_path: Path) -> None:
    plain = say(tmp_path / "plain", "Very important words.", "en-us")
    marked = say(tmp_path / "marked", "Very **important** words.", "en-us")
    assert marked.speech.seconds == pytest.approx(plain.speech.seconds, abs=0.1)
