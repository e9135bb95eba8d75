"""The whole house as a server: real processes, real HTTP, the real pipeline."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx", reason="the server needs the full environment")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
ASK = {"script": "Hello, I am Ada.", "avatar": "ada", "size": "256x256", "seed": 1}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(data: Path, *command: str, port: str = "", **settings: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A server process and a client for it; it is told its port, unless it knows it from its settings."""
    told = [] if port else ["--port", port := str(free_port())]
    environ = os.environ | {"AVATAR_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"} | settings
    line = [sys.executable, *command, *told]
    with subprocess.Popen(line, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as client:
                await_up(process, client)
                yield process, client
        finally:
            process.kill()


def await_up(process: "subprocess.Popen[str]", client: Any) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the server did not come up")


def ended(client: Any, job: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told: dict[str, Any] = client.get(f"/v1/videos/{job}").json()
        if told["status"] not in ("queued", "in_progress"):
            return told
        time.sleep(0.05)
    pytest.fail("the job did not end")


def test_app_py_says_its_plan_serves_and_ends_in_good_order(tmp_path: Path) -> None:
    with served(tmp_path / "data", str(ROOT / "app.py")) as (process, client):
        answer = client.post("/generate", json={"prompt": "Professional teacher", "text_to_speech": "Hello, I am Ada."})
        told = answer.json()
        assert (answer.status_code, told["mode"], told["degraded"]) == (200, "video", False)
        film = client.get(told["output_path"])
        assert (film.status_code, film.headers["content-type"], film.content[4:8]) == (200, "video/mp4", b"ftyp")
        assert client.get("/health").json()["plan"]["mode"] == "video"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert re.search(r"^ *film +\S+", out, re.MULTILINE)
        assert "Traceback" not in out


def test_a_job_survives_the_death_of_its_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    long = ASK | {"script": "It goes on and on, and there is always one more thing to be said about it. " * 2}
    with served(data, "-m", "avatar", "serve") as (process, client):
        job = client.post("/v1/videos", json=long).json()["id"]
        end = time.monotonic() + PATIENCE
        while client.get(f"/v1/videos/{job}").json()["status"] == "queued":
            assert time.monotonic() < end
        process.kill()
    with served(data, "-m", "avatar", "serve") as (_, client):
        assert ended(client, job)["status"] == "completed"
        assert client.get(f"/v1/videos/{job}/content").status_code == 200


def test_a_door_without_hands_and_a_worker_without_a_door_make_a_film(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environ = os.environ | {"AVATAR_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    with served(data, "-m", "avatar", "serve", "--no-worker") as (_, client):
        job = client.post("/v1/videos", json=ASK).json()["id"]
        assert client.get(f"/v1/videos/{job}").json()["status"] == "queued"
        worker = subprocess.Popen([sys.executable, "-m", "avatar", "worker"], env=environ, stderr=subprocess.PIPE)
        with worker:
            try:
                assert ended(client, job)["status"] == "completed"
                worker.terminate()
                assert worker.wait(PATIENCE) == 0
            finally:
                worker.kill()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environ = os.environ | {"AVATAR_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "avatar", "serve", "--port", port]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
        assert "Choose another --host or --port" in ran.stderr


def test_the_hallway_tells_its_plan_as_json_and_what_ails_the_machine(tmp_path: Path) -> None:
    environ = os.environ | {"AVATAR_DATA_DIR": str(tmp_path / "data"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(ROOT / "smart_startup.py"), "--doctor", "--json", "--profile", "minimal"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["plan"]["profile"]) == (0, "minimal")
    assert all(finding["todo"] for finding in told["findings"])
    assert any("hub" in finding["what"].lower() for finding in told["findings"])
