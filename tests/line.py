"""The whole line over a folder, without Prefect: what the stages do, in order, at a moment of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from collectors.archive import Archive
from demo.server import DemoCity, render_config
from flows.collect import CollectResult, collect
from flows.load import load
from flows.notify import NotifyResult, notify
from flows.places import Places
from flows.publish import Published, publish
from flows.score import score
from warehouse.connection import reading, writing
from warehouse.load import LoadResult
from warehouse.score import ScoreResult

TODAY = date(2026, 11, 24)
MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


class Line:
    """One data folder fed by one institution's file. `now` is the moment every stage sees."""

    def __init__(self, config: Path, data: Path, now: datetime = MORNING) -> None:
        self.config, self.places, self.now = config, Places(data), now

    def collect(self, **limits: Any) -> list[CollectResult]:
        """Capture what is due."""
        return collect(self.config, Archive(self.places.archive), clock=lambda: self.now, **limits)

    def load(self) -> list[LoadResult]:
        """Load what is pending."""
        return load(self.places, now=self.now)

    def score(self) -> ScoreResult:
        """Score the one institution; the result of its headline."""
        return self.score_all()[0]

    def score_all(self) -> list[ScoreResult]:
        """Score the one institution under each of its instruments, the headline first."""
        return score(self.places, as_of=self.now, now=self.now)

    def publish(self) -> Published:
        """Swap in the copy and the page."""
        return publish(self.places, now=self.now)

    def notify(self, **environment: str) -> list[NotifyResult]:
        """Deliver what is in the outbox."""
        return notify(self.places, now=self.now, environment=environment)

    def run(self) -> ScoreResult:
        """Collect, load, score."""
        self.collect()
        self.load()
        return self.score()

    def pass_days(self, days: float) -> None:
        """Let time pass."""
        self.now += timedelta(days=days)

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with writing(self.places.warehouse, self.now) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    @contextmanager
    def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The read-only copy."""
        with reading(self.places.published) as connection:
            yield connection


@contextmanager
def demo_line(folder: Path, day: int = 1) -> Iterator[tuple[DemoCity, Line]]:
    """A running made-up city on free ports, and the line that watches it."""
    with DemoCity(day=day, folder=folder / "city", today=TODAY) as city:
        config = folder / "kota-contoh.yml"
        config.write_text(render_config(city), encoding="utf-8")
        yield city, Line(config, folder / "data")
