"""Signed statements of the city's officials, and the evidence files they cite, for the drop folder.

Signers are roles, not persons. Three rows are wrong or negative on purpose: one has no signer, one cites a
file whose digest differs, one says that a criterion is not met.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from demo.city import NAME, is_collaboration_withdrawn
from demo.faults import FaultKind, damaged, kept_rows

CSV_NAME = "pernyataan.csv"
HEADER = (
    "instrumen",
    "kriteria",
    "pernyataan",
    "penandatangan",
    "jabatan",
    "tanggal",
    "cakupan",
    "berkas",
    "sha256",
    "kedaluwarsa",
    "catatan",
)
INSTRUMENT = "spbe-2020"
PEMDI = "pemdi-2026"
WITHDRAWN = "I20.4"
WITHOUT_SIGNER = "I32.3"
WRONG_DIGEST = "I33.3"
NEGATIVE = "I30.4"

_TITLES: Mapping[str, str] = {
    "tata-kelola": "Kepala Bidang Tata Kelola SPBE",
    "aplikasi": "Kepala Bidang Aplikasi Informatika",
    "infrastruktur": "Kepala Bidang Infrastruktur TIK",
    "data": "Kepala Bidang Statistik dan Data",
    "persandian": "Kepala Bidang Persandian",
    "hukum": "Kepala Bagian Hukum",
    "audit": "Inspektur Pembantu TIK",
    "layanan": "Koordinator Layanan Perangkat Daerah",
}


@dataclass(frozen=True)
class _Topic:
    """Statements on one indicator, all resting on one evidence file."""

    indicator: int
    levels: tuple[int, ...]
    signer: str
    file_stem: str
    about: str


_TOPICS = (
    _Topic(1, (3,), "hukum", "telaah-kebijakan-arsitektur", "Telaah muatan kebijakan arsitektur"),
    _Topic(2, (3,), "hukum", "telaah-kebijakan-peta-rencana", "Telaah muatan kebijakan peta rencana"),
    _Topic(3, (3, 4), "hukum", "telaah-kebijakan-data", "Telaah muatan kebijakan manajemen data"),
    _Topic(4, (3,), "hukum", "telaah-kebijakan-aplikasi", "Telaah muatan kebijakan pembangunan aplikasi"),
    _Topic(5, (3,), "hukum", "telaah-kebijakan-pusat-data", "Telaah muatan kebijakan pusat data"),
    _Topic(6, (3,), "hukum", "telaah-kebijakan-jaringan", "Telaah muatan kebijakan jaringan intra"),
    _Topic(7, (3,), "hukum", "telaah-kebijakan-penghubung", "Telaah muatan kebijakan sistem penghubung"),
    _Topic(8, (3, 4), "hukum", "telaah-kebijakan-keamanan", "Telaah muatan dan reviu kebijakan keamanan"),
    _Topic(9, (3,), "hukum", "telaah-kebijakan-audit", "Telaah muatan kebijakan audit TIK"),
    _Topic(10, (3, 4), "hukum", "telaah-tim-koordinasi", "Telaah tugas tim koordinasi"),
    _Topic(11, (2, 3, 4), "tata-kelola", "arsitektur-spbe", "Dokumen arsitektur dan reviunya"),
    _Topic(12, (2, 3), "tata-kelola", "peta-rencana-spbe", "Dokumen peta rencana"),
    _Topic(13, (2, 3, 4), "tata-kelola", "keterpaduan-anggaran", "Konsultasi rencana dan anggaran"),
    _Topic(14, (2, 3), "tata-kelola", "proses-bisnis", "Peta proses bisnis dan perbaikannya"),
    _Topic(15, (2, 3, 4), "aplikasi", "pembangunan-aplikasi", "Catatan siklus pembangunan aplikasi"),
    _Topic(16, (2, 3), "infrastruktur", "pusat-data", "Prosedur dan pemakaian pusat data"),
    _Topic(17, (2, 3, 4), "infrastruktur", "jaringan-intra", "Cakupan jaringan intra"),
    _Topic(18, (2, 3), "aplikasi", "sistem-penghubung", "Cakupan sistem penghubung layanan"),
    _Topic(19, (2, 3, 4), "tata-kelola", "kerja-tim-koordinasi", "Program kerja tim koordinasi"),
    _Topic(20, (2, 3, 4), "tata-kelola", "kolaborasi", "Kesepakatan dan laporan kolaborasi"),
    _Topic(21, (2, 3), "tata-kelola", "manajemen-risiko", "Daftar risiko dan penanganannya"),
    _Topic(22, (2, 3), "persandian", "pengendalian-keamanan", "Pengendalian keamanan dan reviunya"),
    _Topic(23, (2, 3, 4), "data", "manajemen-data", "Proses manajemen data"),
    _Topic(24, (2, 3), "infrastruktur", "aset-tik", "Daftar aset TIK"),
    _Topic(25, (2, 3), "tata-kelola", "kompetensi-sdm", "Rencana dan hasil pelatihan"),
    _Topic(26, (2,), "tata-kelola", "manajemen-pengetahuan", "Rencana manajemen pengetahuan"),
    _Topic(27, (2,), "tata-kelola", "manajemen-perubahan", "Rencana manajemen perubahan"),
    _Topic(28, (2, 3), "aplikasi", "manajemen-layanan", "Laporan meja bantu"),
    _Topic(29, (2,), "audit", "audit-infrastruktur", "Laporan audit infrastruktur"),
    _Topic(30, (2, 4), "audit", "audit-aplikasi", "Laporan audit aplikasi"),
    _Topic(31, (2, 3), "audit", "audit-keamanan", "Laporan audit keamanan"),
    _Topic(32, (3,), "layanan", "layanan-perencanaan", "Fungsi transaksi layanan perencanaan"),
    _Topic(33, (3,), "layanan", "layanan-penganggaran", "Fungsi transaksi layanan penganggaran"),
    _Topic(36, (2, 3), "layanan", "layanan-kepegawaian", "Fungsi layanan kepegawaian"),
    _Topic(37, (2, 3), "layanan", "layanan-kearsipan", "Fungsi layanan kearsipan dinamis"),
    _Topic(38, (2, 3), "layanan", "layanan-barang-daerah", "Fungsi layanan barang milik daerah"),
    _Topic(39, (2, 3), "layanan", "layanan-pengawasan", "Fungsi layanan pengawasan internal"),
    _Topic(41, (2, 3), "layanan", "layanan-kinerja-pegawai", "Fungsi layanan kinerja pegawai"),
    _Topic(43, (3,), "layanan", "layanan-data-terbuka", "Fungsi transaksi layanan data terbuka"),
    _Topic(44, (3,), "layanan", "layanan-jdih", "Fungsi transaksi JDIH"),
)

_PEMDI: Mapping[str, int] = {
    "I01.1": 12,
    "I01.2.a": 12,
    "I02.1": 28,
    "I02.2": 28,
    "I02.3": 28,
    "I03.1": 25,
    "I03.2": 25,
    "I04.1": 20,
    "I09.1": 29,
    "I09.2": 30,
    "I09.3.a": 30,
    "I13.1": 15,
    "I13.2": 15,
    "I14.1": 16,
    "I14.2": 17,
    "I14.3": 17,
    "I15.1": 14,
    "I15.2": 14,
    "I16.1": 18,
    "I19.1.a": 28,
    "I19.1.b": 28,
}
"""What is stated under Pemdi, and the indicator of SPBE whose evidence file it rests on: files carry over."""

_SOON: Mapping[str, int] = {"I23.4": 9, "I19.3": 14, "I41.3": 21}
"""Days until these statements expire, counted from the city's first day."""


@dataclass(frozen=True)
class Statement:
    """One row of the register, under `HEADER`."""

    instrument: str
    criterion: str
    statement: str
    signer: str
    signer_role: str
    signed_on: date
    scope: str
    file_name: str
    sha256: str
    expires_on: date
    note: str

    def row(self) -> tuple[str, ...]:
        """The row's cells, dates as YYYY-MM-DD."""
        return (
            self.instrument,
            self.criterion,
            self.statement,
            self.signer,
            self.signer_role,
            self.signed_on.isoformat(),
            self.scope,
            self.file_name,
            self.sha256,
            self.expires_on.isoformat(),
            self.note,
        )


def evidence_files() -> dict[str, bytes]:
    """The evidence files by their name in the drop folder: one-page PDFs, the same on every day."""
    return {_file_name(topic): _pdf(topic) for topic in _TOPICS}


def statements(day: int, today: date) -> tuple[Statement, ...]:
    """The register's rows on a day; `today` is the city's first day, from which all dates count."""
    rows = []
    for row in _all(today):
        if row.criterion == WITHOUT_SIGNER:
            rows.append(replace(row, signer=""))
        elif row.criterion == WRONG_DIGEST:
            rows.append(replace(row, sha256=hashlib.sha256(b"naskah lain").hexdigest()))
        elif row.criterion == NEGATIVE:
            rows.append(replace(row, statement="tidak_terpenuhi", note="auditor eksternal belum ditunjuk"))
        elif row.criterion == WITHDRAWN and is_collaboration_withdrawn(day):
            rows.append(
                replace(
                    row,
                    statement="dicabut",
                    signed_on=today,
                    note="dicabut: kerja sama berakhir dan belum diperpanjang",
                )
            )
        else:
            rows.append(row)
    return (*rows, *_of_pemdi(today))


def _all(today: date) -> Iterator[Statement]:
    for topic in _TOPICS:
        for level in topic.levels:
            yield _statement(INSTRUMENT, f"I{topic.indicator:02d}.{level}", topic, today)


def _of_pemdi(today: date) -> Iterator[Statement]:
    by_indicator = {topic.indicator: topic for topic in _TOPICS}
    for criterion, indicator in _PEMDI.items():
        yield _statement(PEMDI, criterion, by_indicator[indicator], today)


def _statement(instrument: str, criterion: str, topic: _Topic, today: date) -> Statement:
    # Signed some weeks ago, for about a year.
    signed = today - timedelta(days=30 + topic.indicator * 3)
    until = _SOON.get(criterion) if instrument == INSTRUMENT else None
    return Statement(
        instrument,
        criterion,
        "terpenuhi",
        f"Penanda Tangan Contoh {topic.signer.replace('-', ' ').title()}",
        _TITLES[topic.signer],
        signed,
        "seluruh perangkat daerah · kecamatan",
        _file_name(topic),
        hashlib.sha256(_pdf(topic)).hexdigest(),
        signed + timedelta(days=400) if until is None else today + timedelta(days=until),
        topic.about,
    )


def _file_name(topic: _Topic) -> str:
    return f"bukti/I{topic.indicator:02d}-{topic.file_stem}.pdf"


def csv_body(day: int, today: date, fault: FaultKind | None) -> bytes:
    """The register as CSV (comma, UTF-8)."""
    rows = [statement.row() for statement in statements(day, today)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows[: kept_rows(len(rows), fault)])
    return damaged(out.getvalue().encode(), fault)


def write_folder(folder: Path, day: int, today: date, fault: FaultKind | None) -> None:
    """Put the register and its evidence files into the drop folder; unchanged files are not touched."""
    for name, content in evidence_files().items():
        _write(folder / name, content)
    if fault == "not_found":
        (folder / CSV_NAME).unlink(missing_ok=True)
    else:
        _write(folder / CSV_NAME, csv_body(day, today, fault))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() == content:
        return
    # Swapped in whole, so that a collector at work never reads half a file.
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _pdf(topic: _Topic) -> bytes:
    """A one-page PDF 1.4 of plain lines."""
    lines = (
        f"{NAME} (karangan, untuk peragaan)",
        f"Bukti dukung indikator {topic.indicator}",
        topic.about,
        f"Penanggung jawab: {_TITLES[topic.signer]}",
    )
    text = "BT /F1 12 Tf 72 760 Td 18 TL " + " ".join(f"({_escaped(line)}) Tj T*" for line in lines) + " ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = "%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{out.index('xref')}\n%%EOF\n"
    return out.encode("ascii")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
