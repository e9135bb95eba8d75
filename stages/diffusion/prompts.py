"""Words as a model reads them: encoded once, remembered, and told where they were cut. Knows no picture.

Text encoders are often larger than all the rest. They are used before anything else and then leave the device where
the pipeline is offloaded; what they made of a prompt is kept, so that another seed does not need them.
"""

import inspect
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from avatar import memory
from avatar.errors import BadOutput, OutOfMemory, Unavailable
from avatar.stage import Context
from stages.diffusion import placing
from stages.diffusion.easing import PLANNED, WAYS, Ease
from stages.diffusion.finite import finite
from stages.diffusion.model import Model

NAMES = {
    2: ("prompt_embeds", "negative_prompt_embeds"),
    4: ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask"),
}
"""What pipelines call the things that their encoders give, by how many there are."""
SHOWN = 80
"""Characters of the words that were left out that a note quotes."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One prompt: arguments of the pipeline, each with a first axis of 1, on the CPU; and what was left out of it."""

    arguments: dict[str, Tensor]
    notes: tuple[str, ...] = ()


class Prompts:
    """The prompts of one model, the last `kept` of them remembered. `limit` is how many tokens it reads.

    `names` are those of the pipeline's arguments that its encoder's results are, where they differ from `NAMES`.
    """

    def __init__(self, model: Model, *, limit: int, kept: int = 32, names: tuple[str, ...] = ()) -> None:
        self._model = model
        self._names = names
        self._limit = limit
        self._kept = kept
        self._known: OrderedDict[tuple[str, str, bool], Encoded] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, prompt: str, negative: str, *, guided: bool, context: Context) -> Encoded:
        """A prompt and what is not to be seen, encoded. Both may be empty.

        Raises `OutOfMemory`, `BadOutput` for numbers that are none, and what `context.step` raises.
        """
        prompt, negative = cleaned(prompt), cleaned(negative) if guided else ""
        key = (prompt, negative, guided)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        encoded = self._encoded(prompt, negative, guided=guided, context=context)
        with self._lock:
            self._known[key] = encoded
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return encoded

    def _encoded(self, prompt: str, negative: str, *, guided: bool, context: Context) -> Encoded:
        model = self._model
        with model.alone(lambda: context.step(0, 1)):
            kind = ("words", model.identity, self._limit)
            known = WAYS.of(kind)
            if known != PLANNED:  # else it reads as it is, which changes nothing of what it reads
                placing.ready(model, known)
            before = model.eased
            with model.working(context, 1):
                notes = [*self._cut(prompt, "prompt"), *self._cut(negative, "negative prompt")]
                given = self._fitted(prompt, negative, guided=guided)
            if model.eased != before:
                told = [note for note in model.eased.notes if note not in before.notes]
                known = Ease(offload=model.offload, parked=bool(model.parked), notes=(*known.notes, *told))
                WAYS.keep(kind, known)
            notes += known.notes
        named = self._names or NAMES.get(len(given), ())
        if len(named) != len(given):
            raise Unavailable("This pipeline's encoder gives more than is known here. Update the program.")
        arguments = {name: value.cpu() for name, value in zip(named, given, strict=True) if value is not None}
        if not all(finite(value) for value in arguments.values()):
            raise BadOutput("The text encoder gave what are no numbers. Try another precision.")
        return Encoded(arguments, tuple(notes))

    def _fitted(self, prompt: str, negative: str, *, guided: bool) -> tuple[Tensor | None, ...]:
        """The same as `_asked`, with less and less of the model on the device while memory runs short."""
        while True:
            try:
                with memory.memory_errors():
                    return self._asked(prompt, negative, guided=guided)
            except OutOfMemory:
                if not placing.hold_back(self._model):
                    raise

    def _asked(self, prompt: str, negative: str, *, guided: bool) -> tuple[Tensor | None, ...]:
        """What the pipeline's encoders make of it, on the device."""
        model, pipe = self._model, self._model.pipe
        parked = bool(model.parked)
        try:
            if parked:
                placing.unpark(model, device=model.device)
            known = inspect.signature(pipe.encode_prompt).parameters
            settings: dict[str, Any] = {
                "prompt": prompt,
                "negative_prompt": negative,
                "device": model.device,
                "do_classifier_free_guidance": guided,
                "num_images_per_prompt": 1,
                "num_videos_per_prompt": 1,
                "max_sequence_length": self._limit,
            }
            given: tuple[Tensor | None, ...] = pipe.encode_prompt(
                **{name: value for name, value in settings.items() if name in known}
            )
        finally:
            if parked:
                placing.park(model)
        return given

    def _cut(self, words: str, what: str) -> list[str]:
        """A note on the words that are beyond what the model reads; none when it reads them all."""
        tokenizer = getattr(self._model.pipe, "tokenizer", None)
        if tokenizer is None or not words:
            return []
        ids = tokenizer(words, add_special_tokens=True, return_offsets_mapping=True)
        if len(ids["input_ids"]) <= self._limit:
            return []
        ends = tokenizer.num_special_tokens_to_add()
        spans = [span for span in ids["offset_mapping"] if span[1] > span[0]]
        start = spans[self._limit - ends][0]
        rest = words[words.rfind(" ", 0, start) + 1 :] if words[start - 1 : start] != " " else words[start:]
        shown = rest if len(rest) <= SHOWN else f"{rest[:SHOWN].rstrip()}..."
        return [f"The {what} is longer than the model reads. Left out: {shown}"]


def cleaned(words: str) -> str:
    """Words with single spaces between them, as tokenizers count them."""
    return re.sub(r"\s+", " ", words).strip()


def joined(encoded: Sequence[Encoded], model: Model) -> dict[str, Tensor]:
    """Several prompts as one batch, on the model's device."""
    names = encoded[0].arguments
    return {name: torch.cat([each.arguments[name] for each in encoded]).to(model.device) for name in names}
