"""Scoring as of a date: models and probes in SQL, judgement in `transforms.scoring`, results appended.

Reads only the warehouse; `as_of` and `now` come in. Scores are append-only: the same findings at the same
date give the same score_id, and are not written twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from transforms import alerts, attribution, scoring
from transforms.instrument import (
    Instrument,
    Probe,
    ProbeCall,
    Rules,
    Topic,
    load_instrument,
    load_models,
    load_probes,
    load_rules,
    load_topics,
    ruleset_hash,
    topic_filters,
)
from warehouse.connection import append, execute, statement, writing

QUERIES = Path(__file__).parent / "queries"
log = logging.getLogger(__name__)


class ScoreError(Exception):
    """Nothing can be scored; the message says what is missing."""


@dataclass(frozen=True)
class Norm:
    """An instrument with everything that decides how it is answered."""

    instrument: Instrument
    rules: Rules
    topics: tuple[Topic, ...]
    probes: Mapping[str, Probe]
    hash: str


@dataclass(frozen=True)
class ScoreResult:
    """One institution scored: its numbers, the date compared with, what moved, and the alerts decided."""

    institution: str
    current: attribution.Scored
    previous: attribution.Scored | None
    changes: tuple[attribution.Change, ...]
    alerts: tuple[alerts.Alert, ...]
    is_new: bool


@dataclass(frozen=True)
class _Facts:
    """What the warehouse says of all institutions as of the date."""

    answers: Mapping[str, Mapping[ProbeCall, scoring.Answer]]
    attestations: Mapping[str, Sequence[scoring.Attested]]
    freshness: Mapping[str, Mapping[str, scoring.Freshness]]
    official: Mapping[str, Mapping[str, int]]
    failed: Mapping[str, Sequence[alerts.FailedSource]]
    down: Mapping[str, Sequence[alerts.DownService]]


def load_norm(instrument_id: str) -> Norm:
    """Everything that decides a score of one instrument. Raises InstrumentError where it errs."""
    instrument = load_instrument(instrument_id)
    rules = load_rules(instrument)
    topics = load_topics()
    probes = load_probes()
    return Norm(instrument, rules, topics, probes, ruleset_hash(instrument, rules, topics, probes))


def score(
    warehouse: Path, *, as_of: datetime, now: datetime, institution: str | None = None
) -> list[ScoreResult]:
    """Score every institution known at `as_of` (or the one named), and put its alerts into the outbox.

    Raises ScoreError when no institution is known by then.
    """
    with writing(warehouse, now) as connection:
        known = _rows(connection, "institutions", {"as_of": as_of})
        chosen = [row for row in known if institution in (None, row["institution"])]
        if not chosen:
            raise ScoreError(
                f"{institution or 'institutions'}: not known at {as_of.isoformat()}; "
                "run pantau collect, then pantau load"
            )
        results: list[ScoreResult] = []
        for instrument_id in sorted({row["instrument"] for row in chosen}):
            norm = load_norm(instrument_id)
            facts = _facts(connection, norm, as_of)
            _write_norm(connection, norm)
            results += [
                _score_one(connection, norm, facts, row, as_of, now)
                for row in chosen
                if row["instrument"] == instrument_id
            ]
        return results


def _score_one(
    connection: duckdb.DuckDBPyConnection,
    norm: Norm,
    facts: _Facts,
    row: Mapping[str, Any],
    as_of: datetime,
    now: datetime,
) -> ScoreResult:
    name = row["institution"]
    findings = scoring.judge(
        norm.rules,
        norm.instrument,
        norm.probes,
        facts.answers.get(name, {}),
        facts.attestations.get(name, ()),
        facts.freshness[name],
        as_of,
    )
    scored = scoring.levels(norm.instrument, findings, facts.official.get(name, {}))
    current = attribution.Scored(
        score_id=_score_id(name, norm, as_of, findings, scored),
        institution=name,
        ruleset_hash=norm.hash,
        as_of=as_of,
        findings={finding.criterion: finding for finding in findings},
        levels={level.indicator: level for level in scored},
        aggregates=scoring.aggregates(norm.instrument, scored),
    )
    previous = _previous(connection, norm, name, as_of)
    written = connection.execute(
        "SELECT count(*) FROM score.run WHERE score_id = $id", {"id": current.score_id}
    ).fetchone()
    is_new = not (written and written[0])
    newest = connection.execute(
        "SELECT max(as_of) FROM score.run WHERE institution = $institution AND instrument = $instrument",
        {"institution": name, "instrument": norm.instrument.id},
    ).fetchone()
    if is_new:
        _write_score(connection, norm, current, now)
    decided: tuple[alerts.Alert, ...] = ()
    # A date scored after the fact is history: nobody is to be woken by it.
    if not newest or newest[0] is None or newest[0] <= as_of:
        decided = alerts.decide(
            norm.instrument,
            previous,
            current,
            facts.failed.get(name, ()),
            facts.down.get(name, ()),
            Decimal(row["min_drop"]),
            ZoneInfo(row["time_zone"]),
        )
        _write_outbox(connection, current, decided, now)
    moved = attribution.changes(norm.instrument, previous, current) if previous else ()
    return ScoreResult(name, current, previous, moved, decided, is_new)


def _facts(connection: duckdb.DuckDBPyConnection, norm: Norm, as_of: datetime) -> _Facts:
    parameters = {"as_of": as_of, "instrument": norm.instrument.id}
    build_models(connection, norm.topics, as_of)
    freshness: dict[str, dict[str, scoring.Freshness]] = {}
    for row in _rows(connection, "freshness", parameters):
        freshness.setdefault(row["institution"], {})[row["kind"]] = scoring.Freshness(
            row["ttl"], row["grace"]
        )
    official: dict[str, dict[str, int]] = {}
    for row in _rows(connection, "official_levels", parameters):
        official.setdefault(row["institution"], {})[row["indicator"]] = row["level"]
    attested: dict[str, list[scoring.Attested]] = {}
    for row in _rows(connection, "attestations", parameters):
        attested.setdefault(row["institution"], []).append(_attested(row))
    failed: dict[str, list[alerts.FailedSource]] = {}
    for row in _rows(connection, "failed_sources", parameters):
        failed.setdefault(row.pop("institution"), []).append(alerts.FailedSource(**row))
    down: dict[str, list[alerts.DownService]] = {}
    for row in _rows(connection, "down_services", parameters):
        down.setdefault(row.pop("institution"), []).append(alerts.DownService(**row))
    institutions = [row["institution"] for row in _rows(connection, "institutions", parameters)]
    answers = ask(connection, norm, institutions, as_of)
    return _Facts(answers, attested, freshness, official, failed, down)


def build_models(connection: duckdb.DuckDBPyConnection, topics: Sequence[Topic], as_of: datetime) -> None:
    """The facts as of the date, as temporary tables named after the files of `transforms/models/`."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE topic_rule (topic VARCHAR, include VARCHAR, exclude VARCHAR)"
    )
    append(
        connection,
        "topic_rule",
        [
            {
                "topic": topic.id,
                "include": "|".join(topic.include),
                "exclude": "|".join(topic.exclude) or None,
            }
            for topic in topics
        ],
    )
    parameters = {"as_of": as_of, **topic_filters(topics)}
    for model in load_models():
        execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", parameters)


def ask(
    connection: duckdb.DuckDBPyConnection, norm: Norm, institutions: Sequence[str], as_of: datetime
) -> dict[str, dict[ProbeCall, scoring.Answer]]:
    """Every probe that the rules call, once for all institutions.

    A probe that breaks is an answer too: the finding's state is error, and the reason says why.
    """
    answers: dict[str, dict[ProbeCall, scoring.Answer]] = {name: {} for name in institutions}
    for call in norm.rules.calls():
        probe = norm.probes[call.probe]
        try:
            rows = _fetch(execute(connection, probe.sql, {**dict(call.with_), "as_of": as_of}))
        except duckdb.Error as error:
            log.error("probe %s%s failed: %s", call.probe, dict(call.with_), error)
            broken = scoring.Answer(None, "", error=f"probe {call.probe}: {error}")
            for name in institutions:
                answers[name][call] = broken
            continue
        for row in rows:
            if row["institution"] in answers:
                answers[row["institution"]][call] = scoring.Answer(
                    row["answer"], row["reason"] or "", tuple(row["evidence_ids"] or ()), row["observed_at"]
                )
    return answers


def _attested(row: Mapping[str, Any]) -> scoring.Attested:
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
        reason=f"{who} {verb} pada {row['signed_on']}, berkas {row['file_name']}{scope}",
        evidence_ids=(row["capture_id"], row["file_capture_id"]),
    )


def _score_id(
    institution: str,
    norm: Norm,
    as_of: datetime,
    findings: Sequence[scoring.Finding],
    scored: Sequence[scoring.IndicatorLevel],
) -> str:
    content = json.dumps(
        [
            institution,
            norm.instrument.id,
            norm.hash,
            as_of.isoformat(),
            [asdict(finding) for finding in findings],
            [asdict(level) for level in scored],
        ],
        default=str,
        sort_keys=True,
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _write_norm(connection: duckdb.DuckDBPyConnection, norm: Norm) -> None:
    """The instrument's indicators and the ruleset's criteria, once each, for the marts to join."""
    known = connection.execute(
        "SELECT count(*) FROM score.criterion WHERE ruleset_hash = $hash", {"hash": norm.hash}
    ).fetchone()
    if known and known[0]:
        return
    instrument = norm.instrument
    connection.execute("DELETE FROM score.indicator WHERE instrument = $id", {"id": instrument.id})
    append(
        connection,
        "score.indicator",
        [
            {
                "indicator": i.number,
                "ordinal": position,
                "name": i.name,
                "short_name": i.short_name,
                "domain": i.domain,
                "domain_name": instrument.domain(i.domain).name,
                "aspect": i.aspect,
                "aspect_name": instrument.aspect(i.aspect).name,
                "weight": i.weight,
            }
            for position, i in enumerate(instrument.indicators, start=1)
        ],
        instrument=instrument.id,
    )
    criteria = [
        (indicator, level, criterion)
        for indicator in instrument.indicators
        for level in indicator.levels
        for criterion in level.criteria
    ]
    append(
        connection,
        "score.criterion",
        [
            {
                "criterion": criterion.id,
                "indicator": indicator.number,
                "level": level.level,
                "ordinal": position,
                "text": criterion.text,
                "answered_by": norm.rules.rule(criterion.id).answered_by,
                "owner": norm.rules.rule(criterion.id).owner,
                "remedy": norm.rules.rule(criterion.id).remedy,
            }
            for position, (indicator, level, criterion) in enumerate(criteria, start=1)
        ],
        instrument=instrument.id,
        ruleset_hash=norm.hash,
    )


def _write_score(
    connection: duckdb.DuckDBPyConnection, norm: Norm, current: attribution.Scored, now: datetime
) -> None:
    shared = {"score_id": current.score_id, "institution": current.institution}
    run = {
        "instrument": norm.instrument.id,
        "ruleset_hash": norm.hash,
        "as_of": current.as_of,
        "scored_at": now,
    }
    append(connection, "score.run", [run], **shared)
    append(
        connection,
        "score.finding",
        [
            asdict(finding) | {"evidence_ids": list(finding.evidence_ids)}
            for finding in current.findings.values()
        ],
        **shared,
    )
    append(
        connection,
        "score.level",
        [
            asdict(level) | {"coverage": scoring.rounded(level.coverage, 6)}
            for level in current.levels.values()
        ],
        **shared,
    )
    append(
        connection,
        "score.aggregate",
        [
            asdict(aggregate)
            | {
                "proven": scoring.rounded(aggregate.proven, 10),
                "provisional": scoring.rounded(aggregate.provisional, 10),
                "possible": scoring.rounded(aggregate.possible, 10),
                "coverage": scoring.rounded(aggregate.coverage, 6),
            }
            for aggregate in current.aggregates
        ],
        **shared,
    )


def _write_outbox(
    connection: duckdb.DuckDBPyConnection,
    current: attribution.Scored,
    decided: Sequence[alerts.Alert],
    now: datetime,
) -> None:
    known = {
        row[0]
        for row in connection.execute(
            "SELECT event_key FROM ops.outbox WHERE institution = $institution",
            {"institution": current.institution},
        ).fetchall()
    }
    append(
        connection,
        "ops.outbox",
        [
            {
                "event_key": alert.event_key,
                "kind": alert.kind,
                "severity": alert.severity,
                "line": alert.line,
                "payload": json.dumps(asdict(alert), ensure_ascii=False),
                "ordinal": ordinal,
            }
            for ordinal, alert in enumerate(decided, start=1)
            if alert.event_key not in known
        ],
        institution=current.institution,
        score_id=current.score_id,
        created_at=now,
    )


def _previous(
    connection: duckdb.DuckDBPyConnection, norm: Norm, institution: str, as_of: datetime
) -> attribution.Scored | None:
    runs = _rows(
        connection,
        "previous_run",
        {
            "institution": institution,
            "instrument": norm.instrument.id,
            "ruleset_hash": norm.hash,
            "as_of": as_of,
        },
    )
    if not runs:
        return None
    score_id = runs[0]["score_id"]

    def of(table: str) -> list[dict[str, Any]]:
        return _fetch(
            connection.execute(
                f"SELECT * EXCLUDE (score_id, institution) FROM score.{table} WHERE score_id = $id",
                {"id": score_id},
            )
        )

    return attribution.Scored(
        score_id=score_id,
        institution=institution,
        ruleset_hash=norm.hash,
        as_of=runs[0]["as_of"],
        findings={
            row["criterion"]: scoring.Finding(**(row | {"evidence_ids": tuple(row["evidence_ids"])}))
            for row in of("finding")
        },
        levels={
            row["indicator"]: scoring.IndicatorLevel(**(row | {"coverage": Fraction(row["coverage"])}))
            for row in of("level")
        },
        aggregates=tuple(
            scoring.Aggregate(
                **(row | {n: Fraction(row[n]) for n in ("proven", "provisional", "possible", "coverage")})
            )
            for row in of("aggregate")
        ),
    )


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return _fetch(execute(connection, statement(QUERIES / f"{query}.sql"), parameters))


def _fetch(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
