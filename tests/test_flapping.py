"""Services that come and go: one alert for flapping, none per turn, and a notice when they are back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.small_instrument import INSTRUMENT
from tests.test_alerts import MONDAY, scored
from tests.test_service_sla import local, on, window
from tests.warehouse_rows import run, warehouse_with
from transforms import alerts
from transforms.alert import Alert
from transforms.instrument import load_topics
from warehouse.asking import build_models
from warehouse.score_rows import QUERIES, fetch_rows

pytestmark = pytest.mark.e2e


class Watch:
    """A service under watch: checks come in, alerts go out as scoring decides and the outbox keeps them."""

    def __init__(self, windows: Sequence[Mapping[str, Any]] = ()) -> None:
        rows: dict[str, Sequence[Mapping[str, Any]]] = {
            "institution": [
                {
                    "institution": "kota-a",
                    "flapping_changes": 4,
                    "flapping_within": timedelta(hours=1),
                    "down_after": timedelta(0),
                }
            ],
            "service": [{"institution": "kota-a", "service_id": "portal", "name": "Portal"}],
        }
        self.connection: duckdb.DuckDBPyConnection = warehouse_with(
            {**rows, "maintenance": windows} if windows else rows
        )

    def see(self, text: str) -> list[str]:
        """Take in checks of 4 May, score at the last one, and return the kinds of the new events."""
        checks = on(4, text)
        for check in checks:
            self.connection.execute(
                "INSERT INTO core.uptime_check BY NAME SELECT $institution AS institution, $service_id AS service_id, "
                "$checked_at AS checked_at, $is_up AS is_up, $error_class AS error_class, 2 AS attempts",
                {k: check[k] for k in ("institution", "service_id", "checked_at", "is_up", "error_class")},
            )
        return [alert.kind for alert in self.score(checks[-1]["checked_at"])]

    def score(self, as_of: datetime) -> list[Alert]:
        build_models(self.connection, load_topics(), as_of)

        def rows(query: str) -> list[dict[str, Any]]:
            text = (QUERIES / f"{query}.sql").read_text(encoding="utf-8")
            found = fetch_rows(run(self.connection, text, {"as_of": as_of}))
            return [{k: v for k, v in row.items() if k != "institution"} for row in found]

        current = scored(MONDAY, {})
        decided = alerts.decide(
            INSTRUMENT,
            None,
            current,
            (),
            [alerts.DownService(**row) for row in rows("down_services")],
            Decimal("0.01"),
            ZoneInfo("Asia/Jakarta"),
            (),
            [
                *(alerts.UnstableService(**row) for row in rows("unstable_services")),
                *(alerts.RecoveredService(**row) for row in rows("recovered_services")),
            ],
        )
        known = {k for (k,) in self.connection.execute("SELECT event_key FROM ops.outbox").fetchall()}
        new = [alert for alert in decided if alert.event_key not in known]
        for ordinal, alert in enumerate(new):
            event = {k: v for k, v in asdict(alert).items() if k in ("event_key", "kind")}
            self.connection.execute(
                "INSERT INTO ops.outbox BY NAME SELECT 'kota-a' AS institution, $event_key AS event_key, "
                "$kind AS kind, $at AS created_at, $ordinal AS ordinal",
                {**event, "at": as_of, "ordinal": ordinal},
            )
        return new


def test_down_and_back_are_told_once_each() -> None:
    watch = Watch()
    assert watch.see("08:00u") == []
    assert watch.see("08:05d") == ["service_down"]
    assert watch.see("08:10d") == []
    assert watch.see("08:15?") == []
    assert watch.see("08:20u") == ["service_recovered"]
    assert watch.score(local(4, 8, 21)) == []
    assert watch.see("08:25u") == []
    assert watch.see("09:30d") == ["service_down"]
    assert watch.see("09:35u") == ["service_recovered"]


def test_what_the_notice_says() -> None:
    watch = Watch()
    watch.see("08:00u 08:05d")
    checks = on(4, "08:10u")[0]
    watch.connection.execute(
        "INSERT INTO core.uptime_check BY NAME SELECT 'kota-a' AS institution, 'portal' AS service_id, "
        "$at AS checked_at, TRUE AS is_up, 1 AS attempts",
        {"at": checks["checked_at"]},
    )
    (notice,) = watch.score(checks["checked_at"])
    assert notice.line == "Layanan Portal (diskominfo) kembali hidup sejak 04-05-2026 pukul 08.10 WIB"
    assert (notice.severity, notice.before, notice.after) == ("info", "mati", "hidup")


def test_the_fifth_turn_within_the_hour_is_flapping_and_told_once() -> None:
    watch = Watch()
    # Turns at 08.05, 08.10, 08.15, 08.20: four are not more than four.
    assert [watch.see(text) for text in ("08:00u", "08:05d", "08:10u", "08:15d", "08:20u")] == [
        [], ["service_down"], ["service_recovered"], ["service_down"], ["service_recovered"],
    ]  # fmt: skip
    assert watch.see("08:25d") == ["service_unstable"]
    # However it goes on, nobody is told again: not of each turn, and not of the same flapping.
    more = ("08:30u", "08:35d", "08:40d", "08:45u", "09:15d", "09:20u", "09:25d", "09:30u", "09:35d")
    assert [watch.see(text) for text in more] == [[]] * len(more)
    # Down, with four turns left in the hour: that is told. Then back.
    assert watch.see("10:00d 10:14d") == []
    assert watch.see("10:16d") == ["service_down"]
    assert watch.see("10:45u") == ["service_recovered"]


def test_flapping_that_ends_up_is_told_as_stable_again() -> None:
    watch = Watch()
    assert watch.see("08:00u 08:05d 08:10u 08:15d 08:20u 08:25d") == ["service_unstable"]
    assert watch.see("08:30u") == []
    assert watch.see("08:59u") == []
    assert watch.see("09:12u") == ["service_recovered"]
    (kept,) = watch.connection.execute(
        "SELECT event_key FROM ops.outbox WHERE kind = 'service_recovered'"
    ).fetchall()
    assert kept[0].startswith("service_recovered:kota-contoh:portal:service_unstable:2026-05-04T")


@pytest.mark.parametrize(
    "text",
    [
        "08:00u 08:20d 08:40u 09:00d 09:20u 09:40d 10:00u 10:20d",  # three an hour
        "08:00u 08:05d 08:10? 08:15d 08:20u 08:25? 08:30u 08:35d",  # what could not tell is no turn
        "08:00d 08:05u 08:10d 08:15u 08:20d",  # the first check is no turn
    ],
)
def test_less_is_no_flapping(text: str) -> None:
    assert "service_unstable" not in Watch().see(text)


def test_failing_in_maintenance_is_no_flapping() -> None:
    text = "08:00u 08:05d 08:10u 08:15d 08:20u 08:25d 08:30u 08:35u"
    assert Watch([window("2026-05-04 08:01", "2026-05-04 08:30")]).see(text) == []
    assert Watch([window("2026-05-05 08:01", "2026-05-05 08:30")]).see(text) == ["service_unstable"]
