"""However many ask, in however many threads and processes: a model is fetched once, and whoever dies is replaced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from avatar.errors import Cancelled, Gated, NoRoom
from avatar.fetch import Fetcher, Progress
from tests.weights.hub import TOKEN, Hub
from tests.weights.models import MODEL, Disk, Workshop, fill, model
from tests.weights.worker import dumped

FILE = "part0/model.safetensors"
ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)


def ask(pool: ThreadPoolExecutor, fetcher: Fetcher, wish: Event | None = None) -> tuple[Future[Path], list[Progress]]:
    """Ask in a thread, and wait until that one waits for bytes or for the others."""
    heard: list[Progress] = []
    future = pool.submit(fetcher.fetch, MODEL, progress=heard.append, cancelled=(wish or Event()).is_set)
    return future, heard


@pytest.mark.parametrize("together", [True, False], ids=["one fetcher", "many fetchers"])
def test_many_threads_cost_one_download(workshop: Workshop, hub: Hub, together: bool) -> None:
    hub.gate = Event()
    one = workshop.fetcher()
    with ThreadPoolExecutor(8) as pool:
        asked = [ask(pool, one if together else workshop.fetcher()) for _ in range(8)]
        until(lambda: all(heard for _, heard in asked))
        hub.gate.set()
        assert {future.result(30) for future, _ in asked} == {workshop.models / "tiny"}
    assert workshop.holds()
    assert hub.fetched(FILE) == [0]


def test_all_who_wait_hear_the_progress_and_the_refusal(workshop: Workshop, hub: Hub) -> None:
    hub.add(MODEL.source, fill(MODEL), gated=True)
    hub.gate = Event()
    fetcher = workshop.fetcher()
    with ThreadPoolExecutor(4) as pool:
        asked = [ask(pool, fetcher) for _ in range(4)]
        for future, _ in asked:
            with pytest.raises(Gated):
                future.result(30)


def test_when_the_first_no_longer_wants_it_the_next_goes_on(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    fetcher, wish = workshop.fetcher(), Event()
    with ThreadPoolExecutor(2) as pool:
        first, heard = ask(pool, fetcher, wish)
        until(lambda: bool(heard))
        until(hub.sent.is_set)
        second, _ = ask(pool, fetcher)
        wish.set()
        hub.gate.set()
        with pytest.raises(Cancelled):
            first.result(30)
        assert second.result(30) == workshop.models / "tiny"
    assert workshop.holds()


def test_who_waits_may_leave_and_the_first_goes_on(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    fetcher, wish = workshop.fetcher(), Event()
    with ThreadPoolExecutor(2) as pool:
        first, heard = ask(pool, fetcher)
        until(lambda: bool(heard))
        second, _ = ask(pool, fetcher, wish)
        wish.set()
        with pytest.raises(Cancelled):
            second.result(30)
        hub.gate.set()
        assert first.result(30) == workshop.models / "tiny"


def test_two_models_do_not_count_the_same_free_bytes(workshop: Workshop, hub: Hub) -> None:
    other = model("other", 300_000)
    hub.add(other.source, fill(other))
    hub.gate = Event()
    with ThreadPoolExecutor(1) as pool:
        first, _ = ask(pool, workshop.fetcher(free=Disk(400_000)))
        until(hub.sent.is_set)
        with pytest.raises(NoRoom, match="are on their way"):
            workshop.get(workshop.fetcher(other, free=Disk(400_000)), other)
        hub.gate.set()
        first.result(30)


def process(workshop: Workshop, **environ: str) -> "subprocess.Popen[str]":
    environ = {**os.environ, "HF_ENDPOINT": workshop.hub.url, "HF_HUB_DISABLE_TELEMETRY": "1", **environ}
    command = [sys.executable, "-m", "tests.weights.worker", str(workshop.models), dumped(MODEL)]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_many_processes_cost_one_download(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    workers = [process(workshop) for _ in range(3)]
    spoken = [worker.stdout.readline() for worker in workers if worker.stdout]
    assert len(spoken) == 3
    until(hub.sent.is_set)
    hub.gate.set()
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    for worker in workers:
        worker.communicate()
    assert workshop.holds()
    assert hub.fetched(FILE) == [0]


def test_a_process_that_is_killed_leaves_what_it_had(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    worker = process(workshop)
    part = workshop.models / ".coming" / "tiny" / f"{FILE}.part"
    until(lambda: part.exists() and part.stat().st_size > 100_000)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    hub.gate.set()
    had = part.stat().st_size
    fetcher = workshop.fetcher()
    assert fetcher.installed() == {}
    hub.asked.clear()
    workshop.get(fetcher)
    assert workshop.holds()
    assert hub.fetched(FILE) == [had]


def test_who_waits_for_a_process_that_is_killed_takes_over(workshop: Workshop, hub: Hub) -> None:
    hub.gate = Event()
    worker = process(workshop)
    until(hub.sent.is_set)
    with ThreadPoolExecutor(1) as pool:
        waiting, heard = ask(pool, workshop.fetcher())
        until(lambda: any(said.step == "waiting" for said in heard))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        hub.gate.set()
        assert waiting.result(30) == workshop.models / "tiny"
    assert workshop.holds()


def test_the_environment_may_forbid_the_network(workshop: Workshop, hub: Hub) -> None:
    worker = process(workshop, HF_HUB_OFFLINE="1")
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert "offline mode is on. Unset HF_HUB_OFFLINE" in said
    assert hub.asked == []


def test_the_environment_may_hold_a_token(workshop: Workshop, hub: Hub) -> None:
    hub.add(MODEL.source, fill(MODEL), gated=True)
    worker = process(workshop, HF_TOKEN=TOKEN)
    worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert workshop.holds()


def test_the_hub_s_library_is_needed_for_fetching_only(tmp_path: Path) -> None:
    lines = f"""
import sys
from pathlib import Path
sys.modules["huggingface_hub"] = None
from avatar.fetch import Fetcher
from avatar.errors import FetchError
from hf_spaces_models import CATALOGUE
fetcher = Fetcher(Path({str(tmp_path)!r}), CATALOGUE)
assert fetcher.installed() == fetcher.faults() == {{}}
assert "httpx2" not in sys.modules
try:
    fetcher.fetch(CATALOGUE["sd15"])
except FetchError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == "huggingface_hub is not installed. Install requirements.txt to fetch weights.\n"
