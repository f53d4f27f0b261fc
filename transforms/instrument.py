"""The norm and its rules as data: loaded from YAML, cross-checked, frozen.

An *instrument* (`instruments/<id>.yml`) is a versioned legal norm: domains, aspects, indicators, weights,
and for every level of every indicator the criteria it asks for. *Rules* (`rules/<id>.yml`) say how each
criterion is answered: by which probes, by attestation. *Topics* (`topics.yml`) are the patterns by which
titles are recognised. *Probes* (`probes/probes.yml` and one `.sql` file each) are questions about evidence.

Every loader takes `root`, the folder that holds these files, and raises InstrumentError with one line per
problem. Nothing here reads evidence: `transforms/facts.py` says what the warehouse has to run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from transforms.norm import (
    Aspect,
    Band,
    Criterion,
    Domain,
    ExternalBand,
    ExternalIndex,
    Frozen,
    Indicator,
    Instrument,
    Level,
    Rounding,
    WorkedExample,
)
from transforms.norm_checks import check_instrument
from transforms.norm_files import ROOT, InstrumentError, Problems, display, read_text, read_yaml, validated
from transforms.norm_rules import Model, Probe, ProbeCall, Rule, Rules, Topic
from transforms.topics import load_topics, topic_filters

__all__ = [
    "MODELS_FOLDER",
    "ROOT",
    "Aspect",
    "Band",
    "Criterion",
    "Domain",
    "ExternalBand",
    "ExternalIndex",
    "Indicator",
    "Instrument",
    "InstrumentError",
    "Level",
    "Model",
    "Probe",
    "ProbeCall",
    "Rounding",
    "Rule",
    "Rules",
    "Topic",
    "WorkedExample",
    "instrument_ids",
    "load_instrument",
    "load_models",
    "load_probes",
    "load_rules",
    "load_topics",
    "ruleset_hash",
    "topic_filters",
]

MODELS_FOLDER = ROOT / "models"


def instrument_ids(root: Path = ROOT) -> tuple[str, ...]:
    """The ids of the instruments there are, in order."""
    return tuple(sorted(path.stem for path in (root / "instruments").glob("*.yml")))


def load_instrument(instrument_id: str, root: Path = ROOT) -> Instrument:
    """The instrument of that id. Raises InstrumentError when it is unknown or inconsistent."""
    path = root / "instruments" / f"{instrument_id}.yml"
    if not path.is_file():
        known = ", ".join(instrument_ids(root)) or "none"
        raise InstrumentError(f"there is no instrument {instrument_id!r}; known: {known}")
    data = read_yaml(path)
    _say_what_levels_build_on(data)
    instrument = validated(Instrument, data, display(path))
    problems = Problems(display(path))
    if instrument.id != instrument_id:
        problems.add("id", f"is {instrument.id!r} but the file is named {instrument_id!r}")
    check_instrument(instrument, problems)
    problems.raise_any()
    return instrument


def _say_what_levels_build_on(data: dict[str, Any]) -> None:
    """Write out the default of `builds_on`, which depends on the level's own number."""
    for indicator in data.get("indicators") or ():
        for level in indicator.get("levels") or () if isinstance(indicator, dict) else ():
            if isinstance(level, dict) and isinstance(level.get("level"), int):
                level.setdefault("builds_on", level["level"] - 1)


# Probes, models -------------------------------------------------------------------------------------


class _ProbeEntry(Frozen):
    question: str
    kind: Literal["regulation", "uptime", "application"]
    parameters: tuple[str, ...] = ()


def load_probes(root: Path = ROOT) -> Mapping[str, Probe]:
    """The probes by id: each entry of `probes.yml` with its `.sql` file. Raises InstrumentError."""
    folder = root / "probes"
    path = folder / "probes.yml"
    problems = Problems(display(path))
    entries = {
        name: validated(_ProbeEntry, entry, display(path), name) for name, entry in read_yaml(path).items()
    }
    files = {file.stem for file in folder.glob("*.sql")}
    for name in sorted(files - set(entries)):
        problems.add(name, f"the file {name}.sql has no entry here")
    for name in sorted(set(entries) - files):
        problems.add(name, f"there is no file {name}.sql")
    problems.raise_any()
    probes: dict[str, Probe] = {}
    for name, entry in entries.items():
        sql = read_text(folder / f"{name}.sql")
        probes[name] = Probe(
            id=name, question=entry.question, kind=entry.kind, parameters=entry.parameters, sql=sql
        )
        named = parameters_of(sql) - {"as_of"}
        if named != set(entry.parameters):
            problems.add(
                f"{name}.parameters",
                f"declares {sorted(entry.parameters)} but {name}.sql uses {sorted(named)}",
            )
    problems.raise_any()
    return probes


def parameters_of(sql: str) -> frozenset[str]:
    """The named parameters ($name) that a statement uses, comments aside."""
    return frozenset(re.findall(r"\$([a-z_][a-z0-9_]*)", _bare(sql)))


def _bare(sql: str) -> str:
    """A statement without whole-line comments, blank lines and trailing spaces."""
    lines = (line.rstrip() for line in sql.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("--"))


def load_models(root: Path = ROOT) -> tuple[Model, ...]:
    """The fact models in the order of their file numbers; the name is the file's without the number."""
    models = []
    for path in sorted((root / "models").glob("*.sql")):
        number, _, name = path.stem.partition("_")
        if not number.isdigit() or not name:
            raise InstrumentError(
                f"{display(path)}: name it <number>_<table>.sql, such as 01_source_seen.sql"
            )
        models.append(Model(name=name, sql=read_text(path)))
    return tuple(models)


# Rules ------------------------------------------------------------------------------------------------------


def _days(value: object) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})d", value) if isinstance(value, str) else None
    if not match or int(match[1]) == 0:
        raise ValueError(f"{value!r} is not a number of days; write 365d")
    return timedelta(days=int(match[1]))


class _CallEntry(Frozen):
    probe: str | None = None
    with_: dict[str, str] = Field(default_factory=dict, alias="with")
    attestation: bool = False
    floor: bool = False
    external_index: str | None = None


class _RuleEntry(Frozen):
    owner: str
    ttl: Annotated[timedelta, BeforeValidator(_days)] | None = None
    met_by: tuple[_CallEntry, ...]
    refuted_by: tuple[_CallEntry, ...] = ()
    hinted_by: tuple[_CallEntry, ...] = ()
    remedy: str


class _RulesFile(Frozen):
    instrument: str
    rules: dict[str, _RuleEntry]


def load_rules(instrument: Instrument, root: Path = ROOT) -> Rules:
    """The rules of an instrument, in the order of its criteria, checked against probes and topics.

    Raises InstrumentError where a criterion has no rule, a rule no criterion, a call no
    probe, or a probe no call.
    """
    path = root / "rules" / f"{instrument.id}.yml"
    file = validated(_RulesFile, read_yaml(path), display(path))
    problems = Problems(display(path))
    if file.instrument != instrument.id:
        problems.add("instrument", f"is {file.instrument!r}, not {instrument.id!r}")
    probes = load_probes(root)
    topics = {topic.id: topic for topic in load_topics(root)}
    wanted = {criterion.id: (indicator, level) for indicator, level, criterion in instrument.placed()}
    for unknown in sorted(set(file.rules) - set(wanted)):
        problems.add(f"rules.{unknown}", f"{instrument.id} has no such criterion")
    rules = []
    for criterion, (indicator, level) in wanted.items():
        if criterion not in file.rules:
            problems.add(f"rules.{criterion}", "the criterion has no rule; add one")
            continue
        rule = _rule(criterion, file.rules[criterion], problems)
        _check_rule(rule, instrument, indicator, level, problems)
        for call in rule.calls:
            _check_call(call, probes, topics, f"rules.{criterion}", problems)
        rules.append(rule)
    loaded = Rules(instrument=instrument.id, rules=tuple(rules))
    _check_all_used(loaded, probes, topics, path, problems)
    problems.raise_any()
    return loaded


def _rule(criterion: str, entry: _RuleEntry, problems: Problems) -> Rule:
    def calls(kind: str, entries: Sequence[_CallEntry]) -> tuple[ProbeCall, ...]:
        found = []
        for index, call in enumerate(entries):
            ways = (call.probe is not None, call.external_index is not None, call.attestation, call.floor)
            if sum(ways) != 1:
                problems.add(
                    f"rules.{criterion}.{kind}.{index}",
                    "give one of probe, external_index, attestation, floor",
                )
            elif call.probe is not None:
                found.append(ProbeCall(probe=call.probe, with_=tuple(sorted(call.with_.items()))))
            elif kind != "met_by":
                problems.add(f"rules.{criterion}.{kind}.{index}", "only a probe can stand here")
        return tuple(found)

    external = [call.external_index for call in entry.met_by if call.external_index is not None]
    if len(external) > 1:
        problems.add(f"rules.{criterion}.met_by", "one external index can answer a criterion, not several")
    return Rule(
        criterion=criterion,
        owner=entry.owner,
        met_by=calls("met_by", entry.met_by),
        attestation=any(call.attestation for call in entry.met_by),
        floor=any(call.floor for call in entry.met_by),
        external_index=external[0] if external else None,
        ttl=entry.ttl,
        refuted_by=calls("refuted_by", entry.refuted_by),
        hinted_by=calls("hinted_by", entry.hinted_by),
        remedy=entry.remedy,
    )


def _check_rule(
    rule: Rule, instrument: Instrument, indicator: Indicator, level: Level, problems: Problems
) -> None:
    path = f"rules.{rule.criterion}.met_by"
    if instrument.scale == "itemised" and rule.floor:
        problems.add(path, "an itemised scale has no criterion that is met without evidence; its floor is 1")
    elif instrument.scale == "whole" and rule.floor != (level.level == 1):
        problems.add(path, "level 1, and only level 1, is met by {floor: true}")
    if not (rule.floor or rule.attestation or rule.met_by or rule.external_index):
        problems.add(path, "nothing can meet it; add a probe, an external index or {attestation: true}")
    if rule.floor and (rule.attestation or rule.calls or rule.external_index):
        problems.add(path, "the floor is met without evidence; remove the other entries")
    if rule.external_index not in (None, indicator.external_index):
        problems.add(path, f"the external_index of indicator {indicator.number} is not {rule.external_index}")
    others = rule.met_by or rule.refuted_by or rule.attestation
    if indicator.score_from == "external_index" and (others or rule.external_index is None):
        problems.add(
            path,
            f"indicator {indicator.number} is scored from {indicator.external_index} alone:"
            " {external_index: " + str(indicator.external_index) + "}",
        )
    if rule.met_by and level.level > indicator.proves_level:
        problems.add(
            path,
            f"indicator {indicator.number} can be proven by probes up to level {indicator.proves_level} only;"
            " move the probe to hinted_by",
        )


def _check_call(
    call: ProbeCall, probes: Mapping[str, Probe], topics: Mapping[str, Topic], path: str, problems: Problems
) -> None:
    probe = probes.get(call.probe)
    if probe is None:
        problems.add(path, f"there is no probe {call.probe!r}; known: {', '.join(sorted(probes))}")
        return
    given = dict(call.with_)
    if set(given) != set(probe.parameters):
        problems.add(path, f"{call.probe} takes {sorted(probe.parameters)}, not {sorted(given)}")
    topic = given.get("topic")
    if topic is not None and (topic not in topics or topics[topic].for_ != probe.kind):
        problems.add(path, f"topics.yml has no topic {topic!r} for a {probe.kind}")


def _check_all_used(
    rules: Rules, probes: Mapping[str, Probe], topics: Mapping[str, Topic], path: Path, problems: Problems
) -> None:
    """Probes and topics that no rules file uses are dead, and would be kept in step for nothing."""
    calls = list(rules.calls())
    unused = set(probes) - {call.probe for call in calls}
    dead = set(topics) - {dict(call.with_).get("topic") for call in calls}
    others = [other for other in sorted(path.parent.glob("*.yml")) if other != path] if unused or dead else []
    text = "\n".join(read_text(other) for other in others)
    for name in sorted(unused):
        if f"probe: {name}" not in text:
            problems.add("rules", f"no rule uses the probe {name!r}; use it or delete probes/{name}.sql")
    for name in sorted(dead):
        if f"topic: {name}" not in text:
            problems.add("rules", f"no rule uses the topic {name!r}; use it or delete it from topics.yml")


def ruleset_hash(
    instrument: Instrument,
    rules: Rules,
    topics: Sequence[Topic],
    probes: Mapping[str, Probe],
    models: Sequence[Model] | None = None,
) -> str:
    """SHA-256 (hex) over all that decides a score besides evidence: norm, rules, topics, probes, models.

    Comments, blank lines and the order of keys do not count; `models` defaults to the project's own. Scores
    with different hashes must not be compared.
    """
    content = {
        # What a file leaves out does not count, so that a new optional key changes no hash.
        "instrument": instrument.model_dump(mode="json", exclude_defaults=True),
        "rules": rules.model_dump(mode="json", exclude_defaults=True),
        "topics": [topic.model_dump(mode="json") for topic in topics],
        "probes": {
            name: {**probe.model_dump(mode="json"), "sql": _bare(probe.sql)} for name, probe in probes.items()
        },
        "models": [[model.name, _bare(model.sql)] for model in (load_models() if models is None else models)],
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
