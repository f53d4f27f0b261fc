"""Scoring as of a date: models and probes in SQL, judgement in `transforms.scoring`, results appended.

Reads only the warehouse; `as_of` and `now` come in. Scores are append-only: the same findings at the same
date give the same score_id, and are not written twice.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms import alerts, attribution
from transforms.alert import Alert
from transforms.alerts import RuleChange
from transforms.forecast import Known
from transforms.ruleset import Ruleset, load_ruleset
from transforms.watch import Watched
from warehouse.application_rows import Comparisons, write_comparisons
from warehouse.asking import Models
from warehouse.change_rows import explain_change, write_changes
from warehouse.connection import Home, writing
from warehouse.lake import Lake
from warehouse.operations import record_scores
from warehouse.rollup import require_checks, unscorable
from warehouse.score_rows import (
    is_in_use,
    previous_runs,
    read_score,
    read_scores,
    rows_of,
    score_at,
    use_ruleset,
    write_outbox,
    write_ruleset,
    written_scores,
)
from warehouse.standing import Stand, Standing, write_scores
from warehouse.uncollected import uncollected
from warehouse.watched import watched

_Made = tuple[str, str, str]

log = logging.getLogger(__name__)


class ScoreError(Exception):
    """Nothing can be scored; the message says what is missing."""


@dataclass(frozen=True)
class ScoreResult:
    """One institution scored: its numbers, the date compared with, what moved, and the alerts decided.

    `ruleset` and `known` are what it was judged by. `rules` is the date compared with under the rules before
    and these, where it was scored under both.
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


@dataclass(frozen=True)
class Rescored:
    """A date scored again under the present ruleset; `before` is its score under the one before."""

    institution: str
    instrument: str
    before: attribution.Scored
    after: attribution.Scored
    changes: tuple[attribution.Change, ...]


@dataclass
class _Run:
    """What a run keeps from date to date: rules, models, what stands, comparisons of registries."""

    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    models: Models = field(default_factory=Models)
    standings: dict[str, Standing] = field(default_factory=dict)
    comparisons: Comparisons = field(default_factory=Comparisons)

    def ruleset(self, instrument: str) -> Ruleset:
        """The rules of an instrument, read once."""
        if instrument not in self.rulesets:
            self.rulesets[instrument] = load_ruleset(instrument)
        return self.rulesets[instrument]

    def standing(self, ruleset: Ruleset) -> Standing:
        """What stands under a ruleset."""
        return self.standings.setdefault(ruleset.hash, Standing(ruleset, self.models))


@dataclass(frozen=True)
class _Done:
    """One institution scored at one date; `told` are the alerts decided."""

    current: attribution.Scored
    previous: attribution.Scored | None
    changes: tuple[attribution.Change, ...]
    told: tuple[Alert, ...]
    is_new: bool
    rules: RuleChange | None


@dataclass(frozen=True)
class _Facts:
    """What alerts are decided on besides scores, by institution."""

    down: Mapping[str, Sequence[alerts.DownService]]
    late: Mapping[str, Sequence[alerts.LateApplication]]
    turning: Mapping[str, Sequence[alerts.UnstableService | alerts.RecoveredService]]
    compromised: Mapping[str, Sequence[alerts.CompromisedService]]
    changed: Mapping[str, Sequence[alerts.ChangedService]]
    watched: Mapping[str, Sequence[Watched]]


DATES_AT_ONCE = 31
"""So many dates share a transaction, for which the warehouse is held."""


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
    Raises as `score_facts` does.
    """
    days = max((as_of - since).days, 0) if since else 0
    dates = [as_of - timedelta(days=back) for back in range(days, -1, -1)]
    own = institutions if isinstance(warehouse, Lake) else None
    results: list[ScoreResult] = []
    for first in range(0, len(dates), DATES_AT_ONCE):
        together = dates[first : first + DATES_AT_ONCE]
        try:
            with writing(warehouse, now, institutions=own) as connection:
                results = _score_dates(
                    connection, together, as_of, now, institutions, may_change_rules=own is None
                )
        except _NewRulesError:
            with writing(warehouse, now) as connection:
                results = _score_dates(connection, together, as_of, now, institutions, may_change_rules=True)
    return results


class _NewRulesError(Exception):
    """Rules are used for the first time, which all institutions share."""


def _score_dates(
    connection: duckdb.DuckDBPyConnection,
    dates: Sequence[datetime],
    last: datetime,
    now: datetime,
    institutions: Collection[str] | None,
    *,
    may_change_rules: bool,
) -> list[ScoreResult]:
    """Score dates, and write down each. Results are those of `last`; the others are history."""
    run = _Run()
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
    _, results = _score_date(
        connection, _Run(), as_of, now, institutions, is_last=True, may_change_rules=True
    )
    return results


def _score_date(
    connection: duckdb.DuckDBPyConnection,
    run: _Run,
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
            f"{', '.join(institutions or ['institutions'])}: not known at {as_of.isoformat()}; "
            "run pantau collect, then pantau load"
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
        names = set(made)
        _rescore_last_dates(connection, run, ruleset, names, as_of, now)
        run.models.stand(connection, ruleset.topics, as_of, sorted(names))
        asked = [row for row in chosen if instrument_id in _instruments(row)]
        done = _score_all(connection, run, ruleset, asked, as_of, now, is_history=not is_last, whole=is_last)
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
    results: list[Rescored] = []
    run = _Run()
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
    run: _Run,
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
    run: _Run,
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
    run.models.stand(connection, ruleset.topics, as_of, sorted(names))
    asked = [
        row
        for row in rows_of(connection, "institutions", {"as_of": as_of})
        if row["institution"] in names and ruleset.instrument.id in _instruments(row)
    ]
    results = []
    moves = []
    for done in _score_all(connection, run, ruleset, asked, as_of, now, is_history=True, whole=True):
        name = done.current.institution
        before = score_at(connection, ruleset, name, as_of, same_rules=False)
        if before is not None:
            moved = explain_change(connection, ruleset.instrument, before, done.current, done.current)
            if done.is_new:
                moves.append((before, done.current, moved))
            results.append(Rescored(name, ruleset.instrument.id, before, done.current, moved))
    write_changes(connection, moves)
    return results


def _score_all(
    connection: duckdb.DuckDBPyConnection,
    run: _Run,
    ruleset: Ruleset,
    rows: Sequence[Mapping[str, Any]],
    as_of: datetime,
    now: datetime,
    *,
    is_history: bool,
    whole: bool,
) -> list[_Done]:
    """Score institutions under one ruleset: what is read and written of them, in one go for all.

    Findings are exact where they moved, or of all where `whole`.
    """
    run.models.ask(connection, ruleset.probes, ruleset.rules.calls())
    standing = run.standing(ruleset)
    names = [row["institution"] for row in rows]
    stands = standing.step(connection, names, as_of, whole=whole)
    before = _previous(connection, standing, stands, as_of)
    newest = dict(
        connection.execute(
            "SELECT institution, max(as_of) FROM score.run WHERE instrument = $instrument GROUP BY ALL",
            {"instrument": ruleset.instrument.id},
        ).fetchall()
    )
    scores = {name: stand.current for name, stand in stands.items()}
    written = written_scores(connection, [current.score_id for current in scores.values()])
    fresh = [current for current in scores.values() if current.score_id not in written]
    write_scores(connection, standing, fresh, now)
    places = {row["institution"]: row["name"] for row in rows}
    write_comparisons(
        connection,
        {current.institution: (current.score_id, places[current.institution]) for current in fresh},
        as_of,
        run.comparisons,
    )
    failed: dict[str, list[alerts.FailedSource]] = {}
    for source in rows_of(connection, "failed_sources", {"as_of": as_of}):
        failed.setdefault(source.pop("institution"), []).append(alerts.FailedSource(**source))
    facts = _facts(connection, as_of) if not is_history else None
    results = []
    others = _has_other_rules(connection, ruleset)
    for row in rows:
        name = row["institution"]
        current, previous = scores[name], before.get(name)
        moved: tuple[attribution.Change, ...] = ()
        if previous and _has_moved(previous, current):
            moved = explain_change(
                connection, ruleset.instrument, previous, current, may_have_failed=name in failed
            )
        rules = _rules_between(connection, ruleset, previous) if previous and others else None
        decided: tuple[Alert, ...] = ()
        # A date scored after the fact is history: nobody is to be woken by it.
        if facts is not None and newest.get(name, as_of) <= as_of:
            # What is not about an instrument is told once, with the headline's score.
            told = row["instrument"] == ruleset.instrument.id
            decided = alerts.decide(
                ruleset.instrument,
                previous,
                current,
                failed.get(name, ()) if told else (),
                facts.down.get(name, ()) if told else (),
                Decimal(row["min_drop"]),
                ZoneInfo(row["time_zone"]),
                facts.late.get(name, ()) if told else (),
                facts.turning.get(name, ()) if told else (),
                facts.compromised.get(name, ()) if told else (),
                facts.changed.get(name, ()) if told else (),
                moved=moved,
                rules=rules,
                watched=facts.watched.get(name, ()) if told else (),
            )
        is_new = current.score_id not in written
        results.append(_Done(current, previous, moved, decided, is_new, rules))
    write_changes(
        connection, [(r.previous, r.current, r.changes) for r in results if r.previous and r.is_new]
    )
    write_outbox(connection, [(r.current, r.told) for r in results], now)
    return results


def _has_moved(previous: attribution.Scored, current: attribution.Scored) -> bool:
    return any(
        level.provisional != previous.levels[number].provisional for number, level in current.levels.items()
    )


def _previous(
    connection: duckdb.DuckDBPyConnection,
    standing: Standing,
    stands: Mapping[str, Stand],
    as_of: datetime,
) -> dict[str, attribution.Scored]:
    """By institution the last scored date before `as_of` under the same ruleset, where there is one.

    Its findings are those of that date only where a level is another than now.
    """
    found: dict[str, attribution.Scored] = {}
    unread: dict[str, tuple[str, datetime]] = {}
    for name, score_id, at in previous_runs(connection, standing.ruleset, list(stands), as_of):
        before = stands[name].before
        if before is not None and before.score_id == score_id:
            found[name] = before
        else:
            unread[name] = (score_id, at)
    differing = standing.differing(connection, {name: score_id for name, (score_id, _) in unread.items()})
    read = {s.institution: s for s in read_scores(connection, [unread[name][0] for name in differing])}
    for name, (score_id, at) in unread.items():
        same = replace(stands[name].current, score_id=score_id, as_of=at)
        found[name] = read.get(name, same)
    return found


def _has_other_rules(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset) -> bool:
    """Whether any date was scored under other rules of the same instrument."""
    return bool(
        connection.execute(
            "SELECT 1 FROM score.run WHERE instrument = $instrument AND ruleset_hash != $hash LIMIT 1",
            {"instrument": ruleset.instrument.id, "hash": ruleset.hash},
        ).fetchone()
    )


def _rules_between(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, previous: attribution.Scored
) -> alerts.RuleChange | None:
    before = score_at(connection, ruleset, previous.institution, previous.as_of, same_rules=False)
    if before is None:
        return None
    previous = read_score(connection, previous.score_id)
    return alerts.RuleChange(
        before, previous, explain_change(connection, ruleset.instrument, before, previous, previous)
    )


def _facts(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> _Facts:
    parameters = {"as_of": as_of}
    down: dict[str, list[alerts.DownService]] = {}
    for row in rows_of(connection, "down_services", parameters):
        down.setdefault(row.pop("institution"), []).append(alerts.DownService(**row))
    late: dict[str, list[alerts.LateApplication]] = {}
    for row in rows_of(connection, "after_moratorium", parameters):
        late.setdefault(row.pop("institution"), []).append(alerts.LateApplication(**row))
    turning: dict[str, list[alerts.UnstableService | alerts.RecoveredService]] = {}
    for row in rows_of(connection, "unstable_services", parameters):
        turning.setdefault(row.pop("institution"), []).append(alerts.UnstableService(**row))
    for row in rows_of(connection, "recovered_services", parameters):
        turning.setdefault(row.pop("institution"), []).append(alerts.RecoveredService(**row))
    compromised: dict[str, list[alerts.CompromisedService]] = {}
    for row in rows_of(connection, "compromised_services", parameters):
        compromised.setdefault(row.pop("institution"), []).append(alerts.CompromisedService(**row))
    changed: dict[str, list[alerts.ChangedService]] = {}
    for row in rows_of(connection, "changed_services", parameters):
        changed.setdefault(row.pop("institution"), []).append(alerts.ChangedService(**row))
    return _Facts(down, late, turning, compromised, changed, watched(connection, as_of))
