"""Every file under examples/ of the two collectors of dropped files, against what should be read from it.

A file without its `.expected.json` gets one written and fails once: read it before committing it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from collectors import app_registry, attestations
from collectors.evidence import Parsed

EXAMPLES = Path(__file__).parent / "examples"
REGISTRIES = sorted(
    path
    for path in (EXAMPLES / "app_registry").iterdir()
    if path.suffix in app_registry.SUFFIXES and not path.name.endswith(".expected.json")
)
REGISTERS = sorted((EXAMPLES / "attestations").glob("*/pernyataan.csv"))


def as_json(parsed: Parsed) -> str:
    """What was read, without the fields that only a capture can fill."""
    content = {
        "records": [
            {k: v for k, v in asdict(record).items() if v is not None and "capture_id" not in k}
            for record in parsed.records
        ],
        "rejects": [asdict(reject) for reject in parsed.rejects],
        "duplicates": parsed.duplicates,
        "notes": parsed.notes,
    }
    return json.dumps(content, default=str, ensure_ascii=False, indent=2) + "\n"


def check(parsed: Parsed, expected: Path) -> None:
    found = as_json(parsed)
    if not expected.exists():
        expected.write_text(found, encoding="utf-8")
        pytest.fail(f"{expected.name} was missing and has been written: read it, then run again")
    assert json.loads(found) == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", REGISTRIES, ids=lambda path: path.name)
def test_registry(path: Path) -> None:
    check(app_registry.parse_file(path), path.with_suffix(".expected.json"))


@pytest.mark.parametrize("path", REGISTERS, ids=lambda path: path.parent.name)
def test_register_of_attestations(path: Path) -> None:
    parsed = attestations.parse_file(path)
    check(parsed, EXAMPLES / "attestations" / f"{path.parent.name}.expected.json")


def test_every_expected_file_has_its_example() -> None:
    names = {path.with_suffix(".expected.json").name for path in REGISTRIES}
    assert names == {path.name for path in (EXAMPLES / "app_registry").glob("*.expected.json")}
    names = {f"{path.parent.name}.expected.json" for path in REGISTERS}
    assert names == {path.name for path in (EXAMPLES / "attestations").glob("*.expected.json")}
