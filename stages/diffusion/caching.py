"""What hardly changes from one step to the next, taken over: FirstBlockCache of diffusers, for one work at a time.

After ParaAttention's first block cache: where a transformer's first block changes its input by nearly as much as at the
last computed step, the other blocks' changes are taken over from there. Knows no pipeline and no stage.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from stages.diffusion.foreign import (
    FirstBlockCacheConfig,
    HookRegistry,
    LTX2VideoTransformerBlock,
    ModelHook,
    TransformerBlockMetadata,
    TransformerBlockRegistry,
    WanAnimateBlock,
)

if TYPE_CHECKING:
    from stages.diffusion.model import Model

USED = "Where the first block changed by less than {share:g} from one step to the next, the rest was taken over."
ALL = "all"
"""For pipelines that ask the network once a step, and do not say what for."""
HEAD, PASSED = "fbc_leader_block_hook", "avatar_passed_hook"
TRAVELS = "Blocks travel between memories here, so that nothing could be taken over from step to step."


@contextmanager
def taking_over(model: "Model", threshold: float) -> Iterator[bool]:
    """Take over what changes by less than this share, for the work at hand; whether it can be done.

    Not beside blocks that travel: both take the place of a block's own call.
    """
    able: list[Any] = [part for part in model.denoisers().values() if hasattr(part, "enable_cache")]
    wanted = able if threshold and _still(model) else []
    with ExitStack() as after:
        for part in wanted:
            _introduce()
            part.enable_cache(FirstBlockCacheConfig(threshold=threshold))
            after.callback(part.disable_cache)
            after.enter_context(part.cache_context(ALL))
            _between(part, after)
        yield bool(wanted)


def forget(model: "Model") -> None:
    """What comes next goes on from nothing of what was computed before, as where one film's frames follow another's."""
    for part in model.denoisers().values():
        if getattr(part, "is_cache_enabled", False):
            HookRegistry.check_if_exists_or_initialize(part).reset_stateful_hooks()


class _Passed(ModelHook):
    """Adds nothing between blocks whose changes are taken over: these hold what was added there at the last step."""

    head: Any = None
    """The hook of the first block, which knows whether the others are computed."""

    def new_forward(self, _module: Any, hidden: Tensor, *args: Any, **kwargs: Any) -> Any:
        """As the module does itself, or nothing."""
        if self.head.state_manager.get_state().should_compute:
            own: Any = self.fn_ref.original_forward
            return own(hidden, *args, **kwargs)
        return torch.zeros_like(hidden)


def _between(part: Any, after: ExitStack) -> None:
    """Mind what a network adds to its hidden states between two blocks: Wan Animate adds what a face does."""
    for adapter in getattr(part, "face_adapter", ()):
        head = HookRegistry.check_if_exists_or_initialize(part.blocks[0]).get_hook(HEAD)
        own, kind = HookRegistry.check_if_exists_or_initialize(adapter), cast(Any, _Passed)
        hook = kind()
        hook.head = head
        own.register_hook(hook, PASSED)
        after.callback(own.remove_hook, PASSED, recurse=False)


class _Sounding(TransformerBlockMetadata):
    """Of blocks whose second hidden states have another name: the library's cache asks for the usual one."""

    def _get_parameter_from_args_kwargs(self, identifier: str, args: Any = (), kwargs: Any = None) -> Any:
        own = self.encoder_hidden_states_argument_name if identifier == "encoder_hidden_states" else identifier
        return super()._get_parameter_from_args_kwargs(own, args, kwargs)


@cache
def _introduce() -> None:
    """Tell the library of blocks that it does not know yet: what they give, and which of it goes on."""
    TransformerBlockRegistry.register(WanAnimateBlock, TransformerBlockMetadata(return_hidden_states_index=0))
    TransformerBlockRegistry.register(
        LTX2VideoTransformerBlock,
        _Sounding(0, 1, encoder_hidden_states_argument_name="audio_hidden_states"),
    )


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
