"""Changes of the index as rows, and what they need of the warehouse: exact, written once with their score."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import duckdb

from transforms.attribution import Change, Scored, explained, index_of, rows_sum_to
from transforms.index import rounded
from transforms.instrument import Instrument
from warehouse.connection import append
from warehouse.score_rows import rows_of

_DIGITS = 10
_STEP = Fraction(1, 10**_DIGITS)


def explain_change(
    connection: duckdb.DuckDBPyConnection,
    instrument: Instrument,
    previous: Scored,
    current: Scored,
    bridge: Scored | None = None,
) -> tuple[Change, ...]:
    """What moved between two scored dates; evidence of a failed source is told from evidence that aged."""
    failing = failing_evidence(connection, [current], current.as_of)
    return explained(instrument, previous, current, bridge, failing[current.institution])


def failing_evidence(
    connection: duckdb.DuckDBPyConnection, scores: Collection[Scored], as_of: datetime
) -> dict[str, frozenset[str]]:
    """By institution, captures that its score holds stale, of sources whose last run by `as_of` failed."""
    stale = {
        (score.institution, evidence)
        for score in scores
        for finding in score.findings.values()
        if finding.state == "stale"
        for evidence in finding.evidence_ids
    }
    failing: dict[str, set[str]] = {score.institution: set() for score in scores}
    if stale:
        institutions, ids = zip(*sorted(stale), strict=True)
        parameters = {"institutions": list(institutions), "ids": list(ids), "as_of": as_of}
        for row in rows_of(connection, "evidence_of_failing", parameters):
            failing[row["institution"]].add(row["capture_id"])
    return {institution: frozenset(ids) for institution, ids in failing.items()}


def write_changes(
    connection: duckdb.DuckDBPyConnection, moves: Iterable[tuple[Scored, Scored, Sequence[Change]]]
) -> None:
    """What moved between pairs of scores: a row per piece of evidence.

    The rows of a pair add up to the change of the stored index, to the last digit.
    """
    append(connection, "score.change", [row for move in moves for row in _rows_of(*move)])


def _rows_of(previous: Scored, current: Scored, moved: Sequence[Change]) -> list[dict[str, Any]]:
    pieces = [(change, part, share) for change in moved for part in change.parts for share in part.evidence]
    if not pieces:
        return []
    amounts = rows_sum_to(index_of(previous), [share.contribution for _, _, share in pieces], _STEP)
    return [
        {
            "ordinal": ordinal,
            "indicator": change.indicator,
            "level_before": rounded(Fraction(change.before), _DIGITS),
            "level_after": rounded(Fraction(change.after), _DIGITS),
            "criterion": part.criterion,
            "cause": part.cause,
            "state_before": part.state_before,
            "state_after": part.state_after,
            "reason_before": part.reason_before,
            "reason_after": part.reason_after,
            "evidence_id": share.evidence,
            "contribution": rounded(amount, _DIGITS),
            "score_id": current.score_id,
            "institution": current.institution,
            "previous_id": previous.score_id,
        }
        for ordinal, ((change, part, share), amount) in enumerate(zip(pieces, amounts, strict=True), start=1)
    ]
