"""What moved between any two scored dates, read from a published copy: exact, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from transforms.attribution import Change, Scored
from transforms.instrument import load_instrument
from transforms.views import EvidenceView, IndexView
from warehouse.change_rows import explain_change
from warehouse.connection import execute
from warehouse.read import ReadError, index_view
from warehouse.score_rows import fetch_rows, read_score


@dataclass(frozen=True)
class ChangesView:
    """Two scored dates and what lies between them.

    `changes` add up to the difference of the two indices. `evidence` holds the captures named in them. Where
    the first date was scored under other rules before, `rules_before` is that score, and `rules_changes` what
    the rules alone moved on that date: they are no part of `changes` unless the two dates differ in rules.
    """

    index: IndexView
    before: Scored
    after: Scored
    changes: tuple[Change, ...]
    evidence: Mapping[str, EvidenceView]
    names: Mapping[str, str]
    rules_before: Scored | None
    rules_changes: tuple[Change, ...]


def changes_view(
    connection: duckdb.DuckDBPyConnection,
    institution: str | None,
    start: date | datetime | None,
    end: date | datetime | None,
) -> ChangesView:
    """What moved from `start` to `end`: each is the last scored date by then.

    Without `end` that is the latest, without `start` the one before `end`. Raises ReadError where none is.
    """
    index = index_view(connection, institution)
    last = _score_by(connection, index, end)
    first = (
        _score_by(connection, index, start) if start is not None else _score_before(connection, index, last)
    )
    instrument = load_instrument(index.instrument)
    before, after = read_score(connection, first), read_score(connection, last)
    bridge_id = _score_under(connection, index, before.as_of, after.ruleset_hash, same=True)
    bridge = read_score(connection, bridge_id) if bridge_id else None
    moved = explain_change(connection, instrument, before, after, bridge)
    old_id = _score_under(connection, index, before.as_of, before.ruleset_hash, same=False)
    old = read_score(connection, old_id) if old_id and before.ruleset_hash == after.ruleset_hash else None
    by_rules = explain_change(connection, instrument, old, before, before) if old else ()
    named = {e.evidence for c in (*moved, *by_rules) for p in c.parts for e in p.evidence if e.evidence}
    return ChangesView(
        index=index,
        before=before,
        after=after,
        changes=moved,
        evidence=_evidence(connection, index.institution, sorted(named)),
        names={i.number: i.short_name for i in instrument.indicators},
        rules_before=old,
        rules_changes=by_rules,
    )


def _score_by(connection: duckdb.DuckDBPyConnection, index: IndexView, by: date | datetime | None) -> str:
    row = execute(
        connection,
        "SELECT skor_id FROM mart.indeks_riwayat "
        "WHERE institusi = $institution AND instrumen = $instrument "
        "AND ($moment IS NULL OR keadaan_pada <= $moment) AND ($day IS NULL OR tanggal <= $day) "
        "ORDER BY keadaan_pada DESC LIMIT 1",
        {
            "institution": index.institution,
            "instrument": index.instrument,
            "moment": by if isinstance(by, datetime) else None,
            "day": by if not isinstance(by, datetime) else None,
        },
    ).fetchone()
    if row is None:
        raise ReadError(f"{index.institution} was not scored by {by}; mart.indeks_riwayat lists its dates")
    return str(row[0])


def _score_before(connection: duckdb.DuckDBPyConnection, index: IndexView, score_id: str) -> str:
    row = execute(
        connection,
        "SELECT skor_id FROM mart.indeks_riwayat "
        "WHERE institusi = $institution AND instrumen = $instrument "
        "AND keadaan_pada < (SELECT as_of FROM score.run WHERE score_id = $id) "
        "ORDER BY keadaan_pada DESC LIMIT 1",
        {"institution": index.institution, "instrument": index.instrument, "id": score_id},
    ).fetchone()
    if row is None:
        raise ReadError(f"{index.institution} has no scored date before that one; score again on another day")
    return str(row[0])


def _score_under(
    connection: duckdb.DuckDBPyConnection, index: IndexView, as_of: datetime, ruleset: str, *, same: bool
) -> str | None:
    row = execute(
        connection,
        "SELECT score_id FROM score.run "
        "WHERE institution = $institution AND instrument = $instrument AND as_of = $as_of "
        "AND (ruleset_hash = $ruleset) = $same ORDER BY scored_at DESC, score_id LIMIT 1",
        {
            "institution": index.institution,
            "instrument": index.instrument,
            "as_of": as_of,
            "ruleset": ruleset,
            "same": same,
        },
    ).fetchone()
    return str(row[0]) if row else None


def _evidence(
    connection: duckdb.DuckDBPyConnection, institution: str, ids: list[str]
) -> dict[str, EvidenceView]:
    rows = fetch_rows(
        execute(
            connection,
            "SELECT capture_id, source, url, captured_at, status, digest, warc_file, warc_offset "
            "FROM core.capture WHERE institution = $institution AND list_contains($ids, capture_id)",
            {"institution": institution, "ids": ids},
        )
    )
    return {row.pop("capture_id"): EvidenceView(**row) for row in rows}
