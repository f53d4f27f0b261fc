"""`--as-of D` and `--known-at K`: which copy a command reads when it is asked about the past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    import duckdb

    from flows.places import Places

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="The world on this day or at this moment: the score in force then; default the last."
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        help="By what was loaded by this day or moment, computed anew; of that moment without --as-of.",
    ),
]
ZONE = ZoneInfo("Asia/Jakarta")
"""A day ends there when the moment is asked for as a day."""


class TwoTimesError(Exception):
    """A moment that is none, or that is yet to come; exit code 2."""


@dataclass(frozen=True)
class Asked:
    """The moments that were asked for; `known_at` None: the score as it was recorded; both None: the last."""

    as_of: datetime | None
    known_at: datetime | None


def asked(as_of: str | None, known_at: str | None, now: datetime) -> Asked:
    """Read both options. Raises TwoTimesError."""
    known = past_moment("--known-at", known_at, now)
    return Asked(past_moment("--as-of", as_of, now) or known, known)


def past_moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """As `moment`, but not later than `now`. Raises TwoTimesError."""
    found = moment(option, text, now)
    if found is not None and found > now:
        raise TwoTimesError(
            f"{option} {text!r} is yet to come (it is {now.astimezone(ZONE):%Y-%m-%d %H:%M} WIB); "
            "pantau forecast looks ahead"
        )
    return found


def moment(option: str, text: str | None, now: datetime, *, begins: bool = False) -> datetime | None:
    """A moment (with its time zone), or the end of a day in Jakarta, where it `begins` the beginning of one.

    Today ends now. Raises TwoTimesError.
    """
    if text is None:
        return None
    form = "write a day (2026-03-02) or a moment with its time zone (2026-03-02T06:00+07:00)"
    try:
        if len(text) <= len("2026-03-02"):
            day = date.fromisoformat(text)
            if day == now.astimezone(ZONE).date() and not begins:
                return now
            ends = datetime.combine(day + timedelta(days=1), time(), ZONE) - timedelta(microseconds=1)
            found = datetime.combine(day, time(), ZONE) if begins else ends
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise TwoTimesError(f"{option} {text!r} is no date; {form}") from error
    if found.tzinfo is None:
        raise TwoTimesError(f"{option} {text!r} has no time zone; {form}")
    # A score's id is of the moment as it is written: one moment, one writing.
    return found.astimezone(UTC)


@contextmanager
def opened(places: Places, times: Asked, institution: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy that answers: the published one, or one in memory as it was. Raises as those who open it."""
    if times.known_at is not None and times.as_of is not None:
        from warehouse.two_times import recomputed

        with recomputed(
            places.home, as_of=times.as_of, known_at=times.known_at, institution=institution
        ) as connection:
            yield connection
    elif times.as_of is not None:
        from warehouse.two_times import recorded

        with recorded(places.published, as_of=times.as_of, institution=institution) as connection:
            yield connection
    else:
        from warehouse.connection import reading

        with reading(places.published) as connection:
            yield connection


def told(times: Asked, recorded_at: datetime) -> str | None:
    """One line, in Indonesian, on what an answer about the past rests on; None where nothing was asked."""
    if times.known_at is not None:
        return (
            f"Diketahui per {_wib(times.known_at)}: dihitung ulang dari yang telah dimuat sampai saat itu, "
            "dengan aturan program ini; tidak dicatat."
        )
    if times.as_of is not None:
        return (
            f"Penilaian yang berlaku per {_wib(times.as_of)}, sebagaimana dicatat pada {_wib(recorded_at)}."
        )
    return None


def _wib(moment: datetime) -> str:
    from transforms.indonesian_dates import moment as in_words

    return in_words(moment, ZONE.key)
