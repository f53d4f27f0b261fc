"""The city's legal products: made-up regulations, as a JDIHN feed and as a listing that ILDIS sites show.

The feed has the mess of real ones (`null` elements, a document twice, dates in two notations, HTML in
a title, decree numbers, books among regulations). All dates lie in the past and stay where they are, except
those of the regulation enacted on day 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import escape
from typing import Literal

from demo.city import NAME, SITE, is_policy_replaced, is_policy_revoked
from demo.faults import FaultKind, kept_rows

PAGE_SIZE = 20
LISTED = 60
"""Documents in the council's HTML listing, on three pages."""

Style = Literal["title", "capitals", "short", "html"]


@dataclass(frozen=True)
class Document:
    """One legal product. `identity` is its row id in the city's database."""

    identity: int
    type_name: str
    number: str
    year: int
    subject: str
    enacted_on: date
    promulgated_on: date | None
    status: str = "Berlaku"
    style: Style = "title"

    @property
    def title(self) -> str:
        """The title as the source writes it."""
        if self.style == "short":
            return self.subject
        # "Peraturan Wali Kota Contoh", not "Peraturan Wali Kota Kota Contoh".
        issuer = f"{self.type_name.title().removesuffix(' Kota')} {NAME}".replace("Dprd", "DPRD")
        if self.style == "capitals":
            return f"{issuer} NO {self.number} TAHUN {self.year} TENTANG {self.subject}".upper()
        title = f"{issuer} Nomor {self.number} Tahun {self.year} tentang {self.subject}"
        return f"<p>{title}&nbsp;</p>\r\n" if self.style == "html" else title


SECURITY_POLICY = "Sistem Manajemen Keamanan Informasi di Lingkungan Pemerintah Daerah"
"""The only policy on its topic until day 3; no other title may speak of security."""
NEW_SECURITY_POLICY = "Penyelenggaraan Manajemen Keamanan Informasi Sistem Pemerintahan Berbasis Elektronik"

_SPBE: tuple[tuple[str, str, int, str], ...] = (
    ("PERATURAN WALI KOTA", "12", 2021, "Penyelenggaraan Sistem Pemerintahan Berbasis Elektronik"),
    ("PERATURAN WALI KOTA", "18", 2021, "Arsitektur Sistem Pemerintahan Berbasis Elektronik"),
    ("PERATURAN WALI KOTA", "19", 2021, "Peta Rencana Sistem Pemerintahan Berbasis Elektronik"),
    ("PERATURAN WALI KOTA", "7", 2022, "Satu Data Daerah dan Manajemen Data"),
    ("PERATURAN WALI KOTA", "23", 2022, "Pembangunan dan Pengembangan Aplikasi"),
    ("PERATURAN WALI KOTA", "31", 2022, "Penyelenggaraan Layanan Pusat Data"),
    ("PERATURAN WALI KOTA", "32", 2022, "Penyelenggaraan Layanan Jaringan Intra Pemerintah Daerah"),
    ("PERATURAN WALI KOTA", "33", 2022, "Penggunaan Sistem Penghubung Layanan Pemerintah Daerah"),
    ("PERATURAN WALI KOTA", "37", 2022, SECURITY_POLICY),
    ("PERATURAN WALI KOTA", "9", 2023, "Pelaksanaan Audit Teknologi Informasi dan Komunikasi"),
    ("PERATURAN WALI KOTA", "10", 2023, "Manajemen Risiko Sistem Pemerintahan Berbasis Elektronik"),
    (
        "KEPUTUSAN WALI KOTA",
        "555/KEP.118-DISKOMINFO/2023",
        2023,
        "Tim Koordinasi Sistem Pemerintahan Berbasis Elektronik",
    ),
    ("KEPUTUSAN WALI KOTA", "188.45/96/KPTS/2023", 2023, "Forum Satu Data Tingkat Daerah dan Walidata"),
    ("SURAT EDARAN", "555/21/SE/2024", 2024, "Penggunaan Tanda Tangan Elektronik pada Naskah Dinas"),
)

_PERDA = (
    "Pajak Daerah dan Retribusi Daerah", "Penyelenggaraan Perparkiran", "Pengelolaan Sampah",
    "Rencana Tata Ruang Wilayah", "Bangunan Gedung", "Penyelenggaraan Pendidikan",
    "Ketertiban Umum dan Ketenteraman Masyarakat", "Kawasan Tanpa Rokok", "Perlindungan Anak",
    "Pengelolaan Barang Milik Daerah", "Penyelenggaraan Kepariwisataan", "Penataan Pedagang Kaki Lima",
    "Perusahaan Umum Daerah Air Minum", "Penyelenggaraan Kearsipan", "Penyelenggaraan Perpustakaan",
    "Izin Mendirikan Bangunan", "Pengendalian Pencemaran Air", "Penanggulangan Bencana Daerah",
    "Penyelenggaraan Reklame", "Pembentukan dan Susunan Perangkat Daerah", "Pengarusutamaan Gender",
    "Cagar Budaya", "Pembinaan Jasa Konstruksi", "Ruang Terbuka Hijau",
    "Anggaran Pendapatan dan Belanja Daerah Tahun Anggaran 2023",
    "Rencana Pembangunan Jangka Menengah Daerah",
    "Penyelenggaraan Administrasi Kependudukan", "Pengelolaan Air Limbah Domestik", "Pasar Rakyat",
    "Pemberdayaan Usaha Mikro", "Ketahanan Keluarga", "Pengelolaan Pemakaman", "Penyelenggaraan Perhubungan",
    "Pelayanan Publik", "Penanaman Modal", "Pembinaan Kafé dan Rumah Makan",
)  # fmt: skip
_PERWAL = (
    "Tata Cara Pemungutan Pajak Hotel", "Tata Cara Pemungutan Pajak Restoran", "Tambahan Penghasilan Pegawai",
    "Kedudukan, Susunan Organisasi, Tugas dan Fungsi Dinas Kesehatan", "Standar Pelayanan Puskesmas",
    "Tata Naskah Dinas", "Pedoman Penyusunan Produk Hukum Daerah", "Rencana Kerja Pemerintah Daerah",
    "Standar Satuan Harga", "Penjabaran Anggaran Pendapatan dan Belanja Daerah",
    "Penerimaan Peserta Didik Baru",
    "Tarif Layanan Rumah Sakit Umum Daerah", "Pedoman Rukun Tetangga dan Rukun Warga", "Hari Bebas Kendaraan",
    "Pengelolaan Pengaduan Pelayanan Publik", "Pelimpahan Wewenang Perizinan kepada Dinas",
    "Sistem Akuntabilitas Kinerja Instansi", "Jadwal Retensi Arsip", "Penilaian Kinerja Pegawai",
    "Pengelolaan Dana Kelurahan", "Zonasi Pedagang Kaki Lima", "Pakaian Dinas", "Disiplin Pegawai",
    "Pembagian Air Bersih", "Bantuan Sosial yang Tidak Direncanakan", "Pedoman Kerja Sama Daerah",
    "Kebijakan Akuntansi", "Penghapusan Barang Milik Daerah", "Tata Cara Penyertaan Modal",
    "Jam Operasional Angkutan Barang", "Layanan Darurat 112", "Budaya Kerja Aparatur", "Benturan Kepentingan",
    "Unit Pelayanan Terpadu", "Pengendalian Gratifikasi", "Pengelolaan Taman", "Uji Kendaraan Bermotor",
)  # fmt: skip
_KEPWAL = (
    "Pembentukan Panitia Hari Jadi", "Penetapan Juara Lomba Kelurahan", "Kelompok Kerja Penurunan Stunting",
    "Penetapan Rute Angkutan Kota", "Tim Pengendalian Inflasi", "Penunjukan Bendahara",
    "Indikator Kinerja Utama",
    "Penetapan Lokasi Prioritas Kawasan Kumuh", "Tim Pembina Usaha Kesehatan Sekolah", "Siaga Darurat Banjir",
    "Gugus Tugas Kota Layak Anak", "Penetapan Sekolah Percontohan",
)  # fmt: skip
_DPRD = (
    "Persetujuan atas Rancangan Peraturan Daerah", "Pembentukan Panitia Khusus", "Rencana Kerja DPRD",
    "Rekomendasi atas Laporan Keterangan Pertanggungjawaban", "Perubahan Susunan Badan Anggaran",
    "Program Pembentukan Peraturan Daerah",
)  # fmt: skip


def feed_documents(day: int, today: date) -> tuple[Document, ...]:
    """Every document of the city's legal feed on a day, newest first."""
    documents = list(_all())
    if is_policy_revoked(day):
        documents = [replace(d, status="Dicabut") if d.subject == SECURITY_POLICY else d for d in documents]
    if is_policy_replaced(day):
        enacted = today - timedelta(days=1)
        documents.append(
            Document(999, "PERATURAN WALI KOTA", "41", enacted.year, NEW_SECURITY_POLICY, enacted, enacted)
        )
    return tuple(sorted(documents, key=lambda d: (-d.year, -d.identity)))


def _all() -> Iterator[Document]:
    identity = 100
    for kind, number, year, subject in _SPBE:
        identity += 1
        enacted = date(year, 1 + identity % 12, 1 + identity * 7 % 28)
        yield Document(identity, kind, number, year, subject, enacted, enacted)
    groups = (
        ("PERATURAN DAERAH", _PERDA, 2009),
        ("PERATURAN WALI KOTA", (*_PERWAL, *(f"Perubahan atas {s}" for s in _PERWAL[:20])), 2011),
        ("KEPUTUSAN WALI KOTA", (*_KEPWAL, *(f"{s} Tahun Kedua" for s in _KEPWAL)), 2014),
        ("INSTRUKSI WALI KOTA", ("Penghematan Energi", "Gerakan Jumat Bersih", "Siaga Cuaca Buruk"), 2019),
        (
            "KEPUTUSAN DPRD",
            tuple(f"{s} Masa Sidang {n}" for n in ("I", "II", "III", "IV") for s in _DPRD),
            2018,
        ),
    )
    for kind, subjects, first_year in groups:
        for at, subject in enumerate(subjects):
            identity += 1
            yield _generated(identity, kind, at, subject, first_year)
    yield Document(
        901, "MONOGRAFI HUKUM", "", 2018, "Hukum Pemerintahan Daerah", date(2018, 3, 1), None, style="short"
    )
    yield Document(
        902, "PUTUSAN", "14/G/2019", 2019, "Sengketa Tanah Pasar", date(2019, 8, 6), None, style="short"
    )


def _generated(identity: int, kind: str, at: int, subject: str, first_year: int) -> Document:
    years = 2026 - first_year
    year = first_year + at % years
    number = str(1 + at // years)
    if kind == "PERATURAN WALI KOTA":
        number = str(60 + at)  # above those of the SPBE regulations, which are written out
    elif kind == "KEPUTUSAN WALI KOTA":
        number = f"188.45/{60 + at}/KPTS/{year}"
    enacted = date(year, 1 + identity % 12, 1 + identity * 7 % 28)
    style: Style = "capitals" if identity % 4 == 0 else "title"
    if identity == 180:
        style = "html"
    promulgated = None if identity % 23 == 0 else enacted + timedelta(days=identity % 2)
    status = "Dicabut" if kind != "KEPUTUSAN DPRD" and identity % 29 == 0 else "Berlaku"
    return Document(identity, kind, number, year, subject, enacted, promulgated, status, style)


# The feed -------------------------------------------------------------------------------------------------


def feed_body(day: int, today: date, fault: FaultKind | None) -> bytes:
    """The JDIHN feed: one JSON array with escaped slashes, as PHP writes it."""
    elements: list[dict[str, str | None] | None] = [_element(d) for d in feed_documents(day, today)]
    # A join in the CMS repeats a document; a row that is not UTF-8 becomes null.
    elements.insert(40, elements[39])
    elements.insert(90, None)
    shown = elements[: kept_rows(len(elements), fault)]
    # PHP escapes everything beyond ASCII, unless told not to; only then can the encoding go wrong.
    return json.dumps(shown, ensure_ascii=fault != "wrong_encoding").replace("/", "\\/").encode()


def _element(document: Document) -> dict[str, str | None]:
    # Every ninth document was entered through a form that stores d-m-Y.
    pattern = "%d-%m-%Y" if document.identity % 9 == 0 else "%Y-%m-%d"
    promulgated = document.promulgated_on.strftime(pattern) if document.promulgated_on else None
    file_name = f"{document.year}{document.type_name[:2].lower()}{document.identity}.pdf"
    return {
        "idData": str(document.identity),
        "tahun_pengundangan": str(document.year),
        "tanggal_penetapan": document.enacted_on.strftime(pattern),
        "tanggal_pengundangan": promulgated,
        "jenis": document.type_name,
        "noPeraturan": document.number or None,
        "judul": document.title,
        "noPanggil": None,
        "singkatanJenis": document.type_name,
        "tempatTerbit": NAME.upper(),
        "penerbit": None,
        "deskripsiFisik": None,
        "sumber": f"LD {NAME.upper()} {document.year} ({document.number})" if document.number else None,
        "subjek": document.subject.upper(),
        "isbn": None,
        "status": document.status,
        "bahasa": "Indonesia",
        "bidangHukum": "Hukum Administrasi Negara",
        "teuBadan": NAME if document.identity % 7 else None,
        "nomorIndukBuku": None,
        "fileDownload": file_name,
        "urlDownload": f"https://jdih.{SITE}/common/dokumen/{file_name}",
        "urlDetailPeraturan": f"https://jdih.{SITE}/dokumen/view?id={document.identity}",
        "operasi": "4",
        "display": "1",
    }


# The council's listing --------------------------------------------------------------------------------------


def listed_documents() -> tuple[Document, ...]:
    """What the council's own site lists: perda and its own decrees, newest first; the same on every day."""
    own = [d for d in _all() if d.type_name in ("PERATURAN DAERAH", "KEPUTUSAN DPRD")]
    return tuple(sorted(own, key=lambda d: (-d.year, -d.identity)))[:LISTED]


def listing_body(page: int, token: str, fault: FaultKind | None) -> bytes:
    """One page of the listing. A page past the end shows the last page again, as ILDIS does.

    `token` is the CSRF token that makes every answer's bytes new although its rows are the same.
    """
    everything = listed_documents()
    documents = everything[: kept_rows(len(everything), fault)]
    pages = max(1, -(-len(documents) // PAGE_SIZE))
    at = min(max(page, 1), pages)
    shown = documents[(at - 1) * PAGE_SIZE : at * PAGE_SIZE]
    if not shown:
        inside = '<div class="empty">No results found.</div>'
    else:
        first = (at - 1) * PAGE_SIZE + 1
        count = f"Ditampilkan {first} - {first + len(shown) - 1} dari {len(documents)} Data<br>"
        inside = count + "".join(_item(d) for d in shown) + _pagination(at, pages)
    return _html("Peraturan", f'<div id="w0" class="list-view">{inside}</div>', token)


def _item(document: Document) -> str:
    kind = escape(document.type_name)
    return (
        f'<div data-key="{document.identity}"><div class="border-bottom">'
        '<div class="card card-list border-0">'
        '<div class="card-body no-padding-tb"><div class="d-flex justify-content-between">'
        f'<p>\n<a class="text-extra-dark-gray" href="/dokumen/index2?id={kind}">{kind}</a></p>'
        f'<ul><li><a href="#"><i></i>{document.year}</a></li></ul></div>\n'
        f'<p><a class="text-primary" href="/dokumen/view?id={document.identity}" title="lihat detail">'
        f"{escape(document.title)}</a></p>"
        '<div class="d-flex left-content-between"><a class="text-theme-color mr-3" target="_blank" '
        f'title="lihat file" href="/common/dokumen/{document.identity}.pdf">Dokumen</a></div>'
        "</div></div></div></div>\n"
    )


def _pagination(at: int, pages: int) -> str:
    if at >= pages:
        return '<ul class="pagination"><li class="next disabled"><span>&raquo;</span></li></ul>'
    target = f"/dokumen/peraturan?page={at + 1}&amp;per-page={PAGE_SIZE}"
    return (
        f'<ul class="pagination"><li class="next"><a href="{target}" data-page="{at}">&raquo;</a></li></ul>'
    )


def detail_body(identity: int, token: str) -> bytes | None:
    """The page of one listed document, or None where there is no such document."""
    document = next((d for d in listed_documents() if d.identity == identity), None)
    if document is None:
        return None
    rows = (
        ("Jenis", document.type_name),
        ("Nomor", document.number),
        ("Tahun", str(document.year)),
        ("Judul", document.subject),
        ("Tanggal Penetapan", document.enacted_on.strftime("%d-%m-%Y")),
        ("Status", document.status),
    )
    table = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows)
    return _html("Detail", f'<table class="table detail-view">{table}</table>', token)


def _html(title: str, body: str, token: str) -> bytes:
    return (
        '<!DOCTYPE html>\n<html lang="id"><head><meta charset="utf-8">'
        f'<meta name="csrf-token" content="{token}">'
        f'<title>{title}</title></head><body><header><nav><a href="/">Beranda</a> '
        f'<a href="/dokumen/peraturan">Peraturan</a></nav></header>\n{body}\n'
        f"<footer>© JDIH Sekretariat DPRD {NAME} (karangan)</footer></body></html>"
    ).encode()
