"""The forecast of the latest score, kept beside it: derived, and replaced whenever there is a later score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms.alert import Alert
from transforms.attribution import Scored, rows_sum_to
from transforms.forecast import INSTANT, Expiry, Forecast, Point, forecasts
from transforms.index import rounded
from transforms.watch import expiring_evidence
from warehouse.connection import Home, frame_of, statement, transact, writing
from warehouse.later_facts import LaterFacts, later_facts
from warehouse.operations import write_down_each
from warehouse.score import ScoreResult
from warehouse.score_rows import QUERIES, rows_of, write_outbox
from warehouse.uncollected import uncollected

_DIGITS = 10
_STEPS = 10**_DIGITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AFTER_SCORING = 10_001
"""Where what the forecast tells stands in a message: after all that the score told."""

_Whose = tuple[str, str, str]
"""Score, institution and scenario."""


def forecast_scored(warehouse: Home, scored: Sequence[ScoreResult], *, now: datetime) -> list[ScoreResult]:
    """Forecast what was just scored, where it is the latest score of its institution and instrument.

    Returns the same results, with the alerts that forecasts decided after those of scoring, and with `news`.
    Writers wait while what begins to count later is read and while the forecasts are written, not while they
    are computed. Where more than 24 days are known on which legal products may begin or cease to count, a
    forecast ends before the next one, and says so (`known_until`).
    """
    names = sorted({result.institution for result in scored})
    with writing(warehouse, now, institutions=names) as connection:
        latest = _latest(connection)
        chosen = [result for result in scored if result.current.score_id in latest]
        rulesets = {result.instrument: result.ruleset for result in chosen}
        ahead: dict[datetime, LaterFacts] = {}
        for as_of in sorted({result.current.as_of for result in chosen}):
            ahead[as_of] = later_facts(connection, rulesets, as_of)
    made: list[tuple[ScoreResult, Forecast]] = []
    with uncollected():
        for result in chosen:
            facts = ahead[result.current.as_of]
            known = facts.follow(result.known, result.institution, result.instrument)
            made += [(result, found) for found in forecasts(result.ruleset, known, result.current.as_of)]

    def write(connection: duckdb.DuckDBPyConnection) -> list[ScoreResult]:
        # Another run may have scored a later date meanwhile.
        latest = _latest(connection)
        lasting = [(result, found) for result, found in made if result.current.score_id in latest]
        _remove(connection, [result for result, _ in lasting])
        with uncollected():
            _write(connection, [(result, found, _until(ahead, result)) for result, found in lasting])
        decided = _decided(connection, lasting, ahead)
        write_outbox(connection, decided, now, first=AFTER_SCORING)
        told = _told(connection, now)
        ending = {name: sorted(k for k, kind in told[name] if kind == "evidence_expiring") for name in told}
        contents = {name: {"alerts": ending.get(name, [])} for name in names}
        write_down_each(connection, contents, "forecast", now)
        alerts = {current.score_id: alerts for current, alerts in decided}
        return [
            replace(
                one,
                alerts=(*one.alerts, *alerts.get(one.current.score_id, ())),
                news=frozenset(event_key for event_key, _ in told.get(one.institution, ())),
            )
            for one in scored
        ]

    return transact(warehouse, now, write, institutions=names)


def _decided(
    connection: duckdb.DuckDBPyConnection,
    lasting: Sequence[tuple[ScoreResult, Forecast]],
    ahead: Mapping[datetime, LaterFacts],
) -> list[tuple[Scored, tuple[Alert, ...]]]:
    """What is about to run out, by what was scored."""
    kept = {
        (as_of, row["institution"]): row
        for as_of in {result.current.as_of for result, _ in lasting}
        for row in rows_of(connection, "institutions", {"as_of": as_of})
    }
    decided = []
    for result, found in lasting:
        row = kept.get((result.current.as_of, result.institution))
        if found.scenario != "sources_run" or row is None:
            continue
        until = _until(ahead, result)
        known = [expiry for expiry in found.expiries if until is None or expiry.at <= until]
        alerts = expiring_evidence(
            result.ruleset, result.current, known, row["evidence_days"], ZoneInfo(row["time_zone"])
        )
        decided.append((result.current, alerts))
    return decided


def _told(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, list[tuple[str, str]]]:
    """What was put into the outbox in this run, by institution: event keys and kinds."""
    told: dict[str, list[tuple[str, str]]] = {}
    for name, event_key, kind in connection.execute(
        "SELECT institution, event_key, kind FROM ops.outbox WHERE created_at = $now", {"now": now}
    ).fetchall():
        told.setdefault(name, []).append((event_key, kind))
    return told


def _latest(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row["score_id"] for row in rows_of(connection, "latest_runs", {"institution": None})}


def _remove(connection: duckdb.DuckDBPyConnection, results: Sequence[ScoreResult]) -> None:
    """Every forecast of an institution under an instrument that is about to have a new one."""
    for instrument in sorted({result.instrument for result in results}):
        names = sorted({result.institution for result in results if result.instrument == instrument})
        for table in ("forecast", "expiry"):
            connection.execute(
                f"DELETE FROM score.{table} WHERE list_contains($names, institution) AND score_id IN "
                "(SELECT score_id FROM score.run WHERE instrument = $instrument)",
                {"names": names, "instrument": instrument},
            )


def _until(ahead: Mapping[datetime, LaterFacts], result: ScoreResult) -> datetime | None:
    return ahead[result.current.as_of].until.get(result.institution)


def _write(
    connection: duckdb.DuckDBPyConnection,
    lasting: Sequence[tuple[ScoreResult, Forecast, datetime | None]],
) -> None:
    points, expiries = list[tuple[_Whose, Point, datetime | None]](), list[tuple[_Whose, int, Expiry]]()
    lost, cost = list[int](), list[int]()
    for result, found, until in lasting:
        whose = (result.current.score_id, result.institution, found.scenario)
        points += [(whose, p, until) for p in found.points if until is None or p.at <= until]
        rows = [e for e in found.expiries if until is None or e.at <= until]
        expiries += [(whose, ordinal, e) for ordinal, e in enumerate(rows, start=1)]
        lost += _changes(found.points[0].proven, [e.proven_change for e in rows])
        cost += _changes(found.points[0].provisional, [e.provisional_change for e in rows])
    _append(
        connection,
        "forecast",
        [whose for whose, _, _ in points],
        {
            "changes_at": [_microseconds(point.at) for _, point, _ in points],
            "known_until": [until and _microseconds(until) for _, _, until in points],
            "proven": [_steps(rounded(point.proven, _DIGITS)) for _, point, _ in points],
            "provisional": [_steps(rounded(point.provisional, _DIGITS)) for _, point, _ in points],
            "possible": [_steps(rounded(point.possible, _DIGITS)) for _, point, _ in points],
            "predikat": [point.predikat for _, point, _ in points],
        },
    )
    _append(
        connection,
        "expiry",
        [whose for whose, _, _ in expiries],
        {
            "changes_at": [_microseconds(expiry.at) for _, _, expiry in expiries],
            "ordinal": [ordinal for _, ordinal, _ in expiries],
            "indicator": [expiry.indicator for _, _, expiry in expiries],
            "criterion": [expiry.criterion for _, _, expiry in expiries],
            "event": [expiry.event for _, _, expiry in expiries],
            "answered_by": [expiry.answered_by for _, _, expiry in expiries],
            "reason": [expiry.reason for _, _, expiry in expiries],
            "evidence_ids": [list(expiry.evidence_ids) for _, _, expiry in expiries],
            "proven_change": lost,
            "provisional_change": cost,
        },
    )


def _append(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    whose: Sequence[_Whose],
    columns: Mapping[str, list[Any]],
) -> None:
    if not whose:
        return
    names = ("score_id", "institution", "scenario")
    owners = {name: [one[place] for one in whose] for place, name in enumerate(names)}
    connection.register("new_rows", frame_of({**owners, **columns}))
    try:
        connection.execute(statement(QUERIES / f"append_{table}.sql"))
    finally:
        connection.unregister("new_rows")


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // INSTANT


def _steps(amount: Decimal | Fraction) -> int:
    return int(amount * _STEPS)


def _changes(start: Fraction, parts: Sequence[Fraction]) -> list[int]:
    changes = rows_sum_to(start, parts, Fraction(1, _STEPS))
    return [_steps(amount) if amount else 0 for amount in changes]
