"""Avatar Chat: text in, a film of an avatar saying it out. Knows nothing of the stages that make it."""

__version__ = "0.1.0"
