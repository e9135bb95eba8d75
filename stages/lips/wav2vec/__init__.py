"""wav2vec 2.0 as a lips backend: hears which letter is said when, and times the mouth by it. Knows no picture.

This package's name imports nothing heavy; its module `network` needs torch and transformers.
"""

from dataclasses import dataclass
from typing import ClassVar

from avatar.artifacts import Clip
from avatar.stage import Needs, Performer, Placement
from stages import recipes
from stages.lips.brief import Brief


@dataclass(frozen=True, slots=True)
class Wav2vec:
    """For English whose times are an estimate: recordings, and voices that do not tell when they say what."""

    id: ClassVar[str] = "wav2vec"
    version: ClassVar[str] = "5"
    needs: ClassVar[Needs] = recipes.needs("wav2vec")

    def takes(self, brief: Brief, /) -> bool:
        """Whether there is something to find out: a synthesiser's own times are better than any that are heard."""
        speech = brief.speech
        return not speech.exact and speech.language.partition("-")[0].lower() in ("", "en", "und")

    def load(self, placement: Placement, /) -> Performer[Brief, Clip]:
        """Raises Unavailable when files are missing, damaged or of another model."""
        from stages.lips.wav2vec.network import load
        from stages.lips.wav2vec.perform import Lips

        return Lips(load(placement.weights[self.needs.weights[0]], device=placement.device))
