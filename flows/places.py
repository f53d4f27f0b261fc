"""Where one data folder keeps what, and the clock that everything below is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.connection import Home

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment in UTC; only the edges ask for it."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Places:
    """The files of one `--data-dir`."""

    root: Path

    @property
    def archive(self) -> Path:
        """WARC files and ledgers: the truth; back this up."""
        return self.root / "archive"

    @property
    def setting(self) -> Path:
        """Says where the warehouse is, if not in this folder; see `warehouse.home`."""
        return self.root / "pantau.yml"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that is the warehouse unless `setting` says otherwise."""
        return self.root / "warehouse.duckdb"

    @property
    def home(self) -> Home:
        """What flows write; nobody else opens it."""
        if not self.setting.exists():
            return self.warehouse
        # Only now: commands that open no warehouse need neither DuckDB nor pandas.
        from warehouse.home import read_home

        return read_home(self.setting)

    @property
    def published(self) -> Path:
        """The read-only DuckDB copy that people query."""
        return self.root / "published" / "pantau.duckdb"

    def page(self, institution: str) -> Path:
        """The institution's page."""
        return self.root / "published" / f"{institution}.html"

    @property
    def messages(self) -> Path:
        """Every alert delivered, one JSON document a line."""
        return self.root / "peringatan.jsonl"

    @property
    def log(self) -> Path:
        """What libraries and the temporary Prefect server had to say."""
        return self.root / "log"

    @property
    def prefect(self) -> Path:
        """Prefect's own home, so that nothing outside the data folder is touched."""
        return self.root / "prefect"
