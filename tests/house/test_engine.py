"""The engine: chain, cache, fallback, events, cancellation, concurrency."""

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from avatar import records
from avatar.artifacts import Blob, blobs_of
from avatar.attempt import Wish
from avatar.engine import Engine, cache_key
from avatar.errors import (
    BackendError,
    BadOutput,
    BadRequest,
    Cancelled,
    CorruptBlob,
    OutOfMemory,
    StageFailed,
    StorageError,
    TimedOut,
    Unavailable,
)
from avatar.events import Event, Failed, FellBack, Finished, Progressed, Started
from avatar.residency import REST, Residency
from avatar.stage import Context, Needs, Placement, Stage
from avatar.storage import Store
from avatar.store import FolderStore
from avatar.testing import FakeBackend, ManualClock, MemoryStore, refusing


@dataclass(frozen=True)
class Brief:
    text: str
    seed: int = 0


@dataclass(frozen=True)
class Note:
    page: Blob
    margins: tuple[Blob, ...] = ()


Chain = tuple[FakeBackend[Brief, Note], ...]


def write(brief: Brief, context: Context) -> Note:
    path = context.scratch() / "page"
    path.write_text(f"{brief.text} {context.seed} {context.device}")
    return Note(context.keep(path, "text/plain"))


def stage(*chain: FakeBackend[Brief, Note]) -> Stage[Brief, Note]:
    return Stage("notes", Note, chain)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "store", budget=10**6) if request.param == "folder" else MemoryStore(tmp_path)


def test_a_backend_gets_brief_seed_and_device(store: Store) -> None:
    engine = Engine(store, place=lambda stage, backend: Placement(device="cuda:1"))
    session = store.session()
    note = engine.walk(session)(stage(FakeBackend("pen", write)), Brief("hello", 7))
    assert session.path(note.page).read_text() == "hello 7 cuda:1"


def test_the_second_time_comes_from_the_cache(store: Store) -> None:
    pen = FakeBackend("pen", write)
    engine = Engine(store, clock=ManualClock())
    events: list[Event] = []
    walk = engine.walk(store.session(), Wish(events.append))
    assert walk(stage(pen), Brief("hello")) == walk(stage(pen), Brief("hello"))
    assert len(pen.calls) == 1
    assert events == [
        Started("notes", "pen"),
        Finished("notes", "pen", 0.0, cached=False),
        Started("notes", "pen"),
        Finished("notes", "pen", 0.0, cached=True),
    ]


def test_the_cache_outlives_the_engine(tmp_path: Path) -> None:
    for expected_calls in (1, 0):
        pen = FakeBackend("pen", write)
        store = FolderStore(tmp_path, budget=10**6)
        Engine(store).walk(store.session())(stage(pen), Brief("hello"))
        assert len(pen.calls) == expected_calls


def test_a_performer_is_loaded_once(store: Store) -> None:
    pen = FakeBackend("pen", write)
    walk = Engine(store).walk(store.session())
    walk(stage(pen), Brief("one"))
    walk(stage(pen), Brief("two"))
    assert len(pen.loads) == 1


def key(backend: FakeBackend[Brief, Note], brief: Brief, revision: str = "r1", name: str = "notes") -> str:
    return cache_key(name, backend, brief=brief, revision=lambda weights: revision)


def test_the_key_holds_all_that_decides_the_bytes() -> None:
    pen = FakeBackend("pen", write, needs=Needs(weights=("w",)))
    base = key(pen, Brief("a", 1))
    others = [
        key(pen, Brief("b", 1)),
        key(pen, Brief("a", 2)),
        key(pen, Brief("a", 1), revision="r2"),
        key(pen, Brief("a", 1), name="lips"),
        key(FakeBackend("quill", write, needs=pen.needs), Brief("a", 1)),
        key(FakeBackend("pen", write, version="2", needs=pen.needs), Brief("a", 1)),
    ]
    assert len({base, *others}) == 7
    assert key(FakeBackend("pen", wrong, needs=pen.needs), Brief("a", 1)) == base


def test_with_weights_the_key_holds_how_they_are_run() -> None:
    pen, floor = FakeBackend("pen", write, needs=Needs(weights=("w",))), FakeBackend("pen", write)

    def placed(backend: FakeBackend[Brief, Note], placement: Placement) -> str:
        return cache_key("notes", backend, brief=Brief("a"), revision=str, placement=placement)

    gpu = Placement("cuda:0", "float16")
    others = [Placement(), Placement("cuda:0"), Placement("mps", "float16"), Placement("cuda:0", "float16", "tiles")]
    assert len({placed(pen, gpu), *(placed(pen, other) for other in others)}) == 5
    same = [Placement("cuda:1", "float16"), Placement("cuda:0", "float16", weights={"w": Path("x")}, vram=7, ram=7)]
    assert {placed(pen, other) for other in same} == {placed(pen, gpu)}
    assert {placed(floor, other) for other in (gpu, *others)} == {key(floor, Brief("a"))}


def test_another_precision_is_made_anew(store: Store) -> None:
    pen = FakeBackend("pen", write, needs=Needs(weights=("w",)))
    for precision, calls in (("float32", 1), ("float16", 2), ("float32", 2)):
        engine = Engine(store, place=lambda stage, backend, how=precision: Placement(precision=how))  # type: ignore[misc]
        engine.walk(store.session())(stage(pen), Brief("hello"))
        assert len(pen.calls) == calls


def test_every_blob_at_any_depth_is_found() -> None:
    blobs = [Blob(str(number), "text/plain", 1) for number in range(3)]
    assert list(blobs_of(Note(blobs[0], (blobs[1], blobs[2])))) == blobs


@pytest.mark.parametrize("error", [Unavailable("no pen"), OutOfMemory("no room"), BadOutput("blot"), TimedOut("late")])
def test_a_backend_error_walks_on_and_is_told(store: Store, error: BackendError) -> None:
    events: list[Event] = []
    walk = Engine(store, clock=ManualClock()).walk(store.session(), Wish(events.append))
    walk(stage(refusing("quill", error), refusing("chalk", error), FakeBackend("pen", write)), Brief("hello"))
    steps = [FellBack("notes", "quill", "chalk", str(error)), FellBack("notes", "chalk", "pen", str(error))]
    assert [event for event in events if isinstance(event, FellBack)] == steps
    assert walk.fallbacks == steps
    assert walk.backends == {"notes": "pen"}
    assert events[-1] == Finished("notes", "pen", 0.0, cached=False)


def test_when_all_refuse_the_stage_fails_with_every_reason(store: Store) -> None:
    events: list[Event] = []
    walk = Engine(store).walk(store.session(), Wish(events.append))
    with pytest.raises(StageFailed) as failure:
        walk(stage(refusing("quill", Unavailable("no ink")), refusing("chalk", BadOutput("no board"))), Brief("hello"))
    assert failure.value.reasons == (("quill", "no ink"), ("chalk", "no board"))
    assert events[-1] == Failed("notes", "stage_failed", str(failure.value))


def test_a_strict_run_takes_no_second_choice(store: Store) -> None:
    pen = FakeBackend("pen", write)
    walk = Engine(store).walk(store.session(), Wish(strict=True))
    with pytest.raises(StageFailed, match="no ink"):
        walk(stage(refusing("quill", Unavailable("no ink")), pen), Brief("hello"))
    assert pen.calls == []


def test_a_backend_chosen_by_name_is_first_and_those_behind_it_follow(store: Store) -> None:
    quill, chalk, pen = FakeBackend("quill", write), FakeBackend("chalk", write), FakeBackend("pen", write)
    walk = Engine(store).walk(store.session(), Wish(backends={"notes": "chalk", "other": "quill"}))
    walk(stage(quill, chalk, pen), Brief("hello"))
    assert (walk.backends, quill.calls, pen.calls) == ({"notes": "chalk"}, [], [])
    later = Engine(store).walk(store.session(), Wish(backends={"notes": "chalk"}))
    later(stage(quill, refusing("chalk", Unavailable("dry")), pen), Brief("again"))
    assert later.fallbacks == [FellBack("notes", "chalk", "pen", "dry")]


def test_a_chosen_backend_without_a_place_is_a_step_down(store: Store) -> None:
    engine = Engine(
        store,
        place=lambda _stage, backend: None if backend == "chalk" else Placement(),
        why=lambda _stage, backend: f"no room for {backend}",
    )
    walk = engine.walk(store.session(), Wish(backends={"notes": "chalk"}))
    walk(stage(FakeBackend("chalk", write), FakeBackend("pen", write)), Brief("hello"))
    assert walk.fallbacks == [FellBack("notes", "chalk", "pen", "no room for chalk")]
    strict = engine.walk(store.session(), Wish(backends={"notes": "chalk"}, strict=True))
    with pytest.raises(StageFailed, match="no room for chalk"):
        strict(stage(FakeBackend("chalk", write), FakeBackend("pen", write)), Brief("more"))


def test_a_chosen_backend_that_takes_no_such_brief_is_refused(store: Store) -> None:
    walk = Engine(store).walk(store.session(), Wish(backends={"notes": "chalk"}))
    with pytest.raises(BadRequest, match=r"chalk can't do this notes.*pen"):
        walk(stage(FakeBackend("pen", write)), Brief("hello"))


def test_barred_backends_are_passed_over(store: Store) -> None:
    quill, pen = FakeBackend("quill", write), FakeBackend("pen", write)
    walk = Engine(store).walk(store.session(), Wish(barred=frozenset({("notes", "quill")})))
    walk(stage(quill, pen), Brief("hello"))
    assert (walk.backends, walk.fallbacks, quill.calls) == ({"notes": "pen"}, [], [])


@pytest.mark.parametrize("error", [BadRequest("no"), Cancelled("off"), StorageError("full"), CorruptBlob("bad")])
def test_what_no_backend_can_mend_passes_through(store: Store, error: Exception) -> None:
    pen = FakeBackend("pen", write)
    with pytest.raises(type(error)):
        Engine(store).walk(store.session())(stage(refusing("quill", error), pen), Brief("hello"))
    assert pen.calls == []


def full(_brief: Brief, _context: Context) -> Note:
    raise OSError(errno.ENOSPC, "No space left on device")


def hungry(_brief: Brief, _context: Context) -> Note:
    raise MemoryError


def lonely(_brief: Brief, _context: Context) -> Note:
    raise ModuleNotFoundError("No module named 'torch'", name="torch")


def wrong(_brief: Brief, _context: Context) -> Note:
    return "a string"  # type: ignore[return-value]  # what an untyped backend might do


@pytest.mark.parametrize(
    ("does", "why"), [(hungry, "did not fit"), (lonely, "torch is not installed"), (wrong, "gave str")]
)
def test_foreign_errors_become_ours(store: Store, does: Callable[[Brief, Context], Note], why: str) -> None:
    walk = Engine(store).walk(store.session())
    walk(stage(FakeBackend("odd", does), FakeBackend("pen", write)), Brief("hello"))
    assert why in walk.fallbacks[0].why


def crowded(_brief: Brief, _context: Context) -> Note:
    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_out_of_memory_is_tried_twice_in_a_clean_folder_then_the_backend_rests(store: Store, tmp_path: Path) -> None:
    folders: list[Path] = []

    def big(brief: Brief, context: Context) -> Note:
        assert not list(context.scratch().iterdir())
        folders.append(context.scratch() / "half")
        folders[-1].write_text("half")
        return crowded(brief, context)

    quill, pen = FakeBackend("quill", big, needs=Needs(weights=("w",))), FakeBackend("pen", write)
    clock = ManualClock()
    engine = Engine(store, residency=Residency(clock=clock))
    for brief in (Brief("one"), Brief("two")):
        walk = engine.walk(store.session())
        walk(stage(quill, pen), brief)
        assert walk.backends == {"notes": "pen"}
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)
    assert "ran out of memory twice" in walk.fallbacks[0].why
    clock.advance(REST)
    engine.walk(store.session())(stage(quill, pen), Brief("three"))
    assert len(folders) == 4


def test_what_a_resting_backend_made_before_is_still_found(store: Store) -> None:
    enough = [True]

    def sometimes(brief: Brief, context: Context) -> Note:
        return write(brief, context) if enough else crowded(brief, context)

    quill, pen = FakeBackend("quill", sometimes, needs=Needs(weights=("w",))), FakeBackend("pen", write)
    engine = Engine(store)
    engine.walk(store.session())(stage(quill, pen), Brief("one"))
    enough.clear()
    for text, backend in (("two", "pen"), ("one", "quill")):
        walk = engine.walk(store.session())
        walk(stage(quill, pen), Brief(text))
        assert walk.backends == {"notes": backend}
    assert engine.residency.demoted() == (("notes", "quill"),)


def test_a_full_disk_ends_the_run(store: Store) -> None:
    with pytest.raises(StorageError, match="full"):
        Engine(store).walk(store.session())(stage(FakeBackend("odd", full)), Brief("hello"))


def test_a_bug_stays_a_bug(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        Engine(store).walk(store.session())(stage(refusing("odd", ZeroDivisionError())), Brief("hello"))


def test_refused_by_the_plan_means_never_tried(store: Store) -> None:
    quill, pen = FakeBackend("quill", write), FakeBackend("pen", write)
    engine = Engine(store, place=lambda stage, backend: None if backend == "quill" else Placement())
    walk = engine.walk(store.session())
    walk(stage(quill, pen), Brief("hello"))
    assert (quill.loads, walk.fallbacks) == ([], [])
    with pytest.raises(StageFailed, match="no backend"):
        walk(stage(quill), Brief("hello"))


def test_evicted_or_damaged_results_are_made_again(tmp_path: Path) -> None:
    pen = FakeBackend("pen", write)
    store = FolderStore(tmp_path, budget=10**6)
    note = Engine(store).walk(store.session())(stage(pen), Brief("hello"))
    store.place("blobs", note.page.sha256).unlink()
    assert Engine(store).walk(store.session())(stage(pen), Brief("hello")) == note
    store.place("blobs", note.page.sha256).write_bytes(b"x" * note.page.size)
    again = FolderStore(tmp_path, budget=10**6)
    assert Engine(again).walk(again.session())(stage(pen), Brief("hello")) == note
    assert len(pen.calls) == 3


def test_a_record_of_another_shape_is_a_miss(tmp_path: Path) -> None:
    pen = FakeBackend("pen", write)
    store = FolderStore(tmp_path, budget=10**6)
    session = store.session()
    session.remember(cache_key("notes", pen, brief=Brief("hello"), revision=str), b'{"old": 1}')
    note = Engine(store).walk(session)(stage(pen), Brief("hello"))
    assert session.recall(cache_key("notes", pen, brief=Brief("hello"), revision=str)) == records.dump(note)


def test_progress_is_throttled_but_the_end_is_told(store: Store) -> None:
    clock = ManualClock()

    def slow(brief: Brief, context: Context) -> Note:
        for done in range(101):
            context.step(done, 100)
            clock.advance(0.01)
        return write(brief, context)

    events: list[Event] = []
    Engine(store, clock=clock).walk(store.session(), Wish(events.append))(stage(FakeBackend("pen", slow)), Brief("hi"))
    steps = [event for event in events if isinstance(event, Progressed)]
    assert 10 <= len(steps) <= 12
    assert steps[-1] == Progressed("notes", 100, 100)


def test_cancelling_stops_within_the_step(store: Store, tmp_path: Path) -> None:
    off = threading.Event()
    seen: list[int] = []

    def slow(_brief: Brief, context: Context) -> Note:
        (context.scratch() / "half").write_text("half")
        for done in range(10):
            context.step(done, 10)
            seen.append(done)
            if done == 3:
                off.set()
        raise AssertionError

    with pytest.raises(Cancelled):
        Engine(store).walk(store.session(), Wish(cancelled=off))(stage(FakeBackend("pen", slow)), Brief("hello"))
    assert seen == [0, 1, 2, 3]
    assert not list(tmp_path.rglob("half"))


def test_a_called_off_run_starts_nothing(store: Store) -> None:
    off = threading.Event()
    off.set()
    pen = FakeBackend("pen", write)
    with pytest.raises(Cancelled):
        Engine(store).walk(store.session(), Wish(cancelled=off))(stage(pen), Brief("hello"))
    assert pen.loads == []


def test_a_deadline_times_the_backend_out(store: Store) -> None:
    clock = ManualClock()

    def slow(_brief: Brief, context: Context) -> Note:
        clock.advance(11)
        context.step(1, 2)
        raise AssertionError

    walk = Engine(store, clock=clock).walk(store.session(), Wish(deadline=10))
    with pytest.raises(TimedOut, match="allow more time"):
        walk(stage(FakeBackend("pen", slow), FakeBackend("quill", write)), Brief("hello"))


def test_two_threads_with_the_same_question_compute_once(store: Store) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(brief: Brief, context: Context) -> Note:
        inside.set()
        assert go_on.wait(10)
        return write(brief, context)

    pen = FakeBackend("pen", slow)
    engine = Engine(store)
    answers: list[Note] = []

    def ask() -> None:
        answers.append(engine.walk(store.session())(stage(pen), Brief("hello")))

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    assert inside.wait(10)
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert len(pen.calls) == 1
    assert answers[0] == answers[1]


def test_who_waits_for_another_can_still_be_called_off(store: Store) -> None:
    inside, go_on, off = threading.Event(), threading.Event(), threading.Event()

    def slow(brief: Brief, context: Context) -> Note:
        inside.set()
        assert go_on.wait(10)
        return write(brief, context)

    pen = FakeBackend("pen", slow)
    engine = Engine(store)
    first = threading.Thread(target=lambda: engine.walk(store.session())(stage(pen), Brief("hello")))
    first.start()
    assert inside.wait(10)
    off.set()
    with pytest.raises(Cancelled):
        engine.walk(store.session(), Wish(cancelled=off))(stage(pen), Brief("hello"))
    go_on.set()
    first.join()


@dataclass(frozen=True)
class Named(FakeBackend[Brief, Note]):
    """A backend that every brief asks for by name."""

    def named(self, _brief: Brief, /) -> bool:
        return True


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_asked_for_by_name_and_has_no_place_is_a_step_down(store: Store, strict: bool) -> None:
    heard: list[Event] = []
    best, floor = Named("best", write), FakeBackend("floor", write)
    engine = Engine(
        store,
        place=lambda _stage, backend: None if backend == "best" else Placement(),
        why=lambda _stage, backend: f"{backend} is not fetched",
    )
    walk = engine.walk(store.session(), Wish(heard.append, strict=strict))
    notes = stage(best, floor)
    if strict:
        with pytest.raises(StageFailed, match="best is not fetched"):
            walk(notes, Brief("x"))
        return
    walk(notes, Brief("x"))
    down = FellBack("notes", "best", "floor", "best is not fetched")
    assert (walk.fallbacks, walk.backends) == ([down], {"notes": "floor"})
    assert down in heard


def test_what_was_not_asked_for_by_name_is_passed_over_in_silence(store: Store) -> None:
    best, floor = FakeBackend("best", write), FakeBackend("floor", write)
    engine = Engine(store, place=lambda _stage, backend: None if backend == "best" else Placement())
    walk = engine.walk(store.session())
    walk(stage(best, floor), Brief("x"))
    assert (walk.fallbacks, walk.backends) == ([], {"notes": "floor"})
