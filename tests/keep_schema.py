"""Keep a warehouse of the present schema for ever: `python -m tests.keep_schema` after adding a migration.

`tests/kept/` holds one packed DuckDB file per set of migrations that was ever in use, with rows in its tables, and
the archive of two days of the made-up city that they were loaded from. `tests/test_kept.py` opens each with the
code of today. Kept files are never written again; `python -m tests.keep_schema 0001 0006` makes one of an older
set, holding what that schema has columns for.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb

from collectors.ledger import LEDGER
from tests.line import MORNING, Line, demo_line
from warehouse.connection import SCHEMA_FOLDER, statement

KEPT = Path(__file__).parent / "kept"
ARCHIVE = KEPT / "archive"
FIRST_DAY, SECOND_DAY = MORNING, MORNING + timedelta(days=1)
MOST_ROWS = 60
"""Of each table of raw and core: enough to be real, few enough to be kept."""


def main(numbers: Iterable[str]) -> None:
    """Keep the archive, if there is none, and a warehouse of the migrations named, or of all."""
    wanted = {int(number) for number in numbers}
    migrations = [p for p in sorted(SCHEMA_FOLDER.glob("*.sql")) if not wanted or int(p.name[:4]) in wanted]
    target = kept_file(migrations)
    if not ARCHIVE.exists():
        _keep_archive()
    if target.exists():
        sys.stdout.write(f"{target.name} is kept already\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        line = first_day(Path(folder))
        line.load()
        line.score()
        line.notify()
        keep(line.places.warehouse, migrations)
    sys.stdout.write(f"{target.name}: {target.stat().st_size // 1024} kB\n")


def keep(warehouse: Path, migrations: Sequence[Path]) -> None:
    """Pack what the schema of these migrations has of the warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.duckdb"
        _copy(warehouse, small, migrations)
        with small.open("rb") as found, gzip.GzipFile(kept_file(migrations), "wb", mtime=0) as out:
            shutil.copyfileobj(found, out)


def kept_file(migrations: Iterable[Path]) -> Path:
    """Where the warehouse of these migrations is kept: the highest number and how many there are."""
    numbers = [path.name[:4] for path in migrations]
    return KEPT / f"schema-{max(numbers)}-of-{len(numbers):02}.duckdb.gz"


def first_day(folder: Path) -> Line:
    """The kept archive as it was on the evening of its first day, without a warehouse."""
    line = Line(folder / "institution.yml", folder / "data", FIRST_DAY)
    shutil.copytree(ARCHIVE, line.places.archive)
    for ledger in line.places.archive.glob(f"*/*/{LEDGER}"):
        lines = ledger.read_bytes().splitlines(keepends=True)
        mark = f'"recorded_at":"{FIRST_DAY.isoformat()}"'.encode()
        ledger.write_bytes(b"".join(text for text in lines if mark in text))
    return line


def second_day(line: Line) -> None:
    """The rest of the kept archive arrives."""
    shutil.copytree(ARCHIVE, line.places.archive, dirs_exist_ok=True)
    line.now = SECOND_DAY


def _keep_archive() -> None:
    with tempfile.TemporaryDirectory() as folder, demo_line(Path(folder)) as (city, line):
        for day in (1, 2):
            city.day = day
            line.collect()
            line.pass_days(1)
        shutil.copytree(line.places.archive, ARCHIVE, ignore=shutil.ignore_patterns(".lock"))


def _copy(warehouse: Path, small: Path, migrations: Iterable[Path]) -> None:
    """The rows of the warehouse, as far as the schema of these migrations has columns for them."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{warehouse}' AS whole (READ_ONLY)")
        connection.execute(f"ATTACH '{small}' AS small (BLOCK_SIZE 16384)")
        connection.execute("USE small")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA IF NOT EXISTS ops")
        connection.execute(
            "CREATE TABLE ops.migration (number INTEGER, name VARCHAR, applied_at TIMESTAMPTZ)"
        )
        for path in migrations:
            connection.execute(statement(path))
            connection.execute(
                "INSERT INTO ops.migration VALUES ($number, $name, $at)",
                {"number": int(path.name[:4]), "name": path.stem, "at": FIRST_DAY},
            )
        for schema, table in _tables(connection, "small"):
            if table == "migration":
                continue
            names = ", ".join(_shared_columns(connection, schema, table))
            # What was done and scored stays whole: what comes next is compared with it.
            limit = "" if schema in ("ops", "score") else f" LIMIT {MOST_ROWS}"
            if names:
                connection.execute(
                    f"INSERT INTO small.{schema}.{table} BY NAME "
                    f"SELECT {names} FROM whole.{schema}.{table} ORDER BY ALL{limit}"
                )


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $database ORDER BY ALL",
        {"database": database},
    ).fetchall()


def _shared_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    found = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = $schema AND table_name = $table "
        "AND database_name IN ('whole', 'small') GROUP BY column_name HAVING count(*) = 2 ORDER BY ALL",
        {"schema": schema, "table": table},
    ).fetchall()
    return [name for (name,) in found]


if __name__ == "__main__":
    main(sys.argv[1:])
