"""Collect: the only stage that touches the network. It writes bytes into the archive and decides nothing."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from collectors import app_registry, attestations, open_data, regulations, uptime
from collectors.archive import Archive, new_run_id
from collectors.evidence import Confirmable, Fetched, Run
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.institution import (
    CONFIG_SOURCE,
    SERVICES_SOURCE,
    Cadence,
    InstitutionFile,
    OptOut,
    Source,
    read_institution,
)
from collectors.known_answers import confirmable, unfinished
from collectors.ledger import ArchiveError, Entry
from collectors.turns import HostTurns
from flows.places import Clock
from flows.progress import report

Fetch = Callable[[Source, HttpSession], Iterator[Fetched]]
FETCHERS: dict[str, Fetch] = {
    "regulations": regulations.fetch,
    "app_registry": app_registry.fetch,
    "attestations": attestations.fetch,
    "open_data": open_data.fetch,
}
SOURCES_AT_ONCE = 4
RESUMED_WITHIN = timedelta(hours=2)
"""A listing that failed on its way goes on from the pages it had, if it is asked for again this soon."""
FULL_FETCH_EVERY = timedelta(days=7)
"""After this long a server's word that nothing changed is not taken: ETags lie."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """What of the archive spares the server of a source, by address: see `Archive`."""

    confirmable: Mapping[str, Confirmable]
    unfinished: Mapping[str, Callable[[], Fetched]]


class UnknownSourceError(Exception):
    """A source that the institution's file does not have; the message names those it has."""


@dataclass(frozen=True)
class CollectResult:
    """How the collection of one source went."""

    source: str
    outcome: str
    documents: int
    bytes: int
    error: str | None
    message: str


def collect(
    config: Path,
    archive: Archive,
    *,
    clock: Clock,
    cadence: Cadence | None = None,
    only: str | None = None,
) -> list[CollectResult]:
    """Capture the institution's file if it changed, then every source that is due, each on its own.

    `cadence` limits it to the sources of that cadence, `only` to one source (the services are source
    ``layanan``). One source's failure never stops the others; it is archived as a failed run.
    Raises ConfigError for a file that cannot be used, UnknownSourceError for an `only` it does not name.
    """
    file, text = read_institution(config)
    capture_institution(file, text, config, archive, clock)
    jobs = _jobs(file, config.resolve().parent, archive, clock, cadence, only)
    results: list[CollectResult] = []
    report("collect", 0, len(jobs), "")
    with ThreadPoolExecutor(SOURCES_AT_ONCE) as pool:
        running = [pool.submit(contextvars.copy_context().run, job) for job in jobs]
        for done in as_completed(running):
            results.append(done.result())
            report("collect", len(results), len(jobs), results[-1].source)
    return sorted(results, key=lambda result: result.source)


def capture_institution(
    file: InstitutionFile, text: str, config: Path, archive: Archive, clock: Clock
) -> Entry | None:
    """Archive the institution's file when it differs from the one archived last; else None."""
    body = text.encode()
    name = file.institution.id
    entries = archive.ledger(name, CONFIG_SOURCE)
    if entries:
        last, captures = archive.read(entries[-1])
        if last.outcome == "ok" and captures[0].payload == body:
            return None
    started = clock()
    run = Run(new_run_id(), name, CONFIG_SOURCE, "institution", started, started, "ok")
    document = Fetched(
        f"file:{config.name}", started, None, "", (("Content-Type", "application/yaml"),), body
    )
    with _into(archive, run), archive.appending(run) as appender:
        appender.add(document)
        return appender.finish(run, clock())


@contextmanager
def _into(archive: Archive, run: Run) -> Iterator[None]:
    """A disk that is full, or not writable, becomes ArchiveError: nothing more can be kept of that source."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or archive.folder(run.institution, run.source)}: cannot be written "
            f"({error.strerror}); what the archive held before is unharmed. "
            "Free space or make the folder writable, then run pantau collect again"
        ) from error


def _jobs(
    file: InstitutionFile,
    folder: Path,
    archive: Archive,
    clock: Clock,
    cadence: Cadence | None,
    only: str | None,
) -> list[Callable[[], CollectResult]]:
    ca_file = folder / file.ca_file if file.ca_file else None
    jobs: dict[str, Callable[[], CollectResult]] = {}
    turns = HostTurns()
    for source in file.sources:
        if cadence in (None, source.cadence):
            placed = source.model_copy(update={"path": folder / source.path}) if source.path else source
            jobs[source.id] = _source_job(file, placed, archive, ca_file, clock, turns)
    if file.services and cadence in (None, file.services_cadence):
        jobs[SERVICES_SOURCE] = _services_job(file, archive, ca_file, clock)
    if only is None:
        return list(jobs.values())
    if only not in jobs:
        raise UnknownSourceError(f"no source {only!r}; there are: {', '.join(sorted(jobs))}")
    return [jobs[only]]


def opted_out(opt_out: OptOut | None, today: date) -> bool:
    """Whether a rule is not kept on that day."""
    return opt_out is not None and today <= opt_out.until


def _known(archive: Archive, institution: str, source: Source, now: datetime) -> Known:
    if source.url is None:
        return Known({}, {})
    opener = Run(new_run_id(), institution, source.id, source.collector, now, now, "ok")
    with _into(archive, opener):
        archive.recover(opener)
    try:
        return Known(
            confirmable(archive, institution, source.id, since=now - FULL_FETCH_EVERY),
            unfinished(archive, institution, source.id, since=now - RESUMED_WITHIN),
        )
    except ArchiveError as error:
        # Appending and loading name the damage; here it only means that everything is fetched anew.
        log.warning("nothing that is archived is used: %s", error)
        return Known({}, {})


def _source_job(
    file: InstitutionFile,
    source: Source,
    archive: Archive,
    ca_file: Path | None,
    clock: Clock,
    turns: HostTurns,
) -> Callable[[], CollectResult]:
    def job() -> CollectResult:
        today = clock().date()
        known = _known(archive, file.institution.id, source, clock())
        with HttpSession(
            ca_file=ca_file,
            timeout_seconds=source.timeout_seconds,
            max_bytes=source.max_bytes,
            # Not where the system keeps temporary files: that is often in memory.
            spool_folder=archive.root,
            clock=clock,
            verify=not opted_out(source.tls_opt_out, today),
            keeps_to_robots=not opted_out(source.robots_opt_out, today),
            delay_seconds=source.delay_seconds,
            reach=file.reach(),
            turns=turns,
            confirmable=known.confirmable,
            unfinished=known.unfinished,
        ) as session:
            documents = FETCHERS[source.collector](source, session)
            return _archived(file.institution.id, source.id, source.collector, documents, archive, clock)

    return job


def _services_job(
    file: InstitutionFile, archive: Archive, ca_file: Path | None, clock: Clock
) -> Callable[[], CollectResult]:
    def checks() -> Iterator[Fetched]:
        results = uptime.check_all(
            file.services,
            ca_file=ca_file,
            allow_private=file.allow_private_addresses,
            clock=clock,
            progress=lambda done, total: report("uptime", done, total, "services"),
        )
        yield Fetched(
            f"urn:pantau:uptime:{file.institution.id}",
            clock(),
            None,
            "",
            (("Content-Type", "application/json"),),
            uptime.to_payload(results),
        )

    return lambda: _archived(file.institution.id, SERVICES_SOURCE, "uptime", checks(), archive, clock)


def _archived(
    institution: str,
    source: str,
    collector: str,
    documents: Iterator[Fetched],
    archive: Archive,
    clock: Clock,
) -> CollectResult:
    started = clock()
    run = Run(new_run_id(), institution, source, collector, started, started, "ok")
    count = size = 0
    with _into(archive, run), archive.appending(run) as appender:
        try:
            for document in documents:
                appender.add(document)
                count += 1
                size += document.size
        except FetchError as error:
            run = replace(run, outcome="failed", error=error.kind, message=str(error))
        except OSError as error:
            # A drop folder that is gone, say; a failing archive raises from `finish` below.
            run = replace(
                run,
                outcome="failed",
                error="file",
                message=f"{error.filename or archive.root}: {error.strerror}",
            )
        except Exception as error:
            # One source's defect must not stop the others.
            log.exception("%s/%s: defect in collector %s", institution, source, collector)
            run = replace(run, outcome="failed", error="internal", message=f"{type(error).__name__}: {error}")
        run = replace(run, ended_at=clock())
        appender.finish(run, clock())
    return CollectResult(source, run.outcome, count, size, run.error, run.message)
