"""Registries that are APIs: every page is read, codes become words, and no failure reads as an empty registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collectors import app_registry
from collectors.addresses import Reach
from collectors.evidence import ApplicationRecord, Capture, Parsed, ParseError
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import Source

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def source(**more: Any) -> Source:
    entry = {"id": "api", "collector": "app_registry", "cadence": "registry", "agency": "kominfo"}
    return Source.model_validate({**entry, "format": "json", "url": "http://127.0.0.1/api", **more})


def capture(body: bytes | object, url: str = "https://api.kota.go.id/aplikasi", status: int = 200) -> Capture:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("<1>", url, NOON, status, (("Content-Type", "application/json"),), "", payload)


def read(*bodies: bytes | object, **more: Any) -> Parsed:
    pages = [
        capture(body, f"https://api.kota.go.id/aplikasi?page={n}") for n, body in enumerate(bodies, start=1)
    ]
    return app_registry.parse(pages, source(**more))


def applications(parsed: Parsed) -> list[ApplicationRecord]:
    return [record for record in parsed.records if isinstance(record, ApplicationRecord)]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"data": rows},
        lambda rows: {"success": True, "result": {"total": 1, "records": rows}},
        lambda rows: {"status": 200, "data": {"current_page": 1, "data": rows}},
    ],
)
def test_objects_are_found_however_they_are_wrapped(wrap: Any) -> None:
    (found,) = applications(read(wrap([{"nama_aplikasi": "SIPD", "produsen": "Bappeda", "jenis": "Umum"}])))
    assert (found.name, found.agency, found.kind) == ("SIPD", "Bappeda", "umum")


def test_codes_mean_what_the_source_says_they_mean() -> None:
    rows = [
        {"nama_aplikasi": "Satu", "jenis": 1, "status": "aktif", "integrasi": "sudah"},
        {"nama_aplikasi": "Dua", "jenis": "2", "status": "naktif", "integrasi": "belum"},
        {"nama_aplikasi": "Tiga", "jenis": 9, "status": None, "integrasi": None},
    ]
    codes = {"Jenis": {"1": "Khusus", "2": "Umum"}}
    found = applications(read(rows, values=codes))
    assert [(a.kind, a.status, a.is_integrated) for a in found] == [
        ("khusus", "aktif", True),
        ("umum", "tidak_aktif", False),
        ("tidak_diketahui", "tidak_diketahui", None),
    ]
    assert json.loads(found[2].extra) == {"jenis": "9"}
    # Without the source's word a code means nothing.
    assert {a.kind for a in applications(read(rows))} == {"tidak_diketahui"}


def test_numbers_keep_the_form_they_came_in_and_codes_their_zeros() -> None:
    (found,) = applications(
        read(b'[{"nama_aplikasi": "A", "opd": "B", "kode": "031101", "biaya": "1.250,75", "x": NaN}]')
    )
    assert json.loads(found.extra) == {"kode": "031101", "biaya": "1.250,75", "x": "NaN"}


def test_persons_stay_out_wherever_they_are_nested() -> None:
    rows = [
        {
            "nama_aplikasi": "A",
            "opd": "Dinas",
            "nama": "Budi Rahasia",
            "pj": {"nama": "Budi Rahasia", "kontak": {"hp": "081234567890"}},
            "pengelola": ["Budi Rahasia"],
            "tim": [{"nama": "Budi Rahasia"}],
            "catatan_teknis": {"a": {"b": {"c": "Budi Rahasia"}}},
            "keterangan": "hubungi 081234567890",
        }
    ]
    parsed = read(rows)
    assert "Rahasia" not in str(parsed)
    assert "0812" not in str(parsed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "empty"),
        ({"data": []}, "empty"),
        ({"error": 1, "message": "Data tidak ditemukan"}, "Data tidak ditemukan"),
        ({"success": False, "data": None}, "no list"),
        ([1, None, "a"], "without any object"),
        (b'[{"nama_aplikasi": "A"', "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        ([{"judul": "A", "isi": "B"}], "no table with a column of application names"),
    ],
)
def test_no_failure_reads_as_an_empty_registry(body: bytes | object, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read(body)


def page(number: int, total: int, *names: str) -> dict[str, Any]:
    rows = [{"nama_aplikasi": name, "opd": "Dinas"} for name in names]
    return {"data": rows, "pagination": {"current_page": number, "total_page": total}}


def test_a_paged_answer_is_whole_or_refused() -> None:
    assert [a.name for a in applications(read(page(1, 2, "A"), page(2, 2, "B")))] == ["A", "B"]
    with pytest.raises(ParseError, match="says 2 pages, 1 were captured"):
        read(page(1, 2, "A"))


class Api(ThreadingHTTPServer):
    """A paged API; what it does wrong is chosen by its path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: Api

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        status, body = 404, b"{}"
        if parts.path != "/robots.txt":
            self.server.asked.append(self.path)
        if parts.path == "/paged":
            status, body = 200, json.dumps(page(number, 3, f"A{number}")).encode()
        elif parts.path == "/same":
            status, body = 200, json.dumps(page(1, 3, "A")).encode()
        elif parts.path == "/broken" and number < 3:
            status, body = 200, json.dumps(page(number, 3, f"A{number}")).encode()
        elif parts.path == "/page":
            status, body = 200, b"<html>Selamat datang</html>"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with HttpSession(clock=lambda: NOON, reach=Reach(allow_private=True)) as opened:
        yield opened


def at(api: Api, path: str, **more: Any) -> Source:
    return source(url=f"http://127.0.0.1:{api.server_address[1]}{path}", **more)


def test_every_page_is_asked_for_once_and_other_parameters_stay(api: Api, session: HttpSession) -> None:
    api.asked.clear()
    answers = list(app_registry.fetch(at(api, "/paged?per_page=1"), session))
    assert api.asked == ["/paged?per_page=1", "/paged?per_page=1&page=2", "/paged?per_page=1&page=3"]
    parsed = app_registry.parse([capture(a.body, a.url) for a in answers], at(api, "/paged"))
    assert [a.name for a in applications(parsed)] == ["A1", "A2", "A3"]


@pytest.mark.parametrize(
    ("path", "kind", "documents"),
    [("/same", "loop", 2), ("/broken", "http_404", 3), ("/missing", "http_404", 1)],
)
def test_a_listing_that_cannot_be_read_to_its_end_fails_the_run(
    api: Api, session: HttpSession, path: str, kind: str, documents: int
) -> None:
    seen = []
    with pytest.raises(FetchError) as failed:
        for answer in app_registry.fetch(at(api, path), session):
            seen.append(answer)
    assert failed.value.kind == kind
    assert len(seen) == documents


def test_more_pages_than_allowed_fail_the_run_and_a_web_page_is_refused(
    api: Api, session: HttpSession
) -> None:
    with pytest.raises(FetchError, match="max_pages 2"):
        list(app_registry.fetch(at(api, "/paged", max_pages=2), session))
    (answer,) = app_registry.fetch(at(api, "/page"), session)
    with pytest.raises(ParseError):
        app_registry.parse([capture(answer.body)], source())
