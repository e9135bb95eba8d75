"""What kind of file these first bytes begin. Knows no decoder: a kind is a claim that one has to bear out."""

ENOUGH = 4096
"""Bytes from a file's start that suffice."""

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic")
SOUNDS = (
    "audio/wav",
    "audio/flac",
    "audio/mpeg",
    "audio/ogg",
    "audio/mp4",
    "audio/aac",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
    "video/x-msvideo",
)

FILMS = tuple(kind for kind in SOUNDS if kind.startswith("video/"))

SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
}

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}


def kind(head: bytes) -> str | None:
    """The media type that a file's first bytes claim; None for a kind that is not known here."""
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head[8:12])
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "video/quicktime"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    return _frame(head)


def _brand(brand: bytes) -> str:
    """ISO/IEC 14496-12: the first four letters after `ftyp` say for whom the file was made."""
    if brand in (b"avif", b"avis"):
        return "image/avif"
    if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        return "image/heic"
    if brand == b"qt  ":
        return "video/quicktime"
    return "audio/mp4" if brand in (b"M4A ", b"M4B ") else "video/mp4"


def _frame(head: bytes) -> str | None:
    """Sound that begins with a bare frame: ADTS of ISO/IEC 13818-7, or layer III and II of ISO/IEC 11172-3."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    layer, rate, pace = head[1] >> 1 & 3, head[2] >> 2 & 3, head[2] >> 4
    return "audio/mpeg" if layer and rate != 3 and pace not in (0, 15) else None
