"""Painters: loaded models that draw pictures after words. Know no stage and nothing of faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from avatar.errors import BadRequest
from avatar.stage import Context, Placement
from stages.diffusion import controls, decoding, loading, previews
from stages.diffusion.chorus import Chorus
from stages.diffusion.controls import Settled
from stages.diffusion.decoding import Decode
from stages.diffusion.making import Effort, make
from stages.diffusion.model import Model
from stages.diffusion.models import Easel
from stages.diffusion.orders import Order, Painted
from stages.diffusion.prompts import Prompts, joined
from stages.diffusion.samplers import Family

DECODES: Mapping[Family, tuple[Decode, dict[str, Any]]] = {
    "sd-turbo": (decoding.sd, {}),
    "sd-eps": (decoding.sd, {}),
    "sd-v": (decoding.sd, {}),
    "wan": (decoding.wan, {"num_frames": 1}),
}
"""How each family's latents become a picture, and what its pipeline must be told to make only one."""


@dataclass(frozen=True, slots=True, eq=False)
class Studio:
    """A loaded model that draws pictures, with the prompts it has read."""

    easel: Easel
    model: Model
    prompts: Prompts

    @classmethod
    def load(cls, easel: Easel, placement: Placement) -> Self:
        """Raises `Unavailable` naming what is missing or damaged, `OutOfMemory`."""
        model = loading.load(easel.source, placement)
        return cls(easel, model, Prompts(model, limit=easel.tokens))

    def __call__(self, order: Order, context: Context, /) -> Painted:
        """The pictures. Raises `BadRequest` before anything is drawn, `OutOfMemory`, `BadOutput`, `Cancelled`."""
        return self.together([order], [context])[0]

    def key(self, order: Order) -> str:
        """Orders with the same key are drawn together. Raises `BadRequest`."""
        settled = settle(self.easel, order)
        return f"{settled.width}x{settled.height} {settled.steps} {settled.guidance:g} {settled.sampler}"

    def together(self, orders: Sequence[Order], contexts: Sequence[Context]) -> list[Painted]:
        """The same for orders with equal keys. Who no longer wants theirs is told no more."""
        all_settled = [settle(self.easel, order) for order in orders]
        context = contexts[0] if len(contexts) == 1 else Chorus(contexts)
        read = [
            self.prompts.of(order.prompt, settled.negative, guided=settled.guided, context=context)
            for order, settled in zip(orders, all_settled, strict=True)
        ]
        whose = [number for number, order in enumerate(orders) for _ in order.seeds]
        settled = all_settled[0]
        decode, only_one = DECODES[self.easel.limits.family]

        def arguments(items: Sequence[int]) -> dict[str, Any]:
            words = joined([read[whose[item]] for item in items], self.model)
            return {**words, "width": settled.width, "height": settled.height, **only_one}

        made = make(
            self.model,
            context,
            seeds=[seed for order in orders for seed in order.seeds],
            arguments=arguments,
            settled=settled,
            decode=decode,
            effort=Effort(together=self.easel.together),
            watch=previews.watch(contexts, whose),
        )
        films = iter(made.films)
        return [
            Painted(
                tuple(next(films)[0] for _ in order.seeds),
                (*mine.notes, *words.notes, *made.notes),
                made.told(self.easel.id, mine, order.seeds),
            )
            for order, mine, words in zip(orders, all_settled, read, strict=True)
        ]


def settle(easel: Easel, order: Order) -> Settled:
    """What an order comes to with this model. Raises `BadRequest`, `TooLarge`. Nothing is loaded for it."""
    controls.check_prompt(order.prompt)
    if not order.prompt.strip():
        raise BadRequest("There are no words to draw a picture after. Say what it shows.")
    if not order.seeds or any(not 0 <= seed < controls.SEEDS for seed in order.seeds):
        raise BadRequest(f"A picture needs a seed from 0 to {controls.SEEDS - 1}. Give one for each.")
    return controls.settle(easel.limits, order.sampling, width=order.width, height=order.height)
