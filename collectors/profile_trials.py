"""Which profile fits a saved listing: each is tried, and what it found is counted and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.evidence import Parsed, RegulationRecord

_CLOSE = 0.6
"""A profile that finds this share of what the best one finds is worth a look too."""
_WEIGHTS = {"title": 0.4, "number": 0.2, "year": 0.1, "type": 0.1, "date or status": 0.1, "link": 0.1}


@dataclass(frozen=True)
class Trial:
    """What one profile made of a page.

    `score` is 0..1: how much of a row was filled on average, a title counting most; rows without a title
    count as empty. `parsed` is None, with the `failure`, where the profile could not read the page at all.
    """

    profile: str
    parsed: Parsed | None
    failure: str = ""

    @property
    def records(self) -> tuple[RegulationRecord, ...]:
        """The regulations it found."""
        found = self.parsed.records if self.parsed else ()
        return tuple(record for record in found if isinstance(record, RegulationRecord))

    @property
    def rows(self) -> int:
        """How many rows its selector met, repeated ones left out."""
        return len(self.records) + (len(self.parsed.rejects) if self.parsed else 0)

    @property
    def score(self) -> float:
        """How much of a row was filled on average."""
        if not self.rows:
            return 0.0
        return sum(_filled(record) for record in self.records) / self.rows

    @property
    def gain(self) -> float:
        """What it found in all: many rows half filled are worth as much as half as many filled."""
        return self.score * self.rows

    def line(self) -> str:
        """One line for people: what was found, or why nothing."""
        if self.parsed is None:
            return f"{self.profile}: {self.failure}"
        found = self.records
        return (
            f"{self.profile}: score {self.score:.2f}; {self.rows} rows, {len(found)} titles, "
            f"{sum(r.number is not None for r in found)} numbers, "
            f"{sum(_date(r) is not None for r in found)} dates, "
            f"{sum(r.status != 'tidak_diketahui' for r in found)} statuses"
        )


def _date(record: RegulationRecord) -> object:
    return record.enacted_on or record.promulgated_on


def _filled(record: RegulationRecord) -> float:
    has = {
        "title": True,
        "number": record.number is not None,
        "year": record.year is not None,
        "type": record.type_code != "lainnya" or record.type_name is not None,
        "date or status": _date(record) is not None or record.status != "tidak_diketahui",
        "link": record.detail_url is not None or record.file_url is not None,
    }
    return sum(weight for name, weight in _WEIGHTS.items() if has[name])


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Best first; those that found the same stand in the order given."""
    return sorted(trials, key=lambda trial: trial.gain, reverse=True)


def verdict(trials: Sequence[Trial]) -> tuple[str, ...]:
    """The lines that say which fits and why, which were close, and why the others do not fit."""
    best, *others = ranked(trials)
    close = [trial for trial in others if trial.gain and trial.gain >= _CLOSE * best.gain]
    lines = [f"profile that fits best: {best.line()}"]
    lines += [f"close: {trial.line()}" for trial in close]
    lines += [f"does not fit: {trial.line()}" for trial in others if trial not in close]
    return tuple(lines)
