"""Histories of uptime checks that a city already has in other tools: Uptime Kuma and Gatus.

An export is read once, at the edge, into a batch of our own for the archive: what was checked when, up or
down, how long it took. Nothing else is taken over: those files also hold tokens, passwords and messages.

- Uptime Kuma: ``kuma.db`` (SQLite: tables monitor and heartbeat, times in UTC) or its backup as JSON, which
  lists the monitors and, in most versions, no heartbeats. Status 0 is down, 1 up; 2 (pending) and 3
  (maintenance) could not tell.
- Gatus: its SQLite store (endpoints and endpoint_results, durations in nanoseconds) or the JSON of
  ``/api/v1/endpoints/statuses``. Neither holds addresses, only host names.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from collectors.evidence import Capture, Parsed, ParseError, Reject, UptimeRecord
from collectors.institution import Service

FORMAT = "pantau-riwayat-1"
"""What a batch of imported checks calls itself."""
CHECKS_PER_BATCH = 50_000
Tool = Literal["uptime-kuma", "gatus"]

_SQLITE = b"SQLite format 3\x00"
_HTTP_STATUS = re.compile(r"^([1-5]\d\d)\b|status code (\d\d\d)")


@dataclass(frozen=True)
class Heartbeat:
    """One check of another tool: `is_up` is None where it could not tell."""

    at: datetime
    is_up: bool | None
    status: int | None
    total_ms: float | None


@dataclass(frozen=True)
class Monitor:
    """What another tool watches: its address, or only its host, as far as it is known, and its checks."""

    name: str
    address: str | None
    host: str | None
    heartbeats: tuple[Heartbeat, ...]
    unreadable: int = 0


@dataclass(frozen=True)
class Matched:
    """A monitor and the service it watches; `service` is None, with the reason, where that is not known."""

    monitor: Monitor
    service: Service | None
    reason: str


def read_export(path: Path, tool: Tool) -> tuple[Monitor, ...]:
    """The monitors of an export, with their checks in order of time.

    Raises ParseError where the file is not of that tool, OSError where it cannot be read.
    """
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    if is_sqlite:
        read_store = _kuma_store if tool == "uptime-kuma" else _gatus_store
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as store:
                store.row_factory = sqlite3.Row
                return tuple(read_store(store))
        except sqlite3.Error as error:
            raise ParseError(str(path), f"is no store of {tool} ({error})", "Check --format") from error
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        what = "Give a .db file or a JSON export"
        raise ParseError(str(path), f"is neither SQLite nor JSON ({error})", what) from error
    try:
        return tuple(_kuma_json(data) if tool == "uptime-kuma" else _gatus_json(data))
    except (KeyError, TypeError, AttributeError) as error:
        raise ParseError(str(path), f"is no export of {tool} ({error!r})", "Check --format") from error


def match(
    monitors: Iterable[Monitor], services: Sequence[Service], mapping: Mapping[str, str]
) -> tuple[Matched, ...]:
    """Which service each monitor watches: by `mapping` (monitor's name to service id), else by its address.

    Where only the host is known, or no address is the same, the one service on that host is taken; of several
    none is. A service has one history: a second monitor of it is not taken.
    """
    by_id = {service.id: service for service in services}
    by_address = {_plain_address(service.url): service for service in services}
    found: list[Matched] = []
    taken: dict[str, str] = {}
    for monitor in monitors:
        service: Service | None = None
        reason = ""
        if monitor.name in mapping:
            service = by_id.get(mapping[monitor.name])
            reason = "" if service else f"layanan {mapping[monitor.name]!r} tidak ada dalam berkas institusi"
        elif monitor.address and _plain_address(monitor.address) in by_address:
            service = by_address[_plain_address(monitor.address)]
        elif monitor.host:
            there = [s for s in services if urlsplit(s.url).hostname == monitor.host]
            service = there[0] if len(there) == 1 else None
            reason = "" if service else f"{len(there) or 'tidak ada'} layanan pada host {monitor.host}"
        else:
            reason = "bukan pemantauan alamat web"
        if service is not None:
            first = taken.setdefault(service.id, monitor.name)
            if first != monitor.name:
                reason, service = f"riwayat layanan {service.id} sudah diambil dari {first!r}", None
        found.append(Matched(monitor, service, reason))
    return tuple(found)


def to_payloads(monitor: Monitor, service: Service, tool: Tool, digest: str) -> Iterator[tuple[int, bytes]]:
    """A monitor's checks as (how many, batch for the archive); `digest` is the export's SHA-256 in hex."""
    beats = monitor.heartbeats
    for start in range(0, len(beats), CHECKS_PER_BATCH):
        checks = [
            [beat.at.isoformat(), beat.is_up, beat.status, beat.total_ms]
            for beat in beats[start : start + CHECKS_PER_BATCH]
        ]
        batch = {
            "format": FORMAT,
            "tool": tool,
            "export": f"sha256:{digest}",
            "monitor": monitor.name,
            "service_id": service.id,
            "url": service.url,
            "checks": checks,
        }
        yield len(checks), json.dumps(batch, ensure_ascii=False).encode()


def parse(captures: Sequence[Capture]) -> Parsed:
    """The checks of imported batches, a repeated moment of a service once. Raises ParseError."""
    records: list[UptimeRecord] = []
    rejects: list[Reject] = []
    seen: set[tuple[str, datetime]] = set()
    repeated = 0
    for capture in captures:
        batch = _batch(capture)
        for position, row in enumerate(batch["checks"]):
            try:
                record = _record(batch, row, capture.capture_id, position)
            except (ValueError, TypeError) as error:
                where = f"{capture.url}, check {position + 1}"
                rejects.append(Reject(where, str(error), json.dumps(row)))
                continue
            if (record.service_id, record.checked_at) in seen:
                repeated += 1
                continue
            seen.add((record.service_id, record.checked_at))
            records.append(record)
    return Parsed("uptime_check", tuple(records), tuple(rejects), repeated)


def _batch(capture: Capture) -> dict[str, Any]:
    try:
        batch = json.loads(capture.payload)
    except (ValueError, RecursionError) as error:
        raise ParseError(capture.url, f"is not JSON ({error})", "Import the export again") from error
    if not isinstance(batch, dict) or batch.get("format") != FORMAT:
        raise ParseError(capture.url, f"is no batch of format {FORMAT!r}", "Import the export again")
    of_kind = {"service_id": str, "url": str, "checks": list}
    wrong = [name for name, kind in of_kind.items() if not isinstance(batch.get(name), kind)]
    if wrong:
        raise ParseError(capture.url, f"has no readable {', '.join(wrong)}", "Import the export again")
    return batch


def _record(batch: Mapping[str, Any], row: Any, capture_id: str, position: int) -> UptimeRecord:
    at, is_up, status, total_ms = row
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError(f"{at!r} has no UTC offset")
    if is_up not in (True, False, None):
        raise ValueError(f"{is_up!r} is neither up nor down nor unknown")
    down = f"http_{status}" if status is not None and status >= 400 else "imported"
    return UptimeRecord(
        service_id=batch["service_id"],
        url=batch["url"],
        checked_at=moment,
        is_up=is_up,
        status=status,
        error_class={True: None, False: down, None: "imported_unknown"}[is_up],
        error_message=None,
        dns_ms=None,
        connect_ms=None,
        tls_ms=None,
        first_byte_ms=None,
        total_ms=total_ms,
        attempts=1,
        final_url=None,
        is_https=str(batch["url"]).startswith("https:"),
        cert_expires_at=None,
        cert_issuer=None,
        tls_ok=None,
        text_found=None,
        capture_id=capture_id,
        position=position,
    )


def _kuma_store(store: sqlite3.Connection) -> Iterator[Monitor]:
    for monitor in store.execute("SELECT id, name, type, url FROM monitor ORDER BY id").fetchall():
        rows = store.execute(
            "SELECT status, time, ping, msg FROM heartbeat WHERE monitor_id = ? ORDER BY time",
            (monitor["id"],),
        )
        yield _kuma_monitor(dict(monitor), map(dict, rows))


def _kuma_json(data: Any) -> Iterator[Monitor]:
    beats = data.get("heartbeatList") or {}
    for monitor in data["monitorList"]:
        if isinstance(beats, dict):
            rows = beats.get(str(monitor["id"]), [])
        else:
            rows = [b for b in beats if b.get("monitor_id", b.get("monitorID")) == monitor["id"]]
        yield _kuma_monitor(monitor, rows)


_KUMA_STATES: Mapping[object, bool | None] = {0: False, 1: True, 2: None, 3: None}


def _kuma_monitor(monitor: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Monitor:
    is_web = monitor.get("type") in ("http", "keyword", "json-query", "real-browser")
    address = str(monitor.get("url") or "") if is_web else ""

    def beat(row: Mapping[str, Any]) -> Heartbeat:
        return Heartbeat(
            _moment(row["time"]),
            _KUMA_STATES[row["status"]],
            _status(row.get("msg")),
            _number(row.get("ping")),
        )

    return _monitor(str(monitor["name"]), address or None, _host(address), rows, beat)


def _gatus_store(store: sqlite3.Connection) -> Iterator[Monitor]:
    endpoints = store.execute(
        "SELECT endpoint_id, endpoint_name, endpoint_group FROM endpoints ORDER BY endpoint_id"
    ).fetchall()
    for endpoint in endpoints:
        rows = store.execute(
            "SELECT success, status, hostname, duration, timestamp FROM endpoint_results "
            "WHERE endpoint_id = ? ORDER BY timestamp",
            (endpoint["endpoint_id"],),
        )
        name = _gatus_name(endpoint["endpoint_group"], endpoint["endpoint_name"])
        yield _gatus_monitor(name, [dict(row) for row in rows])


def _gatus_json(data: Any) -> Iterator[Monitor]:
    for endpoint in data:
        yield _gatus_monitor(
            _gatus_name(endpoint.get("group"), endpoint["name"]), endpoint.get("results") or []
        )


def _gatus_name(group: str | None, name: str) -> str:
    return f"{group}/{name}" if group else name


def _gatus_monitor(name: str, rows: Sequence[Mapping[str, Any]]) -> Monitor:
    def beat(row: Mapping[str, Any]) -> Heartbeat:
        if row["success"] not in (0, 1, True, False):
            raise ValueError(f"success {row['success']!r}")
        duration = _number(row.get("duration"))
        total_ms = None if duration is None else duration / 1_000_000
        return Heartbeat(
            _moment(row["timestamp"]), bool(row["success"]), _status(str(row.get("status") or "")), total_ms
        )

    hosts = {str(row["hostname"]).lower() for row in rows if row.get("hostname")}
    return _monitor(name, None, hosts.pop() if len(hosts) == 1 else None, rows, beat)


def _monitor(name: str, address: str | None, host: str | None, rows: Iterable[Any], beat: Any) -> Monitor:
    beats: list[Heartbeat] = []
    unreadable = 0
    for row in rows:
        try:
            beats.append(beat(row))
        except (KeyError, ValueError, TypeError):
            # Counted and told to who imports; a history with holes is a history.
            unreadable += 1
    return Monitor(name, address, host, tuple(sorted(beats, key=lambda b: b.at)), unreadable)


def _moment(value: object) -> datetime:
    """Times of both tools are UTC where they say no offset; Go writes nanoseconds and a zone name."""
    text = re.sub(r"(\.\d{1,6})\d*", r"\1", str(value).strip())
    text = re.sub(r" (\+\d{4}) .*$| \w+$", r"\1", text)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _status(text: str | None) -> int | None:
    found = _HTTP_STATUS.search(text or "")
    return int(found[1] or found[2]) if found else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value >= 0 else None


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _plain_address(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return address
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{parts.hostname or ''}{port}{parts.path.rstrip('/')}{query}"
