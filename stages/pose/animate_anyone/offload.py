"""Networks that take turns on a device too small for all of them. Knows neither film nor steps.

Each network is carried to the device when something of it is called, and the one that was there is carried back.
"""
# mypy: disable-error-code="no-any-return"

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from stages.pose.animate_anyone.film import Models


class Seat:
    """The device's one place. Small networks that `stay` are carried there once."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self._there: Any = None

    def take(self, module: Any, *, stays: bool = False) -> None:
        """Carry a network to the device."""
        if stays:
            module.to(self.device)
        elif self._there is not module:
            self.leave()
            module.to(self.device)
            self._there = module

    def leave(self) -> None:
        """Carry back whoever is there."""
        if self._there is not None:
            self._there.to("cpu")
            self._there = None


class Carried:
    """A network that is carried to its seat before it is called, and otherwise looks like itself."""

    def __init__(self, module: Any, seat: Seat, *, stays: bool = False) -> None:
        self._module, self._seat, self._stays = module, seat, stays

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call it there."""
        self._seat.take(self._module, stays=self._stays)
        return self._module(*given, **named)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        return self._called(value) if callable(value) and not isinstance(value, torch.nn.Module) else value

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def there(*given: Any, **named: Any) -> Any:
            self._seat.take(self._module, stays=self._stays)
            return method(*given, **named)

        return there


@dataclass(frozen=True)
class CarriedModels(Models):
    """Networks at home on the CPU that compute on a device by turns."""

    seat: Seat = field(default_factory=partial(Seat, "cpu"))

    @property
    def device(self) -> torch.device:
        """Where they compute."""
        return self.seat.device

    @property
    def dtype(self) -> torch.dtype:
        """What they compute in."""
        return self.guider.conv_out.weight.dtype


def carried(models: Models, device: str) -> CarriedModels:
    """The same networks, of which one at a time is on the device."""
    seat = Seat(device)

    def by_turns(module: Any, *, stays: bool = False) -> Any:
        return Carried(module, seat, stays=stays)

    return CarriedModels(
        denoising=by_turns(models.denoising),
        reference=by_turns(models.reference),
        guider=by_turns(models.guider, stays=True),
        autoencoder=by_turns(models.autoencoder),
        encoder=by_turns(models.encoder),
        schedule=models.schedule,
        seat=seat,
    )
