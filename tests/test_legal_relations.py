"""What a product does to others: read from titles, words and mark-up, kept, and shown as a graph."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from bs4 import BeautifulSoup

from collectors.evidence import RegulationRecord
from collectors.legal_relations import Kind, in_title, in_words, kind_of, named, to_text
from collectors.relation_blocks import relations_in
from collectors.saved_listing import parse_file
from tests.warehouse_rows import warehouse_with
from warehouse.connection import migrate, statement, writing
from warehouse.publish import create_marts

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Short = tuple[str, str, str, int | None]


def short(relations: object) -> list[Short]:
    assert isinstance(relations, (tuple, list))
    return [(one.kind, one.type_code, one.number, one.year) for one in relations]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "Peraturan Wali Kota Contoh Nomor 11 Tahun 2021 tentang Perubahan Atas Peraturan Walikota Contoh Nomor 48 Tahun 2020 tentang Izin",
            [("mengubah", "perkada", "48", 2020)],
        ),
        ("PERUBAHAN KEDUA ATAS PERATURAN DAERAH KOTA CONTOH NO. 05 TAHUN 2016 TENTANG PERANGKAT DAERAH", [("mengubah", "perda", "5", 2016)]),
        ("Perubahan Atas Lampiran Keputusan Bupati Nomor 188.45/77/2020 tentang Tim", [("mengubah", "kepkada", "188.45/77/2020", 2020)]),
        ("Pencabutan atas Peraturan Bupati Nomor 12 Tahun 2019", [("mencabut", "perkada", "12", 2019)]),
        (
            "tentang Pencabutan Peraturan Daerah Nomor 3 Tahun 2010 dan Peraturan Daerah Nomor 4 Tahun 2011",
            [("mencabut", "perda", "3", 2010), ("mencabut", "perda", "4", 2011)],
        ),
        # What follows "tentang" is the subject of the repealed product, not repealed with it.
        (
            "Pencabutan Peraturan Bupati Nomor 9 Tahun 2015 tentang Pelaksanaan Peraturan Daerah Nomor 3 Tahun 2010 dan Peraturan Daerah Nomor 4 Tahun 2011",
            [("mencabut", "perkada", "9", 2015)],
        ),
        (
            "Pencabutan atas Peraturan Wali Kota Nomor 9 Tahun 2024 tentang Perubahan atas Peraturan Wali Kota Nomor 45 Tahun 2023",
            [("mencabut", "perkada", "9", 2024)],
        ),
        ("Peraturan Daerah Nomor 3 Tahun 2020 tentang Pelaksanaan Perubahan atas Peraturan Daerah Nomor 2 Tahun 2010", []),
        ("Pencabutan sebagian Peraturan Daerah Nomor 2 Tahun 2010", [("mengubah", "perda", "2", 2010)]),
        ("Perubahan atas Peraturan Menteri Keuangan Nomor 7 Tahun 2019", [("mengubah", "lainnya", "7", 2019)]),
        ("Perubahan Rencana Pembangunan Daerah Tahun 2020", []),
        ("Pencabutan Izin Usaha", []),
        ("Arsitektur SPBE", []),
    ],
)  # fmt: skip
def test_titles(title: str, expected: list[Short]) -> None:
    assert short(in_title(title)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Dicabut dengan Peraturan Daerah Nomor 1 Tahun 2024", [("dicabut_oleh", "perda", "1", 2024)]),
        (
            "Mencabut Perwal No 5 Tahun 2018; Diubah dengan Perwali Kota Contoh No. 3 Tahun 2020",
            [("mencabut", "perkada", "5", 2018), ("diubah_oleh", "perkada", "3", 2020)],
        ),
        ("Dicabut sebagian oleh Perda Nomor 4 Tahun 2022", [("diubah_oleh", "perda", "4", 2022)]),
        ("Diubah dengan UU Nomor 1 Tahun 2024", [("diubah_oleh", "lainnya", "1", 2024)]),
        ("Dicabut", []),
        ("Berlaku", []),
        (None, []),
    ],
)
def test_words_of_a_status(words: str | None, expected: list[Short]) -> None:
    assert short(in_words(words, "daftar")) == expected


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Mencabut :", "mencabut"),
        ("DICABUT DENGAN", "dicabut_oleh"),
        ("Dirubah oleh", "diubah_oleh"),
        ("mengubah", "mengubah"),
        ("dicabut sebagian", "diubah_oleh"),
        ("Keterangan Status", None),
    ],
)
def test_headings(words: str, kind: Kind | None) -> None:
    assert kind_of(words) == kind


def test_blocks_of_words_and_links() -> None:
    page = BeautifulSoup(
        """<div class="s"><h3>Keterangan Status</h3><!-- dicabut --><span>dicabut</span>
        <a href="/4">Peraturan Daerah Nomor 1 Tahun 2021 tentang Kecamatan</a> ( - ) <a href="/x">Beranda</a>
        <b>Diubah dengan</b><ol><li><a href="/5">PERDA No. 5 Tahun 2014</a></li></ol>
        <p>Unduh :</p><a href="/f">Peraturan Daerah Nomor 2 Tahun 2017.pdf</a></div>
        <a href="/9">Peraturan Daerah Nomor 9 Tahun 2021</a>""",
        "lxml",
    )
    assert short(list(relations_in(page, "div.s", "rincian"))) == [
        ("dicabut_oleh", "perda", "1", 2021),
        ("diubah_oleh", "perda", "5", 2014),
    ]


def test_each_relation_is_kept_once_as_first_said() -> None:
    twice = [named("mencabut", "Perda Nomor 4 Tahun 2010 tentang A", "judul"), named("mencabut", "PERDA NO 4 TAHUN 2010", "rincian")]  # fmt: skip
    kept = json.loads(to_text(one for one in twice if one))
    assert [(one["number"], one["stated_in"]) for one in kept] == [("4", "judul")]
    assert to_text([]) == "[]"


@pytest.fixture
def graph() -> Iterator[duckdb.DuckDBPyConnection]:
    rows = [
        {"title": "Retribusi", "type_code": "perda", "number": "3", "year": 2012, "relations": to_text(
            [one for one in [named("dicabut_oleh", "Perda Nomor 1 Tahun 2024", "rincian")] if one])},
        {"title": "Perubahan atas Peraturan Daerah Nomor 3 Tahun 2012 tentang Retribusi", "type_code": "perda", "number": "5", "year": 2014},
        {"title": "Perubahan atas Peraturan Daerah Nomor 8 Tahun 2012", "number": "6", "valid_to": NOW},
    ]  # fmt: skip
    connection = warehouse_with({"regulation": [{"institution": "kota-a", **row} for row in rows]})
    create_marts(connection)
    yield connection
    connection.close()


def test_the_graph_names_who_acts_first_whoever_says_so(graph: duckdb.DuckDBPyConnection) -> None:
    found = graph.execute("SELECT dari, ke, hubungan, bukti FROM mart.hubungan_regulasi").fetchall()
    assert found == [
        ("perda/2014/5", "perda/2012/3", "mengubah", "judul"),
        ("perda/2024/1", "perda/2012/3", "mencabut", "rincian"),
    ]


def test_a_warehouse_from_before_relations_keeps_its_rows(tmp_path: Path) -> None:
    """The new column comes with a default, so that rows loaded before are read as having none."""
    schema = Path(__file__).parents[1] / "warehouse" / "schema"
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("CREATE SCHEMA ops")
        connection.execute(statement(schema / "0001_initial.sql"))
        connection.execute(
            "CREATE TABLE ops.migration (number INTEGER, name VARCHAR, applied_at TIMESTAMPTZ)"
        )
        connection.execute("INSERT INTO ops.migration VALUES (1, '0001_initial', now())")
        connection.execute("INSERT INTO core.regulation (regulation_key) VALUES ('perda/2012/3')")
        migrate(connection, NOW)
        connection.execute("INSERT INTO core.regulation (regulation_key) VALUES ('perda/2012/4')")
        found = connection.execute("SELECT DISTINCT relations FROM core.regulation").fetchall()
    assert found == [("[]",)]
    with writing(tmp_path / "old.duckdb", NOW) as connection:
        create_marts(connection)
        assert connection.execute("FROM mart.hubungan_regulasi").fetchall() == []


@pytest.mark.samples
def test_sample_relations_of_kendari_known_without_its_detail_pages() -> None:
    """The city's own table of 24 relations against what feed and titles alone give.

    20 are found; in two of them the amended product is not in the feed. Of the other four, two are a repeal that
    no title tells, and two a repeal whose title says "perubahan".
    """
    folder = SAMPLES / "field/kendari-ildis"
    if not folder.exists():
        pytest.skip("the shared samples are not here")
    records = [
        r
        for r in parse_file(folder / "integrasi.json", profile=None).records
        if isinstance(r, RegulationRecord)
    ]
    by_id = {r.detail_url.rpartition("=")[2]: r for r in reversed(records) if r.detail_url}
    said = {
        (r.regulation_key, x["kind"], f"{x['type_code']}/{x['year']}/{x['number']}")
        for r in records
        for x in json.loads(r.relations)
    }
    found, missed = 0, []
    for row in csv.DictReader((folder / "data_status.csv").open(encoding="utf-8")):
        kind = {"diubah": "mengubah", "dicabut": "mencabut"}.get(
            row["status_peraturan"], row["status_peraturan"]
        )
        pair = (row["id_dokumen"], row["id_dokumen_target"])
        actor, target = pair if kind == row["status_peraturan"] else pair[::-1]
        key = by_id[target].regulation_key if target in by_id else "perda/2011/2"
        if (by_id[actor].regulation_key, kind, key) in said:
            found += 1
        else:
            missed.append((row["id_dokumen"], row["status_peraturan"]))
    assert found == 20
    assert missed == [("4", "mencabut"), ("27", "dicabut"), ("46", "mencabut"), ("45", "dicabut")]
    assert {key for key, r in by_id.items() if r.status == "dicabut"} == {"27", "45"}
