"""`pantau calc`: what a set of levels or values comes to under an instrument, for one institution or many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.levels_file import Given, ManyGiven, read_levels
from transforms.index import LevelsError, calculate, combine, exact, rounded
from transforms.instrument import Instrument, load_instrument


def calculated(instrument: str, levels: Path) -> tuple[dict[str, Any], tuple[str, ...], bool]:
    """The document to print, what in it rests on unverified settings, and whether all could be computed.

    Of one institution its numbers; of many, those of each by its name, or why there are none.
    Raises LevelsError, LevelsFileError or InstrumentError.
    """
    norm = load_instrument(instrument)
    # Only what the calculator itself decides: where its values come from is not its business.
    notes = tuple(
        text
        for text in norm.unverified_settings
        if text.startswith(("predikat_from", "aspect_predikat", "rounding"))
    )
    given = read_levels(levels)
    if isinstance(given, ManyGiven):
        results = {name: _one_of_many(norm, entry) for name, entry in given.by_institution.items()}
        return results, notes, all("error" not in result for result in results.values())
    return _one(norm, given), notes, True


def _one_of_many(norm: Instrument, given: Given) -> dict[str, Any]:
    try:
        return _one(norm, given)
    except LevelsError as error:
        return {"error": str(error)}


def _one(norm: Instrument, given: Given) -> dict[str, Any]:
    if given.scope == "indicator":
        results = calculate(norm, given.values)
    else:
        results = combine(norm, given.scope, given.values)
    whole = results[0]
    return {
        "index": str(rounded(whole.provisional)),
        "exact": f"{exact(whole.provisional):f}",
        "predicate": whole.predikat,
        "domains": {r.code: str(rounded(r.provisional)) for r in results if r.scope == "domain"},
        "aspects": {r.code: str(rounded(r.provisional)) for r in results if r.scope == "aspect"},
    }
