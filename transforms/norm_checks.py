"""What a norm file must agree with itself on: bands, scale, external indices, numbers, weights, criteria."""

from __future__ import annotations

import itertools
from decimal import Decimal

from transforms.norm import Indicator, Instrument
from transforms.norm_files import Problems

LEVELS = (1, 2, 3, 4, 5)


def check_instrument(instrument: Instrument, problems: Problems) -> None:
    """Note everything in which the instrument contradicts itself."""
    _check_bands(instrument, problems)
    _check_scale(instrument, problems)
    _check_external_indices(instrument, problems)
    _check_score_sources(instrument, problems)
    _check_structure(instrument, problems)
    _check_weights(instrument, problems)
    _check_criteria(instrument, problems)


def _check_bands(instrument: Instrument, problems: Problems) -> None:
    """Bands must tile 1 to 5: each border belongs to exactly one of the two bands that meet there."""
    bands = instrument.ordered_bands
    if not bands:
        problems.add("bands", "give at least one band")
        return
    first, last = bands[0], bands[-1]
    if first.min != 1 or last.max != 5 or not (first.min_inclusive and last.max_inclusive):
        problems.add("bands", "they must cover 1 up to and including 5")
    for band in bands:
        if band.min >= band.max:
            problems.add("bands", f"{band.predikat} must end above where it begins")
    for lower, upper in itertools.pairwise(bands):
        if lower.max != upper.min or lower.max_inclusive == upper.min_inclusive:
            problems.add(
                "bands",
                f"{lower.predikat} must end where {upper.predikat} begins, and one of them hold that value",
            )


def _check_scale(instrument: Instrument, problems: Problems) -> None:
    itemised = instrument.scale == "itemised"
    if itemised != (instrument.level_to_score is not None):
        problems.add("level_to_score", "an itemised scale, and no other, says how levels become a score")
    if itemised and len(instrument.bands) != len(LEVELS):
        problems.add("bands", "an itemised scale has one band for each of the levels 1 to 5")


def _check_external_indices(instrument: Instrument, problems: Problems) -> None:
    """The bands of an external index must tile its scale, and their scores the scale of the instrument."""
    ids = [index.id for index in instrument.external_indices]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        problems.add("external_indices", f"the id {repeated!r} is used more than once")
    for index in instrument.external_indices:
        path = f"external_indices.{index.id}.bands"
        bands = index.bands
        if tuple(band.level for band in bands) != LEVELS:
            problems.add(path, "must be the levels 1 to 5, in order")
            continue
        if bands[0].min != index.scale.min or bands[-1].max != index.scale.max:
            problems.add(path, f"they must cover the scale of {index.scale.min} to {index.scale.max}")
        if bands[0].score_min != 1 or bands[-1].score_max != 5:
            problems.add(path, "their scores must go from 1 to 5")
        for band in bands:
            if band.min >= band.max or band.score_min >= band.score_max:
                problems.add(path, f"level {band.level} must end above where it begins")
        for lower, upper in itertools.pairwise(bands):
            if (lower.max, lower.score_max) != (upper.min, upper.score_min):
                problems.add(path, f"level {lower.level} must end where level {upper.level} begins")


def _check_score_sources(instrument: Instrument, problems: Problems) -> None:
    ids = {index.id for index in instrument.external_indices}
    for indicator in instrument.indicators:
        path = f"indicators.{indicator.number}"
        if indicator.external_index is not None and indicator.external_index not in ids:
            problems.add(f"{path}.external_index", f"there is no external index {indicator.external_index!r}")
        if indicator.score_from == "external_index":
            if indicator.external_index is None:
                problems.add(f"{path}.score_from", "name the index in external_index")
            if instrument.scale == "whole":
                problems.add(f"{path}.score_from", "an external index makes decimals; the scale is whole")
        for name in indicator.unverified:
            if name not in Indicator.model_fields:
                problems.add(f"{path}.unverified", f"{name!r} is no field of an indicator")


def _check_structure(instrument: Instrument, problems: Problems) -> None:
    domains = {domain.number for domain in instrument.domains}
    aspects = {aspect.number: aspect for aspect in instrument.aspects}
    numbers = [indicator.number for indicator in instrument.indicators]
    for kind, codes in (
        ("domains", [d.number for d in instrument.domains]),
        ("aspects", [a.number for a in instrument.aspects]),
        ("indicators", numbers),
    ):
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            problems.add(kind, f"number {code!r} is used more than once")
    for aspect in instrument.aspects:
        if aspect.domain not in (domains or {""}):
            problems.add(f"aspects.{aspect.number}.domain", f"there is no domain {aspect.domain!r}")
    for indicator in instrument.indicators:
        path = f"indicators.{indicator.number}"
        if indicator.aspect not in aspects:
            problems.add(f"{path}.aspect", f"there is no aspect {indicator.aspect!r}")
        elif aspects[indicator.aspect].domain != indicator.domain:
            problems.add(f"{path}.domain", f"aspect {indicator.aspect} is not in domain {indicator.domain}")
        for other in indicator.depends_on:
            if other not in numbers:
                problems.add(f"{path}.depends_on", f"there is no indicator {other!r}")


def _check_weights(instrument: Instrument, problems: Problems) -> None:
    for kind, entries in (
        ("indicators", instrument.indicators),
        ("aspects", instrument.aspects),
        ("domains", instrument.domains),
    ):
        total = sum((entry.weight for entry in entries), Decimal(0))
        if total != 100 and entries:
            problems.add(kind, f"weights sum to {total}, not 100")
    for aspect in instrument.aspects:
        total = sum((i.weight for i in instrument.indicators if i.aspect == aspect.number), Decimal(0))
        if total != aspect.weight:
            problems.add(
                f"aspects.{aspect.number}.weight", f"is {aspect.weight}; its indicators sum to {total}"
            )
    for domain in instrument.domains:
        total = sum((a.weight for a in instrument.aspects if a.domain == domain.number), Decimal(0))
        if total != domain.weight:
            problems.add(f"domains.{domain.number}.weight", f"is {domain.weight}; its aspects sum to {total}")


def _check_criteria(instrument: Instrument, problems: Problems) -> None:
    itemised = instrument.scale == "itemised"
    for indicator in instrument.indicators:
        path = f"indicators.{indicator.number}.levels"
        if tuple(level.level for level in indicator.levels) != LEVELS:
            problems.add(path, "must be the levels 1 to 5, in order")
            continue
        for level in indicator.levels:
            if not 0 <= level.builds_on < level.level or (level.builds_on == 0) != (level.level == 1):
                problems.add(f"{path}.{level.level}.builds_on", f"cannot build on {level.builds_on}")
            elif itemised and level.builds_on != level.level - 1:
                problems.add(f"{path}.{level.level}.builds_on", "on an itemised scale, each on the one below")
            if level.level == 1 and len(level.criteria) != 1 and not itemised:
                problems.add(f"{path}.1.criteria", "level 1 is the floor and has exactly one criterion")
            if not level.criteria:
                problems.add(f"{path}.{level.level}.criteria", "give at least one criterion")
            for letter, criterion in zip("abcdefghijklmnopqrstuvwxyz", level.criteria, strict=False):
                wanted = f"I{indicator.number:0>2}.{level.level}.{letter}"
                if criterion.id != wanted:
                    problems.add(f"{path}.{level.level}.criteria", f"{criterion.id!r} must be {wanted!r}")
