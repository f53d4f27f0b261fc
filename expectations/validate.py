"""The gate: is a batch fit to load. The only place that knows Great Expectations.

Suites are data (`suites/<table>.yml`). Great Expectations is imported when a batch is validated, not before:
it takes seconds that commands without a batch must not pay. It judges DataFrames; its way through SQL reports
its own errors as failures of the data. Of a large batch it is shown the rows that `screen` leaves in doubt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from expectations.screen import Types, clearing

if TYPE_CHECKING:
    import pandas as pd

SUITES_FOLDER = Path(__file__).parent / "suites"
CHUNK_ROWS = 20_000
"""Rows judged at a time: a larger frame, and its lists of failing rows, would crowd the memory."""

Severity = Literal["critical", "warning"]
Outcome = Literal["pass", "fail", "error"]
Parameter = int | float | str

_ROW_LEVEL = ("expect_column_value", "expect_column_pair_values_", "expect_multicolumn_values_")
# These look at all rows together although they name failing ones; all they need of a value is what equals it.
_UNIQUENESS = frozenset(
    {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"},
)
_WHOLE_BATCH = _UNIQUENESS | {"expect_column_value_z_scores_to_be_less_than"}


class SuiteError(Exception):
    """A suite that cannot be used: unknown table, malformed file, or a parameter nobody gave."""


@dataclass(frozen=True)
class Expectation:
    """One entry of a suite.

    `reason` says in Indonesian what is wrong with a row or batch that fails it. For a row-level expectation
    `kwargs["mostly"]` is the share of good rows, of all rows, below which it fails: the batch is then refused
    where it is critical.
    """

    type: str
    severity: Severity
    reason: str
    kwargs: Mapping[str, Any]

    @property
    def is_row_level(self) -> bool:
        """Whether it judges each row for itself."""
        return self.type.startswith(_ROW_LEVEL) and self.type not in _WHOLE_BATCH

    @property
    def column(self) -> str | None:
        """The column or columns it is about, for people."""
        return ", ".join(self.columns) or None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is about."""
        names = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        return tuple(str(name) for name in (*names, *self.kwargs.get("column_list", ())) if name is not None)


@dataclass(frozen=True)
class Check:
    """How one expectation went. `observed` is what the batch shows, as text."""

    expectation: str
    column: str | None
    severity: Severity
    outcome: Outcome
    observed: str
    unexpected_count: int
    message: str


@dataclass(frozen=True)
class Verdict:
    """The outcome for a batch.

    ``fail`` refuses the batch; ``error`` means that the gate itself could not judge it. `bad_rows` maps
    positions of rows to be quarantined, from 0, to the reasons; they do not fail a batch that is mostly good,
    and there are none where the batch as a whole is not let in.
    """

    outcome: Outcome
    checks: tuple[Check, ...]
    bad_rows: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True)
class _Tally:
    """What Great Expectations counted: how many bad rows, or its own problem.

    `rows` are the positions of the bad ones inside the part, where they were asked for.
    """

    count: int
    rows: tuple[int, ...]
    observed: str
    succeeded: bool
    problem: str | None = None

    def plus(self, later: _Tally) -> _Tally:
        """What two parts say together."""
        return _Tally(
            self.count + later.count,
            (),
            later.observed,
            self.succeeded and later.succeeded,
            self.problem or later.problem,
        )


_Filled = tuple[Expectation, Mapping[str, Any]]
"""An expectation with the values of its parameters."""


def validate(table: str, frame: pd.DataFrame, parameters: Mapping[str, Parameter]) -> Verdict:
    """Judge a batch for `table` by its suite.

    `parameters` fill the ``$name`` values of the suite; those it does not ask for are ignored. Row positions
    in the verdict count from 0 whatever the frame's index is. Raises SuiteError for an unknown table or a
    missing parameter; a failure inside Great Expectations is the outcome ``error``.
    """
    return judge(read_suite(table), frame, parameters)


def judge(suite: Sequence[Expectation], frame: pd.DataFrame, parameters: Mapping[str, Parameter]) -> Verdict:
    """Judge a batch by a suite; see `validate`."""
    gate = Gate(suite, parameters)
    bad_rows: dict[int, tuple[str, ...]] = {}
    # An empty batch is one empty part: a column that is missing must show even then.
    for start in range(0, max(len(frame), 1), CHUNK_ROWS):
        part = frame.iloc[start : start + CHUNK_ROWS]
        bad = gate.judge_rows(part, is_whole=len(part) == len(frame))
        bad_rows |= {start + at: reasons for at, reasons in bad.items()}
    if len(frame) > CHUNK_ROWS:
        gate.judge_whole(frame)
    verdict = gate.verdict(len(frame))
    return replace(verdict, bad_rows=bad_rows) if verdict.outcome == "pass" else verdict


class Gate:
    """Judges a batch of which not more than some rows are in memory at a time.

    Raises SuiteError for a missing parameter.
    """

    def __init__(self, suite: Sequence[Expectation], parameters: Mapping[str, Parameter]) -> None:
        self._filled = [(expectation, _filled(expectation, parameters)) for expectation in suite]
        self._tallies: dict[int, _Tally] = {}

    def clearing(self, types: Types) -> str | None:
        """SQL that holds for rows that every expectation about rows is sure to find good, or None.

        Such rows need not be given to `judge_rows`.
        """
        found = [clearing(one.type, kwargs, types) for one, kwargs in self._filled if one.is_row_level]
        stated = [predicate for predicate in found if predicate is not None]
        return " AND ".join(stated) if stated and len(stated) == len(found) else None

    def compared(self) -> Mapping[str, bool]:
        """The columns that `judge_whole` needs, and whether all it needs of a value is what equals it."""
        found: dict[str, bool] = {}
        for expectation, _ in self._filled:
            for name in () if expectation.is_row_level else expectation.columns:
                found[name] = found.get(name, True) and expectation.type in _UNIQUENESS
        return found

    def judge_rows(self, frame: pd.DataFrame, *, is_whole: bool = False) -> Mapping[int, tuple[str, ...]]:
        """Rows of the frame that are to be quarantined, from 0, and why; they stand if the batch passes.

        `is_whole` says that these are all rows, and saves `judge_whole`.
        """
        entries = {n: e for n, e in enumerate(self._filled) if is_whole or e[0].is_row_level}
        found = _run(entries, frame, "COMPLETE")
        bad_rows: dict[int, list[str]] = {}
        # In the order of the suite: what Great Expectations answers first depends on what else it was asked.
        for number, tally in sorted(found.items()):
            self._tallies[number] = self._tallies[number].plus(tally) if number in self._tallies else tally
            expectation = self._filled[number][0]
            if expectation.is_row_level and expectation.severity == "critical":
                for position in tally.rows:
                    bad_rows.setdefault(position, []).append(expectation.reason)
        return {row: tuple(bad_rows[row]) for row in sorted(bad_rows)}

    def judge_whole(self, frame: pd.DataFrame) -> None:
        """What is asked of all rows together: the frame has a row for each, and the columns of `compared`."""
        whole = {n: e for n, e in enumerate(self._filled) if not e[0].is_row_level}
        self._tallies |= _run(whole, frame, "SUMMARY")

    def verdict(self, rows: int) -> Verdict:
        """The outcome for a batch of so many rows, without the bad ones that were named before."""
        checks = tuple(
            _check(expectation, kwargs, self._tallies[number], rows)
            for number, (expectation, kwargs) in enumerate(self._filled)
        )
        critical = {check.outcome for check in checks if check.severity == "critical"}
        outcome: Outcome = "error" if "error" in critical else "fail" if "fail" in critical else "pass"
        return Verdict(outcome, checks, {})


def warm_up() -> None:
    """Import Great Expectations now, while something else is being waited for."""
    import great_expectations  # noqa: F401


def tables() -> tuple[str, ...]:
    """The tables that have a suite."""
    return tuple(sorted(path.stem for path in SUITES_FOLDER.glob("*.yml")))


@cache
def read_suite(table: str) -> tuple[Expectation, ...]:
    """The expectations of a table. Raises SuiteError naming file and entry."""
    path = SUITES_FOLDER / f"{table}.yml"
    if table not in tables():
        raise SuiteError(f"no suite for {table!r}; there are: {', '.join(tables())}")
    return parse_suite(path.read_text(encoding="utf-8"), table, str(path))


def parse_suite(text: str, table: str, where: str) -> tuple[Expectation, ...]:
    """Read a suite's text. Raises SuiteError naming `where` and the entry at fault."""
    data = yaml.safe_load(text)
    if not isinstance(data, dict) or set(data) != {"table", "expectations"} or data["table"] != table:
        raise SuiteError(f"{where}: must hold exactly `table: {table}` and `expectations`")
    expectations = []
    for number, entry in enumerate(data["expectations"], start=1):
        at = f"{where}: expectation {number}"
        if not isinstance(entry, dict) or set(entry) != {"type", "severity", "reason", "kwargs"}:
            raise SuiteError(f"{at}: must hold exactly type, severity, reason and kwargs")
        if entry["severity"] not in ("critical", "warning"):
            raise SuiteError(f"{at}: severity is {entry['severity']!r}; write critical or warning")
        expectation = Expectation(**entry)
        if (
            expectation.is_row_level
            and expectation.severity == "critical"
            and "mostly" not in entry["kwargs"]
        ):
            raise SuiteError(f"{at}: give `mostly`, the share of good rows below which the batch is refused")
        expectations.append(expectation)
    return tuple(expectations)


def _filled(expectation: Expectation, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The keyword arguments with every ``$name`` replaced by the parameter of that name."""
    filled = dict(expectation.kwargs)
    for key, value in filled.items():
        if isinstance(value, str) and value.startswith("$"):
            if value[1:] not in parameters:
                raise SuiteError(f"{expectation.type} asks for {value}; pass the parameter {value[1:]!r}")
            filled[key] = parameters[value[1:]]
    return filled


def _check(expectation: Expectation, kwargs: Mapping[str, Any], tally: _Tally, rows: int) -> Check:
    count = tally.count
    if tally.problem is not None:
        outcome: Outcome = "error"
        message = f"{expectation.type}: {tally.problem}"
    elif expectation.is_row_level:
        # Of all rows: where a column is mostly empty, one bad value is still one bad row.
        outcome = "pass" if rows - count >= rows * kwargs.get("mostly", 1.0) else "fail"
        message = f"{expectation.reason}: {count} dari {rows} baris" if count else ""
    else:
        outcome = "pass" if tally.succeeded else "fail"
        seen = tally.observed or f"{count} baris"
        message = "" if tally.succeeded else f"{expectation.reason}: {seen}"
    observed = tally.observed or f"{count}/{rows}"
    return Check(
        expectation.type, expectation.column, expectation.severity, outcome, observed, count, message
    )


def _run(entries: Mapping[int, _Filled], frame: pd.DataFrame, detail: str) -> dict[int, _Tally]:
    """Expectations on one part of the batch, in one pass: Great Expectations shares what they have in common.

    `detail` is its result format: COMPLETE names the bad rows. What it raises becomes the problem of the
    expectation.
    """
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    batch = _batch(frame)
    suite = gx.ExpectationSuite(name="suite")
    found: dict[int, _Tally] = {}
    for number, (expectation, kwargs) in entries.items():
        try:
            impl = get_expectation_impl(expectation.type)
            suite.add_expectation(impl(**kwargs, meta={"number": number}))
        except Exception as error:  # noqa: BLE001 - an expectation it cannot make is one that cannot judge
            found[number] = _Tally(0, (), "", False, f"{type(error).__name__}: {error}")
    try:
        results = batch.validate(suite, result_format={"result_format": detail}).results
    except Exception as error:  # noqa: BLE001 - whatever it raises, the batch could not be judged
        broken = _Tally(0, (), "", False, f"{type(error).__name__}: {error}")
        return {number: found.get(number, broken) for number in entries}
    for result in results:
        number = result.expectation_config.meta["number"]
        counts = result.result
        rows = tuple(int(at) for at in counts.get("unexpected_index_list") or ())
        found[number] = _Tally(
            len(rows) if detail == "COMPLETE" else int(counts.get("unexpected_count") or 0),
            rows,
            str(counts.get("observed_value", "")),
            bool(result.success),
            _problem(result.exception_info),
        )
    return found


def _batch(frame: pd.DataFrame) -> Any:
    """The rows as Great Expectations sees them, in a context of memory only that tells nobody."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("rows")
    definition = asset.add_batch_definition_whole_dataframe("all")
    return definition.get_batch({"dataframe": frame.reset_index(drop=True)})


def _problem(exception_info: Mapping[str, Any]) -> str | None:
    """The message of an exception that Great Expectations reports in a result, in either of its shapes."""
    shapes = [exception_info, *(part for part in exception_info.values() if isinstance(part, Mapping))]
    for shape in shapes:
        if shape.get("raised_exception"):
            return str(shape.get("exception_message"))
    return None
