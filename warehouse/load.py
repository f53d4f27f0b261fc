"""Ledger entries into the warehouse: parse, validate, commit each in one transaction.

`load` takes what the ledgers hold and the warehouse has not yet seen. A crash anywhere leaves only pending
entries; running again finishes them; running twice changes nothing. What the norm refuses is quarantined.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from collectors import app_registry, attestations, open_data, regulations, uptime, uptime_history
from collectors.archive import Archive
from collectors.evidence import (
    AttestationRecord,
    Capture,
    Parsed,
    ParseError,
    Record,
    Reject,
    Run,
    Table,
    UptimeRecord,
    columns_of,
)
from collectors.institution import (
    CONFIG_SOURCE,
    HISTORY_SOURCE,
    SERVICES_SOURCE,
    ConfigError,
    InstitutionFile,
    OwnOutage,
    Source,
    parse_institution,
)
from collectors.ledger import Entry
from collectors.own_outage import OWN_OUTAGE, without_own_outage
from expectations import validate
from transforms.instrument import Instrument, instrument_ids, load_instrument
from warehouse.connection import append, statement, writing
from warehouse.institution_rows import load_institution
from warehouse.records import MERGE_FOLDER, store

MASS_DROP_SHARE = 0.5
"""A listing with fewer than this share of the rows of its last good run is refused, not believed."""
REGISTER_DROP_SHARE = 0.9
"""So is a register of attestations, where a row that is lost would pass for a statement taken back."""

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
        rule = config.own_outage if config else OwnOutage()
        return without_own_outage(uptime.parse(captures, None), rule)
    if run.source == HISTORY_SOURCE:
        return uptime_history.parse(captures)
    source = _source_of(run, config)
    match source.collector:
        case "regulations":
            return regulations.parse(captures, source)
        case "app_registry":
            return app_registry.parse(captures, source)
        case "attestations":
            return _known_criteria_only(attestations.parse(captures, source))
        case "open_data":
            return open_data.parse(captures)


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
    if run.source in (SERVICES_SOURCE, HISTORY_SOURCE):
        return 1
    stated = _source_of(run, config).min_rows
    share = REGISTER_DROP_SHARE if run.collector == "attestations" else MASS_DROP_SHARE
    return stated if stated is not None else max(1, int((last_good or 0) * share))


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
            store(
                connection,
                batch.table,
                batch.good,
                batch.held,
                entry_id=entry.entry_id,
                institution=entry.institution,
                source=entry.source,
                observed_at=run.ended_at,
                loaded_at=now,
            )
        elif entry.source == CONFIG_SOURCE:
            load_institution(connection, batch.captures[0], run.ended_at)
    error = _error_class(batch)
    append(
        connection,
        "core.observation",
        [{"error": error, "message": result.message, "row_count": result.loaded}],
        institution=entry.institution,
        source=entry.source,
        collector=run.collector,
        run_id=run.run_id,
        entry_id=entry.entry_id,
        observed_at=run.ended_at,
        is_ok=error is None,
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


def _error_class(batch: _Batch) -> str | None:
    """Why the run was not a good look at its source; None where it was."""
    match batch.result.outcome:
        case "failed":
            return batch.run.error or "failed"
        case "refused":
            return "refused"
    blind = any(isinstance(r, UptimeRecord) and r.error_class == OWN_OUTAGE for r in batch.good)
    return OWN_OUTAGE if blind else None


def _last_good(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    rows = connection.execute(statement(MERGE_FOLDER / "last_good.sql")).fetchall()
    return {(institution, source): count for institution, source, count in rows}
