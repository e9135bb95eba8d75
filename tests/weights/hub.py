"""A small hub on this machine, with every fault that a real one has. It speaks of the hub's language what is asked.

Repositories are dictionaries of bytes. Files that end in one of `LARGE` are kept "in the cdn", another server, to which
the hub redirects; others come straight from it.
"""

import json
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".pth")
TOKEN = "hf_right"  # noqa: S105 - it opens nothing


def commit_of(name: str, number: int = 0) -> str:
    """The 40 hex digits of a made-up commit."""
    return sha1(f"{name} {number}".encode(), usedforsecurity=False).hexdigest()


def blob_of(data: bytes) -> str:
    """Git's name of these bytes."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class Repo:
    """Files by path, at one commit; `older` are commits that may still be asked for."""

    files: dict[str, bytes]
    commit: str
    gated: bool = False


@dataclass
class Fault:
    """What goes wrong with one answer: a status instead of it, or its body cut short, changed or slowed down."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    spoil: bool = False
    hang: float = 0.0
    body: bytes = b"{}"


@dataclass(frozen=True)
class Asked:
    """One request, as the servers remember it."""

    method: str
    path: str
    start: int
    token: str
    cdn: bool


class Hub:
    """Two servers, the hub and its cdn, for the length of a `with`."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.web: dict[str, bytes] = {}
        self.faults: dict[str, deque[Fault]] = {}
        self.asked: list[Asked] = []
        self.ranges = True
        self.sent = threading.Event()
        self.gate: threading.Event | None = None
        self._servers = [Server(self, cdn=cdn) for cdn in (False, True)]

    def __enter__(self) -> "Hub":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.gate:
            self.gate.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def url(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self) -> str:
        """Where large files come from."""
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def add(self, name: str, files: dict[str, bytes], *, gated: bool = False, number: int = 0) -> str:
        """A repository; its commit."""
        commit = commit_of(name, number)
        self.repos[name] = Repo(files, commit, gated)
        return commit

    def fail(self, path: str, *faults: Fault) -> None:
        """The next answers about what ends in `path` go wrong, one after another. Of a file: those with its bytes."""
        self.faults.setdefault(path, deque()).extend(faults)

    def fetched(self, path: str) -> list[int]:
        """From which positions a file's bytes were asked for."""
        return [ask.start for ask in self.asked if ask.method == "GET" and ask.path.endswith(path) and self._bytes(ask)]

    def _bytes(self, ask: Asked) -> bool:
        return ask.cdn or not ask.path.endswith(LARGE)

    def fault(self, path: str) -> Fault | None:
        """What goes wrong now."""
        for end, waiting in self.faults.items():
            if path.endswith(end) and waiting:
                return waiting.popleft()
        return None


class Server(ThreadingHTTPServer):
    """One of the two."""

    daemon_threads = True

    def __init__(self, hub: Hub, *, cdn: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        self.cdn = cdn

    def handle_error(self, request: object, client_address: object) -> None:
        """Askers who hang up are no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # the base class's own types


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    @property
    def hub(self) -> Hub:
        """Whose server it is."""
        return self.server.hub

    def answer(self) -> None:
        """Anything."""
        path = unquote(urlsplit(self.path).path)
        span = self.headers.get("Range", "")
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.hub.asked.append(Asked(self.command, path, start, token, self.server.cdn))
        if path.startswith("/api/"):
            self.about(path)
        elif "/resolve/" in path:
            self.resolve(path, start, token)
        elif path in self.hub.web:
            self.give(self.hub.web[path], path, start)
        else:
            self.refuse(404, "EntryNotFound")

    def about(self, path: str) -> None:
        """/api/models/owner/name[/revision/commit]."""
        _, kind, *names = path.strip("/").split("/")
        if len(names) < 2:  # the client asks for more than models
            return self.refuse(404, "EntryNotFound")
        owner, name, *rest = names
        repo = self.hub.repos.get(f"{'' if kind == 'models' else kind + '/'}{owner}/{name}")
        fault = self.hub.fault(path)
        if fault and fault.hang:
            time.sleep(fault.hang)
        if fault and fault.status:
            return self.say(fault.status, fault.body, fault.headers)
        if repo is None:
            return self.refuse(401, "RepoNotFound")
        if rest and rest[1] not in ("main", repo.commit):
            return self.refuse(404, "RevisionNotFound")
        blobs = "blobs" in parse_qs(urlsplit(self.path).query)
        siblings = [entry(path, data, blobs=blobs) for path, data in repo.files.items()]
        told = {"id": f"{owner}/{name}", "sha": repo.commit, "siblings": siblings, "gated": repo.gated, "tags": []}
        return self.say(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def resolve(self, path: str, start: int, token: str) -> None:
        """/[datasets/]owner/name/resolve/commit/path."""
        name, rest = path.strip("/").split("/resolve/")
        commit, file = rest.split("/", 1)
        repo = self.hub.repos.get(name)
        if repo is None:
            return self.refuse(401, "RepoNotFound")
        if repo.gated and token != TOKEN and not self.server.cdn:
            return self.refuse(403 if token else 401, "GatedRepo")
        if commit != repo.commit:
            return self.refuse(404, "RevisionNotFound")
        if file not in repo.files:
            return self.refuse(404, "EntryNotFound")
        if file.endswith(LARGE) and not self.server.cdn:
            linked = {"X-Linked-Size": str(len(repo.files[file])), "X-Repo-Commit": commit}
            return self.say(302, b"", {"Location": self.hub.cdn + self.path, **linked})
        return self.give(repo.files[file], path, start)

    def give(self, data: bytes, path: str, start: int) -> None:
        fault = (self.hub.fault(path) if self.command == "GET" else None) or Fault()
        if fault.status:
            return self.say(fault.status, fault.body, fault.headers)
        if start and start >= len(data):
            return self.say(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        start = start if self.hub.ranges else 0
        body = data[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        for name, value in {"ETag": f'"{blob_of(data)}"', **fault.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        return self.pour(bytes(len(body)) if fault.spoil else body, fault)

    def pour(self, body: bytes, fault: Fault) -> None:
        """The bytes; of those in the cdn half before the gate opens."""
        half = len(body) // 2
        try:
            if fault.cut is not None:
                self.wfile.write(body[: fault.cut])
                time.sleep(fault.hang)
                self.close_connection = True
                return
            self.wfile.write(body[:half])
            if self.server.cdn:
                self.hub.sent.set()
            if self.hub.gate and self.server.cdn:
                self.hub.gate.wait(60)
            time.sleep(fault.hang)
            self.wfile.write(body[half:])
        except ConnectionError:
            self.close_connection = True

    def refuse(self, status: int, code: str) -> None:
        self.say(status, json.dumps({"error": code}).encode(), {"X-Error-Code": code, "X-Error-Message": code})

    def say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def entry(path: str, data: bytes, *, blobs: bool) -> dict[str, object]:
    """One file of a repository as the hub lists it."""
    told: dict[str, object] = {"rfilename": path}
    if blobs:
        told |= {"size": len(data), "blobId": blob_of(data)}
    if blobs and path.endswith(LARGE):
        told["lfs"] = {"size": len(data), "sha256": sha256(data).hexdigest(), "pointerSize": 134}
    return told
