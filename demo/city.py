"""What the city offers and what happens in it, day by day: pure data, all of it made up.

An endpoint is one address that Pantau looks at: a public page, or a listing that a source reads. Days are
told apart by what the endpoints serve (`demo.legal`, `demo.statements`) and by what fails on that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from demo.faults import FaultKind

NAME = "Kota Contoh"
SITE = "kota-contoh.example"
"""Domain of addresses written inside documents; .example never resolves (RFC 2606)."""

AGENCIES: Mapping[str, str] = {
    "diskominfo": "Dinas Komunikasi dan Informatika",
    "bagian-hukum": "Bagian Hukum Sekretariat Daerah",
    "bagian-pengadaan": "Bagian Pengadaan Barang dan Jasa Sekretariat Daerah",
    "bagian-organisasi": "Bagian Organisasi Sekretariat Daerah",
    "setwan": "Sekretariat Dewan Perwakilan Rakyat Daerah",
    "inspektorat": "Inspektorat Daerah",
    "bappeda": "Badan Perencanaan Pembangunan Daerah",
    "bkad": "Badan Keuangan dan Aset Daerah",
    "bkpsdm": "Badan Kepegawaian dan Pengembangan SDM",
    "disdukcapil": "Dinas Kependudukan dan Pencatatan Sipil",
    "dpmptsp": "Dinas Penanaman Modal dan PTSP",
    "dinkes": "Dinas Kesehatan",
    "disdik": "Dinas Pendidikan",
    "dispusip": "Dinas Perpustakaan dan Kearsipan",
}
"""Perangkat daerah by id, as in config/kota-contoh.yml."""

EndpointKind = Literal["page", "jdihn", "html", "csv", "xlsx", "ckan", "attestations"]


@dataclass(frozen=True)
class Page:
    """A public page: a heading, a lead, and rows that its search box filters."""

    heading: str
    lead: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """One address of the city. `path` starts every URL below it; an HTTPS endpoint has a port of its own."""

    name: str
    kind: EndpointKind
    path: str
    is_https: bool = True
    page: Page | None = None


_STATUS_TRAIL = (
    "CTH-0412 Lampu jalan padam di Jalan Anggrek | Diterima | Diverifikasi | Diteruskan ke dinas | Selesai",
    "CTH-0413 Saluran air tersumbat di Kelurahan Melati | Diterima | Diverifikasi | Diproses",
    "CTH-0414 Antrean loket kependudukan terlalu lama | Diterima | Diverifikasi | Diteruskan ke dinas",
    "CTH-0415 Lubang di Jalan Kenanga | Diterima | Diverifikasi | Diteruskan ke dinas | Selesai",
    "CTH-0416 Sampah menumpuk di Pasar Contoh | Diterima",
)
_TENDER_TRAIL = (
    "TND-118 Rehabilitasi Puskesmas Melati | Pengumuman | Pemasukan penawaran | Evaluasi | Kontrak",
    "TND-119 Pengadaan perangkat jaringan | Pengumuman | Pemasukan penawaran | Evaluasi",
    "TND-120 Pembangunan drainase Jalan Kenanga | Pengumuman | Pemasukan penawaran",
    "TND-121 Pemeliharaan jalan lingkungan | Pengumuman",
)


def _page(name: str, heading: str, lead: str, *rows: str, is_https: bool = True) -> Endpoint:
    return Endpoint(name, "page", f"/{name}/", is_https, Page(heading, lead, rows))


ENDPOINTS: tuple[Endpoint, ...] = (
    _page(
        "portal",
        "Portal Layanan Kota Contoh",
        "Semua layanan pemerintah kota di satu tempat.",
        "Aduan Warga",
        "Perizinan Daring",
        "Kependudukan Daring",
        "Data Terbuka",
    ),
    _page("pengaduan", "Lacak Status Aduan", "Nomor aduan menunjukkan tahap penanganannya.", *_STATUS_TRAIL),
    _page(
        "jdih",
        "Cari Produk Hukum",
        "Telusuri dan unduh produk hukum daerah.",
        "Peraturan Daerah",
        "Peraturan Wali Kota",
        "Keputusan Wali Kota",
    ),
    _page(
        "data-terbuka",
        "Katalog Data Terbuka",
        "Cari dan unduh himpunan data.",
        "Jumlah penduduk per kelurahan (CSV)",
        "Ruang terbuka hijau (CSV, GeoJSON)",
        "Harga bahan pokok harian (CSV)",
        "Realisasi anggaran per urusan (XLSX)",
    ),
    _page("pengadaan", "Pengumuman dan Tahapan Tender", "Tahap setiap paket terbuka.", *_TENDER_TRAIL),
    _page(
        "perizinan",
        "Permohonan Izin Daring",
        "Cari jenis izin, unggah persyaratan.",
        "Izin praktik tenaga kesehatan",
        "Izin reklame",
        "Izin penelitian",
    ),
    _page(
        "kependudukan",
        "Layanan Kependudukan Daring",
        "Ajukan dan unduh dokumen kependudukan.",
        "Kartu keluarga",
        "Akta kelahiran",
        "Surat pindah",
    ),
    _page(
        "kesehatan",
        "Pendaftaran Puskesmas Daring",
        "Pilih puskesmas dan ambil nomor antrean.",
        "Puskesmas Melati",
        "Puskesmas Kenanga",
        "Puskesmas Anggrek",
    ),
    _page(
        "perencanaan",
        "Dokumen Perencanaan Daerah",
        "Cari dan unduh dokumen rencana.",
        "RPJMD (PDF)",
        "RKPD (PDF)",
        "Renja perangkat daerah (PDF)",
    ),
    _page(
        "penganggaran",
        "Dokumen Anggaran Daerah",
        "Cari dan unduh dokumen anggaran.",
        "Ringkasan APBD (PDF)",
        "Penjabaran APBD (PDF)",
        "KUA-PPAS (PDF)",
    ),
    _page(
        "keuangan",
        "Laporan Keuangan Daerah",
        "Cari dan unduh laporan keuangan.",
        "LKPD tahunan (PDF)",
        "Realisasi anggaran triwulan (PDF)",
    ),
    _page(
        "kinerja",
        "Akuntabilitas Kinerja",
        "Unduh perjanjian dan laporan kinerja.",
        "Perjanjian kinerja (PDF)",
        "LKIP perangkat daerah (PDF)",
    ),
    _page("helpdesk", "Meja Bantu Layanan TIK", "Buat tiket dan baca jawaban yang sering dicari."),
    _page("ppid", "Informasi Publik PPID", "Daftar informasi publik dan permohonan informasi."),
    _page("kepegawaian", "Statistik Kepegawaian", "Jumlah pegawai per golongan dan perangkat daerah."),
    _page("arsip", "Jejak Arsip Daerah", "Penelusuran arsip statis."),
    _page("barang-daerah", "Barang Milik Daerah", "Ringkasan barang milik daerah per perangkat daerah."),
    _page("pengawasan", "Saluran Pelaporan Pelanggaran", "Laporan dijaga kerahasiaannya."),
    _page("pajak", "Pajak Daerah Daring", "Cek tagihan dan cetak bukti bayar."),
    _page("sekolah", "Penerimaan Murid Baru", "Jadwal, jalur dan daya tampung."),
    _page("reklame", "Peta Titik Reklame", "Titik reklame berizin."),
    _page("perpustakaan", "Katalog Perpustakaan Daerah", "Cari buku.", is_https=False),
    _page("pariwisata", "Agenda Wisata Kota Contoh", "Acara bulan ini.", is_https=False),
    _page("harga-pangan", "Harga Pangan Harian", "Harga di tiga pasar.", is_https=False),
    Endpoint("jdihn", "jdihn", "/integrasi/produk-hukum.json"),
    Endpoint("jdih-dprd", "html", "/dokumen/"),
    Endpoint("registri-aplikasi", "csv", "/registri/aplikasi.csv"),
    Endpoint("registri-kecamatan", "xlsx", "/registri/aplikasi-kecamatan.xlsx", is_https=False),
    Endpoint("katalog-data", "ckan", "/katalog/", is_https=False),
    Endpoint("pernyataan", "attestations", "pernyataan.csv", is_https=False),
)
"""Every endpoint. `pernyataan` is the one without an address: its files lie in the drop folder."""

BY_NAME: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

HTTPS_NAMES: tuple[str, ...] = tuple(endpoint.name for endpoint in ENDPOINTS if endpoint.is_https)
"""HTTPS endpoints in the order of their ports: the first listens on the city's HTTPS port, the next above."""

_USUAL: Mapping[str, FaultKind] = {}
_BY_DAY: Mapping[int, Mapping[str, FaultKind]] = {
    1: {"ppid": "tls_expiring"},
    2: {"pengaduan": "unavailable", "ppid": "tls_expired"},
    4: {"jdihn": "block_page"},
}


def faults_of_day(day: int) -> Mapping[str, FaultKind]:
    """What fails on a day by itself, by endpoint name. Days after the fourth are like the third: nothing."""
    return _BY_DAY.get(day, _USUAL)


def is_policy_revoked(day: int) -> bool:
    """Whether the only policy on information security has been revoked by that day."""
    return day >= 2


def is_policy_replaced(day: int) -> bool:
    """Whether a new policy on information security has been enacted by that day."""
    return day >= 3


def is_collaboration_withdrawn(day: int) -> bool:
    """Whether the attestation on collaboration has been withdrawn by that day."""
    return day >= 3


def describe_day(day: int) -> str:
    """One English line: what happened in the city on that day."""
    if day < 1:
        raise ValueError(f"day {day}: the city's days are counted from 1")
    return {
        1: "an ordinary day; the certificate of the information office is about to expire",
        2: "the regulation on information security is revoked, the complaint service answers 503, "
        "and the certificate of the information office has expired",
        3: "the complaint service and the certificate are back, a new regulation on information security is "
        "enacted, and the statement on collaboration (I20 level 4) is withdrawn",
        4: "the legal feed answers 200 with a block page: its evidence must age, no score may fall for it",
    }.get(day, "as on day 3; nothing new happens and the legal feed is back")
