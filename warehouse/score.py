"""Scoring as of a date: models and probes in SQL, judgement in `transforms.scoring`, results appended.

Reads only the warehouse; `as_of` and `now` come in. Scores are append-only: the same findings at the same
date give the same score_id, and are not written twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms import alerts, attribution, scoring
from transforms.alerts import RuleChange
from transforms.forecast import Known
from transforms.index import aggregates
from transforms.instrument import ProbeCall
from transforms.ruleset import Ruleset, load_ruleset
from warehouse.application_rows import write_comparisons
from warehouse.asking import Models
from warehouse.change_rows import explain_change, write_changes
from warehouse.connection import Home, writing
from warehouse.lake import Lake
from warehouse.operations import record_score
from warehouse.score_rows import (
    is_in_use,
    previous_scores,
    rows_of,
    score_at,
    use_ruleset,
    write_outbox,
    write_ruleset,
    write_scores,
)


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
    alerts: tuple[alerts.Alert, ...]
    is_new: bool
    ruleset: Ruleset
    known: Known
    rules: RuleChange | None = None


_LEVEL = tuple(entry.name for entry in fields(scoring.IndicatorLevel))


@dataclass(frozen=True)
class Rescored:
    """A date scored again under the present ruleset; `before` is its score under the one before."""

    institution: str
    instrument: str
    before: attribution.Scored
    after: attribution.Scored
    changes: tuple[attribution.Change, ...]


@dataclass(frozen=True)
class _Facts:
    """What the warehouse says of all institutions as of the date."""

    answers: Mapping[str, Mapping[ProbeCall, scoring.Answer]]
    attestations: Mapping[str, Sequence[scoring.Attested]]
    freshness: Mapping[str, Mapping[str, scoring.Freshness]]
    official: Mapping[str, Mapping[str, Decimal]]
    external: Mapping[str, Mapping[str, scoring.ExternalValue]]
    failed: Mapping[str, Sequence[alerts.FailedSource]]
    down: Mapping[str, Sequence[alerts.DownService]]
    late: Mapping[str, Sequence[alerts.LateApplication]]
    turning: Mapping[str, Sequence[alerts.UnstableService | alerts.RecoveredService]]
    compromised: Mapping[str, Sequence[alerts.CompromisedService]]
    changed: Mapping[str, Sequence[alerts.ChangedService]]

    def of(self, institution: str, as_of: datetime) -> Known:
        """What one institution is judged by."""
        return Known(
            since=as_of,
            answers=self.answers.get(institution, {}),
            attestations=self.attestations.get(institution, ()),
            freshness=self.freshness[institution],
            official=self.official.get(institution, {}),
            external=self.external.get(institution, {}),
        )


def score(
    warehouse: Home, *, as_of: datetime, now: datetime, institutions: Collection[str] | None = None
) -> list[ScoreResult]:
    """Score every institution known at `as_of` (or those named), and put its alerts into the outbox.

    Where the last scored date was scored under other rules only, it is scored again under the present ones
    first, so that what moved since is told apart from what the rules moved.
    Raises ScoreError when no institution is known by then.
    """
    own = institutions if isinstance(warehouse, Lake) else None
    try:
        with writing(warehouse, now, institutions=own) as connection:
            return _score(connection, as_of, now, institutions, may_change_rules=own is None)
    except _NewRulesError:
        with writing(warehouse, now) as connection:
            return _score(connection, as_of, now, institutions, may_change_rules=True)


class _NewRulesError(Exception):
    """Rules are used for the first time, which all institutions share."""


def _score(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None,
    *,
    may_change_rules: bool,
) -> list[ScoreResult]:
    results = score_facts(
        connection, as_of=as_of, now=now, institutions=institutions, may_change_rules=may_change_rules
    )
    for name in dict.fromkeys(r.institution for r in results):
        made = [_made(r.instrument, r.current) for r in results if r.institution == name]
        record_score(connection, name, "score", now, {"as_of": as_of.isoformat()}, made)
    return results


def score_facts(
    connection: duckdb.DuckDBPyConnection,
    *,
    as_of: datetime,
    now: datetime,
    institutions: Collection[str] | None,
    may_change_rules: bool = True,
) -> list[ScoreResult]:
    """Do what `score` does by what the current database holds, and write down no operation.

    Raises ScoreError when no institution is known by then.
    """
    known = rows_of(connection, "institutions", {"as_of": as_of})
    chosen = [row for row in known if institutions is None or row["institution"] in institutions]
    if not chosen:
        raise ScoreError(
            f"{', '.join(institutions or ['institutions'])}: not known at {as_of.isoformat()}; "
            "run pantau collect, then pantau load"
        )
    results: list[ScoreResult] = []
    models = Models()
    main = sorted({row["instrument"] for row in chosen})
    beside = sorted({name for row in chosen for name in row["also"] or ()} - set(main))
    for instrument_id in (*main, *beside):
        ruleset = load_ruleset(instrument_id)
        if not may_change_rules and not is_in_use(connection, ruleset):
            raise _NewRulesError(instrument_id)
        write_ruleset(connection, ruleset)
        use_ruleset(connection, ruleset, now)
        names = {row["institution"] for row in chosen}
        _rescore_last_dates(connection, models, ruleset, names, as_of, now)
        facts = _facts(connection, models, ruleset, names, as_of)
        asked = [row for row in chosen if instrument_id in _instruments(row)]
        results += _score_all(connection, ruleset, facts, asked, as_of, now)
    return results


def rescore(
    warehouse: Home, *, now: datetime, institution: str | None = None, since: datetime | None = None
) -> list[Rescored]:
    """Score again, under the present rulesets, every date from `since` that was scored under others only.

    Nothing is taken back: both scores stay, and the marts read those of the ruleset in use. Evidence that
    was captured by a date but loaded after it was first scored counts for it now. Repeating does nothing.
    """
    results: list[Rescored] = []
    models = Models()
    with writing(warehouse, now) as connection:
        instruments = connection.execute("SELECT DISTINCT instrument FROM score.run ORDER BY ALL").fetchall()
        for (instrument_id,) in instruments:
            ruleset = load_ruleset(instrument_id)
            write_ruleset(connection, ruleset)
            use_ruleset(connection, ruleset, now)
            behind = [
                row
                for row in _behind(connection, ruleset)
                if institution in (None, row["institution"]) and (since is None or row["as_of"] >= since)
            ]
            for as_of in sorted({row["as_of"] for row in behind}):
                names = {row["institution"] for row in behind if row["as_of"] == as_of}
                results += _rescore_date(connection, models, ruleset, names, as_of, now)
        asked = {"since": since.isoformat() if since else None}
        known = connection.execute("SELECT DISTINCT institution FROM score.run ORDER BY ALL").fetchall()
        for (name,) in known:
            made = [_made(r.instrument, r.after) for r in results if r.institution == name]
            if institution in (None, name):
                record_score(connection, name, "rescore", now, asked, made)
    return results


def _made(instrument: str, scored: attribution.Scored) -> tuple[str, str, str]:
    return scored.score_id, instrument, scored.ruleset_hash


def _instruments(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["instrument"], *(row["also"] or ()))


def _behind(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset) -> list[dict[str, Any]]:
    parameters = {"instrument": ruleset.instrument.id, "ruleset_hash": ruleset.hash}
    return rows_of(connection, "not_rescored", parameters)


def _rescore_last_dates(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
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
        _rescore_date(connection, models, ruleset, dates[date], date, now)


def _rescore_date(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    ruleset: Ruleset,
    names: Set[str],
    as_of: datetime,
    now: datetime,
) -> list[Rescored]:
    facts = _facts(connection, models, ruleset, names, as_of)
    asked = [
        row
        for row in rows_of(connection, "institutions", {"as_of": as_of})
        if row["institution"] in names and ruleset.instrument.id in _instruments(row)
    ]
    results = []
    moves = []
    for done in _score_all(connection, ruleset, facts, asked, as_of, now, is_history=True):
        before = score_at(connection, ruleset, done.institution, as_of, same_rules=False)
        if before is not None:
            moved = explain_change(connection, ruleset.instrument, before, done.current, done.current)
            if done.is_new:
                moves.append((before, done.current, moved))
            results.append(Rescored(done.institution, ruleset.instrument.id, before, done.current, moved))
    write_changes(connection, moves)
    return results


def _score_all(
    connection: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    facts: _Facts,
    rows: Sequence[Mapping[str, Any]],
    as_of: datetime,
    now: datetime,
    *,
    is_history: bool = False,
) -> list[ScoreResult]:
    """Score institutions under one ruleset: what is read and written of them, in one go for all."""
    names = [row["institution"] for row in rows]
    scores = {name: _judged(ruleset, name, facts.of(name, as_of), as_of) for name in names}
    before = previous_scores(connection, ruleset, names, as_of)
    newest = dict(
        connection.execute(
            "SELECT institution, max(as_of) FROM score.run WHERE instrument = $instrument GROUP BY ALL",
            {"instrument": ruleset.instrument.id},
        ).fetchall()
    )
    written = {
        row[0]
        for row in connection.execute(
            "SELECT score_id FROM score.run WHERE list_contains($ids, score_id)",
            {"ids": [current.score_id for current in scores.values()]},
        ).fetchall()
    }
    fresh = [current for current in scores.values() if current.score_id not in written]
    write_scores(connection, ruleset, fresh, now)
    places = {row["institution"]: row["name"] for row in rows}
    write_comparisons(
        connection,
        {current.institution: (current.score_id, places[current.institution]) for current in fresh},
        as_of,
    )
    results = []
    others = _has_other_rules(connection, ruleset)
    for row in rows:
        name = row["institution"]
        current, previous = scores[name], before.get(name)
        failed = facts.failed.get(name, ())
        moved: tuple[attribution.Change, ...] = ()
        if previous:
            moved = explain_change(
                connection, ruleset.instrument, previous, current, may_have_failed=bool(failed)
            )
        rules = _rules_between(connection, ruleset, previous) if previous and others else None
        decided: tuple[alerts.Alert, ...] = ()
        # A date scored after the fact is history: nobody is to be woken by it.
        if not is_history and newest.get(name, as_of) <= as_of:
            # What is not about an instrument is told once, with the headline's score.
            told = row["instrument"] == ruleset.instrument.id
            decided = alerts.decide(
                ruleset.instrument,
                previous,
                current,
                failed if told else (),
                facts.down.get(name, ()) if told else (),
                Decimal(row["min_drop"]),
                ZoneInfo(row["time_zone"]),
                facts.late.get(name, ()) if told else (),
                facts.turning.get(name, ()) if told else (),
                facts.compromised.get(name, ()) if told else (),
                facts.changed.get(name, ()) if told else (),
                moved=moved,
                rules=rules,
            )
        results.append(
            ScoreResult(
                name,
                ruleset.instrument.id,
                current,
                previous,
                moved,
                decided,
                current.score_id not in written,
                ruleset,
                facts.of(name, as_of),
                rules,
            )
        )
    write_changes(
        connection, [(r.previous, r.current, r.changes) for r in results if r.previous and r.is_new]
    )
    write_outbox(connection, [(r.current, r.alerts) for r in results], now)
    return results


def _judged(ruleset: Ruleset, name: str, known: Known, as_of: datetime) -> attribution.Scored:
    findings = scoring.judge(
        ruleset.rules,
        ruleset.instrument,
        ruleset.probes,
        known.answers,
        known.attestations,
        known.freshness,
        as_of,
        known.external,
    )
    scored = scoring.levels(ruleset.instrument, findings, known.official)
    return attribution.Scored(
        score_id=_score_id(name, ruleset, as_of, findings, scored),
        institution=name,
        ruleset_hash=ruleset.hash,
        as_of=as_of,
        findings={finding.criterion: finding for finding in findings},
        levels={level.indicator: level for level in scored},
        aggregates=aggregates(ruleset.instrument, scored),
    )


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
    return alerts.RuleChange(
        before, previous, explain_change(connection, ruleset.instrument, before, previous, previous)
    )


def _facts(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    ruleset: Ruleset,
    names: Collection[str],
    as_of: datetime,
) -> _Facts:
    parameters = {"as_of": as_of, "instrument": ruleset.instrument.id}
    models.stand(connection, ruleset.topics, as_of, sorted(names))
    models.ask(connection, ruleset.probes, ruleset.rules.calls())
    freshness: dict[str, dict[str, scoring.Freshness]] = {}
    for row in rows_of(connection, "freshness", parameters):
        freshness.setdefault(row["institution"], {})[row["kind"]] = scoring.Freshness(
            row["ttl"], row["grace"]
        )
    external: dict[str, dict[str, scoring.ExternalValue]] = {}
    for row in rows_of(connection, "external_indices", parameters):
        external.setdefault(row["institution"], {})[row["index_id"]] = external_value(row)
    official: dict[str, dict[str, Decimal]] = {}
    for row in rows_of(connection, "official_levels", parameters):
        official.setdefault(row["institution"], {})[row["indicator"]] = row["level"]
    attested: dict[str, list[scoring.Attested]] = {}
    for row in rows_of(connection, "attestations", parameters | {"is_later": False}):
        attested.setdefault(row["institution"], []).append(attested_by(row))
    failed: dict[str, list[alerts.FailedSource]] = {}
    for row in rows_of(connection, "failed_sources", parameters):
        failed.setdefault(row.pop("institution"), []).append(alerts.FailedSource(**row))
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
    return _Facts(
        models.answers(connection),
        attested,
        freshness,
        official,
        external,
        failed,
        down,
        late,
        turning,
        compromised,
        changed,
    )


def external_value(row: Mapping[str, Any]) -> scoring.ExternalValue:
    """A row of the query external_indices or later_external."""
    return scoring.ExternalValue(
        index=row["index_id"],
        year=row["year"],
        value=row["value"].normalize(),
        observed_at=row["observed_at"],
        expires_at=row["expires_at"],
        citation=row["citation"],
        evidence_ids=(row["capture_id"],),
    )


def attested_by(row: Mapping[str, Any]) -> scoring.Attested:
    """A row of the query attestations."""
    who = f"{row['signer']} ({row['signer_role']})" if row["signer_role"] else row["signer"]
    verb = {
        "terpenuhi": "menyatakan terpenuhi",
        "tidak_terpenuhi": "menyatakan tidak terpenuhi",
        "dicabut": "mencabut pernyataan",
    }[row["statement"]]
    scope = f", cakupan: {row['scope']}" if row["scope"] else ""
    return scoring.Attested(
        criterion=row["criterion"],
        statement=row["statement"],
        signer=row["signer"],
        signed_at=row["signed_at"],
        expires_at=row["expires_at"],
        reason=f"{who} {verb} pada {row['signed_on']:%d-%m-%Y}, berkas {row['file_name']}{scope}",
        evidence_ids=(row["capture_id"], row["file_capture_id"]),
        has_own_expiry=row["has_own_expiry"],
    )


def _score_id(
    institution: str,
    ruleset: Ruleset,
    as_of: datetime,
    findings: Sequence[scoring.Finding],
    scored: Sequence[scoring.IndicatorLevel],
) -> str:
    content = json.dumps(
        [
            institution,
            ruleset.instrument.id,
            ruleset.hash,
            as_of.isoformat(),
            [finding.said for finding in findings],
            [[getattr(level, name) for name in _LEVEL] for level in scored],
        ],
        default=str,
    )
    return hashlib.sha256(content.encode()).hexdigest()
