"""What a recording of one's own costs, and how well its text is laid along it.

`python -m benchmarks.recording SECONDS [text]` is one measurement in a process of its own.
"""

import difflib
import json
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from avatar.artifacts import Blob, Speech
from avatar.face import acoustic
from avatar.face.acoustic_features import HOP, Heard
from avatar.face.lips_score import joined
from avatar.testing import Bench, workbench
from benchmarks.acoustic_corpus import ARTICLE, OTHERS, RATE, UNHEARD, Spoken, speak
from benchmarks.acoustic_training import altered, listened
from benchmarks.child import Told, cpu, peak_mb
from benchmarks.table import Row
from stages.speech import recording
from stages.speech.upload import Upload, matching

PACES = (0.7, 0.85, 1.2, 1.45)
ROOT = Path(__file__).resolve().parents[1]


def rows() -> Iterator[Row]:
    """Cost by length, error of aligned times, and how far right and wrong texts lie apart."""
    yield from _costs()
    words, phones = _late()
    for name, late in (("words", words), ("phones", phones)):
        yield Row(f"text on another voice and pace: {name}, median error", 1000 * float(np.median(late)), "ms", 20)
        yield Row(
            f"text on another voice and pace: {name}, 90th percentile", 1000 * float(np.percentile(late, 90)), "ms", 60
        )
    right, wrong = _scores()
    yield Row("likeness of the right text in noise and echo, least", min(right), "", matching.FITTING, more=True)
    yield Row("likeness of another text in noise and echo, highest", max(wrong), "", matching.FITTING)


def _costs() -> Iterator[Row]:
    short, long, told = _child("10"), _child("600"), _child("600", "text")
    yield Row("recording of 10 minutes, times real time of one core", long["seconds"] / long["cpu"], "x", 50, more=True)
    yield Row("the same with its text", told["seconds"] / told["cpu"], "x")
    yield Row("peak memory, 10 minutes : 10 seconds of recording", long["peak"] / short["peak"], "x", 1.1)
    yield Row("peak memory, 10 minutes of recording with its text", told["peak"], "MB")
    sound = speak(ARTICLE["de"], "de+f5")
    heard, began = listened(np.tile(sound.samples, 6)), time.process_time()
    acoustic.phones(heard, seconds=len(heard) * HOP)
    spent = time.process_time() - began
    yield Row("phones by ear alone, times real time of one core", len(heard) * HOP / spent, "x", 50, more=True)


def _child(*words: str) -> Told:
    command = [sys.executable, "-m", "benchmarks.recording", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: Told = json.loads(done.stdout)
    return told


def taken(seconds: float, *, with_text: bool) -> Told:
    """A recording of about so many seconds, made into speech."""
    spoken = speak(ARTICLE["en-us"], "en-us+f5", rate=1.1)
    times = max(1, round(seconds / spoken.utterance.seconds))
    with tempfile.TemporaryDirectory() as folder:
        bench = workbench(Path(folder))
        blob = _file(bench, spoken, times)
        used = cpu()
        speech: Speech = bench.perform(Upload(), recording(blob, " ".join([ARTICLE["en-us"]] * times * with_text)))
        return {"seconds": speech.seconds, "cpu": cpu() - used, "peak": peak_mb(), "notes": speech.notes}


def _file(bench: Bench, spoken: Spoken, times: int) -> Blob:
    path = bench.context.scratch() / "recording.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        for _ in range(times):
            file.writeframesraw((spoken.samples * 32767).astype("<i2").tobytes())
    return bench.context.keep(path, "audio/wav")


def _match(heard: Heard, text: str, language: str) -> matching.Match | None:
    with tempfile.TemporaryDirectory() as folder:
        seconds = len(heard) * HOP
        return matching.match(heard, text, language=language, seconds=seconds, folder=Path(folder), step=lambda: None)


def _late() -> tuple[list[float], list[float]]:
    """Seconds by which words' ends and phones' starts are missed."""
    words: list[float] = []
    phones: list[float] = []
    texts = {**UNHEARD, **dict(list(ARTICLE.items())[:8])}
    for turn, (language, text) in enumerate(texts.items()):
        spoken = speak(text, f"{language}+{OTHERS[turn % len(OTHERS)]}", rate=PACES[turn % len(PACES)])
        match = _match(listened(spoken.samples), text, language)
        if match is None:
            raise SystemExit(f"{language} could not be matched")
        for true, found in zip(spoken.utterance.words, match.words, strict=True):
            words += [abs(true.start - found.start), abs(true.end - found.end)]
        true_phones = [phone for phone in joined(spoken.utterance.phones) if phone.ipa]
        found_phones = [phone for phone in match.phones if phone.ipa]
        pairs = difflib.SequenceMatcher(
            None, [phone.ipa for phone in true_phones], [phone.ipa for phone in found_phones], autojunk=False
        )
        for one, other, count in pairs.get_matching_blocks():
            phones += [abs(true_phones[one + k].start - found_phones[other + k].start) for k in range(count)]
    return words, phones


def _scores() -> tuple[list[float], list[float]]:
    """Scores of right and of wrong texts: those of other recordings, and the right one's words in another order."""
    dice = np.random.default_rng(3)
    texts = {**UNHEARD, **dict(list(ARTICLE.items())[:8])}
    right, wrong = [], []
    for turn, (language, text) in enumerate(texts.items()):
        spoken = speak(text, f"{language}+{OTHERS[turn % len(OTHERS)]}", rate=float(dice.uniform(0.75, 1.3)))
        heard = altered(spoken, dice).heard
        other_language, other = list(texts.items())[(turn + 5) % len(texts)]
        shuffled = text.split()
        dice.shuffle(shuffled)
        right.append(_score(heard, text, language))
        wrong.append(_score(heard, other, other_language))
        if len(shuffled) > 8:
            wrong.append(_score(heard, " ".join(shuffled), language))
    return right, wrong


def _score(heard: Heard, text: str, language: str) -> float:
    match = _match(heard, text, language)
    return match.score if match else 0.0


if __name__ == "__main__":
    print(json.dumps(taken(float(sys.argv[1]), with_text=len(sys.argv) > 2)))
