"""Exports come back as what the views held; nothing in them is a formula, and no half of a file is left."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests import page_fixture
from transforms.instrument import load_instrument
from warehouse import export as module
from warehouse.connection import reading
from warehouse.export import FORMATS, ExportError, Format, export, mart_names
from warehouse.publish import publish

TEXTS = [
    "=HYPERLINK(\"http://x\",\"klik\")", "+6221", "-1+2|cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "-5", "08123",
    "biasa, dengan \"kutip\" dan\nbaris baru; titik koma", "", None, "é\u202e\x1b[2J", "\x00\x08 kendali", "null", "2026-01-01",
]  # fmt: skip
ESCAPED = {0, 2, 3, 4, 5, 6, 7}
"""Which of them a spreadsheet would run; the number "+6221" it would not."""
MOMENT = datetime(2026, 11, 24, 7, 5, 6, 123456, tzinfo=UTC)


@pytest.fixture
def copy() -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy with one view that has every kind of column, and an empty one."""
    connection = duckdb.connect()
    connection.execute(
        "SET TimeZone = 'UTC'; CREATE SCHEMA mart; CREATE TABLE kept (urutan INTEGER, teks VARCHAR)"
    )
    connection.executemany("INSERT INTO kept VALUES ($1, $2)", list(enumerate(TEXTS)))
    connection.execute(
        "CREATE VIEW mart.campuran AS SELECT *, 3.2900000001::DECIMAL(18, 10) AS indeks, "
        "12345678.9876543210::DECIMAL(18, 10) AS panjang, 0.1::DOUBLE AS rasio, 9007199254740993::BIGINT AS besar, "
        "DATE '2026-11-24' AS tanggal, TIMESTAMPTZ '2026-11-24 07:05:06.123456+00' AS pada, urutan % 2 = 0 AS genap, "
        "['=a', 'b'] AS daftar, NULL::INTEGER AS kosong FROM kept ORDER BY urutan"
    )
    connection.execute("CREATE VIEW mart.hampa AS SELECT 1 AS a, 'x' AS b WHERE FALSE")
    yield connection
    connection.close()


def written(copy: duckdb.DuckDBPyConnection, kind: Format, folder: Path, name: str = "campuran") -> Path:
    (one,) = export(copy, [name], kind, folder)
    assert one.rows == (len(TEXTS) if name == "campuran" else 0)
    assert [path.name for path in folder.iterdir()] == [f"{name}.{kind}"]
    return one.path


def safe(at: int) -> str | None:
    text = TEXTS[at]
    return f"'{text}" if at in ESCAPED else text


def test_csv(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = written(copy, "csv", tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfurutan,teks,")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["teks"] for row in rows] == [safe(at) or "" for at in range(len(TEXTS))]
    assert {key: value for key, value in rows[2].items() if key != "teks"} == {
        "urutan": "2", "indeks": "3.2900000001", "panjang": "12345678.9876543210", "rasio": "0.1",
        "besar": "9007199254740993", "tanggal": "2026-11-24", "pada": "2026-11-24T07:05:06.123456+00:00", "genap": "true",
        "daftar": '["=a", "b"]', "kosong": "",
    }  # fmt: skip


def test_json_lines(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in written(copy, "json", tmp_path).read_text("utf-8").split("\n")[:-1]]
    assert [row["teks"] for row in rows] == TEXTS
    assert {key: value for key, value in rows[1].items() if key != "teks"} == {
        "urutan": 1, "indeks": "3.2900000001", "panjang": "12345678.9876543210", "rasio": 0.1, "besar": 9007199254740993,
        "tanggal": "2026-11-24", "pada": "2026-11-24T07:05:06.123456+00:00", "genap": False, "daftar": ["=a", "b"],
        "kosong": None,
    }  # fmt: skip


def test_parquet(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = written(copy, "parquet", tmp_path)
    told = copy.execute(f"SELECT * FROM read_parquet('{path}') ORDER BY urutan").fetchall()
    assert told == copy.execute("FROM mart.campuran").fetchall()
    types = copy.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()
    assert types == copy.execute("DESCRIBE FROM mart.campuran").fetchall()


def test_xlsx(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(copy, "xlsx", tmp_path))
    sheet: Any = book["campuran"]
    names: list[Any]
    rows: list[list[Any]]
    names, *rows = [list(row) for row in sheet.iter_rows()]
    assert sheet.freeze_panes == "A2" and names[1].font.bold
    cells = [dict(zip([cell.value for cell in names], row, strict=True)) for row in rows]
    for at, row in enumerate(cells):
        expected = safe(at)
        if expected is not None:
            expected = (
                "".join("\ufffd" if c in "\x00\x08\x1b" else c for c in expected).replace("\r", "\n") or None
            )
        found = row["teks"].value
        assert (found and found.replace("\r", "\n").replace("_x000D_", "\n")) == expected
    assert not [cell for row in rows for cell in row if cell.data_type == "f"]
    row = cells[0]
    assert row["indeks"].value == 3.2900000001 and row["indeks"].data_type == "n"
    assert row["rasio"].value == 0.1 and row["genap"].value is True
    # Fifteen digits are what a workbook keeps: what has more is text, and exact.
    assert (row["panjang"].value, row["besar"].value) == ("12345678.9876543210", "9007199254740993")
    assert row["tanggal"].is_date and row["tanggal"].value == datetime(2026, 11, 24)
    assert abs((row["pada"].value - MOMENT.replace(tzinfo=None)).total_seconds()) < 0.001


def test_rows_beyond_a_sheet_go_onto_the_next(
    copy: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "XLSX_ROWS", 6)
    book = openpyxl.load_workbook(written(copy, "xlsx", tmp_path))
    assert [(sheet.title, sheet.max_row) for sheet in book] == [
        ("campuran", 7), ("campuran 2", 7), ("campuran 3", len(TEXTS) - 12 + 1),
    ]  # fmt: skip
    assert [book["campuran 2"].cell(1, 1).value, book["campuran 2"].cell(2, 1).value] == ["urutan", 6]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_view_keeps_its_columns(
    copy: duckdb.DuckDBPyConnection, tmp_path: Path, kind: Format
) -> None:
    path = written(copy, kind, tmp_path, "hampa")
    if kind == "csv":
        assert path.read_bytes() == b"\xef\xbb\xbfa,b\r\n"
    elif kind == "parquet":
        assert [row[0] for row in copy.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()] == [
            "a",
            "b",
        ]
    elif kind == "xlsx":
        assert [cell.value for cell in openpyxl.load_workbook(path)["hampa"][1]] == ["a", "b"]
    else:
        assert path.read_bytes() == b""


@pytest.mark.parametrize("kind", FORMATS)
def test_a_failure_keeps_the_old_file_and_leaves_no_half(
    copy: duckdb.DuckDBPyConnection, tmp_path: Path, kind: Format
) -> None:
    old = written(copy, kind, tmp_path).read_bytes()
    copy.execute("CREATE OR REPLACE VIEW mart.campuran AS SELECT CAST(teks AS INTEGER) AS n FROM kept")
    with pytest.raises(duckdb.Error):
        list(export(copy, ["campuran"], kind, tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [old]


def test_what_is_not_there_is_named(copy: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no view indeks; there are: campuran, hampa"):
        list(export(copy, ["mart.hampa", "indeks"], "csv", tmp_path / "baru"))
    assert not (tmp_path / "baru").exists()
    (tmp_path / "berkas").write_text("")
    with pytest.raises(ExportError, match="berkas: cannot be written"):
        list(export(copy, [], "csv", tmp_path / "berkas"))


@pytest.mark.e2e
def test_every_view_of_a_copy_is_exported(tmp_path: Path) -> None:
    page_fixture.fill(tmp_path / "warehouse.duckdb", load_instrument("spbe-2020"))
    publish(tmp_path / "warehouse.duckdb", tmp_path / "published" / "pantau.duckdb", now=page_fixture.NOW)
    with reading(tmp_path / "published" / "pantau.duckdb") as connection:
        names = mart_names(connection)
        counts = {name: connection.execute(f"SELECT count(*) FROM mart.{name}").fetchone() for name in names}
        (index,) = connection.execute("SELECT nilai_sementara FROM mart.indeks_terkini").fetchall()[0]
    few = ["indeks_terkini", "sumber_terkini", "perubahan", "aplikasi_ganda"]
    for kind, asked in (("csv", []), ("xlsx", []), ("parquet", few), ("json", few)):
        options = ["--format", kind, "-o", str(tmp_path / kind), "--data-dir", str(tmp_path), "--json"]
        result = CliRunner().invoke(app, ["export", *asked, *options], catch_exceptions=False)
        assert result.exit_code == 0
        told: list[dict[str, Any]] = json.loads(result.stdout)
        assert {one["mart"]: (one["rows"],) for one in told} == {
            name: counts[name] for name in asked or names
        }
        assert {path.stem for path in (tmp_path / kind).iterdir()} == set(asked or names)
    with (tmp_path / "csv" / "indeks_terkini.csv").open(encoding="utf-8-sig", newline="") as file:
        assert Decimal(next(csv.DictReader(file))["nilai_sementara"]) == index
    sheet = openpyxl.load_workbook(tmp_path / "xlsx" / "indeks_terkini.xlsx").active
    assert sheet is not None
    row = dict(zip(*[[cell.value for cell in line] for line in sheet.iter_rows()], strict=True))
    assert isinstance(row["tanggal"], datetime) and row["tanggal"].date() == date(2026, 11, 24)


def test_a_format_that_there_is_not_is_wrong_usage(tmp_path: Path) -> None:
    from flows.export_command import ExportUsageError

    with pytest.raises(ExportUsageError, match="there are: csv, xlsx, parquet, json"):
        CliRunner().invoke(app, ["export", "--format", "ods"], catch_exceptions=False)
