"""What is on file of institutions at a date, and what follows of it before any probe answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd

from transforms import scoring
from transforms.finding import Attested, ExternalValue, Freshness
from transforms.levels import mark_of
from transforms.ruleset import Ruleset
from transforms.scoring import Judgement, blanks
from warehouse.connection import quick_frame
from warehouse.level_rows import finding_columns
from warehouse.score_rows import Statements, external_value, rows_of, statements_of


@dataclass(frozen=True)
class File:
    """What one institution is judged by besides what probes answer."""

    statements: Mapping[str, Sequence[Attested]]
    freshness: Mapping[str, Freshness]
    official: Mapping[str, Decimal]
    external: Mapping[str, ExternalValue]

    @property
    def attestations(self) -> tuple[Attested, ...]:
        """All statements, in their order; `statements` has them by what they are about."""
        return tuple([one for together in self.statements.values() for one in together])


@dataclass
class Filed:
    """What is on file of institutions at a date, by their names.

    Once `judge` was called, `files` holds it as such, `made`, `marks` and `counts` have what is found of
    criteria on which only statements can speak (as `Judgement.mark` and `mark_of` have it), and `rows` all
    that as rows of findings, but for what nobody spoke of.
    """

    ruleset: Ruleset
    as_of: datetime
    freshness: Mapping[str, Mapping[str, Freshness]]
    official: Mapping[str, Mapping[str, Decimal]]
    external: Mapping[str, Mapping[str, ExternalValue]]
    stated: Statements | None
    files: dict[str, File] = field(default_factory=dict)
    made: dict[str, dict[str, Judgement]] = field(default_factory=dict)
    marks: dict[str, dict[str, bytes]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def names(self) -> Collection[str]:
        """Whose files they are."""
        return self.freshness.keys()

    def judge(self) -> None:
        """Judge what needs no answer; of the warehouse nothing is needed any more."""
        norm, rules = self.ruleset.instrument, self.ruleset.rules
        blank = blanks(rules, norm)
        told: list[tuple[str, Judgement]] = []
        for name, statements in _sorted_out(self.stated, self.names).items():
            file = File(statements, self.freshness[name], self.official[name], self.external[name])
            made = scoring.stated(rules, norm, file.attestations, file.freshness, self.as_of)
            self.files[name], self.made[name] = file, made
            self.marks[name] = {criterion: one.mark() for criterion, one in made.items()}
            self.counts[name] = {criterion: mark_of(one.finding) for criterion, one in made.items()}
            told += [(name, one) for criterion, one in made.items() if one is not blank[criterion]]
        columns = finding_columns([one.finding for _, one in told])
        columns["institution"] = [name for name, _ in told]
        self.rows = quick_frame(columns)


def read_filed(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, names: Collection[str], as_of: datetime
) -> Filed:
    """What is on file of institutions at a date, for the instrument of a ruleset; nothing is judged yet."""
    if not names:
        return Filed(ruleset, as_of, {}, {}, {}, None)
    parameters = _parameters(ruleset, names, as_of)
    freshness: dict[str, dict[str, Freshness]] = {name: {} for name in names}
    for row in rows_of(connection, "freshness", parameters):
        freshness[row["institution"]][row["kind"]] = Freshness(row["ttl"], row["grace"])
    official: dict[str, dict[str, Decimal]] = {name: {} for name in names}
    for row in rows_of(connection, "official_levels", parameters):
        official[row["institution"]][row["indicator"]] = row["level"]
    external: dict[str, dict[str, ExternalValue]] = {name: {} for name in names}
    for row in rows_of(connection, "external_indices", parameters):
        if row["institution"] in external:
            external[row["institution"]][row["index_id"]] = external_value(row)
    return Filed(ruleset, as_of, freshness, official, external, statements_of(connection, parameters))


def read_statements(
    connection: duckdb.DuckDBPyConnection, ruleset: Ruleset, names: Collection[str], as_of: datetime
) -> dict[str, dict[str, list[Attested]]]:
    """By institution and what they are about, statements in force."""
    if not names:
        return {}
    return _sorted_out(statements_of(connection, _parameters(ruleset, names, as_of)), names)


def _sorted_out(stated: Statements | None, names: Collection[str]) -> dict[str, dict[str, list[Attested]]]:
    found: dict[str, dict[str, list[Attested]]] = {name: {} for name in names}
    for name, _, one in stated.rows() if stated else ():
        found[name].setdefault(one.criterion, []).append(one)
    return found


def _parameters(ruleset: Ruleset, names: Collection[str], as_of: datetime) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "instrument": ruleset.instrument.id,
        "institutions": sorted(names),
        "is_later": False,
    }
