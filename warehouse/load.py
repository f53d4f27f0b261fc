"""Ledger entries into the warehouse: parse, validate, commit each in one transaction.

`load` takes what the ledgers hold and the warehouse has not yet seen. A crash anywhere leaves only pending
entries; running again finishes them; running twice changes nothing. What the norm refuses is quarantined.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Literal

import duckdb

from collectors import app_registry, attestations, open_data, regulations, uptime, uptime_history
from collectors.archive import Archive
from collectors.attestation_files import DOCUMENT_KINDS
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
)
from collectors.institution import (
    CONFIG_SOURCE,
    HISTORY_SOURCE,
    JOURNAL_SOURCE,
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
from transforms.refused_evidence import refused_kinds
from warehouse.connection import (
    Home,
    append,
    execute,
    scratch_folder,
    statement,
    storage_errors,
    transact,
    writing,
)
from warehouse.institution_rows import load_institution
from warehouse.operations import write_down
from warehouse.records import MERGE_FOLDER, store
from warehouse.rollup import checks_gone
from warehouse.staging import Staging

MASS_DROP_SHARE = Decimal("0.5")
"""A listing with fewer than this share of the rows of its last good run is refused, not believed."""
REGISTER_DROP_SHARE = Decimal("0.9")
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
    """One entry ready to be committed; its rows are in the staging."""

    entry: Entry
    run: Run
    captures: tuple[Capture, ...]
    result: LoadResult
    table: Table | None = None
    verdict: validate.Verdict | None = None


def load(
    archive: Archive,
    warehouse: Home,
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
        if institution in (None, name) and source != JOURNAL_SOURCE
    }
    with writing(
        warehouse, now, institutions=institution if institution is None else (institution,)
    ) as connection:
        seen = {row[0] for row in connection.execute("SELECT entry_id FROM ops.load").fetchall()}
        floors, gone = _last_good(connection), checks_gone(connection)
    pending = [entry for entry in _in_turn(ledgers.values()) if entry.entry_id not in seen]
    return _load_each(archive, warehouse, [(entry, now) for entry in pending], floors, gone, progress)


def _in_turn(ledgers: Iterable[Sequence[Entry]]) -> list[Entry]:
    """Entries by when they were recorded; those of one ledger as they stand in it, if a clock went back.

    The institution's file comes first: the others are read by what it says.
    """
    timed = [
        (at, entry)
        for entries in ledgers
        for at, entry in zip(accumulate((one.recorded_at for one in entries), max), entries, strict=True)
    ]
    timed.sort(
        key=lambda pair: (pair[0], pair[1].source != CONFIG_SOURCE, pair[1].institution, pair[1].source)
    )
    return [entry for _, entry in timed]


def load_again(
    archive: Archive,
    warehouse: Home,
    loads: Sequence[tuple[Entry, datetime]],
    progress: Progress | None = None,
) -> list[LoadResult]:
    """Load these entries in this order, each at its own moment, as they once were.

    Those that the warehouse has are left alone. Raises as `load` does.
    """
    with writing(warehouse, loads[0][1]) as connection:
        floors, gone = _last_good(connection), checks_gone(connection)
    return _load_each(archive, warehouse, loads, floors, gone, progress)


def _load_each(
    archive: Archive,
    warehouse: Home,
    loads: Sequence[tuple[Entry, datetime]],
    floors: dict[tuple[str, str], int],
    gone: Mapping[str, Mapping[str, datetime]],
    progress: Progress | None,
) -> list[LoadResult]:
    results: list[LoadResult] = []
    stuck: set[tuple[str, str]] = set()
    configs = _Configs(archive)
    for number, (entry, now) in enumerate(loads, start=1):
        at = (entry.institution, entry.source)
        if progress:
            progress(number, len(loads), f"{entry.institution}/{entry.source}")
        if at in stuck:
            continue
        with storage_errors(warehouse), Staging(scratch_folder(warehouse)) as staging:
            batch = _prepare(
                archive, entry, configs.at(entry), floors.get(at), staging, gone.get(entry.institution, {})
            )
            if batch.result.outcome == "error":
                stuck.add(at)
            else:
                _take_over(warehouse, batch, staging, now)
                if batch.result.outcome == "loaded" and batch.table is not None:
                    floors[at] = batch.result.loaded
        log.info("%s/%s: %s %s", *at, batch.result.outcome, batch.result.message)
        results.append(batch.result)
    return results


def _take_over(warehouse: Home, batch: _Batch, staging: Staging, now: datetime) -> None:
    def commit(connection: duckdb.DuckDBPyConnection) -> None:
        with staging.shown_to(connection):
            _commit(connection, batch, now)

    transact(
        warehouse,
        now,
        commit,
        institutions=(batch.entry.institution,),
        has_own_instance=staging.is_large,
    )


class _Configs:
    """The institutions' files as they stood when an entry was recorded; each is read once while it stands.

    One that this program cannot read does not stand: the one before it does.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._read: dict[str, tuple[str, InstitutionFile | None]] = {}

    def at(self, entry: Entry) -> InstitutionFile | None:
        known = self._archive.ledger(entry.institution, CONFIG_SOURCE)
        earlier = [one for one in known if one.recorded_at <= entry.recorded_at]
        if not earlier:
            return None
        kept = self._read.get(entry.institution)
        if kept is None or kept[0] != earlier[-1].entry_id:
            readable = (file for one in reversed(earlier) if (file := self._file(one)) is not None)
            kept = self._read[entry.institution] = (earlier[-1].entry_id, next(readable, None))
        return kept[1]

    def _file(self, entry: Entry) -> InstitutionFile | None:
        _, captures = self._archive.read(entry)
        try:
            return parse_institution(captures[0].payload.decode(), captures[0].url)
        except ConfigError:
            # Its own load is refused with what is wrong with it.
            return None


def parse_parts(
    run: Run, captures: Sequence[Capture], config: InstitutionFile | None
) -> Iterator[Parsed] | None:
    """The records of one run part by part, or None for the institution's own file, which has none.

    Raises ParseError, also after some parts, when nothing of the run can be believed.
    """
    if run.source == CONFIG_SOURCE:
        return None
    if run.source == SERVICES_SOURCE:
        rule = config.own_outage if config else OwnOutage()
        return without_own_outage(uptime.parse(captures, None), rule).parts(regulations.PART_ROWS)
    if run.source == HISTORY_SOURCE:
        return uptime_history.parse(captures).parts(regulations.PART_ROWS)
    source = _source_of(run, config)
    match source.collector:
        case "regulations":
            return regulations.parse_parts(captures, source)
        case "app_registry":
            return app_registry.parse(captures, source).parts(regulations.PART_ROWS)
        case "attestations":
            parsed = _admissible_only(attestations.parse(captures, source))
            return parsed.parts(regulations.PART_ROWS)
        case "open_data":
            return open_data.parse(captures).parts(regulations.PART_ROWS)


def _late_refused(run: Run, parts: Iterator[Parsed], gone: Mapping[str, datetime]) -> Iterator[Parsed]:
    """Checks of times that are rolled up are refused: there are no others left to count them with.

    Raises ParseError where nothing else is left of the run.
    """
    is_empty = True
    for part in parts:
        late: list[Record] = []
        kept: list[Record] = []
        for record in part.records:
            assert isinstance(record, UptimeRecord)
            since = gone.get(record.service_id)
            (late if since is not None and record.checked_at < since else kept).append(record)
        is_empty = is_empty and bool(late) and not kept
        why = "pemeriksaan dari masa yang sudah digulung (retention.raw_days) tidak dihitung lagi"
        yield replace(
            part,
            records=tuple(kept),
            rejects=(*part.rejects, *(_refused(record, why) for record in late)),
        )
    if is_empty:
        raise ParseError(
            run.source,
            "all its checks are of times that are rolled up, where only sums are left",
            "Bring histories in within retention.raw_days of the first check",
        )


def _source_of(run: Run, config: InstitutionFile | None) -> Source:
    if config is None:
        raise ParseError(
            run.source, "no institution file was archived before it", "Run pantau collect --config"
        )
    try:
        return config.source(run.source)
    except KeyError as error:
        raise ParseError(run.source, str(error.args[0]), "Put the source back into the file") from error


def _admissible_only(parsed: Parsed) -> Parsed:
    """Attestations that the norm has no use for are rejected.

    Those about criteria that no instrument has would never be asked for; those resting on what assessors
    refuse, such as a draft, would raise a level that no assessor grants.
    """
    known: dict[str, Instrument | None] = {}
    records: list[Record] = []
    rejects = list(parsed.rejects)
    for record in parsed.records:
        assert isinstance(record, AttestationRecord)
        if record.instrument not in known:
            known[record.instrument] = _instrument_or_none(record.instrument)
        problem = _inadmissible(record, known[record.instrument], parsed.documents)
        if problem is None:
            records.append(record)
            continue
        header, reason = problem
        raw = json.dumps(asdict(record), default=str, ensure_ascii=False)
        rejects.append(Reject(attestations.place_of(record, header), reason, raw))
    return replace(parsed, records=tuple(records), rejects=tuple(rejects))


def _inadmissible(
    record: AttestationRecord, instrument: Instrument | None, documents: Mapping[str, str]
) -> tuple[str, str] | None:
    """The column at fault and why, or None. `documents` has the words that show of what kind files are."""
    if instrument is None:
        return "instrumen", f"instrumen {record.instrument} tidak dikenal"
    if not instrument.criteria_named(record.criterion):
        return "kriteria", f"kriteria {record.criterion} tidak ada dalam instrumen {record.instrument}"
    if record.statement != "terpenuhi" or record.document_kind is None:
        return None
    indicator, level = record.criterion.split(".")[:2]
    for refused in refused_kinds(instrument.id, str(int(indicator[1:])), int(level)):
        if refused.kind == record.document_kind:
            kind = DOCUMENT_KINDS[record.document_kind]
            words = documents.get(record.file_capture_id)
            seen = f'; isi {record.file_name} sendiri menyebut "{words}"' if words else ""
            return "jenisdokumen", f"{kind} ditolak asesor: {refused.text} ({refused.source}){seen}"
    return None


def _instrument_or_none(instrument_id: str) -> Instrument | None:
    return load_instrument(instrument_id) if instrument_id in instrument_ids() else None


def _prepare(
    archive: Archive,
    entry: Entry,
    config: InstitutionFile | None,
    last_good: int | None,
    staging: Staging,
    gone: Mapping[str, datetime],
) -> _Batch:
    run, captures = archive.read(entry)
    batch = _Batch(entry, run, captures, _result(entry, "loaded"))
    if run.outcome == "failed":
        return replace(batch, result=_result(entry, "failed", message=run.message))
    try:
        parts = parse_parts(run, captures, config)
        if parts is None:
            parse_institution(captures[0].payload.decode(), captures[0].url)
            return batch
        if gone and run.source in (SERVICES_SOURCE, HISTORY_SOURCE):
            parts = _late_refused(run, parts, gone)
        table, verdict, result = _judged(batch, parts, _floor(run, config, last_good), staging)
    except (ParseError, ConfigError) as error:
        staging.clear()
        staging.refuse([Reject(getattr(error, "where", entry.source), str(error), "")])
        return replace(batch, result=_result(entry, "refused", message=str(error)))
    if verdict.outcome == "fail":
        staging.refuse_all(f"batch ditolak: {result.message}")
    elif verdict.outcome == "pass":
        staging.refuse_held()
    return replace(batch, table=table, verdict=verdict, result=result)


def _judged(
    batch: _Batch, parts: Iterator[Parsed], floor: int, staging: Staging
) -> tuple[Table, validate.Verdict, LoadResult]:
    """Put every part into the staging, and have the gate judge the whole."""
    seen = duplicates = 0
    notes: list[str] = []
    for part in parts:
        staging.keep(part.table, part.records)
        staging.refuse(part.rejects)
        seen, duplicates = seen + part.seen, duplicates + part.duplicates
        notes.extend(part.notes)
    parameters = {"min_rows": floor, "max_year": batch.run.ended_at.year + 1}
    verdict = staging.judge(validate.Gate(validate.read_suite(part.table), parameters))
    critical = [check for check in verdict.checks if check.severity == "critical"]
    broken = "; ".join(check.message for check in critical if check.outcome == "error")
    failed = "; ".join(check.message for check in critical if check.outcome == "fail")
    match verdict.outcome:
        case "error":
            result = _result(batch.entry, "error", message=f"the gate could not judge: {broken}")
        case "fail":
            result = _result(batch.entry, "refused", seen, 0, duplicates, failed)
        case "pass":
            result = _result(batch.entry, "loaded", seen, staging.loaded, duplicates, "; ".join(notes))
    return part.table, verdict, result


def _floor(run: Run, config: InstitutionFile | None, last_good: int | None) -> int:
    """How many rows the batch must hold: what the source's entry says, else a share of the last good run.

    Rounded up: of three rows one is fewer than half, a register of nine that lost one lost more than a tenth.
    """
    if run.source in (SERVICES_SOURCE, HISTORY_SOURCE):
        return 1
    stated = _source_of(run, config).min_rows
    share = REGISTER_DROP_SHARE if run.collector == "attestations" else MASS_DROP_SHARE
    return stated if stated is not None else max(1, math.ceil((last_good or 0) * share))


def _result(
    entry: Entry, outcome: Outcome, seen: int = 0, loaded: int = 0, duplicates: int = 0, message: str = ""
) -> LoadResult:
    return LoadResult(
        entry.institution,
        entry.source,
        outcome,
        seen=seen,
        loaded=loaded,
        quarantined=seen - loaded - duplicates,
        duplicates=duplicates,
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
        loaded_at=now,
    )
    execute(
        connection,
        "INSERT INTO ops.quarantine BY NAME SELECT $entry_id AS entry_id, $institution AS institution, "
        "$source AS source, $table_name AS table_name, $now AS quarantined_at, place, reason, raw "
        "FROM rejected",
        {
            "entry_id": entry.entry_id,
            "institution": entry.institution,
            "source": entry.source,
            "table_name": batch.table,
            "now": now,
        },
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
                entry_id=entry.entry_id,
                institution=entry.institution,
                source=entry.source,
                observed_at=run.ended_at,
                loaded_at=now,
            )
        elif entry.source == CONFIG_SOURCE:
            load_institution(connection, batch.captures[0], run.ended_at, now)
    error = _error_class(connection, batch)
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
    done = {"entry": entry.entry_id, "source": entry.source, "line": entry.seq + 1}
    write_down(connection, entry.institution, "load", now, done)


def _error_class(connection: duckdb.DuckDBPyConnection, batch: _Batch) -> str | None:
    """Why the run was not a good look at its source; None where it was."""
    match batch.result.outcome:
        case "failed":
            return batch.run.error or "failed"
        case "refused":
            return "refused"
    if batch.table != "uptime_check":
        return None
    blind = connection.execute("SELECT 1 FROM batch WHERE error_class = $own LIMIT 1", {"own": OWN_OUTAGE})
    return OWN_OUTAGE if blind.fetchone() else None


def _last_good(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    rows = connection.execute(statement(MERGE_FOLDER / "last_good.sql")).fetchall()
    return {(institution, source): count for institution, source, count in rows}
