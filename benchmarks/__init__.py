"""How fast and how small: a module here that measures something has a function `rows`. Knows nothing of how tests pass."""
