"""SQL that clears rows of a batch: a row that it holds for is good, and need not be judged one by one.

Great Expectations takes ten times as long over a million rows as DuckDB does. So most rows are cleared by one
query, and the rest is put before Great Expectations, which alone calls a row bad. A predicate may leave a
good row in doubt, but never clear a bad one: what is not known to mean the same in both is not put into SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

# The dialects part ways over what is not ASCII, over control characters, and over what only one of them has.
_OF_ONE_DIALECT = re.compile(r"\\[^ds.]|\(\?[^:]|[*+?}]\+|\[\[|\{,")
_PRINTABLE = "^[ -~]*$"

Types = Mapping[str, str]
"""DuckDB's type of each column of the batch."""


def clearing(expectation: str, kwargs: Mapping[str, Any], types: Types) -> str | None:
    """A predicate that holds only for rows that meet the expectation; None where none can be given."""
    given = {name: value for name, value in kwargs.items() if name not in ("mostly", "row_condition")}
    write = _WRITERS.get(expectation)
    predicate = write(given, types) if write else None
    if predicate is None or "row_condition" not in kwargs:
        return predicate
    exempt = _exempt(kwargs["row_condition"], types)
    return f"({predicate} OR {exempt})" if exempt else predicate


def _not_null(given: Mapping[str, Any], types: Types) -> str | None:
    if set(given) != {"column"} or (type_ := types.get(given["column"])) is None:
        return None
    name = _name(given["column"])
    return f"({name} IS NOT NULL AND NOT isnan({name}))" if type_ == "DOUBLE" else f"{name} IS NOT NULL"


def _in_set(given: Mapping[str, Any], types: Types) -> str | None:
    kind = {"VARCHAR": str, "BOOLEAN": bool}.get(types.get(given.get("column", ""), ""))
    if kind is None or set(given) != {"column", "value_set"}:
        return None
    if not all(type(value) is kind for value in given["value_set"]):
        return None
    values = ", ".join(map(_literal, given["value_set"]))
    return _if_any(given["column"], f"{_name(given['column'])} IN ({values})")


def _between(given: Mapping[str, Any], types: Types) -> str | None:
    type_ = types.get(given.get("column", ""))
    if type_ not in ("BIGINT", "DOUBLE"):
        return None
    name = _name(given["column"])
    # DuckDB takes NaN for the largest number.
    guard = [f"NOT isnan({name})"] if type_ == "DOUBLE" else []
    return _within(given, name, guard)


def _lengths(given: Mapping[str, Any], types: Types) -> str | None:
    if types.get(given.get("column", "")) != "VARCHAR":
        return None
    return _within(given, f"length({_name(given['column'])})")


def _within(given: Mapping[str, Any], measured: str, guard: Sequence[str] = ()) -> str | None:
    if not set(given) <= {"column", "min_value", "max_value"}:
        return None
    bounds = [(sign, given.get(key)) for sign, key in ((">=", "min_value"), ("<=", "max_value"))]
    stated = [(sign, value) for sign, value in bounds if value is not None]
    if not stated or not all(type(value) in (int, float) and isfinite(value) for _, value in stated):
        return None
    return _if_any(given["column"], *(f"{measured} {sign} {value}" for sign, value in stated), *guard)


def _matches(given: Mapping[str, Any], types: Types) -> str | None:
    if types.get(given.get("column", "")) != "VARCHAR" or set(given) != {"column", "regex"}:
        return None
    if _OF_ONE_DIALECT.search(given["regex"]):
        return None
    name, both = _name(given["column"]), (given["regex"], _PRINTABLE)
    return _if_any(given["column"], *(f"regexp_matches({name}, {_literal(one)})" for one in both))


def _pair(given: Mapping[str, Any], types: Types) -> str | None:
    if not set(given) <= {"column_A", "column_B", "or_equal", "ignore_row_if"}:
        return None
    first, second = (types.get(given.get(one, "")) for one in ("column_A", "column_B"))
    if first != second or first not in ("BIGINT", "DATE", "TIMESTAMPTZ"):
        return None
    if given.get("ignore_row_if") != "either_value_is_missing":
        return None
    greater = ">=" if given.get("or_equal") is True else ">"
    names = _name(given["column_A"]), _name(given["column_B"])
    return f"({names[0]} IS NULL OR {names[1]} IS NULL OR {names[0]} {greater} {names[1]})"


_WRITERS: Mapping[str, Callable[[Mapping[str, Any], Types], str | None]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
}


def _exempt(condition: Any, types: Types) -> str | None:
    """When a row is surely not asked about; None where that cannot be said."""
    match condition:
        case {"type": "comparison", "column": {"name": str(column)}, "operator": str(how), "parameter": of}:
            pass
        case _:
            return None
    kind = {"VARCHAR": str, "BOOLEAN": bool}.get(types.get(column, ""))
    values: Sequence[Any] = of if isinstance(of, list) else [of]
    if kind is None or not all(type(value) is kind for value in values):
        return None
    match how:
        case "NOT_IN":
            return f"coalesce({_name(column)} IN ({', '.join(map(_literal, values))}), false)"
        case "==" if len(values) == 1:
            return f"{_name(column)} IS DISTINCT FROM {_literal(values[0])}"
    return None


def _if_any(column: str, *tests: str) -> str:
    """The tests where there is a value: what is missing is another expectation's business."""
    return f"({_name(column)} IS NULL OR ({' AND '.join(tests)}))"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(value: str | bool) -> str:
    return str(value).upper() if isinstance(value, bool) else "'" + value.replace("'", "''") + "'"
