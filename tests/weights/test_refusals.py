"""Each way in which a hub can refuse has its own error, which says what to do; it is tried again where that helps."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from avatar.errors import Damaged, FetchError, Gated, Missing, Offline, Stalled, StorageError
from avatar.fetch import Patience
from avatar.plan import WeightFile, Weights
from tests.weights.hub import TOKEN, Fault, Hub
from tests.weights.models import MODEL, Workshop, fill, model

FILE = "part0/model.safetensors"
LIST = "/api/models/org/tiny"
BROKEN = Patience(silence=1.0, attempts=3, pause=0.01, longest=1.5)


def gate(hub: Hub) -> None:
    hub.add(MODEL.source, fill(MODEL), gated=True)


def lose_file(hub: Hub) -> None:
    del hub.repos[MODEL.source].files[FILE]


def lose_repository(hub: Hub) -> None:
    del hub.repos[MODEL.source]


def fail(path: str, *faults: Fault) -> Callable[[Hub], None]:
    return lambda hub: hub.fail(path, *faults)


def always(path: str, fault: Fault) -> Callable[[Hub], None]:
    return fail(path, *(fault for _ in range(3)))


CASES: dict[str, tuple[Callable[[Hub], None], type[FetchError], str]] = {
    "gated": (gate, Gated, "org/tiny is given to those who agree to its terms. Agree on its page, then set HF_TOKEN."),
    "no such repository": (lose_repository, Missing, "org/tiny does not exist or is private."),
    "no such file": (lose_file, Missing, f"org/tiny has no {FILE} (any more)."),
    "file gone meanwhile": (fail(FILE, Fault(404, {"X-Error-Code": "EntryNotFound"})), Missing, f"has no {FILE}"),
    "gone without a word": (fail(FILE, Fault(410)), Missing, f"has no {FILE}"),
    "shut by the hub": (
        fail(LIST, Fault(403, {"X-Error-Message": "Access to this resource is disabled."})),
        Missing,
        "was shut by the hub",
    ),
    "token refused": (fail(LIST, Fault(403)), Gated, "does not accept the token, or wants one."),
    "token unknown": (
        fail(LIST, Fault(401, {"X-Error-Message": "Invalid credentials in Authorization header"})),
        Gated,
        "does not accept the token",
    ),
    "listing fails": (always(LIST, Fault(500)), Stalled, "org/tiny answers with error 500. Try again later."),
    "file fails": (always(FILE, Fault(503)), Stalled, "org/tiny answers with error 503. Try again later."),
    "asked too often": (always(LIST, Fault(429)), Stalled, "is asked too often. Try again later, or set HF_TOKEN."),
    "told to wait long": (
        fail(FILE, Fault(429, {"Retry-After": "3600"})),
        Stalled,
        "is asked too often. Try again in 3600 s, or set HF_TOKEN.",
    ),
    "limit reached": (
        fail(LIST, Fault(429, {"RateLimit": '"api";r=0;t=120'})),
        Stalled,
        "Try again in 120 s, or set HF_TOKEN.",
    ),
    "a teapot": (fail(LIST, Fault(418)), FetchError, "answers with error 418"),
    "not a hub": (fail(LIST, Fault(200, {"Content-Type": "text/html"}, body=b"<p>log in")), Offline, "is no hub"),
    "a hub of nothing": (fail(LIST, Fault(200, body=b"{}")), Offline, "is no hub"),
    "other bytes": (fail(FILE, Fault(spoil=True), Fault(spoil=True)), Damaged, f"{FILE} came with other bytes"),
    "small file's other bytes": (
        fail("config.json", Fault(spoil=True), Fault(spoil=True)),
        Damaged,
        "config.json came with other bytes",
    ),
    "cut at once": (always(FILE, Fault(cut=0)), Stalled, "Try again: it goes on where it stopped."),
    "silence": (
        always(FILE, Fault(cut=0, hang=0.6)),
        Stalled,
        f"org/tiny stopped sending {FILE}. Try again: it goes on where it stopped.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_has_its_own_error(workshop: Workshop, hub: Hub, case: str) -> None:
    spoil, kind, text = CASES[case]
    spoil(hub)
    quick = Patience(silence=0.3, attempts=3, pause=0.01, longest=0.2)
    with pytest.raises(FetchError) as refused:
        workshop.get(workshop.fetcher(patience=quick))
    assert type(refused.value) is kind
    assert text in str(refused.value)
    assert not (workshop.models / "tiny").exists()
    assert workshop.fetcher().installed() == {}


@pytest.mark.parametrize("case", CASES)
def test_no_refusal_spoils_the_next_try(workshop: Workshop, hub: Hub, case: str) -> None:
    spoil, _kind, _text = CASES[case]
    spoil(hub)
    with pytest.raises(FetchError):
        workshop.get(workshop.fetcher(patience=Patience(silence=0.3, attempts=3, pause=0.01, longest=0.2)))
    hub.faults.clear()
    hub.add(MODEL.source, fill(MODEL))
    workshop.get(workshop.fetcher())
    assert workshop.holds()


@pytest.mark.parametrize(
    "faults",
    [
        (Fault(500), Fault(502)),
        (Fault(429, {"Retry-After": "0"}), Fault(408)),
        (Fault(429, {"Retry-After": "1"}),),
        (Fault(cut=10), Fault(cut=0)),
        (Fault(spoil=True),),
        (Fault(416),),
        (Fault(hang=1.5),),
    ],
    ids=["errors", "too often", "told to wait", "cuts", "spoiled once", "no such range", "slow"],
)
def test_what_passes_is_outlasted(workshop: Workshop, hub: Hub, faults: tuple[Fault, ...]) -> None:
    hub.fail(FILE, *faults)
    workshop.get(workshop.fetcher(patience=BROKEN))
    assert workshop.holds()


def test_a_listing_that_fails_is_asked_for_again(workshop: Workshop, hub: Hub) -> None:
    hub.fail(LIST, Fault(503), Fault(hang=2))
    workshop.get(workshop.fetcher(patience=BROKEN))
    assert workshop.holds()


def test_a_token_opens_what_is_gated_and_never_reaches_the_cdn(workshop: Workshop, hub: Hub) -> None:
    gate(hub)
    workshop.get(workshop.fetcher(token=TOKEN))
    assert workshop.holds()
    assert {(ask.cdn, ask.token) for ask in hub.asked} == {(False, TOKEN), (True, "")}


def test_a_wrong_token_is_told_from_none(workshop: Workshop, hub: Hub) -> None:
    gate(hub)
    with pytest.raises(Gated, match="Agree on its page"):
        workshop.get(workshop.fetcher(token="hf_wrong"))  # noqa: S106 - wrong on purpose


def test_offline_mode_asks_nobody_and_leaves_what_is_here(workshop: Workshop, hub: Hub) -> None:
    with pytest.raises(Offline, match="tiny is not here, and offline mode is on. Unset HF_HUB_OFFLINE to fetch it."):
        workshop.get(workshop.fetcher(offline=True))
    assert hub.asked == []
    workshop.get(workshop.fetcher())
    hub.asked.clear()
    assert workshop.get(workshop.fetcher(offline=True)) == workshop.models / "tiny"
    assert hub.asked == []


def test_a_hub_that_nobody_runs_is_offline(workshop: Workshop) -> None:
    with pytest.raises(Offline, match="org/tiny can't be reached. Check the network, or set HF_ENDPOINT to a mirror."):
        workshop.get(workshop.fetcher(endpoint="http://127.0.0.1:9"))


@pytest.mark.parametrize("endpoint", ["hub.example", "gopher://hub.example"])
def test_an_address_that_is_none_is_told_at_once(workshop: Workshop, endpoint: str) -> None:
    with pytest.raises(Offline, match="Check HF_ENDPOINT"):
        workshop.get(workshop.fetcher(endpoint=endpoint, patience=Patience(pause=1_000)))


def test_a_digest_of_the_catalogue_outranks_the_hub(workshop: Workshop) -> None:
    file = WeightFile(FILE, 300_000, "0" * 64)
    row = Weights("tiny", "org/tiny", "", (file,), "MIT", commercial=True)
    with pytest.raises(Damaged, match=f"org/tiny has other bytes as {FILE} than are known. Take a newer catalogue."):
        workshop.get(workshop.fetcher(row), row)


def test_a_web_file_of_another_size_than_its_head_says_is_refused(workshop: Workshop, hub: Hub) -> None:
    hub.web["/a/file.task"] = b"12345"
    hub.fail("file.task", Fault(200, {"Content-Length": "3"}, body=b"123"))
    row = Weights("a", f"{hub.url}/a", "1", (WeightFile("file.task", 5),), "MIT", commercial=True)
    with pytest.raises(Damaged, match="file.task is offered in another size than promised"):
        workshop.get(workshop.fetcher(row), row)


def test_a_row_without_its_conversion_is_told(workshop: Workshop) -> None:
    row = model("tiny", 300_000, conversion="halve")
    with pytest.raises(FetchError, match="tiny can't be converted here"):
        workshop.get(workshop.fetcher(row), row)


def test_a_place_that_can_not_be_written_is_told(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    fetcher = workshop.fetcher()
    assert fetcher.installed() == {}
    assert fetcher.faults() == {}
    with pytest.raises(StorageError, match="is not a folder"):
        workshop.get(fetcher)


def test_a_mirror_that_tells_no_sizes_is_told(workshop: Workshop, hub: Hub) -> None:
    siblings = [{"rfilename": file.path} for file in MODEL.files]
    listing = {"id": MODEL.source, "sha": "0" * 40, "siblings": siblings, "tags": []}
    hub.fail(LIST, Fault(200, {"Content-Type": "application/json"}, body=json.dumps(listing).encode()))
    with pytest.raises(Offline, match="tells no sizes. Check HF_ENDPOINT."):
        workshop.get(workshop.fetcher())
