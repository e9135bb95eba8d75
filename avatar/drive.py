"""How a model is to move the picture of somebody: a part of a request. Knows no model, and not how a motion goes."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from avatar.sampling import Conditioning

Gesture = Literal["", "greet", "explain", "listen", "point", "agree", "shrug", "think"]
"""Motions by name; none is what goes with the speech."""
GESTURES: tuple[Gesture, ...] = get_args(Gesture)
MAX_WINDOW = 32
"""Frames that a motion module has places for."""
MAX_BUCKET = 255
MAX_GUIDANCE = 10.0
MAX_CHUNK = 25
"""Frames of one window of Stable Video Diffusion: more are never decoded at once."""
HOW = (
    f"Give motion ({', '.join(GESTURES[1:])}), gestures (0 to 2), replace (true or false), width and height (64 to 1920"
    f" pixels), fps (1 to 60), between (flow or latents), window (1 to {MAX_WINDOW} frames), overlap (fewer), guided (0"
    f" to 1) and reuse (1 to 5); for Stable Video Diffusion motion_bucket (1 to {MAX_BUCKET}), noise_augmentation (0 to"
    f" 1), min_guidance (0 to {MAX_GUIDANCE:g}) and decode_chunk (1 to {MAX_CHUNK} frames)."
)


class Drive(BaseModel):
    """Whose movement a diffused film takes over, and how it is diffused; what is left out suits the portrait.

    `motion` names one to be played instead of what goes with the speech, `gestures` are the hands' part in that: 0 is
    none, 1 natural. With `replace` the request's video stays as it is, and its person makes place for the picture's.
    Each second `fps` frames of `width` x `height` pixels are diffused, `window` of them at once, of which `overlap` are
    shared with the next; those `between` are made by optical flow, or in the model's own latents. Guidance is for the
    first share `guided` of the steps; of `reuse` steps the first goes through the whole network, the others through its
    outermost layers: both are faster, and no longer quite the model's own. The rest is for Stable Video Diffusion, see
    `avatar.sampling.Conditioning`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    motion: Gesture = Field("", description="A motion by name, instead of what goes with the speech")
    gestures: float = Field(1.0, ge=0, le=2, description="The hands' part in speaking: 0 none, 1 natural")
    replace: bool = Field(default=False, description="Put the picture's person in the place of the video's")
    width: int | None = Field(
        None, ge=64, le=1920, description="Of what is diffused, in pixels; comes to the model's grid"
    )
    height: int | None = Field(None, ge=64, le=1920)
    fps: float | None = Field(None, ge=1, le=60, description="Frames a second that are diffused")
    between: Literal["flow", "latents"] = Field("flow", description="How the film's other frames are made")
    window: int = Field(24, ge=1, le=MAX_WINDOW, description="Frames denoised at once")
    overlap: int = Field(4, ge=0, lt=MAX_WINDOW, description="Frames that a window shares with the next")

    guided: float = Field(1.0, ge=0, le=1, description="Share of the steps that are guided; less is faster")
    reuse: int = Field(
        1, ge=1, le=5, description="Only one step in so many goes through the whole network; more is faster"
    )

    motion_bucket: int | None = Field(
        None, ge=1, le=MAX_BUCKET, description="How much SVD moves a photograph; by default 127 times `motion.head`"
    )
    noise_augmentation: float | None = Field(
        None, ge=0, le=1, description="Noise that SVD adds to the photograph first: more departs from it (0.02)"
    )
    min_guidance: float | None = Field(
        None, ge=0, le=MAX_GUIDANCE, description="SVD's guidance of the first frame (1); `guidance_scale` is the last's"
    )
    decode_chunk: int | None = Field(
        None, ge=1, le=MAX_CHUNK, description="Frames that SVD decodes at once (2): more agree better, and take memory"
    )

    @property
    def conditioning(self) -> Conditioning:
        """What Stable Video Diffusion alone is told."""
        return Conditioning(self.motion_bucket, self.noise_augmentation, self.min_guidance, self.decode_chunk)

    @model_validator(mode="after")
    def _laid(self) -> "Drive":
        if self.overlap >= self.window:
            raise PydanticCustomError(
                "either",
                f"Windows of {self.window} frames can't share {self.overlap}. Make drive.overlap smaller.",
            )
        return self
