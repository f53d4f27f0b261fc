"""Uptime checks over real connections: what each fault of a site is recorded as."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import certifi
import pytest

from collectors.certificates import CaFileError
from collectors.evidence import Capture
from collectors.institution import Service
from collectors.service_check import Terms
from collectors.uptime import check_all, parse, to_payload
from collectors.uptime_run import check_on
from collectors.visits import REQUESTS_PER_HOST
from tests.faulty_site import PAGE, Pki, Site, closed_port, site

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def web() -> Iterator[Site]:
    with site() as served:
        yield served


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


def service(url: str, *, text: str | None = None, seconds: float = 5.0, name: str = "layanan-uji") -> Service:
    return Service(
        id=name, name="Layanan uji", url=url, agency="diskominfo", expect_text=text, timeout_seconds=seconds
    )


def checked(*services: Service, ca_file: Path | None = None, private: bool = True) -> list[dict[str, Any]]:
    return check_all(
        services, ca_file=ca_file, allow_private=private, clock=lambda: NOW, retry_pause_seconds=0.01
    )


def check_one(
    url: str, text: str | None = None, seconds: float = 5.0, ca_file: Path | None = None
) -> dict[str, Any]:
    (row,) = checked(service(url, text=text, seconds=seconds), ca_file=ca_file)
    return row


@pytest.mark.parametrize(
    ("path", "text", "is_up", "error_class", "status", "attempts"),
    [
        ("/ok", None, True, None, 200, 1),
        ("/ok", "LAYANAN & informasi publik", True, None, 200, 1),
        ("/ok", "Perizinan", False, "text_missing", 200, 2),
        ("/gzip", "Layanan & Informasi", True, None, 200, 1),
        ("/latin", "café", True, None, 200, 1),
        ("/meta", "café", True, None, 200, 1),
        ("/odd-charset", "café", True, None, 200, 1),
        ("/early-hints", "Informasi", True, None, 200, 1),
        ("/no-length", "Informasi", True, None, 200, 1),
        ("/empty-page", None, True, None, 200, 1),
        ("/304", None, True, None, 304, 1),
        ("/big", None, True, None, 200, 1),
        ("/big", "Akhir", False, "too_large", 200, 2),
        ("/bomb", None, True, None, 200, 1),
        ("/endless", None, True, None, 200, 1),
        ("/404", None, False, "http_404", 404, 2),
        ("/404", "tidak ada", False, "http_404", 404, 2),
        ("/403", None, False, "http_403", 403, 2),
        ("/500", None, False, "http_500", 500, 2),
        ("/503", None, False, "http_503", 503, 2),
        ("/429", None, None, "blocked", 429, 1),
        ("/waf", None, None, "blocked", 200, 1),
        ("/waf", "Layanan", None, "blocked", 200, 1),
        ("/quotes-waf", "Layanan", True, None, 200, 1),
        ("/waf-403", None, None, "blocked", 403, 1),
        ("/challenge", None, None, "blocked", 403, 1),
        ("/login", None, True, None, 200, 1),
        ("/to-ok", "Informasi", True, None, 200, 1),
        ("/hops/5", None, True, None, 200, 1),
        ("/hops/6", None, False, "redirect_loop", 302, 2),
        ("/to-404", None, False, "http_404", 404, 2),
        ("/loop", None, False, "redirect_loop", 302, 2),
        ("/set-cookie", None, True, None, 200, 1),
        ("/to-ftp", None, None, "not_allowed", 302, 1),
        ("/to-file", None, None, "not_allowed", 302, 1),
        ("/silent", None, False, "empty_reply", None, 2),
        ("/garbage", None, False, "empty_reply", None, 2),
        ("/not-gzip", None, False, "empty_reply", 200, 2),
        ("/gzip-cut", None, False, "reset", 200, 2),
        ("/gzip-cut", "Layanan", False, "reset", 200, 2),
        ("/reset", None, False, "reset", None, 2),
        ("/cut", None, False, "reset", 200, 2),
    ],
)
def test_what_a_site_does_is_what_is_recorded(
    web: Site,
    path: str,
    text: str | None,
    is_up: bool | None,
    error_class: str | None,
    status: int | None,
    attempts: int,
) -> None:
    row = check_one(web.url + path, text)
    found = (row["is_up"], row["error_class"], row["status"], row["attempts"])
    assert found == (is_up, error_class, status, attempts), row["error_message"]
    assert (row["error_message"] is None) == (error_class is None)
    assert row["is_https"] is False
    assert row["tls_ok"] is None


@pytest.mark.parametrize(
    ("fault", "is_up", "error_class", "tls_ok", "status"),
    [
        ("good", True, None, True, 200),
        ("whole_chain", True, None, True, 200),
        ("tls_1_2", True, None, True, 200),
        ("expired", False, "tls_expired", False, 200),
        ("self_signed", False, "tls_self_signed", False, 200),
        ("unknown_root", False, "tls_self_signed", False, 200),
        ("incomplete_chain", False, "tls_incomplete_chain", False, 200),
        ("wrong_host", False, "tls_wrong_host", False, 200),
        ("too_old", False, "tls_other", False, None),
    ],
)
def test_a_certificate_that_browsers_refuse_counts_as_down(
    pki: Pki, fault: str, is_up: bool, error_class: str | None, tls_ok: bool, status: int | None
) -> None:
    with site(pki.contexts[fault]) as served:
        row = check_one(f"{served.url}/ok", ca_file=pki.ca_file)
    found = (row["is_up"], row["error_class"], row["tls_ok"], row["status"])
    assert found == (is_up, error_class, tls_ok, status), row["error_message"]
    assert row["is_https"] is True
    assert (row["cert_expires_at"] is None) == (fault == "too_old")


def test_end_and_issuer_of_a_certificate_are_known_even_when_it_is_refused(pki: Pki) -> None:
    with site(pki.contexts["good"]) as good, site(pki.contexts["expired"]) as expired:
        fine, refused = checked(service(f"{good.url}/ok"), service(f"{expired.url}/404"), ca_file=pki.ca_file)
    assert fine["cert_expires_at"] == pki.ends.isoformat()
    assert refused["cert_expires_at"] == pki.ended.isoformat()
    assert "Testing CA" in fine["cert_issuer"]
    assert refused["status"] == 404
    assert "server menjawab 404" in refused["error_message"]


@pytest.mark.parametrize(
    ("host", "is_up"),
    [
        ("a.contoh.test", True),
        ("A.contoh.test.", True),
        ("b.a.contoh.test", False),
        ("contoh.test", False),
        ("acontoh.test", False),
    ],
)
def test_a_certificate_must_be_for_the_name_that_was_asked(
    pki: Pki, monkeypatch: pytest.MonkeyPatch, host: str, is_up: bool
) -> None:
    names(monkeypatch, {host.lower(): ["127.0.0.1"]})
    with site(pki.contexts["wildcard"]) as served:
        row = check_one(f"https://{host}:{served.port}/ok", ca_file=pki.ca_file)
    assert (row["is_up"], row["error_class"]) == (is_up, None if is_up else "tls_wrong_host")
    assert json.loads(row["cert_names"]) == ["*.contoh.test"]


def test_an_intermediate_issuer_may_be_what_is_trusted(pki: Pki) -> None:
    with site(pki.contexts["incomplete_chain"]) as served:
        assert check_one(f"{served.url}/ok", ca_file=pki.intermediate_file)["is_up"] is True


@pytest.mark.parametrize(
    ("path", "error_class"),
    [
        ("/big", None),
        ("/gzip", None),
        ("/no-length", None),
        ("/silent", "empty_reply"),
        ("/cut", "reset"),
        ("/reset", "reset"),
    ],
)
def test_answers_behind_tls_are_read_like_others(pki: Pki, path: str, error_class: str | None) -> None:
    with site(pki.contexts["good"]) as served:
        row = check_one(served.url + path, ca_file=pki.ca_file, seconds=3)
    assert (row["error_class"], row["tls_ok"]) == (error_class, True)


def test_a_refused_certificate_is_still_refused_without_own_issuers(pki: Pki) -> None:
    with site(pki.contexts["good"]) as served:
        assert check_one(f"{served.url}/ok")["tls_ok"] is False


@pytest.mark.parametrize("content", [None, b"", b"bukan sertifikat"])
def test_an_unusable_ca_file_is_said_at_once_and_not_blamed_on_services(
    web: Site, tmp_path: Path, content: bytes | None
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(CaFileError, match=r"ca\.pem"):
        check_one(f"{web.url}/ok", ca_file=ca_file)


def test_a_port_that_speaks_no_tls_is_a_tls_fault(web: Site) -> None:
    row = check_one(web.url.replace("http:", "https:") + "/ok", seconds=2)
    assert (row["is_up"], row["error_class"]) == (False, "tls_other")


def test_a_connection_cut_in_the_handshake_is_a_reset() -> None:
    with site(slams=True) as served:
        row = check_one(served.url.replace("http:", "https:"))
    assert (row["is_up"], row["error_class"], row["tls_ok"]) == (False, "reset", None)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_ipv6_addresses_are_visited() -> None:
    with site(host="::1") as served:
        assert check_one(f"{served.url}/ok")["is_up"] is True


def test_http_that_leads_to_https_is_https_and_the_other_way_is_not(pki: Pki, web: Site) -> None:
    with site(pki.contexts["good"]) as secure:
        up, down = checked(
            service(f"{web.url}/away/{secure.url}/ok"),
            service(f"{secure.url}/away/{web.url}/ok"),
            ca_file=pki.ca_file,
        )
        assert up["final_url"] == f"{secure.url}/ok"
    assert (up["is_up"], up["is_https"], up["tls_ok"]) == (True, True, True)
    assert up["tls_ms"] > 0
    assert (down["is_up"], down["is_https"], down["tls_ok"], down["cert_expires_at"]) == (
        True,
        False,
        None,
        None,
    )


def test_nothing_listening_is_refused() -> None:
    row = check_one(f"http://127.0.0.1:{closed_port()}/")
    assert (row["is_up"], row["error_class"], row["attempts"]) == (False, "refused", 2)
    assert (row["status"], row["final_url"], row["connect_ms"], row["first_byte_ms"]) == (
        None,
        None,
        None,
        None,
    )


def test_an_unknown_name_is_a_dns_fault() -> None:
    row = check_one("http://layanan.tidak-ada.invalid/")
    assert (row["is_up"], row["error_class"]) == (False, "dns")
    assert (row["dns_ms"], row["connect_ms"], row["tls_ok"]) == (None, None, None)


@pytest.mark.parametrize(("path", "stuck"), [("/hang", "menunggu jawaban"), ("/drip", "membaca isi halaman")])
def test_a_site_that_hangs_or_drips_ends_at_its_timeout(web: Site, path: str, stuck: str) -> None:
    row = check_one(web.url + path, seconds=0.4)
    assert (row["is_up"], row["error_class"], row["attempts"]) == (False, "timeout", 2)
    assert stuck in row["error_message"]
    assert 350 <= row["total_ms"] < 5000


def test_the_timeout_covers_all_redirects_together(web: Site) -> None:
    row = check_one(f"{web.url}/slow/3", seconds=0.5)
    assert (row["error_class"], row["is_up"]) == ("timeout", False)


def test_a_passing_fault_is_no_fault(web: Site) -> None:
    row = check_one(f"{web.url}/once")
    assert (row["is_up"], row["error_class"], row["attempts"]) == (True, None, 2)


def test_a_failure_is_tried_again_only_after_a_pause(web: Site) -> None:
    begun = time.monotonic()
    check_all(
        [service(f"{web.url}/503")],
        ca_file=None,
        allow_private=True,
        clock=lambda: NOW,
        retry_pause_seconds=0.3,
    )
    assert time.monotonic() - begun >= 0.3


def test_each_check_says_who_is_asking(web: Site) -> None:
    check_one(f"{web.url}/ok")
    assert all("PantauSPBE" in agent for agent in web.agents)


def test_every_attempt_makes_a_request_of_its_own(web: Site) -> None:
    before = web.hits.get("/503", 0)
    check_one(f"{web.url}/503")
    assert web.hits["/503"] - before == 2


def test_phases_are_durations_summed_over_redirects(pki: Pki) -> None:
    with site(pki.contexts["good"]) as served:
        row = check_one(f"https://localhost:{served.port}/slow/2", ca_file=pki.ca_file)
    phases = [row[f"{phase}_ms"] for phase in ("dns", "connect", "tls", "first_byte")]
    assert all(phase > 0 for phase in phases)
    assert sum(phases) <= row["total_ms"] + 0.1
    assert row["first_byte_ms"] >= 3 * 190  # three answers, a pause before each
    assert row["checked_at"] == NOW.isoformat()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "layanan.contoh.test",
        "http://",
        "http://[::1/",
        "http://127.0.0.1:port/",
        "http://pengguna:rahasia@127.0.0.1/",
        "",
    ],
)
def test_what_is_no_web_address_is_not_visited(url: str) -> None:
    row = check_one(url)
    assert (row["is_up"], row["error_class"], row["attempts"], row["total_ms"]) == (
        None,
        "not_allowed",
        1,
        None,
    )
    assert "rahasia" not in row["error_message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_not_visited_unless_allowed(web: Site, host: str) -> None:
    before = dict(web.hits)
    (row,) = checked(service(f"http://{host}:{web.port}/ok"), private=False)
    assert (row["is_up"], row["error_class"], row["attempts"]) == (None, "not_allowed", 1)
    assert web.hits == before


def test_a_redirect_to_a_private_address_is_not_followed(web: Site) -> None:
    # 127.0.0.1 stands for the public internet here, the rest of its network for a private one.
    with site(host="127.0.0.2") as inside:
        terms = Terms(Path(certifi.where()), lambda address: address == "127.0.0.1", lambda: NOW, 0.01)
        (row,) = check_on([service(f"{web.url}/away/{inside.url}/ok")], terms, concurrency=1)
        assert inside.hits == {}
    assert (row["is_up"], row["error_class"]) == (None, "not_allowed")
    assert "127.0.0.2" in row["error_message"]


def test_credentials_in_a_redirect_are_not_recorded(web: Site) -> None:
    row = check_one(f"{web.url}/away/http://admin:rahasia@127.0.0.1:{web.port}/ok")
    assert "rahasia" not in f"{row['final_url']} {row['error_message']}"


@pytest.mark.parametrize(("concurrency", "at_once"), [(64, REQUESTS_PER_HOST), (3, 3)])
def test_no_more_is_asked_at_once_than_a_site_can_bear(concurrency: int, at_once: int) -> None:
    with site() as served:
        services = [service(f"{served.url}/slow/0") for _ in range(20)]
        terms = Terms(Path(certifi.where()), lambda _: True, lambda: NOW, 0.01)
        rows = check_on(services, terms, concurrency=concurrency)
    assert all(row["is_up"] for row in rows)
    assert 1 < served.busiest <= at_once


def test_failures_that_wait_to_be_confirmed_hold_up_no_others() -> None:
    begun = time.monotonic()
    closed = closed_port()
    rows = check_all(
        [service(f"http://127.0.0.{n}:{closed}/", name=f"l-{n}") for n in range(1, 41)],
        ca_file=None,
        allow_private=True,
        clock=lambda: NOW,
        concurrency=2,
        retry_pause_seconds=1,
    )
    assert [(row["error_class"], row["attempts"]) for row in rows] == [("refused", 2)] * 40
    # One pause, not one for each pair.
    assert time.monotonic() - begun < 10


def names(monkeypatch: pytest.MonkeyPatch, addresses: dict[str, list[str]]) -> threading.Event:
    """Let the operating system know these names, the slow ones ("lambat") after 0.3 s.

    About all others it is silent until the event is set.
    """
    over = threading.Event()
    really = socket.getaddrinfo

    def answer(host: str, port: int, **kind: Any) -> Any:
        if host.startswith("lambat"):
            time.sleep(0.3)
        if host[0].isdigit():
            return really(host, port, **kind)
        if host not in addresses:
            over.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "terlambat")
        return [found for address in addresses[host] for found in really(address, port, **kind)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return over


def test_names_whose_server_is_dead_hold_up_no_others(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    over = names(monkeypatch, {f"hidup-{n}.test": ["127.0.0.1"] for n in range(40)})
    hosts = [name for n in range(40) for name in (f"mati-{n}.test", f"hidup-{n}.test")]
    rows = checked(*(service(f"http://{host}:{web.port}/ok", seconds=1.5) for host in hosts))
    over.set()
    assert {(row["is_up"], row["error_class"]) for row in rows[::2]} == {(False, "timeout")}
    assert {(row["is_up"], row["error_class"]) for row in rows[1::2]} == {(True, None)}
    assert "mencari nama host" in rows[0]["error_message"]


def test_a_slow_look_up_counts_as_dns_and_toward_the_timeout(
    web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, {"lambat.test": ["127.0.0.1"]})
    up, hung = checked(
        service(f"http://lambat.test:{web.port}/ok"),
        service(f"http://lambat.test:{web.port}/hang", seconds=0.5),
    )
    assert (up["is_up"], hung["error_class"]) == (True, "timeout")
    assert up["total_ms"] > up["dns_ms"] >= 300
    assert hung["total_ms"] < 2000


def test_a_private_address_among_others_is_passed_over(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(host="127.0.0.2") as inside:
        names(monkeypatch, {"campur.test": ["127.0.0.3", "127.0.0.1"], "dalam.test": ["127.0.0.2"]})
        terms = Terms(Path(certifi.where()), lambda address: address == "127.0.0.1", lambda: NOW, 0.01)
        services = [
            service(f"http://campur.test:{web.port}/ok"),
            service(f"http://dalam.test:{inside.port}/ok"),
            service(f"{web.url}/away/http://dalam.test:{inside.port}/ok"),
        ]
        rows = check_on(services, terms, concurrency=4)
        assert inside.hits == {}
    assert [(row["is_up"], row["error_class"]) for row in rows] == [
        (True, None),
        (None, "not_allowed"),
        (None, "not_allowed"),
    ]


def test_an_address_that_does_not_answer_holds_up_the_next_only_for_a_moment(
    web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, {"dua.test": ["127.0.0.9", "127.0.0.1"], "tiga.test": ["127.0.0.8", "127.0.0.9"]})
    # Whoever connects to a full queue waits.
    with socket.create_server(("127.0.0.9", web.port), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        up, down = checked(
            service(f"http://dua.test:{web.port}/ok"), service(f"http://tiga.test:{web.port}/ok", seconds=0.6)
        )
        for one in waiting:
            one.close()
    assert (up["is_up"], up["attempts"]) == (True, 1)
    assert 200 <= up["connect_ms"] < 3000
    assert (down["error_class"], down["connect_ms"]) == ("timeout", None)
    assert "menyambung" in down["error_message"]


def test_a_proxy_of_the_environment_does_not_stand_between(
    web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    assert check_one(f"{web.url}/ok")["is_up"] is True


def test_two_hundred_services_with_faults_among_them_are_checked_together(web: Site) -> None:
    paths = {3: "/404", 50: "/silent", 77: "/reset", 120: "/waf", 150: "/hang"}
    services = [
        service(web.url + paths.get(n, "/ok"), name=f"layanan-{n}", seconds=0.5 if n == 150 else 20.0)
        for n in range(200)
    ]
    told: list[tuple[int, int]] = []
    rows = check_all(
        services,
        ca_file=None,
        allow_private=True,
        clock=lambda: NOW,
        progress=lambda done, total: told.append((done, total)),
        retry_pause_seconds=0.01,
    )
    assert [row["service_id"] for row in rows] == [one.id for one in services]
    assert {n: row["error_class"] for n, row in enumerate(rows) if row["is_up"] is not True} == {
        3: "http_404",
        50: "empty_reply",
        77: "reset",
        120: "blocked",
        150: "timeout",
    }
    assert told == [(n, 200) for n in range(1, 201)]


def test_facts_of_a_good_answer(pki: Pki, web: Site) -> None:
    with site(pki.contexts["good"]) as secure:
        (row,) = checked(service(f"{web.url}/away/{secure.url}/rich"), ca_file=pki.ca_file)
        start = f"{web.url}/away/{secure.url}/rich"
        assert json.loads(row["redirect_chain"]) == [start, f"{secure.url}/rich"]
    assert row["http_version"] == "1.1"
    assert json.loads(row["cert_names"]) == ["127.0.0.1", "localhost"]
    assert row["hsts"] is True
    assert json.loads(row["security_headers"]) == {
        "strict-transport-security": "max-age=31536000",
        "x-frame-options": "DENY",
    }
    assert (row["page_title"], row["language"]) == ("Kota & Contoh", "id")
    assert (row["is_compromised"], row["compromise_evidence"]) == (False, None)


def test_plain_http_has_no_hsts_and_no_names(web: Site) -> None:
    row = check_one(f"{web.url}/rich")
    assert (row["hsts"], row["cert_names"], row["redirect_chain"]) == (None, None, None)


@pytest.mark.parametrize(
    ("expected", "is_up", "error_class", "matched", "said"),
    [
        ({"/status": "ok"}, True, None, True, None),
        ({"/status": "ok", "/db/0/a~1b": 1, "/siap": True}, True, None, True, None),
        ({"/status": "mati"}, False, "json_mismatch", False, '/status berisi "ok", seharusnya "mati"'),
        ({"/siap": 1}, False, "json_mismatch", False, "/siap berisi true, seharusnya 1"),
        ({"/db/9": 1}, False, "json_mismatch", False, "tidak memuat /db/9"),
        ({"/status/dalam": 1}, False, "json_mismatch", False, "tidak memuat /status/dalam"),
    ],
)
def test_a_json_answer_is_judged_by_what_it_says(
    web: Site, expected: dict[str, Any], is_up: bool, error_class: str | None, matched: bool, said: str | None
) -> None:
    asked = service(f"{web.url}/json").model_copy(update={"expect_json": expected})
    (row,) = checked(asked)
    assert (row["is_up"], row["error_class"], row["json_matched"]) == (is_up, error_class, matched)
    assert said is None or said in row["error_message"]


def test_a_page_where_json_was_expected_is_a_mismatch_but_a_firewalls_page_cannot_tell(web: Site) -> None:
    expected = {"expect_json": {"/status": "ok"}}
    page, wall = checked(
        service(f"{web.url}/ok").model_copy(update=expected),
        service(f"{web.url}/waf").model_copy(update=expected),
    )
    assert (page["error_class"], page["json_matched"]) == ("json_mismatch", False)
    assert (wall["is_up"], wall["error_class"]) == (None, "blocked")


def test_a_page_taken_over_is_up_and_compromised(web: Site, pki: Pki) -> None:
    row = check_one(f"{web.url}/hacked")
    assert (row["is_up"], row["is_compromised"]) == (True, True)
    assert "slot gacor" in row["compromise_evidence"]
    with site(pki.contexts["expired"]) as secure:
        behind = check_one(f"{secure.url}/hacked", ca_file=pki.ca_file)
    assert (behind["error_class"], behind["is_compromised"]) == ("tls_expired", True)


@pytest.mark.parametrize(
    "path", ["/404", "/waf", "/cut", "/gzip-cut", "/big", "/json", "/empty-page", "/silent"]
)
def test_what_shows_no_whole_page_proves_nothing_of_compromise(web: Site, path: str) -> None:
    assert check_one(web.url + path)["is_compromised"] is None


def test_many_hosts_are_checked_and_rows_keep_their_order() -> None:
    with site(host="0.0.0.0") as served:
        services = [
            service(
                f"http://127.0.0.{1 + n % 100}:{served.port}/{'404' if n % 7 == 0 else 'ok'}", name=f"l-{n}"
            )
            for n in range(300)
        ]
        told: list[tuple[int, int]] = []
        rows = check_all(
            services,
            ca_file=None,
            allow_private=True,
            clock=lambda: NOW,
            progress=lambda done, total: told.append((done, total)),
            retry_pause_seconds=0.01,
        )
    assert [row["service_id"] for row in rows] == [f"l-{n}" for n in range(300)]
    assert [row["is_up"] for row in rows] == [n % 7 != 0 for n in range(300)]
    assert told == [(n, 300) for n in range(1, 301)]


def test_a_broken_listener_ends_the_run_at_once() -> None:
    def break_off(done: int, total: int) -> None:
        raise RuntimeError("tidak mau lagi")

    with site(host="0.0.0.0") as served:
        hosts = [f"127.0.0.{n}" for n in range(1, 65)]
        services = [service(f"http://{host}:{served.port}/ok") for host in hosts]
        services += [service(f"http://{host}:{served.port}/hang", seconds=15) for host in hosts]
        begun = time.monotonic()
        with pytest.raises(RuntimeError, match="tidak mau lagi"):
            check_all(
                services,
                ca_file=None,
                allow_private=True,
                clock=lambda: NOW,
                progress=break_off,
                concurrency=128,
            )
    assert time.monotonic() - begun < 10


def test_cookies_of_one_service_are_not_shown_to_the_next(web: Site) -> None:
    services = [service(f"{web.url}/set-cookie"), service(f"{web.url}/needs-cookie")]
    rows = check_all(
        services, ca_file=None, allow_private=True, clock=lambda: NOW, retry_pause_seconds=0.01, concurrency=1
    )
    assert [row["error_class"] for row in rows] == [None, "redirect_loop"]


def test_no_services_are_no_rows() -> None:
    assert checked() == []


def test_rows_survive_the_batch_and_cite_it(pki: Pki, web: Site) -> None:
    with site(pki.contexts["good"]) as secure:
        rows = checked(
            service(f"{secure.url}/ok", text=PAGE[-20:-14], name="aman"),
            service(f"{web.url}/404", name="hilang"),
            service("ftp://x/", name="salah"),
            ca_file=pki.ca_file,
        )
    capture = Capture("urn:uuid:1", "urn:pantau:uptime:uji", NOW, None, (), "", to_payload(rows))
    parsed = parse([capture])
    assert parsed.rejects == ()
    records = [asdict(one) for one in parsed.records]
    for position, (row, record) in enumerate(zip(rows, records, strict=True)):
        for moment in ("checked_at", "cert_expires_at"):
            row[moment] = row[moment] and datetime.fromisoformat(row[moment])
        assert record == {**row, "capture_id": "urn:uuid:1", "position": position}
