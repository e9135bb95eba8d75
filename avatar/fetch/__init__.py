"""Weights: asked for, fetched, checked, kept in order on the disk. Knows no stage, no model and no plan.

fetcher = Fetcher(models, catalogue, budget=None, headroom=2 * 10**9)
fetcher.installed()                          # {"sd-turbo": .../models/sd-turbo}
fetcher.fetch(row, progress=print)           # true sizes first, then only its files, each one checked
with fetcher.hold("sd-turbo") as folder: ... # nobody removes it meanwhile

Below the models folder:

    <id>/             a whole, checked model, and `fetched.json`, which says what was fetched and when it was last used
    .coming/<id>/     a model that is still coming; what is there already is not fetched again
    .going/           folders on their way out
    .pinned/<id>      the commit that a row without a revision was first fetched at
    .locks/<id>       held alone by whoever fetches or removes a model, together by all who use it

A model's folder appears by one rename, so it is there whole or not at all.
"""

from avatar.fetch.fetcher import Conversion, Fetcher
from avatar.fetch.words import File, Holding, Hub, Listing, Patience, Progress, Record, never, unheard

__all__ = [
    "Conversion",
    "Fetcher",
    "File",
    "Holding",
    "Hub",
    "Listing",
    "Patience",
    "Progress",
    "Record",
    "never",
    "unheard",
]
