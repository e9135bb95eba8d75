"""Micro-batches: who runs with whom, who waits how long, and what happens when one leaves, fails or finds no memory."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from avatar.attempt import Wish
from avatar.batching import REST, Batcher
from avatar.engine import Engine
from avatar.errors import AvatarError, BadOutput, Cancelled, OutOfMemory, StageFailed, TimedOut
from avatar.events import Event, Finished, Progressed
from avatar.stage import Context, Placement, Stage
from avatar.testing import FakeBackend, ManualClock, MemoryStore

FOREVER = 60.0  # a window that only a full batch ends


@dataclass(frozen=True)
class Brief:
    text: str
    size: int = 512


@dataclass(frozen=True)
class Word:
    text: str


def simply(brief: Brief, context: Context) -> Word:
    context.step(1, 1)
    return Word(brief.text.upper())


@dataclass
class Choir:
    """A performer that sings alone or together; `before` is called with each batch's briefs, `sizes` keeps them."""

    before: Callable[[Sequence[Brief]], None] = lambda briefs: None
    sizes: list[int] = field(default_factory=list)
    polite: bool = True

    def __call__(self, brief: Brief, context: Context, /) -> Word:
        self.sizes.append(1)
        self.before([brief])
        return simply(brief, context)

    def batch_key(self, brief: Brief, /) -> str | None:
        return str(brief.size) if brief.size else None

    def batch(self, briefs: Sequence[Brief], contexts: Sequence[Context], /) -> Sequence[Word]:
        self.sizes.append(len(briefs))
        self.before(briefs)
        made: list[Word] = []
        for brief, context in zip(briefs, contexts, strict=True):
            try:
                made.append(simply(brief, context))
            except Cancelled:
                if not self.polite:
                    raise
                made.append(Word("left out"))
        return made


class Podium:
    """A context that tells its steps, and raises `error` in the first one."""

    device, seed = "cpu", 0

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.steps: list[tuple[int, int]] = []

    def step(self, done: int, total: int) -> None:
        if self.error:
            raise self.error
        self.steps.append((done, total))

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise AttributeError(name)


Answers = dict[str, Word | BaseException]


def sing(
    batcher: Batcher, choir: Choir, briefs: Sequence[Brief], *, contexts: dict[str, Podium] | None = None
) -> Answers:
    """What each of these gets, all asked at once by a thread of its own."""
    together = threading.Barrier(len(briefs))

    def ask(brief: Brief) -> Word:
        context = (contexts or {}).get(brief.text) or Podium()
        together.wait()
        return batcher.run(choir, brief, context=context, lane="cuda:0", group="choir")  # type: ignore[arg-type]

    with ThreadPoolExecutor(len(briefs)) as pool:
        asked = {brief.text: pool.submit(ask, brief) for brief in briefs}
    return {text: future.exception() or future.result() for text, future in asked.items()}


def briefs(count: int, size: int = 512) -> list[Brief]:
    return [Brief(f"n{number}", size) for number in range(count)]


def expected(count: int) -> Answers:
    return {f"n{number}": Word(f"N{number}") for number in range(count)}


def test_what_arrives_together_runs_together_and_each_gets_its_own() -> None:
    choir = Choir()
    assert sing(Batcher(window=FOREVER, most=4), choir, briefs(4)) == expected(4)
    assert choir.sizes == [4]


def test_never_more_than_allowed_at_once() -> None:
    choir = Choir()
    assert sing(Batcher(window=FOREVER, most=4), choir, briefs(8)) == expected(8)
    assert choir.sizes == [4, 4]


def test_only_equal_keys_run_together() -> None:
    choir = Choir()
    mixed = [Brief(f"n{number}", (512, 768)[number % 2]) for number in range(4)]
    assert sing(Batcher(window=FOREVER, most=2), choir, mixed) == expected(4)
    assert choir.sizes == [2, 2]


def test_other_performers_never_run_together() -> None:
    ada, ben = Choir(), Choir()
    batcher = Batcher(window=0.2, most=2)
    answers: list[Word] = []

    def ask(choir: Choir, group: str) -> None:
        answers.append(batcher.run(choir, Brief(group), context=Podium(), lane="cuda:0", group=group))  # type: ignore[arg-type]

    threads = [threading.Thread(target=ask, args=pair) for pair in ((ada, "ada"), (ben, "ben"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (ada.sizes, ben.sizes, {word.text for word in answers}) == ([1], [1], {"ADA", "BEN"})


def test_one_alone_runs_when_its_window_is_over() -> None:
    choir, clock = Choir(), ManualClock()
    batcher = Batcher(window=FOREVER, clock=clock)
    waited = threading.Event()

    def check() -> None:
        if not waited.is_set():
            waited.set()
            clock.advance(FOREVER)

    assert batcher.run(choir, Brief("solo"), context=Podium(), lane="cuda:0", group="g", check=check) == Word("SOLO")  # type: ignore[arg-type]
    assert waited.is_set()
    assert choir.sizes == [1]


def test_one_without_a_key_runs_at_once_and_alone() -> None:
    choir = Choir()
    assert sing(Batcher(window=FOREVER), choir, briefs(3, size=0)) == expected(3)
    assert choir.sizes == [1, 1, 1]


def test_who_comes_while_the_device_is_busy_runs_together_after() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def hold(briefs: Sequence[Brief]) -> None:
        if briefs[0].text == "first":
            inside.set()
            assert go_on.wait(20)

    choir = Choir(before=hold)
    batcher = Batcher(window=0.0, most=8)
    first = threading.Thread(target=sing, args=(batcher, choir, [Brief("first")]))
    first.start()
    assert inside.wait(20)
    answers: Answers = {}
    rest = threading.Thread(target=lambda: answers.update(sing(batcher, choir, briefs(3))))
    rest.start()
    until(lambda: len(batcher.waiting("cuda:0")) == 3)
    go_on.set()
    first.join(20)
    rest.join(20)
    assert (choir.sizes, answers) == ([1, 3], expected(3))


@pytest.mark.parametrize("polite", [True, False], ids=["performer leaves it out", "performer lets it pass"])
@pytest.mark.parametrize(
    "error", [Cancelled("off"), TimedOut("late"), KeyboardInterrupt()], ids=["off", "late", "killed"]
)
def test_one_leaves_and_the_others_go_on(error: BaseException, polite: bool) -> None:
    choir = Choir(polite=polite)
    answers = sing(Batcher(window=FOREVER, most=4), choir, briefs(4), contexts={"n2": Podium(error)})
    assert answers == expected(4) | {"n2": error}


def test_all_leave() -> None:
    off = {f"n{number}": Podium(Cancelled(f"off {number}")) for number in range(3)}
    answers = sing(Batcher(window=FOREVER, most=3), Choir(polite=False), briefs(3), contexts=off)
    assert sorted(str(error) for error in answers.values()) == ["off 0", "off 1", "off 2"]


def test_who_waits_in_line_can_be_called_off() -> None:
    def check() -> None:
        raise Cancelled("off")

    batcher, choir = Batcher(window=FOREVER), Choir()
    with pytest.raises(Cancelled):
        batcher.run(choir, Brief("x"), context=Podium(), lane="cuda:0", group="g", check=check)  # type: ignore[arg-type]
    assert (choir.sizes, batcher.waiting("cuda:0")) == ([], ())


@pytest.mark.parametrize("error", [BadOutput("black frames"), ZeroDivisionError("a bug")], ids=["ours", "bug"])
def test_an_error_is_told_to_each(error: Exception) -> None:
    def fail(_briefs: Sequence[Brief]) -> None:
        raise error

    choir = Choir(before=fail)
    answers = sing(Batcher(window=FOREVER, most=3), choir, briefs(3))
    assert answers == {f"n{number}": error for number in range(3)}
    assert choir.sizes == [3]


def test_too_few_results_are_bad_output() -> None:
    class Deaf(Choir):
        def batch(self, briefs: Sequence[Brief], contexts: Sequence[Context], /) -> Sequence[Word]:
            return [Word("one")]

    answers = sing(Batcher(window=FOREVER, most=3), Deaf(), briefs(3))
    assert all(isinstance(error, BadOutput) for error in answers.values())


def room_for(most: int) -> Callable[[Sequence[Brief]], None]:
    def fit(briefs: Sequence[Brief]) -> None:
        if len(briefs) > most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 1.00 GiB.")

    return fit


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_that_is_remembered_for_a_while() -> None:
    spared: list[int] = []
    choir = Choir(before=room_for(2))
    clock = ManualClock()
    batcher = Batcher(window=FOREVER, most=8, spare=lambda: spared.append(1), clock=clock)
    assert sing(batcher, choir, briefs(8)) == expected(8)
    assert choir.sizes == [8, 4, 2, 2, 2, 2]
    assert len(spared) == 2
    assert sing(batcher, choir, briefs(4)) == expected(4)
    assert choir.sizes[6:] == [2, 2]
    clock.advance(REST)
    assert sing(batcher, choir, briefs(8)) == expected(8)
    assert choir.sizes[8] == 8


def test_one_alone_that_does_not_fit_is_told_so() -> None:
    choir = Choir(before=room_for(0))
    answers = sing(Batcher(window=FOREVER, most=2), choir, briefs(2))
    assert [type(error) for error in answers.values()] == [OutOfMemory, OutOfMemory]
    assert choir.sizes == [2, 1, 1]


def test_a_spare_that_fails_blocks_nobody() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    choir = Choir(before=room_for(2))
    answers = sing(Batcher(window=FOREVER, most=4, spare=broken), choir, briefs(4))
    assert sum(isinstance(answer, ZeroDivisionError) for answer in answers.values()) == 1  # whose thread led
    assert sum(isinstance(answer, Word) for answer in answers.values()) == 3


def test_each_context_acts_with_the_variables_of_its_own_caller() -> None:
    who: ContextVar[str] = ContextVar("who")
    heard: dict[str, str] = {}
    batcher, choir = Batcher(window=FOREVER, most=3), Choir()

    class Listener(Podium):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def step(self, done: int, total: int) -> None:
            heard[self.name] = who.get()

    def ask(name: str) -> None:
        who.set(name)
        batcher.run(choir, Brief(name), context=Listener(name), lane="cuda:0", group="g")  # type: ignore[arg-type]

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == {"a": "a", "b": "b", "c": "c"}


def test_many_threads_and_keys_all_get_their_own() -> None:
    choir = Choir(before=room_for(3))
    batcher = Batcher(window=0.005, most=4)
    asked = [Brief(f"n{number}", 512 + number % 3) for number in range(60)]
    assert sing(batcher, choir, asked) == expected(60)
    assert max(choir.sizes) <= 4
    assert batcher.waiting("cuda:0") == ()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


@dataclass(frozen=True)
class Singers(FakeBackend[Brief, Word]):
    choir: Choir = field(default_factory=Choir)

    def load(self, placement: Placement, /) -> Choir:
        self.loads.append(placement)
        return self.choir


def through_engine(engine: Engine, stage: Stage[Brief, Word], wishes: dict[str, Wish]) -> Answers:
    answers: Answers = {}
    together = threading.Barrier(len(wishes))

    def ask(text: str) -> None:
        walk = engine.walk(engine.store.session(), wishes[text])
        together.wait()
        try:
            answers[text] = walk(stage, Brief(text))
        except AvatarError as error:
            answers[text] = error

    threads = [threading.Thread(target=ask, args=(text,)) for text in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


def test_the_engine_batches_and_remembers_each_brief_for_itself(tmp_path: Path) -> None:
    singers = Singers("singers", simply)
    stage = Stage("song", Word, (singers,))
    engine = Engine(MemoryStore(tmp_path), batcher=Batcher(window=FOREVER, most=3))
    events: dict[str, list[Event]] = {f"n{number}": [] for number in range(3)}
    wishes = {name: Wish(told.append) for name, told in events.items()}
    assert through_engine(engine, stage, wishes) == expected(3)
    assert singers.choir.sizes == [3]
    for told in events.values():
        assert [type(event).__name__ for event in told] == ["Started", "Progressed", "Finished"]
    alone = Engine(engine.store)
    again: list[Event] = []
    assert alone.walk(alone.store.session(), Wish(again.append))(stage, Brief("n1")) == Word("N1")
    assert [event.cached for event in again if isinstance(event, Finished)] == [True]
    assert singers.choir.sizes == [3]


def test_cancelling_one_of_a_batch_leaves_the_others_alone(tmp_path: Path) -> None:
    off = threading.Event()
    singers = Singers("singers", simply, choir=Choir(before=lambda briefs: off.set()))
    engine = Engine(MemoryStore(tmp_path), batcher=Batcher(window=FOREVER, most=3))
    wishes = {"n0": Wish(), "n1": Wish(cancelled=off), "n2": Wish()}
    answers = through_engine(engine, Stage("song", Word, (singers,)), wishes)
    assert isinstance(answers.pop("n1"), Cancelled)
    assert answers == {"n0": Word("N0"), "n2": Word("N2")}


def test_out_of_memory_alone_is_tried_once_more_and_then_told(tmp_path: Path) -> None:
    singers = Singers("singers", simply, choir=Choir(before=room_for(0)))
    engine = Engine(MemoryStore(tmp_path), batcher=Batcher(window=0.0))
    answers = through_engine(engine, Stage("song", Word, (singers,)), {"n0": Wish()})
    assert isinstance(answers["n0"], StageFailed)
    assert "did not fit" in str(answers["n0"])
    assert singers.choir.sizes == [1, 1]


def test_progress_of_a_batch_reaches_every_listener(tmp_path: Path) -> None:
    engine = Engine(MemoryStore(tmp_path), batcher=Batcher(window=FOREVER, most=2))
    told: dict[str, list[Event]] = {"n0": [], "n1": []}
    stage = Stage("song", Word, (Singers("singers", simply),))
    through_engine(engine, stage, {name: Wish(heard.append) for name, heard in told.items()})
    for heard in told.values():
        assert Progressed("song", 1, 1) in heard
