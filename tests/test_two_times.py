"""Two times: the world on a day, and what was known of it by a moment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from collectors.institution import CONFIG_SOURCE
from tests.test_institution import GOOD
from tests.test_load import A, B, C
from tests.test_rebuild import Fed, contents
from warehouse.connection import writing
from warehouse.load import load

pytestmark = pytest.mark.e2e

HAD_LOADED_AT = ["regulation", "application", "attestation", "dataset", "observation", "uptime_check"]


def test_an_older_warehouse_gets_both_times_from_the_loads_on_record(tmp_path: Path) -> None:
    fed = Fed(tmp_path)
    fed.listing(A, B)
    fed.now += timedelta(hours=3)
    fed.keep("jdih", "https://jdih.uji.go.id/x", b'[{"judul": "Peraturan Wali Kota Nomor 4 Tahun 2023"}]')
    fed.keep(CONFIG_SOURCE, "file:uji.yml", GOOD.replace("4.50", "4.60").encode(), None)
    load(fed.archive, fed.warehouse, now=fed.now + timedelta(days=2))
    fed.listing(A, C)
    before = contents(fed.warehouse)
    closed = [row for row in before["core.target"] if row[-1] is not None]
    assert len(closed) == 1

    with writing(fed.warehouse, fed.now) as connection:
        connection.execute("DELETE FROM ops.migration WHERE number >= 33")
        for table, column in connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse' "
            "AND schema_name = 'core' AND (column_name = 'closed_loaded_at' OR column_name = 'loaded_at' "
            "AND NOT list_contains($held, table_name))",
            {"held": HAD_LOADED_AT},
        ).fetchall():
            connection.execute(f"ALTER TABLE core.{table} DROP COLUMN {column}")
    with writing(fed.warehouse, fed.now):
        pass
    assert contents(fed.warehouse) == before
