"""What a handed-in PDF is by its own heading; only the heading, never what the text is about."""

from __future__ import annotations

import pytest

from collectors.document_heading import kind_by_heading
from collectors.pdf_pages import Page


def kind(text: str, *further: str) -> str | None:
    """The kind of a document whose first page has these lines, parted by " / "."""
    pages = [Page(tuple(one.split(" / "))) for one in (text, *further)]
    shown = kind_by_heading(pages)
    return shown.kind if shown else None


@pytest.mark.parametrize(
    "text",
    [
        "WALI KOTA CONTOH / SURAT EDARAN / NOMOR 12 TAHUN 2024 / TENTANG / PENERAPAN SPBE",
        "PEMERINTAH KOTA CONTOH / SEKRETARIAT DAERAH / Jalan Merdeka 1 Contoh / Contoh, 3 Januari 2024 / Kepada / Yth. Kepala "
        "Perangkat Daerah / SURAT EDARAN SEKRETARIS DAERAH KOTA CONTOH / NOMOR SE.12/HK/2024",
        "S U R A T  E D A R A N / NOMOR: 5 TAHUN 2023",
        "SURAT EDARAN NOMOR 5/SE/2023 TENTANG KEAMANAN INFORMASI",
        "Pemerintah Kota Contoh / Surat Edaran / Nomor 12 Tahun 2024",
        "SURATEDARAN / NOMOR 5",
        "PEMERINTAH KOTA CONTOH / DINAS PENDIDIKAN / SURAT EDARAN / NOMOR 5 TAHUN 2024",
    ],
)
def test_a_circular_letter_says_so(text: str) -> None:
    assert kind(text) == "surat_edaran"


@pytest.mark.parametrize(
    "text",
    [
        "RANCANGAN / PERATURAN WALI KOTA CONTOH / NOMOR ... TAHUN 2026 / TENTANG / ARSITEKTUR SPBE",
        "WALI KOTA CONTOH / RANCANGAN PERATURAN WALI KOTA CONTOH / NOMOR ... TAHUN 2026",
        "RANCANGAN KEPUTUSAN WALI KOTA",
        "DRAF / PERATURAN WALI KOTA CONTOH / NOMOR 5 TAHUN 2026",
        "Draft 2 / PERATURAN WALI KOTA CONTOH",
        "DRAFT FINAL / ARSITEKTUR SPBE KOTA CONTOH",
        "DRAF PETA RENCANA SPBE KOTA CONTOH",
        "KONSEP KEPUTUSAN WALI KOTA CONTOH",
        "D R A F T / LAPORAN AUDIT TIK",
        # A draft circular is a draft first.
        "RANCANGAN SURAT EDARAN WALI KOTA",
    ],
)
def test_a_draft_says_so(text: str) -> None:
    assert kind(text) == "draf"


@pytest.mark.parametrize(
    "text",
    [
        "RANCANGAN ARSITEKTUR SPBE KOTA CONTOH / TAHUN 2026",
        "RANCANGAN / ARSITEKTUR SPBE KOTA CONTOH",
        "RANCANGAN INDUK PENGEMBANGAN TIK",
        "RANCANGAN AKHIR RENCANA STRATEGIS / DINAS KOMUNIKASI",
        "KONSEP SMART CITY KOTA CONTOH",
        "PERATURAN WALI KOTA CONTOH / NOMOR 5 TAHUN 2024 / TENTANG / PENCABUTAN / SURAT EDARAN WALI KOTA NOMOR 12 TAHUN 2020",
        "KEPUTUSAN WALI KOTA CONTOH / NOMOR 5 / TENTANG / TIM PENYUSUN / RANCANGAN PERATURAN WALI KOTA",
        "NOTULA RAPAT / PEMBAHASAN / RANCANGAN PERATURAN WALI KOTA TENTANG SPBE",
        "BERITA ACARA / HARMONISASI / RANCANGAN PERATURAN WALI KOTA",
        "PEMERINTAH KOTA CONTOH / HASIL FASILITASI / RANCANGAN PERATURAN WALI KOTA",
        "PEMERINTAH KOTA CONTOH / PEMBAHASAN / RANCANGAN PERATURAN WALI KOTA",
        "SOSIALISASI / SURAT EDARAN WALI KOTA CONTOH",
        "PEMERINTAH KOTA CONTOH / Nomor: 12/KOM/2024 / Sifat: Biasa / Hal: Tindak lanjut / SURAT EDARAN MENTERI PANRB",
        "Dengan ini disampaikan bahwa rancangan arsitektur telah disusun dan mencabut / surat edaran nomor 5 tahun 2020",
        "Laporan pelaksanaan / Surat Edaran / Nomor 5 Tahun 2020",
        "Surat edaran itu dibahas dalam rapat / SURAT EDARAN INI MULAI BERLAKU",
        "Kami menyampaikan draft peraturan untuk dibahas",
        "LAPORAN AUDIT / Status: DRAFT",
        "DRAFTING GUIDE FOR REGULATIONS",
        "DRAINASE KOTA CONTOH",
        "SURAT TUGAS / NOMOR 5 / UNTUK MENYUSUN / RANCANGAN PERATURAN WALI KOTA",
        "Undangan Rapat / RANCANGAN PERATURAN WALI KOTA",
        "KOTA CONTOH / Aplikasi / Tahap / SIMPEG / Draft / e-Kinerja / Tetap",
        "KOTA CONTOH / APLIKASI / TAHAP / DRAFT / TETAP",
        "PROGRAM PEMBENTUKAN PERATURAN DAERAH / RANCANGAN PERATURAN DAERAH",
        "",
    ],
)
def test_what_a_text_is_about_is_not_what_it_is(text: str) -> None:
    assert kind(text) is None


def test_only_the_head_of_the_document_is_looked_at() -> None:
    lines = " / ".join(["Uraian kegiatan tahun berjalan"] * 40)
    assert kind(f"{lines} / SURAT EDARAN / NOMOR 5 TAHUN 2024") is None
    assert kind("PERATURAN WALI KOTA", "SURAT EDARAN / NOMOR 5 TAHUN 2024") is None


def test_a_watermark_makes_a_draft_of_anything() -> None:
    page = Page(("PERATURAN WALI KOTA CONTOH", "NOMOR 5 TAHUN 2024", "TENTANG", "SPBE"))
    for slanted in ("DRAFT", "Draf", "RANCANGAN", "KONSEP", "DRAFT DRAFT DRAFT"):
        shown = kind_by_heading([page, Page(page.lines, slanted=("SALINAN", slanted))])
        assert shown is not None
        assert (shown.kind, shown.words) == ("draf", slanted)
    for large in ("DRAFT", "D R A F"):
        assert kind_by_heading([Page(page.lines, large=(large,))]) is not None
    # Large letters are of titles, too.
    for large in ("RANCANGAN", "KONSEP", "DRAFTING"):
        assert kind_by_heading([Page(page.lines, large=(large,))]) is None
    assert kind_by_heading([Page(page.lines, slanted=("SALINAN", "RANCANGAN ARSITEKTUR"))]) is None


def test_a_word_at_the_edge_of_page_after_page_is_a_watermark() -> None:
    one, other = (("PERATURAN WALI KOTA", f"NOMOR {n}", "TENTANG", "SPBE", "halaman", "DRAFT") for n in "12")
    assert kind_by_heading([Page(one), Page(other)]) is not None
    assert kind_by_heading([Page(one), Page(other[:-1])]) is None
    inside = ("PERATURAN WALI KOTA", "NOMOR 5", "STATUS", "DRAFT", "HALAMAN", "AKHIR")
    assert kind_by_heading([Page(inside), Page(inside)]) is None
