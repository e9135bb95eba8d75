"""Everything that can go wrong, named by what to do next. Knows no stage and no library.

    AvatarError
    ├── BadRequest              the asker must change the request
    │   ├── NotFound            a voice, an avatar, a job that does not exist
    │   ├── TooLarge            over a stated limit
    │   ├── UnsupportedMedia    a picture or sound of a kind that can't be read
    │   ├── Conflict            it contradicts what was asked before
    │   ├── ConsentRequired     a face or a voice without its owner's consent
    │   └── LicenceRequired     weights whose licence was not agreed to
    ├── Unauthorised            a key is missing or wrong
    ├── Forbidden               the asker may not do this
    ├── Busy                    the same request may succeed later
    │   ├── RateLimited         this asker asks too often
    │   └── QueueFull           too many wait already
    ├── Cancelled               the asker no longer wants it
    ├── BackendError            this backend can't; the engine walks on to the next one
    │   ├── Unavailable         a package, a device or a weight file is missing
    │   ├── OutOfMemory         it did not fit
    │   ├── BadOutput           what came out is not what it should be
    │   └── TimedOut            it took longer than allowed
    ├── StageFailed             every backend of a stage refused
    ├── WorkerLost              who worked on it died too often
    ├── FetchError              weights could not be had
    │   ├── Gated               their owner wants a token or an agreement
    │   ├── Missing             repository, revision or file does not exist
    │   ├── Offline             no way to the hub
    │   ├── Damaged             other bytes came than were promised
    │   └── Stalled             the hub stopped sending
    └── StorageError            the disk is full, read-only or lost
        ├── DatabaseGone        nobody answers for the jobs just now
        ├── NoRoom              it would not fit on the disk, and was not begun
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


class UnsupportedMedia(BadRequest):
    """A picture or a sound can't be read, or is of a kind that is not taken."""

    code = "unsupported_media"


class Conflict(BadRequest):
    """It contradicts what was asked before."""

    code = "conflict"


class ConsentRequired(BadRequest):
    """A face or a voice was brought without its owner's consent."""

    code = "consent_required"


class LicenceRequired(BadRequest):
    """The only weights that could do it have a licence that was not agreed to."""

    code = "licence_required"


class Unauthorised(AvatarError):
    """A key is missing or wrong."""

    code = "unauthorised"
    exit_status = 2


class Forbidden(AvatarError):
    """The asker may not do this."""

    code = "forbidden"
    exit_status = 2


class Busy(AvatarError):
    """Not now; `retry_after` says in how many seconds."""

    code = "busy"
    retryable = True

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Busy):
    """The asker asks too often."""

    code = "rate_limited"


class QueueFull(Busy):
    """Too many jobs wait already."""

    code = "queue_full"


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
        tried = "; ".join(f"{backend}: {why.rstrip('.')}" for backend, why in reasons) or "it has no backend"
        super().__init__(f"Stage {stage} failed ({tried}).")


class WorkerLost(AvatarError):
    """The process that worked on it died, and so did those that took it over."""

    code = "worker_lost"
    retryable = True


class FetchError(AvatarError):
    """Weights could not be had. What needs none of them goes on working."""

    code = "fetch_failed"
    retryable = True


class Gated(FetchError):
    """Their owner wants a token or an agreement first."""

    code = "gated"
    retryable = False


class Missing(FetchError):
    """The repository, the revision or the file does not exist."""

    code = "missing"
    retryable = False


class Offline(FetchError):
    """There is no way to the hub, or none is wanted."""

    code = "offline"


class Damaged(FetchError):
    """Other bytes came than were promised."""

    code = "damaged"


class Stalled(FetchError):
    """The hub answered too slowly or stopped sending."""

    code = "stalled"


class StorageError(AvatarError):
    """The disk is full, read-only or gone."""

    code = "insufficient_storage"
    exit_status = 4
    retryable = True


class DatabaseGone(StorageError):
    """The database of the jobs does not answer. It is waited for, and nothing is lost."""

    code = "database_gone"
    retry_after = 5.0


class NoRoom(StorageError):
    """It would not fit on the disk, and was not begun."""


class CorruptBlob(StorageError):
    """Stored bytes are not what their name says."""

    code = "corrupt_blob"
