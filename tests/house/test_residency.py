"""Residency: loaded once, kept, put out by need, never while lent; out of memory, demotion, cancellation, leaks.

Memory is a few kilobytes, of which real torch modules take their share until they are really freed.
"""

import errno
import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from avatar import memory
from avatar.errors import Cancelled, OutOfMemory, Unavailable
from avatar.residency import REST, Residency
from avatar.stage import Context, Needs, Performer, Placement
from avatar.testing import FakeBackend, ManualClock

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True, scope="module")
def _swept() -> Iterator[None]:
    """What other tests and torch hold is left out of each collection, which else takes most of the time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


WEIGHTS = 1088  # bytes of a layer of 16 by 16 and its 16 biases
PEAK = 1500


class Speaker:
    """A performer with real weights, in a cycle as pipelines are."""

    def __init__(self, does: Callable[[str], str]) -> None:
        self.layer = torch.nn.Linear(16, 16)
        self.itself = self
        self.does = does

    def __call__(self, brief: str, context: Context, /) -> str:
        assert torch.isfinite(self.layer(torch.zeros(1, 16))).all()
        return self.does(brief)


@dataclass
class Chip:
    """A device whose free bytes are its size less the weights that are alive on it."""

    size: int
    alive: "weakref.WeakSet[Speaker]" = field(default_factory=weakref.WeakSet)
    most: int = 0

    def free(self, device: str) -> int | None:
        if device == "cpu":
            return None
        weights = (part for one in set(self.alive) for part in one.layer.parameters())
        taken: int = sum(part.numel() * part.element_size() for part in weights)
        self.most = max(self.most, taken)
        return self.size - taken


@dataclass(frozen=True)
class Voice:
    """A backend with weights; `load_error` is asked for what goes wrong while loading."""

    id: str
    chip: Chip
    does: Callable[[str], str] = str.upper
    wrong: Callable[[], None] = lambda: None
    version: str = "1"
    needs: Needs = Needs(weights=("w",))
    loads: list[Placement] = field(default_factory=list)

    def load(self, placement: Placement, /) -> Performer[str, str]:
        self.loads.append(placement)
        speaker = Speaker(self.does)
        self.chip.alive.add(speaker)
        self.wrong()
        return speaker


CUDA = Placement(device="cuda:0", vram=PEAK)


class Nothing:
    """No context: these performers need none."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise AttributeError(name)


def say(residency: Residency, voice: Voice, brief: str = "hello", placement: Placement = CUDA) -> str:
    return residency.call("speech", voice, placement=placement, work=lambda perform: perform(brief, None))  # type: ignore[arg-type]


def names(residency: Residency) -> list[str]:
    return [one.backend for one in residency.resident()]


def rss_now() -> int:
    """Bytes of this process in RAM (proc(5): the second field of statm, in pages)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


def test_a_performer_is_loaded_once_and_stays() -> None:
    chip = Chip(10_000)
    ada, residency = Voice("ada", chip), Residency(free=chip.free)
    assert [say(residency, ada), say(residency, ada)] == ["HELLO", "HELLO"]
    assert len(ada.loads) == 1
    assert names(residency) == ["ada"]


def test_many_who_ask_at_once_load_once_and_do_not_block_others() -> None:
    chip = Chip(10_000)
    residency = Residency(free=chip.free)
    loading, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        loading.set()
        assert go_on.wait(20)

    ada, ben = Voice("ada", chip, wrong=slow), Voice("ben", chip)
    threads = [threading.Thread(target=say, args=(residency, ada)) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert loading.wait(20)
    assert say(residency, ben) == "HELLO"  # while the other is still loading
    go_on.set()
    for thread in threads:
        thread.join()
    assert (len(ada.loads), len(ben.loads)) == (1, 1)


def test_the_longest_idle_goes_when_room_is_needed_and_its_weights_die() -> None:
    chip, clock = Chip(3 * WEIGHTS), ManualClock()
    residency = Residency(free=chip.free, clock=clock)
    ada, ben, cid = (Voice(name, chip) for name in ("ada", "ben", "cid"))
    for voice in (ada, ben, ada):
        say(residency, voice)
        clock.advance(1)
    dead = [weakref.ref(one) for one in chip.alive]
    assert names(residency) == ["ben", "ada"]
    say(residency, cid)  # 1176 bytes are left, its peak is 1500
    assert names(residency) == ["ada", "cid"]
    assert sorted(ref() is None for ref in dead) == [False, True]
    say(residency, ada)
    assert (len(ada.loads), len(ben.loads)) == (1, 1)


def test_what_is_lent_is_never_put_out_but_waited_for() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    ada, ben = Voice("ada", chip), Voice("ben", chip)
    said: list[str] = []
    with residency.hold("speech", ada, placement=CUDA) as perform:
        other = threading.Thread(target=lambda: said.append(say(residency, ben)))
        other.start()
        other.join(0.3)
        assert (said, ben.loads) == ([], [])
        assert perform("still here", None) == "STILL HERE"  # type: ignore[arg-type]
    del perform
    other.join(20)
    assert said == ["HELLO"]
    assert names(residency) == ["ben"]


def test_who_needs_much_is_not_overtaken_for_ever() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    said = threading.Event()
    ada, ben = Voice("ada", chip), Voice("ben", chip)

    def talk_on() -> None:
        while not said.is_set():
            say(residency, ada)

    busy = [threading.Thread(target=talk_on) for _ in range(3)]
    for thread in busy:
        thread.start()
    until(lambda: bool(ada.loads))

    def interrupt() -> None:
        say(residency, ben)
        said.set()

    other = threading.Thread(target=interrupt)
    other.start()
    other.join(60)
    assert said.is_set()
    for thread in busy:
        thread.join()


def test_who_waits_for_room_can_be_called_off() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    off = threading.Event()

    def check() -> None:
        off.set()  # it has begun to wait
        raise Cancelled("off")

    with residency.hold("speech", Voice("ada", chip), placement=CUDA):
        with (
            pytest.raises(Cancelled),
            residency.hold("speech", Voice("ben", chip), placement=CUDA, check=check),
        ):
            raise AssertionError
        assert off.is_set()
    assert names(residency) == ["ada"]


def test_the_work_of_a_resident_one_gets_room_too() -> None:
    chip = Chip(2 * PEAK)
    residency = Residency(free=chip.free)
    ada, ben = Voice("ada", chip), Voice("ben", chip)
    big = Placement(device="cuda:0", vram=2 * PEAK)
    say(residency, ada, placement=big)
    say(residency, ben)  # fits beside the weights, not beside the work
    say(residency, ada, placement=big)
    assert names(residency) == ["ada"]
    assert len(ada.loads) == 1


def test_what_can_never_fit_is_refused_in_numbers_and_may_ask_again() -> None:
    chip = Chip(1_000)
    residency = Residency(free=chip.free)
    ada = Voice("ada", chip)
    with pytest.raises(OutOfMemory, match=r"needs 1.5 kB of VRAM, 1 kB are free"):
        say(residency, ada)
    assert (ada.loads, residency.demoted(), residency.resident()) == ([], (), ())
    chip.size = 10_000
    assert say(residency, ada) == "HELLO"


def test_what_failed_work_left_behind_is_swept_before_anything_is_refused() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    gc.disable()
    try:
        chip.alive.add(Speaker(str.upper))  # garbage in a cycle
        assert len(chip.alive) == 1
        assert say(residency, Voice("ada", chip)) == "HELLO"
    finally:
        gc.enable()


def test_ram_counts_as_vram_does() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=lambda device: chip.free("ram"))
    ada, ben = Voice("ada", chip), Voice("ben", chip)
    for voice in (ada, ben):
        say(residency, voice, placement=Placement(device="cpu", ram=PEAK))
    assert names(residency) == ["ben"]


def test_another_placement_is_another_performer() -> None:
    chip = Chip(10_000)
    residency = Residency(free=chip.free)
    ada = Voice("ada", chip)
    say(residency, ada)
    say(residency, ada, placement=Placement(device="cuda:0", precision="float16", vram=PEAK))
    assert len(ada.loads) == 2


def test_floors_are_never_put_out() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    floor: FakeBackend[str, str] = FakeBackend("floor", lambda brief, context: brief)
    residency.call("speech", floor, placement=Placement(), work=lambda perform: perform("x", None))  # type: ignore[arg-type]
    say(residency, Voice("ada", chip))
    say(residency, Voice("ben", chip))
    residency.evict()
    assert names(residency) == ["floor"]
    assert residency.resident()[0].bytes == {}


def test_what_is_resident_tells_its_bytes_and_last_use() -> None:
    chip, clock = Chip(10_000), ManualClock(5.0)
    residency = Residency(free=chip.free, clock=clock)
    say(residency, Voice("ada", chip))
    (one,) = residency.resident()
    assert (one.stage, one.backend, one.bytes, one.used, one.lent) == ("speech", "ada", {"cuda:0": WEIGHTS}, 5.0, 0)


@pytest.mark.parametrize("goodbye", ["close", "unload"])
def test_a_performer_that_wants_to_say_goodbye_may(goodbye: str) -> None:
    chip = Chip(10_000)
    residency = Residency(free=chip.free)
    told: list[str] = []

    def well_bred() -> None:
        for one in chip.alive:
            setattr(one, goodbye, partial(told.append, "bye"))

    ada = Voice("ada", chip, wrong=well_bred)
    say(residency, ada)
    residency.evict()
    assert told == ["bye"]
    assert not chip.alive


def test_a_failed_load_leaves_nothing_behind() -> None:
    chip = Chip(10_000)
    residency = Residency(free=chip.free)

    def break_down() -> None:
        raise Unavailable("no weights")

    with pytest.raises(Unavailable, match="no weights") as failure:
        say(residency, Voice("ada", chip, wrong=break_down))
    del failure
    gc.collect()
    assert (residency.resident(), len(chip.alive)) == ((), 0)
    assert say(residency, Voice("ada", chip)) == "HELLO"


def test_a_probe_that_fails_leaves_nothing_behind() -> None:
    chip = Chip(10_000)
    told: list[int | None] = []

    def failing(device: str) -> int | None:
        if len(told) == 2:  # it is loaded, and its bytes are being counted
            raise ZeroDivisionError
        told.append(chip.free(device))
        return told[-1]

    residency, ada = Residency(free=failing), Voice("ada", chip)
    with pytest.raises(ZeroDivisionError):
        say(residency, ada)
    gc.collect()
    assert (residency.resident(), len(chip.alive)) == ((), 0)
    told.append(None)
    assert say(residency, ada) == "HELLO"


def cuda_full() -> None:
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


LACKS = [
    MemoryError(),
    torch.cuda.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.00 GB)"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]


@pytest.mark.parametrize("error", LACKS, ids=str)
def test_every_lack_of_memory_is_known(error: Exception) -> None:
    chip = Chip(10_000)
    with pytest.raises(OutOfMemory), Residency(free=chip.free).hold("speech", Voice("ada", chip), placement=CUDA):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    chip = Chip(10_000)
    for error in (RuntimeError("shape mismatch"), OSError(errno.EIO, "broken"), ZeroDivisionError()):
        with (
            pytest.raises(type(error)),
            Residency(free=chip.free).hold("speech", Voice("ada", chip), placement=CUDA),
        ):
            raise error


def test_a_real_allocation_that_fails_is_known() -> None:
    with pytest.raises(OutOfMemory), memory.memory_errors():
        torch.empty(1 << 60, dtype=torch.uint8)


@pytest.mark.parametrize("where", ["load", "call"])
def test_out_of_memory_puts_out_the_idle_and_tries_once_more(where: str) -> None:
    chip = Chip(10_000)
    residency = Residency(free=chip.free)
    say(residency, Voice("ben", chip))
    seen: list[int] = []

    def hungry(*_: str) -> str:
        seen.append(len(chip.alive))
        if len(seen) == 1:
            cuda_full()
        return "made it"

    ada = Voice("ada", chip, does=hungry) if where == "call" else Voice("ada", chip, wrong=hungry)  # type: ignore[arg-type]
    say(residency, ada)
    assert seen == [2, 1]  # the second time the other was gone, and so were the first try's own weights
    assert names(residency) == ["ada"]
    assert residency.demoted() == ()


@pytest.mark.parametrize("where", ["load", "call"])
def test_twice_out_of_memory_demotes_for_a_while(where: str) -> None:
    chip, clock = Chip(10_000), ManualClock()
    residency = Residency(free=chip.free, clock=clock)
    calls: list[int] = []

    def hungry(*_: str) -> str:
        calls.append(1)
        raise MemoryError

    ada = Voice("ada", chip, does=hungry) if where == "call" else Voice("ada", chip, wrong=hungry)  # type: ignore[arg-type]
    with pytest.raises(OutOfMemory) as failure:
        say(residency, ada)
    assert len(chip.alive) == 0, "the error must not keep the weights"
    assert failure.value.__cause__ is not None
    with pytest.raises(Unavailable, match="ran out of memory twice"):
        say(residency, ada)
    assert (len(calls), residency.demoted(), residency.resident()) == (2, (("speech", "ada"),), ())
    clock.advance(REST)
    assert residency.demoted() == ()
    with pytest.raises(OutOfMemory):
        say(residency, ada)
    assert len(calls) == 4


def test_a_floor_is_never_demoted() -> None:
    def greedy(brief: str, _context: Context) -> str:
        if brief == "too long":
            raise MemoryError
        return brief

    floor: FakeBackend[str, str] = FakeBackend("floor", greedy)
    residency = Residency()
    call = partial(residency.call, "film", floor, placement=Placement())
    with pytest.raises(OutOfMemory):
        call(work=lambda perform: perform("too long", None))  # type: ignore[arg-type]
    assert call(work=lambda perform: perform("short", None)) == "short"  # type: ignore[arg-type]


def test_eight_threads_three_models_and_room_for_two() -> None:
    chip = Chip(3 * WEIGHTS)
    residency = Residency(free=chip.free)
    voices = [Voice(name, chip, does=lambda brief: brief[::-1]) for name in ("ada", "ben", "cid")]
    said: list[str] = []

    def talk(start: int) -> None:
        said.extend(say(residency, voices[(start * 7 + turn) % 3], f"{turn}") for turn in range(8))

    threads = [threading.Thread(target=talk, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(said) == 64
    assert chip.most <= 2 * WEIGHTS
    assert all(one.lent == 0 for one in residency.resident())


def test_two_hundred_loads_and_evictions_leave_nothing() -> None:
    chip = Chip(2 * WEIGHTS)
    residency = Residency(free=chip.free)
    voices = [Voice(name, chip) for name in ("ada", "ben")]
    objects = rss = 0
    for turn in range(220):
        say(residency, voices[turn % 2])
        if turn == 19:
            gc.collect()
            objects, rss = len(gc.get_objects()), rss_now()
    gc.collect()
    assert len(voices[0].loads) + len(voices[1].loads) == 220
    assert len(gc.get_objects()) - objects < 500 + 2 * 200  # the lists of loads themselves
    assert rss_now() - rss < 16 << 20
    assert len(chip.alive) == 1


def test_free_memory_of_the_machine_is_known() -> None:
    free = memory.free("cpu")
    assert free is not None
    assert 0 < free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    memory.give_back()
    for device, there in (("cuda:0", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        assert (memory.free(device) is not None) == there
    assert memory.free("abacus") is None
