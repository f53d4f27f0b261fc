"""What an institution's file says, as rows of core: one version per change of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb

from collectors.evidence import Capture
from collectors.institution import InstitutionFile, parse_institution
from warehouse.connection import append, execute


def load_institution(
    connection: duckdb.DuckDBPyConnection, capture: Capture, at: datetime, loaded_at: datetime
) -> None:
    """What the file says from `at` on, known here since `loaded_at`; what it said before ends."""
    file = parse_institution(capture.payload.decode(), capture.url)
    for table, rows in _rows(file, capture.capture_id).items():
        execute(
            connection,
            f"UPDATE core.{table} SET valid_to = $at, closed_loaded_at = $loaded_at "
            "WHERE institution = $institution AND valid_to IS NULL",
            {"at": at, "loaded_at": loaded_at, "institution": file.institution.id},
        )
        append(
            connection,
            f"core.{table}",
            list(rows),
            institution=file.institution.id,
            valid_from=at,
            valid_to=None,
            loaded_at=loaded_at,
        )


def _rows(file: InstitutionFile, capture_id: str) -> dict[str, Iterable[Mapping[str, Any]]]:
    body = file.institution
    return {
        "institution": [
            {
                "name": body.name,
                "kind": body.kind,
                "moratorium_from": file.moratorium_from,
                "time_zone": body.time_zone,
                "instrument": body.instrument,
                "also": list(body.also),
                "min_drop": file.alerts.min_drop,
                "evidence_days": file.alerts.evidence_days,
                "tls_days": list(file.alerts.tls_days),
                "services_cadence": file.services_cadence,
                "silent_services": file.alerts.silent_after.services,
                "silent_listings": file.alerts.silent_after.listings,
                "silent_registry": file.alerts.silent_after.registry,
                "down_after": file.down_after,
                "check_holds": file.check_holds,
                "flapping_changes": file.flapping.changes,
                "flapping_within": file.flapping.within,
                "raw_days": file.retention.raw_days,
                "hourly_days": file.retention.hourly_days,
                "capture_id": capture_id,
            }
        ],
        "agency": [{"agency": agency.id, "name": agency.name} for agency in file.agencies],
        "target": [{"year": int(year), "target": target} for year, target in file.targets.items()],
        "official_result": [
            {
                "instrument": r.instrument,
                "year": r.year,
                "index_value": r.index,
                "decided_on": r.decided_on,
                "citation": r.source,
            }
            for r in file.official_results
        ],
        "official_level": [
            {
                "instrument": r.instrument,
                "year": r.year,
                "decided_on": r.decided_on,
                "indicator": indicator,
                "level": level,
            }
            for r in file.official_results
            for indicator, level in r.levels.items()
        ],
        "external_index": [
            {
                "index_id": known.id,
                "year": known.year,
                "value": known.value,
                "decided_on": known.decided_on,
                "expires_on": known.expires_on,
                "citation": known.citation,
                "capture_id": capture_id,
            }
            for known in file.external_indices
        ],
        "freshness": [
            {"kind": kind, "ttl": freshness.ttl, "grace": freshness.grace}
            for kind, freshness in (
                ("regulation", file.freshness.regulation),
                ("uptime", file.freshness.uptime),
                ("application", file.freshness.application),
                ("attestation", file.freshness.attestation),
                ("external_index", file.freshness.external_index),
            )
            if freshness is not None
        ],
        "source": [
            {
                "source": source.id,
                "collector": source.collector,
                "cadence": source.cadence,
                "agency": source.agency,
                "location": source.url or str(source.path),
            }
            for source in file.sources
        ],
        "service": [
            {
                "service_id": service.id,
                "name": service.name,
                "url": service.url,
                "agency": service.agency,
                "expect_text": service.expect_text,
            }
            for service in file.services
        ],
        "maintenance": [
            {
                "name": window.name,
                "service_id": service_id,
                "starts_local": starts,
                "ends_local": ends,
                "is_weekly": is_weekly,
            }
            for window in file.maintenance
            for service_id in window.services or (None,)
            for starts, ends, is_weekly in window.spells()
        ],
        "service_shows": [
            {"service_id": service.id, "indicator": shows.indicator, "function": shows.function}
            for service in file.services
            for shows in service.shows
        ],
    }
