"""Every probe against a table of cases: rows of core tables in, one answer per institution out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.warehouse_rows import run, warehouse_with
from transforms.instrument import instrument_ids, load_instrument, load_probes, load_rules, load_topics
from warehouse.asking import build_models

FOLDER = Path(__file__).parent / "probes"
PROBES = load_probes()
TOPICS = load_topics()


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in table["cases"]:
            yield pytest.param(path.stem, table, case, id=f"{path.stem}: {case['name']}")


@pytest.mark.parametrize(("probe", "table", "case"), list(cases()))
def test_probe_answers(probe: str, table: dict[str, Any], case: dict[str, Any]) -> None:
    as_of = case.get("as_of", table["as_of"])
    institutions = [{"institution": name, "name": name.title()} for name in case["expect"]]
    rows = {"institution": institutions, **table.get("rows", {}), **case.get("rows", {})}
    connection = warehouse_with(rows)
    build_models(connection, TOPICS, as_of)
    values = {"as_of": as_of, **table.get("with", {}), **case.get("with", {})}
    result = run(connection, PROBES[probe].sql, values)
    assert [column[0] for column in result.description] == [
        "institution",
        "answer",
        "reason",
        "evidence_ids",
        "observed_at",
    ]
    assert [str(column[1]) for column in result.description] == [
        "VARCHAR",
        "BOOLEAN",
        "VARCHAR",
        "VARCHAR[]",
        "TIMESTAMP WITH TIME ZONE",
    ]
    answers = {
        institution: {"answer": answer, "reason": reason, "evidence": ids, "observed_at": at}
        for institution, answer, reason, ids, at in result.fetchall()
    }
    expected = {
        institution: {"evidence": [], "observed_at": None, **expectation}
        for institution, expectation in case["expect"].items()
    }
    assert answers == expected


def test_without_evidence_nothing_is_claimed_and_nothing_refuted() -> None:
    """Every call of the rules, for two institutions of which nothing is known but that they exist."""
    as_of = datetime.fromisoformat("2026-05-01T08:00:00+00:00")
    connection = warehouse_with({"institution": [{"institution": name} for name in ("kota-a", "kota-b")]})
    build_models(connection, TOPICS, as_of)
    calls = {call for name in instrument_ids() for call in load_rules(load_instrument(name)).calls()}
    for call in sorted(calls, key=lambda call: call.key):
        rows = run(connection, PROBES[call.probe].sql, {**dict(call.with_), "as_of": as_of}).fetchall()
        assert [row[:2] for row in rows] == [("kota-a", None), ("kota-b", None)], call.key
        assert all(row[2] and row[3] == [] and row[4] is None for row in rows), call.key


def test_every_probe_has_a_table_with_each_kind_of_answer() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == set(PROBES)
    for path in FOLDER.glob("*.yml"):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        answers = [e["answer"] for case in table["cases"] for e in case["expect"].values()]
        assert True in answers and None in answers, path.name
        assert False in answers or table.get("never_false"), path.name
        assert any(len(case["expect"]) > 1 for case in table["cases"]), (
            f"{path.name}: two institutions at once"
        )
        assert any("stale" in case["name"] for case in table["cases"]), f"{path.name}: a stale source"
