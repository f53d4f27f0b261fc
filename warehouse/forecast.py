"""The forecast of the latest score, kept beside it: derived, and replaced whenever there is a later score."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import duckdb

from transforms.attribution import rows_sum_to
from transforms.forecast import INSTANT, SCENARIOS, Expiry, Forecast, Known, forecast
from transforms.index import rounded
from transforms.ruleset import load_ruleset
from warehouse.connection import append, writing
from warehouse.score import Models, known_at
from warehouse.score_rows import rows_of

_DIGITS = 10
_STEP = Fraction(1, 10**_DIGITS)
_MOST_MOMENTS = 24


def forecast_latest(warehouse: Path, *, now: datetime, institution: str | None = None) -> list[Forecast]:
    """Forecast the latest score of every institution (or the one named) under the rules in use.

    Facts are those on file as of that score. Where more than 24 moments are known at which a fact begins or
    ceases to count, the forecast ends before the next one, and says so (`known_until`).
    """
    made = []
    models = Models()
    with writing(warehouse, now) as connection:
        rows = rows_of(connection, "latest_runs", {"institution": institution})
        rulesets = {name: load_ruleset(name) for name in sorted({row["instrument"] for row in rows})}
        runs = [row for row in rows if rulesets[row["instrument"]].hash == row["ruleset_hash"]]
        facts: dict[tuple[str, str, datetime], Known] = {}
        moments_of: dict[tuple[str, datetime], list[datetime]] = {}
        # Rows of one institution follow each other, and what begins later is the same under all instruments.
        for row in runs:
            name, as_of = row["institution"], row["as_of"]
            facts[name, row["instrument"], as_of] = known_at(
                connection, models, rulesets[row["instrument"]], name, as_of
            )
            if (name, as_of) not in moments_of:
                begins = rows_of(connection, "later_facts", {"institution": name, "as_of": as_of})
                moments_of[name, as_of] = [entry["since"] for entry in begins]
        later = {
            (at, row["institution"], row["instrument"])
            for row in runs
            for at in moments_of[row["institution"], row["as_of"]][:_MOST_MOMENTS]
        }
        for at, name, instrument in sorted(later):
            facts[name, instrument, at] = known_at(connection, models, rulesets[instrument], name, at)
        for row in runs:
            name, as_of, ruleset = row["institution"], row["as_of"], rulesets[row["instrument"]]
            moments = moments_of[name, as_of]
            until = moments[_MOST_MOMENTS] - INSTANT if len(moments) > _MOST_MOMENTS else None
            known = [facts[name, row["instrument"], at] for at in (as_of, *moments[:_MOST_MOMENTS])]
            for table in ("forecast", "expiry"):
                connection.execute(
                    f"DELETE FROM score.{table} WHERE institution = $institution AND score_id IN "
                    "(SELECT score_id FROM score.run WHERE instrument = $instrument)",
                    {"institution": name, "instrument": row["instrument"]},
                )
            for scenario in SCENARIOS:
                found = forecast(ruleset, known, as_of, scenario)
                _write(connection, row["score_id"], name, found, until)
                made.append(found)
    return made


def _write(
    connection: duckdb.DuckDBPyConnection,
    score_id: str,
    institution: str,
    found: Forecast,
    until: datetime | None,
) -> None:
    shared = {"score_id": score_id, "institution": institution, "scenario": found.scenario}
    append(
        connection,
        "score.forecast",
        [
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
        ],
        **shared,
    )
    rows = [expiry for expiry in found.expiries if until is None or expiry.at <= until]
    proven = _rounded(found.points[0].proven, [expiry.proven_change for expiry in rows])
    provisional = _rounded(found.points[0].provisional, [expiry.provisional_change for expiry in rows])
    append(
        connection,
        "score.expiry",
        [
            _row(expiry, ordinal) | {"proven_change": lost, "provisional_change": cost}
            for ordinal, (expiry, lost, cost) in enumerate(
                zip(rows, proven, provisional, strict=True), start=1
            )
        ],
        **shared,
    )


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
