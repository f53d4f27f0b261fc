"""A ruleset: an instrument with all that decides how it is answered, and the hash that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.instrument import (
    Instrument,
    Probe,
    Rules,
    Topic,
    load_instrument,
    load_probes,
    load_rules,
    load_topics,
    ruleset_hash,
)


@dataclass(frozen=True)
class Ruleset:
    """An instrument with everything that decides how it is answered."""

    instrument: Instrument
    rules: Rules
    topics: tuple[Topic, ...]
    probes: Mapping[str, Probe]
    hash: str


def load_ruleset(instrument_id: str) -> Ruleset:
    """Everything that decides a score of one instrument. Raises InstrumentError where it errs."""
    instrument = load_instrument(instrument_id)
    rules = load_rules(instrument)
    topics = load_topics()
    probes = load_probes()
    return Ruleset(instrument, rules, topics, probes, ruleset_hash(instrument, rules, topics, probes))
