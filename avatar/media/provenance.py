"""Says inside a film, signed, that it is synthetic and what made it: a C2PA manifest. Knows neither jobs nor stages.

Content Credentials, C2PA specification 2.2: claim version 2, action `c2pa.created` with an IPTC digital source type.
Without credentials of one's own a development certificate is made on first use; readers show who signed, and that no
authority vouches for it. Needs the packages c2pa and cryptography.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from avatar import __version__
from avatar.disk import replaced, storage_errors
from avatar.errors import BadRequest, UnsupportedMedia

SourceType = Literal["algorithmicMedia", "trainedAlgorithmicMedia", "composite", "compositeWithTrainedAlgorithmicMedia"]
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC's vocabulary of digital source types."""
MAKING = "org.avatar-chat.making"
SIGNABLE = frozenset(("video/mp4", "video/quicktime", "image/gif", "image/webp", "image/png", "image/jpeg"))
"""What can carry a manifest; C2PA has no place for one in WebM."""
VALID_DAYS = 3650
NOBODY = "Avatar Chat, development certificate"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a film says of itself. `uploads` are sha256 digests of what people brought and agreed to.

    `diffusion` is how models worked, as `avatar.sampling.Diffusion.written`: in a manifest small numbers in a row would
    be bytes.
    """

    source: SourceType
    backends: Mapping[str, str]
    licences: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()
    diffusion: tuple[dict[str, str | float], ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs: a certificate chain and its private key, both PEM. ES256 keys on the curve P-256."""

    chain: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a film's manifest says, and whether the film is still the one that was signed.

    `trusted` is true when a known authority vouches for the signer; `problems` are C2PA's codes of what is wrong.
    """

    valid: bool
    trusted: bool
    signer: str
    generator: str
    source: str
    making: dict[str, Any]
    problems: tuple[str, ...]


def source_type(*, trained: bool, own_media: bool) -> SourceType:
    """The IPTC term: whether trained weights took part, and whether somebody's own face or sound did."""
    if own_media:
        return "compositeWithTrainedAlgorithmicMedia" if trained else "composite"
    return "trainedAlgorithmicMedia" if trained else "algorithmicMedia"


def credentials(folder: Path, *, chain: Path | None = None, key: Path | None = None) -> Credentials:
    """The owner's credentials when both files are named, else the development ones kept in `folder`.

    Raises `BadRequest` for files that can't be used, `StorageError`.
    """
    if (chain is None) != (key is None):
        raise BadRequest("A certificate needs its key, and a key its certificate. Set AVATAR_C2PA_CERT and ..._KEY.")
    if chain is not None and key is not None:
        try:
            return Credentials(chain.read_text(), key.read_text())
        except (OSError, UnicodeDecodeError):
            raise BadRequest("The C2PA certificate or key can't be read. Name two PEM files.") from None
    kept = folder / "development.pem"
    with storage_errors(folder):
        if not kept.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            made = _self_signed()
            with replaced(kept) as half:
                os.close(os.open(half, os.O_CREAT | os.O_WRONLY, 0o600))
                half.write_text(made.key + made.chain)
        private, end, public = kept.read_text().partition("-----END PRIVATE KEY-----\n")
    return Credentials(public, private + end)


def sign(film: Path, signed: Path, claim: Claim, *, signer: Credentials, media_type: str = "video/mp4") -> None:
    """Write the film, or picture, with its manifest. Raises `BadRequest` for useless credentials, `StorageError`."""
    import c2pa

    who = {"name": "Avatar Chat", "version": __version__}
    created = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + claim.source, "softwareAgent": who}
    making: dict[str, object] = {
        "backends": dict(claim.backends),
        "licences": list(claim.licences),
        "uploads": list(claim.uploads),
    }
    if claim.diffusion:
        making |= {"diffusion": list(claim.diffusion)}
    manifest = {
        "claim_generator_info": [who],
        "title": "A film by Avatar Chat",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": MAKING, "data": making},
        ],
    }
    info = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=signer.chain.encode(), private_key=signer.key.encode(), ta_url=None
    )
    try:
        with (
            c2pa.Signer.from_info(info) as pen,
            c2pa.Builder(json.dumps(manifest)) as builder,
            storage_errors(signed),
            film.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(pen, media_type, source, target)
    except c2pa.C2paError as error:
        raise BadRequest(f"Films can't be signed ({error}). Check AVATAR_C2PA_CERT and AVATAR_C2PA_KEY.") from None


def read(film: Path) -> Provenance | None:
    """What the film's manifest says; None when it carries none. Raises `UnsupportedMedia`, `StorageError`."""
    import c2pa

    with storage_errors(film):
        if kind_of(film) == "video/webm":
            raise UnsupportedMedia("A WebM has no place for Content Credentials. Name the MP4 or MOV of the same film.")
    try:
        with storage_errors(film), film.open("rb") as stream, c2pa.Reader(kind_of(film), stream) as reader:
            told = json.loads(reader.json())
            state = reader.get_validation_state()
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError:
        raise UnsupportedMedia(
            f"{film.name} is neither a film nor a picture that can be read. Name an MP4 or MOV, or a PNG, JPEG or WebP."
        ) from None
    manifest = told["manifests"][told["active_manifest"]]
    facts = {each["label"]: each["data"] for each in manifest.get("assertions", [])}
    actions = facts.get("c2pa.actions.v2", {}).get("actions", [{}])
    generator = (manifest.get("claim_generator_info") or [{}])[0]
    return Provenance(
        valid=state in ("Valid", "Trusted"),
        trusted=state == "Trusted",
        signer=manifest.get("signature_info", {}).get("issuer", ""),
        generator=f"{generator.get('name', '')} {generator.get('version', '')}".strip(),
        source=str(actions[0].get("digitalSourceType", "")).removeprefix(SOURCE_TYPES),
        making=facts.get(MAKING, {}),
        problems=tuple(each["code"] for each in told.get("validation_status", ())),
    )


def kind_of(film: Path) -> str:
    """The media type by the first bytes: WebM, or one of `SIGNABLE`, MP4 in doubt. Raises OSError."""
    with film.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm"
    for start, kind in ((b"GIF8", "image/gif"), (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg")):
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "video/quicktime" if head[4:12] == b"ftypqt  " or head[4:8] in (b"wide", b"mdat", b"moov") else "video/mp4"


def _self_signed() -> Credentials:
    """A root of our own and a certificate below it: C2PA takes no certificate that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def called(name: str) -> x509.Name:
        parts = ((NameOID.ORGANIZATION_NAME, NOBODY), (NameOID.COMMON_NAME, name))
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])

    def certificate(name: str, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        usage = {use: False for use in x509.KeyUsage.__init__.__annotations__ if use != "return"}
        usage |= {"key_cert_sign": True, "crl_sign": True} if ca else {"digital_signature": True}
        return (
            x509.CertificateBuilder()
            .subject_name(called(name))
            .issuer_name(called("root"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=VALID_DAYS))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    above, below = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("root", above.public_key(), ca=True).sign(above, hashes.SHA256())
    leaf = (
        certificate("films", below.public_key(), ca=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .sign(above, hashes.SHA256())
    )
    key = below.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Credentials("".join(each.public_bytes(Encoding.PEM).decode() for each in (leaf, root)), key)
