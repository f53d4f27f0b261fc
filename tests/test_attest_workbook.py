"""The workbook for officers: written, filled in, read back row by row, and loaded until levels rise."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from collectors import attestations
from collectors.archive import Archive
from collectors.attestation_files import Receipt, read_receipt, stored_name, write_receipt
from collectors.attestation_workbook import COLUMNS, FILLED, HEADER_ROW, SEAL_SHEET, letter
from collectors.evidence import AttestationRecord, Capture, Parsed, ParseError
from collectors.institution import Source
from demo.statements import write_folder
from flows.attest_import import AttestImportError, Imported, import_workbook
from flows.attestation_template import Origin, template
from flows.cli import app
from tests.examples_of import few
from tests.line import MORNING, TODAY, Line
from tests.small_pdf import pdf
from transforms.instrument import load_instrument, load_rules
from warehouse.attestation_view import KnownState, StandView, stand_view

pytestmark = pytest.mark.e2e

NORM = load_instrument("spbe-2020")
RULES = load_rules(NORM)
NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
EVIDENCE = b"risalah reviu"
DIGEST = hashlib.sha256(EVIDENCE).hexdigest()
SOURCE = Source.model_validate(
    {"id": "pernyataan", "collector": "attestations", "cadence": "registry", "agency": "a", "path": "/drop"}
)
RIGHT: Mapping[str, Any] = {
    "pernyataan": "terpenuhi",
    "penandatangan": "Pejabat Contoh",
    "jabatan": "Kepala Bidang",
    "tanggal": date(2026, 2, 20),
    "cakupan": "seluruh perangkat daerah",
    "berkas": "risalah.pdf",
    "jenisdokumen": "laporan",
}


def stand(instrument: str = "spbe-2020", **criteria: KnownState) -> StandView:
    known = {key.replace("_", "."): state for key, state in criteria.items()}
    return StandView(
        "kota-contoh", "Kota Contoh", "Asia/Jakarta", instrument, NOW, "a" * 64, known, {"1": "terbukti 2"}
    )


@pytest.fixture(scope="module")
def blank() -> bytes:
    return template(NORM, RULES, stand(), Origin("buku-1", NOW, "Diskominfo"))


def opened(payload: bytes, place: Path) -> Any:
    place.write_bytes(payload)
    return load_workbook(place)


def row_of(book: Any, criterion: str) -> tuple[Any, int]:
    """The sheet and row of a criterion."""
    for sheet in book.worksheets:
        for number in range(HEADER_ROW + 1, sheet.max_row + 1):
            if sheet[f"A{number}"].value == criterion:
                return sheet, number
    raise AssertionError(criterion)


def fill(book: Any, criterion: str, **cells: Any) -> str:
    """Fill in a row; where it stands, as ``Domain 2!14``."""
    sheet, number = row_of(book, criterion)
    for key, value in {**RIGHT, **cells}.items():
        sheet[f"{letter(key)}{number}"].value = value
    return f"{sheet.title}!{{}}{number}"


def captured(
    *books: tuple[str, bytes, Receipt], evidence: Mapping[str, bytes] | None = None
) -> list[Capture]:
    """What a run of the source archives."""
    documents: dict[str, bytes] = {}
    for name, payload, receipt in books:
        documents |= {name: payload, f"{name}.sha256": write_receipt(receipt)}
    documents |= {stored_name("risalah.pdf", DIGEST): EVIDENCE} if evidence is None else evidence
    return [
        Capture(f"urn:{name}", f"file:{name}", NOW, None, (), "", body) for name, body in documents.items()
    ]


def receipt(at: datetime = NOW, name: str = "risalah.pdf", digest: str = DIGEST) -> Receipt:
    return Receipt({name: (stored_name(name, digest), digest)}, (at,))


def parsed(book: Any, place: Path, evidence: Mapping[str, bytes] | None = None) -> Parsed:
    book.save(place)
    captures = captured(("bukti.xlsx", place.read_bytes(), receipt()), evidence=evidence)
    return attestations.parse(captures, SOURCE)


def records(found: Parsed) -> list[AttestationRecord]:
    return [record for record in found.records if isinstance(record, AttestationRecord)]


def test_the_template_asks_for_every_criterion_above_the_floor_in_a_sheet_per_domain(
    blank: bytes, tmp_path: Path
) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    assert [s.title for s in book.worksheets if s.sheet_state == "visible"] == [
        "Petunjuk", "Domain 1", "Domain 2", "Domain 3", "Domain 4",
    ]  # fmt: skip
    listed = [
        sheet[f"A{n}"].value
        for sheet in book.worksheets
        if sheet.title.startswith("Domain")
        for n in range(HEADER_ROW + 1, sheet.max_row + 1)
        if sheet[f"{letter('uraian')}{n}"].value
    ]
    asked = [c.id for i in NORM.indicators for c in i.criteria if not RULES.rule(c.id).floor]
    assert listed == asked
    sheet, number = row_of(book, "I13.3.a")
    assert sheet[f"{letter('pemilik')}{number}"].value == RULES.rule("I13.3.a").owner
    assert sheet[f"{letter('diminta')}{number}"].value == RULES.rule("I13.3.a").remedy
    unlocked = [key for key in COLUMNS if not sheet[f"{letter(key)}{number}"].protection.locked]
    assert unlocked == list(FILLED)
    assert sheet.protection.sheet and sheet.freeze_panes and sheet.auto_filter.ref
    assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows
    assert sheet.page_margins.footer < sheet.page_margins.bottom, "no room for the page number"
    assert {rule.type for rule in sheet.data_validations.dataValidation} == {"list", "date"}
    assert book[SEAL_SHEET].sheet_state == "veryHidden"


def test_an_instrument_without_domains_has_a_sheet_per_aspect() -> None:
    flat = NORM.model_copy(update={"domains": ()})
    payload = template(flat, RULES, stand(), Origin("buku-2", NOW, "Diskominfo"))
    assert b"xl/workbook.xml" in payload
    found = attestations.parse(captured(("a.xlsx", payload, receipt())), SOURCE)
    assert (found.seen, found.notes) == (0, ())


def test_texts_from_outside_never_become_formulas(tmp_path: Path) -> None:
    bad = '=HYPERLINK("http://jahat.example";"klik")'
    view = stand(I01_2_a=KnownState("terpenuhi", bad))
    view = dataclasses.replace(view, name="+62 Kota", criteria={"I01.2.a": KnownState("terpenuhi", bad)})
    book = opened(template(NORM, RULES, view, Origin("x", NOW, "@kominfo")), tmp_path / "a.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert "COUNT" in str(cell.value), cell.coordinate
                elif isinstance(cell.value, str):
                    assert not cell.value.startswith(("=", "+", "-", "@")), cell.coordinate
    sheet, number = row_of(book, "I01.2.a")
    assert sheet[f"{letter('alasan')}{number}"].value == f"'{bad}"


def test_a_filled_row_is_a_statement(blank: bytes, tmp_path: Path) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    place = fill(
        book, "I13.3.a", berlakusejak=date(2026, 3, 15), kedaluwarsa=datetime(2027, 2, 20), catatan="ok"
    )
    found = parsed(book, tmp_path / "b.xlsx")
    assert found.rejects == ()
    assert found.records == (
        AttestationRecord(
            instrument="spbe-2020",
            criterion="I13.3.a",
            statement="terpenuhi",
            signer="Pejabat Contoh",
            signer_role="Kepala Bidang",
            signed_on=date(2026, 2, 20),
            scope="seluruh perangkat daerah",
            file_name="risalah.pdf",
            sha256=DIGEST,
            file_capture_id=f"urn:berkas/{DIGEST[:16]}/risalah.pdf",
            expires_on=date(2027, 2, 20),
            note="ok",
            capture_id="urn:bukti.xlsx",
            position=int(place.split("}")[1]),
            document_kind="laporan",
            effective_on=date(2026, 3, 15),
            sheet="bukti.xlsx, Domain 2",
        ),
    )


@pytest.mark.parametrize(
    ("cells", "column", "why"),
    [
        ({"penandatangan": None}, "J", "kosong"),
        ({"jabatan": " "}, "K", "kosong"),
        ({"tanggal": None}, "L", "kosong"),
        ({"tanggal": date(2026, 3, 9)}, "L", "belum tiba"),
        ({"tanggal": "31/02/2026"}, "L", "bukan tanggal"),
        ({"tanggal": "besok"}, "L", "bukan tanggal"),
        ({"cakupan": "-"}, "M", "kosong"),
        ({"berkas": None}, "N", "kosong"),
        ({"berkas": "lain.pdf"}, "N", "tidak ditemukan"),
        ({"berkas": "../risalah.pdf"}, "N", "ke luar folder"),
        ({"jenisdokumen": "foto"}, "O", "bukan jenis dokumen"),
        ({"jenisdokumen": None}, "O", "kosong"),
        ({"berlakusejak": "?"}, "P", "bukan tanggal"),
        ({"kedaluwarsa": date(2026, 2, 25)}, "Q", "sudah lewat"),
        ({"kedaluwarsa": date(2026, 2, 20)}, "Q", "tidak sesudah"),
        ({"kedaluwarsa": date(2027, 1, 1), "berlakusejak": date(2027, 2, 1)}, "Q", "tidak sesudah"),
        ({"pernyataan": None}, "I", "kosong"),
        ({"pernyataan": "mungkin"}, "I", "bukan salah satu"),
        ({"uraian": "Semua sudah baik"}, "D", "diubah"),
        ({"tingkat": "2"}, "C", "diubah"),
        ({"kriteria": "I14.3.a"}, "A", "diubah"),
        ({"kriteria": None}, "A", "diubah"),
        ({"kriteria": "I99.9.z"}, "A", "diubah"),
    ],
)  # fmt: skip
def test_a_row_at_fault_is_refused_with_its_cell_and_others_stand(
    blank: bytes, tmp_path: Path, cells: dict[str, Any], column: str, why: str
) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    place = fill(book, "I13.3.a", **cells)
    fill(book, "I14.2.a")
    found = parsed(book, tmp_path / "b.xlsx")
    assert [r.criterion for r in records(found)] == ["I14.2.a"]
    (reject,) = found.rejects
    assert reject.where == f"bukti.xlsx, {place.format(column)}"
    assert why in reject.reason


def test_several_faults_name_each_cell(blank: bytes, tmp_path: Path) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    sheet, number = row_of(book, "I13.3.a")
    sheet[f"{letter('catatan')}{number}"].value = "hanya catatan"
    (reject,) = parsed(book, tmp_path / "b.xlsx").rejects
    assert reject.where == "bukti.xlsx, " + f"{sheet.title}!" + ", ".join(f"{c}{number}" for c in "IJKLMON")


def test_evidence_that_changed_or_vanished_since_the_import_is_refused(blank: bytes, tmp_path: Path) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    place = fill(book, "I13.3.a")
    stored = stored_name("risalah.pdf", DIGEST)
    for evidence, why in (({stored: b"diganti"}, "berubah sejak diimpor"), ({}, "hilang dari folder")):
        (reject,) = parsed(book, tmp_path / "b.xlsx", evidence).rejects
        assert reject.where == f"bukti.xlsx, {place.format('N')}"
        assert why in reject.reason


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b["Domain 2"].__setitem__("H3", "Catatan"), r"Domain 2!H3 is not 'Pemilik'"),
        (lambda b: b["Domain 2"].delete_cols(4), r"Domain 2!D3 is not 'Kriteria'"),
        (lambda b: b.remove(b["Domain 3"]), "'Domain 3' is missing"),
        (lambda b: setattr(b["Domain 3"], "sheet_state", "hidden"), "'Domain 3' is missing or hidden"),
        (lambda b: b[SEAL_SHEET].__setitem__("A1", "lain"), "hidden sheet _pantau was changed"),
    ],
)
def test_a_workbook_taken_apart_is_refused_as_a_whole(
    blank: bytes, tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    fill(book, "I13.3.a")
    change(book)
    with pytest.raises(ParseError, match=message):
        parsed(book, tmp_path / "b.xlsx")


def test_a_later_workbook_takes_nothing_back_and_a_later_version_corrects(
    blank: bytes, tmp_path: Path
) -> None:
    def version(
        name: str, at: datetime, origin: str = "buku-1", **rows: dict[str, Any]
    ) -> tuple[str, bytes, Receipt]:
        payload = blank if origin == "buku-1" else template(NORM, RULES, stand(), Origin(origin, NOW, "x"))
        book = opened(payload, tmp_path / name)
        for criterion, cells in rows.items():
            fill(book, criterion.replace("_", "."), **cells)
        book.save(tmp_path / name)
        return name, (tmp_path / name).read_bytes(), receipt(at)

    first = version("z.xlsx", NOW, I13_3_a={"penandatangan": "Salah Ketik"}, I14_2_a={})
    second = version("a.xlsx", NOW + timedelta(hours=1), I13_3_a={}, I15_2_a={})
    other = version("m.xlsx", NOW + timedelta(hours=2), "buku-9", I14_2_a={}, I16_2_a={})
    found = attestations.parse(captured(first, second, other), SOURCE)
    assert sorted((r.criterion, r.signer) for r in records(found)) == [
        ("I13.3.a", "Pejabat Contoh"), ("I14.2.a", "Pejabat Contoh"),
        ("I15.2.a", "Pejabat Contoh"), ("I16.2.a", "Pejabat Contoh"),
    ]  # fmt: skip
    assert (found.seen, found.duplicates, found.rejects) == (6, 2, ())

    taken_back = version("b.xlsx", NOW + timedelta(hours=3), I13_3_a={"pernyataan": "dicabut"})
    found = attestations.parse(captured(first, second, other, taken_back), SOURCE)
    assert [r.statement for r in records(found) if r.criterion == "I13.3.a"] == ["dicabut"]

    # What a version corrected may be said again elsewhere; the correction stands beside it.
    again = version("q.xlsx", NOW + timedelta(hours=3), "buku-8", I13_3_a={"penandatangan": "Salah Ketik"})
    found = attestations.parse(captured(first, second, again), SOURCE)
    assert {r.signer for r in records(found) if r.criterion == "I13.3.a"} == {"Salah Ketik", "Pejabat Contoh"}

    # A statement whose file of that name is another one now: the one recorded before stands.
    _, payload, _ = version("c.xlsx", NOW, I14_2_a={})
    changed = hashlib.sha256(b"lain").hexdigest()
    later = ("c.xlsx", payload, receipt(NOW + timedelta(hours=4), digest=changed))
    evidence = {stored_name("risalah.pdf", d): b for d, b in ((DIGEST, EVIDENCE), (changed, b"lain"))}
    found = attestations.parse(captured(first, later, evidence=evidence), SOURCE)
    (reject,) = found.rejects
    assert reject.where.startswith("c.xlsx, Domain 2!N") and "berubah sejak dicatat" in reject.reason
    assert [r.sha256 for r in records(found) if r.criterion == "I14.2.a"] == [DIGEST]


def test_a_statement_that_expires_after_its_import_is_not_refused(blank: bytes, tmp_path: Path) -> None:
    book = opened(blank, tmp_path / "a.xlsx")
    fill(book, "I13.3.a", kedaluwarsa=date(2026, 2, 28))
    book.save(tmp_path / "a.xlsx")
    payload = (tmp_path / "a.xlsx").read_bytes()
    earlier = captured(("a.xlsx", payload, receipt(datetime(2026, 2, 21, tzinfo=UTC))))
    assert len(attestations.parse(earlier, SOURCE).records) == 1


TEXTS = st.one_of(st.none(), st.text(alphabet="aZ09 /\\.-=:é\u202e\n'", max_size=12))
DATES = st.one_of(TEXTS, st.dates(), st.sampled_from(["20/02/2026", "-", "0000-00-00"]))
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "pernyataan": st.one_of(TEXTS, st.sampled_from(["terpenuhi", "DICABUT", "tidak terpenuhi"])),
        "penandatangan": TEXTS,
        "jabatan": TEXTS,
        "tanggal": DATES,
        "cakupan": TEXTS,
        "berkas": st.one_of(TEXTS, st.just("risalah.pdf")),
        "jenisdokumen": st.one_of(TEXTS, st.sampled_from(["Laporan", "draf"])),
        "berlakusejak": DATES,
        "kedaluwarsa": DATES,
        "catatan": TEXTS,
        "uraian": TEXTS,
        "kriteria": st.one_of(TEXTS, st.just("I14.2.a")),
    },
)


@few(100)
@given(cells=CELLS)
def test_whatever_is_typed_a_row_is_a_whole_statement_or_is_refused_with_a_cell(
    cells: dict[str, Any],
) -> None:
    from collectors.attestation_files import PdfKinds
    from collectors.attestation_workbook import FilledRow, seal, seal_rows
    from collectors.attestation_workbook import Workbook as FilledWorkbook
    from collectors.attestation_workbook import _changed as changed

    asked = ("I13.3.a", "I13", "3", "Uji")
    seals = {row[0]: row[1:] for row in list(seal_rows("b", "k", "spbe-2020", ["D"], [asked]))[1:]}
    texts = dict.fromkeys(COLUMNS, "") | dict(zip(COLUMNS, asked, strict=False)) | dict(RIGHT) | cells
    shown = {key: "" if value is None else str(value).strip() for key, value in texts.items()}
    row = FilledRow("D", 9, shown, tuple(changed(shown, seals)))
    book = FilledWorkbook("b", "k", "spbe-2020", (row,))
    files = {c.url.removeprefix("file:"): c for c in captured()}
    capture = Capture("urn:b", "file:b.xlsx", NOW, None, (), "", b"")
    digests = {name: hashlib.sha256(c.payload).hexdigest() for name, c in files.items()}
    evidence = attestations._Evidence(files, digests, PdfKinds({}, ()))
    kept, refused, _ = attestations._workbook_statements([(capture, book, receipt())], evidence)
    assert len(kept) + len(refused) == 1
    for record in kept:
        assert record.signer and record.signer_role and record.scope and record.document_kind
        assert record.sha256 == DIGEST and record.criterion == "I13.3.a"
        assert record.signed_on <= NOW.date() + timedelta(days=1)
        assert record.expires_on is None or record.expires_on > record.signed_on
        assert seal(shown["uraian"]) == seal("Uji")
    for reject in refused:
        assert reject.where.startswith("b.xlsx, D!") and reject.reason


def test_a_receipt_reads_back_and_a_damaged_one_is_named() -> None:
    one = Receipt(
        {"sub/a b.pdf": (stored_name("sub/a b.pdf", DIGEST), DIGEST)}, (NOW, NOW + timedelta(days=1))
    )
    assert read_receipt(write_receipt(one), "x") == one
    for bad in (
        b"abc  berkas/a/b\n",
        b"# diimpor kemarin\n",
        b"# diimpor 2026-01-01\n",
        DIGEST.encode() + b"  a.pdf\n",
    ):
        with pytest.raises(ParseError, match=r"^x: line 1 is damaged"):
            read_receipt(bad, "x")


# From the template to the score --------------------------------------------------------------------


CONFIG = """
institution: {id: kota-contoh, name: Kota Contoh, kind: kota, also: [pemdi-2026]}
agencies: [{id: diskominfo, name: Dinas Komunikasi dan Informatika}]
freshness:
  regulation: {ttl: 3d, grace: 30d}
  uptime: {ttl: 1d, grace: 3d}
  application: {ttl: 45d, grace: 90d}
  attestation: {ttl: 365d, grace: 30d}
sources:
  - {id: pernyataan, collector: attestations, cadence: registry, agency: diskominfo, path: berkas}
"""


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A city whose officers have signed the register of the made-up city."""
    config = tmp_path / "kota-contoh.yml"
    config.write_text(CONFIG, encoding="utf-8")
    write_folder(tmp_path / "berkas", 1, TODAY, None)
    return Line(config, tmp_path / "data", MORNING)


def bring_in(line: Line, file: Path, **options: Any) -> Imported:
    return import_workbook(line.config, file, Archive(line.places.archive), clock=lambda: line.now, **options)


def test_a_pdf_that_calls_itself_a_circular_is_refused_and_a_scan_only_remarked_on(
    line: Line, tmp_path: Path, blank: bytes
) -> None:
    book = opened(blank, tmp_path / "bukti.xlsx")
    files = {
        "kebijakan.pdf": pdf(("WALI KOTA CONTOH", "SURAT EDARAN", "NOMOR 5 TAHUN 2026")),
        "pembahasan.pdf": pdf(("NOTULA RAPAT", "PEMBAHASAN", "RANCANGAN PERATURAN WALI KOTA")),
        "pindaian.pdf": pdf(()),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    circular = fill(book, "I04.3.a", berkas="kebijakan.pdf")
    # Assessors take one for the review of a policy.
    fill(book, "I04.4.a", berkas="kebijakan.pdf")
    fill(book, "I05.4.a", berkas="pembahasan.pdf")
    fill(book, "I06.4.a", berkas="pindaian.pdf")
    book.save(tmp_path / "bukti.xlsx")

    done = bring_in(line, tmp_path / "bukti.xlsx")
    assert (done.rows, done.accepted) == (4, 3)
    (refused,) = done.refused
    assert refused.where == f"{done.name}, {circular.format(letter('jenisdokumen'))}"
    assert refused.reason.startswith("surat edaran ditolak asesor: ")
    assert refused.reason.endswith('; isi kebijakan.pdf sendiri menyebut "SURAT EDARAN"')
    (note,) = [one for one in done.notes if "pindaian.pdf" in one]
    assert note.endswith(
        "/pindaian.pdf: isi PDF tidak terbaca (pindaian tanpa teks), jenisnya tidak diperiksa"
    )


def test_from_the_template_to_a_higher_level(line: Line, tmp_path: Path) -> None:
    before = line.run().current.levels["1"].proven
    line.publish()
    line.pass_days(0.1)
    with line.published() as connection:
        view = stand_view(connection, None, None)
        decimal = stand_view(connection, None, "pemdi-2026").levels
    assert view.levels["1"] == "terbukti 1, potensi 5"
    assert decimal
    assert all(re.fullmatch(r"terbukti \d,\d\d, potensi \d,\d\d", said) for said in decimal.values())
    book = opened(template(NORM, RULES, view, Origin("b", line.now, "Diskominfo")), tmp_path / "bukti.xlsx")
    sheet, number = row_of(book, "I01.4.a")
    assert sheet[f"{letter('status')}{number}"].value == "belum diketahui"
    signed: dict[str, Any] = {
        "tanggal": TODAY - timedelta(days=3),
        "kedaluwarsa": TODAY + timedelta(days=300),
    }
    for criterion in ("I01.2.a", "I01.4.a", "I01.4.b"):
        fill(book, criterion, **signed)
    unsigned = fill(book, "I01.5.a", **signed, penandatangan=None)
    draft = fill(book, "I02.4.a", **signed, berkas="draf reviu.pdf")
    missing = fill(book, "I03.5.a", **signed, berkas="tidak ada.pdf")
    book.save(tmp_path / "bukti.xlsx")
    evidence = tmp_path / "bukti dukung"
    evidence.mkdir()
    for name in ("risalah.pdf", "draf reviu.pdf"):
        (evidence / name).write_bytes(EVIDENCE)

    done = bring_in(line, tmp_path / "bukti.xlsx", files=evidence)
    assert (done.rows, done.accepted, done.is_new) == (6, 3, True)
    assert sorted(reject.where for reject in done.refused) == sorted(
        f"{done.name}, {place.format(cell)}"
        for place, cell in ((unsigned, "J"), (draft, "O"), (missing, "N"))
    )
    assert [result.outcome for result in line.load()] == ["loaded"]
    assert (before, line.score().current.levels["1"].proven) == (1, 4)
    kept = line.rows("SELECT place FROM ops.quarantine WHERE place LIKE $name", name=f"{done.name}%")
    assert sorted(place for (place,) in kept) == sorted(reject.where for reject in done.refused)
    (digest,) = line.rows("SELECT DISTINCT sha256 FROM core.attestation WHERE criterion = 'I01.4.a'")
    assert digest == (DIGEST,)

    runs = len(Archive(line.places.archive).ledger("kota-contoh", "pernyataan"))
    again = bring_in(line, tmp_path / "bukti.xlsx", files=evidence)
    assert not again.is_new and again.refused == done.refused
    assert len(Archive(line.places.archive).ledger("kota-contoh", "pernyataan")) == runs

    (evidence / "risalah.pdf").write_bytes(b"diganti")
    changed = bring_in(line, tmp_path / "bukti.xlsx", files=evidence)
    assert (changed.rows, changed.accepted) == (6, 0)
    assert [r.where for r in changed.refused if "berubah sejak dicatat" in r.reason] == [
        f"{done.name}, Domain 1!N{n}" for n in (number - 2, number, number + 1)
    ]
    # What was handed in stands, whatever happens to the officer's copy, also when the source is collected again.
    line.pass_days(1)
    line.collect(only="pernyataan")
    line.load()
    assert line.score().current.levels["1"].proven == 4


def test_what_cannot_be_imported_is_said(line: Line, tmp_path: Path) -> None:
    Workbook().save(tmp_path / "lain.xlsx")
    with pytest.raises(AttestImportError, match="no workbook made by pantau attest template"):
        bring_in(line, tmp_path / "lain.xlsx")
    foreign = dataclasses.replace(stand(), institution="kota-lain")
    (tmp_path / "b.xlsx").write_bytes(template(NORM, RULES, foreign, Origin("b", NOW, "x")))
    with pytest.raises(AttestImportError, match="was made for kota-lain, not for kota-contoh"):
        bring_in(line, tmp_path / "b.xlsx")


def test_the_commands_say_what_was_refused_and_end_with_its_code(line: Line, tmp_path: Path) -> None:
    line.run()
    line.publish()
    data = ("--data-dir", str(line.places.root))
    file = tmp_path / "kerja" / "bukti.xlsx"
    file.parent.mkdir()
    made = CliRunner().invoke(app, ["attest", "template", "-o", str(file), *data])
    assert made.exit_code == 0, made.output
    book = load_workbook(file)
    place = fill(book, "I13.3.a", penandatangan=None)
    fill(book, "I14.2.a")
    book.save(file)
    (file.parent / "risalah.pdf").write_bytes(EVIDENCE)
    command = ["attest", "import", str(file), "--config", str(line.config), *data]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert f"{place.format('J')}: penandatangan: kosong" in done.output
    assert "2 baris terisi = 1 diterima + 1 ditolak" in done.output
    said = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert (said["accepted"], said["is_new"], len(said["refused"])) == (1, False, 1)
