"""Histories of services as institutions have them: files written again and again, checks early and late, imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from hypothesis import strategies as st

from tests.warehouse_rows import fill

Rows = Sequence[Mapping[str, Any]]
BEGIN = datetime(2026, 1, 3, 17, tzinfo=UTC)
DAY = 60 * 24
SERVICES = ("portal", "lapor", "jdih")


ERRORS = {"d": "timeout", "o": "own_outage", "t": "tls_expired", "m": "text_missing", "?": "blocked"}


def check(service: str, at: datetime, state: str, loaded_at: datetime, **more: Any) -> dict[str, Any]:
    """A check that was up (u), could not tell (?), or failed for one of ERRORS; of an `m` the page was read."""
    minutes = int((at - BEGIN).total_seconds() // 60)
    return {
        "institution": "kota-a",
        "service_id": service,
        "checked_at": at,
        "loaded_at": loaded_at,
        "is_up": None if state == "?" else state == "u",
        "error_class": ERRORS.get(state),
        "tls_ok": {"u": True, "m": True, "t": False}.get(state),
        "total_ms": 40.3 + minutes * 7 % 211 if state == "u" else 9000.0,
        "first_byte_ms": 20.6 + minutes * 5 % 97 if state == "u" else None,
        "is_compromised": minutes % 13 == 0 if state in "um" else None,
        "page_title": "Beranda" if minutes % 17 else "Judi",
        "language": "id",
        "attempts": 1 + minutes % 2,
        "capture_id": f"c-{minutes}",
        **more,
    }


@dataclass(frozen=True)
class Spell:
    """Checks that say the same, one every `step` minutes (and a fraction of a second), some of which come late."""

    state: str
    times: int
    step: int
    fraction: int
    days_late: int


@dataclass(frozen=True)
class Import:
    """A history from elsewhere, brought in once or twice, so many minutes after BEGIN."""

    service: str
    start: int
    states: str
    step: int
    loads: Sequence[int]


@dataclass(frozen=True)
class Window:
    """Maintenance from a minute after local 4 January on, every week where it lasts no further day."""

    start: int
    length: int
    further_days: int
    services: Sequence[str | None]


@dataclass(frozen=True)
class File:
    """What the institution's file said from a minute after BEGIN on; `windows` are numbers of those planned."""

    minute: int
    retention: tuple[int, int]
    services: frozenset[str]
    windows: frozenset[int]
    agency: str


@dataclass(frozen=True)
class Story:
    """One institution: what its file said when, and what was checked; `is_old`: the file is older than all checks."""

    zone: str
    holds: int
    planned: Sequence[Window]
    files: Sequence[File]
    is_old: bool
    past: Mapping[str, tuple[int, Sequence[Spell]]]
    brought: Sequence[Import]

    def versions(self) -> list[tuple[datetime, File]]:
        """The files, each with when it was written."""
        ordered = sorted(self.files, key=lambda file: file.minute)
        written = [BEGIN + timedelta(minutes=file.minute, seconds=10) for file in ordered]
        written[0] = BEGIN - timedelta(days=2000 if self.is_old else 0)
        return list(zip(written, ordered, strict=True))

    def file_rows(self, now: datetime) -> dict[str, Rows]:
        """What the warehouse holds of the file by `now`."""
        rows: dict[str, list[dict[str, Any]]] = {"institution": [], "service": [], "maintenance": []}
        known = [(at, file) for at, file in self.versions() if at <= now]
        ends = [*(at for at, _ in known[1:]), None]
        for (at, file), valid_to in zip(known, ends, strict=True):
            more = {"institution": "kota-a", "valid_from": at, "valid_to": valid_to}
            raw_days, hourly_days = file.retention
            rows["institution"].append(
                {
                    **more,
                    "time_zone": self.zone,
                    "check_holds": timedelta(minutes=self.holds),
                    "raw_days": raw_days,
                    "hourly_days": hourly_days,
                }
            )
            rows["service"] += [
                {**more, "service_id": name, "agency": file.agency} for name in sorted(file.services)
            ]
            for number, window in enumerate(self.planned):
                starts = datetime(2026, 1, 4) + timedelta(minutes=window.start)
                lasts = timedelta(minutes=window.length, days=max(window.further_days - 1, 0))
                rows["maintenance"] += [
                    {
                        **more,
                        "name": "jendela",
                        "service_id": service,
                        "starts_local": starts,
                        "ends_local": starts + lasts,
                        "is_weekly": window.further_days == 0,
                    }
                    for service in window.services
                    if number in file.windows
                ]
        return {table: entries for table, entries in rows.items() if entries}

    def checks(self) -> list[dict[str, Any]]:
        """The checks of services while the file names them, in the order in which they come."""
        versions = self.versions()

        def watches(service: str, at: datetime) -> bool:
            said = [file for since, file in versions if since <= at] or [versions[0][1]]
            return service in said[-1].services

        checks: list[dict[str, Any]] = []
        for service, (start, spells) in self.past.items():
            at = BEGIN + timedelta(minutes=start)
            for spell in spells:
                for _ in range(spell.times):
                    at += timedelta(minutes=spell.step, microseconds=spell.fraction)
                    loaded_at = at + timedelta(days=spell.days_late, minutes=1)
                    if watches(service, at):
                        checks.append(check(service, at, spell.state, loaded_at, **_page(spell)))
        more: dict[str, Any] = {"source": "layanan-riwayat", "is_compromised": None}
        for one in self.brought:
            for minute in one.loads:
                loaded_at = BEGIN + timedelta(minutes=minute, seconds=30)
                times = [BEGIN + timedelta(minutes=one.start + n * one.step) for n in range(len(one.states))]
                checks += [
                    check(one.service, at, state, loaded_at, **more)
                    for at, state in zip(times, one.states, strict=True)
                    if at < loaded_at and watches(one.service, loaded_at)
                ]
        return sorted(checks, key=lambda one: one["loaded_at"])


def _page(spell: Spell) -> dict[str, Any]:
    """Every third spell is of a service without a page that could be read."""
    return {"is_compromised": None} if spell.times % 3 == 0 else {}


def emptied(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Rows]) -> None:
    """Leave nothing in the core tables of a warehouse but these rows."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'core' AND estimated_size > 0"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"DELETE FROM core.{table}")
    fill(connection, rows)


def write_file(connection: duckdb.DuckDBPyConnection, story: Story, now: datetime) -> None:
    """Let a warehouse hold what it would by `now` of the institution's file."""
    for table in ("institution", "service", "maintenance"):
        connection.execute(f"DELETE FROM core.{table}")
    fill(connection, story.file_rows(now))


moments = st.integers(0, 400 * DAY) | st.integers(0, 400).map(lambda day: day * DAY)
_spells = st.lists(
    st.builds(
        Spell,
        state=st.sampled_from("uuuuddotm?"),
        times=st.integers(1, 50),
        step=st.sampled_from([1, 5, 61, 600, 1500, 20_000, 100_000]),
        fraction=st.sampled_from([0, 333_333, 999_999]),
        days_late=st.sampled_from([0, 0, 0, 20, 70]),
    ),
    min_size=1,
    max_size=10,
)
_imports = st.builds(
    Import,
    service=st.sampled_from(SERVICES),
    start=st.integers(-60 * DAY, 120 * DAY),
    states=st.text("ud", min_size=1, max_size=20),
    step=st.sampled_from([5, 700, 3000]),
    loads=st.lists(moments, min_size=1, max_size=2),
)
_windows = st.builds(
    Window,
    start=st.integers(-30 * DAY, 200 * DAY) | st.integers(-30, 200).map(lambda day: day * DAY),
    length=st.sampled_from([1, 150, 600, DAY]) | st.integers(1, DAY),
    further_days=st.sampled_from([0, 0, 1, 3, 45, 90]),
    services=st.sampled_from([(None,), ("portal",), (None, "portal"), ("portal", "jdih")]),
)
_files = st.builds(
    File,
    minute=moments,
    retention=st.sampled_from([(65, 70), (65, 400), (100, 100), (100, 400), (250, 300)]),
    services=st.frozensets(st.sampled_from(SERVICES), min_size=1),
    windows=st.frozensets(st.integers(0, 3)),
    agency=st.sampled_from(["diskominfo", "hukum"]),
)
stories = st.builds(
    Story,
    zone=st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    holds=st.sampled_from([30, 7 * 60, 26 * 60, 9 * DAY]),
    planned=st.lists(_windows, max_size=4),
    files=st.lists(_files, min_size=1, max_size=4, unique_by=lambda file: file.minute),
    is_old=st.booleans(),
    past=st.fixed_dictionaries({name: st.tuples(st.integers(0, 90 * DAY), _spells) for name in SERVICES}),
    brought=st.lists(_imports, max_size=3),
)
