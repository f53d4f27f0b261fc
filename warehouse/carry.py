"""Carrying over what an earlier publication counted, so that only checks since then are looked at.

What was counted is kept in a file of its own beside the copy. It says of which warehouse it is, by which
program it was counted, as of when, and what it rests on besides checks: what was done to each institution's
rows (`operations`) and what its file says. Of an institution of which all that still holds
(`carry/carried.sql`), what was counted until a local midnight stands, as if it were rolled up until then; of
any other all is counted. Whatever is wrong with that file, everything is counted: it can make a publication
faster, never another one. It matters not who counted: a publication, or who loaded checks (`count_ahead`).
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb

from collectors.institution import HISTORY_SOURCE, SERVICES_SOURCE
from transforms.instrument import load_models
from warehouse.connection import execute, moment, statement

SETTLED = timedelta(hours=1)
"""A day is carried over when it is over for so long: a check that comes later has all counted."""
_HERE = Path(__file__).parent
_STEPS = _HERE / "carry"
_KEPT = _STEPS / "keep"
_TABLES = ("rolled", "day", "month", "outage", "seen", "fault", "recovered", "day_checks")
_SHARED = ("carried", "service_seen")
_COUNTING = ("aside", "carry", "carry/keep", "queries", "uptime")
log = logging.getLogger(__name__)


def carry_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """Have everything counted of the current database."""
    connection.execute(statement(_STEPS / "nothing.sql"))
    _look_at(connection, is_anew=True, is_carried=False)


def carry(connection: duckdb.DuckDBPyConnection, counted: Path | None, now: datetime) -> None:
    """Take over what the file `counted` says of the current database and still holds as of `now`.

    Into temporary tables: `carried` names the institutions of which that is so. What was said of months gone
    by stays where it is, in the attached database `before` (`write_carried`).
    """
    carry_nothing(connection)
    for step in ("facts", "warehouse_now"):
        execute(connection, statement(_STEPS / f"{step}.sql"), {"as_of": now})
    if counted is None:
        return
    try:
        quoted = str(counted).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
        _take_over(connection, now)
    except duckdb.Error as error:
        log.warning("%s: cannot be read, everything is counted (%s)", counted, error)
        carry_nothing(connection)


def see_services(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Build the temporary table `service_seen` from what is carried over and the checks that are not."""
    execute(connection, statement(_STEPS / "seen.sql"), {"as_of": as_of})


def share(connection: duckdb.DuckDBPyConnection) -> None:
    """Put into the attached database `aside` what other connections need to know as well (`learn`)."""
    for table in _SHARED:
        connection.execute(f"CREATE TABLE aside.{table} AS FROM {table}")


def learn(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection know what another one has put there (`share`): temporary tables are of one alone."""
    for table in _SHARED:
        connection.execute(f"CREATE TEMP VIEW {table} AS FROM aside.{table}")


def write_carried(connection: duckdb.DuckDBPyConnection, target: str) -> int:
    """Write the carried service levels of months gone by into the database `target`; how many there are."""
    if connection.execute("SELECT count(*) FROM carried").fetchone() == (0,):
        return 0
    (count,) = connection.execute(
        f"INSERT INTO {target}.core.service_sla BY NAME FROM before.sla SEMI JOIN carried USING (institution)"
    ).fetchone() or (0,)
    return int(count)


def keep(connection: duckdb.DuckDBPyConnection, path: Path, now: datetime) -> bool:
    """Keep in the new file `path` what was counted as of `now`; whether that is more than was carried over.

    It stays attached, as `counted`. From the tables that the counting left, and the database `published` that
    it filled.
    """
    execute(connection, statement(_STEPS / "kept.sql"), {"as_of": now, "settled": SETTLED})
    more = connection.execute(
        "SELECT count(*) FROM kept LEFT JOIN carried USING (institution) "
        "WHERE carried.rolled_until IS NULL OR kept.rolled_until > carried.rolled_until"
    ).fetchone()
    if not more or not more[0]:
        return False
    quoted = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS counted (BLOCK_SIZE 16384, RECOVERY_MODE no_wal_writes)")
    connection.execute("BEGIN")
    for step in sorted(_KEPT.glob("*.sql")):
        sql = f"CREATE TABLE counted.{step.stem} AS {statement(step)}"
        execute(connection, sql, {"as_of": now, "program": program()})
    connection.execute("COMMIT")
    return True


def next_midnights(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, datetime]:
    """When more can be kept of each institution than as of `now`; from the tables that the counting left."""
    asked = {"as_of": now, "settled": SETTLED}
    sql = f"SELECT institution, epoch_us(due_at) FROM ({statement(_STEPS / 'next_midnight.sql')})"
    found = ((name, moment(due_us)) for name, due_us in execute(connection, sql, asked).fetchall())
    return {name: due_at for name, due_at in found if due_at is not None}


def settle(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Let all of an attached database be in its file. Nobody else may be at work in any."""
    connection.execute(f"CHECKPOINT {database}")
    connection.execute(f"DETACH {database}")


@cache
def program() -> str:
    """What stands for all that counting follows: no two programs that count differently have the same."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    modules = sorted(_HERE.glob("*.py"))
    statements = [path for folder in _COUNTING for path in sorted((_HERE / folder).glob("*.sql"))]
    for path in (*modules, *statements):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for model in load_models():
        digest.update(model.sql.encode() + b"\0")
    return digest.hexdigest()


def _take_over(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    is_known = connection.execute(
        "SELECT count(*) FROM before.made JOIN warehouse_now ON warehouse_now.id = made.warehouse "
        "WHERE made.program = $program",
        {"program": program()},
    ).fetchone()
    if is_known != (1,):
        return
    sources = {"check_sources": [SERVICES_SOURCE, HISTORY_SOURCE]}
    execute(connection, statement(_STEPS / "fresh_load.sql"), sources)
    since, until = connection.execute("SELECT min(loaded_at), max(loaded_at) FROM fresh_load").fetchall()[0]
    execute(connection, statement(_STEPS / "fresh_check.sql"), {"since": since, "until": until})
    execute(connection, statement(_STEPS / "carried.sql"), {"as_of": now})
    for table in _TABLES:
        connection.execute(
            f"INSERT INTO carried_{table} BY NAME FROM before.{table} SEMI JOIN carried USING (institution)"
        )
    connection.execute("DELETE FROM anew USING carried WHERE carried.institution = anew.institution")
    carried, others = connection.execute(
        "SELECT (SELECT count(*) FROM carried), count(*) FROM ("
        "SELECT institution FROM before.seen UNION SELECT institution FROM fresh_load) "
        "ANTI JOIN carried USING (institution)"
    ).fetchall()[0]
    if carried:
        _look_at(connection, is_anew=others > 0, is_carried=True)
    if carried and not others:
        # For as few checks sharing them out takes longer than it spares.
        connection.execute("SET threads = 1")


def _look_at(connection: duckdb.DuckDBPyConnection, *, is_anew: bool, is_carried: bool) -> None:
    """Let `unseen_check` be the checks that no earlier count has seen."""
    (database,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    parts = []
    if is_anew:
        but = " ANTI JOIN carried USING (institution)" if is_carried else ""
        parts.append(f'FROM "{database}".core.uptime_check{but}')
    if is_carried:
        parts.append("FROM fresh_check SEMI JOIN carried USING (institution)")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW unseen_check AS {' UNION ALL BY NAME '.join(parts)}")
