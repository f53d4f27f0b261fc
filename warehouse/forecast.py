"""The forecast of the latest score, kept beside it: derived, and replaced whenever there is a later score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms.attribution import rows_sum_to
from transforms.forecast import SCENARIOS, Expiry, Forecast, forecast
from transforms.index import rounded
from transforms.watch import expiring_evidence
from warehouse.connection import Home, append, transact, writing
from warehouse.later_facts import LaterFacts, later_facts
from warehouse.operations import write_down
from warehouse.score import ScoreResult
from warehouse.score_rows import rows_of, write_outbox

_DIGITS = 10
_STEP = Fraction(1, 10**_DIGITS)
AFTER_SCORING = 10_001
"""Where what the forecast tells stands in a message: after all that the score told."""


def forecast_scored(warehouse: Home, scored: Sequence[ScoreResult], *, now: datetime) -> list[Forecast]:
    """Forecast what was just scored, where it is the latest score of its institution and instrument.

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
    for result in chosen:
        facts = ahead[result.current.as_of]
        known = facts.follow(result.known, result.institution, result.instrument)
        made += [
            (result, forecast(result.ruleset, known, result.current.as_of, scenario))
            for scenario in SCENARIOS
        ]

    def write(connection: duckdb.DuckDBPyConnection) -> list[Forecast]:
        # Another run may have scored a later date meanwhile.
        latest = _latest(connection)
        lasting = [(result, found) for result, found in made if result.current.score_id in latest]
        _remove(connection, [result for result, _ in lasting])
        points, expiries = list[dict[str, Any]](), list[dict[str, Any]]()
        for result, found in lasting:
            until = ahead[result.current.as_of].until.get(result.institution)
            shared = {
                "score_id": result.current.score_id,
                "institution": result.institution,
                "scenario": found.scenario,
            }
            points += [shared | row for row in _points(found, until)]
            expiries += [shared | row for row in _expiries(found, until)]
        append(connection, "score.forecast", points)
        append(connection, "score.expiry", expiries)
        told = _tell(connection, lasting, ahead, now)
        for name in names:
            write_down(connection, name, "forecast", now, {"alerts": told.get(name, [])})
        return [found for _, found in lasting]

    return transact(warehouse, now, write, institutions=names)


def _tell(
    connection: duckdb.DuckDBPyConnection,
    lasting: Sequence[tuple[ScoreResult, Forecast]],
    ahead: Mapping[datetime, LaterFacts],
    now: datetime,
) -> dict[str, list[str]]:
    """Put what is about to run out into the outbox; the keys of what is new there, by institution."""
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
        until = ahead[result.current.as_of].until.get(result.institution)
        known = [expiry for expiry in found.expiries if until is None or expiry.at <= until]
        alerts = expiring_evidence(
            result.ruleset,
            result.current,
            known,
            row["evidence_days"],
            ZoneInfo(row["time_zone"]),
        )
        decided.append((result.current, alerts))
    write_outbox(connection, decided, now, first=AFTER_SCORING)
    told: dict[str, list[str]] = {}
    for name, event_key in connection.execute(
        "SELECT institution, event_key FROM ops.outbox "
        "WHERE kind = 'evidence_expiring' AND created_at = $now ORDER BY ALL",
        {"now": now},
    ).fetchall():
        told.setdefault(name, []).append(event_key)
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


def _points(found: Forecast, until: datetime | None) -> list[dict[str, Any]]:
    return [
        {
            "changes_at": point.at,
            "known_until": until,
            "proven": rounded(point.proven, _DIGITS),
            "provisional": rounded(point.provisional, _DIGITS),
            "possible": rounded(point.possible, _DIGITS),
            "predikat": point.predikat,
        }
        for point in found.points
        if until is None or point.at <= until
    ]


def _expiries(found: Forecast, until: datetime | None) -> list[dict[str, Any]]:
    rows = [expiry for expiry in found.expiries if until is None or expiry.at <= until]
    proven = _rounded(found.points[0].proven, [expiry.proven_change for expiry in rows])
    provisional = _rounded(found.points[0].provisional, [expiry.provisional_change for expiry in rows])
    return [
        _row(expiry, ordinal) | {"proven_change": lost, "provisional_change": cost}
        for ordinal, (expiry, lost, cost) in enumerate(zip(rows, proven, provisional, strict=True), start=1)
    ]


def _rounded(start: Fraction, parts: Sequence[Fraction]) -> list[object]:
    return [rounded(amount, _DIGITS) for amount in rows_sum_to(start, parts, _STEP)]


def _row(expiry: Expiry, ordinal: int) -> dict[str, object]:
    return {
        "changes_at": expiry.at,
        "ordinal": ordinal,
        "indicator": expiry.indicator,
        "criterion": expiry.criterion,
        "event": expiry.event,
        "answered_by": expiry.answered_by,
        "reason": expiry.reason,
        "evidence_ids": list(expiry.evidence_ids),
    }
