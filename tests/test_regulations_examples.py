"""Parsing legal listings by example: a made-up file in the shape of a real one, beside what must come out.

`<case>.expected.json` names the format, the address the file is taken to come from, and the files (by default the
one named like the case), then either `records`, `rejects`, `duplicates` and `notes`, or the `error`. Columns that
are null are left out of its records, as are those that follow from others.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.evidence import Capture, ParseError, RegulationRecord
from collectors.indonesian import normalise_title
from collectors.institution import Source
from collectors.regulations import parse

EXAMPLES = Path(__file__).parent / "examples" / "regulations"
CASES = sorted(path.name.removesuffix(".expected.json") for path in EXAMPLES.glob("*.expected.json"))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def files_of(case: str, expected: dict[str, Any]) -> list[str]:
    beside = [p.name for p in EXAMPLES.glob(f"{case}.*") if not p.name.endswith(".expected.json")]
    return list(expected.get("files", beside))


def read_case(case: str) -> tuple[Source, list[Capture], dict[str, Any]]:
    expected = json.loads((EXAMPLES / f"{case}.expected.json").read_text(encoding="utf-8"))
    source = Source(
        id="jdih",
        collector="regulations",
        cadence="listings",
        agency="bagian-hukum",
        format=expected["format"],
        profile=expected.get("profile"),
        url=expected["url"],
    )
    captures = [
        Capture(name, expected["url"], NOON, 200, (), "", (EXAMPLES / name).read_bytes())
        for name in files_of(case, expected)
    ]
    return source, captures, expected


def shown(record: object) -> dict[str, Any]:
    assert isinstance(record, RegulationRecord)
    columns = asdict(record)
    assert columns.pop("title_norm") == normalise_title(record.title)
    del columns["capture_id"]
    columns["relations"] = json.loads(columns["relations"]) or None
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in columns.items()
        if value is not None
    }


def outcome(source: Source, captures: list[Capture]) -> dict[str, Any]:
    try:
        parsed = parse(captures, source)
    except ParseError as error:
        return {"error": error.reason}
    assert parsed.table == "regulation"
    return {
        "records": [shown(record) for record in parsed.records],
        "rejects": [asdict(reject) for reject in parsed.rejects],
        "duplicates": parsed.duplicates,
        "notes": list(parsed.notes),
    }


@pytest.mark.parametrize("case", CASES)
def test_a_listing_gives_what_the_example_says(case: str) -> None:
    source, captures, expected = read_case(case)
    for told in ("format", "profile", "url", "files"):
        expected.pop(told, None)
    assert outcome(source, captures) == expected


def test_every_example_file_is_used() -> None:
    expected_files = {f"{case}.expected.json" for case in CASES}
    used = {
        name
        for case in CASES
        for name in files_of(case, json.loads((EXAMPLES / f"{case}.expected.json").read_text()))
    }
    assert CASES
    assert {path.name for path in EXAMPLES.iterdir()} == used | expected_files
