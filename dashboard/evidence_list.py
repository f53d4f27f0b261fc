"""Evidence numbered once for a whole document, so that criteria can cite it as [1], [2]."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.views import EvidenceView, IndicatorView


@dataclass(frozen=True)
class Numbered:
    """One capture with its number, the criteria that cite it, and those that it only hints at."""

    number: int
    evidence: EvidenceView
    criteria: tuple[str, ...]
    hinted: tuple[str, ...] = ()

    @property
    def use(self) -> str:
        """What it is used for, as officers read it."""
        said = {"dipakai untuk": self.criteria, "petunjuk untuk": self.hinted}
        return "; ".join(f"{what} {', '.join(names)}" for what, names in said.items() if names)


class EvidenceList:
    """The captures that indicators rest on, in the order in which they are first cited."""

    def __init__(self, indicators: Iterable[IndicatorView]) -> None:
        self._evidence: dict[str, EvidenceView] = {}
        self._criteria: dict[str, list[str]] = {}
        self._hinted: dict[str, list[str]] = {}
        for indicator in indicators:
            for criterion in indicator.criteria:
                for cited, by in (
                    (criterion.evidence, self._criteria),
                    (criterion.hint_evidence, self._hinted),
                ):
                    for evidence in cited:
                        key = _key(evidence)
                        self._evidence.setdefault(key, evidence)
                        by.setdefault(key, []).append(criterion.criterion)
        self._numbers = {key: number for number, key in enumerate(self._evidence, start=1)}

    def number(self, evidence: EvidenceView) -> int:
        """The number of a capture."""
        return self._numbers[_key(evidence)]

    @property
    def entries(self) -> tuple[Numbered, ...]:
        """Every capture once, by number."""
        return tuple(
            Numbered(
                self._numbers[key],
                evidence,
                tuple(self._criteria.get(key, ())),
                tuple(self._hinted.get(key, ())),
            )
            for key, evidence in self._evidence.items()
        )


def _key(evidence: EvidenceView) -> str:
    return evidence.capture_id or f"{evidence.warc_file} {evidence.warc_offset} {evidence.url}"
