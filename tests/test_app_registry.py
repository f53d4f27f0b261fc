"""Application registries: what is refused, how columns are found, what never leaves the archive."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import openpyxl
import pytest

from collectors import app_registry, tables
from collectors.addresses import Reach
from collectors.application_names import AmbiguousNamesError, split_names
from collectors.evidence import ApplicationRecord, Capture, Parsed, ParseError
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import Source
from collectors.personal_data import is_personal, mask
from collectors.web_address import read_addresses

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOCAL = Reach(allow_private=True)
MADIUN = Path(__file__).parents[2] / "shared" / "samples" / "registri-aplikasi-madiun.csv"


def source(**fields: object) -> Source:
    place = {} if "url" in fields else {"path": "/drop"}
    data = {"id": "registri", "collector": "app_registry", "cadence": "registry", "agency": "diskominfo"}
    return Source.model_validate(data | place | fields)


def capture(payload: bytes, url: str = "file:registri.csv", status: int | None = None) -> Capture:
    return Capture("urn:uuid:1", url, NOON, status, (), "sha256:0", payload)


def parse(text: str | bytes, **fields: object) -> Parsed:
    payload = text if isinstance(text, bytes) else text.encode()
    return app_registry.parse([capture(payload)], source(**fields))


def names(parsed: Parsed) -> list[str]:
    return [r.name for r in parsed.records if isinstance(r, ApplicationRecord)]


def only(parsed: Parsed) -> ApplicationRecord:
    (record,) = parsed.records
    assert isinstance(record, ApplicationRecord)
    return record


def workbook(*rows: tuple[str | int | None, ...], merged: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if merged:
        sheet.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(payload: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """A workbook with one text inside replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(payload)) as old_zip,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new_zip,
    ):
        for member in old_zip.namelist():
            content = old_zip.read(member)
            new_zip.writestr(member, content.replace(old, new) if member == name else content)
    return out.getvalue()


def with_part(payload: bytes, name: str, content: bytes) -> bytes:
    """A workbook with one more file inside."""
    out = io.BytesIO(payload)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, content)
    return out.getvalue()


# Whole files ----------------------------------------------------------------------------------------------

HEADER = "Nama Aplikasi;Perangkat Daerah;Status\n"
SHEET = "xl/worksheets/sheet1.xml"
BOOK = workbook(("Nama Aplikasi", "OPD"), ("Satu", "Dinas A"))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the file is empty"),
        (b" \r\n ", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Error</body></html>", "is a web page"),
        (
            b"<html><title>Request Rejected</title>The requested URL was rejected. Support ID: 1</html>",
            "firewall rejected the request",
        ),
        (b"\xef\xbb\xbf\n<table><tr><td>Nama Aplikasi</td></tr></table>", "is a web page"),
        (b'{"success": false}', "no list of objects"),
        (b"%PDF-1.4", "PDF or JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls or a password-protected"),
        (b"PK\x03\x04 and then nothing", "damaged zip"),
        (BOOK[: len(BOOK) // 2], "damaged zip"),
        (repacked(BOOK, "xl/workbook.xml", b"<sheets>", b"<sheets"), "no XLSX that can be read"),
        (b"0 results", "no header row"),
        (b"Tanggal;Jumlah\n1;2\n", "no header row"),
        (b"Perangkat Daerah;Status\nDinas A;Aktif\n", "no table with a column of application names"),
        (workbook(("Tanggal", "Jumlah"), (1, 2)), "no table with a column of application names"),
    ],
)
def test_a_file_that_holds_no_registry_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as caught:
        parse(payload)
    assert caught.value.where == "registri.csv"
    assert caught.value.what_to_do


def test_an_xlsx_by_name_must_be_one() -> None:
    with pytest.raises(ParseError, match="no zip archive"):
        app_registry.parse([capture(HEADER.encode(), "file:registri.xlsx")], source())


def test_an_error_page_is_no_registry_and_redirects_are_skipped() -> None:
    moved = capture(b"", "https://kota-contoh.example/a", 302)
    answer = capture((HEADER + "Satu;Dinas A;Aktif\n").encode(), "https://kota-contoh.example/b", 200)
    assert names(app_registry.parse([moved, answer], source())) == ["Satu"]
    with pytest.raises(ParseError, match="answered 500"):
        app_registry.parse([capture(HEADER.encode(), "https://kota-contoh.example/b", 500)], source())
    with pytest.raises(ParseError, match="nothing was captured"):
        app_registry.parse([moved], source())


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(SHEET, b"\0" * (tables.MAX_UNPACKED_BYTES + 1))
    assert len(out.getvalue()) < 1_000_000
    with pytest.raises(ParseError, match=f"more than {tables.MAX_UNPACKED_BYTES}"):
        parse(out.getvalue())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (b'r="XFD1048576"', "more than 2000000 cells"),
        (b"r = 'xfd1048576'", "more than 2000000 cells"),
        # Without this the process is ended for want of 23 terabytes.
        (b'r="B999999999999"', "impossible place"),
        (b'r="ZZZZZZ2"', "impossible place"),
        (b"/>" + b"<c/>" * 2_000_001 + b"<c ", "more than 2000000 cells"),
    ],
)
def test_a_cell_in_the_last_corner_does_not_take_all_memory(place: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse(repacked(BOOK, SHEET, b'r="B2"', place))


def test_a_text_kept_once_and_shown_often_does_not_take_all_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("Satu", "Dinas A")] * 50
    inline = b't="inlineStr"><is><t>Dinas A</t></is>'
    shared = repacked(workbook(("Nama Aplikasi", "OPD"), *rows), SHEET, inline, b't="s"><v>0</v>')
    texts = b"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>%s</t></si></sst>"
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = b'<Relationship Type="%s" Target="sharedStrings.xml" Id="rId9"/></Relationships>' % kind
    shared = repacked(shared, "xl/_rels/workbook.xml.rels", b"</Relationships>", relation)
    monkeypatch.setattr(tables, "MAX_UNPACKED_BYTES", 60_000)
    short = with_part(shared, "xl/sharedStrings.xml", texts % b"Dinas A")
    assert only(parse(short)).agency == "Dinas A"
    # 50 cells of 3,000 letters each, in a file that holds them once.
    with pytest.raises(ParseError, match="repeats texts up to 15"):
        parse(with_part(shared, "xl/sharedStrings.xml", texts % (b"x" * 3000)))


def test_a_sheet_kept_at_an_unusual_place_is_checked_too() -> None:
    moved = repacked(BOOK, "xl/_rels/workbook.xml.rels", b"/xl/worksheets/sheet1.xml", b"/xl/lain.xml")
    with zipfile.ZipFile(io.BytesIO(moved)) as package:
        sheet = package.read(SHEET)
    assert len(parse(with_part(moved, "xl/lain.xml", sheet)).records) == 1
    with pytest.raises(ParseError, match="impossible place"):
        parse(with_part(moved, "xl/lain.xml", sheet.replace(b'r="B2"', b'r="B999999999999"')))


def test_a_csv_of_endless_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CELLS", 100)
    assert names(parse(HEADER + "\n" * 90 + "Satu;Dinas A;Aktif\n")) == ["Satu"]
    with pytest.raises(ParseError, match="more than 100 cells"):
        parse(HEADER + "\n" * 100)


@pytest.mark.parametrize("at", range(30, 300, 30))
def test_damaged_workbooks_are_refused_wherever_the_damage_is(at: int) -> None:
    for damaged in (BOOK[:-at], BOOK[:at] + b"\xff" + BOOK[at + 1 :], BOOK[:at] + BOOK[at + 10 :]):
        try:
            assert len(parse(damaged).records) <= 1
        except ParseError as error:
            assert error.what_to_do


def test_one_unreadable_file_refuses_the_run_since_its_applications_would_seem_gone() -> None:
    good = capture((HEADER + "Satu;Dinas A;Aktif\n").encode(), "file:a.csv")
    with pytest.raises(ParseError, match=r"^b\.csv: "):
        app_registry.parse([good, capture(b"", "file:b.csv")], source())


def test_a_quote_that_is_never_closed_is_found() -> None:
    text = HEADER + 'Satu;"Dinas A;Aktif\nDua;Dinas B;Aktif\n"Tiga";Dinas C;Aktif\nEmpat;Dinas D;Aktif\n'
    with pytest.raises(ParseError, match=r"quotes in row 2 \(line 2\)"):
        parse(text)
    # Inside one line nothing is lost.
    assert names(parse(HEADER + '"Satu" baru;Dinas A;Aktif\n')) == ["Satu baru"]


@pytest.mark.parametrize("delimiter", tables.DELIMITERS)
def test_the_delimiter_is_the_one_that_shows_headers(delimiter: str) -> None:
    rows = (("Nama Aplikasi", "OPD", "Deskripsi"), ("Satu", "Dinas A", "a; b, c | d\te"))
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert only(parse(text)).description == "a; b, c | d e"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    parsed = parse((HEADER + "Kafé;Dinas A;Aktif\n").encode(encoding))
    assert names(parsed) == ["Kafé"]
    assert any("Windows-1252" in note for note in parsed.notes) is (encoding == "cp1252")


def test_bytes_outside_windows_1252_are_still_read() -> None:
    parsed = parse(HEADER.encode() + b"Si\x81stem;Dinas A;Aktif\n")
    assert (len(parsed.records), "Latin-1" in parsed.notes[0]) == (1, True)


def test_the_separator_line_of_excel_is_honoured() -> None:
    assert names(parse("sep=,\nNama Aplikasi,OPD\nSatu;dua,Dinas A\n")) == ["Satu", "dua"]


# Columns --------------------------------------------------------------------------------------------------


def test_columns_can_be_mapped_and_unknown_fields_are_refused() -> None:
    text = "Sistem Kami;Kantor;Nama;Telp\nSatu;Dinas A;Orang Contoh;0812 0000 0001\n"
    record = only(parse(text, columns={"sistem kami": "name", "Kantor": "agency", "Nama": "personal"}))
    assert (record.name, record.agency, record.extra) == ("Satu", "Dinas A", "{}")
    kept = only(parse(HEADER + "Satu;Dinas A;Aktif\n", columns={"Status": "extra"}))
    assert (kept.status, kept.extra) == ("tidak_diketahui", '{"Status": "Aktif"}')
    with pytest.raises(ParseError, match=r"maps 'Kantor' to 'kantor'.*Use one of name, agency"):
        parse(text, columns={"Kantor": "kantor"})


def test_where_two_columns_fit_the_better_alias_wins_and_the_other_is_kept() -> None:
    record = only(
        parse("Website;Alamat;Nama Aplikasi;Kategori;Jenis Aplikasi\na.example;Jalan 1;Satu;Lokal;Umum\n")
    )
    assert (record.url, record.kind) == ("https://a.example", "umum")
    assert json.loads(record.extra) == {"Alamat": "Jalan 1", "Kategori": "Lokal"}


def test_remarks_and_numbers_in_headers_are_overlooked() -> None:
    record = only(parse("1. NAMA APLIKASI *);2. Perangkat_Daerah (wajib diisi)\nSatu;Dinas A\n"))
    assert (record.name, record.agency) == ("Satu", "Dinas A")


def test_a_header_may_stand_low_but_not_below_the_first_rows() -> None:
    body = HEADER + "Satu;Dinas A;Aktif\n"
    assert names(parse("Judul\n" * (tables.HEADER_WITHIN - 1) + body)) == ["Satu"]
    with pytest.raises(ParseError, match="no header row"):
        parse("Judul\n" * tables.HEADER_WITHIN + body)


def test_names_of_persons_are_dropped_however_their_column_is_called() -> None:
    text = (
        "Nama Aplikasi;Nama;Unit Pengelola;PIC;;E-mail;No. HP;NIP;Catatan\n"
        "Satu;Orang Contoh;Bidang A;Orang Contoh;0812 0000 0001;x@y.example;0812;1978;WA 0812-0000-0002\n"
    )
    record = only(parse(text))
    assert record.agency == "Bidang A"
    assert json.loads(record.extra) == {"Catatan": "WA (disamarkan)"}


def test_persons_under_a_merged_heading_are_dropped() -> None:
    payload = workbook(
        ("Nama Aplikasi", "Pengelola", None),
        ("Nama Aplikasi", "Nama", "Jabatan"),
        ("Satu", "Orang Contoh", "Staf"),
        merged="B1:C1",
    )
    assert only(parse(payload)).extra == "{}"


def test_persons_are_known_by_the_heading_above_the_headers() -> None:
    payload = workbook(
        (None, "Pengelola", None),
        ("Nama Aplikasi", "Nama", "Umur"),
        ("Satu", "Orang Contoh", 40),
        merged="B1:C1",
    )
    assert only(parse(payload)).extra == "{}"


def test_a_header_merged_downwards_takes_the_row_below_with_it() -> None:
    rows = (
        ("Nama Aplikasi", "Peladen", None, "OPD"),
        (None, "Merek", "Ruang", None),
        ("Satu", "A", 1, "Dinas A"),
    )
    record = only(parse(workbook(*rows, merged="A1:A2")))
    assert json.loads(record.extra) == {"Peladen Merek": "A", "Ruang": "1"}


def test_a_section_merged_across_the_table_is_no_application() -> None:
    rows = (("Nama Aplikasi", "OPD", "Status"), ("APLIKASI UMUM", None, None), ("Satu", "Dinas A", "Aktif"))
    parsed = parse(workbook(*rows, merged="A2:C2"))
    assert names(parsed) == ["Satu"]
    assert parsed.notes == ("registri.csv, lembar Sheet: baris keterangan, dilewati pada 1 baris (2)",)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Nama Pengelola", True),
        ("Nomor WA Pengelola", True),
        ("Kontak", True),
        ("e-mail", True),
        ("NIP", True),
        ("Penanggungjawab", True),
        ("Unit Pengelola", False),
        ("OPD Penanggung Jawab", False),
        ("Nama Aplikasi", False),
        ("Wajib", False),
    ],
)
def test_personal_columns(header: str, expected: bool) -> None:
    assert is_personal(header) is expected


@pytest.mark.parametrize(
    "text",
    [
        "0812-3456-7890",
        "+62 812 3456 7890",
        "628123456789",
        "budi.s@dinas.kota-contoh.example",
        "197801012005011001",
        "19780101 200501 1 001",
        "3578010101780001",
    ],
)
def test_numbers_and_addresses_of_persons_are_masked(text: str) -> None:
    assert mask(f"hubungi {text} ya") == "hubungi (disamarkan) ya"


def test_other_numbers_are_left_alone() -> None:
    text = "Rp 1.234.567,00, tahun 2021, (022) 4234567, 12 Januari 2023, 188.45/96/KPTS/2021"
    assert mask(text) == text


# Rows -----------------------------------------------------------------------------------------------------


def test_every_row_is_accounted_for_even_when_one_is_taken_apart() -> None:
    text = HEADER + "1. Satu 2. Dua;Dinas A;Aktif\nSatu;Dinas A;Aktif\ntidak ada;Dinas B;Aktif\nX;Y;Aktif;Z\n"
    parsed = parse(text)
    assert (parsed.seen, len(parsed.records), len(parsed.rejects), parsed.duplicates) == (5, 2, 2, 1)
    assert [r.position for r in parsed.records] == [2, 2]


def test_a_short_row_may_be_shifted_so_the_column_beside_a_person_is_dropped() -> None:
    text = "Nama Aplikasi;Status;Sebab;Catatan;Pengelola;WA\nSatu;Aktif;lama;Orang Contoh;0812\n"
    assert only(parse(text)).extra == '{"Sebab": "lama"}'
    whole = text.replace("lama;", "lama;baik;")
    assert only(parse(whole)).extra == '{"Catatan": "baik", "Sebab": "lama"}'


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("Satu;Aplikasi Khusus/Daerah;Orang Contoh;x;y;z", "nomor 6"),
        ("Satu;Aktif;;Orang Contoh;x", "Jenis"),
        ("Satu;x;Aplikasi Khusus;Aktif;Orang Contoh", "Status"),
        ("Satu;https://satu.example;Umum;Aktif;Orang Contoh", "Jenis"),
    ],
)
def test_shifted_rows_are_rejected_and_show_nobody(row: str, column: str) -> None:
    parsed = parse("Nama Aplikasi;Jenis;Status;Catatan;Pengelola\n" + row + "\n")
    (reject,) = parsed.rejects
    assert reject.where == f"registri.csv, baris 2, kolom {column}"
    assert reject.reason.startswith("baris bergeser")
    assert "Satu" in reject.raw
    assert "Orang" not in reject.raw or column == "nomor 6"


def test_a_status_that_says_where_is_no_shifted_row() -> None:
    record = only(parse("Nama Aplikasi;Jenis;Status\nSatu;Umum;Aktif di pusat\n"))
    assert (record.kind, record.status) == ("umum", "aktif")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Aplikasi Pusat/Umum", "umum"),
        ("Aplikasi Khusus/Daerah", "khusus"),
        ("LOKAL", "khusus"),
        ("RAA.01.02", "umum"),
        ("RAA.02.01 Khusus Misi Tertentu", "khusus"),
        ("Umum dan Khusus", "tidak_diketahui"),
        ("Lainnya", "tidak_diketahui"),
        ("-", "tidak_diketahui"),
    ],
)
def test_kinds(kind: str, expected: str) -> None:
    assert only(parse(f"Nama Aplikasi;Jenis\nSatu;{kind}\n")).kind == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Aktif", "aktif"),
        ("masih digunakan", "aktif"),
        ("Tidak Aktif", "tidak_aktif"),
        ("naktif", "tidak_aktif"),
        ("Non-Aktif", "tidak_aktif"),
        ("nonaktif sejak 2020", "tidak_aktif"),
        ("Tidak digunakan", "tidak_aktif"),
        ("aktifitas", "tidak_diketahui"),
        ("Dalam pengembangan", "tidak_diketahui"),
        ("", "tidak_diketahui"),
    ],
)
def test_statuses(status: str, expected: str) -> None:
    assert only(parse(f"Nama Aplikasi;Status\nSatu;{status}\n")).status == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Sudah", True),
        ("ya", True),
        ("Terintegrasi SPLP", True),
        ("Belum", False),
        ("tidak ada", False),
        ("-", None),
        ("sebagian", None),
    ],
)
def test_integration(said: str, expected: bool | None) -> None:
    assert only(parse(f"Nama Aplikasi;Integrasi\nSatu;{said}\n")).is_integrated is expected


@pytest.mark.parametrize(
    ("cell", "urls", "problem"),
    [
        (
            "https://A.Kota-Contoh.example/Jalan?x=1&amp;y=2",
            ["https://a.kota-contoh.example/Jalan?x=1&y=2"],
            None,
        ),
        ("a.go.id:8080/x", ["https://a.go.id:8080/x"], None),
        ("https://a.go.id, https://b.go.id", ["https://a.go.id", "https://b.go.id"], None),
        ("https://a.go.id,https://a.go.id", ["https://a.go.id"], None),
        ("https://a.go.id\nb.go.id", ["https://a.go.id", "https://b.go.id"], None),
        ('<a href="https://a.go.id/x">buka</a>', ["https://a.go.id/x"], None),
        ("lihat di (https://a.go.id/x).", ["https://a.go.id/x"], None),
        ("http://103.132.230.13/x", ["http://103.132.230.13/x"], None),
        ("-", [], None),
        ("tidak ada", [], None),
        ("Aplikasi yang diinstal", [], "bukan alamat web"),
        ("http;//a.go.id", [], "bukan alamat web"),
        ("srikandi.arsip", [], "bukan alamat web"),
        ("http://192.168.1.38/x", [], "alamat jaringan dalam"),
        ("10.35.19.42:3000", [], "alamat jaringan dalam"),
        ("http://localhost/x", [], "alamat jaringan dalam atau contoh"),
        ("https://tidakada.invalid", [], "alamat jaringan dalam atau contoh"),
        ("https://user:rahasia@a.go.id/", [], "alamat memuat data pribadi atau kata sandi"),
        ("https://wa.me/628123456789", [], "alamat memuat data pribadi atau kata sandi"),
        ("https://a.go.id/?q=budi@a.example", [], "alamat memuat data pribadi atau kata sandi"),
        ("https://a.go.id:99999/", [], "alamat cacat"),
        ("https://[::1/", [], "alamat cacat"),
        ("http://1.2.3/", [], "alamat cacat"),
        ("https://a.go.id/" + "x" * 2000, [], "alamat cacat"),
    ],
)
def test_addresses(cell: str, urls: list[str], problem: str | None) -> None:
    found = read_addresses(cell)
    assert (list(found.urls), found.problem) == (urls, problem)


@pytest.mark.parametrize(
    ("cell", "addresses", "expected"),
    [
        ("SIMPEL", 1, ["SIMPEL"]),
        ("Data, Statistik dan Evaluasi", 1, ["Data, Statistik dan Evaluasi"]),
        ("SIMDA 2.7", 0, ["SIMDA 2.7"]),
        ("7. SIPD", 0, ["SIPD"]),
        ("1. A 2. B 3. C", 1, ["A", "B", "C"]),
        ("1) A;\n2) B;", 0, ["A", "B"]),
        ("- A\n- B", 0, ["A", "B"]),
        ("A\nB", 2, ["A", "B"]),
        ("SIAK\n(Sistem Kependudukan)", 0, ["SIAK (Sistem Kependudukan)"]),
        ("A; B;", 1, ["A", "B"]),
        ("A; A", 1, ["A"]),
        ("tidak ada aplikasi", 0, []),
        ("Belum memiliki aplikasi", 0, []),
        ("-", 0, []),
    ],
)
def test_names_in_one_cell(cell: str, addresses: int, expected: list[str]) -> None:
    assert list(split_names(cell, addresses)) == expected


@pytest.mark.parametrize("cell", ["A\nB", "1. A 3. B", "Pusat : A; Daerah : B", "A, B; C", "x" * 301])
def test_names_in_doubt_are_not_guessed(cell: str) -> None:
    with pytest.raises(AmbiguousNamesError):
        split_names(cell, 1)


def test_several_applications_get_their_address_only_where_each_has_one() -> None:
    header = "Nama Aplikasi;Link\n"
    paired = parse(header + "1. A 2. B;https://a.example https://b.example\n")
    assert [r.url for r in paired.records] == ["https://a.example", "https://b.example"]  # type: ignore[union-attr]
    apart = parse(header + "1. A 2. B;https://a.example\n")
    assert [r.url for r in apart.records] == [None, None]  # type: ignore[union-attr]
    assert {r.extra for r in apart.records} == {'{"Link": "https://a.example"}'}  # type: ignore[union-attr]


# Fetching -------------------------------------------------------------------------------------------------


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with HttpSession(clock=lambda: NOON, reach=LOCAL) as opened:
        yield opened


def test_a_drop_folder_gives_its_tables_in_order(tmp_path: Path, session: HttpSession) -> None:
    for name in ("b tabel.csv", "a.xlsx", "~$a.xlsx", ".c.csv", "catatan.txt", "D.CSV"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "lama").mkdir()
    (tmp_path / "lama" / "e.csv").write_bytes(b"e")
    found = list(app_registry.fetch(source(path=tmp_path), session))
    assert [(one.url, one.body) for one in found] == [
        ("file:D.CSV", b"D.CSV"),
        ("file:a.xlsx", b"a.xlsx"),
        ("file:b%20tabel.csv", b"b tabel.csv"),
    ]
    assert {(one.status, one.fetched_at) for one in found} == {(None, NOON)}
    assert dict(found[0].headers) == {"Content-Type": "text/csv"}
    one = list(app_registry.fetch(source(path=tmp_path / "D.CSV"), session))
    assert [document.url for document in one] == ["file:D.CSV"]


def test_an_empty_or_missing_folder_fails_the_run(tmp_path: Path, session: HttpSession) -> None:
    with pytest.raises(FetchError, match=r"no \*\.csv or \*\.xlsx or \*\.json in"):
        list(app_registry.fetch(source(path=tmp_path), session))
    with pytest.raises(FetchError, match="does not exist"):
        list(app_registry.fetch(source(path=tmp_path / "tidak-ada"), session))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, session: HttpSession) -> None:
    (tmp_path / "rahasia.csv").write_text("x")
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.csv").symlink_to(tmp_path / "rahasia.csv")
    with pytest.raises(FetchError, match="leads out of"):
        list(app_registry.fetch(source(path=folder), session))


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/lama":
                self.send_response(302)
                self.send_header("Location", "/registri.csv")
                body = b""
            else:
                self.send_response(200 if self.path == "/registri.csv" else 404)
                body = HEADER.encode() + b"Satu;Dinas A;Aktif\n"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test output stays clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_web_address_gives_its_redirects_and_its_answer(server: str, session: HttpSession) -> None:
    found = list(app_registry.fetch(source(url=f"{server}/lama"), session))
    assert [one.status for one in found] == [302, 200]
    captures = [Capture(one.url, one.url, NOON, one.status, one.headers, "", one.body) for one in found]
    assert names(app_registry.parse(captures, source())) == ["Satu"]


def test_an_error_status_is_archived_and_fails_the_run(server: str, session: HttpSession) -> None:
    documents = app_registry.fetch(source(url=f"{server}/hilang"), session)
    assert next(documents).status == 404
    with pytest.raises(FetchError, match="answers 404") as caught:
        next(documents)
    assert caught.value.kind == "http_404"


# A real one -----------------------------------------------------------------------------------------------


@pytest.mark.samples
def test_the_inventory_of_madiun() -> None:
    if not MADIUN.exists():
        pytest.skip("the shared samples are not here")
    parsed = app_registry.parse_file(MADIUN)
    assert (parsed.seen, len(parsed.records), len(parsed.rejects), parsed.duplicates) == (186, 174, 11, 1)
    places = [int(reject.where.split("baris ")[1].split(",")[0]) for reject in parsed.rejects]
    # One "tidak ada"; nine applications in one cell, on eight rows; two rows shifted by a semicolon.
    assert places == [5, 9, 10, 11, 12, 13, 14, 15, 16, 121, 182]
    by_row = {r.position: r for r in parsed.records if isinstance(r, ApplicationRecord)}
    # Rows 51 and 52 differ in the contact only.
    assert (51 in by_row, 52 in by_row) == (True, False)
    assert by_row[2].application_key == "bagian administrasi pemerintahan/srikandi"
    assert (by_row[2].url, by_row[2].kind) == ("https://srikandi.arsip.go.id", "umum")
    assert (by_row[38].url, by_row[38].kind) == (None, "tidak_diketahui")
    assert (by_row[88].status, by_row[88].url) == ("tidak_aktif", "https://myasn.bkn.go.id/")
    assert (
        json.loads(by_row[88].extra)["Penyebab Aplikasi Tidak Aktif"]
        == "Karena sudah digantikan dengan My ASN"
    )
    assert by_row[122].url == "https://absen.madiunkab.go.id/"
    assert by_row[187].url is None
    assert sum(r.status == "tidak_aktif" for r in by_row.values()) == 5
    everything = str(parsed)
    assert "Pengelola 1" not in everything
    assert "08XX" not in everything
