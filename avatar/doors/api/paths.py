"""Which addresses are this door's own, since other doors may hang in the same frame. Knows nothing behind them."""

from starlette.types import Scope

UPLOADS = "/v1/uploads"
VISIT = "/me"
"""Before a path of ours: asked by our own page, for one browser."""
LOOK = "/look"
"""What the page shows: its own files, and films by an address that only their owner was told."""
OURS = ("/v1", "/generate", "/health", "/voices", "/outputs", "/metrics", "/mcp", "/openapi.json", "/docs", LOOK)
OPEN = ("/health", "/openapi.json", "/docs", LOOK)
"""What strangers may read where keys are needed for all else."""


def path_of(scope: Scope) -> str:
    """The path below the place where this door is mounted."""
    path: str = scope["path"]
    path = path.removeprefix(scope.get("root_path", ""))
    return path.removeprefix(VISIT) if path.startswith(f"{VISIT}/") else path


def is_ours(scope: Scope) -> bool:
    """Whether this door answers there."""
    return _below(path_of(scope), OURS)


def is_open(scope: Scope) -> bool:
    """Whether no key is needed there, as for the question of a browser before it asks across origins."""
    return _below(path_of(scope), OPEN)


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)
