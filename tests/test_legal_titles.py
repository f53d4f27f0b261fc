"""What the words of a legal product say."""

from __future__ import annotations

import time

import pytest

from collectors.legal_titles import (
    amended_type,
    own_number,
    parse_year,
    regulation_key,
    status_of,
    tidy_number,
    type_code,
)


@pytest.mark.parametrize(
    ("title", "number", "year"),
    [
        ("Peraturan Daerah Kota Contoh Nomor 16 Tahun 2004 Tentang Jalan", "16", 2004),
        ("PERATURAN DAERAH KOTA CONTOH NO 4 TAHUN 2020 TENTANG PAJAK RESTORAN", "4", 2020),
        ("Peraturan Bupati Contoh No. 12 Tahun 2019 tentang Pasar", "12", 2019),
        ("Peraturan Wali Kota Contoh Nomor: 5 Tahun 2019", "5", 2019),
        ("PERWAL NO.7 TAHUN 2018", "7", 2018),
        ("NOMOR 02 TAHUN 2020 TENTANG IZIN", "2", 2020),
        ("Nomor 1470 Tahun 2018 tentang Tata Cara", "1470", 2018),
        ("Peraturan Walikota Conto hNomor 63 Tahun 2019 tentang Kesehatan", "63", 2019),
        ("KEPUTUSAN WALIKOTA CONTOH NOMOR NOMOR 1 TAHUN 2024 TENTANG HONORARIUM", "1", 2024),
        ("Peraturan Walikota Contoh Nomor 2TAHUN 2019 tentang Pajak", "2", 2019),
        ("Peaturan Daerah Kota Contoh Nomor 3 Tahun 2012 tentang Retribusi", "3", 2012),
        ("Surat Kepuitusan Walikota Contoh Nomor 1524 Tahun 2023 tentang Tim", "1524", 2023),
        ("Peraturan Wali Kota Contoh Nomor 31 A Tahun 2016 tentang Pakaian", "31 A", 2016),
        ("Peraturan Wali Kota Contoh Nomor 31.A Tahun 2016 tentang Pakaian", "31.A", 2016),
        ("Keputusan Bupati Nomor 188.45 / 96 / KPTS / 2021 tentang Tim", "188.45/96/KPTS/2021", 2021),
        ("KEPUTUSAN WALI KOTA NOMOR: 555/Kep.118-Diskominfo/2023 TENTANG TIM", "555/Kep.118-Diskominfo/2023", 2023),
        ("Surat Edaran Wali Kota Nomor SE.12/HK TAHUN 2022", "SE.12/HK", 2022),
        ("Peraturan Wali Kota Nomor 12/2019 tentang Pasar", "12", 2019),
        ("Peraturan Wali Kota Nomor 12 tentang Pasar", "12", None),
        # The own number comes first; that of the amended product never counts.
        ("PERATURAN WALI KOTA NOMOR 11 TAHUN 2021 TENTANG PERUBAHAN ATAS PERATURAN NOMOR 48 TAHUN 2020", "11", 2021),
    ],
)  # fmt: skip
def test_a_title_states_its_own_number(title: str, number: str, year: int | None) -> None:
    stated = own_number(title)
    assert stated is not None
    assert (stated.number, stated.year) == (number, year)


@pytest.mark.parametrize(
    "title",
    [
        "PERUBAHAN ATAS PERATURAN DAERAH KOTA CONTOH NOMOR 13 TAHUN 2012 TENTANG PAJAK",
        "PERUBAHAN KEDUA ATAS PERATURAN WALI KOTA CONTOHNOMOR 31.A TAHUN 2016",
        "Pencabutan Peraturan Bupati Nomor 5 Tahun 2011",
        "PETUNJUK PELAKSANAAN PERATURAN DAERAH KOTA CONTOH NOMOR 14 TAHUN 2012",
        "PERATURAN WALI KOTA TENTANG PELAKSANAAN PERATURAN DAERAH NOMOR 6 TAHUN 2017",
        "Peraturan Pelaksanaan Peraturan Daerah Nomor 3 Tahun 2011",
        "Tentang PERUBAHAN ATAS PERATURAN DAERAH NOMOR 3 TAHUN 2011",
        "Keputusan Desa dalam Kabupaten (dicabut oleh PERDA NO. 23/HK.021.2/XI/1981",
        "RANCANGAN PERATURAN DAERAH NOMOR 1 TAHUN 2020",
        "RUMAH DI JALAN PASAR NO. 11 CONTOH",
        "Penunjukan CV. Maju S.I.P.P. NO. 8237/71 sebagai pelaksana",
        "RENCANA PEMBANGUNAN JANGKA MENENGAH DAERAH TAHUN 2018-2023",
        "Peraturan Wali Kota tentang Nomor Induk Kependudukan",
        "KEPEMUDAAN",
        "",
    ],
)
def test_a_number_of_something_else_is_not_taken(title: str) -> None:
    assert own_number(title) is None


def test_a_hostile_title_costs_no_time() -> None:
    started = time.monotonic()
    for title in (
        "nomor " * 50_000,
        "no 1" + "/ " * 50_000,
        "peraturan " * 50_000,
        "Peraturan Nomor " + "1" * 200_000,
    ):
        own_number(title)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("07", "7"),
        (" 12", "12"),
        ("Nomor 5 Tahun 2020", "5"),
        ("No. 21", "21"),
        ("188.45 / 96", "188.45/96"),
        ("0", None),
        ("-", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers_are_tidied(text: str | None, number: str | None) -> None:
    assert tidy_number(text) == number


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2021", 2021),
        (" 2021 ", 2021),
        ("2021-06-01", 2021),
        ("1 Juni 2021", 2021),
        ("Tahun 2021", 2021),
        ("2020 dan 2021", None),
        ("0000", None),
        ("20211", None),
        ("\u00b2\u2070\u00b2\u00b9", None),
        ("-", None),
        (None, None),
    ],
)
def test_years_are_read_from_years_and_dates(text: str | None, year: int | None) -> None:
    assert parse_year(text) == year


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("PERATURAN DAERAH KOTA", "perda"),
        ("Perda", "perda"),
        ("Qanun Aceh", "perda"),
        ("PERATURAN WALIKOTA", "perkada"),
        ("Peraturan Wali Kota Contoh", "perkada"),
        ("Perwal", "perkada"),
        ("Perwali", "perkada"),
        ("Perbup", "perkada"),
        ("Peraturan Pj. Gubernur", "perkada"),
        ("Keputusan Bupati", "kepkada"),
        ("SURAT KEPUTUSAN WALIKOTA", "kepkada"),
        ("Kepwal", "kepkada"),
        ("Instruksi Wali Kota", "instruksi"),
        ("Instruksi", "instruksi"),
        ("Surat Edaran", "surat_edaran"),
        ("Surat Edaran Sekretaris Daerah", "surat_edaran"),
        ("Surat Edaran Menteri Dalam Negeri", "lainnya"),
        ("Rancangan Peraturan Daerah", "lainnya"),
        ("Peraturan DPRD", "lainnya"),
        ("Keputusan DPRD", "lainnya"),
        ("Keputusan Kepala Dinas", "lainnya"),
        ("Peraturan Menteri", "lainnya"),
        ("Peraturan Desa", "lainnya"),
        ("ARTIKEL HUKUM", "lainnya"),
        ("PUTUSAN MAHKAMAH AGUNG", "lainnya"),
        ("PERATURAN BERSAMA GUBERNUR", None),
        ("Perwalian Anak", None),
        ("Produk Hukum", None),
        ("-", None),
        (None, None),
    ],
)
def test_type_names_have_codes(name: str | None, code: str | None) -> None:
    assert type_code(name) == code


def test_an_amendment_is_of_the_type_it_amends() -> None:
    assert amended_type("perubahan atas peraturan daerah kota contoh nomor 13 tahun 2012") == "perda"
    assert amended_type("tentang perubahan ketiga atas peraturan bupati nomor 1 tahun 2012") == "perkada"
    assert amended_type("perubahan anggaran pendapatan dan belanja daerah") is None
    assert amended_type("pajak daerah") is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Berlaku", "berlaku"),
        ("MASIH BERLAKU", "berlaku"),
        ("Mencabut", "berlaku"),
        ("Mengubah", "berlaku"),
        ("Baru", "berlaku"),
        ("Tidak Berlaku", "dicabut"),
        ("Tidak lagi berlaku", "dicabut"),
        ("Dicabut dengan Perda 3/2020", "dicabut"),
        ("<span>Dicabut</span>", "dicabut"),
        ("Mengubah, Dicabut", "dicabut"),
        ("Diubah", "diubah"),
        ("Dicabut sebagian", "diubah"),
        ("Tidak berlaku untuk sebagian", "diubah"),
        ("Belum berlaku", "tidak_diketahui"),
        ("Tidak dicabut", "tidak_diketahui"),
        ("1", "tidak_diketahui"),
        ("-", "tidak_diketahui"),
        ("", "tidak_diketahui"),
        (None, "tidak_diketahui"),
    ],
)
def test_a_listing_word_has_a_status(text: str | None, status: str) -> None:
    assert status_of(text) == status


def test_a_key_needs_number_and_year_or_else_the_title() -> None:
    assert regulation_key("perkada", 2016, "31 A", "x") == "perkada/2016/31a"
    by_title = regulation_key("perkada", 2016, None, "pajak daerah")
    assert by_title == regulation_key("perda", None, "3", "pajak daerah")
    assert by_title.startswith("judul:") and by_title != regulation_key("perda", None, None, "pajak")
