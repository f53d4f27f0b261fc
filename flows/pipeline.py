"""The Prefect flows: they call the stages, retry at the edge, and leave artifacts. They decide nothing.

Tasks are coarse, one per stage: Prefect's bookkeeping costs more than a row does. Loads are idempotent by
content, so a duplicate or missed scheduled run is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from collectors.archive import Archive
from collectors.institution import Cadence, read_institution
from flows import collect as collecting
from flows import load as loading
from flows import maintain as maintaining
from flows import notify as notifying
from flows import publish as publishing
from flows import score as scoring_stage
from flows.places import Places, now
from flows.sizes import sizes_of
from transforms.index import rounded
from warehouse.load import LoadResult
from warehouse.maintain import Maintained
from warehouse.score import ScoreResult


class StageFailedError(Exception):
    """A stage ended, but not all of its parts did; the message names those that failed."""


@dataclass(frozen=True)
class RunResult:
    """What one run of all stages did."""

    collected: list[collecting.CollectResult]
    loaded: list[LoadResult]
    scored: list[ScoreResult]
    published: publishing.Published
    notified: list[notifying.NotifyResult]


@task(name="collect")
def _collect(config: Path, data_dir: Path, cadence: Cadence | None) -> list[collecting.CollectResult]:
    return collecting.collect(config, Archive(Places(data_dir).archive), clock=now, cadence=cadence)


@task(name="load", retries=2, retry_delay_seconds=10)
def _load(data_dir: Path, institution: str) -> list[LoadResult]:
    return loading.load(Places(data_dir), now=now(), institution=institution)


@task(name="score", retries=2, retry_delay_seconds=10)
def _score(data_dir: Path, as_of: datetime, institution: str) -> list[ScoreResult]:
    return scoring_stage.score(Places(data_dir), as_of=as_of, now=now(), institutions=(institution,))


@task(name="publish", retries=2, retry_delay_seconds=10)
def _publish(data_dir: Path) -> publishing.Published:
    return publishing.publish(Places(data_dir), now=now())


@task(name="notify")
def _notify(data_dir: Path) -> list[notifying.NotifyResult]:
    return notifying.notify(Places(data_dir), now=now())


@task(name="maintain", retries=2, retry_delay_seconds=10)
def _maintain(data_dir: Path) -> Maintained:
    return maintaining.maintain(Places(data_dir), now=now())


@flow(name="pantau-collect", validate_parameters=True)
def collect(config: Path, data_dir: Path = Path("data"), cadence: Cadence | None = None) -> None:
    """Collect the sources of one cadence (all without one), and load what came in.

    A source that fails is recorded, makes its evidence stale, and does not fail the flow.
    """
    file, _ = read_institution(config)
    collected = _collect(config, data_dir, cadence)
    for result in collected:
        if result.outcome == "failed":
            get_run_logger().warning("source %s failed: %s", result.source, result.message)
    loaded = _load(data_dir, file.institution.id)
    _quarantine_artifact(file.institution.id, loaded)
    _refuse_errors(loaded)


@flow(name="pantau-load")
def load(config: Path, data_dir: Path = Path("data")) -> None:
    """Load what the archive holds and the warehouse has not seen."""
    file, _ = read_institution(config)
    loaded = _load(data_dir, file.institution.id)
    _quarantine_artifact(file.institution.id, loaded)
    _refuse_errors(loaded)


@flow(name="pantau-score")
def score(config: Path, data_dir: Path = Path("data"), as_of: datetime | None = None) -> None:
    """Score, publish and notify: the daily end of the line."""
    file, _ = read_institution(config)
    scored = _score(data_dir, as_of or now(), file.institution.id)
    _index_artifact(scored)
    _publish(data_dir)
    _refuse_undelivered(_notify(data_dir))


@flow(name="pantau-publish")
def publish(data_dir: Path = Path("data")) -> None:
    """Swap in a fresh copy and page."""
    _publish(data_dir)


@flow(name="pantau-notify")
def notify(data_dir: Path = Path("data")) -> None:
    """Deliver what the outbox still holds."""
    _refuse_undelivered(_notify(data_dir))


@flow(name="pantau-maintain")
def maintain(data_dir: Path = Path("data")) -> None:
    """Roll up old uptime checks, make the warehouse compact, and leave its sizes as an artifact."""
    done = _maintain(data_dir)
    rows: list[dict[str, Any]] = [
        {"what": what, "bytes before": old, "bytes after": new} for what, old, new in sizes_of(done)
    ]
    create_table_artifact(rows, key="ukuran", description="Ukuran")


@flow(name="pantau-run")
def run(config: Path, data_dir: Path = Path("data")) -> RunResult:
    """Every stage once, in order."""
    file, _ = read_institution(config)
    name = file.institution.id
    collected = _collect(config, data_dir, None)
    loaded = _load(data_dir, name)
    scored = _score(data_dir, now(), name)
    published = _publish(data_dir)
    notified = _notify(data_dir)
    _quarantine_artifact(name, loaded)
    _index_artifact(scored)
    return RunResult(collected, loaded, scored, published, notified)


def _refuse_errors(loaded: list[LoadResult]) -> None:
    broken = [f"{r.source}: {r.message}" for r in loaded if r.outcome == "error"]
    if broken:
        raise StageFailedError("; ".join(broken))


def _refuse_undelivered(notified: list[notifying.NotifyResult]) -> None:
    failed = [f"{r.channel}: {r.error}" for r in notified if r.error]
    if failed:
        raise StageFailedError("; ".join(failed))


def _quarantine_artifact(institution: str, loaded: list[LoadResult]) -> None:
    """Counts and reasons per source; never the refused rows themselves, which may hold personal data."""
    rows: list[dict[str, Any]] = [
        {
            "source": r.source,
            "outcome": r.outcome,
            "seen": r.seen,
            "loaded": r.loaded,
            "quarantined": r.quarantined,
            "duplicates": r.duplicates,
            "message": r.message,
        }
        for r in loaded
    ]
    if rows:
        create_table_artifact(rows, key=f"karantina-{institution}", description=f"Karantina {institution}")


def _index_artifact(scored: list[ScoreResult]) -> None:
    for result in scored:
        rows = [
            {
                "scope": a.scope,
                "code": a.code,
                "name": a.name,
                "terbukti": str(rounded(a.proven)),
                "nilai sementara": str(rounded(a.provisional)),
                "potensi": str(rounded(a.possible)),
                "cakupan": f"{rounded(a.coverage * 100, 0)}%",
                "predikat": a.predikat or "",
            }
            for a in result.current.aggregates
        ]
        about = f"{result.institution}-{result.instrument}"
        create_table_artifact(rows, key=f"indeks-{about}", description=f"Indeks {result.current.as_of}")
        new, old = result.told()
        parts = [
            f"**{title}**\n\n" + "\n".join(f"- {alert.line}" for alert in told)
            for title, told in (("Baru", new), ("Sudah diberitakan, masih berlaku", old))
            if told
        ]
        if parts:
            create_markdown_artifact("\n\n".join(parts), key=f"peringatan-{about}", description="Peringatan")
