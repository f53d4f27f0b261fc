"""Score: findings, levels and the index as of a date, into the warehouse."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from collectors.archive import Archive
from flows.places import Places
from flows.progress import report
from warehouse.forecast import forecast_scored
from warehouse.journal import write_journal
from warehouse.score import ScoreResult
from warehouse.score import score as score_institutions
from warehouse.uncollected import uncollected


def score(
    places: Places,
    *,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None = None,
    since: datetime | None = None,
) -> list[ScoreResult]:
    """Score every institution known at `as_of`, or those named, and forecast the latest score of each.

    With `since` every day from there on, too.
    """
    report("score", 0, 1, "")
    with uncollected():
        results = score_institutions(
            places.home, as_of=as_of, now=now, institutions=institutions, since=since
        )
        # The forecast is of the latest date only: one scored after the fact leaves it as it is.
        results = forecast_scored(places.home, results, now=now)
    write_journal(Archive(places.archive), places.home, now=now, is_due=False, institutions=institutions)
    report("score", 1, 1, "")
    return results
