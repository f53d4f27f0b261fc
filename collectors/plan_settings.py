"""What an institution assumes when it plans: costs, durations, prerequisites, capacity. None of it is norm.

The defaults are placeholders in working days, there so that a first plan can be looked at: set them to what
your own offices need. `flows/plan_command.py` turns them into the planner's `Assumptions`.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LevelText = Literal["1", "2", "3", "4", "5"]


def _quoted_decimal(value: object) -> Decimal:
    if isinstance(value, float):
        raise ValueError(f"write {value} in quotes: an unquoted number is a binary float")
    return Decimal(str(value))


def _days(value: object) -> int:
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"(\d{1,4})d", str(value))
    if not match:
        raise ValueError(f"{value!r} is not a number of days; write 60d")
    return int(match[1])


Positive = Annotated[Decimal, BeforeValidator(_quoted_decimal), Field(gt=0, le=1_000_000, max_digits=12)]
Days = Annotated[int, BeforeValidator(_days), Field(ge=1, le=3650)]
Level = Annotated[int, Field(ge=2, le=5)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlanCosts(_Strict):
    """What a missing criterion costs, by its level, in `unit`.

    `refuted` multiplies that where the criterion is refuted (what is wrong has to be undone first),
    `acknowledged` where an official result already grants the level and only the evidence is missing here,
    and `indicators` for single indicators.
    """

    unit: str = "hari kerja"
    criterion: dict[LevelText, Positive] = Field(default_factory=dict)
    refuted: Positive = Decimal(2)
    acknowledged: Positive = Decimal("0.25")
    indicators: dict[str, Positive] = Field(default_factory=dict)


class FromNorm(_Strict):
    """How hard the dependencies are that the norm names: rises to `from_level` and above need the indicator
    they build on at most `lag` levels lower. `from_level: null` leaves them out."""

    from_level: Level | None = 3
    lag: int = Field(default=1, ge=0, le=4)


class PlanPrerequisite(_Strict):
    """Raising `indicator` to `level` or above needs the indicator `needs` at level `at` first."""

    indicator: str
    level: Level
    needs: str
    at: Level


class PlanSettings(_Strict):
    """The section `plan` of an institution's file.

    `start` is the first day of work (without it, today). `durations` is how long one level of one indicator
    takes. `capacity` is what a role named as owner of criteria can bear in 30 days, in the unit of costs;
    roles not named are not limited. `fixed` indicators are left alone, `highest` caps others. Indicators are
    those of `instrument` (without it, of the institution's): plans for another one leave out what names them.
    """

    instrument: str | None = None

    start: date | None = None
    costs: PlanCosts = PlanCosts()
    durations: dict[LevelText, Days] = Field(default_factory=dict)
    from_norm: FromNorm = FromNorm()
    prerequisites: tuple[PlanPrerequisite, ...] = ()
    capacity: dict[str, Positive] = Field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    highest: dict[str, Level] = Field(default_factory=dict)

    def cost(self, level: LevelText) -> Decimal:
        """What one missing criterion of a level costs: 5 working days for each level up to it by default."""
        return self.costs.criterion.get(level, Decimal(5 * int(level)))

    def duration(self, level: LevelText) -> int:
        """How many days one level takes: by default 30 for each level up to it."""
        return self.durations.get(level, 30 * int(level))
