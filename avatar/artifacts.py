"""What travels between stages: small frozen facts that point at content-addressed bytes.

Knows neither how the bytes are stored nor who made them. All lengths are seconds, all picture
coordinates are pixels of the portrait (x to the viewer's right, y down) unless a name says otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from avatar.sampling import Diffusion


@dataclass(frozen=True, slots=True)
class Blob:
    """Immutable bytes in the store, named by what they hold."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound. `ipa` is empty for a pause; `stress` is 0 none, 1 secondary, 2 primary."""

    ipa: str
    start: float
    end: float
    stress: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word as it was written, with the time span in which it sounds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of several speakers says before another does: from the character `at` of the text on, in this time."""

    speaker: str
    at: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said and when: the time line that lips, captions and head motion share.

    `phones` and `words` are ordered and do not overlap; phones cover `[0, seconds]` without gaps. `exact` is true when
    the times come from the synthesiser itself, not from an estimate. `turns` tell who speaks when, where several do.
    """

    seconds: float
    language: str
    text: str
    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    exact: bool
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Speech:
    """Sound that says something: a mono 16-bit WAV, and its `Utterance` as a JSON blob.

    `notes` are sentences on what its hearer should know, such as that a recording is clipped. `language` is a tag,
    empty where it is not known; `exact` is the utterance's. `pitch` is a recorded voice's median in Hz, 0 if unheard.
    """

    sound: Blob
    utterance: Blob
    seconds: float
    sample_rate: int
    voice: str
    notes: tuple[str, ...] = ()
    language: str = ""
    exact: bool = True
    pitch: float = 0.0


Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye at rest. `upper` and `lower` run from the viewer's left corner to the right one, 9 points each."""

    upper: Line
    lower: Line
    iris: Point
    iris_radius: float
    brow: Line


@dataclass(frozen=True, slots=True)
class Face:
    """The landmarks of one face at rest, in portrait pixels.

    Lip lines run from the viewer's left mouth corner to the right one, 11 points each, corners included; `jaw` from ear
    to ear through the chin, 17 points. `right` and `left` are the person's own sides, as in ARKit and MediaPipe.
    """

    upper_lip_outer: Line
    upper_lip_inner: Line
    lower_lip_inner: Line
    lower_lip_outer: Line
    right: Eye
    left: Eye
    nose: Line
    jaw: Line
    forehead: Point
    confidence: float = 1.0


LayerName = Literal[
    "background", "hair_behind", "body", "eyeballs", "iris_right", "iris_left", "teeth", "teeth_lower",
    "head", "lids", "front", "person",
]  # fmt: skip
"""`lids` is the bare skin of shut eyes, which comes down over open ones; without it the skin above is stretched.

`person` is only a mask: where a photographed person is, closer than `head` tells, for other backgrounds.
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """One sheet of a portrait: straight-alpha RGBA PNG pixels, with their top left corner in portrait pixels."""

    name: LayerName
    pixels: Blob
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face that can be brought to life: layers from back to front, and landmarks.

    `width` and `height` are the portrait's frame; the background layer may reach beyond it on the left and right, so
    that wide films have something to show. A photograph is the same thing with fewer layers. `notes` say how it came
    about, where that is to be known; `diffusion` how it was painted.
    """

    image: Blob
    layers: tuple[Layer, ...]
    face: Face
    width: int
    height: int
    kind: Literal["drawn", "photo"]
    label: str
    notes: tuple[str, ...] = ()
    diffusion: Diffusion | None = None


@dataclass(frozen=True, slots=True)
class Motion:
    """Tracks sampled at `fps`: a little-endian float32 `.npy` of shape (frames, channels).

    Column names and units are `avatar.face.tracks.CHANNELS`.
    """

    tracks: Blob
    fps: int
    frames: int


@dataclass(frozen=True, slots=True)
class Footage:
    """Moving pictures between stages, without loss: see `avatar.media.footage` for the file.

    `faces` is a `.npy` of float32, (frames, 478, 2): MediaPipe's landmarks in footage pixels, NaN in frames where no
    face was found; none where nobody has looked. `seed` is what it was made from; `filmed` is true for what was not
    made by a model, but brought.
    """

    video: Blob
    width: int
    height: int
    fps: float
    frames: int
    faces: Blob | None = None
    seed: int = 0
    notes: tuple[str, ...] = ()
    filmed: bool = False
    spoken: bool = False
    diffusion: Diffusion | None = None

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.frames / self.fps


@dataclass(frozen=True, slots=True)
class Footages:
    """The same wish filmed once for each seed."""

    shots: tuple[Footage, ...]

    @property
    def seconds(self) -> float:
        """How long they play, one after the other."""
        return sum(shot.seconds for shot in self.shots)


@dataclass(frozen=True, slots=True)
class Take:
    """A picture (PNG), or a silent film (MP4) where `seconds` is not 0, ready to be handed out. `seed` gave it."""

    file: Blob
    thumbnail: Blob
    width: int
    height: int
    seed: int
    fps: float = 0.0
    frames: int = 1
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    diffusion: Diffusion | None = None


@dataclass(frozen=True, slots=True)
class Takes:
    """The same wish once for each seed; `sheet` shows several side by side (PNG)."""

    takes: tuple[Take, ...]
    sheet: Blob | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """Footage and the motion laid over it. Without footage the portrait itself moves, a still.

    `speech` is what the mouth says, where its times were found out anew: same sound, truer `Utterance`.
    """

    portrait: Portrait
    motion: Motion
    footage: Footage | None = None
    speech: Speech | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """The finished product: an MP4 with sound, and everything that tells what is in it.

    `rig` is three `.npy` arrays one after the other: landmarks in film pixels, the motion track, the utterance's JSON.
    `recipe` is the brief that it was drawn after, as JSON, and `parts` all that it points at: exports are drawn anew.
    `notes` are sentences on how it differs from what was asked. `diffusion` is how models made what is seen.
    """

    video: Blob
    thumbnail: Blob
    captions_srt: Blob
    captions_vtt: Blob
    words: Blob
    motion_csv: Blob
    rig: Blob
    width: int
    height: int
    fps: int
    frames: int
    seconds: float
    recipe: Blob | None = None
    parts: tuple[Blob, ...] = ()
    notes: tuple[str, ...] = ()
    diffusion: tuple[Diffusion, ...] = ()


ExportKind = Literal["alpha.webm", "prores.mov", "av1.mp4", "hevc.mp4", "preview.gif", "preview.webp"]
"""The forms that a film may have beside its own."""


@dataclass(frozen=True, slots=True)
class Export:
    """A film in another form: a file in the store, and how long it plays."""

    file: Blob
    seconds: float


def blobs_of(value: Any) -> Iterator[Blob]:
    """Every blob that an artifact or a brief points at, at any depth."""
    if isinstance(value, Blob):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from blobs_of(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from blobs_of(getattr(value, part.name))
