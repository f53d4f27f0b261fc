"""Asking the facts as of a moment: models as temporary tables, and what probes answer of them.

Everything is asked of all institutions wanted at once, all calls of a probe in one statement; the answers
stay in the temporary table `answer` of the connection.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from transforms.instrument import Probe, ProbeCall, Topic, load_models
from transforms.scoring import Answer
from warehouse.connection import execute
from warehouse.topic_titles import TITLES, match_titles

log = logging.getLogger(__name__)


@dataclass
class Models:
    """The date and institutions (None: all) that the models of a connection stand for.

    `calls` are all that were ever asked, by their numbers in the table `answer`; `asked` those of this date.
    """

    as_of: datetime | None = None
    institutions: tuple[str, ...] | None = None
    calls: dict[ProbeCall, int] = field(default_factory=dict)
    asked: set[ProbeCall] = field(default_factory=set)

    def stand(
        self,
        connection: duckdb.DuckDBPyConnection,
        topics: Sequence[Topic],
        as_of: datetime,
        institutions: Sequence[str] | None = None,
    ) -> None:
        """Build the models as of a date, unless they stand."""
        wanted = None if institutions is None else tuple(institutions)
        if (self.as_of, self.institutions) == (as_of, wanted):
            return
        build_models(connection, topics, as_of, institutions=wanted)
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE answer (institution VARCHAR, call INTEGER, holds BOOLEAN, "
            "reason VARCHAR, evidence_ids VARCHAR[], observed_at TIMESTAMPTZ, error VARCHAR)"
        )
        self.as_of, self.institutions, self.asked = as_of, wanted, set()

    def ask(
        self,
        connection: duckdb.DuckDBPyConnection,
        probes: Mapping[str, Probe],
        calls: Collection[ProbeCall],
    ) -> None:
        """Let the table `answer` hold what these calls say, unless it does.

        A probe that breaks is an answer too: the finding's state is error, and the reason says why.
        """
        by_probe: dict[str, list[ProbeCall]] = {}
        for call in calls:
            if call not in self.asked:
                by_probe.setdefault(call.probe, []).append(call)
                self.calls.setdefault(call, len(self.calls))
                self.asked.add(call)
        for name, together in by_probe.items():
            try:
                self._ask(connection, probes[name], together)
            except duckdb.Error:
                for call in together:
                    try:
                        self._ask(connection, probes[name], [call])
                    except duckdb.Error as error:
                        log.error("probe %s%s failed: %s", call.probe, dict(call.with_), error)
                        connection.execute(
                            "INSERT INTO answer BY NAME SELECT institution, $call AS call, '' AS reason, "
                            "[] AS evidence_ids, $error AS error FROM institution_current",
                            {"call": self.calls[call], "error": f"probe {call.probe}: {error}"},
                        )

    def _ask(self, connection: duckdb.DuckDBPyConnection, probe: Probe, calls: Sequence[ProbeCall]) -> None:
        """One statement for calls of one probe: its parameters become columns of a table of the calls."""
        names = [name for name, _ in calls[0].with_]
        asked = [(self.calls[call], *(value for _, value in call.with_)) for call in calls]
        values = {
            f"value_{row}_{column}": value
            for row, one in enumerate(asked)
            for column, value in enumerate(one)
        }
        rows = ", ".join(
            f"({', '.join(f'$value_{row}_{column}' for column in range(len(one)))})"
            for row, one in enumerate(asked)
        )
        sql = probe.sql
        for name in names:
            sql = re.sub(rf"\${name}\b", f"asked.{name}", sql)
        execute(
            connection,
            "INSERT INTO answer BY NAME SELECT found.institution, asked.call, found.answer AS holds, "
            "coalesce(found.reason, '') AS reason, coalesce(found.evidence_ids, []) AS evidence_ids, "
            f"found.observed_at FROM (VALUES {rows}) AS asked ({', '.join(['call', *names])}), "
            f"LATERAL ({sql}) AS found",
            values | {"as_of": self.as_of},
        )

    def answers(self, connection: duckdb.DuckDBPyConnection) -> dict[str, dict[ProbeCall, Answer]]:
        """What was asked, by institution and call."""
        of = {number: call for call, number in self.calls.items()}
        found: dict[str, dict[ProbeCall, Answer]] = {}
        for institution, call, *said in connection.execute(
            "SELECT institution, call, holds, reason, evidence_ids, observed_at, error FROM answer"
        ).fetchall():
            found.setdefault(institution, {})[of[call]] = answer_of(*said)
        return found


def answer_of(
    holds: bool | None,
    reason: str,
    evidence_ids: Sequence[str],
    observed_at: datetime | None,
    error: str | None,
) -> Answer:
    """A row of the table `answer`."""
    return Answer(holds, reason, tuple(evidence_ids), observed_at, error)


def build_models(
    connection: duckdb.DuckDBPyConnection,
    topics: Sequence[Topic],
    as_of: datetime,
    *,
    institutions: Sequence[str] | None = None,
    only: Collection[str] | None = None,
) -> None:
    """The facts as of the date, as temporary tables named after the files of `transforms/models/`.

    `institutions` are those that facts are wanted of (None: all). `only` names the models that are built,
    where others need not stand.
    """
    parameters: dict[str, Any] = {
        "as_of": as_of,
        "institutions": None if institutions is None else list(institutions),
    }
    for model in load_models():
        if only is None or model.name in only:
            if model.name in TITLES:
                match_titles(connection, topics, model.name)
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", parameters)
