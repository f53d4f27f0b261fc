"""What is done to the warehouse, written down in the transaction that does it.

An operation says what was asked and at which moment, not what came of it: with the archive, all of the
warehouse follows from the operations (`replay`).
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, get_args

import duckdb

from warehouse.connection import append, execute

Kind = Literal["load", "score", "rescore", "forecast", "delivery", "rollup"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Operation:
    """One operation on one institution's rows; `seq` counts them per institution, from 0."""

    institution: str
    seq: int
    kind: Kind
    at: datetime
    content: Mapping[str, Any]


class OperationError(Exception):
    """An operation that this program cannot read; the message says where it is and what to do."""


def write_down(
    connection: duckdb.DuckDBPyConnection,
    institution: str,
    kind: Kind,
    at: datetime,
    content: Mapping[str, Any],
) -> None:
    """Write down the institution's next operation, in the transaction that is open."""
    write_down_each(connection, {institution: content}, kind, at)


def write_down_each(
    connection: duckdb.DuckDBPyConnection,
    contents: Mapping[str, Mapping[str, Any]],
    kind: Kind,
    at: datetime,
) -> None:
    """Write down the next operation of each institution, as `write_down` does, by its content."""
    names = sorted(contents)
    execute(
        connection,
        "INSERT INTO ops.operation "
        "SELECT name, coalesce(max(seq), -1) + 1, $kind, $at, any_value(made.content) "
        "FROM (SELECT unnest($names::VARCHAR[]) AS name, unnest($contents::VARCHAR[]) AS content) AS made "
        "LEFT JOIN ops.operation ON institution = name GROUP BY name ORDER BY name",
        {"names": names, "contents": [_text(contents[name]) for name in names], "kind": kind, "at": at},
    )


def record_scores(
    connection: duckdb.DuckDBPyConnection,
    kind: Literal["score", "rescore"],
    at: datetime,
    asked: Mapping[str, Any],
    scores: Mapping[str, Sequence[tuple[str, str, str]]],
) -> None:
    """Write down a scoring of institutions: what was asked; id, instrument, ruleset hash of each score.

    By the hash a program knows whether it can still make the score, by the alerts what was told then.
    """
    told: dict[str, list[str]] = {}
    for institution, event_key in connection.execute(
        "SELECT institution, event_key FROM ops.outbox WHERE created_at = $at ORDER BY ALL", {"at": at}
    ).fetchall():
        told.setdefault(institution, []).append(event_key)
    last = dict(
        connection.execute("SELECT institution, max(seq) FROM ops.operation GROUP BY institution").fetchall()
    )
    names = ("score_id", "instrument", "ruleset_hash")
    rows = [
        Operation(
            institution,
            last.get(institution, -1) + 1,
            kind,
            at,
            {
                **asked,
                "scores": [dict(zip(names, score, strict=True)) for score in made],
                "alerts": told.get(institution, []),
            },
        )
        for institution, made in scores.items()
    ]
    append(connection, "ops.operation", [to_row(row) for row in rows])


def operations(
    connection: duckdb.DuckDBPyConnection,
    *,
    not_in_journal: bool = False,
    institutions: Collection[str] | None = None,
) -> list[Operation]:
    """The operations a warehouse knows (or those the journal lacks), per institution in order."""
    condition = (
        "AND seq > coalesce((SELECT max(last_seq) FROM ops.journal AS noted "
        "WHERE noted.institution = operation.institution), -1) "
        if not_in_journal
        else ""
    )
    rows = connection.execute(
        "SELECT institution, seq, kind, done_at, content FROM ops.operation "
        "WHERE ($institutions IS NULL OR list_contains($institutions, institution)) "
        f"{condition}ORDER BY institution, seq",
        {"institutions": None if institutions is None else list(institutions)},
    ).fetchall()
    return [
        Operation(institution, seq, kind, at, json.loads(content))
        for institution, seq, kind, at, content in rows
    ]


def in_order(known: Iterable[Operation]) -> Iterator[Operation]:
    """Operations of all institutions by time; those of one institution stay in their own order.

    A clock that was set back between two operations does not change their order. One that says `after` which
    operation it was begun comes next to that: it was done by what was known then.
    """
    ordered = sorted(known, key=lambda one: (one.institution, *_place(one)))
    by_institution = [list(_timed(own)) for _, own in groupby(ordered, key=lambda one: one.institution)]
    for _, operation in heapq.merge(*by_institution, key=lambda pair: pair[0]):
        yield operation


def to_row(operation: Operation) -> dict[str, Any]:
    """An operation as a row of `ops.operation`."""
    return {
        "institution": operation.institution,
        "seq": operation.seq,
        "kind": operation.kind,
        "done_at": operation.at,
        "content": _text(operation.content),
    }


def to_line(operation: Operation) -> str:
    """An operation as a line of the journal."""
    return _text(
        {
            "seq": operation.seq,
            "kind": operation.kind,
            "at": operation.at.isoformat(),
            "content": operation.content,
        }
    )


def from_line(institution: str, line: str, where: str) -> Operation:
    """The operation in a line of the journal. Raises OperationError for a kind this program does not know."""
    found = json.loads(line)
    if found["kind"] not in KINDS:
        raise OperationError(
            f"{where}: operation {found['seq']} is of kind {found['kind']!r}, which this program does not; "
            "use a newer one"
        )
    return Operation(
        institution, found["seq"], found["kind"], datetime.fromisoformat(found["at"]), found["content"]
    )


def _place(operation: Operation) -> tuple[int, bool, int]:
    after = operation.content.get("after")
    return (operation.seq if after is None else after, after is not None, operation.seq)


def _timed(own: Iterable[Operation]) -> Iterator[tuple[datetime, Operation]]:
    latest: datetime | None = None
    for operation in own:
        latest = operation.at if latest is None else max(latest, operation.at)
        yield latest, operation


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
