"""`python -m stages.portrait.drawn`: draws the gallery's pictures whose drawings have changed."""

from stages.portrait.drawn.shown import renew

renew()
