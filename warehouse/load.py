"""Ledger entries into the warehouse: parse, validate, commit each in one transaction.

`load` takes what the ledgers hold and the warehouse has not yet seen. A crash anywhere leaves only pending
entries; running again finishes them; running twice changes nothing. What the norm refuses is quarantined.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

from collectors import app_registry, attestations, regulations, uptime
from collectors.archive import Archive, Entry
from collectors.evidence import (
    AttestationRecord,
    Capture,
    Parsed,
    ParseError,
    Record,
    Reject,
    Run,
    Table,
    columns_of,
)
from collectors.institution import (
    CONFIG_SOURCE,
    SERVICES_SOURCE,
    ConfigError,
    InstitutionFile,
    Source,
    parse_institution,
)
from expectations import validate
from transforms.instrument import Instrument, instrument_ids, load_instrument
from warehouse.connection import append, execute, frame_of, statement, writing

MERGE_FOLDER = Path(__file__).parent / "merge"
MASS_DROP_SHARE = 0.5
"""A listing with fewer than this share of the rows of its last good run is refused, not believed."""

Outcome = Literal["loaded", "refused", "failed", "error"]
Progress = Callable[[int, int, str], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadResult:
    """What became of one ledger entry.

    `seen == loaded + quarantined + duplicates` for every entry that could be parsed.
    """

    institution: str
    source: str
    outcome: Outcome
    seen: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicates: int = 0
    message: str = ""


@dataclass(frozen=True)
class _Merge:
    """How a table's history is keyed, and which columns make a new version."""

    key: str
    version: tuple[str, ...]


_HISTORY: Mapping[Table, _Merge] = {
    # Addresses are left out: some sites put a fresh token into every link at every fetch.
    "regulation": _Merge(
        "regulation_key",
        ("type_code", "number", "year", "title_norm", "status", "enacted_on", "promulgated_on"),
    ),
    "application": _Merge(
        "application_key",
        ("name", "agency", "description", "url", "kind", "status", "is_integrated", "started_on"),
    ),
    "attestation": _Merge(
        "attestation_key",
        ("statement", "signer", "signed_on", "scope", "sha256", "expires_on", "note"),
    ),
}


@dataclass(frozen=True)
class _Batch:
    """One entry ready to be committed."""

    entry: Entry
    run: Run
    captures: tuple[Capture, ...]
    table: Table | None
    good: tuple[Record, ...]
    held: tuple[Record, ...]
    rejects: tuple[Reject, ...]
    duplicates: int
    verdict: validate.Verdict | None
    result: LoadResult


def load(
    archive: Archive,
    warehouse: Path,
    *,
    now: datetime,
    institution: str | None = None,
    progress: Progress | None = None,
) -> list[LoadResult]:
    """Load every pending ledger entry, oldest first; `now` is the loaded time of all of them.

    Raises ArchiveError when a ledger or WARC contradicts itself, WarehouseBusyError when the warehouse stays
    held. An entry that the gate itself could not judge stays pending, with those after it from that source.
    """
    ledgers = {
        (name, source): archive.ledger(name, source)
        for name, source in archive.sources()
        if institution in (None, name)
    }
    with writing(warehouse, now) as connection:
        seen = {row[0] for row in connection.execute("SELECT entry_id FROM ops.load").fetchall()}
        floors = _last_good(connection)
    pending = sorted(
        (entry for entries in ledgers.values() for entry in entries if entry.entry_id not in seen),
        # The institution's file comes first: the others are read by what it says.
        key=lambda e: (e.recorded_at, e.source != CONFIG_SOURCE, e.institution, e.source, e.seq),
    )
    results: list[LoadResult] = []
    stuck: set[tuple[str, str]] = set()
    for number, entry in enumerate(pending, start=1):
        at = (entry.institution, entry.source)
        if progress:
            progress(number, len(pending), f"{entry.institution}/{entry.source}")
        if at in stuck:
            continue
        config = _config_at(archive, ledgers, entry)
        batch = _prepare(archive, entry, config, floors.get(at))
        if batch.result.outcome == "error":
            stuck.add(at)
        else:
            with writing(warehouse, now) as connection:
                _commit(connection, batch, now)
            if batch.result.outcome == "loaded" and batch.table is not None:
                floors[at] = batch.result.loaded
        log.info("%s/%s: %s %s", *at, batch.result.outcome, batch.result.message)
        results.append(batch.result)
    return results


def parse_captures(run: Run, captures: Sequence[Capture], config: InstitutionFile | None) -> Parsed | None:
    """The records of one run, or None for the institution's own file, which has none.

    Raises ParseError when nothing of the run can be read.
    """
    if run.source == CONFIG_SOURCE:
        return None
    if run.source == SERVICES_SOURCE:
        return uptime.parse(captures, None)
    source = _source_of(run, config)
    match source.collector:
        case "regulations":
            return regulations.parse(captures, source)
        case "app_registry":
            return app_registry.parse(captures, source)
        case "attestations":
            return _known_criteria_only(attestations.parse(captures, source))


def _source_of(run: Run, config: InstitutionFile | None) -> Source:
    if config is None:
        raise ParseError(
            run.source, "no institution file was archived before it", "Run pantau collect --config"
        )
    try:
        return config.source(run.source)
    except KeyError as error:
        raise ParseError(run.source, str(error.args[0]), "Put the source back into the file") from error


def _known_criteria_only(parsed: Parsed) -> Parsed:
    """Attestations about criteria that no instrument has are rejected: they would never be asked for."""
    known: dict[str, Instrument | None] = {}
    records: list[Record] = []
    rejects = list(parsed.rejects)
    for record in parsed.records:
        assert isinstance(record, AttestationRecord)
        if record.instrument not in known:
            known[record.instrument] = _instrument_or_none(record.instrument)
        instrument = known[record.instrument]
        if instrument is not None and instrument.criteria_named(record.criterion):
            records.append(record)
            continue
        place = f"baris {record.position}, kolom {'instrumen' if instrument is None else 'kriteria'}"
        reason = (
            f"instrumen {record.instrument} tidak dikenal"
            if instrument is None
            else f"kriteria {record.criterion} tidak ada dalam instrumen {record.instrument}"
        )
        rejects.append(Reject(place, reason, json.dumps(asdict(record), default=str, ensure_ascii=False)))
    return replace(parsed, records=tuple(records), rejects=tuple(rejects))


def _instrument_or_none(instrument_id: str) -> Instrument | None:
    return load_instrument(instrument_id) if instrument_id in instrument_ids() else None


def _config_at(
    archive: Archive, ledgers: Mapping[tuple[str, str], list[Entry]], entry: Entry
) -> InstitutionFile | None:
    """The institution's file as it stood when the entry was recorded."""
    earlier = [
        known
        for known in ledgers.get((entry.institution, CONFIG_SOURCE), [])
        if known.recorded_at <= entry.recorded_at
    ]
    if not earlier:
        return None
    _, captures = archive.read(earlier[-1])
    return parse_institution(captures[0].payload.decode(), captures[0].url)


def _prepare(archive: Archive, entry: Entry, config: InstitutionFile | None, last_good: int | None) -> _Batch:
    run, captures = archive.read(entry)
    empty = _Batch(entry, run, captures, None, (), (), (), 0, None, _result(entry, "loaded"))
    if run.outcome == "failed":
        return replace(empty, result=_result(entry, "failed", message=run.message))
    try:
        parsed = parse_captures(run, captures, config)
    except (ParseError, ConfigError) as error:
        reject = Reject(getattr(error, "where", entry.source), str(error), "")
        return replace(empty, rejects=(reject,), result=_result(entry, "refused", message=str(error)))
    if parsed is None:
        return empty
    frame = pd.DataFrame(
        {name: [getattr(record, name) for record in parsed.records] for name in columns_of(parsed.table)},
        dtype=object,
    )
    parameters = {"min_rows": _floor(run, config, last_good), "max_year": run.ended_at.year + 1}
    verdict = validate.validate(parsed.table, frame, parameters)
    batch = replace(
        empty, table=parsed.table, rejects=parsed.rejects, duplicates=parsed.duplicates, verdict=verdict
    )
    critical = [check for check in verdict.checks if check.severity == "critical"]
    if verdict.outcome == "error":
        broken = "; ".join(check.message for check in critical if check.outcome == "error")
        return replace(batch, result=_result(entry, "error", message=f"the gate could not judge: {broken}"))
    if verdict.outcome == "fail":
        why = "; ".join(check.message for check in critical if check.outcome == "fail")
        rejects = (*parsed.rejects, *(_refused(record, f"batch ditolak: {why}") for record in parsed.records))
        return replace(
            batch,
            rejects=rejects,
            result=_result(entry, "refused", parsed, quarantined=len(rejects), message=why),
        )
    good = tuple(r for number, r in enumerate(parsed.records) if number not in verdict.bad_rows)
    held = tuple(parsed.records[number] for number in verdict.bad_rows)
    rejects = (
        *parsed.rejects,
        *(_refused(parsed.records[n], "; ".join(reasons)) for n, reasons in verdict.bad_rows.items()),
    )
    result = _result(
        entry,
        "loaded",
        parsed,
        loaded=len(good),
        quarantined=len(rejects),
        message="; ".join(parsed.notes),
    )
    return replace(batch, good=good, held=held, rejects=rejects, result=result)


def _floor(run: Run, config: InstitutionFile | None, last_good: int | None) -> int:
    """How many rows the batch must hold: what the source's entry says, else half of the last good run."""
    if run.source == SERVICES_SOURCE:
        return 1
    stated = _source_of(run, config).min_rows
    return stated if stated is not None else max(1, int((last_good or 0) * MASS_DROP_SHARE))


def _result(
    entry: Entry,
    outcome: Outcome,
    parsed: Parsed | None = None,
    *,
    loaded: int = 0,
    quarantined: int = 0,
    message: str = "",
) -> LoadResult:
    return LoadResult(
        entry.institution,
        entry.source,
        outcome,
        seen=parsed.seen if parsed else 0,
        loaded=loaded,
        quarantined=quarantined,
        duplicates=parsed.duplicates if parsed else 0,
        message=message,
    )


def _refused(record: Record, reason: str) -> Reject:
    raw = json.dumps(asdict(record), default=str, ensure_ascii=False)
    return Reject(f"baris {record.position}", reason, raw)


def _commit(connection: duckdb.DuckDBPyConnection, batch: _Batch, now: datetime) -> None:
    entry, run, result = batch.entry, batch.run, batch.result
    already = connection.execute(
        "SELECT count(*) FROM ops.load WHERE entry_id = $entry", {"entry": entry.entry_id}
    ).fetchone()
    if already and already[0]:
        return
    places = {place.id: place for place in entry.records}
    append(
        connection,
        "core.capture",
        [
            {
                "capture_id": capture.capture_id,
                "url": capture.url,
                "captured_at": capture.captured_at,
                "status": capture.status,
                "digest": capture.digest,
                "warc_file": f"{entry.institution}/{entry.source}/{entry.file}",
                "warc_offset": places[capture.capture_id].offset,
            }
            for capture in batch.captures
        ],
        institution=entry.institution,
        source=entry.source,
        entry_id=entry.entry_id,
    )
    append(
        connection,
        "ops.quarantine",
        [{"place": r.where, "reason": r.reason, "raw": r.raw} for r in batch.rejects],
        entry_id=entry.entry_id,
        institution=entry.institution,
        source=entry.source,
        table_name=batch.table,
        quarantined_at=now,
    )
    if batch.verdict is not None:
        append(
            connection,
            "ops.validation",
            [
                {
                    "expectation": check.expectation,
                    "column_name": check.column,
                    "severity": check.severity,
                    "outcome": check.outcome,
                    "observed": check.observed,
                    "unexpected_count": check.unexpected_count,
                    "message": check.message,
                }
                for check in batch.verdict.checks
            ],
            entry_id=entry.entry_id,
            institution=entry.institution,
            source=entry.source,
            table_name=batch.table,
        )
    if result.outcome == "loaded":
        if batch.table is not None:
            _load_records(connection, batch, batch.table, now)
        elif entry.source == CONFIG_SOURCE:
            _load_institution(connection, batch.captures[0], run.ended_at)
    append(
        connection,
        "core.observation",
        [{"error": _error_class(result, run), "message": result.message, "row_count": result.loaded}],
        institution=entry.institution,
        source=entry.source,
        collector=run.collector,
        run_id=run.run_id,
        entry_id=entry.entry_id,
        observed_at=run.ended_at,
        is_ok=result.outcome == "loaded",
        loaded_at=now,
    )
    append(
        connection,
        "ops.load",
        [
            {
                "outcome": result.outcome,
                "rows_seen": result.seen,
                "rows_loaded": result.loaded,
                "rows_quarantined": result.quarantined,
                "rows_duplicate": result.duplicates,
                "message": result.message,
            }
        ],
        entry_id=entry.entry_id,
        institution=entry.institution,
        source=entry.source,
        run_id=run.run_id,
        ledger_seq=entry.seq,
        observed_at=run.ended_at,
        loaded_at=now,
    )


def _error_class(result: LoadResult, run: Run) -> str | None:
    if result.outcome == "failed":
        return run.error
    return "refused" if result.outcome == "refused" else None


def _load_records(connection: duckdb.DuckDBPyConnection, batch: _Batch, table: Table, now: datetime) -> None:
    columns = columns_of(table)
    frame = frame_of({name: [getattr(record, name) for record in batch.good] for name in columns})
    stamp = {
        "entry_id": batch.entry.entry_id,
        "institution": batch.entry.institution,
        "source": batch.entry.source,
        "captured_at": batch.run.ended_at,
        "observed_at": batch.run.ended_at,
        "loaded_at": now,
    }
    connection.register("batch", frame)
    try:
        execute(
            connection,
            f"INSERT INTO raw.{table} BY NAME SELECT $entry_id AS entry_id, $institution AS institution, "
            "$source AS source, $captured_at AS captured_at, $loaded_at AS loaded_at, batch.* FROM batch",
            stamp,
        )
        if table == "uptime_check":
            kept = ", ".join(_columns(connection, "uptime_check") & set(columns))
            execute(
                connection,
                "INSERT INTO core.uptime_check BY NAME "
                f"SELECT $institution AS institution, $loaded_at AS loaded_at, {kept} FROM batch",
                stamp,
            )
    finally:
        connection.unregister("batch")
    if merge := _HISTORY.get(table):
        _merge(connection, batch, table, merge, frame, stamp)


def _merge(
    connection: duckdb.DuckDBPyConnection,
    batch: _Batch,
    table: Table,
    merge: _Merge,
    frame: pd.DataFrame,
    stamp: Mapping[str, Any],
) -> None:
    """Close the versions this complete run no longer shows, open those it shows first."""
    versioned = frame.copy()
    if merge.key not in versioned:
        versioned[merge.key] = [_attestation_key(record) for record in batch.good]
    versioned["row_hash"] = [_row_hash(record, merge) for record in batch.good]
    held = [
        _attestation_key(record) if table == "attestation" else str(getattr(record, merge.key))
        for record in batch.held
    ]
    kept = sorted(_columns(connection, table) & set(versioned.columns) - {"row_hash"})
    names = {"{table}": table, "{key}": merge.key, "{columns}": ", ".join(kept)}
    connection.register("batch", versioned)
    try:
        for step in ("close", "open"):
            sql = statement(MERGE_FOLDER / f"{step}.sql")
            for placeholder, name in names.items():
                sql = sql.replace(placeholder, name)
            execute(connection, sql, {**stamp, "held": held})
    finally:
        connection.unregister("batch")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'core' AND table_name = $table AND table_catalog = current_catalog()",
        {"table": table},
    ).fetchall()
    return {row[0] for row in rows}


def _attestation_key(record: Record) -> str:
    assert isinstance(record, AttestationRecord)
    return f"{record.instrument}/{record.criterion}/{record.signer}/{record.signed_on}/{record.sha256[:12]}"


def _row_hash(record: Record, merge: _Merge) -> str:
    identity = [str(getattr(record, name)) for name in merge.version]
    return hashlib.sha256("\x1f".join(identity).encode()).hexdigest()


def _last_good(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    rows = connection.execute(statement(MERGE_FOLDER / "last_good.sql")).fetchall()
    return {(institution, source): count for institution, source, count in rows}


def _load_institution(connection: duckdb.DuckDBPyConnection, capture: Capture, at: datetime) -> None:
    """What the institution's file says from `at` on; what it said before ends then."""
    file = parse_institution(capture.payload.decode(), capture.url)
    for table, rows in _institution_rows(file, capture.capture_id).items():
        execute(
            connection,
            f"UPDATE core.{table} SET valid_to = $at WHERE institution = $institution AND valid_to IS NULL",
            {"at": at, "institution": file.institution.id},
        )
        append(
            connection,
            f"core.{table}",
            list(rows),
            institution=file.institution.id,
            valid_from=at,
            valid_to=None,
        )


def _institution_rows(file: InstitutionFile, capture_id: str) -> dict[str, Iterable[Mapping[str, Any]]]:
    body = file.institution
    return {
        "institution": [
            {
                "name": body.name,
                "kind": body.kind,
                "time_zone": body.time_zone,
                "instrument": body.instrument,
                "min_drop": file.alerts.min_drop,
                "down_after": file.down_after,
                "capture_id": capture_id,
            }
        ],
        "agency": [{"agency": agency.id, "name": agency.name} for agency in file.agencies],
        "target": [{"year": int(year), "target": target} for year, target in file.targets.items()],
        "official_result": [
            {
                "instrument": r.instrument,
                "year": r.year,
                "index_value": r.index,
                "decided_on": r.decided_on,
                "citation": r.source,
            }
            for r in file.official_results
        ],
        "official_level": [
            {
                "instrument": r.instrument,
                "year": r.year,
                "decided_on": r.decided_on,
                "indicator": indicator,
                "level": level,
            }
            for r in file.official_results
            for indicator, level in r.levels.items()
        ],
        "freshness": [
            {"kind": kind, "ttl": freshness.ttl, "grace": freshness.grace}
            for kind, freshness in (
                ("regulation", file.freshness.regulation),
                ("uptime", file.freshness.uptime),
                ("application", file.freshness.application),
                ("attestation", file.freshness.attestation),
            )
        ],
        "source": [
            {
                "source": source.id,
                "collector": source.collector,
                "cadence": source.cadence,
                "agency": source.agency,
                "location": source.url or str(source.path),
            }
            for source in file.sources
        ],
        "service": [
            {
                "service_id": service.id,
                "name": service.name,
                "url": service.url,
                "agency": service.agency,
                "expect_text": service.expect_text,
            }
            for service in file.services
        ],
        "service_shows": [
            {"service_id": service.id, "indicator": shows.indicator, "function": shows.function}
            for service in file.services
            for shows in service.shows
        ],
    }
