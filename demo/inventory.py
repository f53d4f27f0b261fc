"""The city's two application registries: a CSV kept by hand, and a workbook of the districts.

Their mess is that of real ones: a row that says there is nothing, a row shifted by an unquoted separator,
an address without scheme, national applications listed by every office, contact columns.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from html import escape

from demo.city import AGENCIES, NAME, SITE
from demo.faults import FaultKind, kept_rows

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The media type of `xlsx_body`."""

CSV_HEADER = (
    "Nama Perangkat Daerah",
    "Nama Aplikasi",
    "Deskripsi Singkat Aplikasi",
    "Alamat Domain / Link Aplikasi",
    "Jenis Aplikasi",
    "Status Aplikasi",
    "Penyebab Aplikasi Tidak Aktif",
    "Nama Pengelola",
    "Nomor WA Pengelola",
)

_LOCAL: tuple[tuple[str, str, str], ...] = (
    ("diskominfo", "Portal Layanan", "Satu pintu layanan warga"),
    ("diskominfo", "Data Terbuka", "Katalog himpunan data"),
    ("diskominfo", "Aduan Warga", "Aduan dan pelacakan statusnya"),
    ("diskominfo", "Meja Bantu TIK", "Tiket gangguan layanan TIK"),
    ("diskominfo", "Sistem Penghubung Layanan", "Pertukaran data antaraplikasi"),
    ("bagian-hukum", "JDIH", "Dokumentasi produk hukum"),
    ("bagian-hukum", "Rancang Hukum", "Penyusunan rancangan produk hukum"),
    ("bagian-pengadaan", "Tender Terbuka", "Pengumuman dan tahapan tender"),
    ("bagian-pengadaan", "Katalog Lokal", "Katalog pemasok daerah"),
    ("bagian-organisasi", "Kinerja Organisasi", "Perjanjian dan laporan kinerja"),
    ("bagian-organisasi", "Peta Proses Bisnis", "Peta proses bisnis perangkat daerah"),
    ("setwan", "Agenda Dewan", "Jadwal rapat dan risalah"),
    ("setwan", "JDIH DPRD", "Produk hukum dewan"),
    ("inspektorat", "Tindak Lanjut Temuan", "Pemantauan tindak lanjut pemeriksaan"),
    ("inspektorat", "Saluran Pelanggaran", "Laporan pelanggaran pegawai"),
    ("bappeda", "Rencana Daerah", "Penyusunan rencana kerja"),
    ("bappeda", "Musrenbang Daring", "Usulan musyawarah rencana pembangunan"),
    ("bkad", "Barang Milik Daerah", "Penatausahaan barang"),
    ("bkad", "Pajak Daring", "Tagihan dan pembayaran pajak daerah"),
    ("bkad", "Laporan Keuangan", "Penyusunan laporan keuangan"),
    ("bkpsdm", "Presensi Pegawai", "Kehadiran pegawai"),
    ("bkpsdm", "Data Pegawai", "Riwayat kepegawaian"),
    ("bkpsdm", "Belajar Mandiri", "Pelatihan daring pegawai"),
    ("disdukcapil", "Kependudukan Daring", "Permohonan dokumen kependudukan"),
    ("disdukcapil", "Antrean Loket", "Nomor antrean pelayanan"),
    ("dpmptsp", "Izin Daring", "Permohonan izin"),
    ("dpmptsp", "Peta Investasi", "Peluang penanaman modal"),
    ("dpmptsp", "Peta Reklame", "Titik reklame berizin"),
    ("dinkes", "Puskesmas Daring", "Pendaftaran puskesmas"),
    ("dinkes", "Stok Obat", "Persediaan obat puskesmas"),
    ("dinkes", "Pantau Gizi", "Pencatatan gizi balita"),
    ("disdik", "Penerimaan Murid", "Pendaftaran murid baru"),
    ("disdik", "Rapor Daring", "Rapor sekolah dasar"),
    ("disdik", "Pojok Kafé Baca", "Peminjaman buku di ruang publik"),
    ("dispusip", "Katalog Buku", "Pencarian koleksi perpustakaan"),
    ("dispusip", "Jejak Arsip", "Penelusuran arsip statis"),
)
_NATIONAL: tuple[tuple[str, str, str], ...] = (
    ("SRIKANDI", "Kearsipan dinamis terintegrasi", "https://srikandi.nasional.example"),
    ("SIPD-RI", "Perencanaan dan keuangan daerah", "https://sipd.nasional.example"),
    ("SP4N-LAPOR!", "Pengaduan pelayanan publik nasional", "https://lapor.nasional.example"),
    ("e-Kinerja", "Kinerja pegawai", "https://kinerja.nasional.example"),
)


def _csv_rows() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for at, (agency, name, about) in enumerate(_LOCAL, start=1):
        host = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
        active = at % 11 != 0
        rows.append(
            (
                AGENCIES[agency],
                name,
                about,
                f"https://{host}.{SITE}",
                "Aplikasi Khusus/Daerah",
                "Aktif" if active else "Tidak Aktif",
                "" if active else "digantikan aplikasi lain",
                f"Pengelola Contoh {at:02d}",
                f"0800-000-{at:04d}",
            )
        )
    # An address without scheme, as people type them.
    rows[2] = (*rows[2][:3], f"aduanwarga.{SITE}/masuk", *rows[2][4:])
    for at, agency in enumerate(AGENCIES.values()):
        # Every office lists the national applications it uses; not all list all of them.
        for name, about, url in _NATIONAL[: 4 if at % 3 else 3]:
            rows.append((agency, name, about, url, "Aplikasi Pusat/Umum", "Aktif", "", "", ""))
    rows.insert(
        12,
        (
            AGENCIES["inspektorat"],
            "tidak ada",
            "tidak ada",
            "tidak ada",
            "Aplikasi Khusus/Daerah",
            "Aktif",
            "",
            "",
            "",
        ),
    )
    # "Surat; disposisi" was typed without quotes: everything after it stands one column to the right.
    rows.insert(
        30,
        (
            AGENCIES["setwan"],
            "Surat Dewan",
            "Surat",
            " disposisi",
            f"https://suratdewan.{SITE}",
            "Aplikasi Khusus/Daerah",
            "Aktif",
            "",
            "Pengelola Contoh 90",
            "0800-000-0090",
        ),
    )
    return rows


def csv_body(fault: FaultKind | None) -> bytes:
    """The CSV registry, separated by ``;``, UTF-8."""
    rows = _csv_rows()
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(rows[: kept_rows(len(rows), fault)])
    return out.getvalue().encode()


# The workbook -----------------------------------------------------------------------------------------------

SHEET_HEADER = (
    "No", "Nama Aplikasi", "Fungsi", "Perangkat Daerah", "Alamat/Link", "Jenis", "Status", "Integrasi",
    "Tahun",
)  # fmt: skip
# Columns joined under one heading where the workbook has two heading rows (fault merged_headers).
_GROUPS = (("A", "A", "No"), ("B", "C", "Aplikasi"), ("D", "E", "Pemilik"), ("F", "I", "Keterangan"))
_DISTRICTS = (
    "Contoh Utara", "Contoh Selatan", "Contoh Timur", "Contoh Barat",
    "Contoh Tengah", "Melati", "Kenanga", "Anggrek",
)  # fmt: skip
_DISTRICT_APPLICATIONS = (
    ("Surat Kecamatan", "Surat keterangan warga"),
    ("Antrean Kecamatan", "Antrean loket"),
    ("Profil Kelurahan", "Data profil kelurahan"),
    ("Posyandu", "Pencatatan posyandu"),
    ("Bank Sampah", "Tabungan sampah warga"),
)

Cell = str | int


def sheet_rows() -> list[tuple[Cell, ...]]:
    """The 40 rows of the workbook, under `SHEET_HEADER`."""
    rows: list[tuple[Cell, ...]] = []
    for district in _DISTRICTS:
        for at, (name, about) in enumerate(_DISTRICT_APPLICATIONS):
            host = f"{name}-{district}".lower().replace(" ", "-")
            rows.append(
                (
                    len(rows) + 1,
                    f"{name} {district}",
                    about,
                    f"Kecamatan {district}",
                    f"https://{host}.{SITE}" if at != 4 else "-",
                    "Khusus",
                    "Aktif" if at != 3 else "Tidak Aktif",
                    "Sudah" if at < 2 else "Belum",
                    2018 + (len(rows) % 7),
                )
            )
    return rows


def xlsx_body(fault: FaultKind | None) -> bytes:
    """The workbook: a title merged over all columns, an empty row, headings, rows."""
    rows = sheet_rows()
    last = chr(ord("A") + len(SHEET_HEADER) - 1)
    merged = [f"A1:{last}1"]
    table: list[Sequence[Cell]] = [(f"DAFTAR APLIKASI KECAMATAN {NAME.upper()} (KARANGAN)",), ()]
    if fault == "merged_headers":
        upper: list[Cell] = [""] * len(SHEET_HEADER)
        lower: list[Cell] = list(SHEET_HEADER)
        for first, end, label in _GROUPS:
            upper[ord(first) - ord("A")] = label
            # A heading of one column is merged downwards, one over several columns sideways.
            merged.append(f"{first}3:{end}4" if first == end else f"{first}3:{end}3")
        lower[0] = ""
        table += [upper, lower]
    else:
        table.append(SHEET_HEADER)
    table += rows[: kept_rows(len(rows), fault)]
    return write_xlsx("Aplikasi", table, merged)


def write_xlsx(sheet: str, rows: Sequence[Sequence[Cell]], merged: Sequence[str] = ()) -> bytes:
    """A workbook of one sheet (ECMA-376), the same bytes for the same rows.

    Texts are written in their cells, numbers as numbers, empty texts as no cell. `merged` are ranges such as
    "A1:I1".
    """
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            _cell(f"{chr(ord('A') + at)}{number}", value) for at, value in enumerate(row) if value != ""
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    merges = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    if merges:
        merges = f'<mergeCells count="{len(merged)}">{merges}</mergeCells>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_MEDIA}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_MEDIA}.worksheet+xml"/></Types>',
        "_rels/.rels": _relationship("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": _relationship("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships">'
        f'<sheets><sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>'
        f"{merges}</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            # A fixed date: a zip entry would else carry the time of writing.
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            package.writestr(entry, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return out.getvalue()


_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MEDIA = MEDIA_TYPE.removesuffix(".sheet")


def _relationship(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/{kind}" Target="{target}"/></Relationships>'
    )


def _cell(reference: str, value: Cell) -> str:
    if isinstance(value, int):
        return f'<c r="{reference}"><v>{value}</v></c>'
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
