"""What all command lines share: slips of the pen, and the last wall, where every error becomes one line and a status.

Knows no command.
"""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from avatar.errors import AvatarError, BadRequest, Cancelled, Unavailable


class Parser(argparse.ArgumentParser):
    """Raises `BadRequest` instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """One sentence what is wrong, one what to do."""
        raise BadRequest(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` tells what there is.")


def walled(command: Callable[[], int], *, as_json: bool) -> int:
    """The command's exit status, or that of what went wrong, which is told in one line."""
    try:
        status = command()
        sys.stdout.flush()
    except AvatarError as error:
        return _refuse(error, as_json=as_json)
    except KeyboardInterrupt:
        return _refuse(Cancelled("The work was called off."), as_json=as_json)
    except ImportError as error:
        what = f"A library can't be loaded ({error})."
        return _refuse(Unavailable(f"{what} Install what requirements-core.txt lists."), as_json=as_json)
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the door's last wall
        if os.environ.get("AVATAR_DEBUG"):
            raise
        what = f"Something unexpected happened ({type(error).__name__}: {error})."
        return _refuse(
            AvatarError(f"{what} Run it again with AVATAR_DEBUG=1 for what a bug report needs."), as_json=as_json
        )
    return status


def _refuse(error: AvatarError, *, as_json: bool) -> int:
    if as_json:
        from avatar.doors import report

        print(report.as_json({"error": report.error(error)}))
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    return error.exit_status
