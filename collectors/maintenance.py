"""Maintenance windows as the institution's file writes them: weekly or dated, in its own time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

DAYS = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
Day = Literal["senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu"]
_SOME_MONDAY = datetime(2024, 1, 1)


def _clock_or_date(value: object) -> time | datetime:
    if isinstance(value, int):
        # YAML 1.1 reads an unquoted 22:00 as a number to the base of sixty.
        raise ValueError('write the hour in quotes, such as "22:00"')
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    for read in (time.fromisoformat, datetime.fromisoformat):
        try:
            moment = read(text)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            raise ValueError(f"{text!r} has an offset; write it in the institution's own time zone, without")
        return moment
    raise ValueError(f'{text!r} is neither an hour ("22:00") nor a moment ("2026-12-01 22:00")')


Moment = Annotated[time | datetime, BeforeValidator(_clock_or_date)]


class Maintenance(BaseModel):
    """A window in which services may be down: it leaves the SLA and refutes nothing.

    With `days` it recurs on those days of the week from hour to hour, past midnight where `until` is not
    after `from`; without, it lasts from one moment to another. Without `services` it is for all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    services: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")], ...] = ()
    days: tuple[Day, ...] = ()
    starts: Moment = Field(alias="from")
    until: Moment

    @model_validator(mode="after")
    def _hours_or_moments(self) -> Maintenance:
        dated = isinstance(self.starts, datetime), isinstance(self.until, datetime)
        if self.days and any(dated):
            raise ValueError('with days, give from and until as hours, such as "22:00"')
        if not self.days and not all(dated):
            raise ValueError('without days, give from and until as moments, such as "2026-12-01 22:00"')
        if not self.days and not self.until > self.starts:  # type: ignore[operator]
            raise ValueError("until must be after from")
        return self

    def spells(self) -> Iterator[tuple[datetime, datetime, bool]]:
        """(begin, end, recurs every week) in local time: one per day of the week, or the dated one."""
        if isinstance(self.starts, datetime) and isinstance(self.until, datetime):
            yield self.starts, self.until, False
            return
        assert isinstance(self.starts, time) and isinstance(self.until, time)
        for day in dict.fromkeys(self.days):
            date = (_SOME_MONDAY + timedelta(days=DAYS.index(day))).date()
            begin, end = datetime.combine(date, self.starts), datetime.combine(date, self.until)
            yield begin, end if end > begin else end + timedelta(days=1), True
