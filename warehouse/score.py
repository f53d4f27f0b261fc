"""Scoring as of a date: models and probes in SQL, judgement in `transforms.scoring`, results appended.

Reads only the warehouse; `as_of` and `now` come in. Scores are append-only: the same findings at the same
date give the same score_id, and are not written twice.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from transforms import attribution
from transforms.alert import Alert
from transforms.alerts import RuleChange
from transforms.forecast import Known
from transforms.ruleset import Ruleset
from warehouse.change_rows import failing_evidence, write_changes
from warehouse.connection import Home, writing
from warehouse.lake import Lake
from warehouse.operations import record_scores
from warehouse.rollup import require_checks, unscorable
from warehouse.score_date import Run, score_all
from warehouse.score_rows import (
    is_in_use,
    rows_of,
    scores_by_other_rules,
    use_ruleset,
    write_ruleset,
)
from warehouse.shares import DATES_AT_ONCE, score_shares, scoring_alone, shares_of
from warehouse.uncollected import uncollected

_Made = tuple[str, str, str]

log = logging.getLogger(__name__)


class ScoreError(Exception):
    """Nothing can be scored; the message says what is missing."""


@dataclass(frozen=True)
class ScoreResult:
    """One institution scored: its numbers, the date compared with, what moved, and the alerts decided.

    `ruleset` and `known` are what it was judged by. `rules` is the date compared with under the rules before
    and these, where it was scored under both. `news` are the event keys of alerts that nobody was told
    before; they are known once the forecast was made.
    """

    institution: str
    instrument: str
    current: attribution.Scored
    previous: attribution.Scored | None
    changes: tuple[attribution.Change, ...]
    alerts: tuple[Alert, ...]
    is_new: bool
    ruleset: Ruleset
    known: Known
    rules: RuleChange | None = None
    news: frozenset[str] = frozenset()

    def told(self) -> tuple[list[Alert], list[Alert]]:
        """The alerts that nobody was told before, and those that were and still hold."""
        new = [alert for alert in self.alerts if alert.event_key in self.news]
        return new, [alert for alert in self.alerts if alert.event_key not in self.news]


@dataclass(frozen=True)
class Rescored:
    """A date scored again under the present ruleset; `before` is its score under the one before."""

    institution: str
    instrument: str
    before: attribution.Scored
    after: attribution.Scored
    changes: tuple[attribution.Change, ...]


def score(
    warehouse: Home,
    *,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None = None,
    since: datetime | None = None,
) -> list[ScoreResult]:
    """Score every institution known at `as_of` (or those named), and put its alerts into the outbox.

    With `since` the days from there to `as_of` are scored first, each at the hour of `as_of`: history, of
    which nobody is told. Where the last date before was scored under other rules only, it is scored again
    under the present ones first, so that what moved since is told apart from what the rules moved.
    History that is long enough is shared out (`warehouse.shares`). Raises as `score_facts` does, and
    WarehouseBusyError where another process scores.
    """
    days = max((as_of - since).days, 0) if since else 0
    dates = [as_of - timedelta(days=back) for back in range(days, -1, -1)]
    if isinstance(warehouse, Lake):
        return score_here(warehouse, dates, now, institutions)
    # All that is made is looked through as soon as garbage is looked for again: once is enough.
    with scoring_alone(warehouse), uncollected():
        if shares := shares_of(warehouse, dates[:-1]):
            score_shares(warehouse, shares, now, institutions)
            # The date that is told of is scored by what is known then, and with all that is in this process.
            dates = dates[-1:]
        return score_here(warehouse, dates, now, institutions)


def score_here(
    warehouse: Home, dates: Sequence[datetime], now: datetime, institutions: Collection[str] | None
) -> list[ScoreResult]:
    """Score dates in this process, where nobody else scores; all but the last are history.

    Raises as `score_facts` does.
    """
    own = institutions if isinstance(warehouse, Lake) else None
    results: list[ScoreResult] = []
    for first in range(0, len(dates), DATES_AT_ONCE):
        together, last = dates[first : first + DATES_AT_ONCE], dates[-1]
        try:
            with writing(warehouse, now, institutions=own) as connection:
                run = Run() if isinstance(warehouse, Lake) else Run(_use_one_thread(connection))
                results = score_dates(
                    connection, run, together, now, institutions, last=last, may_change_rules=own is None
                )
        except _NewRulesError:
            with writing(warehouse, now) as connection:
                results = score_dates(connection, Run(), together, now, institutions, last=last)
    return results


def _use_one_thread(connection: duckdb.DuckDBPyConnection) -> int:
    """Let DuckDB have one thread but for models of very many rows (`Run.ask`); how many there are for those.

    It gives rows out by the row group, of 122,880 each. Where there are few, one thread works while the one
    that called it asks without a pause whether it is done, and takes Python's lock for it each time.
    """
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchall()[0]
    connection.execute("SET threads = 1")
    return int(threads)


class _NewRulesError(Exception):
    """Rules are used for the first time, which all institutions share."""


def score_dates(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    dates: Sequence[datetime],
    now: datetime,
    institutions: Collection[str] | None,
    *,
    last: datetime | None,
    may_change_rules: bool = True,
) -> list[ScoreResult]:
    """Score dates, and write down each. Results are those of `last`; the others are history."""
    results: list[ScoreResult] = []
    with uncollected():
        for date in dates:
            made, results = _score_date(
                connection,
                run,
                date,
                now,
                institutions,
                is_last=date == last,
                may_change_rules=may_change_rules,
            )
            record_scores(connection, "score", now, {"as_of": date.isoformat()}, made)
    return results


def score_facts(
    connection: duckdb.DuckDBPyConnection,
    *,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None,
) -> list[ScoreResult]:
    """Do what `score` does by what the current database holds, and write down no operation.

    Raises ScoreError when no institution is known by then, RolledUpError where the checks of then are rolled
    up.
    """
    _, results = _score_date(connection, Run(), as_of, now, institutions, is_last=True, may_change_rules=True)
    return results


def _score_date(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None,
    *,
    is_last: bool,
    may_change_rules: bool,
) -> tuple[dict[str, list[_Made]], list[ScoreResult]]:
    """All instruments of a date: what was made of each institution, and the results of the last date."""
    known = rows_of(connection, "institutions", {"as_of": as_of})
    chosen = [row for row in known if institutions is None or row["institution"] in institutions]
    if not chosen:
        if not is_last:
            return {}, []
        raise ScoreError(
            f"{', '.join(institutions or ['institutions'])}: not known at "
            f"{as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC; run pantau collect, then pantau load"
        )
    require_checks(connection, min(as_of, now), [row["institution"] for row in chosen])
    results: list[ScoreResult] = []
    made: dict[str, list[_Made]] = {row["institution"]: [] for row in chosen}
    main = sorted({row["instrument"] for row in chosen})
    beside = sorted({name for row in chosen for name in row["also"] or ()} - set(main))
    for instrument_id in (*main, *beside):
        ruleset = run.ruleset(instrument_id)
        if not may_change_rules and not is_in_use(connection, ruleset):
            raise _NewRulesError(instrument_id)
        write_ruleset(connection, ruleset)
        use_ruleset(connection, ruleset, now)
        _rescore_last_dates(connection, run, ruleset, made.keys(), as_of, now)
        asked = [row for row in chosen if instrument_id in _instruments(row)]
        run.ask(connection, ruleset, asked, as_of, sorted(made))
        done = score_all(connection, run, ruleset, asked, as_of, now, is_history=not is_last, whole=is_last)
        for one in done:
            made[one.current.institution].append(_made(instrument_id, one.current))
        if is_last:
            judged_by = run.standing(ruleset).known(connection, [one.current.institution for one in done])
            results += [
                ScoreResult(
                    one.current.institution,
                    instrument_id,
                    one.current,
                    one.previous,
                    one.changes,
                    one.told,
                    one.is_new,
                    ruleset,
                    judged_by[one.current.institution],
                    one.rules,
                )
                for one in done
            ]
    return made, results


def rescore(
    warehouse: Home, *, now: datetime, institution: str | None = None, since: datetime | None = None
) -> list[Rescored]:
    """Score again, under the present rulesets, every date from `since` that was scored under others only.

    Nothing is taken back: both scores stay, and the marts read those of the ruleset in use. Evidence that
    was captured by a date but loaded after it was first scored counts for it now. Repeating does nothing.
    Dates whose uptime checks are rolled up keep the scores they have.
    """
    with scoring_alone(warehouse):
        return rescore_here(warehouse, now=now, institution=institution, since=since)


def rescore_here(
    warehouse: Home, *, now: datetime, institution: str | None, since: datetime | None
) -> list[Rescored]:
    """Do what `rescore` does, where nobody else scores."""
    results: list[Rescored] = []
    run = Run()
    with writing(warehouse, now) as connection:
        instruments = connection.execute("SELECT DISTINCT instrument FROM score.run ORDER BY ALL").fetchall()
        for (instrument_id,) in instruments:
            ruleset = run.ruleset(instrument_id)
            write_ruleset(connection, ruleset)
            use_ruleset(connection, ruleset, now)
            behind = [
                row
                for row in _behind(connection, ruleset)
                if institution in (None, row["institution"]) and (since is None or row["as_of"] >= since)
            ]
            for as_of in sorted({row["as_of"] for row in behind}):
                names = {row["institution"] for row in behind if row["as_of"] == as_of}
                results += _rescore_date(connection, run, ruleset, names, as_of, now)
        asked = {"since": since.isoformat() if since else None}
        known = connection.execute("SELECT DISTINCT institution FROM score.run ORDER BY ALL").fetchall()
        made: dict[str, list[_Made]] = {name: [] for (name,) in known if institution in (None, name)}
        for r in results:
            made[r.institution].append(_made(r.instrument, r.after))
        record_scores(connection, "rescore", now, asked, made)
    return results


def _made(instrument: str, scored: attribution.Scored) -> _Made:
    return scored.score_id, instrument, scored.ruleset_hash


def _instruments(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["instrument"], *(row["also"] or ()))


def _behind(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset) -> list[dict[str, Any]]:
    parameters = {"instrument": ruleset.instrument.id, "ruleset_hash": ruleset.hash}
    return rows_of(connection, "not_rescored", parameters)


def _rescore_last_dates(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    ruleset: Ruleset,
    names: Set[str],
    as_of: datetime,
    now: datetime,
) -> None:
    last = rows_of(connection, "last_dates", {"instrument": ruleset.instrument.id, "as_of": as_of})
    behind = {(row["institution"], row["as_of"]) for row in _behind(connection, ruleset)}
    dates: dict[datetime, set[str]] = {}
    for row in last:
        if row["institution"] in names and (row["institution"], row["as_of"]) in behind:
            dates.setdefault(row["as_of"], set()).add(row["institution"])
    for date in sorted(dates):
        _rescore_date(connection, run, ruleset, dates[date], date, now)


def _rescore_date(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    ruleset: Ruleset,
    names: Set[str],
    as_of: datetime,
    now: datetime,
) -> list[Rescored]:
    gone = unscorable(connection, as_of, names)
    for name in sorted(gone):
        log.warning("%s: %s keeps its score by older rules, its uptime checks are rolled up", name, as_of)
    names = names - gone.keys()
    if not names:
        return []
    asked = [
        row
        for row in rows_of(connection, "institutions", {"as_of": as_of})
        if row["institution"] in names and ruleset.instrument.id in _instruments(row)
    ]
    run.ask(connection, ruleset, asked, as_of, sorted(names))
    results = []
    moves = []
    scored = score_all(connection, run, ruleset, asked, as_of, now, is_history=True, whole=True)
    earlier = scores_by_other_rules(connection, ruleset, sorted(names), as_of)
    failing = failing_evidence(connection, [done.current for done in scored], as_of)
    for done in scored:
        name = done.current.institution
        before = earlier.get(name)
        if before is not None:
            moved = attribution.explained(
                ruleset.instrument, before, done.current, done.current, failing[name]
            )
            if done.is_new:
                moves.append((before, done.current, moved))
            results.append(Rescored(name, ruleset.instrument.id, before, done.current, moved))
    write_changes(connection, moves)
    return results
