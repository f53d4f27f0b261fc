"""Counting ahead of publication: who loads checks has those counted that are over, once a local day.

So a publication finds no more to count than the checks since the last midnight. What is counted is what a
publication would keep itself (`carry.keep`), where it looks for it. It is never in the way: where the
warehouse or the copy is held, or anything is wrong, the next publication counts.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from warehouse.carry import carry, keep, next_midnights, see_services, settle, write_carried
from warehouse.connection import Home, copying, require_current_schema
from warehouse.counted import counting, is_due
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.lake import Lake
from warehouse.locks import only_one
from warehouse.service_facts import set_aside, write_levels

log = logging.getLogger(__name__)


def count_ahead(
    warehouse: Home, target: Path, *, now: datetime, institutions: Collection[str] | None = None
) -> None:
    """Count what the next publication as `target` would have to, up to the last settled local midnight.

    Nothing where that was done for these `institutions`, whose checks came; None says that more may have
    changed. Of a lake nothing is counted ahead. Never fails: what went wrong is logged.
    """
    if isinstance(warehouse, Lake) or (institutions is not None and not is_due(target, institutions, now)):
        return
    try:
        with only_one(target, "counting", wait_seconds=0):
            counting(target, partial(_count, warehouse, now))
    except WarehouseBusyError as error:
        log.info("%s: nothing is counted ahead, the next publication counts (%s)", target, error)
    except (duckdb.Error, WarehouseError, OSError) as error:
        log.warning(
            "%s: checks could not be counted ahead (%s); what was loaded is kept, and the next publication "
            "counts them. If that fails too, do what it says",
            target,
            error,
        )


def _count(
    warehouse: Path, now: datetime, counted: Path | None, new: Path
) -> tuple[None, Mapping[str, datetime]]:
    with copying(warehouse, wait_seconds=0) as connection:
        require_current_schema(connection, warehouse)
        carry(connection, counted, now)
        see_services(connection, now)
        # Of what a publication fills, what is kept of it.
        connection.execute("ATTACH ':memory:' AS published")
        connection.execute("CREATE SCHEMA published.core")
        connection.execute("CREATE TABLE published.core.service_sla AS FROM core.service_sla LIMIT 0")
        write_carried(connection, "published")
        connection.execute("ATTACH ':memory:' AS aside")
        set_aside(connection, now, has_states=False)
        connection.execute("USE aside")
        # Writers wait while the warehouse is attached; the rest does not need it.
        connection.execute("DETACH warehouse")
        write_levels(connection, "published", now)
        if keep(connection, new, now):
            settle(connection, "counted")
        return None, next_midnights(connection, now)
