"""Keeps what native libraries say of themselves off standard error. Knows their way of speaking, and nothing else."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHATTER = re.compile(rb"(WARNING: (Logging before|All log messages)|[IW]\d{4} |INFO: Created TensorFlow)")
"""How absl and TensorFlow Lite begin their lines; no setting of MediaPipe turns them off."""

_turn = threading.Lock()


@contextmanager
def hushed() -> Iterator[None]:
    """Hold standard error back for a moment; whatever is not such chatter is written when the `with` ends.

    It holds for the whole process, so keep it short.
    """
    with _turn, tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not CHATTER.match(line):
                    os.write(2, line)
