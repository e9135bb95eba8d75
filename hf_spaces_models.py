"""The catalogue of weights: where each model comes from, which of its files, how large, under which licence, for what.

The door to the package `catalogue`, pure data: knows neither the disk nor the network nor who uses a model.

CATALOGUE  every model, by id
PARTS      what a model consists of, and how many parameters each part has
RECIPES    what each neural backend of the pipeline needs: weights, packages, and modes, best first
PROFILES   which models somebody gets who asks for little, for what is recommended, for everything

Sizes without a digest are those of the models' pages and are put right by the hub before anything is fetched. A path
with `*` stands for all files that match, so that nobody has to know into how many pieces a model was cut. A revision
that is empty is pinned to the commit that the first fetch finds. `gated` are those known to want a token; where another
one turns out to want one, fetching it says so.

Memory is counted, not measured: parameters times bytes, plus the largest activations of one forward pass at the size
that a recipe names (followed storage by storage without weights, see ACTIVATIONS; of speech, an allowance), plus what
the CUDA context and the allocator keep, see SLACK and docs/gpu.md. `pace` is a guess. Times measured on this machine
take its place.
"""

from catalogue.left_out import NOT_OFFERED
from catalogue.modes import ACTIVATIONS, GIB, SLACK
from catalogue.parts import MMS, PARTS, PIPER
from catalogue.profiles import CATALOGUE, PROFILES, to_fetch, to_keep
from catalogue.recipes import RECIPES

__all__ = [
    "ACTIVATIONS",
    "CATALOGUE",
    "GIB",
    "MMS",
    "NOT_OFFERED",
    "PARTS",
    "PIPER",
    "PROFILES",
    "RECIPES",
    "SLACK",
    "to_fetch",
    "to_keep",
]
