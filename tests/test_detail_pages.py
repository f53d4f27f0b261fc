"""Documents' own pages: followed when asked for, capped, and never the undoing of the listing they belong to."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from collectors.archive import Archive, new_run_id
from collectors.evidence import Capture, Fetched, RegulationRecord, Run
from collectors.regulations import parse
from tests.test_http import Site, running
from tests.test_regulations import NOON, SAMPLES, gathered, serve, source_of
from tests.test_regulations import listing as short_listing

pytestmark = pytest.mark.e2e

HOME = "https://jdih.contoh.test"
ROWS = {
    "27": "Peraturan Daerah Kota Contoh Nomor 2 Tahun 2017 tentang Kecamatan",
    "4": "Peraturan Daerah Kota Contoh Nomor 1 Tahun 2021 tentang Kecamatan",
    "5": "Peraturan Wali Kota Contoh Nomor 8 Tahun 2022 tentang Data",
}


def listing() -> bytes:
    items = "".join(
        f'<div data-key="{key}"><a class="titles" href="/dokumen/view/{key}">{title}</a></div>'
        for key, title in ROWS.items()
    )
    return f"<html><body><div class='list-view'>{items}</div></body></html>".encode()


def own_page(title: str, status: str, relation: str = "") -> bytes:
    return f"""<html><body><div class="post-title"><h5>{title}</h5></div>
    <div class="col-lg-6">Tempat Terbit<br/><span>KOTA</span></div>
    <div class="col-lg-6">Tanggal Penetapan <br/><span>2017-07-17</span></div>
    <div class="col-lg-6">Tanggal Pengundangan<br/><span>17-07-2017</span></div>
    <ul class="list-group"><li class="list-group-item">JENIS DOKUMEN</li><li class="list-group-item"><strong>PERATURAN DAERAH</strong></li></ul>
    <ul class="list-group"><li class="list-group-item">STATUS</li>
    <li class="list-group-item list-group-item-danger"><strong>{status}</strong></li></ul>
    <ul class="widget-list">{relation}</ul></body></html>""".encode()


REPEALED = own_page(
    ROWS["27"], "Tidak Berlaku", f'<span>dicabut</span> <a href="/dokumen/view/4">{ROWS["4"]}</a>'
)


def captured(*answers: tuple[str, int, bytes]) -> tuple[Capture, ...]:
    return tuple(Capture(f"c-{n}", HOME + path, NOON, status, (), "", body) for n, (path, status, body) in enumerate(answers))  # fmt: skip


def read(*answers: tuple[str, int, bytes]) -> tuple[dict[str, RegulationRecord], tuple[str, ...]]:
    parsed = parse(
        captured(("/dokumen/peraturan", 200, listing()), *answers),
        source_of("html", HOME + "/dokumen/peraturan"),
    )
    assert len(parsed.records) == parsed.seen == len(ROWS)
    found = [record for record in parsed.records if isinstance(record, RegulationRecord)]
    return {str(record.number): record for record in found}, parsed.notes


def test_a_page_adds_status_dates_and_relations_and_is_cited() -> None:
    found, notes = read(("/dokumen/view/27", 200, REPEALED))
    record = found["2"]
    assert (record.status, record.status_raw, record.enacted_on, record.promulgated_on) == (
        "dicabut",
        "Tidak Berlaku",
        date(2017, 7, 17),
        date(2017, 7, 17),
    )
    (relation,) = json.loads(record.relations)
    assert (relation["kind"], relation["number"], relation["year"], relation["stated_in"]) == ("dicabut_oleh", "1", 2021, "rincian")  # fmt: skip
    assert (record.capture_id, record.detail_url, record.position) == ("c-1", f"{HOME}/dokumen/view/27", 1)
    assert (found["1"].capture_id, found["1"].status, found["1"].relations) == (
        "c-0",
        "tidak_diketahui",
        "[]",
    )
    assert notes == ()


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        ([("/dokumen/view/27", 500, b"<h1>Error</h1>")], "halaman rincian tidak terbaca: 1 baris, misalnya https://jdih.contoh.test/dokumen/view/27: HTTP 500"),
        ([("/dokumen/view/27", 200, b"<html><body>Whoops</body></html>")], "halaman rincian tidak terbaca: 1 baris, misalnya https://jdih.contoh.test/dokumen/view/27: tanpa judul"),
        (
            [("/dokumen/view/27", 200, own_page("Peraturan Daerah Nomor 9 Tahun 2001", "Dicabut"))],
            "halaman rincian tentang dokumen lain, diabaikan: 1 baris, misalnya https://jdih.contoh.test/dokumen/view/27: 'Peraturan Daerah Nomor 9 Tahun 2001'",
        ),
    ],
)  # fmt: skip
def test_a_page_that_fails_leaves_the_listing_as_it_is(
    answers: list[tuple[str, int, bytes]], note: str
) -> None:
    found, notes = read(*answers)
    assert (found["2"].status, found["2"].capture_id) == ("tidak_diketahui", "c-0")
    assert notes == (note,)


def test_a_page_that_has_moved_is_that_of_the_address_asked() -> None:
    found, _ = read(("/dokumen/view/27", 301, b""), ("/arsip/dua", 200, REPEALED))
    assert (found["2"].status, found["2"].capture_id) == ("dicabut", "c-2")


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


def asked(site: Site, pages: dict[str, bytes | str], **source: int) -> list[tuple[str, int | None]]:
    serve(site, pages)
    documents, failure = gathered(source_of("html", site.url("/dokumen/peraturan"), **source))
    assert failure is None
    return [(document.url.removeprefix(site.url("")), document.status) for document in documents]


def test_pages_are_followed_only_where_the_source_says_so_and_no_more_than_it_says(site: Site) -> None:
    pages: dict[str, bytes | str] = {
        f"/dokumen/view/{key}": own_page(title, "Berlaku") for key, title in ROWS.items()
    }
    pages["/dokumen/peraturan"] = listing()
    first = ("/dokumen/peraturan", 200)
    assert asked(site, pages) == [first]
    assert asked(site, pages, max_details=2) == [first, ("/dokumen/view/27", 200), ("/dokumen/view/4", 200)]


def test_three_pages_in_a_row_that_fail_end_it_without_failing_the_run(site: Site) -> None:
    found = asked(site, {"/dokumen/peraturan": short_listing("A", "B", "C", "D", "E")}, max_details=5)
    assert found == [("/dokumen/peraturan", 200), ("/v/A", 404), ("/v/B", 404), ("/v/C", 404)]


@pytest.mark.samples
def test_sample_pages_of_kendari_say_what_its_database_knows() -> None:
    folder = SAMPLES / "field/kendari-ildis"
    if not folder.exists():
        pytest.skip("the shared samples are not here")
    rows = "".join(
        f'<div data-key="{n}"><a class="titles" href="/dokumen/view/{n}">Dokumen {n}</a></div>'
        for n in (4, 27, 509)
    )
    page = f"<html><body><div class='list-view'>{rows}</div></body></html>".encode()
    pages = [
        (f"/dokumen/view/{n}", 200, Path(folder / f"detail-{n}.html").read_bytes()) for n in (4, 27, 509)
    ]
    parsed = parse(
        captured(("/dokumen/peraturan", 200, page), *pages), source_of("html", HOME + "/dokumen/peraturan")
    )
    found = [
        (r.status, [(x["kind"], x["number"], x["year"]) for x in json.loads(r.relations)])
        for r in parsed.records
        if isinstance(r, RegulationRecord)
    ]
    assert found == [
        ("berlaku", [("mencabut", "2", 2017)]),
        ("dicabut", [("dicabut_oleh", "1", 2021)]),
        ("berlaku", []),
    ]


def test_an_own_page_that_came_damaged_is_left_out_with_a_note(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    body = gzip.compress(REPEALED)[:-20]
    run = Run(new_run_id(), "kota-uji", "jdih", "regulations", NOON, NOON, "ok")
    with archive.appending(run) as appender:
        appender.add(Fetched(f"{HOME}/dokumen/peraturan", NOON, 200, "OK", (), listing()))
        coded = (("Content-Encoding", "gzip"),)
        appender.add(Fetched(f"{HOME}/dokumen/view/27", NOON, 200, "OK", coded, body))
        _, captures = archive.read(appender.finish(run, NOON))
    parsed = parse(captures, source_of("html", f"{HOME}/dokumen/peraturan"))
    assert len(parsed.records) == len(ROWS)
    assert any("halaman rincian tidak terbaca" in note and "ends early" in note for note in parsed.notes)
