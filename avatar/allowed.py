"""Which values a request may have, and how that is said. Knows no request."""

from typing import Annotated, get_args

from pydantic import Field
from pydantic_core import PydanticCustomError

from avatar import drive, roles
from avatar.sampling import Sampler
from avatar.script import EXPRESSIONS

MAX_TEXT = 30_000  # characters, about half an hour of speech
MAX_PROMPT = 2_000
MAX_LABEL = 60
MIN_SECONDS, MAX_SECONDS = 0.2, 60
MAX_FPS = 60
MAX_STEPS = 100
MAX_VARIATIONS = 8
SHORT_SIDE = (256, 1080)
LONG_SIDE = 1920
SLIMMEST = 2.4  # times as long as short, as the longest phones are
SEEDS = 2**32
Seconds = Annotated[float, Field(ge=MIN_SECONDS, le=MAX_SECONDS)]
Frames = Annotated[int, Field(ge=1, le=MAX_SECONDS * MAX_FPS)]
Steps = Annotated[int, Field(ge=1, le=MAX_STEPS)]
Guidance = Annotated[float, Field(ge=0, le=30)]
Variations = Annotated[int, Field(ge=1, le=MAX_VARIATIONS)]
Share = Annotated[float, Field(ge=0, le=1)]
Backends = dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=80)]]
GROUNDS = ("scene", "blur", "transparent")

HOW = {
    "text": "Give the text as a string.",
    "voice": "Give the id of a voice; `python -m avatar voices` lists them.",
    "avatar": "Give the id of an avatar; `python -m avatar avatars` lists them.",
    "prompt": f"Give a string of at most {MAX_PROMPT} characters.",
    "language": "Use a tag such as en or pt-br.",
    "face": "Use 0 for the largest face in the picture or video, 1 for the next.",
    "landmarks": "Give right_eye, left_eye, right_mouth, left_mouth and chin, each as [x, y] pixels of the picture.",
    "rate": "Use a number from 0.5 (slow) to 2 (fast); 1 is the voice's own pace.",
    "pitch": "Use a number of semitones from -12 to 12.",
    "seed": f"Use a whole number from 0 to {SEEDS - 1}.",
    "width": "Use a whole number of pixels.",
    "height": "Use a whole number of pixels.",
    "fps": "Use 25, 30, 50 or 60.",
    "captions": "Use none, soft or burned.",
    "background": "Use scene, blur, transparent, a colour such as #3366cc or teal, or a picture.",
    "framing": "Use close, head_and_shoulders, wide or whole.",
    "zoom": "Use a number from 1 (as framed) to 2 (twice as near).",
    "label": f"Give a text of 1 to {MAX_LABEL} characters, or auto.",
    "kind": "Use talk, speech, video or image.",
    "negative_prompt": f"Give a string of at most {MAX_PROMPT} characters.",
    "seconds": f"Use a number of seconds from {MIN_SECONDS} to {MAX_SECONDS}.",
    "frames": f"Use a whole number of frames, of the film's rate, that last {MIN_SECONDS} to {MAX_SECONDS} s.",
    "steps": f"Use a whole number from 1 to {MAX_STEPS}.",
    "guidance_scale": "Use a number from 0 to 30.",
    "sampler": f"Use one of {', '.join(get_args(Sampler))}.",
    "cache_threshold": "Use a number from 0 (nothing is taken over) to 1; 0.1 is usual.",
    "variations": f"Use a whole number from 1 to {MAX_VARIATIONS}.",
    "backends": "Name a backend for a stage, as motion: idle; /v1/backends lists them.",
    "profile": "Use auto, minimal, recommended or maximum.",
    "expression": f"Use {', '.join(EXPRESSIONS[:-1])} or {EXPRESSIONS[-1]}.",
    "motion": "Use numbers from 0 (still) to 2 (twice); 1 is natural.",
    "drive": drive.HOW,
    "cast": roles.HOW,
    "layout": "Use auto, side_by_side or cut.",
    "allow_degraded": "Use true or false.",
}


def check_size(width: int, height: int, *, what: str = "film") -> None:
    """Raises when no film, or picture, of this size can be made."""
    short, long = sorted((width, height))
    low, high = SHORT_SIDE
    if not low <= short <= high or long > LONG_SIDE:
        raise PydanticCustomError(
            "size",
            f"A {what} of {width}x{height} can't be made. Use {low} to {high} pixels on the short side"
            f" and at most {LONG_SIDE} on the long one.",
        )
    if long > SLIMMEST * short:
        raise PydanticCustomError(
            "size", f"A {what} of {width}x{height} would cut the face. Use at most {SLIMMEST} times as long as short."
        )
    if width % 2 or height % 2:
        even = f"{width + width % 2}x{height + height % 2}"
        raise PydanticCustomError(
            "size", f"A {what} of {width}x{height} can't be encoded. Use even numbers, such as {even}."
        )
