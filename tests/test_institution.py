"""The institution's file: unknown keys refused, every error with file and key path."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.institution import ConfigError, parse_institution, read_institution

GOOD = """
institution: {id: kota-uji, name: Kota Uji, kind: kota}
agencies:
- {id: diskominfo, name: Diskominfo}
targets: {"2026": "4.50"}
official_results:
- {year: 2025, index: "3.98", decided_on: 2026-01-15, source: KepmenPANRB, levels: {"1": 4}}
freshness:
  regulation: {ttl: 3d, grace: 30d}
  uptime: {ttl: 36h, grace: 3d}
  application: {ttl: 45d, grace: 90d}
  attestation: {ttl: 365d, grace: 30d}
sources:
- {id: jdih, collector: regulations, format: jdihn, url: "https://jdih.uji.go.id/x", cadence: listings, agency: diskominfo}
services:
- {id: portal, name: Portal, url: "https://uji.go.id", agency: diskominfo}
"""


def test_a_good_file_keeps_exact_numbers_and_durations() -> None:
    file = parse_institution(GOOD, "uji.yml")
    assert file.targets["2026"] == Decimal("4.50")
    assert file.official_results[0].index == Decimal("3.98")
    assert file.freshness.uptime.ttl == timedelta(hours=36)
    assert file.alerts.min_drop == Decimal("0.01")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cadence: listings", "cadense: listings", r"uji\.yml: sources\.0\.cadense: unknown key"),
        ("cadence: listings", "cadence: hourly", r"uji\.yml: sources\.0\.cadence: .*'services', 'listings'"),
        ("ttl: 3d", "ttl: 3 days", r"freshness\.regulation\.ttl: '3 days' is not a duration; write 15m, 36h or 30d"),
        ('index: "3.98"', "index: 3.98", r"official_results\.0\.index: write 3\.98 in quotes"),
        ('index: "3.98"', 'index: "5.98"', r"official_results\.0\.index: .*less than or equal to 5"),
        ('{"1": 4}', '{"1": 6}', r"official_results\.0\.levels: indicator 1: level 6 is outside 1\.\.5"),
        ("agency: diskominfo}\nservices", "agency: dinkes}\nservices", r"jdih: agency 'dinkes' is not among agencies"),
        ("id: portal", "id: jdih", r"id 'jdih' is used more than once"),
        ("id: portal", "id: layanan", r"id 'layanan' is kept for Pantau itself"),
        ("format: jdihn", "format: html", r"sources\.0: an html listing needs a profile"),
        ('url: "https://jdih.uji.go.id/x", ', "", r"sources\.0: give either url or path"),
        ("kind: kota}", "kind: kota, time_zone: Asia/Bandung}", r"institution\.time_zone: unknown time zone"),
        ('"2026": "4.50"', '"tahun ini": "4.50"', r"targets\.tahun ini.*: String should match pattern"),
        ("kind: kota}", "kind: [kota}", r"uji\.yml, line \d+: not valid YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_key_path(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=message):
        parse_institution(GOOD.replace(old, new), "uji.yml")


def test_every_mistake_is_named_at_once() -> None:
    broken = GOOD.replace("cadence: listings", "cadense: listings").replace("ttl: 3d", "ttl: x")
    with pytest.raises(ConfigError) as caught:
        parse_institution(broken, "uji.yml")
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("content", [b"\xff\xfe bukan utf-8", b"- daftar", b""])
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kota.yml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"kota\.yml: "):
        read_institution(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tidak-ada\.yml: cannot be read \(No such file"):
        read_institution(tmp_path / "tidak-ada.yml")
