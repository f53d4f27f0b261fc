"""Batches of uptime checks read back: examples, and bytes that are no batch.

An example without its `.expected.json` gets one written and fails once: read it before committing it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.evidence import Capture, ParseError, UptimeRecord, columns_of
from collectors.uptime import FORMAT, parse, parse_file, to_payload

EXAMPLES = Path(__file__).parent / "examples" / "uptime"
BATCHES = sorted(p for p in EXAMPLES.glob("*.json") if not p.name.endswith(".expected.json"))

ROW_COLUMNS = [name for name in columns_of("uptime_check") if name not in ("capture_id", "position")]


def capture(payload: bytes) -> Capture:
    return Capture(
        "urn:uuid:9", "urn:pantau:uptime:uji", datetime(2026, 11, 2, tzinfo=UTC), None, (), "", payload
    )


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.name)
def test_example(path: Path) -> None:
    parsed = parse_file(path)
    found = json.dumps(
        {
            "records": [asdict(one) for one in parsed.records],
            "rejects": [
                {"check": one.where.rpartition(", ")[2], "reason": one.reason, "raw": json.loads(one.raw)}
                for one in parsed.rejects
            ],
            "duplicates": parsed.duplicates,
        },
        default=str,
        ensure_ascii=False,
        indent=1,
    )
    expected = path.with_suffix(".expected.json")
    if not expected.exists():
        expected.write_text(found + "\n", encoding="utf-8")
        pytest.fail(f"{expected.name} was missing and has been written: read it, then run again")
    assert json.loads(found) == json.loads(expected.read_text(encoding="utf-8"))
    assert parsed.seen == len(json.loads(path.read_bytes())["checks"])
    assert all(path.name in one.where for one in parsed.rejects)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe not text",
        b"<html>Request Rejected</html>",
        b'{"format": "pantau-uptime-1", "checks": [{"serv',
        b"[]",
        b"null",
        b'{"checks": []}',
        b'{"format": "pantau-uptime-2", "checks": []}',
        b'{"format": "pantau-uptime-1"}',
        b'{"format": "pantau-uptime-1", "checks": {}}',
        b"[" * 200_000,
        b'{"format": "pantau-uptime-1", "checks": [' + b"9" * 5000 + b"]}",
    ],
    ids=lambda payload: payload[:40].decode("latin-1"),
)
def test_what_is_no_batch_is_refused_whole(payload: bytes) -> None:
    with pytest.raises(ParseError, match="urn:pantau:uptime:uji"):
        parse([capture(to_payload([])), capture(payload)])


def test_batches_of_one_run_are_read_together() -> None:
    rows = json.loads((EXAMPLES / "campuran.json").read_bytes())["checks"]
    parsed = parse([capture(to_payload(rows[:2])), capture(to_payload(rows[2:3]))])
    assert [(one.position, one.capture_id) for one in parsed.records] == [
        (0, "urn:uuid:9"),
        (1, "urn:uuid:9"),
        (0, "urn:uuid:9"),
    ]


def test_no_captures_are_no_checks() -> None:
    assert parse([]).seen == 0


def test_records_have_the_columns_of_the_table() -> None:
    (record, *_) = parse_file(EXAMPLES / "campuran.json").records
    assert isinstance(record, UptimeRecord)
    assert tuple(asdict(record)) == columns_of("uptime_check")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=4), st.sampled_from(ROW_COLUMNS), json_values)
def test_every_row_is_a_record_a_reject_or_a_repetition(
    rows: list[object], column: str, value: object
) -> None:
    good = json.loads((EXAMPLES / "campuran.json").read_bytes())["checks"][0]
    batch = [*rows, {**good, column: value}]
    parsed = parse([capture(json.dumps({"format": FORMAT, "checks": batch}).encode())])
    assert parsed.seen == len(batch)
