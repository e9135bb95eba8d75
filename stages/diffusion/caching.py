"""What hardly changes from one step to the next, taken over: FirstBlockCache of diffusers, for one work at a time.

After ParaAttention's first block cache: where a transformer's first block changes its input by nearly as much as at the
last computed step, the other blocks' changes are taken over from there. Knows no pipeline and no stage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stages.diffusion.foreign import FirstBlockCacheConfig

if TYPE_CHECKING:
    from stages.diffusion.model import Model

USED = "Where the first block changed by less than {share:g} from one step to the next, the rest was taken over."
TRAVELS = "Blocks travel between memories here, so that nothing could be taken over from step to step."


@contextmanager
def taking_over(model: "Model", threshold: float) -> Iterator[bool]:
    """Take over what changes by less than this share, for the work at hand; whether it can be done.

    Not beside blocks that travel: both take the place of a block's own call.
    """
    able: list[Any] = [part for part in model.denoisers().values() if hasattr(part, "enable_cache")]
    wanted = able if threshold and _still(model) else []
    try:
        for part in wanted:
            part.enable_cache(FirstBlockCacheConfig(threshold=threshold))
        yield bool(wanted)
    finally:
        for part in wanted:
            if part.is_cache_enabled:
                part.disable_cache()


def used(model: "Model", threshold: float) -> float:
    """The threshold that a work keeps to that was to take over what changes by less than this share; 0 for none."""
    return threshold if _still(model) else 0.0


def told(model: "Model", threshold: float) -> tuple[str, ...]:
    """What is to be known of a work that was to take over what changes by less than this share."""
    if not threshold:
        return ()
    return (USED.format(share=threshold) if _still(model) else TRAVELS,)


def _still(model: "Model") -> bool:
    return model.offload not in ("group", "sequential")
