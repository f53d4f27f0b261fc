"""What attackers send: bounded in memory and time, refused or rejected with a reason, never run."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from collectors import app_registry, attestations, open_data, regulations
from collectors.addresses import Reach
from collectors.datatables import read_datatable
from collectors.drop_folder import file_name, file_url, read_file, safe_name, top_files
from collectors.evidence import (
    ApplicationRecord,
    Capture,
    DatasetRecord,
    Parsed,
    ParseError,
    RegulationRecord,
)
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import Source
from collectors.json_assertion import mismatch
from collectors.plain_text import spreadsheet_text
from tests.test_http import Site, running

pytestmark = pytest.mark.e2e

MOMENT = datetime(2026, 3, 2, tzinfo=UTC)
TITLE = "Peraturan Daerah Nomor 1 Tahun 2020 tentang SPBE"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {n} "{f"&{p};" * 10}">' for p, n in zip("abcdefghi", "bcdefghij", strict=True))
    + '<!ENTITY rahasia SYSTEM "file:///etc/passwd">]>'
)


def source(collector: str, **more: str) -> Source:
    data = {
        "id": "s",
        "collector": collector,
        "cadence": "listings",
        "agency": "a",
        "url": "https://kota.test/x",
    }
    return Source.model_validate(data | more)


def capture(payload: bytes, name: str = "https://kota.test/x") -> Capture:
    return Capture("c", name, MOMENT, 200, (), "sha256:0", payload)


def feed(payload: bytes) -> Parsed:
    return regulations.parse([capture(payload)], source("regulations", format="jdihn"))


def registry(payload: bytes) -> Parsed:
    return app_registry.parse([capture(payload)], source("app_registry"))


# Workbooks -----------------------------------------------------------------------------------------------


def workbook(*, xml: str | None = None, more: dict[str, bytes] | None = None) -> bytes:
    """A registry of one application; `xml` stands before the root of its sheet, in place of the first text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(("Nama Aplikasi", "OPD"))
    sheet.append(("Sistem", "Dinas A"))
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if xml and name == "xl/sharedStrings.xml":
                text = content.decode().replace("Sistem", "Sistem &j; &rahasia;")
                content = text.replace("<sst", f"{xml}<sst", 1).encode()
            new.writestr(name, content)
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def test_entities_in_a_workbook_are_never_expanded() -> None:
    try:
        found = registry(workbook(xml=LAUGHS))
    except ParseError as error:
        assert "cannot be read" in error.reason or "no XLSX" in error.reason
        return
    shown = str(found)
    assert "haha" not in shown and "root:" not in shown and len(shown) < 10_000


def test_a_workbook_with_paths_that_lead_out_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = registry(
        workbook(more={"../../keluar.txt": b"x", "/tmp/keluar.txt": b"x", "C:\\keluar.txt": b"x"})
    )
    assert len(found.records) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_that_unpacks_too_far_is_refused_unread() -> None:
    class Zeros(io.RawIOBase):
        left = 129 * 1024 * 1024

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            size = min(len(buffer), self.left)
            buffer[:size] = bytes(size)
            self.left -= size
            return size

    out = io.BytesIO(workbook())
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        book.open("xl/b", "w") as part,
    ):
        zeros = Zeros()
        while chunk := zeros.read(8 * 1024 * 1024):
            part.write(chunk)
    with pytest.raises(ParseError, match="unpacks to"):
        registry(out.getvalue())


# Names of files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../a.pdf",
        "a/../../b.pdf",
        "/etc/passwd",
        "C:\\a.pdf",
        "\\\\server\\a.pdf",
        "a\x00.pdf",
        "",
        "..\\..\\a",
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_none(name: str) -> None:
    assert safe_name(name) is None


def test_odd_names_in_a_drop_folder_are_read_and_shown_harmless(tmp_path: Path) -> None:
    odd = ["x" * 240 + ".csv", "lap\u202evsc.exe.csv", "a\nb\x1b[2J.csv", "spasi %2e%2e.csv"]
    for name in odd:
        (tmp_path / name).write_text("Nama Aplikasi;OPD\nSistem;Dinas A\n")
    (tmp_path / "tautan.csv").symlink_to("/etc/passwd")
    (tmp_path / "putus.csv").symlink_to(tmp_path / "tidak-ada")
    (tmp_path / "map.csv").mkdir()
    _, names = top_files(tmp_path, (".csv",))
    assert set(names) == {*odd, "tautan.csv"}
    for name in odd:
        read = read_file(tmp_path, name, MOMENT)
        assert read.url == file_url(name) and read.url.isprintable() and read.url.isascii()
        assert file_name(capture(b"", read.url)) == name
    with pytest.raises(FetchError, match="leads out of"):
        read_file(tmp_path, "tautan.csv", MOMENT)
    with pytest.raises(FetchError) as caught:
        read_file(tmp_path, "a\nb\x1b[2J", MOMENT)
    assert "\x1b" not in str(caught.value)


def test_a_register_cannot_name_a_file_outside(tmp_path: Path) -> None:
    (tmp_path / "luar.pdf").write_bytes(b"rahasia")
    folder = tmp_path / "berkas"
    folder.mkdir()
    head = "kriteria,pernyataan,penandatangan,tanggal,berkas,sha256"
    rows = [
        f"I01.2,terpenuhi,Contoh,2026-01-01,{name},00" for name in ("../luar.pdf", "/etc/passwd", "x" * 5000)
    ]
    (folder / "p.csv").write_text("\n".join([head, *rows]))
    place = source("attestations", format="csv").model_copy(update={"url": None, "path": folder})
    with HttpSession(clock=lambda: MOMENT) as session:
        documents = list(attestations.fetch(place, session))
    assert [document.url for document in documents] == ["file:p.csv"]


# Texts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filling",
    ["x", "nomor ", "Nomor 1 Tahun ", "<a ", "perubahan atas ", "1/2/3/", "a@", "tentang ", "(", "&amp;", "<!--", "\x1b["],
)  # fmt: skip
def test_a_megabyte_title_is_no_title_and_costs_linear_time(filling: str) -> None:
    # Quadratic time would be hours at this length.
    found = feed(json.dumps([{"judul": TITLE + filling * (2_000_000 // len(filling))}]).encode())
    for record in found.records:
        assert isinstance(record, RegulationRecord) and len(record.title) < 5000
    for reject in found.rejects:
        assert "judul" in reject.reason and len(reject.raw) <= 2000
    assert found.seen == 1


@pytest.mark.parametrize(
    "column", ["status", "jenis", "noPeraturan", "tanggal_penetapan", "urlDownload", "tahun"]
)
def test_other_megabyte_cells_stay_out_of_the_record(column: str) -> None:
    found = feed(json.dumps([{"judul": TITLE, column: "nomor 1 " * 200_000}]).encode())
    assert [len(str(record)) < 5000 for record in found.records] == [True]


@pytest.mark.parametrize("blank", [" ", "%20", "%0A "])
def test_blanks_inside_an_address_cost_linear_time(blank: str) -> None:
    # Quadratic time would be many minutes at this length.
    (record,) = feed(json.dumps([{"judul": TITLE, "urlDownload": f"/a{blank * 300_000}b"}]).encode()).records
    assert isinstance(record, RegulationRecord) and record.file_url is None


def test_a_megabyte_name_of_an_application_is_rejected_and_its_description_cut() -> None:
    found = registry(f"Nama Aplikasi;OPD\n{'x' * 100_000};Dinas A\nSistem;Dinas A\n".encode())
    assert [reject.reason for reject in found.rejects] == [
        "nama aplikasi lebih dari 300 huruf; tulis satu aplikasi per baris"
    ]
    assert all(len(reject.raw) < 12_000 for reject in found.rejects)
    found = registry(f"Nama Aplikasi;Deskripsi\nSistem;{'a b ' * 30_000}\n".encode())
    (record,) = found.records
    assert isinstance(record, ApplicationRecord) and len(record.description or "") == 10_000


# JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [400, 200_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"x":', "}"), ('{"data":', "}")])
def test_deep_nesting_ends_in_a_reject_or_a_refusal(depth: int, opens: str, closes: str) -> None:
    payload = f'[{{"judul": "{TITLE}"}}, {opens * depth}1{closes * depth}]'.encode()
    try:
        found = feed(payload)
    except ParseError as error:
        assert "nested" in error.reason
    else:
        assert (len(found.records), len(found.rejects)) == (1, 1)


@pytest.mark.parametrize(
    "number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400, "1e308", "9" * 5000, f'"{"9" * 5000}"']
)
def test_numbers_beyond_reason_are_no_year_and_no_total(number: str) -> None:
    payload = f'{{"total": {number}, "data": [{{"judul": "Perda SPBE", "tahun": {number}}}]}}'.encode()
    try:
        (record,) = feed(payload).records
    except ParseError as error:
        assert "cannot be read" in error.reason
    else:
        assert isinstance(record, RegulationRecord) and record.year is None


def test_a_key_given_twice_is_one_cell() -> None:
    found = feed(f'[{{"judul": "Lain", "judul": "{TITLE}"}}]'.encode())
    (record,) = found.records
    assert isinstance(record, RegulationRecord) and record.title == TITLE


HALF = "\\ud83d"
"""Half of a character as JSON writes it: what a program leaves that cuts a title at so many characters."""


def test_halves_of_characters_never_reach_what_is_written() -> None:
    (application,) = registry(
        f'{{"data": [{{"nama_aplikasi": "SPBE{HALF}", "opd": "Diskominfo", "x{HALF}": "ok{HALF}\\u001b[2J"}}]}}'.encode()
    ).records
    catalogue = {"success": True, "result": {"count": 1, "results": [{"id": "1\ud83d", "name": "apa\ud83d"}]}}
    (dataset,) = open_data.parse([capture(json.dumps(catalogue).encode())]).records
    table = f'{{"data": [["1", "{TITLE} {HALF}", "<b>{HALF}</b>"], {{"{HALF}": "{TITLE}"}}]}}'
    for text in (
        application.extra if isinstance(application, ApplicationRecord) else "",
        str(dataset),
        read_datatable(table, "x", None).html,
        mismatch({"/status": "ok"}, f'{{"status": "{HALF}"}}'.encode()),
    ):
        assert text and text.encode() and "\x1b" not in text


def test_what_a_catalogue_lists_as_files_need_not_be_a_list() -> None:
    catalogue = {"success": True, "result": {"count": 1, "results": [{"id": "1", "resources": 5}]}}
    (dataset,) = open_data.parse([capture(json.dumps(catalogue).encode())]).records
    assert isinstance(dataset, DatasetRecord) and dataset.resource_count == 0


def test_a_page_that_counts_beyond_reason_names_no_total() -> None:
    page = (
        f"<html><body><div class='list-view'><div data-key='1'><a class='text-primary' href='/dokumen/view?id=1'>{TITLE}"
        f"</a></div></div>Ditampilkan 1 - 1 dari {'9' * 5000} Data</body></html>"
    )
    (record,) = regulations.parse(
        [capture(page.encode())], source("regulations", format="html", profile="ildis")
    ).records
    assert isinstance(record, RegulationRecord)


# Headers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "\u00b2",
        "9" * 5000,
        "Mon, 32 Foo 99999 99:99:99 GMT",
        "Mon, 02 Mar 2026 00:00:00 +99999999999999",
        "Mon, 02 Mar 99999999999999999999 00:00:00 GMT",
    ],
)
def test_numbers_in_headers_that_are_none(value: str) -> None:
    site_of = running(Site())
    site = next(site_of)
    try:
        site.pages["/x"] = lambda h: h.answer(429, b"", Retry_After=value)
        with HttpSession(clock=lambda: MOMENT, reach=Reach(allow_private=True), timeout_seconds=5) as session:
            assert session.get(site.url("/x")).status == 429
    finally:
        next(site_of, None)


# Exports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "exported"),
    [
        ("=HYPERLINK(\"http://jahat.test\")", "'=HYPERLINK(\"http://jahat.test\")"),
        ("+62", "+62"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("-2+3", "'-2+3"), ("-2,5", "-2,5"),
        ("@SUM(A1)", "'@SUM(A1)"), ("  =1+1", "'  =1+1"), ("\t=1", "'\t=1"), ("\uff1d1+1", "'\uff1d1+1"),
        ("e-Office", "e-Office"), ("", ""), ("-", "'-"),
    ],
)  # fmt: skip
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str, exported: str) -> None:
    assert spreadsheet_text(text) == exported
