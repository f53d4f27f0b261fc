"""The operations of an archive once more, in order, on a warehouse that is made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from collectors.archive import Archive
from collectors.ledger import Entry
from transforms.instrument import instrument_ids
from transforms.ruleset import load_ruleset
from warehouse.connection import Home, append, copying, execute, writing
from warehouse.forecast import forecast_scored
from warehouse.load import load_again
from warehouse.operations import Kind, Operation, in_order, to_row
from warehouse.rollup import roll_up
from warehouse.score import ScoreResult, rescore_here, score_here

Progress = Callable[[int, int, str], None]


class ReplayError(Exception):
    """An operation cannot be repeated; the message says which and what to do."""


@dataclass
class Replayed:
    """What was repeated. `operations` of all kinds add up to those that were given.

    `loads` counts entries by outcome, `rows` what they put into the warehouse. `kept` are scores by rules
    that this program no longer has, taken over from the old warehouse; `replaced` those that no warehouse
    holds any more: their dates were scored by the present rules.
    """

    operations: dict[Kind, int] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    kept: int = 0
    replaced: int = 0


class Replay:
    """A warehouse in the making. `kept` holds scores by older rules, if any (`keep_old_scores`)."""

    def __init__(self, archive: Archive, warehouse: Home, kept: Path | None) -> None:
        self._archive, self._warehouse, self._kept = archive, warehouse, kept
        self._entries: dict[tuple[str, str], dict[str, Entry]] = {}
        self._present = present_rules()
        self._scored: dict[str, list[ScoreResult]] = {}
        self._as_of: dict[str, str] = {}
        self._forecast_as_of: dict[str, str] = {}
        self.done = Replayed()

    def repeat(self, known: Sequence[Operation], progress: Progress | None = None) -> None:
        """Do these operations. Raises ReplayError, and whatever the stages themselves raise."""
        ordered = list(in_order(known))
        forecasts = self._lasting_forecasts(ordered)
        loads: list[tuple[Entry, datetime]] = []
        for number, operation in enumerate(ordered):
            if operation.kind == "load":
                loads.append((self._entry(operation), operation.at))
            else:
                self._load(loads)
                loads = []
            match operation.kind:
                case "score" | "rescore":
                    self._score(operation)
                case "forecast" if number in forecasts:
                    scored = self._scored.get(operation.institution, [])
                    forecast_scored(self._warehouse, scored, now=operation.at)
                    self._untell(operation, "evidence_expiring")
                case "delivery":
                    self._deliver(operation)
                case "rollup":
                    roll_up(self._warehouse, operation.institution, now=operation.at)
            counts = self.done.operations
            counts[operation.kind] = counts.get(operation.kind, 0) + 1
            if progress:
                progress(number + 1, len(ordered), f"{operation.kind} {operation.at:%Y-%m-%d %H:%M}")
            if len(loads) >= 200:
                self._load(loads)
                loads = []
        self._load(loads)

    def finish(self, known: Sequence[Operation], now: datetime) -> None:
        """Let the new warehouse hold the operations themselves, as they were written down."""
        with writing(self._warehouse, now) as connection:
            connection.execute("DELETE FROM ops.operation")
            append(connection, "ops.operation", [to_row(operation) for operation in known])

    def _entry(self, operation: Operation) -> Entry:
        source = operation.content["source"]
        at = (operation.institution, source)
        # Also where it is newer than what was read: somebody may be collecting meanwhile.
        if operation.content["entry"] not in self._entries.get(at, {}):
            self._entries[at] = {entry.entry_id: entry for entry in self._archive.ledger(*at)}
        entry = self._entries[at].get(operation.content["entry"])
        if entry is None:
            raise ReplayError(
                f"{self._archive.folder(*at)}: the ledger has no entry {operation.content['entry'][:12]} "
                f"(line {operation.content['line']}), which was loaded on {operation.at:%Y-%m-%d %H:%M}Z; "
                "restore the folder from a backup"
            )
        return entry

    def _load(self, loads: Sequence[tuple[Entry, datetime]]) -> None:
        if not loads:
            return
        for result in load_again(self._archive, self._warehouse, loads):
            if result.outcome == "error":
                raise ReplayError(f"{result.institution}/{result.source}: {result.message}")
            self.done.loads[result.outcome] = self.done.loads.get(result.outcome, 0) + 1
            self.done.rows += result.loaded

    def _score(self, operation: Operation) -> None:
        old = [
            made
            for made in operation.content["scores"]
            if self._present.get(made["instrument"]) != made["ruleset_hash"]
        ]
        is_kept = bool(old) and self._take_over(operation)
        if is_kept:
            self.done.kept += len(old)
            if len(old) == len(operation.content["scores"]):
                self._scored.pop(operation.institution, None)
                return
        else:
            self.done.replaced += len(old)
        self._score_anew(operation)
        if is_kept:
            # The instruments of one institution are scored together; these are taken over already.
            self._drop_present(operation, [made["instrument"] for made in old])

    def _score_anew(self, operation: Operation) -> None:
        if operation.kind == "rescore":
            since = operation.content["since"]
            begin = datetime.fromisoformat(since) if since else None
            rescore_here(self._warehouse, now=operation.at, institution=operation.institution, since=begin)
            return
        as_of = datetime.fromisoformat(operation.content["as_of"])
        self._scored[operation.institution] = score_here(
            self._warehouse, [as_of], operation.at, (operation.institution,)
        )
        self._untell(operation)

    def _untell(self, operation: Operation, kind: str | None = None) -> None:
        """Who was not told then is not to be told now, whatever this program would make of it."""
        with writing(self._warehouse, operation.at) as connection:
            execute(
                connection,
                "DELETE FROM ops.outbox WHERE institution = $institution AND created_at = $at "
                "AND ($kind IS NULL OR kind = $kind) AND NOT list_contains($told, event_key)",
                {
                    "institution": operation.institution,
                    "at": operation.at,
                    "kind": kind,
                    # Forecasts told nobody until they were written down with what they told.
                    "told": operation.content.get("alerts", []),
                },
            )

    def _drop_present(self, operation: Operation, instruments: Sequence[str]) -> None:
        """Take back what was just scored of these instruments by the present rules."""
        made = {
            "institution": operation.institution,
            "at": operation.at,
            "instruments": list(instruments),
            "present": [self._present[name] for name in instruments if name in self._present],
        }
        scores = (
            "(SELECT score_id FROM score.run WHERE institution = $institution AND scored_at = $at "
            "AND list_contains($instruments, instrument) AND list_contains($present, ruleset_hash))"
        )
        with writing(self._warehouse, operation.at) as connection:
            tables = _tables_with(connection, "warehouse", "score_id")
            for table in sorted(tables, key=lambda name: name == "score.run"):
                execute(connection, f"DELETE FROM {table} WHERE score_id IN {scores}", made)
            connection.execute(
                "DELETE FROM score.finding_set AS held WHERE NOT EXISTS "
                "(SELECT 1 FROM score.level WHERE level.set_id = held.set_id)"
            )
            execute(
                connection,
                "DELETE FROM score.ruleset_use "
                "WHERE used_from = $at AND list_contains($present, ruleset_hash)",
                made,
            )
            execute(
                connection,
                "DELETE FROM score.criterion WHERE list_contains($present, ruleset_hash) "
                "AND ruleset_hash NOT IN (SELECT ruleset_hash FROM score.ruleset_use)",
                made,
            )

    def _take_over(self, operation: Operation) -> bool:
        if self._kept is None:
            return False
        with writing(self._warehouse, operation.at) as connection:
            connection.execute(f"ATTACH '{_quoted(self._kept)}' AS kept (READ_ONLY)")
            moment = {"institution": operation.institution, "at": operation.at}
            scores = (
                "(SELECT score_id FROM kept.score.run WHERE institution = $institution AND scored_at = $at)"
            )
            for table in _tables_with(connection, "kept", "score_id"):
                told = " AND created_at = $at" if table == "ops.outbox" else ""
                execute(
                    connection,
                    f"INSERT INTO {table} BY NAME SELECT * FROM kept.{table} "
                    f"WHERE score_id IN {scores}{told}",
                    moment,
                )
            for table, columns in _SHARED_BY_SCORES.items():
                same = " AND ".join(f"here.{column} = there.{column}" for column in columns)
                execute(
                    connection,
                    f"INSERT INTO {table} BY NAME SELECT * FROM kept.{table} AS there "
                    f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS here WHERE {same})"
                    + (" AND used_from <= $at" if "used_from" in columns else ""),
                    moment,
                )
            found = execute(
                connection,
                "SELECT count(*) FROM score.run WHERE institution = $institution AND scored_at = $at",
                moment,
            ).fetchone()
        return bool(found and found[0])

    def _deliver(self, operation: Operation) -> None:
        with writing(self._warehouse, operation.at) as connection:
            append(
                connection,
                "ops.delivery",
                [{"event_key": event_key} for event_key in operation.content["events"]],
                channel=operation.content["channel"],
                message_id=operation.content["message_id"],
                delivered_at=operation.at,
            )

    def _lasting_forecasts(self, ordered: Sequence[Operation]) -> set[int]:
        """The places of forecasts that no later one replaces: of each institution that of its latest date.

        And of those that told somebody: what is in the outbox stays there.
        What was scored may be among operations that were repeated before.
        """
        lasting: dict[str, int] = {}
        telling: set[int] = set()
        for number, operation in enumerate(ordered):
            name = operation.institution
            if operation.kind == "score":
                self._as_of[name] = operation.content["as_of"]
            as_of = self._as_of.get(name)
            if operation.kind == "forecast" and as_of and as_of >= self._forecast_as_of.get(name, ""):
                self._forecast_as_of[name] = as_of
                lasting[name] = number
            if operation.kind == "forecast" and operation.content.get("alerts"):
                telling.add(number)
        return telling.union(lasting.values())


_SHARED_BY_SCORES: Mapping[str, tuple[str, ...]] = {
    "score.finding_set": ("set_id",),
    "score.criterion": ("ruleset_hash",),
    "score.indicator": ("instrument",),
    "score.crosswalk": ("instrument",),
    "score.ruleset_use": ("instrument", "ruleset_hash", "used_from"),
}


def present_rules() -> dict[str, str]:
    """The ruleset hash of every instrument this program has."""
    return {name: load_ruleset(name).hash for name in instrument_ids()}


def keep_old_scores(warehouse: Home, kept: Path) -> int:
    """Copy scores by rules that this program no longer has into a file; returns how many there are."""
    present = list(present_rules().values())
    with copying(warehouse) as connection:
        ids = connection.execute(
            "SELECT score_id FROM score.run WHERE NOT list_contains($present, ruleset_hash)",
            {"present": present},
        ).fetchall()
        if not ids:
            return 0
        connection.execute(f"ATTACH '{_quoted(kept)}' AS kept")
        connection.execute("CREATE SCHEMA kept.score")
        connection.execute("CREATE SCHEMA kept.ops")
        old = "(SELECT score_id FROM warehouse.score.run WHERE NOT list_contains($present, ruleset_hash))"
        for table in _tables_with(connection, "warehouse", "score_id"):
            execute(
                connection,
                f"CREATE TABLE kept.{table} AS SELECT * FROM warehouse.{table} WHERE score_id IN {old}",
                {"present": present},
            )
        for table, columns in _SHARED_BY_SCORES.items():
            condition = ""
            if "ruleset_hash" in columns:
                condition = " WHERE NOT list_contains($present, ruleset_hash)"
            elif "set_id" in columns:
                named = f"(SELECT set_id FROM warehouse.score.level WHERE score_id IN {old})"
                condition = f" WHERE set_id IN {named}"
            sql = f"CREATE TABLE kept.{table} AS SELECT * FROM warehouse.{table}{condition}"
            execute(connection, sql, {"present": present})
        connection.execute("DETACH kept")
    return len(ids)


def _tables_with(connection: duckdb.DuckDBPyConnection, database: str, column: str) -> list[str]:
    """Tables with such a column: all but the view score.finding, which follows from others."""
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_columns() WHERE database_name = $database "
        "AND column_name = $column AND schema_name IN ('score', 'ops') "
        "AND (schema_name || '.' || table_name) != 'score.finding' ORDER BY ALL",
        {"database": database, "column": column},
    ).fetchall()
    return [table for (table,) in rows]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
