"""Provisional values against official results: bias, absolute error, and how often the bounds held.

An official result becomes an input once it is known: `transforms.levels` starts from the last official
level. So a value may only be compared with a score that did not use that result, nor a later one. For every
official value the score nearest at or before its assessment date is taken among those that did not.

Nothing is claimed beyond the rows given: every figure has its n, shares of fewer than five are counts only,
and rows of one institution are no independent sample, so the intervals are at best too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from transforms.index import rounded
from transforms.indonesian_dates import day

Scope = Literal["index", "domain", "aspect", "indicator"]
SCOPES: tuple[Scope, ...] = ("index", "domain", "aspect", "indicator")
SCOPE_NAMES: Mapping[Scope, str] = {
    "index": "indeks",
    "domain": "domain",
    "aspect": "aspek",
    "indicator": "indikator",
}
FEWEST_FOR_SHARES = 5
"""Below this many rows a share says less than its count."""


@dataclass(frozen=True)
class OfficialValue:
    """One row of official results; `row` is its line in the file.

    `as_of` is the day of the assessment (through its end where the institution is) or a moment.
    """

    row: int
    institution: str
    instrument: str
    year: int
    as_of: date | datetime
    scope: Scope
    code: str
    value: Decimal


@dataclass(frozen=True)
class ScoredDate:
    """One score in the published copy; `official_year` is the newest official result that it could use."""

    score_id: str
    as_of: datetime
    day: date
    ruleset_hash: str
    official_year: int | None


Numbers = tuple[Fraction, Fraction, Fraction]
"""Proven, provisional and possible."""


@dataclass(frozen=True)
class Compared:
    """One official value beside the score it was compared with; all rounded as official results are.

    `days_before` is how long before the assessment the score stands, `passed_over` how many nearer scores
    were left out because they already used the result.
    """

    official: OfficialValue
    scored: ScoredDate
    days_before: int
    passed_over: int
    proven: Decimal
    provisional: Decimal
    possible: Decimal

    @property
    def error(self) -> Fraction:
        """Provisional less official: positive where Pantau was too kind."""
        return Fraction(self.provisional) - Fraction(self.official.value)

    @property
    def is_inside(self) -> bool:
        """Whether the official value lies from proven to possible, ends included."""
        return self.proven <= self.official.value <= self.possible


@dataclass(frozen=True)
class Refused:
    """One official value that nothing can be compared with, and why (Indonesian)."""

    official: OfficialValue
    reason: str


@dataclass(frozen=True)
class Summary:
    """What the comparisons of one scope, or of one code in it, say together.

    `share_from` and `share_to` bound the share inside with 95% (Wilson); None for fewer than five rows.
    """

    scope: Scope
    code: str | None
    n: int
    institutions: int
    bias: Fraction
    mean_absolute_error: Fraction
    lowest_error: Fraction
    highest_error: Fraction
    inside: int
    share_from: float | None
    share_to: float | None


def compare(
    official: Sequence[OfficialValue],
    history: Mapping[tuple[str, str], Sequence[ScoredDate]],
    numbers: Callable[[str], Mapping[tuple[Scope, str], Numbers]],
    digits: Mapping[str, int],
) -> tuple[tuple[Compared, ...], tuple[Refused, ...]]:
    """Each official value beside its score, or the reason why there is none.

    `history` holds the scores by institution and instrument, `numbers` gives those of a score by its id,
    `digits` to how many places an instrument rounds.
    """
    compared: list[Compared] = []
    refused: list[Refused] = []
    for value in official:
        found = _score_for(value, history.get((value.institution, value.instrument), ()))
        if isinstance(found, str):
            refused.append(Refused(value, found))
            continue
        scored, passed_over = found
        three = numbers(scored.score_id).get((value.scope, value.code))
        if three is None:
            what = "indeks" if value.scope == "index" else f"{SCOPE_NAMES[value.scope]} {value.code}"
            refused.append(Refused(value, f"skor pada {day(scored.day)} tidak memuat {what}"))
            continue
        proven, provisional, possible = (rounded(number, digits[value.instrument]) for number in three)
        assessed = value.as_of if not isinstance(value.as_of, datetime) else value.as_of.date()
        gap = max((assessed - scored.day).days, 0)
        compared.append(Compared(value, scored, gap, passed_over, proven, provisional, possible))
    return tuple(compared), tuple(refused)


def _score_for(value: OfficialValue, history: Sequence[ScoredDate]) -> tuple[ScoredDate, int] | str:
    """The nearest score at or before the assessment that did not use the result, and how many did."""
    if not history:
        return f"salinan terbitan tidak memuat skor {value.institution} dengan instrumen {value.instrument}"
    earlier = sorted((s for s in history if _is_by(s, value.as_of)), key=lambda s: s.as_of)
    if not earlier:
        first = min(scored.day for scored in history)
        return f"belum ada skor pada atau sebelum tanggal penilaian; yang pertama {day(first)}"
    blind = [s for s in earlier if s.official_year is None or s.official_year < value.year]
    if not blind:
        return (
            f"kebocoran: semua skor sampai tanggal penilaian sudah memakai hasil resmi {value.year} atau "
            "sesudahnya, jadi membandingkannya tidak membuktikan apa-apa"
        )
    return blind[-1], sum(s.as_of > blind[-1].as_of for s in earlier)


def _is_by(scored: ScoredDate, as_of: date | datetime) -> bool:
    if isinstance(as_of, datetime):
        return scored.as_of <= as_of
    return scored.day <= as_of


def summaries(compared: Sequence[Compared]) -> tuple[Summary, ...]:
    """One summary per scope that occurs, each followed by those of its codes."""
    found: list[Summary] = []
    for scope in SCOPES:
        rows = [c for c in compared if c.official.scope == scope]
        if not rows:
            continue
        found.append(_summary(scope, None, rows))
        codes = sorted({c.official.code for c in rows}, key=lambda code: (len(code), code))
        if scope != "index":
            found += [_summary(scope, code, [c for c in rows if c.official.code == code]) for code in codes]
    return tuple(found)


def _summary(scope: Scope, code: str | None, rows: Sequence[Compared]) -> Summary:
    errors = [row.error for row in rows]
    inside = sum(row.is_inside for row in rows)
    low, high = wilson(inside, len(rows)) if len(rows) >= FEWEST_FOR_SHARES else (None, None)
    return Summary(
        scope=scope,
        code=code,
        n=len(rows),
        institutions=len({row.official.institution for row in rows}),
        bias=_mean(errors),
        mean_absolute_error=_mean(abs(error) for error in errors),
        lowest_error=min(errors),
        highest_error=max(errors),
        inside=inside,
        share_from=low,
        share_to=high,
    )


def _mean(values: Iterable[Fraction]) -> Fraction:
    every = list(values)
    return sum(every, Fraction(0)) / len(every)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share by Wilson's method, which holds up for small n and near 0 and 1."""
    z = 1.959963984540054
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
