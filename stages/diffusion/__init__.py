"""What all stages share that draw with diffusion models: loading, samplers, limits, cancelling, memory, previews.

Knows no stage. `samplers`, `controls`, `orders` and `files` import nothing heavy; the rest needs torch and diffusers
and is imported where a backend is loaded.
"""
