"""Catalogues of open data portals: every page is read, and no failure reads as an empty catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from collectors import open_data
from collectors.addresses import Reach
from collectors.evidence import Capture, DatasetRecord, Parsed, ParseError, columns_of
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import Source
from expectations.validate import validate
from tests.warehouse_rows import warehouse_with
from warehouse.records import store
from warehouse.staging import Staging

pytestmark = pytest.mark.e2e

SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "field" / "ckan-2.12"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PORTAL = "https://data.kota.go.id/api/3/action/package_search"


def dataset(name: str = "aplikasi", **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "title": f"Data {name}",
        "notes": "Uraian",
        "license_id": "cc-by",
        "maintainer": "Budi Rahasia",
        "maintainer_email": "budi@rahasia.example",
        "author": "Siti Rahasia",
        "metadata_modified": "2026-01-02T03:04:05.678901",
        "organization": {"name": "kominfo", "title": "Dinas Kominfo"},
        "resources": [
            {"format": "CSV"},
            {"format": ".geojson"},
            {"format": "CSV", "url": "https://x.id/a.csv"},
        ],
        **more,
    }


def found(*entries: Any, count: int | None = None) -> dict[str, Any]:
    total = len(entries) if count is None else count
    return {"help": "", "success": True, "result": {"count": total, "results": list(entries)}}


def capture(body: Any, status: int = 200) -> Capture:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Capture("<1>", PORTAL, NOON, status, (), "", payload)


def read(*bodies: Any) -> Parsed:
    return open_data.parse([capture(body) for body in bodies])


def records(parsed: Parsed) -> list[DatasetRecord]:
    return [record for record in parsed.records if isinstance(record, DatasetRecord)]


def test_a_data_set_says_what_it_offers_and_no_person() -> None:
    parsed = read(found(dataset()))
    (record,) = records(parsed)
    assert record == DatasetRecord(
        dataset_key="id-aplikasi",
        name="aplikasi",
        title="Data aplikasi",
        organisation="Dinas Kominfo",
        formats="csv,geojson",
        licence="cc-by",
        is_described=True,
        resource_count=3,
        modified_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        capture_id="<1>",
        position=1,
    )
    assert "ahasia" not in str(parsed)


@pytest.mark.parametrize(
    ("resource", "formats"),
    [
        ({"format": "", "url": "https://data.kota.go.id/berkas/Penduduk.XLSX?x=1"}, "xlsx"),
        ({"format": "", "url": "https://data.kota.go.id/datastore/dump/1", "datastore_active": True}, "csv"),
        ({"format": None, "url": None}, ""),
        ({"format": "", "url": "https://[nama-host]/data.csv"}, ""),
        ({"format": "=cmd|<b>"}, "cmd b"),
    ],
)
def test_a_format_that_is_not_stated_is_read_from_the_file(resource: dict[str, Any], formats: str) -> None:
    (record,) = records(read(found(dataset(resources=[resource]))))
    assert record.formats == formats


def test_what_is_missing_stays_unknown_and_what_cannot_be_read_is_rejected() -> None:
    bare = {"id": "1", "name": "polos"}
    parsed = read(found(bare, {"title": "tanpa id"}, None, dataset("x", metadata_modified="kemarin"), bare))
    (record,) = records(parsed)
    assert (record.title, record.organisation, record.licence, record.modified_at) == (
        "polos",
        None,
        None,
        None,
    )
    assert (record.formats, record.resource_count, record.is_described) == ("", 0, False)
    assert [reject.reason.split(":")[0] for reject in parsed.rejects] == [
        "tanpa pengenal himpunan data",
        "tanpa pengenal himpunan data",
        "metadata_modified bukan waktu",
    ]
    assert parsed.duplicates == 1
    assert parsed.seen == 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"success": False, "error": {"message": "Access denied"}}, 200),
        ({"success": False, "error": {"__type": "Not Found Error", "message": "Not found"}}, 404),
        ("Bad request - Action name not known: paket", 400),
        ({"success": False, "error": {"__type": "Search Error"}}, 500),
        (b"<!doctype html><title>Portal Data</title>", 200),
        (b"", 200),
        (b"[" * 100_000, 200),
        ([], 200),
        ({"success": "true", "result": {"count": 0, "results": []}}, 200),
        ({"success": True, "result": {"results": []}}, 200),
        ({"success": True, "result": []}, 200),
        (found(dataset()), 500),
        (found(dataset(), count=2), 200),
    ],
)
def test_a_failure_is_never_an_empty_catalogue(body: Any, status: int) -> None:
    with pytest.raises(ParseError):
        open_data.parse([capture(body, status)])


def test_an_empty_catalogue_is_refused_at_the_gate() -> None:
    parsed = read(found())
    assert parsed.records == ()
    frame = pd.DataFrame({name: [] for name in columns_of("dataset")}, dtype=object)
    assert validate("dataset", frame, {"min_rows": 1, "max_year": 2027}).outcome == "fail"


def test_a_good_catalogue_passes_the_gate_and_its_changes_are_history(tmp_path: Path) -> None:
    parsed = read(found(*(dataset(f"d{n}") for n in range(5))))
    frame = pd.DataFrame(
        {name: [getattr(r, name) for r in parsed.records] for name in columns_of("dataset")}, dtype=object
    )
    assert validate("dataset", frame, {"min_rows": 1, "max_year": 2027}).outcome == "pass"
    connection = warehouse_with({})
    changed = read(found(*(dataset(f"d{n}") for n in range(3)), dataset("d3", notes="")))
    for day, batch in ((1, parsed), (2, changed)):
        at = datetime(2026, 3, day, tzinfo=UTC)
        stamp = {"entry_id": str(day), "institution": "kota-a", "source": "katalog"}
        with Staging(tmp_path) as staging:
            staging.keep("dataset", batch.records)
            with staging.shown_to(connection):
                store(connection, "dataset", observed_at=at, loaded_at=at, **stamp)
    kept = connection.execute(
        "SELECT name, is_described, valid_to IS NULL FROM core.dataset ORDER BY name, valid_from"
    ).fetchall()
    assert kept == [
        ("d0", True, True),
        ("d1", True, True),
        ("d2", True, True),
        ("d3", True, False),
        ("d3", False, True),
        ("d4", True, False),
    ]


# Over the network -------------------------------------------------------------------------------------------------


class Portal(ThreadingHTTPServer):
    """A CKAN portal of 250 data sets; what is wrong with it is chosen by the path below which it stands."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: Portal

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, body = self._answer(parts.path.split("/")[1], parse_qs(parts.query))
        if parts.path == "/robots.txt":
            status, body = 404, b""
        else:
            self.server.asked.append(self.path)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, what: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        start, rows = int(query.get("start", ["0"])[0]), int(query.get("rows", ["10"])[0])
        page = [dataset(f"d{n:03d}") for n in range(start, min(start + rows, 250))]
        good = json.dumps(found(*page, count=250)).encode()
        return {
            "api": (200, good),
            "ends": (200, good if start == 0 else json.dumps(found(count=250)).encode()),
            "html": (200, b"<html>Portal Data</html>"),
            "denied": (200, json.dumps({"success": False, "error": {"message": "no"}}).encode()),
            "gone": (404, json.dumps({"success": False, "error": {"__type": "Not Found Error"}}).encode()),
            "unknown": (400, json.dumps("Bad request - Action name not known").encode()),
            "search-down": (500 if start else 200, good if start == 0 else b'{"success": false}'),
        }.get(what, (404, b""))


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with HttpSession(clock=lambda: NOON, reach=Reach(allow_private=True)) as opened:
        yield opened


def source(portal: Portal, path: str, **more: Any) -> Source:
    entry = {"id": "katalog", "collector": "open_data", "cadence": "listings", "agency": "kominfo"}
    return Source.model_validate(
        {**entry, "url": f"http://127.0.0.1:{portal.server_address[1]}{path}", **more}
    )


@pytest.mark.parametrize("path", ["", "/", "/api/3/action", "/api/3/action/package_search", "/api/action/"])
def test_every_page_is_read_from_the_portal_or_its_action_address(
    portal: Portal, session: HttpSession, path: str
) -> None:
    portal.asked.clear()
    answers = list(open_data.fetch(source(portal, path), session))
    assert [parse_qs(urlsplit(asked).query)["start"] for asked in portal.asked] == [["0"], ["100"], ["200"]]
    assert {urlsplit(asked).path.rsplit("/", 1)[1] for asked in portal.asked} == {"package_search"}
    parsed = open_data.parse([capture(answer.body) for answer in answers])
    assert len(parsed.records) == 250
    with pytest.raises(ParseError, match="says 250 data sets, 200 were captured"):
        open_data.parse([capture(answer.body) for answer in answers[:2]])


@pytest.mark.parametrize(
    ("path", "kind", "documents"),
    [
        ("/ends", "ended_early", 2),
        ("/html", "no_catalogue", 1),
        ("/denied", "no_catalogue", 1),
        ("/gone", "http_404", 1),
        ("/unknown", "http_400", 1),
        ("/search-down", "http_500", 2),
    ],
)
def test_a_portal_that_gives_no_catalogue_fails_the_run(
    portal: Portal, session: HttpSession, path: str, kind: str, documents: int
) -> None:
    seen = []
    with pytest.raises(FetchError) as failed:
        for answer in open_data.fetch(source(portal, path), session):
            seen.append(answer)
    assert failed.value.kind == kind
    assert len(seen) == documents


def test_more_pages_than_allowed_fail_the_run(portal: Portal, session: HttpSession) -> None:
    with pytest.raises(FetchError, match="max_pages 2"):
        list(open_data.fetch(source(portal, "", max_pages=2), session))


@pytest.mark.samples
def test_what_a_real_ckan_emits() -> None:
    if not SAMPLES.exists():
        pytest.skip("the shared samples are not here")
    (record,) = records(open_data.parse_file(SAMPLES / "package_show.json"))
    assert (record.name, record.organisation, record.formats) == ("daftar-aplikasi", "Diskominfo", "csv")
    assert (record.licence, record.is_described, record.resource_count) == (None, False, 1)
    with pytest.raises(ParseError, match="holds no list of data sets"):
        open_data.parse_file(SAMPLES / "datastore_search.json")
