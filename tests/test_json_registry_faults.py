"""A registry that is an API, over real HTTP: whatever becomes of it, the applications stay as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.archive import Archive
from flows.collect import collect
from tests.test_http import Page, Site, running
from tests.test_institution import GOOD
from warehouse.connection import writing
from warehouse.load import LoadResult, load

pytestmark = pytest.mark.e2e

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WAF = b"<html><title>Request Rejected</title>The requested URL was rejected. Your support ID is: 77318</html>"
LOGIN = b"<html><title>Login</title><form><input type='password' name='sandi'></form></html>"


def registry(page: int) -> bytes:
    rows = [{"nama_aplikasi": f"Aplikasi {page}-{n}", "status": "aktif"} for n in range(10)]
    return json.dumps({"data": rows, "pagination": {"total_page": 2}}).encode()


def answer(status: int, body: bytes = b"") -> Page:
    return lambda handler: handler.answer(status, body, Content_Type="application/json")


FAULTS: tuple[tuple[int, Page, str, str], ...] = (
    (1, answer(200, WAF), "refused", "firewall rejected"),
    (1, answer(200, LOGIN), "refused", "log in"),
    (1, answer(200, registry(1)[:300]), "refused", "no JSON that can be read"),
    (1, answer(200, b'{"data": []}'), "refused", "without a single application"),
    (1, answer(200, b'{"message": "Unauthenticated."}'), "refused", "Unauthenticated"),
    (1, answer(404), "failed", "answers 404"),
    (2, answer(404), "failed", "answers 404"),
    (2, answer(200, registry(1)), "failed", "repeats an earlier one"),
    (2, answer(200, registry(2)[:300]), "refused", "no JSON that can be read"),
)
"""Which page fails, how, what its run becomes, and what is said."""


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


def test_no_fault_takes_an_application_away(site: Site, tmp_path: Path) -> None:
    entry = (
        f'sources:\n- {{id: api, collector: app_registry, format: json, url: "{site.url("/api?page=1")}", '
        "cadence: registry, agency: diskominfo}\nallow_private_addresses: true\n"
    )
    config, archive, database = tmp_path / "uji.yml", Archive(tmp_path / "arsip"), tmp_path / "gudang.duckdb"
    config.write_text(GOOD.split("sources:")[0] + entry)
    good = {f"/api?page={number}": answer(200, registry(number)) for number in (1, 2)}

    def outcome(hours: int) -> LoadResult:
        now = NOON + timedelta(hours=hours)
        collect(config, archive, clock=lambda: now)
        (result,) = [one for one in load(archive, database, now=now) if one.source == "api"]
        return result

    site.pages |= good
    first = outcome(0)
    assert (first.outcome, first.loaded) == ("loaded", 20)
    for hours, (page, broken, becomes, said) in enumerate(FAULTS, start=1):
        site.pages |= good | {f"/api?page={page}": broken}
        result = outcome(hours)
        assert result.outcome == becomes, (said, result.message)
        assert said in result.message
    with writing(database, NOON) as connection:
        versions = connection.execute("SELECT count(*), count(valid_to) FROM core.application").fetchone()
    assert versions == (20, 0)
