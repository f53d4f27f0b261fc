"""Constructed institutions, every rung worked out by hand in `tests/golden/`, from rows of a warehouse to the index."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.warehouse_rows import LONG_AGO, fill
from transforms.index import Aggregate, exact, rounded
from transforms.instrument import load_instrument
from warehouse.connection import writing
from warehouse.score import ScoreResult, score
from warehouse.score_rows import read_score

pytestmark = pytest.mark.e2e

FOLDER = Path(__file__).parent / "golden"
AS_OF = datetime(2026, 6, 1, 1, tzinfo=UTC)
DAYS = {"regulation": (3, 30), "uptime": (1, 3), "application": (45, 90), "attestation": (365, 30)}
CASES = {
    f"{path.stem}-{case['name']}": (path.stem, case)
    for path in sorted(FOLDER.glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
}


def numbers(written: object) -> Iterator[int]:
    """The numbers of ``7`` or ``2-5``."""
    first, _, last = str(written).partition("-")
    return iter(range(int(first), int(last or first) + 1))


def spread(written: Mapping[Any, Any] | None) -> dict[str, Any]:
    """A mapping by number or by range of numbers as one by number."""
    return {str(number): value for key, value in (written or {}).items() for number in numbers(key)}


def rows_of(institution: str, instrument: str, case: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    given = {table: [dict(row) for row in rows] for table, rows in case.get("rows", {}).items()}
    given.setdefault("attestation", []).extend(
        {"criterion": f"I{int(indicator):02}.{level}"}
        for indicator, levels in spread(case.get("attest")).items()
        for level in numbers(levels)
    )
    given["attestation"] = [
        {
            "instrument": instrument, "source": "atestasi", "statement": "terpenuhi", "signer": "Kepala Dinas",
            "signed_on": date(2026, 5, 1), "file_name": "bukti.pdf", "attestation_key": f"{position:04}",
            "capture_id": "c-atestasi", "file_capture_id": "c-berkas", "valid_from": LONG_AGO, **row,
        }
        for position, row in enumerate(given["attestation"])
    ]  # fmt: skip
    given["external_index"] = [
        {"year": 2025, "decided_on": date(2026, 3, 1), "capture_id": "c-nilai", "valid_from": LONG_AGO,
         "citation": "surat"} | row | {"value": Decimal(row["value"])}
        for row in given.get("external_index", ())
    ]  # fmt: skip
    given["official_level"] = [
        {"instrument": instrument, "year": 2025, "decided_on": date(2026, 1, 15), "indicator": indicator,
         "level": Decimal(level), "valid_from": LONG_AGO}
        for indicator, level in spread(case.get("official")).items()
    ]  # fmt: skip
    given["institution"] = [{"name": institution, "instrument": instrument, "min_drop": Decimal("0.01")}]
    given["freshness"] = [
        {"kind": kind, "ttl": timedelta(days=ttl), "grace": timedelta(days=grace), "valid_from": LONG_AGO}
        for kind, (ttl, grace) in DAYS.items()
    ]
    return {
        table: [row | {"institution": institution} for row in rows] for table, rows in given.items() if rows
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the institutions in one warehouse: what one has must say nothing of another."""
    path = tmp_path_factory.mktemp("golden") / "warehouse.duckdb"
    with writing(path, AS_OF) as connection:
        for institution, (instrument, case) in CASES.items():
            fill(connection, rows_of(institution, instrument, case))
    return path


@pytest.fixture(scope="module")
def results(warehouse: Path) -> dict[str, ScoreResult]:
    return {result.institution: result for result in score(warehouse, as_of=AS_OF, now=AS_OF)}


def three(total: Aggregate) -> list[Decimal]:
    return [exact(value) for value in (total.proven, total.provisional, total.possible)]


@pytest.mark.parametrize("name", CASES)
def test_every_rung_is_what_was_worked_out_by_hand(results: Mapping[str, ScoreResult], name: str) -> None:
    instrument_id, case = CASES[name]
    instrument, current = load_instrument(instrument_id), results[name].current
    states = {criterion: current.findings[criterion].state for criterion in case.get("states", {})}
    assert states == case.get("states", {})
    if "carried" in case:
        assert [c for c, finding in current.findings.items() if finding.is_carried] == case["carried"]
    official = spread(case.get("official"))
    levels = spread(case.get("levels"))
    for number, level in current.levels.items():
        found = (number, level.proven, level.floor, level.provisional, level.possible, level.official)
        wanted = [Fraction(str(value)) for value in levels.get(number, case["others"])]
        assert found == (number, *wanted, Fraction(official[number]) if number in official else None)
    by_scope: dict[str, dict[str, Aggregate]] = {"index": {}, "domain": {}, "aspect": {}}
    for total in current.aggregates:
        by_scope[total.scope][total.code] = total
    for scope, named in (("aspect", "aspects"), ("domain", "domains")):
        wanted_of = spread(case.get(named))
        for code, total in by_scope[scope].items():
            assert (code, three(total)) == (code, [Decimal(v) for v in wanted_of.get(code, ["1", "1", "5"])])
    index = current.index
    assert three(index) == [Decimal(value) for value in case["index"]]
    assert (rounded(index.coverage, 6), index.predikat) == (Decimal(case["coverage"]), case["predikat"])
    bands = {a.number: by_scope["aspect"][a.number].predikat for a in instrument.aspects}
    assert bands == spread(case.get("bands", {f"1-{len(instrument.aspects)}": None}))


def test_what_was_stored_is_what_was_worked_out(warehouse: Path, results: Mapping[str, ScoreResult]) -> None:
    with writing(warehouse, AS_OF) as connection:
        for result in results.values():
            stored = read_score(connection, result.current.score_id)
            assert dict(stored.findings) == dict(result.current.findings)
            assert [three(total) for total in stored.aggregates] == [
                three(total) for total in result.current.aggregates
            ]
            assert {n: (x.proven, x.floor, x.provisional, x.possible, x.official, x.rung) for n, x in stored.levels.items()} == {
                n: (x.proven, x.floor, x.provisional, x.possible, x.official, x.rung)
                for n, x in result.current.levels.items()
            }  # fmt: skip


def test_one_institution_alone_has_the_same_score(
    warehouse: Path, results: Mapping[str, ScoreResult], tmp_path: Path
) -> None:
    alone = tmp_path / "alone.duckdb"
    shutil.copy(warehouse, alone)
    tables = ("run", "finding", "level", "aggregate")
    with writing(alone, AS_OF) as connection:
        together = {table: _rows(connection, table) for table in tables}
        for table in ("run", "finding_set", "level", "aggregate"):
            connection.execute(f"DELETE FROM score.{table}")
    for name in (
        "spbe-2020-a-source-has-failed",
        "spbe-2020-only-public-evidence",
        "pemdi-2026-levels-half-met",
    ):
        (one,) = score(alone, as_of=AS_OF, now=AS_OF, institutions=(name,))
        assert one.current == results[name].current
        with writing(alone, AS_OF) as connection:
            for table in tables:
                own = [row for row in together[table] if one.current.score_id in row]
                assert own
                assert [row for row in _rows(connection, table) if one.current.score_id in row] == own


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT * FROM score.{table} ORDER BY ALL").fetchall()
