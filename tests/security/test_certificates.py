"""TLS: the connection goes to a checked address, and the certificate must be the name's all the same."""

import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from avatar.download import download
from avatar.errors import BadRequest
from avatar.media.kinds import IMAGES
from tests.security.hosts import Host, host, saying

PNG = b"\x89PNG\r\n\x1a\n"


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a name, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@contextmanager
def secured(pem: Path) -> Iterator[tuple[Host, list[str | None]]]:
    """A TLS server with that certificate, and the names that callers asked it for."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with host(saying(PNG), wrap=lambda line: context.wrap_socket(line, server_side=True)) as served:
        yield served, names


def ask(served: Host, folder: Path, trusted: Path) -> None:
    outside = served.outside(
        certificates=lambda: ssl.create_default_context(cafile=str(trusted)),
        resolve=lambda _name, _seconds: (ip_address("127.0.0.1"),),
    )
    url = served.url().replace("http:", "https:")
    download(url, folder=folder, limit=99, kinds=IMAGES, timeout=5, outside=outside)


def test_the_name_is_asked_for_and_checked_though_the_address_is_pinned(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "films.test")
    with secured(pem) as (served, names):
        ask(served, tmp_path, pem)
    assert names == ["films.test"]


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "other.test")
    with secured(pem) as (served, _), pytest.raises(BadRequest):
        ask(served, tmp_path, pem)
    assert served.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    pem, other = certificate(tmp_path, "films.test"), certificate(tmp_path, "trusted.test")
    with secured(pem) as (served, _), pytest.raises(BadRequest):
        ask(served, tmp_path, other)
    assert served.asked == []
