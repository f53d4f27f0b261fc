"""Rolling up uptime checks: what service levels need of days gone by stays, the checks themselves go.

Service levels are the same to the last digit before and after, and so is every score as of a moment that the
checks that stay can tell of (`require_checks`). What was rolled up is counted by the rules of then. The
archive keeps every check.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from collectors.institution import Retention
from transforms.instrument import load_models
from warehouse.connection import Home, execute, statement, writing
from warehouse.errors import WarehouseError
from warehouse.operations import write_down
from warehouse.service_counts import count_checks

SETTLED = timedelta(days=2)
"""A day is rolled up when it is over for so long."""
LOOKED_BACK = timedelta(days=61)
"""How far before a service's latest check scoring looks at each: 60 days, the first of them whole."""
_STEPS = Path(__file__).parent / "rollup"


@dataclass(frozen=True)
class RolledUp:
    """What rolling up one institution's checks did: rows made by grain, and checks and hours that went.

    Where there is nothing to make, and all checks that are old enough to go are kept, `moved` alone says that
    those services now begin later.
    """

    institution: str
    days: int
    hours: int
    checks_gone: int
    hours_gone: int
    moved: int = 0

    @property
    def is_anything(self) -> bool:
        """Whether anything was changed."""
        return any((self.days, self.hours, self.checks_gone, self.hours_gone, self.moved))


class RolledUpError(WarehouseError):
    """The checks that are asked for were rolled up; the message says which and what to do."""


def roll_up_all(warehouse: Home, *, now: datetime) -> list[RolledUp]:
    """Roll up every institution, each in a transaction of its own. Raises as `writing` does."""
    with writing(warehouse, now) as connection:
        names = connection.execute(
            "SELECT institution FROM core.institution WHERE valid_to IS NULL ORDER BY institution"
        ).fetchall()
    return [roll_up(warehouse, institution, now=now) for (institution,) in names]


def roll_up(warehouse: Home, institution: str, *, now: datetime) -> RolledUp:
    """Roll up one institution's checks, as its file says, and write that down. Raises as `writing` does."""
    with writing(warehouse, now, institutions=(institution,)) as connection:
        done = roll_up_in(connection, institution, now)
        if done.is_anything:
            write_down(connection, institution, "rollup", now, {})
    return done


def checks_gone(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, datetime]]:
    """By institution and service, before which moment single checks are gone: none can be added there."""
    gone: dict[str, dict[str, datetime]] = {}
    rows = connection.execute(
        "SELECT institution, service_id, raw_from FROM core.uptime_rolled WHERE raw_from IS NOT NULL"
    ).fetchall()
    for institution, service_id, raw_from in rows:
        gone.setdefault(institution, {})[service_id] = raw_from
    return gone


def unscorable(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, institutions: Collection[str]
) -> dict[str, datetime]:
    """Those whose checks as of that moment are rolled up, each with the first moment that is not."""
    latest = connection.execute(
        "SELECT max(rolled_at) FROM core.uptime_rolled "
        "WHERE raw_from IS NOT NULL AND rolled_at > $as_of AND list_contains($institutions, institution)",
        {"as_of": as_of, "institutions": list(institutions)},
    ).fetchone()
    if latest is None or latest[0] is None:
        return {}
    # Not as tables: those of another date may stand, and be read after this.
    models = {model.name: model.sql for model in load_models()}
    standing = ", ".join(
        f"{name} AS ({models[name]}\n)" for name in ("institution_current", "service_window")
    )
    rows = execute(
        connection,
        f"WITH {standing} FROM ({statement(_STEPS / 'unscorable.sql')}\n)",
        {
            "as_of": latest[0],
            "scored_as_of": as_of,
            "looked_back": LOOKED_BACK,
            "institutions": list(institutions),
        },
    ).fetchall()
    return dict(rows)


def require_checks(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, institutions: Collection[str]
) -> None:
    """Raises RolledUpError where one of these institutions can no longer be scored as of that moment."""
    for institution, first in unscorable(connection, as_of, institutions).items():
        raise RolledUpError(
            f"{institution}: cannot be scored as of {as_of:%Y-%m-%d %H:%M}Z any more, the uptime checks "
            f"it would rest on are rolled up; it can from {first:%Y-%m-%d %H:%M}Z on (retention.raw_days in "
            "the institution's file says how long checks are kept)"
        )


def roll_up_in(connection: duckdb.DuckDBPyConnection, institution: str, now: datetime) -> RolledUp:
    """As `roll_up`, in a transaction that is open, without writing it down."""
    usual = Retention()
    kept = connection.execute(
        "SELECT coalesce(raw_days, $raw), coalesce(hourly_days, $hourly) FROM core.institution "
        "WHERE institution = $institution AND valid_to IS NULL",
        {"institution": institution, "raw": usual.raw_days, "hourly": usual.hourly_days},
    ).fetchone()
    if kept is None:
        return RolledUp(institution, days=0, hours=0, checks_gone=0, hours_gone=0)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    parameters = {
        "institution": institution,
        "now": now,
        "settled": SETTLED,
        "raw_days": kept[0],
        "hours_from": midnight - timedelta(days=kept[1]),
    }
    count_checks(connection, now, institution)
    counts = {}
    for path in sorted(_STEPS.glob("[0-9]*.sql")):
        changed = execute(connection, statement(path), parameters).fetchone()
        counts[path.stem[3:]] = changed[0] if changed else 0
    return RolledUp(
        institution,
        days=counts["day"],
        hours=counts["hour"],
        checks_gone=counts["forget_core"],
        hours_gone=counts["forget_hours"],
        moved=counts["note_forgotten"],
    )
