"""Results of a few bytes for `avatar.testing_jobs`, and events as the engine would tell them. Knows no job service."""

import threading
import uuid
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from avatar.artifacts import Blob, Film, Speech, Take, Takes
from avatar.errors import ConsentRequired, NotFound
from avatar.events import Event, FellBack, Finished, Listener, Outcome, Playable, Progressed, Started
from avatar.jobs.service import ENDED, Job, JobService, Page, Status, Told, Upload, UploadKind
from avatar.request import Ask

DAY = 86_400.0

Keep = Callable[[bytes, str], Blob]


class Shelf:
    """Files by their digest in a folder, and uploads among them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uploads: dict[str, Upload] = {}

    def keep(self, data: bytes, media_type: str) -> Blob:
        """These bytes as a file."""
        digest = sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / digest).write_bytes(data)
        return Blob(digest, media_type, len(data))

    def take(self, file: Path, media_type: str, *, kind: UploadKind, consent: bool, client: str, now: float) -> Upload:
        """Keep an upload; the file is moved away. Raises `ConsentRequired`."""
        if not consent:
            raise ConsentRequired("The person in it must agree first. Ask them.")
        blob = self.keep(file.read_bytes(), media_type)
        file.unlink()
        return self.put(blob, kind=kind, client=client, now=now)

    def put(self, blob: Blob, *, kind: UploadKind, client: str, now: float) -> Upload:
        """A new upload of a file that is here."""
        found = Upload(
            f"upload_{uuid.uuid4().hex}", kind, blob, client, consent=True, created_at=now, expires_at=now + DAY
        )
        self._uploads[found.id] = found
        return found

    def taken(self, upload_id: str, client: str | None) -> Upload:
        """What was brought under this id. Raises `NotFound`."""
        found = self._uploads.get(upload_id)
        if found is None or client not in (None, found.client):
            raise NotFound(f"There is no upload {upload_id}. Check the id.")
        return found


def tiny_speech(keep: Keep, sound: bytes) -> Speech:
    """A second of speech whose WAV is these bytes."""
    return Speech(keep(sound, "audio/wav"), keep(b"{}", "application/json"), 1.0, 22050, "en-us")


def tiny_film(keep: Keep, ask: Ask, video: bytes) -> Film:
    """A second of film whose MP4 is these bytes."""
    return Film(
        video=keep(video, "video/mp4"),
        thumbnail=keep(b"still", "image/jpeg"),
        captions_srt=keep(b"srt", "application/x-subrip"),
        captions_vtt=keep(b"vtt", "text/vtt"),
        words=keep(b"words", "application/json"),
        motion_csv=keep(b"motion", "text/csv"),
        rig=keep(b"rig", "application/x-npy"),
        width=ask.width,
        height=ask.height,
        fps=ask.fps,
        frames=ask.fps,
        seconds=1.0,
    )


def tiny_outcome(keep: Keep, ask: Ask, *, video: bytes | None, sound: bytes) -> Outcome:
    """What a request comes to: a film or picture of these bytes; without `video` the sound alone."""
    if not ask.speaks:
        moving = ask.kind == "video"
        file, still = keep(video or b"shown", "video/mp4" if moving else "image/png"), keep(b"still", "image/jpeg")
        shape = (float(ask.fps), ask.fps, 1.0) if moving else (0.0, 1, 0.0)
        seeds = range(ask.seed, ask.seed + ask.variations)
        takes = tuple(Take(file, still, ask.width, ask.height, seed, *shape) for seed in seeds)
        sheet = keep(b"sheet", "image/png") if len(takes) > 1 else None
        return Outcome("video" if moving else "image", None, None, ask.seed, takes=Takes(takes, sheet))
    speech = tiny_speech(keep, sound)
    if video is None:
        return Outcome("audio_only", speech, None, ask.seed)
    return Outcome("video", speech, tiny_film(keep, ask, video), ask.seed)


def page_of(seen: Sequence[Job], *, after: str | None, limit: int, status: Status | None) -> Page:
    """A page of these jobs."""
    if after is not None:
        seen = seen[[job.id for job in seen].index(after) + 1 :]
    found = [job for job in seen if status in (None, job.status)]
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def heard(jobs: JobService, job_id: str, listener: Listener) -> Job:
    """Tell the listener every event until the job has ended."""
    number, news = 0, threading.Event()
    stop = jobs.watch(lambda _job_id: news.set())
    try:
        while True:
            news.clear()
            job = jobs.job(job_id)
            for told in jobs.events(job_id, after=number):
                number = told.number
                if event := event_of(told):
                    listener(event)
            if job.status in ENDED:
                return job
            news.wait(1.0)
    finally:
        stop()


def event_of(told: Told) -> Event | None:
    """The engine's event behind what was told; None for what only doors hear."""
    data = told.data
    match told.name:
        case "started":
            return Started(data["stage"], data["backend"])
        case "progress":
            return Progressed(data["stage"], data["done"], data["total"])
        case "playable":
            return Playable("film", Path())
        case "fell_back":
            return FellBack(data["stage"], data["from"], data["to"], data["why"])
        case "stage_finished":
            return Finished(data["stage"], data["backend"], data["seconds"], data["cached"])
    return None
