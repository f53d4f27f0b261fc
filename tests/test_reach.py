"""Where collectors may go: held by name and by numeric address, at every connection and every redirect."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.addresses import Reach
from collectors.archive import Archive
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import parse_institution
from flows.collect import collect
from tests.test_http import Site, running

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KOTA = Reach(("kota.test",), allow_private=True)


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that the resolver gives for them, beside what the system knows."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, **limits: Any) -> list[Any]:
        return [
            one
            for address in known.get(host.lower().rstrip("."), [host])
            for one in real(address, port, **limits)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def refusal(reach: Reach, url: str) -> str:
    with (
        HttpSession(clock=lambda: NOON, reach=reach, timeout_seconds=5) as session,
        pytest.raises(FetchError) as caught,
    ):
        session.get(url)
    assert caught.value.kind == "not_allowed", caught.value
    return caught.value.message


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "0",
        "169.254.169.254", "[fe80::1]", "100.100.100.200", "[fd00:ec2::254]", "10.0.0.1", "192.168.1.1",
    ],
)  # fmt: skip
def test_no_way_of_writing_an_inner_address_leads_inside(site: Site, host: str) -> None:
    said = refusal(Reach(), f"http://{host}:{site.server_port}/")
    assert "private network" in said and "allow_private_addresses" in said
    assert site.asked == []


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"]])
def test_a_name_that_leads_inside_is_not_visited(
    site: Site, names: dict[str, list[str]], answers: list[str]
) -> None:
    names["jdih.kota.test"] = answers
    assert "jdih.kota.test is" in refusal(Reach(("kota.test",)), site.url("/", "jdih.kota.test"))
    assert site.asked == []


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    site: Site, names: dict[str, list[str]]
) -> None:
    site.pages["/"] = lambda h: h.answer(200, b"isi", Connection="close")
    names["jdih.kota.test"] = ["127.0.0.1"]
    with HttpSession(clock=lambda: NOON, reach=KOTA) as session:
        assert session.get(site.url("/", "jdih.kota.test")).body == b"isi"


def test_redirects_stay_within_the_domains(site: Site, names: dict[str, list[str]]) -> None:
    for host in ("jdih.kota.test", "arsip.kota.test", "kota.test.jahat.test", "kotakota.test"):
        names[host] = ["127.0.0.1"]
    site.pages["/ke-arsip"] = lambda h: h.answer(302, Location=site.url("/a", "arsip.KOTA.test."))
    site.pages["/a"] = lambda h: h.answer(200, b"arsip")
    with HttpSession(clock=lambda: NOON, reach=KOTA) as session:
        assert session.get(site.url("/ke-arsip", "jdih.kota.test")).body == b"arsip"
    for away in ("kota.test.jahat.test", "kotakota.test", "127.0.0.1"):
        site.pages["/ke-luar"] = lambda h, to=away: h.answer(302, Location=site.url("/rahasia", to))  # type: ignore[misc]
        said = refusal(KOTA, site.url("/ke-luar", "jdih.kota.test"))
        assert f"{away} lies outside" in said and "allowed_suffixes" in said
    assert "/rahasia" not in {path for path, _ in site.asked}


@pytest.mark.parametrize("path", ["\\.kota.test/", "\\@kota.test/"])
def test_an_address_that_readers_read_differently_is_no_way_out(
    site: Site, names: dict[str, list[str]], path: str
) -> None:
    names["jahat.test"] = ["127.0.0.1"]
    with HttpSession(clock=lambda: NOON, reach=KOTA) as session, pytest.raises(FetchError):
        session.get(site.url(path, "jahat.test"))
    assert site.asked == []


@pytest.mark.parametrize(
    ("host", "is_inside"),
    [
        ("bandung.go.id", True), ("JDIH.Bandung.go.id.", True), ("xbandung.go.id", False), ("go.id", False),
        ("bandung.go.id.jahat.id", False), ("10.0.0.1", True), ("10.0.0.10", False), ("1.10.0.0.1", False),
    ],
)  # fmt: skip
def test_a_suffix_ends_at_a_dot(host: str, is_inside: bool) -> None:
    assert Reach(("bandung.go.id", "10.0.0.1")).allows_host(host) is is_inside


FILE = """
institution: {id: kota-uji, name: Kota Uji, kind: kota}
agencies: [{id: hukum, name: Hukum}]
freshness:
  regulation: {ttl: 3d, grace: 30d}
  uptime: {ttl: 36h, grace: 3d}
  application: {ttl: 45d, grace: 90d}
  attestation: {ttl: 365d, grace: 30d}
sources:
- {id: jdih, collector: regulations, format: jdihn, url: "URL", cadence: listings, agency: hukum}
services:
- {id: portal, name: Portal, url: "https://www.uji.go.id", agency: hukum}
"""


def test_a_file_reaches_what_it_names_and_what_it_allows() -> None:
    text = FILE.replace("URL", "https://jdih.uji.id/x") + "allowed_suffixes: [CDN.Uji.net]\n"
    assert parse_institution(text, "uji.yml").reach() == Reach(("cdn.uji.net", "jdih.uji.id", "uji.go.id"))


@pytest.mark.parametrize("suffix", ["id", "https://uji.go.id", "*.uji.go.id", "uji.go.id:443", "", "."])
def test_what_is_no_domain_is_refused_as_a_suffix(suffix: str) -> None:
    with pytest.raises(Exception, match=r"allowed_suffixes\.0: .* is not a domain"):
        parse_institution(f"{FILE}allowed_suffixes: ['{suffix}']\n", "uji.yml")


def test_collecting_holds_to_the_file(site: Site, names: dict[str, list[str]], tmp_path: Path) -> None:
    names["luar.test"] = ["127.0.0.1"]
    site.pages["/x"] = lambda h: h.answer(302, Location=site.url("/rahasia", "luar.test"))
    config = tmp_path / "uji.yml"
    config.write_text(FILE.replace("URL", site.url("/x")).replace("services:", "services: []\n#"))
    text = config.read_text().split("\n#")[0] + "\n"
    for allowed, said in (("", "private network"), ("allow_private_addresses: true\n", "luar.test lies out")):
        config.write_text(text + allowed)
        (result,) = collect(config, Archive(tmp_path / "arsip"), clock=lambda: NOON)
        assert (result.outcome, result.error) == ("failed", "not_allowed")
        assert said in result.message
    assert "/rahasia" not in {path for path, _ in site.asked}


@pytest.mark.parametrize(
    ("opt_out", "outcome", "error"),
    [
        ("", "failed", "robots"),
        (", robots_opt_out: {reason: disepakati dengan Bagian Hukum, until: 2026-03-02}", "ok", None),
        (", robots_opt_out: {reason: disepakati dengan Bagian Hukum, until: 2026-03-01}", "failed", "robots"),
    ],
)
@pytest.mark.parametrize("collector", ["regulations, format: jdihn", "app_registry"])
def test_robots_txt_holds_unless_opted_out_until_a_day(
    site: Site, tmp_path: Path, collector: str, opt_out: str, outcome: str, error: str | None
) -> None:
    site.pages["/robots.txt"] = lambda h: h.answer(200, b"User-agent: PantauSPBE\nDisallow: /x")
    site.pages["/x"] = lambda h: h.answer(200, b"[]")
    text = (
        FILE.split("services:", maxsplit=1)[0]
        .replace("URL", site.url("/x"))
        .replace("regulations, format: jdihn", collector)
    )
    config = tmp_path / "uji.yml"
    config.write_text(
        text.replace("agency: hukum}", f"agency: hukum{opt_out}}}") + "allow_private_addresses: true\n"
    )
    (result,) = collect(config, Archive(tmp_path / "arsip"), clock=lambda: NOON)
    assert (result.outcome, result.error) == (outcome, error), result.message
    assert ("/x" in {path for path, _ in site.asked}) is (outcome == "ok")
