"""Picture files of every kind come out upright, opaque and in 8 bits; what is none is refused in words."""

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avatar.errors import BadRequest, TooLarge, UnsupportedMedia
from avatar.media.inspect import inspect_image
from stages import pictures as picture

Image = pytest.importorskip("PIL.Image")

WIDTH, HEIGHT = 96, 72
RED, BLUE = (200, 30, 30), (30, 30, 200)


def two_halves() -> np.ndarray:
    """Red on the left, blue on the right."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : WIDTH // 2], pixels[:, WIDTH // 2 :] = RED, BLUE
    return pixels


def saved(folder: Path, image: object, kind: str, **options: object) -> Path:
    path = folder / "picture"
    image.save(path, kind, **options)  # type: ignore[attr-defined]  # Pillow came by importorskip
    return path


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("JPEG", "RGB", {"quality": 95, "subsampling": 0}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_every_kind_of_colour_is_read(tmp_path: Path, kind: str, mode: str, options: dict[str, object]) -> None:
    seen = picture.read(saved(tmp_path, Image.fromarray(two_halves()).convert(mode), kind, **options))
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(seen[36, 20].astype(int) - RED).max() < 60
    assert np.abs(seen[36, 76].astype(int) - BLUE).max() < 60


@pytest.mark.parametrize(("mode", "most"), [("L", 255), ("I;16", 65535), ("1", 1)])
def test_grey_is_read_at_any_depth(tmp_path: Path, mode: str, most: int) -> None:
    ramp = np.linspace(0, most, WIDTH).round()
    pixels = np.broadcast_to(ramp, (HEIGHT, WIDTH)).astype(np.uint16 if most > 255 else np.uint8)
    image = Image.fromarray(pixels * 255).convert("1") if most == 1 else Image.fromarray(pixels)
    seen = picture.read(saved(tmp_path, image, "PNG"))
    assert seen[:, :8].mean() < 30
    assert seen[:, -8:].mean() > 225
    assert (seen[..., 0] == seen[..., 2]).all()


@pytest.mark.parametrize(
    ("turn", "red_at"), [(1, (0.5, 0.2)), (3, (0.5, 0.8)), (6, (0.2, 0.5)), (8, (0.8, 0.5)), (2, (0.5, 0.8))]
)
def test_exif_turns_the_picture_upright(tmp_path: Path, turn: int, red_at: tuple[float, float]) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    seen = picture.read(saved(tmp_path, Image.fromarray(two_halves()), "JPEG", exif=exif, quality=95))
    assert seen.shape[:2] == ((WIDTH, HEIGHT) if turn >= 5 else (HEIGHT, WIDTH))
    row, column = int(red_at[0] * seen.shape[0]), int(red_at[1] * seen.shape[1])
    assert seen[row, column, 0] > 150
    assert seen[row, column, 2] < 80


def test_clear_parts_show_a_plain_ground(tmp_path: Path) -> None:
    rgba = np.dstack([two_halves(), np.zeros((HEIGHT, WIDTH), np.uint8)])
    rgba[:36, :, 3] = 255
    seen = picture.read(saved(tmp_path, Image.fromarray(rgba), "PNG"))
    assert tuple(seen[60, 20]) == picture.GROUND
    assert tuple(seen[10, 20]) == RED


def test_large_pictures_are_brought_to_a_working_size(tmp_path: Path) -> None:
    seen = picture.read(saved(tmp_path, Image.new("L", (5000, 3000), 90), "PNG"))
    assert max(seen.shape) == picture.WORKED_ON


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = saved(tmp_path, Image.new("1", (30_000, 30_000)), "PNG")
    with pytest.raises(TooLarge, match="million pixels"):
        picture.read(bomb)


def test_a_tiny_picture_is_refused_with_the_least_size(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="64"):
        picture.read(saved(tmp_path, Image.new("RGB", (63, 200)), "PNG"))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_kinds_are_named_and_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedMedia, match=kind):
        picture.read(saved(tmp_path, Image.fromarray(two_halves()), kind))


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"RIFF\x00\x00\x00\x00WEBP", bytes(500)])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "picture").write_bytes(data)
    with pytest.raises(UnsupportedMedia, match="Give"):
        picture.read(tmp_path / "picture")


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """The bytes cut short, or with some of them changed."""
    if rng.random() < 0.3:
        return data[: rng.integers(1, len(data))]
    wrong = np.frombuffer(data, np.uint8).copy()
    places = rng.integers(0, len(wrong), rng.integers(1, 12))
    wrong[places] = rng.integers(0, 256, len(places))
    return wrong.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_files_give_a_picture_or_a_refusal(tmp_path: Path, kind: str) -> None:
    whole = io.BytesIO()
    Image.fromarray(two_halves()).save(whole, kind)
    rng = np.random.default_rng(11)
    outcomes: set[Callable[..., object] | type] = set()
    for _ in range(80):
        (tmp_path / "picture").write_bytes(damaged(rng, whole.getvalue()))
        try:
            assert picture.read(tmp_path / "picture").dtype == np.uint8
            outcomes.add(picture.read)
        except BadRequest as error:
            assert str(error).endswith(".")
            outcomes.add(type(error))
    assert UnsupportedMedia in outcomes


def test_a_phone_s_heic_is_read_and_passes_the_gate(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not in requirements.txt")
    file = tmp_path / "phone.heic"
    heif.from_pillow(Image.fromarray(two_halves())).save(file, quality=95)
    assert inspect_image(file).media_type == "image/heic"
    read = picture.read(file).astype(int)
    assert read.shape == two_halves().shape
    assert np.abs(read - two_halves()).mean() < 6.0
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UnsupportedMedia):
        picture.read(file)
    with pytest.raises(UnsupportedMedia):
        inspect_image(file)


def test_heic_without_its_package_is_refused_with_what_to_do(tmp_path: Path) -> None:
    if importlib.util.find_spec("pillow_heif"):
        pytest.skip("pillow-heif is here")
    file = tmp_path / "phone.heic"
    file.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    with pytest.raises(UnsupportedMedia, match="pillow-heif is missing"):
        inspect_image(file)
