"""Doctor: is the configuration sound, can the data folder be written, and what can be reached from here."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from collectors import uptime
from collectors.archive import Archive
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import InstitutionFile, Source, read_institution
from collectors.ledger import ArchiveError
from flows.collect import FETCHERS, opted_out
from flows.places import Clock, Places
from flows.pulse import pulse
from transforms.index import calculate, rounded
from transforms.instrument import load_instrument, load_rules
from transforms.ruleset import load_ruleset
from warehouse.connection import copying, reading
from warehouse.errors import WarehouseError
from warehouse.lake import Lake
from warehouse.read import dates_under_other_rules


@dataclass(frozen=True)
class Examined:
    """One thing looked at: fine or not, and in one line why."""

    what: str
    ok: bool
    detail: str


def examine(config: Path, places: Places, *, clock: Clock) -> list[Examined]:
    """Look at everything a run needs. Raises ConfigError for a file that cannot even be read."""
    file, _ = read_institution(config)
    folder = config.resolve().parent
    ca_file = folder / file.ca_file if file.ca_file else None
    results = [
        Examined(str(config), True, f"{len(file.sources)} sources, {len(file.services)} services"),
        *_norm(file),
        _writable(places.root),
        _archive(places),
        *_warehouse(places),
        *_older_rules(file, places),
        *_schedules(file, places, clock),
    ]
    if ca_file is not None:
        there = ca_file.is_file()
        results.append(Examined("ca_file", there, str(ca_file) if there else f"{ca_file} is missing"))
        ca_file = ca_file if there else None
    with ThreadPoolExecutor(8) as pool:
        reached = pool.map(lambda source: _source(source, file, folder, ca_file, clock), file.sources)
        results += list(reached)
    checks = uptime.check_all(
        file.services, ca_file=ca_file, allow_private=file.allow_private_addresses, clock=clock
    )
    for service, check in zip(file.services, checks, strict=True):
        ok = check["is_up"] is True
        detail = f"{check['status']} in {check['total_ms']:.0f} ms" if ok else _why(check)
        results.append(Examined(f"service {service.id}", ok, f"{service.url}: {detail}"))
    return results


def _why(check: dict[str, object]) -> str:
    return f"{check['error_class']}: {check['error_message']}"


def _norm(file: InstitutionFile) -> list[Examined]:
    """The instrument loads, and official levels in the file give the official index they stand beside."""
    instrument = load_instrument(file.institution.instrument)
    load_rules(instrument)
    known = {indicator.number for indicator in instrument.indicators}
    results = [Examined(f"instrument {instrument.id}", True, f"{len(known)} indicators")]
    for service in file.services:
        for shows in service.shows:
            if shows.indicator not in known:
                results.append(
                    Examined(f"service {service.id}", False, f"indicator {shows.indicator!r} does not exist")
                )
    for official in file.official_results:
        if not official.levels or official.instrument != instrument.id:
            continue
        if official.levels.keys() < known:
            told = f"{len(official.levels)} of {len(known)} levels; too few to compare with its index"
            results.append(Examined(f"official result {official.year}", True, told))
        else:
            index = rounded(calculate(instrument, official.levels)[0].provisional)
            results.append(
                Examined(
                    f"official result {official.year}",
                    index == official.index,
                    f"its levels give {index}, the file says {official.index}",
                )
            )
    return results


def _older_rules(file: InstitutionFile, places: Places) -> list[Examined]:
    """How many scored dates are shown under other rules than the present ones, where any are published."""
    if not places.published.exists():
        return []
    present = load_ruleset(file.institution.instrument)
    with reading(places.published) as connection:
        older = dates_under_other_rules(connection, file.institution.id, present.instrument.id, present.hash)
    detail = (
        f"{older} scored dates are under older ones and must not be compared with later dates: "
        "pantau rescore scores them again"
        if older
        else "every scored date is under the present ones"
    )
    return [Examined(f"rules {present.hash[:12]}", True, detail)]


def _schedules(file: InstitutionFile, places: Places, clock: Clock) -> list[Examined]:
    """Whether each cadence, and scoring, still runs; nothing of one that has not begun."""
    try:
        beats = pulse(file, places, now=clock())
    except ArchiveError:
        # Said of the archive already.
        return []
    return [
        Examined(
            f"schedule {b.cadence}", not b.is_silent, b.message or f"last ran {b.last_run_at:%Y-%m-%d %H:%M}Z"
        )
        for b in beats
        if b.last_run_at is not None
    ]


def _writable(folder: Path) -> Examined:
    existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    ok = existing.is_dir() and os.access(existing, os.W_OK)
    return Examined(f"data folder {folder}", ok, "can be written" if ok else f"{existing} cannot be written")


def _archive(places: Places) -> Examined:
    archive = Archive(places.archive)
    try:
        counts = [len(archive.ledger(*source)) for source in archive.sources()]
    except ArchiveError as error:
        return Examined("archive", False, str(error))
    return Examined("archive", True, f"{len(counts)} ledgers, {sum(counts)} runs, chains unbroken")


def _warehouse(places: Places) -> list[Examined]:
    """A warehouse elsewhere: can its catalog be reached, and its files be written."""
    home = places.home
    if not isinstance(home, Lake):
        return []
    what = f"warehouse {home}"
    try:
        with copying(home) as connection:
            version = connection.execute(
                "SELECT max(snapshot_id) FROM ducklake_snapshots('warehouse')"
            ).fetchone()
    except WarehouseError as error:
        return [Examined(what, False, str(error))]
    ok = os.access(home.data_path, os.W_OK)
    reached = f"reached, snapshot {version[0] if version else 0}"
    return [
        Examined(what, True, reached),
        Examined(f"data path {home.data_path}", ok, "can be written" if ok else "cannot be written"),
    ]


def _source(
    source: Source, file: InstitutionFile, folder: Path, ca_file: Path | None, clock: Clock
) -> Examined:
    placed = source.model_copy(update={"path": folder / source.path}) if source.path else source
    what = f"source {source.id}"
    today = clock().date()
    with HttpSession(
        ca_file=ca_file,
        timeout_seconds=source.timeout_seconds,
        max_bytes=source.max_bytes,
        clock=clock,
        verify=not opted_out(source.tls_opt_out, today),
        reach=file.reach(),
        keeps_to_robots=not opted_out(source.robots_opt_out, today),
    ) as session:
        try:
            first = next(islice(FETCHERS[source.collector](placed, session), 1), None)
        except (FetchError, OSError) as error:
            return Examined(what, False, str(error))
    if first is None:
        return Examined(what, False, f"{source.url or placed.path}: gives no document")
    if first.status is not None and first.status >= 400:
        return Examined(what, False, f"{first.url}: HTTP {first.status}")
    return Examined(what, True, f"{first.url}: {first.size} bytes")
