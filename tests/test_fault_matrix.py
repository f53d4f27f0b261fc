"""Every fault that the city can have, and what it may become: a finding only where a service really failed."""

from __future__ import annotations

import pytest

from demo.faults import KINDS
from tests.fault_matrix import DOCUMENT, SERVICES, SOURCES, Case, Seen, observe, render

pytestmark = pytest.mark.e2e

ALERTS = {"refused": ("batch_quarantined",), "failed": ("source_failed",), "loaded": ()}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Seen]:
    return {one.case: one for one in observe(tmp_path_factory.mktemp("matrix"))}


def named(case: Case) -> str:
    return f"{case.endpoint}-{case.fault}"


def test_every_fault_of_the_city_is_in_the_matrix() -> None:
    assert {case.fault for case in (*SOURCES, *SERVICES)} == set(KINDS)
    assert len(KINDS) >= 25


@pytest.mark.parametrize("case", SOURCES, ids=named)
def test_a_source_that_fails_changes_no_finding(seen: dict[Case, Seen], case: Case) -> None:
    one = seen[case]
    assert (one.becomes, one.error) == (case.becomes, case.error), one.message
    assert case.said in one.message
    assert one.findings == ()
    assert one.alerts == ALERTS[case.becomes]
    # A table that was emptied leaves nothing to be held.
    if case.becomes == "refused" and not case.said.endswith("batas: 0"):
        assert one.quarantined > 0


@pytest.mark.parametrize("case", SERVICES, ids=named)
def test_a_service_is_refuted_only_where_it_is_down(seen: dict[Case, Seen], case: Case) -> None:
    one = seen[case]
    assert (one.becomes, one.error) == (case.becomes, case.error), one.message
    assert case.said in one.message
    assert bool(one.findings) is (case.becomes == "down")
    assert all(change.endswith("-> not_met") for change in one.findings)
    expected = {"down": ("service_down",)}.get(case.becomes, ())
    assert one.alerts == (("service_compromised",) if case.fault == "hacked_page" else expected)


def test_the_table_in_the_documentation_is_current(seen: dict[Case, Seen]) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(list(seen.values())), (
        "write it anew: python -m tests.fault_matrix"
    )
