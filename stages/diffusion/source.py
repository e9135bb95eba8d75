"""What a backend loads, by name. Knows no library."""

from dataclasses import dataclass

from stages.diffusion.samplers import Family


@dataclass(frozen=True, slots=True)
class Source:
    """What a backend loads: `weights` by its catalogue id, and how.

    `pipeline` is the concrete class of diffusers, `published` further names that the folder's index may say. `absent`
    parts are done without, `float32` ones always compute in float32, `encoders` are used before the first step alone.
    `compiles` tells whether blocks that repeat may be compiled on a GPU, `blocks` the class names of those, where the
    network does not name them itself, and `graphed` whether its one denoiser's passes are recorded there instead. `raw`
    pipelines give latents in their autoencoder's own scale, and tell of their steps in that of the network.
    """

    weights: str
    pipeline: str
    family: Family
    published: tuple[str, ...] = ()
    variant: str | None = None
    absent: tuple[str, ...] = ()
    float32: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ("text_encoder",)
    denoisers: tuple[str, ...] = ("unet", "transformer", "transformer_2")
    tiles: bool = True
    compiles: bool = False
    blocks: tuple[str, ...] = ()
    graphed: bool = False
    raw: bool = False
