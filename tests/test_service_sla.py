"""Service levels, worked by hand. Times are Jakarta's (UTC+7); a check speaks for at most 30 minutes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse_rows import run, warehouse_with
from transforms.instrument import load_topics
from warehouse.asking import build_models
from warehouse.service_counts import count_checks

QUERY = Path(__file__).parents[1] / "warehouse" / "queries" / "service_sla.sql"
_CHECK = re.compile(r"(\d\d):(\d\d)([ud?])")


def local(day: int, hour: int = 0, minute: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


def on(day: int, text: str, service: str = "portal", **more: Any) -> list[dict[str, Any]]:
    """Checks such as "08:00u 08:05d 08:10?" of one local day."""
    return [
        {
            "institution": "kota-a",
            "service_id": service,
            "checked_at": local(day, int(hour), int(minute)),
            "is_up": {"u": True, "d": False, "?": None}[state],
            "error_class": {"u": None, "d": "timeout", "?": "blocked"}[state],
            "total_ms": 100.0 if state == "u" else 9000.0,
            "first_byte_ms": 50.0 if state == "u" else None,
            "capture_id": f"c-{day}-{hour}-{minute}",
            **more,
        }
        for hour, minute, state in _CHECK.findall(text)
    ]


def window(starts: str, ends: str, **more: Any) -> dict[str, Any]:
    return {
        "institution": "kota-a",
        "name": "pemeliharaan",
        "starts_local": datetime.fromisoformat(starts),
        "ends_local": datetime.fromisoformat(ends),
        "is_weekly": False,
        "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
        **more,
    }


def warehouse(
    checks: Sequence[Mapping[str, Any]],
    as_of: datetime,
    windows: Sequence[Mapping[str, Any]] = (),
    services: Mapping[str, str] | None = None,
) -> duckdb.DuckDBPyConnection:
    agencies = services or {"portal": "diskominfo"}
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        "institution": [{"institution": "kota-a", "check_holds": timedelta(minutes=30)}],
        "service": [
            {"institution": "kota-a", "service_id": name, "agency": agency}
            for name, agency in agencies.items()
        ],
        "uptime_check": checks,
    }
    connection = warehouse_with({**rows, "maintenance": windows} if windows else rows)
    build_models(connection, load_topics(), as_of)
    return connection


def sla(
    checks: Sequence[Mapping[str, Any]],
    as_of: datetime,
    windows: Sequence[Mapping[str, Any]] = (),
    services: Mapping[str, str] | None = None,
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows by (period, first day, service or agency)."""
    connection = warehouse(checks, as_of, windows, services)
    count_checks(connection, as_of)
    result = run(connection, QUERY.read_text(encoding="utf-8"), {"as_of": as_of})
    names = [column[0] for column in result.description]
    found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    keyed = {(r["period"], str(r["starts_on"]), r["service_id"] or r["agency"]): r for r in found}
    assert len(keyed) == len(found)
    return keyed


def minutes(row: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Up, down, unknown and excluded minutes."""
    names = ("up_seconds", "down_seconds", "unknown_seconds", "excluded_seconds")
    up, down, unknown, excluded = (row[name] / 60 for name in names)
    return up, down, unknown, excluded


def test_a_check_speaks_until_the_next_one() -> None:
    """Up 08.00-08.10, down 08.10-08.25, up 08.25-08.30: 15 of 30 minutes."""
    rows = sla(on(4, "08:00u 08:05u 08:10d 08:15d 08:25u"), local(4, 8, 30))
    day = rows["hari", "2026-05-04", "portal"]
    assert minutes(day) == (15, 15, 0, 0)
    assert (day["checks"], day["checks_up"], day["outages"], day["resolved_outages"]) == (5, 3, 1, 1)
    assert (day["longest_outage_seconds"], day["mttr_seconds"]) == (900, 900)
    month = rows["bulan", "2026-05-01", "portal"]
    agency = rows["bulan", "2026-05-01", "diskominfo"]
    same = set(day) - {"period", "starts_on", "service_id"}
    assert {k: month[k] for k in same} == {k: day[k] for k in same} == {k: agency[k] for k in same}


def test_a_gap_is_unknown_beyond_what_a_check_speaks_for() -> None:
    """Up 08.00-08.30, nothing known 08.30-10.00, up 10.00-10.05; never 100% of two hours."""
    day = sla(on(4, "08:00u 10:00u"), local(4, 10, 5))["hari", "2026-05-04", "portal"]
    assert minutes(day) == (35, 0, 90, 0)


def test_a_check_that_could_not_tell_is_unknown_and_ends_no_outage() -> None:
    """Down 08.00-08.05, unknown to 08.15, down to 08.20, then up: one outage of 10 known minutes."""
    checks = [
        *on(4, "08:00d 08:05? 08:15d 08:20u"),
        *on(4, "08:10d", error_class="own_outage"),
    ]
    day = sla(checks, local(4, 8, 30))["hari", "2026-05-04", "portal"]
    assert minutes(day) == (10, 10, 10, 0)
    assert (day["outages"], day["mttr_seconds"], day["checks"], day["checks_unknown"]) == (1, 600, 3, 2)


def test_days_are_local_and_an_outage_over_midnight_is_shared() -> None:
    """Down from 23.50 on 31 May to 00.20 on 1 June in Jakarta: 10 minutes in May, 20 in June; ended in June."""
    checks = on(31, "23:40u 23:50d") + [
        {**c, "checked_at": c["checked_at"] + timedelta(days=1)} for c in on(31, "00:10d 00:20u")
    ]
    rows = sla(checks, local(1, 0, 30, month=6))
    may, june = rows["bulan", "2026-05-01", "portal"], rows["bulan", "2026-06-01", "portal"]
    assert minutes(may) == (10, 10, 0, 0)
    assert minutes(june) == (10, 20, 0, 0)
    assert (may["longest_outage_seconds"], may["resolved_outages"], may["mttr_seconds"]) == (600, 0, None)
    # It ended in June, and took half an hour in all.
    assert (june["longest_outage_seconds"], june["resolved_outages"], june["mttr_seconds"]) == (1200, 1, 1800)
    assert set(rows) == {
        (period, day, who)
        for period, day, who in (
            ("hari", "2026-05-31", "portal"), ("hari", "2026-06-01", "portal"),
            ("bulan", "2026-05-01", "portal"), ("bulan", "2026-06-01", "portal"),
            ("bulan", "2026-05-01", "diskominfo"), ("bulan", "2026-06-01", "diskominfo"),
        )
    }  # fmt: skip


def test_maintenance_is_neither_up_nor_down_and_its_checks_do_not_count() -> None:
    """Window 08.10-08.20: up to 08.05, down 08.05-08.10 and 08.20-08.25, ten minutes excluded."""
    windows = [window("2026-05-04 08:10", "2026-05-04 08:20")]
    checks = on(4, "08:00u 08:05d 08:10d 08:15d 08:20d 08:25u")
    day = sla(checks, local(4, 8, 30), windows)["hari", "2026-05-04", "portal"]
    assert minutes(day) == (10, 10, 0, 10)
    assert (day["checks"], day["checks_up"], day["outages"], day["mttr_seconds"]) == (4, 2, 1, 600)


def test_an_outage_inside_maintenance_is_none() -> None:
    windows = [window("2026-05-04 08:00", "2026-05-04 08:20"), window("2026-05-04 08:15", "2026-05-04 08:30")]
    day = sla(on(4, "07:55u 08:05d 08:25d 08:30u"), local(4, 8, 40), windows)["hari", "2026-05-04", "portal"]
    assert minutes(day) == (15, 0, 0, 30)
    assert (day["outages"], day["longest_outage_seconds"], day["mttr_seconds"]) == (0, None, None)


def test_a_weekly_window_recurs_over_midnight_for_the_services_it_names() -> None:
    """Sundays 23.30 to Mondays 00.30: of the night to Monday 4 May, 30 minutes on each side."""
    weekly = window("2024-01-07 23:30", "2024-01-08 00:30", is_weekly=True, service_id="portal")
    services = {"portal": "diskominfo", "jdih": "hukum"}
    checks = [
        *on(3, "23:20u 23:40d"), *on(4, "00:05d 00:30u"),
        *on(3, "23:20u 23:40d", "jdih"), *on(4, "00:05d 00:30u", "jdih"),
    ]  # fmt: skip
    rows = sla(checks, local(4, 0, 40), [weekly], services)
    assert minutes(rows["hari", "2026-05-03", "portal"]) == (10, 0, 0, 30)
    assert minutes(rows["hari", "2026-05-04", "portal"]) == (10, 0, 0, 30)
    assert minutes(rows["hari", "2026-05-03", "jdih"]) == (20, 20, 0, 0)
    assert minutes(rows["hari", "2026-05-04", "jdih"]) == (10, 30, 0, 0)


def test_a_window_written_after_the_fact_excuses_nothing_and_one_taken_out_keeps_what_it_excused() -> None:
    checks = on(4, "08:00d 08:10d 08:20d 08:30u")
    late = [window("2026-05-04 08:00", "2026-05-04 08:30", valid_from=local(4, 8, 20))]
    day = sla(checks, local(4, 8, 40), late)["hari", "2026-05-04", "portal"]
    assert minutes(day) == (10, 20, 0, 10)
    gone = [window("2026-05-04 08:00", "2026-05-04 08:30", valid_to=local(4, 8, 10))]
    day = sla(checks, local(4, 8, 40), gone)["hari", "2026-05-04", "portal"]
    assert minutes(day) == (10, 20, 0, 10)


def test_a_window_written_for_one_service_and_for_all_lasts_no_longer() -> None:
    """Sundays 22.00 to 23.00, said three times, over 21 Sundays: no week in between is maintenance."""
    weekly = window("2024-01-07 22:00", "2024-01-07 23:00", is_weekly=True)
    services = {f"layanan-{n}": "hukum" for n in range(8)}
    windows = [weekly, {**weekly, "name": "lagi"}, *({**weekly, "service_id": name} for name in services)]
    first, last = local(3, 8) - timedelta(days=150), local(3, 8)
    connection = warehouse([{**on(3, "08:00u")[0], "checked_at": first}], last, windows, services)
    assert connection.execute(
        "SELECT ends_at - starts_at, count(*) FROM service_window WHERE starts_at BETWEEN $first AND $last GROUP BY ALL",
        {"first": first, "last": last},
    ).fetchall() == [(timedelta(hours=1), 8 * 21)]


def test_an_agency_is_the_sum_of_its_services() -> None:
    """10 of 20 minutes up and 20 of 20: 75%; the longest outage and the mean repair are of single outages."""
    services = {"portal": "diskominfo", "lapor": "diskominfo", "jdih": "hukum"}
    checks = [
        *on(4, "08:00u 08:05d 08:10u 08:15d"),
        *on(4, "08:00u 08:10u", "lapor", total_ms=300.0),
        *on(4, "08:00d", "jdih"),
    ]
    rows = sla(checks, local(4, 8, 20), (), services)
    agency = rows["bulan", "2026-05-01", "diskominfo"]
    assert minutes(agency) == (30, 10, 0, 0)
    assert (agency["outages"], agency["longest_outage_seconds"]) == (2, 300)
    assert (agency["resolved_outages"], agency["mttr_seconds"]) == (1, 300)
    assert (agency["total_ms_p50"], agency["total_ms_p95"]) == (100, 300)
    assert minutes(rows["bulan", "2026-05-01", "hukum"]) == (0, 20, 0, 0)


def test_percentiles_are_values_measured_on_checks_that_were_up() -> None:
    checks = [
        {**c, "total_ms": float(n), "first_byte_ms": n / 2}
        for n, c in enumerate(on(4, " ".join(f"08:{m:02}u" for m in range(60))), start=1)
    ]
    day = sla(checks + on(4, "09:00d"), local(4, 9, 5))["hari", "2026-05-04", "portal"]
    assert [day[f"total_ms_p{p}"] for p in (50, 95, 99)] == [30, 57, 60]
    assert [day[f"first_byte_ms_p{p}"] for p in (50, 95, 99)] == [15, 29, 30]


def test_percentiles_of_months_are_those_of_all_their_checks() -> None:
    """Of a service on several days and of an agency: wherever the value lies, at the ends of spans of 16 ms, too."""
    took: dict[str, list[int]] = {"portal": [], "lapor": []}
    checks = []
    for number in range(240):
        service = "lapor" if number % 3 == 0 else "portal"
        ms = (15, 16, 17, 31, 32, 33, 47, 48, 9000)[number * 7 % 9] if number % 2 else number * number % 700
        took[service].append(ms)
        day, minute = 4 + number // 60, number % 60
        checks += on(day, f"08:{minute:02}u", service, total_ms=float(ms), first_byte_ms=float(ms // 2))
    rows = sla(checks, local(8), (), {"portal": "diskominfo", "lapor": "diskominfo"})
    for owner, counted in {**took, "diskominfo": [*took["portal"], *took["lapor"]]}.items():
        month = rows["bulan", "2026-05-01", owner]
        ranked = sorted(counted)
        for percent in (50, 95, 99):
            value = ranked[(len(ranked) * percent + 99) // 100 - 1]
            assert month[f"total_ms_p{percent}"] == value, (owner, percent)
            assert month[f"first_byte_ms_p{percent}"] == value // 2, (owner, percent)


def test_a_history_counts_only_before_the_first_own_check_and_once() -> None:
    brought = on(4, "08:00u 08:10d 08:20u 08:40d", source="layanan-riwayat")
    checks = [*brought, *brought, *on(4, "08:30u")]
    day = sla(checks, local(4, 8, 45))["hari", "2026-05-04", "portal"]
    assert minutes(day) == (35, 10, 0, 0)
    assert (day["checks"], day["checks_imported"]) == (4, 3)
