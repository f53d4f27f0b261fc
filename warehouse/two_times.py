"""The world on a day, by what was known at a moment: copies in memory that are read as a published one is.

`recorded` shows the score in force at a moment, as it stands in the published copy. `recomputed` scores anew,
by only those facts of the warehouse that were loaded by then, and writes nothing anywhere: what `score` would
have written then with this program. The statements that score are the same; they read views that leave out
what was learnt later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.carry import carry_nothing, see_services
from warehouse.connection import Home, copying, migrate, reading, require_current_schema
from warehouse.errors import WarehouseError
from warehouse.explanations import write_explanations
from warehouse.publish import SCHEMAS, copy_tables, create_marts
from warehouse.published_columns import published_tables
from warehouse.read import ReadError, institution_named
from warehouse.score import ScoreResult, score_facts
from warehouse.score_rows import rows_of

_WRITTEN_HERE = frozenset({"score.passage", "score.hint_evidence", "score.narrative"})
"""Published for the latest scores only: written anew for the one that is shown."""
_ROLLED = "uptime_rolled"
"""The table of core that says which facts are gone: it stands as it is now."""
_NO_FACTS = frozenset(
    {"service_now", "service_sla", "uptime_hour", "uptime_day", "uptime_month", "uptime_outage", _ROLLED}
)
"""Tables of core that hold sums of facts, or are filled in the copy only. Scoring does not read them."""
_ENDED = (
    "* REPLACE ("
    "CASE WHEN closed_loaded_at <= getvariable('known_at') THEN valid_to END AS valid_to, "
    "CASE WHEN closed_loaded_at <= getvariable('known_at') THEN closed_loaded_at END AS closed_loaded_at"
    ")"
)


@contextmanager
def recorded(copy: Path, *, as_of: datetime, institution: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """What a published copy holds of one institution, as if nothing had been scored after `as_of`.

    Raises WarehouseError when nothing is published, or by an older program; ReadError when it was not scored
    by then, or has to be named.
    """
    with reading(copy) as connection:
        first = dict(
            connection.execute(
                "SELECT institution, min(as_of) FROM score.run GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        )
        if not first:
            raise ReadError("nothing has been scored yet; run pantau score and pantau publish")
        chosen = institution_named(list(first), institution)
        if first[chosen] > as_of:
            raise ReadError(
                f"{chosen} was first scored as of {_minute(first[chosen])}, not by {_minute(as_of)}; "
                "--known-at computes it by what was known then"
            )
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute("ATTACH ':memory:' AS shown (READ_WRITE)")
        connection.execute("SET VARIABLE as_of = $as_of", {"as_of": as_of})
        connection.execute("SET VARIABLE institution = $name", {"name": chosen})
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA shown.{schema}")
        try:
            for table in published_tables():
                connection.execute(f"CREATE {_shown_as(table)} shown.{table} AS {_shown(table, name)}")
            connection.execute("USE shown")
            create_marts(connection)
        except duckdb.Error as error:
            raise WarehouseError(
                f"{copy}: was published by another version of Pantau; run pantau publish"
            ) from error
        write_explanations(connection)
        yield connection


@contextmanager
def recomputed(
    warehouse: Home, *, as_of: datetime, known_at: datetime, institution: str | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy with one score of one institution: as of a moment, by what had been loaded by `known_at`.

    Writers wait while it is computed. Raises as `scored_as_known` does.
    """
    with scored_as_known(warehouse, as_of=as_of, known_at=known_at, institution=institution) as (
        connection,
        _,
    ):
        connection.execute("ATTACH ':memory:' AS shown")
        carry_nothing(connection)
        see_services(connection, as_of)
        copy_tables(connection, "known", "shown")
        connection.execute("USE shown")
        connection.execute("DETACH known")
        # What is read from here on is in memory: writers need not wait for it.
        connection.execute("DETACH warehouse")
        create_marts(connection)
        write_explanations(connection)
        yield connection


@contextmanager
def scored_as_known(
    warehouse: Home, *, as_of: datetime, known_at: datetime, institution: str | None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[ScoreResult]]]:
    """The scores of one institution by what was known, and the database `known` in memory that holds them.

    Raises as `copying` does, WarehouseError when the warehouse has another schema, ReadError when the
    institution is not known by then, or has to be named.
    """
    with copying(warehouse) as connection:
        require_current_schema(connection, warehouse)
        connection.execute("ATTACH ':memory:' AS known")
        connection.execute("USE known")
        migrate(connection, known_at)
        connection.execute("SET VARIABLE institution = NULL")
        show_facts_known_at(connection, known_at)
        there = [row["institution"] for row in rows_of(connection, "institutions", {"as_of": as_of})]
        if not there:
            raise ReadError(
                f"{warehouse}: nothing of {_minute(as_of)} was known at {_minute(known_at)}; "
                "name a later moment"
            )
        name = institution_named(there, institution)
        connection.execute("SET VARIABLE institution = $name", {"name": name})
        yield connection, score_facts(connection, as_of=as_of, now=known_at, institutions=(name,))


def show_facts_known_at(connection: duckdb.DuckDBPyConnection, known_at: datetime) -> None:
    """Let the tables of core in the current database be those of `warehouse` as they were at `known_at`.

    Rows that were loaded later are left out; what was learnt later to have ended has no end yet. Where the
    variable `institution` is set, only its rows are there.
    """
    connection.execute("SET VARIABLE known_at = $known_at", {"known_at": known_at})
    for table, columns in fact_tables(connection).items():
        connection.execute(f"DROP TABLE core.{table}")
        connection.execute(
            f"CREATE VIEW core.{table} AS SELECT {_ENDED if 'closed_loaded_at' in columns else '*'} "
            f"FROM warehouse.core.{table} WHERE loaded_at <= getvariable('known_at') "
            "AND (getvariable('institution') IS NULL OR institution = getvariable('institution'))"
        )
    connection.execute(f"DROP TABLE core.{_ROLLED}")
    connection.execute(f"CREATE VIEW core.{_ROLLED} AS FROM warehouse.core.{_ROLLED}")


def fact_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The tables of core that hold facts in the attached `warehouse`, with their columns."""
    rows = connection.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' AND schema_name = 'core' GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    return {table: columns for table, columns in rows if table not in _NO_FACTS}


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _shown_as(table: str) -> str:
    return "TABLE" if table in _WRITTEN_HERE else "VIEW"


def _shown(table: str, database: str) -> str:
    rows = f'SELECT * FROM "{database}".{table}'
    if table == "score.run":
        return f"{rows} WHERE as_of <= getvariable('as_of') AND institution = getvariable('institution')"
    return f"{rows} LIMIT 0" if table in _WRITTEN_HERE else rows
