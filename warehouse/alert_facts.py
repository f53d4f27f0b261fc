"""What alerts are decided on besides scores: services that are down or turn, applications listed too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import duckdb

from transforms import alerts
from transforms.watch import Watched
from warehouse.score_rows import rows_of
from warehouse.watched import watched

_Fact = TypeVar("_Fact")


@dataclass(frozen=True)
class AlertFacts:
    """The facts as of a date, by institution."""

    down: Mapping[str, Sequence[alerts.DownService]]
    late: Mapping[str, Sequence[alerts.LateApplication]]
    turning: Mapping[str, Sequence[alerts.UnstableService | alerts.RecoveredService]]
    compromised: Mapping[str, Sequence[alerts.CompromisedService]]
    changed: Mapping[str, Sequence[alerts.ChangedService]]
    watched: Mapping[str, Sequence[Watched]]


def failed_sources(
    connection: duckdb.DuckDBPyConnection, as_of: datetime
) -> dict[str, list[alerts.FailedSource]]:
    """Sources whose last run by then was not good, by institution."""
    return _by_institution(connection, "failed_sources", as_of, alerts.FailedSource)


def alert_facts(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> AlertFacts:
    """What the models that stand as of the date tell."""
    turning: dict[str, list[alerts.UnstableService | alerts.RecoveredService]] = {}
    for name, unstable in _by_institution(
        connection, "unstable_services", as_of, alerts.UnstableService
    ).items():
        turning.setdefault(name, []).extend(unstable)
    for name, recovered in _by_institution(
        connection, "recovered_services", as_of, alerts.RecoveredService
    ).items():
        turning.setdefault(name, []).extend(recovered)
    return AlertFacts(
        _by_institution(connection, "down_services", as_of, alerts.DownService),
        _by_institution(connection, "after_moratorium", as_of, alerts.LateApplication),
        turning,
        _by_institution(connection, "compromised_services", as_of, alerts.CompromisedService),
        _by_institution(connection, "changed_services", as_of, alerts.ChangedService),
        watched(connection, as_of),
    )


def _by_institution(
    connection: duckdb.DuckDBPyConnection, query: str, as_of: datetime, kind: type[_Fact]
) -> dict[str, list[_Fact]]:
    found: dict[str, list[_Fact]] = {}
    for row in rows_of(connection, query, {"as_of": as_of}):
        values: dict[str, Any] = row
        found.setdefault(values.pop("institution"), []).append(kind(**values))
    return found
