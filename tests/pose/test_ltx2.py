"""LTX-2 as a pose backend: what it hears and is shown, and a tiny release in the hub's layout, from fetch to film."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avatar.artifacts import Clip, Footage
from avatar.engine import Engine
from avatar.errors import BadOutput, BadRequest, Cancelled, OutOfMemory, Unavailable
from avatar.events import Glimpsed
from avatar.fitting import Fit, fit
from avatar.media import footage
from avatar.plan import Gpu, Machine
from avatar.sampling import Sampling
from avatar.stage import Placement
from avatar.testing import Bench, workbench
from hf_spaces_models import CATALOGUE, PROFILES
from stages import lips
from stages.diffusion import previews
from stages.diffusion.prompts import Prompts
from stages.lips import LIPS
from stages.pose import POSE, Brief, Driving, Partner, Shooting, alone
from stages.pose.driving.faces import UNLOOKED, Finder
from stages.pose.ltx2 import wording
from stages.pose.ltx2.backend import Ltx2
from stages.pose.ltx2.hearing import Ear, spectrogram
from stages.pose.ltx2.perform import READ, Speaker
from stages.pose.ltx2.spans import JOINED, LENGTH, SEGMENTS, drawn, pace, spans
from tests.diffusion.replay import replayed
from tests.motion.talk import silence, talk
from tests.pose.people import brief, portrait
from tests.pose.test_wan import Heard
from tests.pose.tiny_ltx2 import write
from tests.shared import shared
from tests.speech.recordings import wav
from tests.weights.hub import Hub
from tests.weights.models import Workshop

RATE = 16000
SHOT = Shooting(width=64, height=64)
CARD = 10**9


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory) -> Placement:
    return write(tmp_path_factory.mktemp("weights"))


def opened(placement: Placement) -> Speaker:
    """It, reading few words: a thousand take long on a processor."""
    loaded = Ltx2().load(placement)
    assert isinstance(loaded, Speaker)
    return replace(loaded, words=Prompts(loaded.model, limit=160, names=READ))


@pytest.fixture(scope="module")
def perform(placement: Placement) -> Speaker:
    return opened(placement)


@pytest.fixture(autouse=True)
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rough pictures: they come by the clock, and their decoder's blocks ask whether they are still wanted."""
    monkeypatch.setattr(previews, "APART", 1000.0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return workbench(tmp_path)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.2, round(seconds * RATE)).astype(np.float32)


def asked(bench: Bench, *, fps: int = 25, repeat: int = 1, sound: int = 0, **changes: object) -> Brief:
    wanted = brief(bench, talk("tá. ", repeat=repeat, start=0.0), fps=fps)
    assert wanted.speech is not None
    heard = bench.blob(wav(noise(wanted.speech.seconds, sound), rate=RATE), "audio/wav")
    wanted = replace(wanted, speech=replace(wanted.speech, sound=heard), shooting=SHOT)
    return replace(wanted, **changes)  # type: ignore[arg-type]


def shot_of(clip: Clip) -> Footage:
    assert clip.footage is not None
    return clip.footage


def shown(bench: Bench, clip: Clip) -> np.ndarray:
    return np.stack(list(footage.frames(shot_of(clip), bench.context)))


def test_a_clip_gets_footage_that_speaks_at_the_film_s_rate_and_length(
    bench: Bench, perform: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "APART", 0.0)
    wanted = asked(bench)
    made = shot_of(perform(wanted, bench.context))
    assert (made.width, made.height, made.fps, made.frames) == (64, 64, 25, wanted.clip.motion.frames)
    assert made.spoken
    assert not made.filmed
    assert not any("between were made" in note or "pieces" in note for note in made.notes)
    assert any(isinstance(event, Glimpsed) for event in bench.events)
    assert shot_of(perform(wanted, bench.context)) == made


def test_it_films_the_same_one_part_at_a_time(bench: Bench, perform: Speaker, placement: Placement) -> None:
    turns = opened(replace(placement, offload="model"))  # which on a processor rounds a little differently
    found = [shown(bench, each(asked(bench), bench.context)).astype(int) for each in (perform, turns)]
    assert np.abs(found[0] - found[1]).max() <= 1


def test_what_hardly_changes_is_taken_over_in_picture_and_sound(bench: Bench, perform: Speaker) -> None:
    wanted = asked(bench)
    plain = shot_of(perform(wanted, bench.context))
    found = replayed(perform.model, lambda: perform(wanted, bench.context), "transformer_blocks")
    for first, whole, again in zip(found.first, found.plain, found.again, strict=True):
        assert torch.equal(first, whole)
        assert torch.allclose(again, first, atol=1e-5)
    assert found.worked == 1
    made = shot_of(perform(replace(wanted, sampling=Sampling(cache_threshold=1.0)), bench.context))
    assert made.diffusion is not None
    assert (made.diffusion.cache_threshold, made.video == plain.video) == (1.0, False)
    assert shot_of(perform(wanted, bench.context)) == plain


def test_another_sound_or_seed_is_another_film(bench: Bench, perform: Speaker) -> None:
    wishes = asked(bench), asked(bench, sound=1), asked(bench, seed=8)
    assert len({shot_of(perform(wanted, bench.context)).video for wanted in wishes}) == 3


def test_its_sound_is_held_and_its_first_frame_is_the_portrait(bench: Bench, perform: Speaker) -> None:
    wanted = asked(bench)
    calls: list[dict[str, Any]] = []
    network = perform.model.pipe.transformer
    hook = network.register_forward_pre_hook(lambda _net, _args, given: calls.append(given), with_kwargs=True)
    try:
        made = shown(bench, perform(wanted, bench.context))
    finally:
        hook.remove()
    assert len(calls) == 8
    assert all(torch.equal(call["audio_hidden_states"], calls[0]["audio_hidden_states"]) for call in calls)
    assert not any(bool(call["audio_timestep"].any()) for call in calls)  # its sound is known, so it stays as it is
    piece = next(spans(wanted.clip.motion.frames))
    assert calls[0]["audio_num_frames"] == piece.drawn  # both come 25 a second
    assert calls[0]["hidden_states"].shape[1] == ((piece.drawn - 1) // 8 + 1) * 2 * 2
    told = calls[0]["timestep"].reshape(-1, 4)
    assert not told[0].any()  # the first frame is known: it is the portrait
    assert bool(told[1:].all())
    assert len(made) == wanted.clip.motion.frames


def test_a_long_film_goes_on_from_the_last_frames_of_each_piece(bench: Bench, perform: Speaker) -> None:
    wanted = asked(bench, repeat=9)
    seen: list[torch.Tensor] = []
    hook = perform.model.pipe.vae.encoder.register_forward_pre_hook(lambda _net, given: seen.append(given[0]))
    try:
        clip = perform(wanted, bench.context)
    finally:
        hook.remove()
    frames = shown(bench, clip)
    assert LENGTH < len(frames) == wanted.clip.motion.frames <= 2 * LENGTH - JOINED
    assert [each.shape[2] for each in seen] == [1, JOINED]
    again = np.rint((seen[1][0].permute(1, 2, 3, 0).numpy() + 1) * 127.5)
    assert np.array_equal(again, frames[LENGTH - JOINED : LENGTH])
    assert any("2 pieces of at most 4.8 s" in note for note in shot_of(clip).notes)


def test_pieces_cover_a_film_and_fill_the_pipeline_s_grid() -> None:
    for frames in (*range(1, 400), 5000):
        found = list(spans(frames))
        assert (found[0].start, found[0].first, found[-1].last) == (0, 0, frames)
        for one, other in pairwise(found):
            assert other.first == one.last
            assert other.first - other.start == JOINED
        for piece in found:
            assert len(range(piece.drawn)[piece.kept]) == piece.last - piece.first > 0
            assert piece.drawn <= LENGTH
            assert any((piece.drawn - 1) % segment == 0 for segment in SEGMENTS)


@pytest.mark.parametrize(
    ("fps", "wanted", "rate"),
    [
        (25, None, 25),
        (30, None, 30),
        (50, None, 25),
        (60, None, 30),
        (10, None, 10),
        (120, None, 30),
        (25, 24.0, 24),
        (25, 5.0, 20),
        (24, 30.0, 24),
    ],
)
def test_it_films_at_a_rate_that_it_was_taught(fps: float, wanted: float | None, rate: float) -> None:
    assert pace(fps, wanted) == rate
    for seconds in (0.0, 1.0, 3.3):
        assert drawn(seconds, rate) - 1 >= seconds * rate > drawn(seconds, rate) - 2


def test_other_rates_and_wishes_that_have_no_use_are_told(bench: Bench, perform: Speaker) -> None:
    wishes = Sampling(sampler="dpm++", steps=20, guidance=4.0)
    wanted = asked(bench, fps=50, sampling=wishes, shooting=replace(SHOT, window=6))
    made = shot_of(perform(wanted, bench.context))
    assert (made.fps, made.frames) == (50, wanted.clip.motion.frames)
    told = " ".join(made.notes)
    for words in (
        "25 frames a second; those between were made",
        "dpm++ does not fit",
        "8 were made, not 20",
        "4 was left out",
        "window had no use",
    ):
        assert words in told


def slaney(bands: int) -> np.ndarray:
    """Triangles of equal area over Slaney's scale: straight up to 1 kHz, 27 bands for each factor of 6.4 above."""
    top = 15.0 + 27.0 * np.log(8000.0 / 1000.0) / np.log(6.4)
    mels = np.linspace(0.0, top, bands + 2)
    edges = np.where(mels < 15.0, mels * 200.0 / 3.0, 1000.0 * 6.4 ** ((mels - 15.0) / 27.0))
    hertz = np.linspace(0.0, 8000.0, 513)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    sides = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle))
    return np.asarray(np.maximum(sides, 0.0) * 2.0 / (high - low))


def test_it_hears_mel_bands_as_its_makers_made_them(perform: Speaker) -> None:
    samples = noise(0.5)
    sizes = perform.model.pipe.audio_vae.config
    around = np.pad(samples, 512, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, 1024)[::160] * np.hanning(1025)[:-1]
    wanted = np.log(np.maximum(np.abs(np.fft.rfft(windows)) @ slaney(sizes.mel_bins), 1e-5))
    assert np.abs(spectrogram(around, RATE, sizes).numpy() - wanted).max() < 1e-3


def test_a_piece_hears_what_the_whole_has_there_and_then_silence(perform: Speaker) -> None:
    vae, device = perform.model.pipe.audio_vae, torch.device("cpu")
    ear = Ear(noise(4.0), RATE)
    later = Ear(ear.samples[RATE:], RATE)
    with torch.no_grad():
        one, other = (
            each.latents(vae, start=start, many=25, device=device) for each, start in ((ear, 1.0), (later, 0.0))
        )
        beyond = ear.latents(vae, start=9.0, many=10, device=device)
        none = Ear(np.zeros(3, np.float32), RATE).latents(vae, start=0.0, many=10, device=device)
    assert one.shape == (1, 2, 25, 4)
    assert torch.allclose(one[:, :, 20:], other[:, :, 20:], atol=1e-3)  # before lies other sound
    assert torch.equal(beyond, none)


def test_it_is_told_the_words_of_its_piece() -> None:
    said = talk("tadá bisó ladúbi.", repeat=1)
    first, last = said.words[0], said.words[-1]
    assert 'They say: "tadá"' in wording.prompt(said, start=0.0, end=first.end, mood="neutral")
    assert 'They say: "ladúbi"' in wording.prompt(said, start=last.start, end=9.0, mood="happy")
    assert "smile" in wording.prompt(said, start=0.0, end=9.0, mood="happy")
    assert wording.SILENT in wording.prompt(said, start=last.end, end=9.0, mood="neutral")
    assert wording.prompt(silence(2.0), start=0.0, end=2.0, mood="neutral") == wording.SEEN


def test_only_who_speaks_from_a_picture_of_its_kind_is_filmed(bench: Bench) -> None:
    backend, wanted = Ltx2(), asked(bench)
    drawing = replace(wanted, clip=replace(wanted.clip, portrait=portrait(bench, kind="drawn")))
    made = Footage(wanted.clip.portrait.image, 64, 64, 25.0, 1, filmed=True)
    named = replace(wanted, backend="ltx2")
    assert backend.takes(wanted)
    assert backend.takes(replace(drawing, backend="ltx2"))
    assert backend.named(named)
    assert alone("ltx2")
    assert not alone("wan-animate")
    for other in (
        drawing,
        replace(named, speech=None),
        replace(wanted, backend="warp"),
        replace(named, driving=Driving(motion="greet")),
        replace(named, partners=(Partner(wanted.speech, (0.0, 0.0)),) if wanted.speech else ()),
        replace(named, clip=replace(wanted.clip, footage=made)),
    ):
        assert not backend.takes(other)
    assert POSE.chain[0].id == "ltx2"


def test_nothing_to_say_is_refused(bench: Bench, perform: Speaker) -> None:
    with pytest.raises(BadRequest, match="nothing is said"):
        perform(replace(asked(bench), speech=None), bench.context)


def test_it_can_be_called_off_at_any_block(bench: Bench, perform: Speaker) -> None:
    wanted = asked(bench)
    expected = perform(wanted, bench.context)  # its prompt is read by then
    heard = Heard(bench)
    perform(wanted, heard)  # type: ignore[arg-type]
    whole = len(heard.told)
    done = [done / total for done, total in heard.told]
    assert done == sorted(done)
    assert done[-1] > 0.8
    for at in (1, whole // 2, whole - 1):
        with pytest.raises(Cancelled):
            perform(wanted, Heard(bench, stopping(at, Cancelled("no longer wanted"))))  # type: ignore[arg-type]
    assert perform(wanted, bench.context).footage == expected.footage


def stopping(at: int, error: Exception, *, times: int = 1) -> Callable[[int], None]:
    """Raise at this call and at those that follow, so often."""
    left = times

    def stop(calls: int) -> None:
        nonlocal left
        if calls >= at and left:
            left -= 1
            raise error

    return stop


def test_memory_that_is_short_once_is_told_and_for_good_is_an_error_of_ours(bench: Bench, placement: Placement) -> None:
    fresh, short = opened(placement), torch.OutOfMemoryError("out of memory")
    fresh(asked(bench), bench.context)
    heard = Heard(bench)
    fresh(asked(bench), heard)  # type: ignore[arg-type]
    end = len(heard.told) - 2
    made = shot_of(fresh(asked(bench), Heard(bench, stopping(end, short))))  # type: ignore[arg-type]
    assert any("tile by tile" in note for note in made.notes)
    with pytest.raises(OutOfMemory):
        fresh(asked(bench), Heard(bench, stopping(end // 2, short, times=10**6)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "lost", ["transformer/config.json", "connectors/diffusion_pytorch_model.safetensors", "tokenizer/tokenizer.json"]
)
def test_weights_with_a_hole_are_not_loaded(tmp_path: Path, lost: str) -> None:
    placement = write(tmp_path)
    (placement.weights["ltx-2"] / lost).unlink()
    with pytest.raises(Unavailable, match=f"{Path(lost).parent.name}.*ltx-2"):
        Ltx2().load(placement)


def test_what_is_fetched_films_and_its_lips_stay(tmp_path: Path) -> None:
    row = CATALOGUE["ltx-2"]
    folder = write(tmp_path / "made").weights["ltx-2"]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with Hub() as hub:
        hub.add(row.source, {**files, "vocoder/model.safetensors": b"not wanted"})
        workshop = Workshop(hub, tmp_path / "models")
        workshop.get(workshop.fetcher(row), row)
    fetched = tmp_path / "models" / "ltx-2"
    assert not (fetched / "vocoder").exists()
    bench = workbench(tmp_path / "bench")
    places = {"ltx2": Placement(weights={"ltx-2": fetched}), "phonemes": Placement()}
    walk = Engine(bench.store, place=lambda _stage, name: places.get(name)).walk(bench.session)
    wanted = asked(bench)
    assert wanted.speech is not None
    posed = walk(POSE, wanted)
    assert shot_of(posed).spoken
    assert walk(LIPS, lips.Brief(posed, wanted.speech, 1)).footage == posed.footage
    assert not walk.fallbacks


def test_a_film_of_nobody_is_none(bench: Bench, perform: Speaker) -> None:
    assert UNLOOKED in shot_of(perform(asked(bench), bench.context)).notes
    looking = replace(perform, faces=Finder(shared("models/face_landmarker.task").parent))
    with pytest.raises(BadOutput, match="A face is seen in 0 %"):
        looking(asked(bench), bench.context)


def test_it_wants_a_card_of_its_size_and_is_never_in_a_profile() -> None:
    found = {size: fit(Ltx2().needs, machine(size)) for size in (16, 24, 40, 80)}
    assert {size: isinstance(each, Fit) for size, each in found.items()} == {16: False, 24: False, 40: False, 80: True}
    best = found[80]
    assert isinstance(best, Fit)
    assert (best.mode.precision, best.mode.offload) == ("bfloat16", "tiles")
    assert "ltx-2" not in PROFILES["maximum"]


def machine(size: int) -> Machine:
    card = Gpu(f"{size} GB", size * CARD, int(0.99 * size * CARD), capability=(9, 0))
    return Machine(16.0, 256 * CARD, 250 * CARD, 500 * CARD, 400 * CARD, (card,), frozenset(Ltx2().needs.packages))
