"""What the environment says. Knows no stage and no request.

All variables may be left out.

    AVATAR_DATA_DIR         folder for films, cache and models      avatar-chat in $XDG_DATA_HOME or ~/.local/share
    AVATAR_STORE_BUDGET     bytes the cache may take                5GB
    AVATAR_STORE_URL        where workers share films and cache     the data folder; s3://bucket/folder
    AVATAR_MODELS_DIR       folder for weights                      models in the data folder
    AVATAR_MODELS_BUDGET    bytes that weights may take             what the disk has, less the headroom
    AVATAR_HEADROOM         bytes of disk left to others            2GB
    AVATAR_MIRROR           where weights from outside the hub lie  their own pages; the hub's: HF_ENDPOINT
    AVATAR_PROFILE          auto, minimal, recommended, maximum     auto
    AVATAR_COMPILE          compile networks: auto, always, never   auto: in servers and workers with a GPU of their own
    AVATAR_NONCOMMERCIAL    use weights for non-commercial use too  off
    AVATAR_DATABASE_URL     where jobs are kept                     SQLite in the data folder; postgresql://...
    AVATAR_JOBS             jobs that a worker makes at once        half the cores, at least one
    AVATAR_QUEUE_LENGTH     jobs that may wait                      1000
    AVATAR_RATE_LIMIT       jobs a client may send in a minute      60
    AVATAR_TIMEOUT          seconds a request may take              none
    AVATAR_STAGE_TIMEOUT    seconds that one backend may take       none
    AVATAR_KEEP             how long films and uploads are kept     24h
    AVATAR_KEEP_BUDGET      bytes that all films and uploads take   10GB; uploads half of it
    AVATAR_API_KEYS         name:key,name:key                       none: everybody may ask
    AVATAR_ADMIN_KEY        sees and removes all jobs               none
    AVATAR_CORS             origins of pages that may ask           none
    AVATAR_UPLOAD_LIMIT     bytes of one upload                     200MB
    AVATAR_WEBHOOK_SECRET   signs webhooks, whsec_...               made once, kept in the data folder
    AVATAR_PUBLIC_URL       how the outside reaches this server     on a Space its address, else from each request
    AVATAR_TRUSTED_PROXIES  addresses whose X-Forwarded-For counts  none; on a Space 10.0.0.0/8
    AVATAR_SIGN             sign films with Content Credentials     on, where the package c2pa is installed
    AVATAR_C2PA_CERT        certificate chain to sign with, PEM     a development certificate, made on first use
    AVATAR_C2PA_KEY         its private key, PEM, for ES256
    AVATAR_CHAT_URL         who answers in the chat: an OpenAI-compatible API, such as http://127.0.0.1:8000/v1
    AVATAR_CHAT_KEY         its key
    AVATAR_CHAT_MODEL       its model
    AVATAR_LABEL            text in every film, 1: AI-generated     where a request asks for it
    AVATAR_DEBUG            show the trace of unexpected errors     off

A server at a loopback address answers to loopback names only, so that no web page can reach it under a name of its own,
unless AVATAR_PUBLIC_URL or AVATAR_TRUSTED_PROXIES say that a proxy stands before it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from avatar.errors import BadRequest

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SPANS = {"": 1, "S": 1, "M": 60, "H": 3600, "D": 86_400}
DEFAULT_BUDGET = "5GB"
YES = {"1", "true", "yes", "on"}
LONGEST_LABEL = 60
NO = {"", "0", "false", "no", "off"}

Profile = Literal["auto", "minimal", "recommended", "maximum"]
Compile = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set from outside. Sizes are bytes, times seconds; empty text means not set."""

    data: Path
    store_budget: int
    timeout: float | None
    models: Path
    """Where weights lie, one folder for each catalogue id."""
    mirror: str = ""
    store_url: str = ""
    models_budget: int | None = None
    headroom: int = 2 * 10**9
    profile: Profile = "auto"
    compile: Compile = "auto"
    """Whether networks are compiled for a GPU: `auto` by processes that stay, where the GPU is not lent by the job."""
    noncommercial: bool = False
    database_url: str = ""
    jobs: int = 1
    stage_timeout: float | None = None
    queue_length: int = 1000
    rate_limit: int = 60
    keep: float = 86_400.0
    keep_budget: int = 10 * 10**9
    api_keys: tuple[tuple[str, str], ...] = ()
    """Pairs of a client's name and its key."""
    admin_key: str = ""
    cors: tuple[str, ...] = ()
    upload_limit: int = 200 * 10**6
    webhook_secret: str = ""
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    sign: bool = True
    c2pa_chain: Path | None = None
    c2pa_key: Path | None = None
    label: str = ""
    """What every film carries, whatever its request says; `auto` for the words of its language."""
    chat_url: str = ""
    chat_key: str = ""
    chat_model: str = ""


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises `BadRequest` for a value that means nothing."""
    said = _Said(environ)
    data = _data_folder(said)
    return Settings(
        data=data,
        store_budget=said.size("AVATAR_STORE_BUDGET", DEFAULT_BUDGET),
        timeout=said.seconds("AVATAR_TIMEOUT", "") or None,
        models=said.path("AVATAR_MODELS_DIR") or data / "models",
        mirror=_mirror(said),
        store_url=said.text("AVATAR_STORE_URL"),
        models_budget=said.size("AVATAR_MODELS_BUDGET", "") if said.text("AVATAR_MODELS_BUDGET") else None,
        headroom=said.size("AVATAR_HEADROOM", "2GB"),
        profile=cast(Profile, said.choice("AVATAR_PROFILE", get_args(Profile))),
        compile=cast(Compile, said.choice("AVATAR_COMPILE", get_args(Compile))),
        noncommercial=said.switch("AVATAR_NONCOMMERCIAL"),
        database_url=said.text("AVATAR_DATABASE_URL"),
        jobs=said.count("AVATAR_JOBS", max(1, (os.cpu_count() or 1) // 2)),
        stage_timeout=said.seconds("AVATAR_STAGE_TIMEOUT", "") or None,
        queue_length=said.count("AVATAR_QUEUE_LENGTH", 1000),
        rate_limit=said.count("AVATAR_RATE_LIMIT", 60),
        keep=said.seconds("AVATAR_KEEP", "24h"),
        keep_budget=said.size("AVATAR_KEEP_BUDGET", "10GB"),
        api_keys=_keys(said.words("AVATAR_API_KEYS")),
        admin_key=said.text("AVATAR_ADMIN_KEY"),
        cors=said.words("AVATAR_CORS"),
        upload_limit=said.size("AVATAR_UPLOAD_LIMIT", "200MB"),
        webhook_secret=said.text("AVATAR_WEBHOOK_SECRET"),
        public_url=_public_url(said),
        trusted_proxies=said.words("AVATAR_TRUSTED_PROXIES") or _proxies(said),
        sign=said.switch("AVATAR_SIGN", default="1"),
        c2pa_chain=said.path("AVATAR_C2PA_CERT"),
        c2pa_key=said.path("AVATAR_C2PA_KEY"),
        label=_label(said),
        chat_url=said.text("AVATAR_CHAT_URL").rstrip("/"),
        chat_key=said.text("AVATAR_CHAT_KEY"),
        chat_model=said.text("AVATAR_CHAT_MODEL"),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The environment, read as what its values mean. Raises `BadRequest` for what means nothing."""

    environ: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        return (self.environ.get(name) or default).strip()

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of these words, the first where nothing is said."""
        word = self.text(name, known[0]).lower()
        if word not in known:
            raise BadRequest(f"{name} can't be {word!r}. Use {', '.join(known)}.")
        return word

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def size(self, name: str, default: str) -> int:
        text = self.text(name, default)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", text, re.IGNORECASE)
        if not match:
            raise BadRequest(f"{name} can't be {text!r}. Give a size such as 500MB or 5GB.")
        return int(float(match[1]) * UNITS[match[2].upper()])

    def seconds(self, name: str, default: str) -> float:
        text = self.text(name, default)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([SMHD]?)", text, re.IGNORECASE)
        if not text:
            return 0.0
        if not match or float(match[1]) == 0:
            raise BadRequest(f"{name} can't be {text!r}. Give a time above 0, such as 90, 15m, 24h or 7d.")
        return float(match[1]) * SPANS[match[2].upper()]

    def count(self, name: str, default: int) -> int:
        text = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
            raise BadRequest(f"{name} can't be {text!r}. Give a whole number above 0.")
        return int(text)

    def path(self, name: str) -> Path | None:
        return Path(self.text(name)).expanduser().absolute() if self.text(name) else None

    def switch(self, name: str, default: str = "") -> bool:
        text = self.text(name, default).lower()
        if text not in YES | NO:
            raise BadRequest(f"{name} can't be {text!r}. Use 1 or 0.")
        return text in YES


def _data_folder(said: _Said) -> Path:
    home = said.text("XDG_DATA_HOME", "~/.local/share")
    try:
        return Path(said.text("AVATAR_DATA_DIR", f"{home}/avatar-chat")).expanduser().absolute()
    except RuntimeError:
        raise BadRequest("This user has no home folder. Set AVATAR_DATA_DIR to a folder that can be written.") from None


def _public_url(said: _Said) -> str:
    """What was set, else the name that a Space is told it has."""
    space = said.text("SPACE_HOST")
    return said.text("AVATAR_PUBLIC_URL", f"https://{space}" if space else "").rstrip("/")


def _proxies(said: _Said) -> tuple[str, ...]:
    """A Space can be reached through the hub's proxies only, and those have addresses of this network."""
    return ("10.0.0.0/8",) if said.text("SPACE_HOST") else ()


def _label(said: _Said) -> str:
    text = said.text("AVATAR_LABEL")
    if len(text) > LONGEST_LABEL:
        raise BadRequest(f"AVATAR_LABEL has {len(text)} characters. Use at most {LONGEST_LABEL}, or 1.")
    return "" if text.lower() in NO else "auto" if text.lower() in YES else text


def _mirror(said: _Said) -> str:
    mirror = said.text("AVATAR_MIRROR").rstrip("/")
    if mirror and not mirror.startswith(("https://", "http://")):
        raise BadRequest(
            f"AVATAR_MIRROR can't be {mirror!r}. Give an address such as https://mirror.example.org/weights."
        )
    return mirror


def _keys(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(word.split(":", 1)) for word in words]
    if any(len(pair) != 2 or not pair[0] or len(pair[1]) < 16 for pair in pairs):
        raise BadRequest("AVATAR_API_KEYS can't be read. Write name:key,name:key with keys of 16 characters or more.")
    names = [pair[0] for pair in pairs]
    if len(set(names)) < len(names):
        raise BadRequest("AVATAR_API_KEYS names a client twice. Give each client one name and one key.")
    return tuple((pair[0], pair[1]) for pair in pairs)
