"""The made-up city: what it serves, how it fails, and that it leaves nothing behind."""

from __future__ import annotations

import csv
import gc
import hashlib
import io
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
import requests
from openpyxl import load_workbook

from collectors.institution import InstitutionFile, parse_institution, read_institution
from demo import legal, statements
from demo.__main__ import EXIT_CANNOT_START, Calendar, DemoError, main, next_day, read_calendar
from demo.city import AGENCIES, BY_NAME, ENDPOINTS, HTTPS_NAMES, describe_day, faults_of_day
from demo.faults import KINDS, FaultError, possible
from demo.server import CONFIG, DemoCity, PortBusyError, render_config
from transforms.instrument import load_instrument

pytestmark = pytest.mark.e2e

TODAY = date(2026, 11, 24)
BANDUNG = CONFIG.with_name("kota-bandung.yml")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCity]:
    with DemoCity(folder=tmp_path_factory.mktemp("kota contoh"), today=TODAY, slow_seconds=0.4) as city:
        yield city


@pytest.fixture
def city(running: DemoCity) -> Iterator[DemoCity]:
    yield running
    running.clear_fault()
    running.day = 1


def get(city: DemoCity, name: str, below: str = "", timeout: float = 5) -> requests.Response:
    return requests.get(city.url(name) + below, verify=str(city.ca_file), timeout=timeout)


def feed(city: DemoCity) -> list[dict[str, str]]:
    return [element for element in get(city, "jdihn").json() if element is not None]


# The configurations -----------------------------------------------------------------------------------------


def test_the_configuration_names_what_the_city_has() -> None:
    file, _ = read_institution(CONFIG)
    assert {agency.id: agency.name for agency in file.agencies} == dict(AGENCIES)
    assert [service.id for service in file.services] == [e.name for e in ENDPOINTS if e.kind == "page"]
    assert {source.id for source in file.sources} == {e.name for e in ENDPOINTS if e.kind != "page"}
    assert file.targets["2026"] == Decimal("4.50")
    shown = {(shows.indicator, shows.function) for service in file.services for shows in service.shows}
    assert shown == {
        *((n, "interaksi") for n in ("32", "33", "34", "35", "40", "42", "43", "44", "45", "46", "47")),
        ("35", "transaksi"),
        ("42", "transaksi"),
    }


def weight(indicator: int) -> Decimal:
    """PermenPANRB 59/2020, Tabel 9."""
    bounds = ((10, "1.3"), (20, "2.5"), (31, "1.5"), (41, "2.75"), (47, "3.0"))
    return next(Decimal(text) for last, text in bounds if indicator <= last)


def test_the_last_official_levels_add_up_to_its_index() -> None:
    file, _ = read_institution(CONFIG)
    last = file.official_results[-1]
    assert sorted(map(int, last.levels)) == list(range(1, 48))
    assert sum(weight(n) for n in range(1, 48)) == 100
    exact = sum(weight(int(n)) * level for n, level in last.levels.items()) / Decimal(100)
    assert exact == Decimal("3.9755")
    assert last.index == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_bandung_loads_and_says_that_it_is_unverified() -> None:
    file, text = read_institution(BANDUNG)
    assert [str(result.index) for result in file.official_results] == ["3.19", "3.61", "3.98", "4.59", "4.66"]
    assert "UNVERIFIED LIVE" in text
    assert "Belum diverifikasi" in (file.institution.note or "")
    assert not file.allow_private_addresses
    assert all(source.delay_seconds >= 5 for source in file.sources if source.url)


def test_rendering_puts_this_citys_addresses_in(city: DemoCity) -> None:
    file = parse_institution(render_config(city), "rendered")
    assert file.ca_file == city.ca_file.resolve()
    assert file.source("pernyataan").path == city.drop_folder.resolve()
    urls = {service.id: service.url for service in file.services}
    assert urls == {name: city.url(name) for name in urls}
    assert file.source("jdih-dprd").url == city.url("jdih-dprd") + "peraturan"
    shipped, _ = read_institution(CONFIG)
    assert file.official_results == shipped.official_results


# What it serves ---------------------------------------------------------------------------------------------


def addresses(file: InstitutionFile) -> Iterator[tuple[str, str | None]]:
    yield from ((service.url, service.expect_text) for service in file.services)
    yield from ((source.url, None) for source in file.sources if source.url)


def test_every_address_answers_with_what_is_expected(city: DemoCity) -> None:
    seen = list(addresses(parse_institution(render_config(city), "rendered")))
    assert len(seen) == 24 + 5
    for url, expected in seen:
        answer = requests.get(url, verify=str(city.ca_file), timeout=5)
        assert answer.status_code == 200, url
        assert (expected or "").encode() in answer.content, url
    assert sum(url.startswith("https:") for url, _ in seen) == len(HTTPS_NAMES)
    assert requests.get(f"{city.https_url}/", verify=str(city.ca_file), timeout=5).ok
    assert requests.get(f"{city.http_url}/robots.txt", timeout=5).status_code == 404
    assert requests.head(city.url("pariwisata"), timeout=5).content == b""


def test_the_feed_has_the_mess_of_real_ones(city: DemoCity) -> None:
    elements = get(city, "jdihn").json()
    rows = feed(city)
    assert len(elements) == 162
    assert elements.count(None) == 1
    assert len({row["idData"] for row in rows}) == len(rows) - 1 == 160
    dates = [row["tanggal_penetapan"] for row in rows]
    assert sum(bool(re.fullmatch(r"\d\d-\d\d-\d{4}", text)) for text in dates) > 10
    assert sum(bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) for text in dates) > 100
    assert sum(row["judul"].startswith("<p>") for row in rows) == 1
    assert any(row["noPeraturan"] == "188.45/96/KPTS/2023" for row in rows)
    assert get(city, "jdihn").content == get(city, "jdihn").content
    assert b"\\/" in get(city, "jdihn").content


def keys(page: bytes) -> list[str]:
    return re.findall(r'data-key="(\d+)"', page.decode())


def test_the_listing_has_three_pages_and_repeats_the_last(city: DemoCity) -> None:
    pages = [get(city, "jdih-dprd", "peraturan").content]
    while found := re.search(r'<li class="next"><a href="/dokumen/([^"]+)"', pages[-1].decode()):
        pages.append(get(city, "jdih-dprd", found[1].replace("&amp;", "&")).content)
    assert [len(keys(page)) for page in pages] == [20, 20, 20]
    assert len({key for page in pages for key in keys(page)}) == 60
    assert b"Ditampilkan 41 - 60 dari 60 Data" in pages[-1]
    assert keys(get(city, "jdih-dprd", "peraturan?page=99").content) == keys(pages[-1])
    first = get(city, "jdih-dprd", "peraturan").content
    assert first != pages[0] and keys(first) == keys(pages[0])  # a new CSRF token each time
    assert b"detail-view" in get(city, "jdih-dprd", f"view?id={keys(first)[0]}").content
    assert get(city, "jdih-dprd", "view?id=77777").status_code == 500


def test_the_registries_have_messy_rows(city: DemoCity) -> None:
    text = get(city, "registri-aplikasi").content.decode()
    header, *rows = csv.reader(io.StringIO(text), delimiter=";")
    assert len(rows) == 89
    assert [len(row) for row in rows if len(row) != len(header)] == [len(header) + 1]
    assert sum(row[1] == "tidak ada" for row in rows) == 1
    assert sum(bool(row[3]) and "://" not in row[3] for row in rows if len(row) == len(header)) == 2
    sheet = load_workbook(io.BytesIO(get(city, "registri-kecamatan").content)).worksheets[0]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:I1"]
    values = list(sheet.iter_rows(values_only=True))
    assert str(values[0][0]).startswith("DAFTAR APLIKASI")
    assert len(values) - 3 == 40
    assert values[3][8] == 2018


def register(city: DemoCity, instrument: str = statements.INSTRUMENT) -> dict[str, dict[str, str]]:
    with (city.drop_folder / "pernyataan.csv").open(encoding="utf-8", newline="") as file:
        return {row["kriteria"]: row for row in csv.DictReader(file) if row["instrumen"] == instrument}


def test_statements_rest_on_files_that_are_there(city: DemoCity) -> None:
    rows = register(city)
    assert 65 <= len(rows) <= 80
    assert tuple(next(iter(rows.values()))) == statements.HEADER
    differing = [
        criterion
        for criterion, row in rows.items()
        if hashlib.sha256((city.drop_folder / row["berkas"]).read_bytes()).hexdigest() != row["sha256"]
    ]
    assert differing == [statements.WRONG_DIGEST]
    assert [c for c, row in rows.items() if not row["penandatangan"]] == [statements.WITHOUT_SIGNER]
    assert [c for c, row in rows.items() if row["pernyataan"] != "terpenuhi"] == [statements.NEGATIVE]
    soon = {
        c for c, row in rows.items() if date.fromisoformat(row["kedaluwarsa"]) < TODAY + timedelta(days=30)
    }
    assert soon == {"I23.4", "I19.3", "I41.3"}
    assert all(date.fromisoformat(row["tanggal"]) < TODAY for row in rows.values())
    levels = {int(criterion[-1]) for criterion in rows}
    assert levels == {2, 3, 4}


def test_statements_of_pemdi_rest_on_files_of_spbe(city: DemoCity) -> None:
    rows = register(city, statements.PEMDI)
    assert len(rows) == 21
    assert {row["berkas"] for row in rows.values()} < {row["berkas"] for row in register(city).values()}
    known = load_instrument(statements.PEMDI)
    assert all(known.criteria_named(criterion) for criterion in rows)


def test_dates_follow_the_date_given() -> None:
    later = date(2031, 5, 2)
    shifts = {
        b.expires_on - a.expires_on
        for a, b in zip(statements.statements(1, TODAY), statements.statements(1, later), strict=True)
    }
    assert shifts == {later - TODAY}
    assert legal.feed_documents(1, TODAY) == legal.feed_documents(1, later)
    assert legal.feed_documents(3, later)[0].year == 2031


def test_a_search_box_filters(city: DemoCity) -> None:
    assert b"4 hasil" in get(city, "data-terbuka").content
    found = get(city, "data-terbuka", "?q=penduduk").content
    assert b"1 hasil" in found and b"Harga bahan pokok" not in found
    assert b"<script>" not in get(city, "data-terbuka", "?q=<script>").content


# Days -------------------------------------------------------------------------------------------------------


def about_security(city: DemoCity) -> list[tuple[str, str]]:
    return [(r["noPeraturan"], r["status"]) for r in feed(city) if "KEAMANAN INFORMASI" in r["subjek"]]


def test_the_first_days_differ_as_told(city: DemoCity) -> None:
    assert about_security(city) == [("37", "Berlaku")]
    assert get(city, "pengaduan").status_code == 200
    assert get(city, "ppid").status_code == 200
    city.day = 2
    assert about_security(city) == [("37", "Dicabut")]
    assert get(city, "pengaduan").status_code == 503
    with pytest.raises(requests.exceptions.SSLError, match="expired"):
        get(city, "ppid")
    city.day = 3
    assert about_security(city) == [("41", "Berlaku"), ("37", "Dicabut")]
    assert get(city, "pengaduan").status_code == 200
    assert get(city, "ppid").status_code == 200
    assert register(city)[statements.WITHDRAWN]["pernyataan"] == "dicabut"
    city.day = 4
    blocked = get(city, "jdihn")
    assert blocked.status_code == 200
    assert b"Request Rejected" in blocked.content
    city.day = 9
    assert about_security(city) == [("41", "Berlaku"), ("37", "Dicabut")]
    assert register(city)[statements.WITHDRAWN]["pernyataan"] == "dicabut"


def test_days_are_told_in_one_line_each() -> None:
    lines = [describe_day(day) for day in range(1, 7)]
    assert len(set(lines)) == 5
    assert all("\n" not in line for line in lines)
    assert faults_of_day(3) == faults_of_day(11) == {}
    with pytest.raises(ValueError, match="counted from 1"):
        describe_day(0)


# Faults -----------------------------------------------------------------------------------------------------

LISTINGS = ("jdihn", "jdih-dprd", "registri-aplikasi", "registri-kecamatan")
PLACES = ("pengaduan", "perpustakaan", "katalog-data", *LISTINGS)


def below(name: str) -> str:
    return "peraturan" if name == "jdih-dprd" else ""


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(
    ("kind", "status"), [("not_found", 404), ("server_error", 500), ("unavailable", 503), ("block_page", 200)]
)
def test_answers_of_failing_sites(city: DemoCity, name: str, kind: str, status: int) -> None:
    city.set_fault(name, kind)
    answer = get(city, name, below(name))
    assert answer.status_code == status
    assert (b"Request Rejected" in answer.content) == (kind == "block_page")
    city.clear_fault(name)
    assert get(city, name, below(name)).status_code == 200


@pytest.mark.parametrize("name", PLACES)
def test_a_truncated_body_is_half_of_the_whole(city: DemoCity, name: str) -> None:
    whole = len(get(city, name, below(name)).content)
    city.set_fault(name, "truncated_json")
    half = get(city, name, below(name))
    assert half.status_code == 200
    assert len(half.content) == whole // 2
    if name == "jdihn":
        with pytest.raises(json.JSONDecodeError):
            half.json()


@pytest.mark.parametrize("name", [name for name in PLACES if name != "registri-kecamatan"])
def test_a_wrong_encoding_is_latin_1_called_utf_8(city: DemoCity, name: str) -> None:
    city.set_fault(name, "wrong_encoding")
    answer = get(city, name, below(name))
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")
    assert "é" in answer.content.decode("latin-1") or "©" in answer.content.decode("latin-1")


def count_rows(name: str, body: bytes) -> int:
    counts: dict[str, Callable[[], int]] = {
        "jdihn": lambda: len(json.loads(body)),
        "jdih-dprd": lambda: len(keys(body)),
        "registri-aplikasi": lambda: len(body.decode().splitlines()) - 1,
        "registri-kecamatan": lambda: load_workbook(io.BytesIO(body)).worksheets[0].max_row - 3,
    }
    return counts[name]()


@pytest.mark.parametrize(("name", "few"), [*zip(LISTINGS, (8, 3, 4, 2), strict=True)])
def test_emptied_and_dropped_listings(city: DemoCity, name: str, few: int) -> None:
    assert count_rows(name, get(city, name, below(name)).content) >= 20
    city.set_fault(name, "mass_drop")
    assert count_rows(name, get(city, name, below(name)).content) == few
    city.set_fault(name, "empty_listing")
    assert count_rows(name, get(city, name, below(name)).content) == 0


def test_the_catalogue_answers_by_pages_and_can_be_emptied(city: DemoCity) -> None:
    def names(below: str = "") -> list[str]:
        answer = get(city, "katalog-data", f"api/3/action/package_search{below}").json()
        assert answer["success"] is True
        return [entry["name"] for entry in answer["result"]["results"]]

    whole = names("?rows=100")
    assert len(whole) == 12
    assert names("?rows=5&start=10") == whole[10:]
    assert names("?rows=x") == whole[:10]
    city.set_fault("katalog-data", "mass_drop")
    assert len(names()) == 1
    city.set_fault("katalog-data", "empty_listing")
    assert names() == []


def test_an_emptied_page_lacks_its_text(city: DemoCity) -> None:
    city.set_fault("portal", "empty_listing")
    answer = get(city, "portal")
    assert answer.status_code == 200
    assert b"Portal Layanan" not in answer.content


def test_merged_headings(city: DemoCity) -> None:
    city.set_fault("registri-kecamatan", "merged_headers")
    sheet = load_workbook(io.BytesIO(get(city, "registri-kecamatan").content)).worksheets[0]
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:I1", "A3:A4", "B3:C3", "D3:E3", "F3:I3"}
    assert sheet["B4"].value == "Nama Aplikasi"
    assert sheet["A5"].value == 1


@pytest.mark.parametrize("name", ["pengaduan", "perpustakaan"])
def test_silent_slow_and_broken_answers(city: DemoCity, name: str) -> None:
    city.set_fault(name, "hang")
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(city, name, timeout=0.3)
    city.set_fault(name, "empty_reply")
    with pytest.raises(requests.exceptions.ConnectionError, match="without response"):
        get(city, name)
    city.set_fault(name, "slow")
    started = time.monotonic()
    assert get(city, name).status_code == 200
    assert time.monotonic() - started >= 0.4
    city.set_fault(name, "drip")
    with requests.get(city.url(name), verify=str(city.ca_file), timeout=2, stream=True) as answer:
        assert answer.raw.read(2) == b"<!"
        assert int(answer.headers["Content-Length"]) > 100


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("tls_expired", "certificate has expired"),
        ("tls_self_signed", "self[- ]signed certificate"),
        ("tls_wrong_host", "IP address mismatch|doesn't match"),
        ("tls_incomplete", "unable to get local issuer"),
    ],
)
def test_certificates_that_do_not_verify(city: DemoCity, kind: str, reason: str) -> None:
    city.set_fault("jdihn", kind)
    with pytest.raises(requests.exceptions.SSLError, match=reason):
        get(city, "jdihn")
    assert get(city, "portal").status_code == 200
    city.clear_fault("jdihn")
    assert get(city, "jdihn").status_code == 200


def test_an_expiring_certificate_verifies(city: DemoCity) -> None:
    city.set_fault("jdihn", "tls_expiring")
    assert get(city, "jdihn").status_code == 200


def test_faults_of_the_drop_folder(city: DemoCity) -> None:
    register_file = city.drop_folder / "pernyataan.csv"
    whole = register_file.read_bytes()
    city.set_fault("pernyataan", "mass_drop")
    assert len(register(city)) == 4
    city.set_fault("pernyataan", "empty_listing")
    assert register(city) == {}
    city.set_fault("pernyataan", "wrong_encoding")
    with pytest.raises(UnicodeDecodeError):
        register(city)
    city.set_fault("pernyataan", "truncated_json")
    assert register_file.read_bytes() == whole[: len(whole) // 2]
    city.set_fault("pernyataan", "not_found")
    assert not register_file.exists()
    city.clear_fault("pernyataan")
    assert register_file.read_bytes() == whole


def test_a_fault_that_cannot_be_is_refused(city: DemoCity) -> None:
    with pytest.raises(
        FaultError, match="perpustakaan cannot have the fault 'tls_expired'; it can have: block"
    ):
        city.set_fault("perpustakaan", "tls_expired")
    with pytest.raises(FaultError, match="no endpoint 'balai-kota'"):
        city.set_fault("balai-kota", "hang")
    offered = {kind for e in BY_NAME.values() for kind in possible(e.kind, e.is_https)}
    assert offered == set(KINDS)


# Coming and going -------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning")
def test_the_city_closes_cleanly_with_requests_under_way(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    faults = {"portal": "hang", "pariwisata": "drip"}
    with DemoCity(folder=tmp_path, today=TODAY, faults=faults) as city:
        port = city.https_port("portal")
        with pytest.raises(requests.exceptions.ReadTimeout):
            get(city, "portal", timeout=0.15)
        idle = socket.create_connection(("127.0.0.1", port), timeout=5)
        dripping = requests.get(city.url("pariwisata"), timeout=5, stream=True)
        assert len(set(threading.enumerate()) - before) >= 4
        started = time.monotonic()
    assert time.monotonic() - started < 2
    idle.close()
    dripping.close()
    assert set(threading.enumerate()) <= before  # earlier requests may have ended meanwhile
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    gc.collect()


@pytest.mark.filterwarnings("error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning")
def test_a_busy_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        city = DemoCity(folder=tmp_path, today=TODAY, http_port=port)
        with pytest.raises(PortBusyError, match=f"port {port} on 127.0.0.1"):
            city.__enter__()
        arguments = ["run", "--data-dir", str(tmp_path), "--port", "0", "--https-port", str(port)]
        assert main(arguments) == EXIT_CANNOT_START
    said = capsys.readouterr().err
    assert f"port {port}" in said
    assert "--https-port" in said
    assert not (tmp_path / "demo" / "hari").exists()  # no day has passed
    assert set(threading.enumerate()) <= before  # earlier requests may have ended meanwhile
    gc.collect()


def test_the_calendar_counts_days_and_keeps_its_first_date(tmp_path: Path) -> None:
    path = tmp_path / "hari"
    assert read_calendar(path) is None
    first = next_day(None, TODAY)
    assert first == Calendar(1, TODAY)
    assert next_day(first, TODAY + timedelta(days=3)) == Calendar(2, TODAY)
    later = TODAY + timedelta(days=200)
    assert next_day(first, later) == replace(first, day=2, first_date=later)
    path.write_text("dua\n", encoding="utf-8")
    with pytest.raises(DemoError, match="delete the file"):
        read_calendar(path)


@pytest.mark.e2e
def test_a_run_is_a_day_watched_by_pantau(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "--data-dir", str(tmp_path), "--port", "0", "--https-port", "0"]
    assert main(arguments) == 0
    said = capfd.readouterr().out
    assert said.startswith(f"Kota Contoh, day 1: {describe_day(1)}.\n")
    assert "3.98" in said  # Pantau's own words, through the same terminal
    assert (tmp_path / "published" / "kota-contoh.html").exists()
    # Without a folder for its log, Pantau stops before it starts Prefect.
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "log").write_text("no folder", encoding="utf-8")
    assert main(arguments) == 1  # Pantau's exit code
    assert f"Kota Contoh, day 2: {describe_day(2)}.\n" in capfd.readouterr().out
    kept = read_calendar(tmp_path / "demo" / "hari")
    assert kept is not None
    assert kept.day == 2
