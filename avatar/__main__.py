"""`python -m avatar`: a front door. Knows the command line, and the hallway once there is something to do."""

import sys
from typing import TYPE_CHECKING

from avatar.doors.cli import main

if TYPE_CHECKING:
    from avatar.jobs.service import Maker


def _start() -> "Maker":
    import smart_startup

    return smart_startup.start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], start=_start))
