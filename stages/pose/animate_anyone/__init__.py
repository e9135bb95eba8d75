"""AnimateAnyone: a portrait moved along a skeleton track, weight-compatible with the released checkpoints.

This package's name imports nothing heavy; its modules `networks`, `pipeline`, `weights` need torch and diffusers.
Knows nothing of the chain it will stand in: `pipeline.Pipeline` takes pictures and gives pictures.
"""
