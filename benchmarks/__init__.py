"""How fast and how small: modules that measure something have a function `rows`. Knows nothing of how tests pass."""
