"""What the command line asks of the hallway. Knows not how anything is wired."""

from typing import Protocol

from avatar.jobs.service import Maker


class Hallway(Protocol):
    """Opens the house in the way that a command needs it. Every call may raise `BadRequest` and `StorageError`."""

    def start(self) -> Maker:
        """A maker of films in this process, for this process."""
        ...

    def serve(self, *, host: str, port: int, worker: bool) -> int:
        """Serve until stopped; the exit status."""
        ...

    def work(self, *, gpu_only: bool) -> int:
        """Do jobs that others ask for, until stopped; the exit status."""
        ...

    def mcp(self) -> int:
        """Speak MCP over standard input and output until they end; the exit status."""
        ...
