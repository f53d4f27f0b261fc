"""The rules of a norm as frozen types: what a rules file, a topic, a probe and a model say.

*Rules* say how each criterion is answered: by which probes, by attestation, by the index of another body.
*Topics* are the patterns by which titles are recognised. `transforms/instrument.py` loads them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field

from transforms.norm import Frozen
from transforms.norm_files import InstrumentError


class ProbeCall(Frozen):
    """A probe with the values of its parameters, sorted by name."""

    probe: str
    with_: tuple[tuple[str, str], ...] = ()

    # Calls are keys of all answers: what pydantic makes takes several times as long.
    def __hash__(self) -> int:
        return hash((self.probe, self.with_))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, ProbeCall) and self.probe == other.probe and self.with_ == other.with_
        )

    @property
    def key(self) -> str:
        """The call as text, e.g. ``regulation_in_force(issuer=pimpinan, topic=arsitektur)``."""
        return f"{self.probe}({', '.join(f'{name}={value}' for name, value in self.with_)})"


class Rule(Frozen):
    """How a criterion is answered.

    - `floor`: met without evidence (level 1 of a whole scale: the norm's floor).
    - `external_index`: met when that index reaches the level's band, refuted when it does not.
    - `met_by`: met when any of these claims is TRUE; refuted when none is TRUE and any is FALSE.
    - `attestation`: a signed statement may meet or deny it.
    - `refuted_by`: not met when any of these claims is TRUE, whatever `met_by` says (a repealed regulation, a
      service that is down). FALSE and NULL say nothing.
    - `hinted_by`: a TRUE claim is shown beside an unanswered criterion and never changes its state.

    `owner` is the role of the perangkat daerah that can answer for it; `remedy` one Indonesian sentence
    saying what would meet it. `ttl`, where given, stands in for the TTL of the evidence kind: probes' answers
    and values of an external index count as fresh for so long, and a statement for so long after it was
    signed, though never beyond its own expiry.
    """

    criterion: str
    owner: str
    met_by: tuple[ProbeCall, ...] = ()
    attestation: bool = False
    floor: bool = False
    external_index: str | None = None
    ttl: timedelta | None = None
    refuted_by: tuple[ProbeCall, ...] = ()
    hinted_by: tuple[ProbeCall, ...] = ()
    remedy: str

    @property
    def calls(self) -> tuple[ProbeCall, ...]:
        """All probe calls of the rule."""
        return (*self.met_by, *self.refuted_by, *self.hinted_by)

    @property
    def answered_by(self) -> str:
        """Every way in which the criterion can be met, e.g. ``probe regulation_in_force, atestasi``."""
        probes = [f"probe {name}" for name in dict.fromkeys(call.probe for call in self.met_by)]
        external = [f"nilai indeks {self.external_index}"] if self.external_index else []
        return ", ".join(
            [
                *(["dasar skala"] if self.floor else []),
                *external,
                *probes,
                *(["atestasi"] if self.attestation else []),
            ]
        )


class Rules(Frozen):
    """The rules of one instrument, in the order of its criteria."""

    instrument: str
    rules: tuple[Rule, ...]

    @cached_property
    def by_criterion(self) -> dict[str, Rule]:
        """The rules by criterion id."""
        return {rule.criterion: rule for rule in self.rules}

    def rule(self, criterion: str) -> Rule:
        """The rule of a criterion. Raises InstrumentError for an unknown one."""
        try:
            return self.by_criterion[criterion]
        except KeyError as error:
            raise InstrumentError(
                f"rules of {self.instrument}: there is no criterion {criterion!r}"
            ) from error

    def calls(self) -> tuple[ProbeCall, ...]:
        """Every distinct probe call that has to be answered, sorted."""
        return tuple(sorted({call for rule in self.rules for call in rule.calls}, key=lambda call: call.key))


class Topic(Frozen):
    """A subject recognised in titles: any `include` pattern matches and no `exclude` pattern does.

    Patterns are RE2 regular expressions on normalised text (lower case letters, digits, single spaces): the
    title of a regulation, or name and description of an application.
    """

    id: str
    name: str
    for_: Literal["regulation", "application"] = Field(alias="for")
    include: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()


class Probe(Frozen):
    """One question about evidence. `kind` decides which TTL and grace apply to its answers."""

    id: str
    question: str
    kind: Literal["regulation", "uptime", "application"]
    parameters: tuple[str, ...] = ()
    sql: str


class Model(Frozen):
    """A fact table as of a moment: the SELECT behind the temporary table `name`."""

    name: str
    sql: str
