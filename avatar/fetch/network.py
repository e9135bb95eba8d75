"""The way to the files: what a source has of them, and their bytes from any position on. Knows no disk.

Hub repositories are asked through huggingface_hub: its client, its token, its mirror, its offline mode. Every other
source is an https folder whose files are asked for one by one. What may go right the next time is a `Setback`,
everything else a `FetchError` that says what to do.
"""

import fnmatch
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # public, but re-exported without saying so
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from avatar.amounts import amount
from avatar.errors import Damaged, Missing, Offline
from avatar.fetch.refusals import Asked, refusal
from avatar.fetch.words import File, Hub, Listing, Reply
from avatar.plan import WeightFile, Weights

PLAIN = {"accept-encoding": "identity"}
TOLERANCE = 0.01
DATASETS = "datasets/"
"""What the name of a hub's data set begins with."""


@dataclass(frozen=True, slots=True)
class Network:
    """One way to all sources. `silence` is the longest wait for the next bytes, in seconds."""

    hub: Hub
    silence: float

    def look(self, row: Weights, revision: str) -> Listing:
        """What the source has of this row's files now. Raises `Setback` or `FetchError`."""
        self._allowed(row)
        return self._look_at_web(row) if web(row) else self._look_at_hub(row, revision)

    @contextmanager
    def open(self, row: Weights, file: File, start: int) -> Iterator[Reply]:
        """The file's bytes from `start` on, or from 0 where the source can't do that. Raises as `look` does."""
        self._allowed(row)
        headers = PLAIN if web(row) else build_hf_headers(token=self.hub.token or None) | PLAIN
        if start:
            headers = headers | {"range": f"bytes={start}-"}
        session = get_session()
        with (
            translated(Asked(row, file.path)),
            session.stream("GET", file.url, headers=headers, timeout=self.silence) as reply,
        ):
            hf_raise_for_status(reply)
            yield _reply(reply)

    def _allowed(self, row: Weights) -> None:
        if self.hub.offline or constants.is_offline_mode():
            raise Offline(f"{row.id} is not here, and offline mode is on. Unset HF_HUB_OFFLINE to fetch it.")

    def _look_at_hub(self, row: Weights, revision: str) -> Listing:
        kind = "dataset" if row.source.startswith(DATASETS) else "model"
        name, endpoint = row.source.removeprefix(DATASETS), self.hub.endpoint or None
        hub = HfApi(endpoint=endpoint, token=self.hub.token or None)
        with translated(Asked(row, revision=revision)), _hub_like(row):
            info = hub.repo_info(
                name, repo_type=kind, revision=revision or None, files_metadata=True, timeout=self.silence
            )
            commit, there = info.sha or "", {file.rfilename: file for file in getattr(info, "siblings", None) or ()}
        files = []
        for wanted, path in _matching(row, there.keys()):
            found = there[path]
            url = hf_hub_url(name, path, repo_type=kind, revision=commit, endpoint=endpoint)
            digest, blob = (found.lfs.sha256, "") if found.lfs else ("", found.blob_id or "")
            if wanted.sha256 and digest not in ("", wanted.sha256):
                raise Damaged(f"{row.source} has other bytes as {path} than are known. Take a newer catalogue.")
            if found.size is None:
                raise Offline(f"What answers for {row.source} tells no sizes. Check HF_ENDPOINT.")
            files.append(File(path, _place(wanted, path), found.size, url, digest or wanted.sha256, blob))
        return Listing(row.source, commit, tuple(files), tuple(differences(row, files)))

    def _look_at_web(self, row: Weights) -> Listing:
        files, source = [], f"{self.hub.mirror}/{row.id}" if self.hub.mirror else row.source
        for wanted in row.files:
            url = f"{source}/{wanted.path}"
            with translated(Asked(row, wanted.path)):
                reply = get_session().head(url, headers=PLAIN, timeout=self.silence)
                hf_raise_for_status(reply)
            size = int(reply.headers.get("content-length", wanted.size))
            files.append(File(wanted.path, _place(wanted, wanted.path), size, url, wanted.sha256))
        return Listing(row.source, row.revision, tuple(files), tuple(differences(row, files)))


def web(row: Weights) -> bool:
    """Whether the source is an https folder, and no repository of a hub."""
    return "://" in row.source


def differences(row: Weights, files: Collection[File]) -> Iterator[str]:
    """Where the row's sizes are wrong, a sentence each; those that were never said to be exact may be a little off."""
    sizes = {file.path: file.size for file in files}
    for wanted in row.files:
        true = sizes.get(wanted.path, wanted.size)
        if wanted.sha256 and true != wanted.size:
            yield f"{wanted.path} has {true} bytes, not the {wanted.size} of the catalogue."
    total = sum(sizes.values())
    if abs(total - row.size) > TOLERANCE * row.size:
        yield f"{row.id} has {amount(total)}, not the {amount(row.size)} of the catalogue."


def _matching(row: Weights, there: AbstractSet[str]) -> Iterator[tuple[WeightFile, str]]:
    """Each file of the row with its path in the repository; a path with `*` stands for all that match."""
    for wanted in row.files:
        found = sorted(fnmatch.filter(there, wanted.path)) if "*" in wanted.path else [wanted.path]
        if not found or not set(found) <= there:
            raise Missing(f"{row.source} has no {wanted.path} (any more). Take a newer catalogue.")
        if any(PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts for path in found):
            raise Damaged(f"{row.source} names files outside of itself. Try another mirror.")
        yield from ((wanted, path) for path in found)


def _place(wanted: WeightFile, path: str) -> str:
    """Where a file goes below the model's folder."""
    return wanted.load or path


@contextmanager
def translated(asked: Asked) -> Iterator[None]:
    """Turn the refusals of the hub's library and of the network into ours."""
    try:
        yield
    except (HfHubHTTPError, OfflineModeIsEnabled, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
        raise refusal(error, asked) from error


@contextmanager
def _hub_like(row: Weights) -> Iterator[None]:
    """Raises `Offline` where something answers that is no hub: a login page, a proxy."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise Offline(f"What answers for {row.source} is no hub. Check HF_ENDPOINT and the network.") from error


def _reply(reply: httpx2.Response) -> Reply:
    extent = reply.headers.get("content-range", "") if reply.status_code == HTTPStatus.PARTIAL_CONTENT else ""
    unit, _, rest = extent.partition(" ")
    span, _, size = rest.partition("/")
    start = span.split("-")[0]
    if unit == "bytes" and start.isdigit():
        return Reply(int(start), int(size) if size.isdigit() else None, reply.iter_bytes())
    length = "" if "content-encoding" in reply.headers else reply.headers.get("content-length", "")
    return Reply(0, int(length) if length.isdigit() else None, reply.iter_bytes())
