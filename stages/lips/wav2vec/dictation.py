"""What is said in a sound, as the network's own letters read it. Knows no spelling but the network's."""

from pathlib import Path

from avatar.errors import BadRequest
from avatar.face.ctc import GAP, Guesses, read
from stages.lips.wav2vec.hearing import listen
from stages.lips.wav2vec.network import Network


def written(sound: Path, network: Network) -> str:
    """The words, in small letters with the first one large. Raises `BadRequest` where nobody speaks."""
    guesses: Guesses = listen(sound, network, lambda _share: None).guesses
    signs = {column: sign for sign, column in network.letters.items()} | {GAP: " "}
    text = "".join(signs[symbol] for symbol in read(guesses).symbols).strip().lower()
    if not text:
        raise BadRequest("No words were heard. Speak nearer to the microphone.")
    return text[:1].upper() + text[1:]
