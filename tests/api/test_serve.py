"""Going up and going down."""

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.serve import serve
from avatar.errors import BadRequest
from avatar.testing_jobs import ScriptedJobs
from tests.api.asked import problem
from tests.api.served import DEADLINE, fetched, serving, until
from tests.tiny import tiny_house

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import sys
from pathlib import Path
from avatar.doors.api.rules import Hands, Rules
from avatar.doors.api.serve import serve
from avatar.testing_jobs import ScriptedJobs
from tests.tiny import tiny_house
folder = Path(sys.argv[1])
jobs = ScriptedJobs(folder, house=tiny_house())
status = serve(jobs, Rules(folder), Hands(None, None), port=int(sys.argv[2]))
print("closed" if jobs.closed else "open", status)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_streams_closes_the_jobs_and_then_the_process(tmp_path: Path, sent: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-W", "error", "-c", SERVE, str(tmp_path), str(port)]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE) as client,
    ):
        try:
            until(lambda: _up(client))
            job_id = client.post("/v1/videos", json={"script": "Hi"}).json()["id"]
            with client.stream("GET", f"/v1/videos/{job_id}/events") as answer:
                lines = answer.iter_lines()
                assert "event: queued" in lines
                process.send_signal(sent)
                assert "event: finished" not in lines  # it ends all the same, without an error
            out, err = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()  # else leaving would wait for ever for a server that was told nothing
    assert (out, err, process.returncode) == ("closed 0\n", "", 0)


def _up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.ConnectError:
        return False


def test_calls_that_wait_are_let_go_when_the_server_goes_down(tmp_path: Path) -> None:
    with serving(tmp_path) as served, ThreadPoolExecutor(2) as pool:
        waits = pool.submit(served.client.post, "/v1/videos", json={"script": "Hi"}, headers={"Prefer": "wait=60"})
        stays = pool.submit(served.client.post, "/generate", json={"prompt": "x", "text_to_speech": "Hi"})
        until(lambda: served.server.desk.bells.listeners == 2)
        served.stop()
        assert waits.result().status_code == 202
        answer = stays.result()
        problem(answer, 503, "busy")
        assert answer.headers["retry-after"] == "5"
    assert served.jobs.closed


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    jobs = ScriptedJobs(tmp_path, house=tiny_house())
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(BadRequest, match="Choose another"):
        serve(jobs, Rules(tmp_path), Hands(fetched, lambda url: None), port=listener.getsockname()[1])
