"""What alerts look at on every date, by institution, from the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import duckdb

from transforms.watch import ExpiringCertificate, Silence, TargetPath, Watched
from warehouse.score_rows import rows_of


def watched(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Mapping[str, Sequence[Watched]]:
    """By institution the path to its target, certificates about to end, and what stands still, at `as_of`."""
    parameters = {"as_of": as_of}
    found: dict[str, list[Watched]] = {}
    for row in rows_of(connection, "target_paths", parameters):
        targets = {step["year"]: step["target"] for step in row["targets"]}
        official = row["official"] and (row["official"]["year"], row["official"]["index_value"])
        found.setdefault(row["institution"], []).append(TargetPath(targets, official, row["told_key"]))
    certificates = rows_of(connection, "expiring_certificates", parameters)
    for (name, expires_at), shown in groupby(certificates, key=lambda r: (r["institution"], r["expires_at"])):
        services = list(shown)
        ending = ExpiringCertificate(
            expires_at, [(one["name"], one["agency"]) for one in services], services[0]["thresholds"]
        )
        found.setdefault(name, []).append(ending)
    silent = rows_of(connection, "silent_sources", parameters)
    for (name, _), of_cadence in groupby(silent, key=lambda r: (r["institution"], r["cadence"])):
        sources = list(of_cadence)
        together = [sources] if sources[0]["is_whole"] else [[one] for one in sources]
        found.setdefault(name, []).extend(_silence(part) for part in together)
    return found


def _silence(sources: Sequence[Mapping[str, Any]]) -> Silence:
    ran = [one["last_run_at"] for one in sources if one["last_run_at"] is not None]
    return Silence(
        cadence=sources[0]["cadence"],
        sources=[one["source"] for one in sources],
        is_whole=sources[0]["is_whole"],
        last_run_at=max(ran, default=None),
        # A source that is only named meanwhile begins no new silence.
        since=max(ran) if ran else min(one["since"] for one in sources),
        allowed=sources[0]["allowed"],
    )
