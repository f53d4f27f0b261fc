"""Import: a history of uptime checks from another tool, into the archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from collectors import uptime_history
from collectors.archive import Archive, new_run_id
from collectors.evidence import Fetched, Run
from collectors.institution import HISTORY_SOURCE, ConfigError, read_institution
from collectors.uptime_history import Matched, Tool
from flows.collect import capture_institution
from flows.places import Clock


@dataclass(frozen=True)
class Imported:
    """What became of one monitor: `service` is None where it matches none, with the reason.

    `archived` is how many of its checks are new in the archive; `unreadable` rows of the export are left out.
    """

    monitor: str
    service: str | None
    reason: str
    checks: int
    archived: int
    unreadable: int


def import_uptime(
    config: Path, export: Path, tool: Tool, archive: Archive, *, clock: Clock, mapping: Path | None = None
) -> list[Imported]:
    """Archive the checks of every monitor that watches a service; one that is there already is left alone.

    `mapping` is a YAML file of monitor names and service ids, for what addresses do not tell.
    Raises ConfigError, ParseError for an export that is not of that tool, OSError.
    """
    file, text = read_institution(config)
    names = _read_mapping(mapping) if mapping else {}
    monitors = uptime_history.read_export(export, tool)
    if unknown := sorted(names.keys() - {monitor.name for monitor in monitors}):
        raise ConfigError(f"{mapping}: no monitor in {export} is named {', '.join(map(repr, unknown))}")
    digest = hashlib.sha256(export.read_bytes()).hexdigest()
    capture_institution(file, text, config, archive, clock)
    name = file.institution.id
    known = {
        capture.url for entry in archive.ledger(name, HISTORY_SOURCE) for capture in archive.read(entry)[1]
    }
    return [
        _import_one(found, name, tool, digest, known, archive, clock)
        for found in uptime_history.match(monitors, file.services, names)
    ]


def _import_one(
    found: Matched, institution: str, tool: Tool, digest: str, known: set[str], archive: Archive, clock: Clock
) -> Imported:
    monitor, service = found.monitor, found.service
    checks, archived = len(monitor.heartbeats), 0
    if service is None:
        return Imported(monitor.name, None, found.reason, checks, 0, monitor.unreadable)
    for number, (size, payload) in enumerate(uptime_history.to_payloads(monitor, service, tool, digest), 1):
        url = f"urn:pantau:riwayat:{digest[:16]}:{service.id}:{number}"
        if url in known:
            continue
        started = clock()
        run = Run(new_run_id(), institution, HISTORY_SOURCE, "uptime_history", started, started, "ok")
        headers = (("Content-Type", "application/json"),)
        with archive.appending(run) as appender:
            appender.add(Fetched(url, started, None, "", headers, payload))
            appender.finish(run, clock())
        archived += size
    reason = "" if checks else "ekspor ini tidak memuat pemeriksaannya; untuk Uptime Kuma berikan kuma.db"
    return Imported(monitor.name, service.id, reason, checks, archived, monitor.unreadable)


def _read_mapping(path: Path) -> dict[str, str]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not YAML ({error})") from error
    if not isinstance(data, dict) or not all(isinstance(v, str) for v in (*data.keys(), *data.values())):
        raise ConfigError(f"{path}: write one line per monitor, such as 'Portal Kota: portal'")
    return data
