"""All institutions at one date under one ruleset: judged, compared with the date before, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms import alerts, attribution
from transforms.alert import Alert
from transforms.alerts import RuleChange
from transforms.ruleset import Ruleset, load_ruleset
from warehouse.alert_facts import alert_facts, failed_sources
from warehouse.application_rows import Comparisons, write_comparisons
from warehouse.asking import Models
from warehouse.change_rows import failing_evidence, write_changes
from warehouse.filed import read_filed
from warehouse.meanwhile import meanwhile
from warehouse.score_rows import (
    previous_runs,
    read_levels,
    read_scores,
    scores_by_other_rules,
    write_outbox,
    written_scores,
)
from warehouse.standing import Stand, Standing, write_scores

_ROWS_TO_SHARE = 2_000_000
"""From so many rows of the largest table on, threads have something to share."""
_MANY = 50
"""Of so many institutions there is enough to judge for one core, while DuckDB makes do with the other."""


@dataclass
class Run:
    """What a run keeps from date to date: rules, models, what stands, comparisons of registries.

    `threads` are for models of very many rows (None: as many as the connection has).
    """

    threads: int | None = None
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

    def ask(
        self,
        connection: duckdb.DuckDBPyConnection,
        ruleset: Ruleset,
        rows: Sequence[Mapping[str, Any]],
        as_of: datetime,
        known: Sequence[str],
    ) -> None:
        """Let models of the institutions `known` stand, and ask what the rules ask of `rows`, some of them.

        At a first date, what needs no answer is judged and compared meanwhile.
        """

        def work() -> None:
            self.models.stand(connection, ruleset.topics, as_of, known)
            self.models.ask(connection, ruleset.probes, ruleset.rules.calls())

        standing = self.standing(ruleset)
        (threads,) = connection.execute("SELECT current_setting('threads')").fetchall()[0]
        is_large = _has_rows_to_share(connection)
        if standing.held or (is_large and len(rows) < _MANY):
            if is_large and self.threads:
                connection.execute(f"SET threads = {self.threads}")
            work()
            connection.execute(f"SET threads = {threads}")
            return
        places = {row["institution"]: row["name"] for row in rows}
        filed = read_filed(connection, ruleset, list(places), as_of)
        entries = self.comparisons.read(connection, places, as_of)
        connection.execute("SET threads = 1")
        with meanwhile(work):
            filed.judge()
            self.comparisons.compare(entries, places)
        connection.execute(f"SET threads = {threads}")
        standing.ahead = filed


def _has_rows_to_share(connection: duckdb.DuckDBPyConnection) -> bool:
    (largest,) = connection.execute(
        "SELECT coalesce(max(estimated_size), 0) FROM duckdb_tables() WHERE database_name = current_catalog()"
    ).fetchall()[0]
    return bool(largest >= _ROWS_TO_SHARE)


@dataclass(frozen=True)
class Done:
    """One institution scored at one date; `told` are the alerts decided."""

    current: attribution.Scored
    previous: attribution.Scored | None
    changes: tuple[attribution.Change, ...]
    told: tuple[Alert, ...]
    is_new: bool
    rules: RuleChange | None


def score_all(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    ruleset: Ruleset,
    rows: Sequence[Mapping[str, Any]],
    as_of: datetime,
    now: datetime,
    *,
    is_history: bool,
    whole: bool,
) -> list[Done]:
    """Score institutions under one ruleset, of which all was asked (`Run.ask`): in one go for all.

    Findings are exact where they moved, or of all where `whole`.
    """
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
    failed = failed_sources(connection, as_of)
    facts = alert_facts(connection, as_of) if not is_history else None
    results = []
    rules = _rules_between(connection, ruleset, before) if _has_other_rules(connection, ruleset) else {}
    moving = {
        name for name, previous in before.items() if name in scores and _has_moved(previous, scores[name])
    }
    failing = failing_evidence(connection, [scores[name] for name in moving & failed.keys()], as_of)
    for row in rows:
        name = row["institution"]
        current, previous = scores[name], before.get(name)
        moved: tuple[attribution.Change, ...] = ()
        if previous and name in moving:
            evidence = failing.get(name, frozenset())
            moved = attribution.explained(ruleset.instrument, previous, current, failing=evidence)
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
                rules=rules.get(name),
                watched=facts.watched.get(name, ()) if told else (),
            )
        is_new = current.score_id not in written
        results.append(Done(current, previous, moved, decided, is_new, rules.get(name)))
    write_changes(
        connection, [(r.previous, r.current, r.changes) for r in results if r.previous and r.is_new]
    )
    write_outbox(connection, [(r.current, r.told) for r in results], now)
    return results


def _has_moved(previous: attribution.Scored, current: attribution.Scored) -> bool:
    # What stands is the same object from date to date while nothing of it moves.
    return previous.levels is not current.levels and any(
        level.provisional != previous.levels[number].provisional for number, level in current.levels.items()
    )


def _previous(
    connection: duckdb.DuckDBPyConnection,
    standing: Standing,
    stands: Mapping[str, Stand],
    as_of: datetime,
) -> dict[str, attribution.Scored]:
    """By institution the last scored date before `as_of` under the same ruleset, where there is one.

    Its findings are those of that date only where a provisional level is another than now.
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
    read = {
        s.institution: replace(s, findings=stands[s.institution].current.findings)
        for s in read_levels(connection, [unread[name][0] for name in differing])
    }
    moved = [score.score_id for name, score in read.items() if _has_moved(score, stands[name].current)]
    read |= {s.institution: s for s in read_scores(connection, moved)}
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
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, before: Mapping[str, attribution.Scored]
) -> dict[str, alerts.RuleChange]:
    """By institution its date before under other rules and these, where it was scored under both."""
    names: dict[datetime, list[str]] = {}
    for name, previous in before.items():
        names.setdefault(previous.as_of, []).append(name)
    found = {}
    for as_of, of_date in names.items():
        others = scores_by_other_rules(connection, ruleset, of_date, as_of)
        own = read_scores(connection, [before[name].score_id for name in others])
        failing = failing_evidence(connection, own, as_of)
        for one in own:
            other, evidence = others[one.institution], failing[one.institution]
            moved = attribution.explained(ruleset.instrument, other, one, one, evidence)
            found[one.institution] = alerts.RuleChange(other, one, moved)
    return found
