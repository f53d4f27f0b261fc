"""Scores as rows: written once, never changed, and read back for comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from transforms import alerts, attribution
from transforms.index import Aggregate, rounded
from transforms.ruleset import Ruleset
from warehouse.connection import append, execute, statement
from warehouse.level_rows import crosswalk_rows, finding_row, level_row, read_finding, read_level

QUERIES = Path(__file__).parent / "queries"


def use_ruleset(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, now: datetime) -> None:
    """Note which ruleset is in use, once for as long as it is: what the marts read first."""
    instrument = {"instrument": ruleset.instrument.id}
    last = connection.execute(
        "SELECT arg_max(ruleset_hash, used_from) FROM score.ruleset_use WHERE instrument = $instrument",
        instrument,
    ).fetchone()
    if last is None or last[0] != ruleset.hash:
        append(
            connection,
            "score.ruleset_use",
            [{"ruleset_hash": ruleset.hash, "used_from": now}],
            **instrument,
        )


def write_ruleset(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset) -> None:
    """The instrument's indicators and the ruleset's criteria, once each, for the marts to join."""
    known = connection.execute(
        "SELECT count(*) FROM score.criterion WHERE ruleset_hash = $hash", {"hash": ruleset.hash}
    ).fetchone()
    if known and known[0]:
        return
    instrument = ruleset.instrument
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
                "domain_name": instrument.domain(i.domain).name if i.domain else "",
                "aspect": i.aspect,
                "aspect_name": instrument.aspect(i.aspect).name,
                "weight": i.weight,
            }
            for position, i in enumerate(instrument.indicators, start=1)
        ],
        instrument=instrument.id,
    )
    connection.execute("DELETE FROM score.crosswalk WHERE instrument = $id", {"id": instrument.id})
    append(connection, "score.crosswalk", crosswalk_rows(instrument), instrument=instrument.id)
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
                "answered_by": ruleset.rules.rule(criterion.id).answered_by,
                "owner": ruleset.rules.rule(criterion.id).owner,
                "remedy": ruleset.rules.rule(criterion.id).remedy,
            }
            for position, (indicator, level, criterion) in enumerate(criteria, start=1)
        ],
        instrument=instrument.id,
        ruleset_hash=ruleset.hash,
    )


def write_score(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, current: attribution.Scored, now: datetime
) -> None:
    shared = {"score_id": current.score_id, "institution": current.institution}
    run = {
        "instrument": ruleset.instrument.id,
        "ruleset_hash": ruleset.hash,
        "as_of": current.as_of,
        "scored_at": now,
        "scale": ruleset.instrument.scale,
    }
    append(connection, "score.run", [run], **shared)
    append(
        connection, "score.finding", [finding_row(finding) for finding in current.findings.values()], **shared
    )
    append(connection, "score.level", [level_row(level) for level in current.levels.values()], **shared)
    append(
        connection,
        "score.aggregate",
        [
            asdict(aggregate)
            | {
                "proven": rounded(aggregate.proven, 10),
                "provisional": rounded(aggregate.provisional, 10),
                "possible": rounded(aggregate.possible, 10),
                "coverage": rounded(aggregate.coverage, 6),
            }
            for aggregate in current.aggregates
        ],
        **shared,
    )


def write_outbox(
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


def previous_score(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, institution: str, as_of: datetime
) -> attribution.Scored | None:
    """The last scored date before `as_of` under the same ruleset."""
    parameters = {
        "institution": institution,
        "instrument": ruleset.instrument.id,
        "ruleset_hash": ruleset.hash,
        "as_of": as_of,
    }
    runs = rows_of(connection, "previous_run", parameters)
    return read_score(connection, runs[0]["score_id"]) if runs else None


def score_at(
    connection: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    institution: str,
    as_of: datetime,
    *,
    same_rules: bool,
) -> attribution.Scored | None:
    """The last score of exactly that date, under this ruleset or under another one."""
    parameters = {
        "institution": institution,
        "instrument": ruleset.instrument.id,
        "ruleset_hash": ruleset.hash,
        "as_of": as_of,
        "same_rules": same_rules,
    }
    runs = rows_of(connection, "score_at", parameters)
    return read_score(connection, runs[0]["score_id"]) if runs else None


def read_score(connection: duckdb.DuckDBPyConnection, score_id: str) -> attribution.Scored:
    """One score as it was written, from the warehouse or a published copy."""
    found = fetch_rows(connection.execute("SELECT * FROM score.run WHERE score_id = $id", {"id": score_id}))[
        0
    ]

    def of(table: str) -> list[dict[str, Any]]:
        return fetch_rows(
            connection.execute(
                f"SELECT * EXCLUDE (score_id, institution) FROM score.{table} WHERE score_id = $id",
                {"id": score_id},
            )
        )

    return attribution.Scored(
        score_id=score_id,
        institution=found["institution"],
        ruleset_hash=found["ruleset_hash"],
        as_of=found["as_of"],
        findings={row["criterion"]: read_finding(row) for row in of("finding")},
        levels={row["indicator"]: read_level(row, found["scale"]) for row in of("level")},
        aggregates=tuple(
            Aggregate(
                **(row | {n: Fraction(row[n]) for n in ("proven", "provisional", "possible", "coverage")})
            )
            for row in of("aggregate")
        ),
    )


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return fetch_rows(execute(connection, statement(QUERIES / f"{query}.sql"), parameters))


def fetch_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
