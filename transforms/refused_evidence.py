"""What assessors refuse as evidence, as data (`refused_evidence.yml`).

It decides on which files a statement may rest, and so which statements are taken in, and what an officer is
warned of. It is asked when statements are loaded; what was loaded before is not judged again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, TypeAdapter

from transforms.norm import Frozen
from transforms.norm_files import ROOT, InstrumentError, display, read_yaml

FILE = "refused_evidence.yml"


class RefusedKind(Frozen):
    """One sort of evidence that does not carry the criteria of `levels` of an indicator.

    `text` tells an officer why, and what to hand in instead. `indicators` is empty where it holds for all.
    `unverified` marks what is not in a regulation read in full.
    """

    kind: str = Field(pattern=r"^[a-z_]+$")
    text: str
    indicators: tuple[str, ...] = ()
    levels: tuple[int, ...] = Field(min_length=1)
    source: str
    unverified: bool = False

    def concerns(self, indicator: str, level: int | None = None) -> bool:
        """Whether it is refused for that indicator; with `level`, for criteria of that level."""
        return (not self.indicators or indicator in self.indicators) and (
            level is None or level in self.levels
        )


def load_refused_evidence(root: Path = ROOT) -> dict[str, tuple[RefusedKind, ...]]:
    """What is refused, by instrument id. Raises InstrumentError where the file errs."""
    path = root / FILE
    try:
        return TypeAdapter(dict[str, tuple[RefusedKind, ...]]).validate_python(read_yaml(path))
    except ValueError as error:
        raise InstrumentError(f"{display(path)}: {error}") from error


@cache
def _refused() -> dict[str, tuple[RefusedKind, ...]]:
    return load_refused_evidence()


def refused_kinds(instrument_id: str, indicator: str, level: int | None = None) -> tuple[RefusedKind, ...]:
    """What assessors refuse for an indicator, or for the criteria of one of its levels.

    Empty for an instrument of which nothing is known.
    """
    return tuple(kind for kind in _refused().get(instrument_id, ()) if kind.concerns(indicator, level))
