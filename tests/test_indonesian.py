"""Dates and text as Indonesian sources write them."""

from __future__ import annotations

from datetime import date

import pytest

from collectors.indonesian import clean_text, is_nothing, normalise_title, parse_date

TWELFTH = date(2023, 1, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 Januari 2023", TWELFTH),
        ("12 JANUARI 2023", TWELFTH),
        ("12 Jan 2023", TWELFTH),
        ("12-Jan-2023", TWELFTH),
        ("12 Jan. 2023", TWELFTH),
        ("12-01-2023", TWELFTH),
        ("12/01/2023", TWELFTH),
        ("12.01.2023", TWELFTH),
        ("2023-01-12", TWELFTH),
        ("2023/01/12", TWELFTH),
        ("2023-01-12 00:00:00", TWELFTH),
        ("2023-01-12 00:00:00.000", TWELFTH),
        ("12 Januari 2023 08:30 WIB", TWELFTH),
        ("Senin, 12 Januari 2023", TWELFTH),
        ("Jum'at, 12 Januari 2023", TWELFTH),
        ("Jum\u2019at 12 Januari 2023", TWELFTH),
        ("  12 \u00a0 Januari\n2023 ", TWELFTH),
        ("<td>12 Januari 2023</td>", TWELFTH),
        ("2 Pebruari 2021", date(2021, 2, 2)),
        ("31 Maret 2020", date(2020, 3, 31)),
        ("5 Mei 2019", date(2019, 5, 5)),
        ("17 Agustus 1945", date(1945, 8, 17)),
        ("1 Agt 2022", date(2022, 8, 1)),
        ("1 Agu 2022", date(2022, 8, 1)),
        ("30 Sept 2022", date(2022, 9, 30)),
        ("3 Okt 2022", date(2022, 10, 3)),
        ("3 Nopember 2022", date(2022, 11, 3)),
        ("3 November 2022", date(2022, 11, 3)),
        ("31 Des 2022", date(2022, 12, 31)),
        ("29 Februari 2024", date(2024, 2, 29)),
        # Midnight in Jakarta, Makassar and Jayapura as UTC, midnight UTC, and an explicit local offset.
        ("2023-01-11T17:00:00.000Z", TWELFTH),
        ("2023-01-11T16:00:00Z", TWELFTH),
        ("2023-01-11T15:00:00+00:00", TWELFTH),
        ("2023-01-12T00:00:00Z", TWELFTH),
        ("2023-01-12T00:00:00+07:00", TWELFTH),
        (None, None),
        ("", None),
        ("-", None),
        ("\u2013", None),
        ("null", None),
        ("tidak ada", None),
        ("0000-00-00", None),
        ("0000-00-00 00:00:00", None),
        ("00/00/0000", None),
        ("-0001-11-30 00:00:00", None),
    ],
)
def test_dates(text: str | None, expected: date | None) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023",
        "Januari 2023",
        "01/23/2023",
        "31 Juni 2023",
        "29 Februari 2023",
        "12 Foo 2023",
        "12-01-23",
        "12-01-0203",
        "2023-00-00",
        "18 hari yang lalu",
        "12 Januari 2023 dan 13 Januari 2023",
        "2023-01-12T99:00:00Z",
        "9999-12-31T17:00:00Z",
    ],
)
def test_what_is_no_date_is_an_error_that_names_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tentang  Arsitektur\r\n SPBE ", "Tentang Arsitektur SPBE"),
        ("<p>Per<b>wal</b> tentang<br/>Arsip</p>", "Perwal tentang Arsip"),
        ("&lt;p&gt;Pajak &amp;amp; Retribusi&lt;/p&gt;", "Pajak & Retribusi"),
        ("<script>alert(1)</script>Judul<!-- x -->", "Judul"),
        ("Judul<style>p{}</style> utama<script>tak ditutup", "Judul utama"),
        ("nilai < 5 dan > 3", "nilai < 5 dan > 3"),
        ("\ufeffKota\u200b\u00a0Contoh\x00", "Kota Contoh"),
        ("-", None),
        (" \u2013 ", None),
        ("<p></p>", None),
        ("", None),
        (None, None),
    ],
)
def test_clean_text(text: str | None, expected: str | None) -> None:
    assert clean_text(text) == expected


def test_titles_that_differ_in_spelling_only_normalise_alike() -> None:
    wanted = "peraturan wali kota nomor 12 tahun 2021 tentang e government"
    assert normalise_title("PERATURAN WALI  KOTA Nomor 12 Tahun 2021, tentang <i>e-Government</i>") == wanted
    assert (
        normalise_title("Peraturan Wali Kota No\u006dor 12 Tahun 2021 Tentang E\u2011Government.") == wanted
    )
    assert normalise_title(" - ") == ""


@pytest.mark.parametrize(
    ("text", "expected"), [("Tidak  Ada", True), ("--", True), ("ada", False), (None, True)]
)
def test_cells_that_say_nothing(text: str | None, expected: bool) -> None:
    assert is_nothing(text) is expected
