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
import numpy as np
import pandas as pd

from transforms.finding import Answer
from transforms.instrument import Probe, ProbeCall, Topic, load_models
from warehouse.connection import execute, moment
from warehouse.listing_steps import LISTINGS, step_listings
from warehouse.page_steps import PAGES, step_pages
from warehouse.service_steps import SERVICES, step_services
from warehouse.topic_titles import TITLES, match_titles

log = logging.getLogger(__name__)


@dataclass
class Models:
    """The date and institutions (None: all) that the models of a connection stand for.

    `calls` are all that were ever asked, by their numbers in the table `answer`; `asked` those of this date.
    What was asked at the date before, `before`, is in `answer_before`.
    """

    as_of: datetime | None = None
    before: datetime | None = None
    institutions: tuple[str, ...] | None = None
    calls: dict[ProbeCall, int] = field(default_factory=dict)
    asked: set[ProbeCall] = field(default_factory=set)
    _said: dict[str, dict[ProbeCall, Answer]] | None = None

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
        steps_on = self.as_of is not None and self.institutions == wanted and self.as_of < as_of
        build_models(
            connection,
            topics,
            as_of,
            institutions=wanted,
            since=self.as_of if steps_on else None,
        )
        if self.as_of is not None:
            connection.execute("DROP TABLE IF EXISTS temp.answer_before")
            connection.execute("ALTER TABLE temp.answer RENAME TO answer_before")
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE answer (institution VARCHAR, call INTEGER, holds BOOLEAN, "
            "reason VARCHAR, evidence_ids VARCHAR[], observed_at TIMESTAMPTZ, error VARCHAR)"
        )
        self._said = None
        self.before, self.as_of, self.institutions, self.asked = self.as_of, as_of, wanted, set()

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
        if not set(calls) <= self.asked:
            self._said = None
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

    def changed(self, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, ProbeCall]]:
        """Institutions and calls of which the answer is another than at the date before, or of another age.

        What an answer cites does not count, and the age only of one that tells.
        """
        rows = connection.execute(
            "SELECT now.institution, now.call FROM answer AS now LEFT JOIN answer_before AS past "
            "ON past.institution = now.institution AND past.call = now.call "
            "WHERE past.institution IS NULL OR now.holds IS DISTINCT FROM past.holds "
            "OR now.reason <> past.reason OR now.error IS DISTINCT FROM past.error OR (now.holds IS NOT NULL "
            "AND epoch_us(now.observed_at) - epoch_us($as_of::TIMESTAMPTZ) "
            "IS DISTINCT FROM epoch_us(past.observed_at) - epoch_us($before::TIMESTAMPTZ))",
            {"as_of": self.as_of, "before": self.before},
        ).fetchall()
        of = self._numbered()
        return [(institution, of[number]) for institution, number in rows]

    def answers(
        self,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[tuple[str, ProbeCall]] | None = None,
        *,
        before: bool = False,
    ) -> dict[str, dict[ProbeCall, Answer]]:
        """What was asked (all, or what is wanted of it) at this date or the one before, by institution."""
        # As columns, without lists and moments, all is fetched in a third of the time.
        said = (
            "institution, call, holds, reason, array_to_string(evidence_ids, chr(31)) AS evidence, "
            "epoch_us(observed_at) AS observed_us, error"
        )
        table = "answer_before" if before else "answer"
        if wanted is None:
            if self._said is not None:
                return self._said
            fetched = connection.execute(f"SELECT {said} FROM {table}").fetchnumpy()
        elif not wanted:
            return {}
        else:
            pairs = pd.DataFrame(
                {
                    "institution": [institution for institution, _ in wanted],
                    "call": np.array([self.calls[call] for _, call in wanted], dtype=np.int32),
                }
            )
            connection.register("wanted_answer", pairs)
            fetched = connection.execute(
                f"SELECT {said} FROM {table} SEMI JOIN wanted_answer USING (institution, call)"
            ).fetchnumpy()
            connection.unregister("wanted_answer")
        of = self._numbered()
        found: dict[str, dict[ProbeCall, Answer]] = {}
        columns = {name: column.tolist() for name, column in fetched.items()}
        moments = {us: moment(us) for us in set(columns["observed_us"])}
        for institution, number, holds, reason, evidence, observed_us, error in zip(
            *columns.values(), strict=True
        ):
            evidence_ids = tuple(evidence.split("\x1f")) if evidence else ()
            answer = Answer(holds, reason, evidence_ids, moments[observed_us], error)
            found.setdefault(institution, {})[of[number]] = answer
        if wanted is None:
            self._said = found
        return found

    def _numbered(self) -> dict[int, ProbeCall]:
        return {number: call for call, number in self.calls.items()}


def build_models(
    connection: duckdb.DuckDBPyConnection,
    topics: Sequence[Topic],
    as_of: datetime,
    *,
    institutions: Sequence[str] | None = None,
    only: Collection[str] | None = None,
    since: datetime | None = None,
) -> None:
    """The facts as of the date, as temporary tables named after the files of `transforms/models/`.

    `institutions` are those that facts are wanted of (None: all). `only` names the models that are built,
    where others need not stand. `since` is the date at which the models of the same institutions stand.
    """
    parameters: dict[str, Any] = {
        "as_of": as_of,
        "institutions": None if institutions is None else list(institutions),
    }
    models = load_models()
    sql = {model.name: model.sql for model in models}
    for model in models:
        if only is not None and model.name not in only:
            continue
        if since is not None and model.name in LISTINGS:
            if model.name == LISTINGS[0]:
                step_listings(connection, topics, sql, since, parameters)
        elif since is not None and model.name in SERVICES:
            if model.name == SERVICES[-1]:
                step_services(connection, sql, since, parameters)
        elif since is not None and model.name in PAGES:
            if model.name == PAGES[-1]:
                step_pages(connection, sql, since, parameters)
        else:
            if model.name in TITLES:
                match_titles(connection, topics, model.name)
            execute(connection, f"CREATE OR REPLACE TEMP TABLE {model.name} AS {model.sql}", parameters)
