"""Scores as rows: written once, never changed, and read back for comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from transforms import attribution
from transforms.alert import Alert
from transforms.finding import Attested, ExternalValue, Finding
from transforms.index import Aggregate
from transforms.levels import IndicatorLevel
from transforms.ruleset import Ruleset
from warehouse.connection import EPOCH, append, execute, statement
from warehouse.level_rows import crosswalk_rows, read_finding, read_level

QUERIES = Path(__file__).parent / "queries"


def use_ruleset(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, now: datetime) -> None:
    """Note which ruleset is in use, once for as long as it is: what the marts read first."""
    if not is_in_use(connection, ruleset):
        append(
            connection,
            "score.ruleset_use",
            [{"ruleset_hash": ruleset.hash, "used_from": now}],
            instrument=ruleset.instrument.id,
        )


def is_in_use(connection: duckdb.DuckDBPyConnection, ruleset: Ruleset) -> bool:
    """Whether the ruleset is the one that its instrument was last scored by."""
    last = connection.execute(
        "SELECT arg_max(ruleset_hash, used_from) FROM score.ruleset_use WHERE instrument = $instrument",
        {"instrument": ruleset.instrument.id},
    ).fetchone()
    return last is not None and last[0] == ruleset.hash


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


def written_scores(connection: duckdb.DuckDBPyConnection, score_ids: Sequence[str]) -> set[str]:
    """Those of the scores that are written already."""
    rows = connection.execute(
        "SELECT score_id FROM score.run "
        "SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS score_id) USING (score_id)",
        {"ids": list(score_ids)},
    ).fetchall()
    return {score_id for (score_id,) in rows}


def write_outbox(
    connection: duckdb.DuckDBPyConnection,
    decided: Sequence[tuple[attribution.Scored, Sequence[Alert]]],
    now: datetime,
    *,
    first: int = 1,
) -> None:
    """The alerts of these scores that are not in the outbox yet; their order is counted from `first`."""
    if not any(of_one for _, of_one in decided):
        return
    known = set(
        connection.execute(
            "SELECT institution, event_key FROM ops.outbox WHERE list_contains($institutions, institution)",
            {"institutions": [current.institution for current, _ in decided]},
        ).fetchall()
    )
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
                "institution": current.institution,
                "score_id": current.score_id,
            }
            for current, of_one in decided
            for ordinal, alert in enumerate(of_one, start=first)
            if (current.institution, alert.event_key) not in known
        ],
        created_at=now,
    )


def previous_runs(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, institutions: Sequence[str], as_of: datetime
) -> list[tuple[str, str, datetime]]:
    """By institution score and date of the last scored date before `as_of` under the same ruleset, if any."""
    parameters = {
        "institutions": list(institutions),
        "instrument": ruleset.instrument.id,
        "ruleset_hash": ruleset.hash,
        "as_of": as_of,
    }
    rows = rows_of(connection, "previous_run", parameters)
    return [(row["institution"], row["score_id"], row["as_of"]) for row in rows]


def scores_by_other_rules(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, institutions: Sequence[str], as_of: datetime
) -> dict[str, attribution.Scored]:
    """By institution the last score of exactly that date under other rules of the instrument, if any."""
    parameters = {
        "institutions": list(institutions),
        "instrument": ruleset.instrument.id,
        "ruleset_hash": ruleset.hash,
        "as_of": as_of,
    }
    runs = rows_of(connection, "score_by_other_rules", parameters)
    return {one.institution: one for one in read_scores(connection, [row["score_id"] for row in runs])}


def read_score(connection: duckdb.DuckDBPyConnection, score_id: str) -> attribution.Scored:
    """One score as it was written, from the warehouse or a published copy."""
    return read_scores(connection, [score_id])[0]


def read_scores(
    connection: duckdb.DuckDBPyConnection, score_ids: Sequence[str]
) -> tuple[attribution.Scored, ...]:
    """Scores as they were written, in the order of the ids."""
    findings: dict[str, dict[str, Finding]] = {score_id: {} for score_id in score_ids}
    for row in _rows_of_scores(connection, "finding", score_ids):
        score_id, _ = row.pop("score_id"), row.pop("institution")
        findings[score_id][row["criterion"]] = read_finding(row)
    return tuple(
        replace(score, findings=findings[score.score_id]) for score in read_levels(connection, score_ids)
    )


def read_levels(
    connection: duckdb.DuckDBPyConnection, score_ids: Sequence[str]
) -> tuple[attribution.Scored, ...]:
    """Scores as they were written, in the order of the ids, without findings, which are most of a score."""
    runs = {row["score_id"]: row for row in _rows_of_scores(connection, "run", score_ids)}
    levels: dict[str, dict[str, IndicatorLevel]] = {score_id: {} for score_id in runs}
    totals: dict[str, list[Aggregate]] = {score_id: [] for score_id in runs}
    for row in _rows_of_scores(connection, "level", score_ids):
        score_id, _ = row.pop("score_id"), row.pop("institution")
        del row["set_id"], row["moved"]
        levels[score_id][row["indicator"]] = read_level(row, runs[score_id]["scale"])
    for row in _rows_of_scores(connection, "aggregate", score_ids):
        score_id, _ = row.pop("score_id"), row.pop("institution")
        numbers = {n: Fraction(row[n]) for n in ("proven", "provisional", "possible", "coverage")}
        totals[score_id].append(Aggregate(**(row | numbers)))
    return tuple(
        attribution.Scored(
            score_id=score_id,
            institution=runs[score_id]["institution"],
            ruleset_hash=runs[score_id]["ruleset_hash"],
            as_of=runs[score_id]["as_of"],
            findings={},
            levels=levels[score_id],
            aggregates=tuple(totals[score_id]),
        )
        for score_id in score_ids
    )


def _rows_of_scores(
    connection: duckdb.DuckDBPyConnection, table: str, score_ids: Sequence[str]
) -> list[dict[str, Any]]:
    if not score_ids:
        return []
    # A filter, and no join: it is asked where levels are scanned, before findings are joined to all of them.
    rows = connection.execute(
        f"SELECT * FROM score.{table} WHERE list_contains($ids, score_id)", {"ids": list(score_ids)}
    )
    return fetch_rows(rows)


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return fetch_rows(execute(connection, statement(QUERIES / f"{query}.sql"), parameters))


def fetch_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def external_value(row: Mapping[str, Any]) -> ExternalValue:
    """A row of the query external_indices or later_external."""
    return ExternalValue(
        index=row["index_id"],
        year=row["year"],
        value=row["value"].normalize(),
        observed_at=row["observed_at"],
        expires_at=row["expires_at"],
        citation=row["citation"],
        evidence_ids=(row["capture_id"],),
    )


@dataclass(frozen=True)
class Statements:
    """Statements as the query attestations finds them, by columns: there may be tens of thousands."""

    columns: Mapping[str, Any]

    def rows(self) -> Iterator[tuple[str, datetime, Attested]]:
        """In order: whose each is, since when it counts, and what it says."""
        of: dict[str, list[Any]] = {name: column.tolist() for name, column in self.columns.items()}
        signed, since, expire = of["signed_us"], of["since_us"], of["expires_us"]
        moments = {us: EPOCH + timedelta(microseconds=us) for us in {*signed, *since, *expire}}
        attested = map(
            Attested,
            of["criterion"],
            of["statement"],
            of["signer"],
            [moments[us] for us in signed],
            [moments[us] for us in expire],
            of["reason"],
            zip(of["capture_id"], of["file_capture_id"], strict=True),
            of["has_own_expiry"],
        )
        return zip(of["institution"], [moments[us] for us in since], attested, strict=True)


def statements_of(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> Statements:
    """What the query attestations finds."""
    return Statements(execute(connection, statement(QUERIES / "attestations.sql"), parameters).fetchnumpy())
