"""Everything that can go wrong, named by what to do next. Knows no stage and no library.

    AvatarError
    ├── BadRequest              the asker must change the request
    │   ├── NotFound            a voice, an avatar, a job that does not exist
    │   └── TooLarge            over a stated limit
    ├── Cancelled               the asker no longer wants it
    ├── BackendError            this backend can't; the engine walks on to the next one
    │   ├── Unavailable         a package, a device or a weight file is missing
    │   ├── OutOfMemory         it did not fit
    │   ├── BadOutput           what came out is not what it should be
    │   └── TimedOut            it took longer than allowed
    ├── StageFailed             every backend of a stage refused
    └── StorageError            the disk is full, read-only or lost
        └── CorruptBlob         stored bytes are not what their name says

Each error says in one sentence what happened and, after it, what to do.
"""


class AvatarError(Exception):
    """Root of the tree."""

    code = "internal"
    exit_status = 1
    retryable = False


class BadRequest(AvatarError):
    """The request can't be met as it stands."""

    code = "invalid_request"
    exit_status = 2


class NotFound(BadRequest):
    """Something the request names does not exist."""

    code = "not_found"


class TooLarge(BadRequest):
    """Something in the request is over a stated limit."""

    code = "too_large"


class Cancelled(AvatarError):
    """The work was called off."""

    code = "cancelled"
    exit_status = 130


class BackendError(AvatarError):
    """One backend can't do it here; another may."""

    code = "backend_failed"
    retryable = True


class Unavailable(BackendError):
    """A package, a device or weights are missing."""

    code = "unavailable"


class OutOfMemory(BackendError):
    """It did not fit into memory."""

    code = "out_of_memory"


class BadOutput(BackendError):
    """The result failed its check."""

    code = "bad_output"


class TimedOut(BackendError):
    """It took longer than it may."""

    code = "timed_out"


class StageFailed(AvatarError):
    """No backend of a stage could do it."""

    code = "stage_failed"
    exit_status = 3
    retryable = True

    def __init__(self, stage: str, reasons: tuple[tuple[str, str], ...]) -> None:
        self.stage = stage
        self.reasons = reasons
        tried = "; ".join(f"{backend}: {why}" for backend, why in reasons) or "it has no backend"
        super().__init__(f"Stage {stage} failed ({tried}).")


class StorageError(AvatarError):
    """The disk is full, read-only or gone."""

    code = "insufficient_storage"
    exit_status = 4
    retryable = True


class CorruptBlob(StorageError):
    """Stored bytes are not what their name says."""

    code = "corrupt_blob"
