"""What a film says of its own making: signed, read again, and found out when changed."""

import stat
from pathlib import Path

import pytest

from avatar.doors import report
from avatar.errors import BadRequest, UnsupportedMedia
from avatar.jobs.signing import Signing
from avatar.media import provenance
from avatar.media.provenance import Claim, Credentials, SourceType
from avatar.sampling import Diffusion
from avatar.testing import workbench
from tests.quality import films

pytest.importorskip("c2pa", reason="Content Credentials need the package c2pa")

PAINTED = Diffusion("sd-turbo", (7, 8), 2, 0.0, "euler-a", 512, 512)
CLAIM = Claim(
    "composite", {"speech": "espeak", "film": "compositor"}, ("sd-turbo: none",), ("ab" * 32,), (PAINTED.written,)
)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    said = films.spoken(3.0)
    return films.film(tmp_path, films.track(said), said).path


@pytest.fixture
def signer(tmp_path: Path) -> Credentials:
    return provenance.credentials(tmp_path / "keys")


@pytest.fixture
def signed(film: Path, signer: Credentials) -> Path:
    target = film.with_name("signed.mp4")
    provenance.sign(film, target, CLAIM, signer=signer)
    return target


def test_a_signed_film_says_what_made_it(signed: Path) -> None:
    told = provenance.read(signed)
    assert told is not None
    assert (told.valid, told.source, told.signer) == (True, "composite", provenance.NOBODY)
    assert told.generator.startswith("Avatar Chat ")
    assert told.making == {
        "backends": {"speech": "espeak", "film": "compositor"},
        "licences": ["sd-turbo: none"],
        "uploads": ["ab" * 32],
        "diffusion": [PAINTED.written],
    }
    assert "sampler euler-a" in report.provenance(told)


def test_nobody_vouches_for_a_development_certificate(signed: Path) -> None:
    told = provenance.read(signed)
    assert told is not None
    assert not told.trusted
    assert told.problems == ("signingCredential.untrusted",)


def test_a_film_without_a_manifest_tells_nothing(film: Path) -> None:
    assert provenance.read(film) is None


@pytest.mark.parametrize("place", [0.5, 0.9])
def test_a_changed_picture_or_sound_is_found_out(signed: Path, place: float) -> None:
    data = bytearray(signed.read_bytes())
    media = data.index(b"mdat")
    data[media + int((len(data) - media) * place)] ^= 1
    signed.write_bytes(data)
    told = provenance.read(signed)
    assert told is not None
    assert not told.valid
    assert "assertion.bmffHash.mismatch" in told.problems


def test_a_head_without_a_body_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    assert provenance.read(file) is None


@pytest.mark.parametrize("data", [b"", b"hello"])
def test_what_is_no_film_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(data)
    with pytest.raises(UnsupportedMedia, match=r"^x.mp4 is neither a film nor a picture that can be read. Name an MP4"):
        provenance.read(file)


def test_the_development_key_is_made_once_and_kept_from_others(tmp_path: Path, signer: Credentials) -> None:
    assert provenance.credentials(tmp_path / "keys") == signer
    kept = next((tmp_path / "keys").iterdir())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert signer.key not in repr(signer)


def test_ones_own_credentials_are_taken(tmp_path: Path, film: Path, signer: Credentials) -> None:
    (tmp_path / "chain.pem").write_text(signer.chain)
    (tmp_path / "key.pem").write_text(signer.key)
    own = provenance.credentials(tmp_path / "other", chain=tmp_path / "chain.pem", key=tmp_path / "key.pem")
    assert own == signer
    assert not (tmp_path / "other").exists()


def test_half_of_the_credentials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="AVATAR_C2PA_CERT"):
        provenance.credentials(tmp_path, chain=tmp_path / "chain.pem")
    with pytest.raises(BadRequest, match="can't be read"):
        provenance.credentials(tmp_path, chain=tmp_path / "none.pem", key=tmp_path / "none.pem")


def test_credentials_that_are_none_are_told(tmp_path: Path, film: Path) -> None:
    with pytest.raises(BadRequest, match="can't be signed"):
        provenance.sign(film, tmp_path / "s.mp4", CLAIM, signer=Credentials("chain", "key"))


@pytest.mark.parametrize(
    ("trained", "own", "source"),
    [
        (False, False, "algorithmicMedia"),
        (True, False, "trainedAlgorithmicMedia"),
        (False, True, "composite"),
        (True, True, "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_the_kind_of_source_is_what_took_part(trained: bool, own: bool, source: SourceType) -> None:
    assert provenance.source_type(trained=trained, own_media=own) == source


@pytest.mark.parametrize("kind", ["GIF", "WebP"])
def test_loops_carry_what_their_film_says(tmp_path: Path, signed: Path, signer: Credentials, kind: str) -> None:
    picture = pytest.importorskip("PIL.Image", reason="loops are made with Pillow here")
    loop = tmp_path / f"loop.{kind.lower()}"
    frames = [picture.new("RGB", (32, 32), colour) for colour in ("red", "green")]
    frames[0].save(loop, kind, save_all=True, append_images=frames[1:])
    bench = workbench(tmp_path / "bench")
    film, export = bench.blob(signed.read_bytes(), "video/mp4"), bench.blob(loop.read_bytes(), f"image/{kind.lower()}")
    seal = Signing(lambda: signer, weights=lambda stage, backend: ()).again
    made = seal(film, export, bench.session)
    told = provenance.read(bench.context.path(made))
    assert told is not None
    assert (told.valid, told.source, told.making["uploads"]) == (True, "composite", ["ab" * 32])
    assert seal(film, export, bench.session) == made
    with picture.open(bench.context.path(made)) as shown:
        assert shown.n_frames == 2


def test_what_has_no_place_for_a_manifest_stays_as_it_is(tmp_path: Path, film: Path, signer: Credentials) -> None:
    bench = workbench(tmp_path / "bench")
    webm, bare = bench.blob(b"\x1aE\xdf\xa3 and more", "video/webm"), bench.blob(film.read_bytes(), "video/mp4")
    seal = Signing(lambda: signer, weights=lambda stage, backend: ()).again
    assert seal(bare, webm, bench.session) == webm
    assert seal(bare, bare, bench.session) == bare
    with pytest.raises(UnsupportedMedia, match="A WebM has no place"):
        provenance.read(bench.context.path(webm))
