"""Where the warehouse is, as `pantau.yml` in the data folder says it; a password never is in there."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.places import Places
from warehouse.home import HomeError
from warehouse.lake import Lake

LAKE = "warehouse: ducklake:postgres:dbname=pantau host=basisdata.contoh.go.id user=pantau\n"


def places_with(folder: Path, text: str) -> Places:
    (folder / "pantau.yml").write_text(text, encoding="utf-8")
    return Places(folder)


def test_without_the_file_it_is_the_one_in_the_folder(tmp_path: Path) -> None:
    assert Places(tmp_path).home == tmp_path / "warehouse.duckdb"


def test_another_file_or_a_lake_may_be_named(tmp_path: Path) -> None:
    assert places_with(tmp_path, "warehouse: ../lain.duckdb").home == tmp_path / "../lain.duckdb"
    home = places_with(tmp_path, LAKE + "data_path: /srv/lake").home
    assert home == Lake("dbname=pantau host=basisdata.contoh.go.id user=pantau", Path("/srv/lake"), tmp_path)
    assert str(home) == LAKE.removeprefix("warehouse: ").strip()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAKE, r"pantau\.yml: data_path: is missing"),
        (LAKE.strip() + " password=rahasia\ndata_path: x", "PGPASSWORD or ~/.pgpass"),
        (LAKE.replace("dbname=pantau ", "postgresql://u:rahasia@h/d ") + "data_path: x", "PGPASSWORD"),
        ("warehouse: x.duckdb\ndata_path: lake", "write the path of a DuckDB file, or ducklake:postgres:"),
        ("warehouse: ducklake:sqlite:x\n", "write the path of a DuckDB file, or ducklake:postgres:"),
        ("warehouse: x.duckdb\npassword: rahasia", "password: Extra inputs are not permitted"),
        ("warehouse: [rahasia", "is not YAML"),
        ("", "file: Input should be"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_without_the_password(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HomeError, match=message) as caught:
        _ = places_with(tmp_path, text).home
    assert "rahasia" not in str(caught.value)
