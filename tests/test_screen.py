"""What SQL clears, Great Expectations finds good: no batch is judged otherwise for being large."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from collectors.evidence import RECORD_TYPES, Record, Table
from expectations import validate
from expectations.screen import clearing
from expectations.validate import Expectation, Gate, read_suite
from tests.test_validate import BAD, GOOD, PARAMETERS, frame_of, good_row, good_rows
from warehouse import staging
from warehouse.staging import Staging

pytestmark = pytest.mark.e2e

ODD: Mapping[str, tuple[Any, ...]] = {
    "VARCHAR": (
        None, "", " ", "\t", "-", "0", "x", "'", "é", "e\u0301", "\u00a0", "\x00", "\x85", "\U0001f600",
        "https://", "https:///x", "http://a b", "https://\u00a0/", "https://\x1c", "https://\x0b/", "HTTPS://A/", "x https://a/",
        "\nhttps://a/", "https://a/\n", "I13.3", "I13.3.a\n", "I13.6", "I\u0661\u0663.3", "I13.3.aa", "0a" * 32,
        "0A" * 32, "0a" * 32 + "\n", "x" * 4, "x" * 300, "x" * 301, "é" * 2000, "\U0001f600" * 2001, "berlaku",
        "Berlaku", "perda", "umum", "aktif", "blocked", "own_outage", "timeout", "terpenuhi",
    ),
    "BIGINT": (None, -1, 0, 1, 5, 6, 99, 100, 599, 600, 1944, 1945, 2027, 2028, 2**53, -(2**62)),
    "DOUBLE": (None, -0.0, -5e-324, 0.0, 1.5, math.inf, -math.inf, math.nan),
    "BOOLEAN": (None, True, False),
    "DATE": (None, date(1, 1, 1), date(2021, 3, 1), date(2021, 3, 2), date(9999, 12, 31)),
    "TIMESTAMPTZ": (None, datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, 12, tzinfo=UTC)),
}  # fmt: skip
ROWS = 100
TABLES = sorted(RECORD_TYPES)


def types_of(table: Table) -> Mapping[str, str]:
    return staging._types(table, tuple(RECORD_TYPES[table].__dataclass_fields__))


def odd_rows(table: Table) -> pd.DataFrame:
    """Good rows in which some values, or all, are replaced by odd ones, and each odd value of each column once."""
    chance = random.Random(table)
    types = types_of(table)
    rows = [good_row(table, n) | {name: value} for n, name in enumerate(types) for value in ODD[types[name]]]
    for number in range(ROWS):
        share = chance.choice((0.1, 0.5, 1.0))
        odd = {name: chance.choice(ODD[kind]) for name, kind in types.items() if chance.random() < share}
        rows.append(good_row(table, number) | odd)
    return frame_of(table, *rows)


def cleared(frame: pd.DataFrame, types: Mapping[str, str], predicate: str) -> set[int]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        connection.execute(f"CREATE TABLE batch ({columns}, ordinal BIGINT)")
        connection.from_df(frame.assign(ordinal=range(len(frame)))).insert_into("batch")
        found = connection.execute(f"SELECT ordinal FROM batch WHERE coalesce({predicate}, false)")
        return {row[0] for row in found.fetchall()}


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_cleared_that_great_expectations_finds_bad(table: Table) -> None:
    types, frame = types_of(table), odd_rows(table)
    for expectation in read_suite(table):
        if not expectation.is_row_level:
            continue
        gate = Gate([Expectation(expectation.type, "critical", "buruk", expectation.kwargs)], PARAMETERS)
        predicate = gate.clearing(types)
        assert predicate is not None, expectation
        bad = gate.judge_rows(frame)
        assert gate.verdict(len(frame)).outcome != "error"
        # Of a typed column no value may be outside a set of all there are.
        assert bad or types[expectation.columns[0]] == "BOOLEAN", expectation
        good = cleared(frame, types, predicate)
        assert not good & bad.keys(), [frame.iloc[at].to_dict() for at in sorted(good & bad.keys())[:3]]


@pytest.mark.parametrize("table", TABLES)
def test_rows_without_a_fault_are_cleared(table: Table) -> None:
    gate = Gate(read_suite(table), PARAMETERS)
    predicate = gate.clearing(types_of(table))
    assert predicate is not None
    frame = frame_of(table, *good_rows(table, 50))
    assert cleared(frame, types_of(table), predicate) == set(range(50))


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {"column": "nowhere"}),
        ("expect_column_values_to_be_between", {"column": "name", "min_value": 1}),
        ("expect_column_values_to_be_between", {"column": "position", "min_value": 1, "strict_min": True}),
        ("expect_column_values_to_be_between", {"column": "position", "min_value": math.inf}),
        ("expect_column_values_to_be_in_set", {"column": "name", "value_set": [1, "a"]}),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": r"^(?!x)"}),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": r"\w\b"}),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": "a++"}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "name", "column_B": "name"}),
        ("expect_column_values_to_be_dateutil_parseable", {"column": "name"}),
    ],
)
def test_what_sql_may_not_mean_alike_clears_nothing(kind: str, kwargs: dict[str, Any]) -> None:
    assert clearing(kind, kwargs, types_of("application")) is None


def records(table: Table, count: int) -> list[Record]:
    """Records of which every third is at fault in one way or another."""
    types = types_of(table)
    made: Any = RECORD_TYPES[table]
    faults = [f for f in BAD[table].values() if all(_fits(types[name], value) for name, value in f.items())]
    found: list[Record] = []
    for number in range(count):
        row = good_row(table, number) | (faults[number % len(faults)] if number % 3 == 0 else {})
        blank = {f.name: None for f in fields(made) if f.default is MISSING}
        found.append(made(**(blank | row | {"position": number})))
    return found


def _fits(kind: str, value: Any) -> bool:
    return kind != "BOOLEAN" or value is None or isinstance(value, bool)


@pytest.mark.parametrize("table", ["attestation", "regulation", "uptime_check"])
@pytest.mark.parametrize("floor", [4, 10_000])
def test_a_batch_in_a_file_is_judged_as_one_in_memory(
    table: Table, floor: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = records(table, 60)
    suite = [
        Expectation(e.type, e.severity, e.reason, {**e.kwargs, "mostly": 0.1} if e.is_row_level else e.kwargs)
        for e in read_suite(table)
    ]
    outcomes = []
    for limit in (1000, 20):
        monkeypatch.setattr(staging, "IN_MEMORY_ROWS", limit)
        monkeypatch.setattr(staging, "CHUNK_ROWS", 13)
        with Staging(tmp_path) as held, duckdb.connect() as connection:
            for start in range(0, len(batch), 10):
                held.keep(table, batch[start : start + 10])
            verdict = held.judge(Gate(suite, PARAMETERS | {"min_rows": floor}))
            assert (held._file is not None) == (limit == 20)
            if verdict.outcome == "pass":
                held.refuse_held()
            else:
                held.refuse_all("semua")
            loaded = held.loaded
            connection.execute("SET TimeZone = 'UTC'")
            with held.shown_to(connection):
                shown = {
                    name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
                    for name in ("batch", "held", "rejected")
                }
            outcomes.append((verdict, loaded, shown))
    assert outcomes[0] == outcomes[1]
    verdict, loaded, shown = outcomes[0]
    assert verdict.outcome == ("pass" if floor == 4 else "fail")
    assert len(shown["batch"]) == loaded < len(batch)
    assert len(shown["rejected"]) == len(shown["held"] if floor == 4 else batch)


def test_the_examples_cover_every_column_of_the_suites() -> None:
    for table in validate.tables():
        named = {name for expectation in read_suite(table) for name in expectation.columns}
        assert named <= GOOD[table].keys()
