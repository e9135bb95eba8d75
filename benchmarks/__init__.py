"""How fast and how small: every module here but the table has a function `rows`. Knows nothing of how tests pass."""
