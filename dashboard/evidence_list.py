"""Evidence numbered once for a whole document, so that criteria can cite it as [1], [2]."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.views import EvidenceView, IndicatorView


@dataclass(frozen=True)
class Numbered:
    """One capture with its number, and the criteria that cite it."""

    number: int
    evidence: EvidenceView
    criteria: tuple[str, ...]


class EvidenceList:
    """The captures that indicators rest on, in the order in which they are first cited."""

    def __init__(self, indicators: Iterable[IndicatorView]) -> None:
        self._evidence: dict[str, EvidenceView] = {}
        self._criteria: dict[str, list[str]] = {}
        for indicator in indicators:
            for criterion in indicator.criteria:
                for evidence in criterion.evidence:
                    key = _key(evidence)
                    self._evidence.setdefault(key, evidence)
                    self._criteria.setdefault(key, []).append(criterion.criterion)
        self._numbers = {key: number for number, key in enumerate(self._evidence, start=1)}

    def number(self, evidence: EvidenceView) -> int:
        """The number of a capture."""
        return self._numbers[_key(evidence)]

    @property
    def entries(self) -> tuple[Numbered, ...]:
        """Every capture once, by number."""
        return tuple(
            Numbered(self._numbers[key], evidence, tuple(self._criteria[key]))
            for key, evidence in self._evidence.items()
        )


def _key(evidence: EvidenceView) -> str:
    return evidence.capture_id or f"{evidence.warc_file} {evidence.warc_offset} {evidence.url}"
