"""Bombs, cut files, files of two kinds, lists that lead elsewhere: the gate for what people bring."""

import socket
import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from av.error import FFmpegError

from avatar.errors import TooLarge, UnsupportedMedia
from avatar.media import video
from avatar.media.inspect import ImageFacts, SoundFacts, inspect_image, inspect_sound
from tests.security.files import picture, png, sound, wav
from tests.security.hosts import host, saying

MEGABYTE = 2**20
COUNT = 12_000
SECRET = b"the contents of another file\n"


def put(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def pixels(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IDAT", zlib.compress(bytes((3 * width + 1) * height))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_known_by_its_bytes(tmp_path: Path, kind: str) -> None:
    file = put(tmp_path, picture(kind), "lies.gif")
    assert inspect_image(file) == ImageFacts(f"image/{kind.lower()}", 64, 48)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "AVIF", "PDF", "EPS"])
def test_other_kinds_of_pictures_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedMedia, match="PNG, JPEG or WebP"):
        inspect_image(put(tmp_path, picture(kind), "face.png"))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x04\x00\x00\x00WEBP", b"GIF89a", b"<svg/>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'\n", b"%!PS\n(/etc/passwd) (r)", bytes(5000),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        inspect_image(put(tmp_path, data, "face.png"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_picture_that_is_cut_off_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    data = picture(kind)
    with pytest.raises(UnsupportedMedia):
        inspect_image(put(tmp_path, data[: int(share * len(data))]))


@pytest.mark.parametrize(
    ("width", "height"), [(7072, 7072), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)]
)
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(tmp_path: Path, width: int, height: int) -> None:
    with pytest.raises(TooLarge, match="50 million"):
        inspect_image(put(tmp_path, png(width, height, (b"IDAT", b"not even pixels"))))


def test_a_picture_within_the_limit_that_is_all_one_colour_is_taken(tmp_path: Path) -> None:
    assert inspect_image(put(tmp_path, png(2000, 2000, pixels(2000, 2000)))).width == 2000


@pytest.mark.parametrize("chunk", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_compressed_note_that_unfolds_is_not_unfolded(tmp_path: Path, chunk: bytes) -> None:
    bomb = zlib.compress(bytes(128 * MEGABYTE), 9)
    note = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0", b"iCCP": b"profile\0\0"}[chunk] + bomb
    file = put(tmp_path, png(64, 64, (chunk, note), pixels(64, 64)))
    tracemalloc.start()
    try:
        with suppress(UnsupportedMedia, TooLarge):
            inspect_image(file)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (4000, 5)])
def test_a_picture_without_a_shape_is_refused(tmp_path: Path, width: int, height: int) -> None:
    with pytest.raises(UnsupportedMedia):
        inspect_image(put(tmp_path, png(width, height, pixels(width, height))))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedMedia, match="moves"):
        inspect_image(put(tmp_path, picture(kind, frames=3)))


def test_a_phone_s_jpeg_with_a_spare_picture_is_taken(tmp_path: Path) -> None:
    assert inspect_image(put(tmp_path, picture("MPO", frames=2))).media_type == "image/jpeg"


def test_a_picture_with_another_file_behind_it_is_still_only_a_picture(tmp_path: Path) -> None:
    both = put(tmp_path, picture("PNG") + b"PK\x03\x04" + b"<script>alert(1)</script>")
    assert inspect_image(both).media_type == "image/png"
    with pytest.raises(UnsupportedMedia):
        inspect_sound(both)


@pytest.mark.parametrize(
    ("suffix", "codec", "media_type"),
    [
        ("wav", "pcm_s16le", "audio/wav"), ("flac", "flac", "audio/flac"), ("mp3", "mp3", "audio/mpeg"),
        ("ogg", "libopus", "audio/ogg"), ("m4a", "aac", "audio/mp4"), ("aac", "aac", "audio/aac"),
        ("webm", "libopus", "video/webm"), ("mkv", "aac", "video/x-matroska"), ("avi", "mp3", "video/x-msvideo"),
        ("mov", "aac", "video/quicktime"),
    ],
)  # fmt: skip
def test_a_sound_is_known_by_its_bytes(tmp_path: Path, suffix: str, codec: str, media_type: str) -> None:
    file = sound(tmp_path, suffix, codec)
    facts = inspect_sound(file.rename(tmp_path / "lies.png"))
    assert (facts.media_type, facts.sample_rate, facts.channels) == (media_type, 48_000, 1)
    assert facts.seconds == pytest.approx(1.0, abs=0.1)


def test_a_film_is_taken_for_the_sound_in_it(tmp_path: Path) -> None:
    facts = inspect_sound(sound(tmp_path, "mp4", "aac", picture=True))
    assert (facts.media_type, facts.channels) == ("video/mp4", 1)


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia, match="no sound"):
        inspect_sound(sound(tmp_path, "mp4", "", picture=True))


@pytest.mark.parametrize(
    "data",
    [
        b"", wav(b""), wav(b"\0"), wav(bytes(4), claimed=2**32 - 1), wav(bytes(9000), rate=0),
        wav(bytes(9000), rate=2**31), wav(bytes(9000), rate=1), wav(bytes(9000), channels=0),
        wav(bytes(9000), channels=255), wav(bytes(9000), tag=0x2000),
        b"ID3" + bytes(5000), b"\xff\xfb\x90\x00" + bytes(5000), b"OggS" + bytes(5000),
        b"fLaC" + bytes(5000), b"\0\0\0\x20ftypM4A " + bytes(5000), b"\x1aE\xdf\xa3" + bytes(5000),
    ],
)  # fmt: skip
def test_a_sound_that_is_empty_or_lies_beyond_reason_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        inspect_sound(put(tmp_path, data, "sound.wav"))


def test_a_header_that_claims_hours_is_not_believed(tmp_path: Path) -> None:
    assert inspect_sound(put(tmp_path, wav(bytes(96_000), claimed=2**31))) == SoundFacts("audio/wav", 1.0, 48_000, 1)


def test_a_header_that_claims_little_hides_nothing(tmp_path: Path) -> None:
    whole = bytearray(sound(tmp_path, "m4a", "aac", seconds=10).read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = whole.index(box)
        whole[place + at : place + at + 4] = struct.pack(">I", 1)
    times = whole.index(b"stts")
    whole[times + 16 : times + 20] = struct.pack(">I", 64)  # each packet lasts a sixteenth of the truth, it says
    assert inspect_sound(put(tmp_path, bytes(whole))).seconds == pytest.approx(10.0, abs=0.3)


def test_a_sound_of_more_than_two_hours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="2 hours"):
        inspect_sound(put(tmp_path, wav(bytes(8000 * 7300), rate=8000, bits=8)))


LISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n%s\n#EXT-X-ENDLIST\n",
    "hls in mp3": b"ID3\x03\0\0\0\0\0\0" + b"#EXTM3U\n#EXTINF:9,\n%s\n" * 40,
    "concat": b"ffconcat version 1.0\nfile '%s'\n",
    "dash": b"<?xml version='1.0'?><MPD><Period><AdaptationSet><Representation><BaseURL>%s</BaseURL></Representation>"
    b"</AdaptationSet></Period></MPD>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=x:%s\n",
    "asx": b"<asx version='3'><entry><ref href='%s'/></entry></asx>",
    "ffmetadata": b";FFMETADATA1\ntitle=%s\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "wav"])
def test_a_list_that_leads_elsewhere_is_refused_and_not_followed(tmp_path: Path, kind: str, suffix: str) -> None:
    inner = sound(tmp_path, "wav", "pcm_s16le")
    with host(saying(inner.read_bytes())) as served:
        for target in (
            str(inner),
            f"file://{inner}",
            f"concat:{inner}",
            f"subfile:{inner}",
            served.url(host="127.0.0.1"),
        ):
            with pytest.raises(UnsupportedMedia):
                inspect_sound(put(tmp_path, LISTS[kind].replace(b"%s", target.encode()), f"sound.{suffix}"))
    assert served.asked == []


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + name + data


def alias(path: bytes) -> bytes:
    """A data reference of the kind that old QuickTime files have: a whole path on a whole volume."""
    told = struct.pack(">HH", 2, len(path)) + path + b"\0" * (len(path) % 2) + struct.pack(">HH", 0xFFFF, 0)
    return box(b"alis", bytes(4), bytes(10), b"\0" + bytes(27), bytes(12), b"\0" + bytes(63), bytes(36), told)


def referring(reference: bytes) -> bytes:
    """A QuickTime file whose samples lie in another file, as its data reference says."""
    none = bytes(4)
    entry = box(b"sowt", bytes(6), struct.pack(">H", 1), bytes(8), struct.pack(">HHHHI", 1, 16, 0, 0, 48_000 << 16))
    table = box(
        b"stbl",
        box(b"stsd", none, struct.pack(">I", 1), entry),
        box(b"stts", none, struct.pack(">III", 1, COUNT, 1)),
        box(b"stsc", none, struct.pack(">IIII", 1, 1, COUNT, 1)),
        box(b"stsz", none, struct.pack(">II", 2, COUNT)),
        box(b"stco", none, struct.pack(">II", 1, 0)),
    )
    where = box(b"dinf", box(b"dref", none, struct.pack(">I", 1), reference))
    track = box(
        b"trak",
        box(b"tkhd", b"\0\0\0\7", bytes(8), struct.pack(">I", 1), bytes(68)),
        box(
            b"mdia",
            box(b"mdhd", none, bytes(8), struct.pack(">II", 48_000, COUNT), none),
            box(b"hdlr", none, b"mhlr", b"soun", bytes(13)),
            box(b"minf", box(b"smhd", bytes(8)), where, table),
        ),
    )
    header = box(b"mvhd", none, bytes(8), struct.pack(">II", 48_000, COUNT), bytes(80))
    return box(b"ftyp", b"qt  ", none, b"qt  ") + box(b"moov", header, track) + box(b"mdat", bytes(2 * COUNT))


def heard(path: Path) -> bytes:
    """All samples of a sound as they lie in its file."""
    with video.opened(path) as container:
        return b"".join(bytes(frame.planes[0]) for frame in container.decode(audio=0))


def test_a_film_whose_samples_lie_in_another_file_gets_none_of_it(tmp_path: Path) -> None:
    other = put(tmp_path, SECRET * COUNT, "other")
    with host(saying(SECRET * COUNT)) as served:
        web = served.url(host="127.0.0.1").encode()
        paths = (b"other", str(other).encode(), f"file://{other}".encode(), web)
        references = [alias(path) for path in paths] + [box(b"url ", bytes(4), path + b"\0") for path in paths]
        for reference in references:
            film = put(tmp_path, referring(reference), "sound.mov")
            try:
                inspect_sound(film)
                samples = heard(film)
            except (UnsupportedMedia, FFmpegError):
                continue
            assert SECRET not in samples
            assert samples[:64] in film.read_bytes()
    assert served.asked == []


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1:1/a.wav", "concat:a|b", "pipe:0", "subfile,,start,0,end,9,,:a", "-i", "a%d.wav"]
)
def test_a_file_s_own_name_is_never_taken_for_an_address(tmp_path: Path, name: str) -> None:
    file = tmp_path / name.replace("/", "_")
    sound(tmp_path, "wav", "pcm_s16le").rename(file)
    assert inspect_sound(file).media_type == "audio/wav"


def test_no_socket_is_opened_while_a_file_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    assert inspect_sound(sound(tmp_path, "wav", "pcm_s16le")).channels == 1
