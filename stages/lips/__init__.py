"""The lips stage: gives a clip a mouth that says the speech. Knows no other stage."""

from avatar.artifacts import Clip
from avatar.stage import Stage
from stages.lips.brief import Brief
from stages.lips.phonemes import Phonemes
from stages.lips.wav2vec import Wav2vec

LIPS: Stage[Brief, Clip] = Stage("lips", Clip, (Wav2vec(), Phonemes()))

__all__ = ["LIPS", "Brief"]
