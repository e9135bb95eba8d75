"""Server-side request forgery: no spelling of an address leads inside."""

import itertools
from ipaddress import ip_address
from pathlib import Path

import pytest

from avatar.download import download
from avatar.errors import BadRequest
from avatar.media.kinds import IMAGES
from avatar.outside import Outside, public
from tests.security.hosts import addresses, host, saying

INSIDE = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1
    239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1
    ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 100::1 2001::1 2001:db8::1
    2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
""".split()
OUTSIDE = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "64:ff9b::8.8.8.8")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_of_the_open_internet_are_refused(address: str) -> None:
    assert not public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_open_internet_are_taken(address: str) -> None:
    assert public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/a.png", "gopher://example.org/", "//example.org/a.png",
        "example.org/a",
        "http:///a.png", "http://", "", "http://user:pw@example.org/", "http://user@example.org/", "http://@example.org/",
        "http://example.org:22/", "http://example.org:6379/", "http://example.org:0/", "http://example.org:99999/",
        "http://example.org:x/", "http://exa mple.org/", "http://example.org/a b", "http://example.org/\r\nHost: x",
        "http://example.org\t/", "http://example.org\\@127.0.0.1/", "http://exa%6dple.org/", "http://example..org/",
        "http://-example.org/", "http://[::1/", "http://[fe80::1%25eth0]/", "http://" + "a" * 5000,
        "http://" + "a" * 64 + ".org/", "http://" + "a" * 200 + "-/", "http://" + "a." * 127 + "-/",
        "http://" + "ä" * 3000, "http://" + "\xad" * 3000 + "a.org",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/",
        "http://127.0.0.1/", "http://127.0.0.1./", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://169.254.169.254/latest/meta-data/", "http://0/", "http://[::]/",
        "http://1.2.3.4.5/", "http://256.256.256.256/",
    ],
)  # fmt: skip
def test_urls_that_are_no_plain_address_of_the_open_internet_are_refused(url: str) -> None:
    with pytest.raises(BadRequest):
        Outside(resolve=addresses("8.8.8.8")).check(url)


@pytest.mark.parametrize(
    "url",
    ["http://example.org", "https://example.org:8443/a.png?x=1&y=%20#z", "http://8.8.8.8/", "https://bücher.example/ä"],
)
def test_plain_urls_are_taken(url: str) -> None:
    assert Outside(resolve=addresses("8.8.8.8")).check(url).host.isascii()


@pytest.mark.parametrize("hidden", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_a_name_that_stands_for_an_inner_address_is_not_asked(tmp_path: Path, hidden: str) -> None:
    with host(saying(b"")) as served:
        outside = Outside(resolve=addresses("8.8.8.8", hidden), ports=frozenset({served.port}))
        with pytest.raises(BadRequest, match="not on the public internet"):
            download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=outside)
    assert served.asked == []


def test_localhost_is_refused_by_the_system_s_own_resolver(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not on the public internet"):
        download("http://localhost/", folder=tmp_path, limit=99, kinds=IMAGES, timeout=5)


def test_a_name_that_changes_between_check_and_use_is_asked_only_once(tmp_path: Path) -> None:
    answers = itertools.chain([(ip_address("127.0.0.1"),)], itertools.repeat((ip_address("127.0.0.2"),)))
    asked = []

    def rebinding(name: str, _seconds: float) -> tuple[object, ...]:
        asked.append(name)
        return next(answers)

    with host(saying(b"\x89PNG\r\n\x1a\n")) as served:
        only_first = served.outside(resolve=rebinding, allowed=lambda address: str(address) == "127.0.0.1")
        got = download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=only_first)
    assert asked == ["films.test"], "the connection must go to the address that was checked"
    assert got.media_type == "image/png"
    assert b"Host: films.test" in served.asked[0]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
        "//10.0.0.1/", "http://user@films.test/", "http://films.test:22/", "gopher://films.test/", "http://2130706433/",
    ],
)  # fmt: skip
def test_a_redirect_leads_nowhere_that_the_first_url_could_not(tmp_path: Path, location: str) -> None:
    with host(saying(b"", f"Location: {location}", status="302 Found")) as served:
        strict = served.outside(
            allowed=lambda address: str(address) == "127.0.0.9", resolve=addresses("127.0.0.9"),
            ports=frozenset({served.port, 80, 443}),
        )  # fmt: skip
        with pytest.raises(BadRequest) as refused:
            download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=strict)
    assert len(served.asked) <= 1
    assert "leads on more than" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_a_name_that_is_inside_by_then_is_refused(tmp_path: Path) -> None:
    turns = iter([(ip_address("127.0.0.1"),), (ip_address("10.0.0.1"),)])
    with host(saying(b"", "Location: /next", status="307 Temporary Redirect")) as served:
        outside = served.outside(
            resolve=lambda _name, _seconds: next(turns), allowed=lambda address: str(address) == "127.0.0.1"
        )
        with pytest.raises(BadRequest, match="not on the public internet"):
            download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=outside)
    assert len(served.asked) == 1


def test_redirects_end_after_three(tmp_path: Path) -> None:
    with (
        host(saying(b"", "Location: /again", status="301 Moved Permanently")) as served,
        pytest.raises(BadRequest, match="more than 3 times"),
    ):
        download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=served.outside())
    assert len(served.asked) == 4


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with host(saying(b"\x89PNG\r\n\x1a\n")) as served, host(saying(b"")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(host="127.0.0.1"))
        download(served.url(), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=served.outside())
    assert proxy.asked == []


def test_nothing_of_this_house_is_told_to_the_server_but_its_name(tmp_path: Path) -> None:
    with host(saying(b"\x89PNG\r\n\x1a\n")) as served:
        download(served.url("/a?b=c#d"), folder=tmp_path, limit=99, kinds=IMAGES, timeout=5, outside=served.outside())
    lines = served.asked[0].decode().split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert names == {"host", "user-agent", "connection", "accept", "accept-encoding"}
