"""Many small made-up institutions: their archive, and a worker that loads and scores some of them.

    python -m tests.many_institutions CONFIGS DATA_DIR WORKER WORKERS DAY

What a worker does depends on its institutions alone: whoever does it, and in whatever order, every row comes
out the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.archive import Archive
from collectors.evidence import Fetched, Run, UptimeRecord
from collectors.institution import CONFIG_SOURCE, SERVICES_SOURCE
from collectors.uptime import to_payload
from flows.places import Places
from flows.work import share_of, work

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_JSON = (("Content-Type", "application/json"),)
_TITLES = (
    "Arsitektur Sistem Pemerintahan Berbasis Elektronik",
    "Peta Rencana Sistem Pemerintahan Berbasis Elektronik",
    "Penyelenggaraan Satu Data Indonesia",
    "Sistem Manajemen Keamanan Informasi",
    "Pengelolaan Pusat Data",
)
_CONFIG = """
institution: {{id: {name}, name: Kota {number}, kind: kota}}
agencies:
- {{id: diskominfo, name: Diskominfo}}
targets: {{"2026": "3.50"}}
freshness:
  regulation: {{ttl: 3d, grace: 30d}}
  uptime: {{ttl: 36h, grace: 3d}}
  application: {{ttl: 45d, grace: 90d}}
  attestation: {{ttl: 365d, grace: 30d}}
sources:
- {{id: jdih, collector: regulations, format: jdihn, url: "https://jdih.{name}.go.id/x", cadence: listings, agency: diskominfo}}
services:
- {{id: portal, name: Portal, url: "https://{name}.go.id", agency: diskominfo}}
- {{id: layanan-a, name: Layanan A, url: "https://a.{name}.go.id", agency: diskominfo}}
"""


def name_of(number: int) -> str:
    """The id of an institution."""
    return f"kota-{number:03}"


def _config(number: int) -> str:
    return _CONFIG.format(name=name_of(number), number=number)


def feed(root: Path, numbers: Sequence[int], days: Sequence[int]) -> None:
    """Archive these days of these institutions under `root`; with day 0, their files, too."""
    archive = Archive(root)
    for number in numbers:
        if 0 in days:
            body = _config(number).encode()
            said = Fetched(f"file:{name_of(number)}.yml", START, None, "", (), body)
            _keep(archive, name_of(number), CONFIG_SOURCE, said)
        for day in days:
            _day(archive, number, day)


def _day(archive: Archive, number: int, day: int) -> None:
    # It is many that the tests are about, not much: to validate takes longest. Of four workers two have to.
    if number % 16 in (0, 3):
        _listing(archive, number, day)
    elif number % 16 in (4, 7):
        _checks(archive, number, day)
    else:
        moment = START + day * DAY
        why = {"error": "timeout", "message": "tidak menjawab"}
        run = Run(
            f"{name_of(number)}-{day}",
            name_of(number),
            "jdih",
            "regulations",
            moment,
            moment,
            "failed",
            **why,
        )
        with archive.appending(run) as appender:
            appender.finish(run, moment)


def _listing(archive: Archive, number: int, day: int) -> None:
    """From one to the next, one regulation is repealed, and others are new."""
    name = name_of(number)
    shown = [
        {
            "idData": n, "jenis": "Peraturan Wali Kota", "noPeraturan": str(n), "tahun_pengundangan": "2023",
            "judul": f"Peraturan Wali Kota Nomor {n} Tahun 2023 tentang {_TITLES[n % len(_TITLES)]}",
            "status": "Tidak Berlaku" if n == day + 1 else "Berlaku",
        }
        for n in range(1, number % 3 + 4 + day)
    ]  # fmt: skip
    url, body = f"https://jdih.{name}.go.id/x", json.dumps(shown).encode()
    _keep(archive, name, "jdih", Fetched(url, START + day * DAY, 200, "OK", _JSON, body))


def _checks(archive: Archive, number: int, day: int) -> None:
    name, latest = name_of(number), START + day * DAY
    is_down = (number + day) % 5 == 0
    checks = [
        _check(
            service, f"https://{service}.{name}.go.id", latest - k * timedelta(minutes=5), is_down and k < 6
        )
        for k in range(12)
        for service in ("portal", "layanan-a")
    ]
    batch = Fetched(f"urn:pantau:uptime:{name}", latest, None, "", _JSON, to_payload(checks))
    _keep(archive, name, SERVICES_SOURCE, batch)


def _check(service: str, url: str, at: datetime, is_down: bool) -> dict[str, object]:
    told = UptimeRecord(
        service_id=service, url=url, checked_at=at, is_up=not is_down, status=None if is_down else 200,
        error_class="timeout" if is_down else None, error_message="" if is_down else None,
        dns_ms=1.0, connect_ms=2.0, tls_ms=3.0, first_byte_ms=4.0, total_ms=5.0, attempts=1, final_url=None,
        is_https=True, cert_expires_at=None, cert_issuer=None, tls_ok=True, text_found=None, capture_id="",
        position=0,
    )  # fmt: skip
    row = asdict(told) | {"checked_at": at.isoformat()}
    return {key: value for key, value in row.items() if key not in ("capture_id", "position")}


def _keep(archive: Archive, name: str, source: str, document: Fetched) -> None:
    run = Run(
        f"{name}-{source}-{document.fetched_at:%d}",
        name,
        source,
        source,
        document.fetched_at,
        document.fetched_at,
        "ok",
    )
    with archive.appending(run) as appender:
        appender.add(document)
        appender.finish(run, document.fetched_at)


def write_configs(folder: Path, numbers: Sequence[int]) -> None:
    """The institutions' files."""
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"{name_of(number)}.yml").write_text(_config(number), encoding="utf-8")


def at(day: int) -> datetime:
    """The moment of that day at which institutions are loaded and scored."""
    return START + day * DAY + timedelta(hours=1)


if __name__ == "__main__":
    configs, data, worker, workers, last_day = sys.argv[1:]
    work(
        share_of(list(Path(configs).glob("*.yml")), int(worker), int(workers)),
        Places(Path(data)),
        clock=lambda: at(int(last_day)),
        is_collecting=False,
        progress=lambda name: print(name, flush=True),  # noqa: T201 - for who started this worker
    )
