"""Our own outage: where most services of one run cannot even be reached, the run tells of us, not of them.

A rule over what was captured, not over what was collected: it applies to the whole archive alike.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from collectors.evidence import Parsed, UptimeRecord
from collectors.institution import OwnOutage

OWN_OUTAGE = "own_outage"
"""The error class of a check that failed in a run of our own outage: it could not tell, `is_up` is None."""
UNREACHED = frozenset({"dns", "refused", "timeout", "reset"})
"""Failures before any answer: the only ones that our own network can cause."""


def without_own_outage(parsed: Parsed, rule: OwnOutage) -> Parsed:
    """The checks, those of runs that were our own outage turned from down into "could not tell".

    A run (one capture) of at least `rule.min_services` services of which at least `rule.share` were not
    reached is our own outage: its unreached checks become unknown and keep their first class in the message.
    Checks of it that did get an answer, good or bad, stand. One note per such run.
    """
    runs: dict[str, list[UptimeRecord]] = defaultdict(list)
    for record in parsed.records:
        assert isinstance(record, UptimeRecord)
        runs[record.capture_id].append(record)
    outages = {
        capture_id: len(unreached)
        for capture_id, checks in runs.items()
        if len(checks) >= rule.min_services
        and len(unreached := [c for c in checks if c.error_class in UNREACHED]) >= rule.share * len(checks)
    }
    if not outages:
        return parsed
    notes = tuple(
        f"{count} dari {len(runs[capture_id])} layanan tidak terjangkau sekaligus; periksa jaringan di "
        "tempat Pantau, lalu pusat data yang dipakai bersama"
        for capture_id, count in outages.items()
    )
    records = tuple(
        _unknown(check) if check.capture_id in outages and check.error_class in UNREACHED else check
        for checks in runs.values()
        for check in checks
    )
    return replace(parsed, records=records, notes=(*parsed.notes, *notes))


def _unknown(check: UptimeRecord) -> UptimeRecord:
    said = ": ".join(part for part in (check.error_class, check.error_message) if part)
    return replace(check, is_up=None, error_class=OWN_OUTAGE, error_message=said)
