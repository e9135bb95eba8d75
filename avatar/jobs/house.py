"""What doors may ask of a house beside films, as the hallway wired it. Knows no job, no door and no stage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from avatar.artifacts import Blob, ExportKind
from avatar.errors import NotFound, Unavailable
from avatar.events import Outcome
from avatar.gallery import AvatarCard, VoiceCard, WeightsCard
from avatar.plan import Plan
from avatar.request import Ask, Landmarks

if TYPE_CHECKING:
    from avatar.media.provenance import Provenance
    from avatar.quality.figures import Certificate

UploadKind = Literal["image", "audio", "video"]


@dataclass(frozen=True, slots=True)
class Faces:
    """A picture upright, in pixels, and the faces found in it, the largest first."""

    width: int
    height: int
    faces: tuple[Landmarks, ...]


def _unseen(_picture: Blob) -> NoReturn:
    raise Unavailable("Faces can't be looked for here. Mark eyes, mouth and chin.")


def _unexported(_outcome: Outcome, kind: ExportKind) -> NoReturn:
    raise NotFound(f"No {kind} can be made here. Take the video.")


def _unheard(_sound: Blob) -> NoReturn:
    raise Unavailable(_deaf())


def _deaf() -> str:
    return "This house can't write down what is said."


def _unjoined(_films: Sequence[Path], _joined: Path) -> NoReturn:
    raise Unavailable("Films can't be joined here. Take them one by one.")


def _unkept(name: str) -> NoReturn:
    raise NotFound(f"This house keeps no weights {name[:60]!r}.")


def _voiceless(voice: str) -> NoReturn:
    raise NotFound(f"There is no sample of {voice[:80]!r} here. Let it say a text.")


@dataclass(frozen=True, slots=True)
class House:
    """What else can be asked. Each member is a question that costs nothing until it is called.

    `sheet` writes a picture of all avatars, `portrait` gives one of them as a WebP, 512 pixels square. `certify`
    measures a film: its file, and its rig's file; without that it looks for the rig itself, in case the film was made
    here. `plan` is for one request, or for the house as a whole; `known` tells which of a request's stages are done
    already. `examine` gives the media type of a picture or sound of somebody's own, and refuses what is none.
    `check` refuses at once what would be refused later, such as an unknown voice: it raises `BadRequest`.
    `sample` gives a short WAV of a voice: it raises `NotFound`, and `Unavailable` for one that can't speak here.
    `export` gives the file of a film in another form, made by its first asker while he waits.
    `verify` reads what a film says of its own making, `licences` those of the weights behind an outcome.
    `faces` marks the faces in a picture, the largest first. `hear` writes down what is said in a sound and raises
    `Unavailable` where `deaf` says why it can't. `join` puts films one behind the other into a new file.
    `weights` tells of all models; `fetch` begins to bring one, and `evict` removes one, or calls its coming off.
    """

    voices: Callable[[], tuple[VoiceCard, ...]]
    avatars: Callable[[], tuple[AvatarCard, ...]]
    plan: Callable[[Ask | None], Plan]
    explain: Callable[[], str]
    sheet: Callable[[Path], None]
    portrait: Callable[[str], bytes]
    certify: "Callable[[Path, Path | None], Certificate]"
    examine: "Callable[[Path, UploadKind], str]"
    check: Callable[[Ask], object]
    verify: "Callable[[Path], Provenance | None]"
    licences: Callable[[Outcome], tuple[str, ...]]
    export: Callable[[Outcome, ExportKind], Path] = _unexported
    sample: Callable[[str], bytes] = _voiceless
    known: Callable[[Ask], tuple[str, ...]] = lambda _ask: ()
    faces: Callable[[Blob], Faces] = _unseen
    hear: Callable[[Blob], str] = _unheard
    deaf: Callable[[], str] = _deaf
    join: Callable[[Sequence[Path], Path], None] = _unjoined
    weights: Callable[[], tuple[WeightsCard, ...]] = lambda: ()
    fetch: Callable[[str], None] = _unkept
    evict: Callable[[str], None] = _unkept
