"""A clip's mouth timed by what is heard: listen, time, move. Knows no voice and no picture."""

from dataclasses import replace
from pathlib import Path

from avatar import records
from avatar.artifacts import Clip, Motion, Speech, Utterance
from avatar.disk import storage_errors
from avatar.face import coarticulation, ctc, tracks
from avatar.face.ctc_retiming import Grid
from avatar.stage import Context
from stages import reading
from stages.lips.brief import Brief
from stages.lips.phonemes import laid_over
from stages.lips.wav2vec import loudness
from stages.lips.wav2vec.hearing import Listened, Step, listen
from stages.lips.wav2vec.network import RATE, Network
from stages.lips.wav2vec.timing import Timed, timed

STEPS, LISTENED = 100, 90
LANGUAGE = "en-us"


class Lips:
    """Lays a mouth over a clip's motion, and tells in the clip's own speech when what is said."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, brief: Brief, context: Context, /) -> Clip:
        """The clip with its mouth columns filled, all else kept. Raises `BadOutput` for a track that can't be read."""
        given = records.load(Utterance, context.path(brief.speech.utterance).read_bytes())
        motion = brief.clip.motion
        track = tracks.read(context.path(motion.tracks))
        listened = listen(
            context.path(brief.speech.sound), self._network, lambda share: context.step(int(share * LISTENED), STEPS)
        )
        found = self._timed(given, listened, context)
        context.step(LISTENED, STEPS)
        spoken = coarticulation.mouth(found.utterance, fps=motion.fps, frames=len(track), seed=brief.seed)
        spoken = loudness.opened(spoken, found.utterance, heard=listened.heard, fps=motion.fps)
        path = context.scratch() / "lips.npy"
        tracks.write(path, laid_over(track, spoken))
        blob = context.keep(path, "application/x-npy")
        speech = _told(brief.speech, found, context)
        context.step(STEPS, STEPS)
        return replace(brief.clip, motion=Motion(tracks=blob, fps=motion.fps, frames=len(track)), speech=speech)

    def understood(self, film: Path, step: Step) -> tuple[str, ...]:
        """The words that are heard in a film or sound, guesses included. Raises UnsupportedMedia for what has none."""
        listened = listen(film, self._network, step)
        signs = {symbol: sign for sign, symbol in self._network.letters.items()} | {ctc.GAP: " "}
        return tuple("".join(signs[symbol] for symbol in ctc.read(listened.guesses).symbols).split())

    def _timed(self, given: Utterance, listened: Listened, context: Context) -> Timed:
        folder, network = context.scratch(), self._network

        def read(said: str) -> Utterance:
            return reading.read(said, LANGUAGE, folder=folder, step=lambda: context.step(LISTENED, STEPS))

        grid = Grid(network.hop / RATE, 0.5 * network.field / RATE)
        found = timed(given, listened, letters=network.letters, grid=grid, read=read)
        return replace(found, utterance=loudness.stressed(found.utterance, listened.heard)) if found.heard else found


def _told(speech: Speech, found: Timed, context: Context) -> Speech:
    """The speech with the times that were heard."""
    notes = (*speech.notes, *found.notes)
    if not found.heard:
        return replace(speech, notes=notes)
    path = context.scratch() / "utterance.json"
    with storage_errors(path):
        path.write_bytes(records.dump(found.utterance))
    blob = context.keep(path, "application/json")
    return replace(speech, utterance=blob, language=found.utterance.language, notes=notes)
