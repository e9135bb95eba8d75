"""LTX-2: a portrait that says a speech, lips and all, filmed by a model that hears it.

This package's name imports nothing heavy; its module `perform` needs torch and diffusers.
"""
