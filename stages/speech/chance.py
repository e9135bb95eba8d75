"""Random numbers of one work's own, for networks that draw theirs from those that the whole process shares."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class Chance(TorchFunctionMode):
    """Within it this thread's normal numbers come from one seed, and others' are left alone."""

    def __init__(self, seed: int, *, device: str = "cpu") -> None:
        super().__init__()
        self._numbers = torch.Generator(device)
        self._numbers.manual_seed(seed)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """What `function` gives, with our own numbers where it draws any."""
        given = kwargs or {}
        if function is torch.randn_like:
            like = args[0]
            args, given = (like.shape,), {"dtype": like.dtype, "device": like.device}
            function = torch.randn
        if function is torch.randn:
            given = {**given, "generator": self._numbers}
        return function(*args, **given)
