"""Score: findings, levels and the index as of a date, into the warehouse."""

from __future__ import annotations

from datetime import datetime

from collectors.archive import Archive
from flows.places import Places
from flows.progress import report
from warehouse.forecast import forecast_scored
from warehouse.journal import write_journal
from warehouse.score import ScoreResult
from warehouse.score import score as score_institutions


def score(
    places: Places, *, as_of: datetime, now: datetime, institution: str | None = None
) -> list[ScoreResult]:
    """Score every institution known at `as_of`, or the one named, and forecast the latest score of each."""
    report("score", 0, 1, "")
    results = score_institutions(places.warehouse, as_of=as_of, now=now, institution=institution)
    # The forecast is of the latest date only: one scored after the fact leaves it as it is.
    forecast_scored(places.warehouse, results, now=now)
    write_journal(Archive(places.archive), places.warehouse, now=now, is_due=False)
    report("score", 1, 1, "")
    return results
