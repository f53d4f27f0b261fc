"""What is on file at a date and begins or ceases to count later, though nothing new is loaded.

The models stay as of the date; only those that read the calendar are built again for the days on which they
may differ, for all institutions at once, and only the probes that read what differs are asked again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import duckdb

from transforms.finding import Answer, Attested, ExternalValue
from transforms.forecast import INSTANT, Known
from transforms.instrument import ProbeCall
from transforms.ruleset import Ruleset
from warehouse.asking import build_models
from warehouse.connection import execute
from warehouse.score_rows import external_value, fetch_rows, rows_of, statements_of

log = logging.getLogger(__name__)

_BY_DAY = ("regulation_current", "regulation_listing", "regulation_titled", "regulation_topic")
"""The models that read the calendar: whether a legal product counts is for the day to say."""
_BASE = ("institution_current", "source_seen", *_BY_DAY, "dataset_current")
_MOST_DAYS = 24


@dataclass
class LaterFacts:
    """What begins to count for each institution, and when.

    `answers` hold for every instrument, `statements` and `official` for one: keys are (institution,
    instrument). `until` is the last moment looked at, where more days are known than are looked at.
    """

    answers: dict[str, list[tuple[datetime, ProbeCall, Answer]]] = field(default_factory=dict)
    external: dict[str, list[tuple[datetime, ExternalValue]]] = field(default_factory=dict)
    statements: dict[tuple[str, str], list[tuple[datetime, Attested]]] = field(default_factory=dict)
    official: dict[tuple[str, str], list[tuple[datetime, str, Decimal]]] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)

    def follow(self, now: Known, institution: str, instrument: str) -> list[Known]:
        """What is known at the date scored, and again at each later moment at which that differs."""
        pair = (institution, instrument)
        answers = self.answers.get(institution, [])
        external = self.external.get(institution, [])
        statements = self.statements.get(pair, [])
        official = self.official.get(pair, [])
        entries = [now]
        moments = {at for at, _, _ in answers} | {at for at, _ in external}
        moments |= {at for at, _ in statements} | {at for at, _, _ in official}
        for since in sorted(moments):
            last = entries[-1]
            begun = [statement for at, statement in statements if at == since]
            entries.append(
                replace(
                    last,
                    since=since,
                    answers={**last.answers, **{call: answer for at, call, answer in answers if at == since}},
                    attestations=_in_order([*last.attestations, *begun]) if begun else last.attestations,
                    official={**last.official, **{number: v for at, number, v in official if at == since}},
                    external={**last.external, **{v.index: v for at, v in external if at == since}},
                )
            )
        return entries


def later_facts(
    connection: duckdb.DuckDBPyConnection, rulesets: Mapping[str, Ruleset], as_of: datetime
) -> LaterFacts:
    """What begins after `as_of`, for every institution, under the rulesets (by instrument) scored then."""
    found = LaterFacts()
    known = [row["institution"] for row in rows_of(connection, "institutions", {"as_of": as_of})]
    for instrument in rulesets:
        parameters = {"as_of": as_of, "instrument": instrument, "institutions": known}
        for name, since, attested in statements_of(connection, parameters | {"is_later": True}).rows():
            found.statements.setdefault((name, instrument), []).append((since, attested))
        for row in rows_of(connection, "later_official", parameters):
            pair = (row["institution"], instrument)
            found.official.setdefault(pair, []).append((row["since"], row["indicator"], row["level"]))
    for row in rows_of(connection, "later_external", {"as_of": as_of}):
        value = external_value(row)
        found.external.setdefault(row["institution"], []).append((value.observed_at, value))
    any_ruleset = next(iter(rulesets.values()))
    build_models(connection, any_ruleset.topics, as_of, only=_BASE)
    _by_catalogue(connection, rulesets, as_of, found)
    _by_day(connection, rulesets, as_of, found)
    return found


def _by_catalogue(
    connection: duckdb.DuckDBPyConnection,
    rulesets: Mapping[str, Ruleset],
    as_of: datetime,
    found: LaterFacts,
) -> None:
    calls = _calls(rulesets, "dataset_current", "$as_of")
    if not calls:
        return
    for row in rows_of(connection, "later_datasets", {"as_of": as_of}):
        name, since = row["institution"], row["since"]
        for call, ruleset in calls.items():
            if answer := _ask(connection, ruleset, call, since).get(name):
                found.answers.setdefault(name, []).append((since, call, answer))


def _by_day(
    connection: duckdb.DuckDBPyConnection,
    rulesets: Mapping[str, Ruleset],
    as_of: datetime,
    found: LaterFacts,
) -> None:
    days: dict[date, dict[str, datetime]] = {}
    counted: dict[str, int] = {}
    for row in rows_of(connection, "later_days", {"as_of": as_of, "most": _MOST_DAYS}):
        name, since = row["institution"], row["since"]
        counted[name] = counted.get(name, 0) + 1
        if counted[name] > _MOST_DAYS:
            found.until[name] = since - INSTANT
        else:
            days.setdefault(row["day"], {})[name] = since
    calls = _calls(rulesets, "regulation_topic")
    topics = next(iter(rulesets.values())).topics
    _keep(connection)
    for day in sorted(days):
        # The day of the institution in whose time zone it begins last has begun everywhere.
        at = max(days[day].values())
        build_models(connection, topics, at, only=_BY_DAY)
        differing = _differing(connection)
        _keep(connection)
        for call, ruleset in calls.items():
            topic = dict(call.with_).get("topic")
            names = {name for name, t in differing if topic in (None, t) and name in days[day]}
            if names:
                for name, answer in _ask(connection, ruleset, call, at).items():
                    if name in names:
                        found.answers.setdefault(name, []).append((days[day][name], call, answer))


def _keep(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE topic_before AS FROM regulation_topic")


def _differing(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The institutions and topics about which the day says otherwise than the day before it."""
    return connection.execute(
        "SELECT DISTINCT institution, topic FROM ("
        "  (FROM regulation_topic EXCEPT FROM topic_before) UNION ALL"
        "  (FROM topic_before EXCEPT FROM regulation_topic)"
        ") ORDER BY ALL"
    ).fetchall()


def _calls(rulesets: Mapping[str, Ruleset], *words: str) -> dict[ProbeCall, Ruleset]:
    """The calls that count, hints left out, of probes whose SQL holds all the words."""
    found: dict[ProbeCall, Ruleset] = {}
    for ruleset in rulesets.values():
        for rule in ruleset.rules.rules:
            for call in (*rule.met_by, *rule.refuted_by):
                sql = ruleset.probes[call.probe].sql
                if all(re.search(re.escape(word) + r"\b", sql) for word in words):
                    found[call] = ruleset
    return dict(sorted(found.items(), key=lambda entry: entry[0].key))


def _ask(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, call: ProbeCall, at: datetime
) -> dict[str, Answer]:
    probe = ruleset.probes[call.probe]
    try:
        rows = fetch_rows(execute(connection, probe.sql, {**dict(call.with_), "as_of": at}))
    except duckdb.Error as error:
        # It broke when the date was scored too, and stands in the findings as an error.
        log.error("probe %s%s failed: %s", call.probe, dict(call.with_), error)
        return {}
    return {
        row["institution"]: Answer(
            row["answer"], row["reason"] or "", tuple(row["evidence_ids"] or ()), row["observed_at"]
        )
        for row in rows
    }


def _in_order(statements: Sequence[Attested]) -> list[Attested]:
    return sorted(statements, key=lambda statement: (statement.criterion, statement.signed_at))
