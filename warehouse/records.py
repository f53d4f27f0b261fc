"""Records into raw and core: raw keeps what each run read, core keeps how it changed.

A run shows all that its source holds. A version begins when a run first shows it and ends when a later one no
longer does; uptime checks are observations and only accumulate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from collectors.evidence import AttestationRecord, Record, RegulationRecord, Table, columns_of
from collectors.legal_relations import NO_RELATIONS
from warehouse.connection import execute, frame_of, statement

MERGE_FOLDER = Path(__file__).parent / "merge"


@dataclass(frozen=True)
class _History:
    """How a table's history is keyed, and which columns make a new version."""

    key: str
    version: tuple[str, ...]


_HISTORY: Mapping[Table, _History] = {
    # Addresses are left out: some sites put a fresh token into every link at every fetch.
    "regulation": _History(
        "regulation_key",
        ("type_code", "number", "year", "title_norm", "status", "enacted_on", "promulgated_on"),
    ),
    "application": _History(
        "application_key",
        ("name", "agency", "description", "url", "kind", "status", "is_integrated", "started_on"),
    ),
    "dataset": _History(
        "dataset_key",
        ("title", "organisation", "formats", "licence", "is_described", "resource_count", "modified_at"),
    ),
    "attestation": _History(
        "attestation_key",
        ("statement", "signer", "signed_on", "scope", "sha256", "expires_on", "note"),
    ),
}


def rows_of(table: Table, records: Sequence[Record]) -> pd.DataFrame:
    """Records as rows of the relation `batch`; for a table with history, also key and row_hash."""
    frame = frame_of({name: [getattr(record, name) for record in records] for name in columns_of(table)})
    keyed = _HISTORY.get(table)
    if keyed is not None:
        if keyed.key not in frame:
            frame[keyed.key] = [_key(record, keyed) for record in records]
        frame["row_hash"] = [_row_hash(record, keyed) for record in records]
    return frame


def keys_of(table: Table, records: Sequence[Record]) -> pd.DataFrame:
    """The keys of records as rows of the relation `held`; there are none in a table without history."""
    keyed = _HISTORY.get(table)
    return frame_of({"key": [_key(record, keyed) for record in records] if keyed else []})


def store(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    entry_id: str,
    institution: str,
    source: str,
    observed_at: datetime,
    loaded_at: datetime,
) -> None:
    """Put one run's records into raw, and into core what they change there.

    They are read from the relation `batch` (see `rows_of`), whose `ordinal` numbers its rows. `held` has the
    keys of records that the gate refused: the versions of these are neither confirmed nor ended.
    """
    columns = columns_of(table)
    stamp = {
        "entry_id": entry_id,
        "institution": institution,
        "source": source,
        "observed_at": observed_at,
        "loaded_at": loaded_at,
    }
    execute(
        connection,
        f"INSERT INTO raw.{table} BY NAME SELECT $entry_id AS entry_id, $institution AS institution, "
        "$source AS source, $observed_at AS captured_at, $loaded_at AS loaded_at, "
        f"{', '.join(columns)} FROM batch",
        stamp,
    )
    keyed = _HISTORY.get(table)
    kept = [name for name in _columns(connection, table) if name in columns or (keyed and name == keyed.key)]
    if keyed is None:
        execute(
            connection,
            f"INSERT INTO core.{table} BY NAME "
            "SELECT $institution AS institution, $source AS source, $loaded_at AS loaded_at, "
            f"{', '.join(kept)} FROM batch",
            stamp,
        )
        return
    # Close the versions this complete run no longer shows, open those it shows first.
    names = {"{table}": table, "{key}": keyed.key, "{columns}": ", ".join(kept)}
    for step in ("close", "open"):
        sql = statement(MERGE_FOLDER / f"{step}.sql")
        for placeholder, name in names.items():
            sql = sql.replace(placeholder, name)
        execute(connection, sql, stamp)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'core' AND table_name = $table AND table_catalog = current_catalog() "
        "ORDER BY ordinal_position",
        {"table": table},
    ).fetchall()
    return [row[0] for row in rows]


def _key(record: Record, keyed: _History) -> str:
    if isinstance(record, AttestationRecord):
        return (
            f"{record.instrument}/{record.criterion}/{record.signer}/{record.signed_on}/{record.sha256[:12]}"
        )
    return str(getattr(record, keyed.key))


def _row_hash(record: Record, keyed: _History) -> str:
    identity = [str(getattr(record, name)) for name in keyed.version]
    # Only where there are any: rows without are the same versions as before these were read.
    if isinstance(record, RegulationRecord) and record.relations != NO_RELATIONS:
        identity.append(record.relations)
    if isinstance(record, AttestationRecord):
        identity += [str(said) for said in (record.effective_on, record.document_kind) if said is not None]
    return hashlib.sha256("\x1f".join(identity).encode()).hexdigest()
