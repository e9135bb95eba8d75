"""`python -m avatar`: a front door. Knows the command line, and the hallway once there is something to do."""

import sys
from typing import TYPE_CHECKING

from avatar.doors.cli import main

if TYPE_CHECKING:
    from avatar.jobs.service import Maker


class _House:
    """The hallway, imported when it is entered."""

    def start(self) -> "Maker":
        import smart_startup

        return smart_startup.start()

    def serve(self, *, host: str, port: int, worker: bool) -> int:
        import smart_startup

        return smart_startup.serve(host=host, port=port, worker=worker)

    def work(self, *, gpu_only: bool) -> int:
        import smart_startup

        return smart_startup.work(gpu_only=gpu_only)

    def mcp(self) -> int:
        import smart_startup

        return smart_startup.mcp()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], hallway=_House()))
