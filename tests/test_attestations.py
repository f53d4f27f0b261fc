"""Attestations: only files inside the drop folder are read, and only statements that rest on one count."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from collectors import attestations
from collectors.addresses import Reach
from collectors.evidence import AttestationRecord, Capture, Fetched, Parsed, ParseError
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import Source
from tests.small_pdf import Set, pdf

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LOCAL = Reach(allow_private=True)
EVIDENCE = b"risalah"
DIGEST = hashlib.sha256(EVIDENCE).hexdigest()
HEADER = "kriteria,pernyataan,penandatangan,jabatan,tanggal,cakupan,berkas,sha256,kedaluwarsa,catatan\n"


def row(
    file: str = "bukti/risalah.pdf", digest: str = DIGEST, criterion: str = "I13.3", on: str = "2026-01-02"
) -> str:
    return f"{criterion},terpenuhi,Pejabat Contoh,Kepala,{on},semua,{file},{digest},,\n"


def source(**fields: object) -> Source:
    place = {} if "url" in fields else {"path": "/drop"}
    data = {"id": "pernyataan", "collector": "attestations", "cadence": "registry", "agency": "diskominfo"}
    return Source.model_validate(data | place | fields)


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with HttpSession(clock=lambda: NOON, reach=LOCAL) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    drop = tmp_path / "drop"
    (drop / "bukti").mkdir(parents=True)
    (drop / "bukti" / "risalah.pdf").write_bytes(EVIDENCE)
    (tmp_path / "rahasia.pdf").write_bytes(b"rahasia")
    return drop


def fetched(place: Path, session: HttpSession) -> list[Fetched]:
    return list(attestations.fetch(source(path=place), session))


def captured(documents: list[Fetched]) -> list[Capture]:
    return [
        Capture(f"urn:{n}", d.url, d.fetched_at, None, d.headers, "", d.body) for n, d in enumerate(documents)
    ]


def parse(documents: list[Fetched]) -> Parsed:
    return attestations.parse(captured(documents), source())


def test_the_register_comes_first_then_each_named_file_once(folder: Path, session: HttpSession) -> None:
    (folder / "bukti" / "lain.pdf").write_bytes(b"tidak disebut")
    (folder / "b.csv").write_text(HEADER + row() + row("bukti\\risalah.pdf", criterion="I14.2.a"))
    documents = fetched(folder, session)
    assert [d.url for d in documents] == ["file:b.csv", "file:bukti/risalah.pdf"]
    assert dict(documents[1].headers) == {"Content-Type": "application/pdf"}
    parsed = parse(documents)
    assert parsed.rejects == ()
    first, second = parsed.records
    assert first == AttestationRecord(
        instrument="spbe-2020",
        criterion="I13.3",
        statement="terpenuhi",
        signer="Pejabat Contoh",
        signer_role="Kepala",
        signed_on=date(2026, 1, 2),
        scope="semua",
        file_name="bukti/risalah.pdf",
        sha256=DIGEST,
        file_capture_id="urn:1",
        expires_on=None,
        note=None,
        capture_id="urn:0",
        position=2,
    )
    assert second == replace(first, criterion="I14.2.a", position=3)


def test_one_csv_may_be_given_instead_of_the_folder(folder: Path, session: HttpSession) -> None:
    (folder / "a.csv").write_text(HEADER + row())
    (folder / "b.csv").write_text(HEADER + row(criterion="I14.3"))
    assert [d.url for d in fetched(folder / "a.csv", session)] == ["file:a.csv", "file:bukti/risalah.pdf"]
    both = parse(fetched(folder, session))
    assert [r.criterion for r in both.records] == ["I13.3", "I14.3"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name",
    [
        "../rahasia.pdf",
        "bukti/../../rahasia.pdf",
        "..\\rahasia.pdf",
        "tautan.pdf",
        "tautan/rahasia.pdf",
        "C:\\rahasia.pdf",
        "pipa",
        "bukti",
        "tidak-ada.pdf",
        ".",
    ],
)
def test_nothing_outside_the_folder_and_no_special_file_is_read(
    folder: Path, session: HttpSession, name: str
) -> None:
    (folder / "tautan.pdf").symlink_to(folder.parent / "rahasia.pdf")
    (folder / "tautan").symlink_to(folder.parent)
    os.mkfifo(folder / "pipa")
    digest = hashlib.sha256(b"rahasia").hexdigest()
    (folder / "a.csv").write_text(HEADER + row(name, digest) + row())
    documents = fetched(folder, session)
    assert [d.url for d in documents] == ["file:a.csv", "file:bukti/risalah.pdf"]
    parsed = parse(documents)
    assert (len(parsed.records), len(parsed.rejects)) == (1, 1)
    assert parsed.rejects[0].where == "a.csv, baris 2, kolom berkas"


def test_an_absolute_name_is_not_read(folder: Path, session: HttpSession) -> None:
    (folder / "a.csv").write_text(HEADER + row(str(folder.parent / "rahasia.pdf")))
    documents = fetched(folder, session)
    assert [d.url for d in documents] == ["file:a.csv"]
    assert "menunjuk ke luar folder" in parse(documents).rejects[0].reason


def test_a_link_that_stays_inside_is_followed(folder: Path, session: HttpSession) -> None:
    (folder / "salinan.pdf").symlink_to(folder / "bukti" / "risalah.pdf")
    (folder / "a.csv").write_text(HEADER + row("salinan.pdf"))
    assert len(parse(fetched(folder, session)).records) == 1


def test_a_file_changed_since_it_was_signed_is_rejected(folder: Path, session: HttpSession) -> None:
    (folder / "a.csv").write_text(HEADER + row())
    (folder / "bukti" / "risalah.pdf").write_bytes(b"diganti")
    (reject,) = parse(fetched(folder, session)).rejects
    assert reject.where == "a.csv, baris 2, kolom sha256"
    assert hashlib.sha256(b"diganti").hexdigest() in reject.reason


def test_a_csv_may_itself_be_evidence_but_no_stranger(folder: Path, session: HttpSession) -> None:
    (folder / "aset.csv").write_bytes(b"aset;jumlah\npeladen;2\n")
    digest = hashlib.sha256(b"aset;jumlah\npeladen;2\n").hexdigest()
    (folder / "pernyataan.csv").write_text(HEADER + row("aset.csv", digest))
    documents = fetched(folder, session)
    assert [d.url for d in documents] == ["file:aset.csv", "file:pernyataan.csv"]
    assert len(parse(documents).records) == 1
    (folder / "lain.csv").write_text("a;b\n1;2\n")
    with pytest.raises(ParseError, match=r"^lain\.csv: "):
        parse(fetched(folder, session))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("kriteria,pernyataan\nI13.3,terpenuhi\n", "lacks the column penandatangan, tanggal, berkas, sha256"),
        (HEADER + '"I13.3,terpenuhi\n' + row() + '"x"\n', "quotes in row 2"),
    ],
)
def test_a_register_that_cannot_be_read_is_archived_and_refused(
    folder: Path, session: HttpSession, text: str, message: str
) -> None:
    (folder / "a.csv").write_text(text)
    documents = fetched(folder, session)
    assert [d.url for d in documents] == ["file:a.csv"]
    with pytest.raises(ParseError, match=message):
        parse(documents)


def test_a_signature_from_the_future_is_rejected_save_for_the_time_zone(
    folder: Path, session: HttpSession
) -> None:
    (folder / "a.csv").write_text(HEADER + row(on="2026-01-06") + row(on="2026-01-07"))
    parsed = parse(fetched(folder, session))
    assert [r.position for r in parsed.records] == [2]
    assert parsed.rejects[0].reason == "tanggal: 2026-01-07 belum tiba saat berkas ini diambil"


@pytest.mark.parametrize("criterion", ["I13", "I13.6", "I13.0", "I13.3.aa", "13.3", "I1.3", "I13.3.a.b", ""])
def test_what_is_no_criterion_is_rejected(folder: Path, session: HttpSession, criterion: str) -> None:
    (folder / "a.csv").write_text(HEADER + row(criterion=criterion))
    assert parse(fetched(folder, session)).rejects[0].where == "a.csv, baris 2, kolom kriteria"


def test_headers_in_other_spellings_and_unknown_columns(folder: Path, session: HttpSession) -> None:
    (folder / "a.csv").write_text(
        "Warna;Kriteria;Pernyataan;Penandatangan;Tanggal;Berkas;SHA-256\n"
        f"biru;I13.3;TERPENUHI;Pejabat Contoh;5 Januari 2026;bukti/risalah.pdf;{DIGEST.upper()}\n"
    )
    parsed = parse(fetched(folder, session))
    assert (len(parsed.records), parsed.notes) == (1, ("a.csv: kolom tidak dikenal, tidak dibaca: warna",))


def test_attestations_come_from_a_folder_only(tmp_path: Path, session: HttpSession) -> None:
    with pytest.raises(FetchError, match="give `path`"):
        list(attestations.fetch(source(url="https://kota-contoh.example/a.csv"), session))
    with pytest.raises(FetchError, match=r"no \*\.csv or \*\.xlsx in"):
        fetched(tmp_path, session)
    with pytest.raises(ParseError, match="no register was captured"):
        parse([])


def test_a_register_may_say_what_the_file_is_and_from_when_the_statement_counts(
    folder: Path, session: HttpSession
) -> None:
    header = HEADER.replace("catatan", "catatan,jenis_dokumen,berlaku_sejak")
    whole = row().rstrip("\n")
    (folder / "a.csv").write_text(f"{header}{whole},Surat Edaran,2026-02-01\n{whole},foto,kapan-kapan\n")
    parsed = parse(fetched(folder, session))
    assert [(r.document_kind, r.effective_on) for r in parsed.records] == [  # type: ignore[union-attr]
        ("surat_edaran", date(2026, 2, 1))
    ]
    assert parsed.rejects[0].where == "a.csv, baris 3, kolom berlakusejak, jenisdokumen"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("Draf SK tim.pdf", EVIDENCE, "draf"),
        ("rancangan-perwal.pdf", EVIDENCE, "draf"),
        ("reviu-rancangan.pdf", EVIDENCE, None),
        ("draftsman.pdf", EVIDENCE, None),
        ("SURAT_EDARAN_7.pdf", EVIDENCE, "surat_edaran"),
        ("layanan.html", b"<html><title>Login</title><input type='password'></html>", "halaman_login"),
        ("layanan.pdf", b"<!doctype html><HTML><title>Masuk</title><input type=password>", "halaman_login"),
        ("layanan.html", b"<html><title>Layanan</title><input type='password'></html>", None),
        ("kebijakan.pdf", pdf(("WALI KOTA", "SURAT EDARAN", "NOMOR 5 TAHUN 2026")), "surat_edaran"),
        ("kebijakan", pdf(("RANCANGAN", "PERATURAN WALI KOTA"), packed=True), "draf"),
        ("kebijakan.pdf", pdf(("PERATURAN WALI KOTA", "NOMOR 5"), (Set("DRAFT", 90, 45), "Pasal 1")), "draf"),
        ("draf.pdf", pdf(("SURAT EDARAN", "NOMOR 5")), "draf"),
        ("kebijakan.pdf", pdf(("PERATURAN WALI KOTA", "TENTANG PENCABUTAN", "SURAT EDARAN NOMOR 5")), None),
        ("kebijakan.pdf", pdf(("RANCANGAN ARSITEKTUR SPBE",)), None),
    ],
)
def test_what_a_file_is_shows_in_its_name_or_page(
    folder: Path, session: HttpSession, name: str, content: bytes, kind: str | None
) -> None:
    (folder / name).write_bytes(content)
    (folder / "a.csv").write_text(HEADER + row(name, hashlib.sha256(content).hexdigest()))
    (record,) = parse(fetched(folder, session)).records
    assert isinstance(record, AttestationRecord)
    assert record.document_kind == kind


def test_what_cannot_be_read_of_a_pdf_is_said_and_refuses_nothing(folder: Path, session: HttpSession) -> None:
    contents = {"pindaian.pdf": pdf(()), "rusak.pdf": b"%PDF-1.7 rusak", "biasa.pdf": pdf(("LAPORAN",))}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    rows = "".join(row(name, hashlib.sha256(content).hexdigest()) for name, content in contents.items())
    (folder / "a.csv").write_text(HEADER + rows)
    parsed = parse(fetched(folder, session))
    assert (len(parsed.records), parsed.rejects) == (3, ())
    assert parsed.notes == (
        "pindaian.pdf: isi PDF tidak terbaca (pindaian tanpa teks), jenisnya tidak diperiksa",
        "rusak.pdf: isi PDF tidak terbaca (rusak), jenisnya tidak diperiksa",
    )


def test_a_workbook_that_is_no_register_is_left_alone(folder: Path, session: HttpSession) -> None:
    book = Workbook()
    book.save(folder / "aset.xlsx")
    (folder / "a.csv").write_text(HEADER + row())
    parsed = parse(fetched(folder, session))
    assert (len(parsed.records), parsed.notes) == (
        1,
        ("aset.xlsx: bukan buku kerja pernyataan, tidak dibaca",),
    )
    (folder / "aset.xlsx").write_bytes(b"PK\x03\x04 rusak")
    with pytest.raises(ParseError, match=r"^aset\.xlsx: is a damaged zip"):
        parse(fetched(folder, session))
