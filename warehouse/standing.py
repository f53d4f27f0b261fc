"""What stands of many institutions under one ruleset, date after date: judged again where a fact is another.

The first date of a run is judged whole. At a later one most findings are what they were: sources ran again
and services were up again, so that they differ only in what they cite and when it was seen. Those are moved
with the answers, in SQL. Judged again is what calls answer otherwise or at another age, and what is due: a
statement runs out at a moment known beforehand. Where statements have another version, the criteria that they
are about are judged again; an institution whose file has another version is judged whole again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from transforms import attribution
from transforms.finding import Finding
from transforms.forecast import Known
from transforms.index import Aggregate, aggregates
from transforms.instrument import ProbeCall
from transforms.levels import IndicatorLevel, levels, levels_of_marks, mark_of
from transforms.ruleset import Ruleset
from transforms.scoring import Judgement, all_of, blanks, codes_of, judgements, unstated
from warehouse.asking import Models
from warehouse.connection import append_columns, append_frame, statement
from warehouse.filed import File, Filed, read_filed, read_statements
from warehouse.level_rows import finding_columns, level_columns, total_columns
from warehouse.score_rows import QUERIES, rows_of


@dataclass
class _Held:
    """One institution as it stands; `scored` is its last date. What moves is as of when it was judged.

    `sets` are the ids of its sets of findings by indicator; those of `unwritten` may not be on file yet.
    """

    file: File
    judged: dict[str, Judgement]
    levels: dict[str, IndicatorLevel]
    aggregates: tuple[Aggregate, ...]
    due: dict[str, datetime]
    marks: dict[str, bytes]
    sets: dict[str, str]
    unwritten: set[str]
    digest: str = ""
    scored: attribution.Scored | None = None

    def stand(self) -> None:
        """Let `digest` be one of all that stands but for what moves with the answers."""
        content = hashlib.sha256(b"".join(self.marks.values()))
        content.update(f"[{', '.join([level.said for level in self.levels.values()])}]".encode())
        self.digest = content.hexdigest()


@dataclass(frozen=True)
class _Past:
    """How an institution stood at the date before."""

    judged: Mapping[str, Judgement]
    levels: Mapping[str, IndicatorLevel]


@dataclass
class _Changes:
    """What a date brings, by institution: findings, levels that are others or have other sets, other totals.

    In place of what stood before come findings and levels by these criteria and indicators. `moved` are those
    with another provisional level than at the date before.
    """

    findings: list[tuple[str, Judgement]] = field(default_factory=list)
    levels: list[tuple[str, IndicatorLevel]] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    replaced_findings: list[tuple[str, str]] = field(default_factory=list)
    replaced_levels: list[tuple[str, str]] = field(default_factory=list)
    moved: dict[str, _Past] = field(default_factory=dict)


@dataclass(frozen=True)
class Stand:
    """One institution at a date. `before` is its date before, where that was judged in the same run.

    Where not all was asked for, findings cite what they do at their date only of indicators that moved.
    """

    current: attribution.Scored
    before: attribution.Scored | None


@dataclass
class Standing:
    """What stands of the institutions of one ruleset on one connection.

    `ahead` may be given before a step: the files of its date, judged as far as that needs no answer.
    """

    ruleset: Ruleset
    models: Models
    as_of: datetime | None = None
    held: dict[str, _Held] = field(default_factory=dict)
    ahead: Filed | None = None

    def __post_init__(self) -> None:
        name = self.ruleset.instrument.id.replace("-", "_")
        self.findings, self.levels, self.totals = f"finding_{name}", f"level_{name}", f"total_{name}"
        self.blanks = f"blank_{name}"
        self._blanks = blanks(self.ruleset.rules, self.ruleset.instrument)
        self._unstated = unstated(self.ruleset.rules, self.ruleset.instrument)
        self._criteria: dict[ProbeCall, list[str]] = {}
        for rule in self.ruleset.rules.rules:
            for call in dict.fromkeys(rule.calls):
                self._criteria.setdefault(call, []).append(rule.criterion)
        self._indicators = {c.id: i.number for i, _, c in self.ruleset.instrument.placed()}
        self._criteria_at: dict[str, list[str]] = {}
        for criterion in self._indicators:
            for code in codes_of(criterion):
                self._criteria_at.setdefault(code, []).append(criterion)
        self._blank_marks = {
            c: self._blanks[c].mark() if c in self._blanks else b"" for c in self._indicators
        }
        self._blank_counts = {criterion: mark_of(one.finding) for criterion, one in self._blanks.items()}
        self._criteria_of = {i.number: [c.id for c in i.criteria] for i in self.ruleset.instrument.indicators}

    def step(
        self,
        connection: duckdb.DuckDBPyConnection,
        names: Sequence[str],
        as_of: datetime,
        *,
        whole: bool,
    ) -> dict[str, Stand]:
        """Judge institutions at a date, of which models stand and probes were asked. `whole`: all exactly."""
        if self.as_of is None or self.as_of != self.models.before or as_of < self.as_of:
            self._begin(connection)
        replaced, dirty = self._dirty(connection, names, as_of)
        fresh = [name for name in names if name not in self.held]
        filed, self.ahead = self.ahead, None
        if filed is None or filed.as_of != as_of or set(filed.names) != set(fresh):
            filed = read_filed(connection, self.ruleset, fresh, as_of)
            filed.judge()
        calls = {
            (name, call)
            for name, criteria in dirty.items()
            for criterion in criteria
            for call in self.ruleset.rules.rule(criterion).calls
        }
        asked = self.ruleset.rules.calls()
        if len(fresh) == len(names):
            answers = self.models.answers(connection)
        else:
            answers = self.models.answers(connection, calls | {(n, c) for n in fresh for c in asked})
        changes = _Changes()
        for name in fresh:
            held, made = self._judged(name, filed, answers.get(name, {}))
            self.held[name] = held
            if name in replaced:
                old = replaced[name]
                held.scored = old.scored
                if any(level.provisional != old.levels[n].provisional for n, level in held.levels.items()):
                    changes.moved[name] = _Past(old.judged, old.levels)
            changes.findings += [(name, one) for one in made.values()]
            changes.levels += [(name, level) for level in held.levels.values()]
            changes.totals.append(name)
        for name, criteria in dirty.items():
            self._judge_again(name, answers.get(name, {}), as_of, criteria, changes)
        self._write(connection, changes, filed)
        stands = self._stands(connection, names, as_of, set(fresh), changes.moved, whole)
        self.as_of = as_of
        return stands

    def _judge_again(
        self,
        name: str,
        answers: Mapping[ProbeCall, Any],
        as_of: datetime,
        criteria: Collection[str],
        changes: _Changes,
    ) -> None:
        held = self.held[name]
        past = _Past(held.judged, held.levels)
        found = self._heard(held.file, answers, as_of, criteria)
        changes.findings += [(name, one) for one in found.values()]
        changes.replaced_findings += [(name, criterion) for criterion in found]
        held.judged = held.judged | found
        for criterion, one in found.items():
            held.marks[criterion] = one.mark()
            if one.due_at is None:
                held.due.pop(criterion, None)
            else:
                held.due[criterion] = one.due_at
        numbers = {self._indicators[criterion] for criterion in found}
        sets = self._sets(name, held.marks, numbers)
        turned = {number for number, one in sets.items() if one != held.sets[number]}
        held.sets |= sets
        held.unwritten |= turned
        again = self._levels(held.file, held.judged, numbers)
        other = {level.indicator: level for level in again if level != held.levels[level.indicator]}
        if any(level.provisional != past.levels[number].provisional for number, level in other.items()):
            changes.moved[name] = past
        if other:
            held.levels = held.levels | other
            held.aggregates = aggregates(self.ruleset.instrument, tuple(held.levels.values()))
            changes.totals.append(name)
        replacing = [level for level in again if level.indicator in turned or level.indicator in other]
        changes.levels += [(name, level) for level in replacing]
        changes.replaced_levels += [(name, level.indicator) for level in replacing]
        held.stand()

    def known(self, connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> dict[str, Known]:
        """All that institutions were judged by at the last date."""
        assert self.as_of is not None
        answers = self.models.answers(connection)
        calls = frozenset(self.ruleset.rules.calls())
        is_all = self.models.asked <= calls
        found = {}
        for name in names:
            file = self.held[name].file
            own = answers.get(name, {})
            if not is_all:
                own = {call: answer for call, answer in own.items() if call in calls}
            found[name] = Known(
                self.as_of, own, file.attestations, file.freshness, file.official, file.external
            )
        return found

    def differing(self, connection: duckdb.DuckDBPyConnection, scores: Mapping[str, str]) -> list[str]:
        """Of institutions, each with an earlier score, those of which a level or total is another now."""
        if not scores:
            return []
        connection.register(
            "earlier_score", pd.DataFrame({"institution": list(scores), "score_id": list(scores.values())})
        )
        found = set()
        for table, of in ((self.levels, "level"), (self.totals, "aggregate")):
            columns = [column[0] for column in connection.execute(f"FROM {table} LIMIT 0").description]
            names = [column for column in columns if column != "set_id"]
            said = ", ".join(names)
            rows = connection.execute(
                f"SELECT DISTINCT institution FROM (SELECT {said} FROM {table} "
                "SEMI JOIN earlier_score USING (institution) EXCEPT "
                f"SELECT {', '.join(f'past.{name}' for name in names)} FROM score.{of} AS past "
                "SEMI JOIN earlier_score USING (score_id))"
            ).fetchall()
            found |= {name for (name,) in rows}
        connection.unregister("earlier_score")
        return sorted(found)

    def _begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.held = {}
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {self.findings} AS "
            "SELECT * EXCLUDE (score_id), NULL::INTEGER AS moves_with FROM score.finding LIMIT 0"
        )
        for table, of, other in ((self.levels, "level", ", moved"), (self.totals, "aggregate", "")):
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS "
                f"SELECT * EXCLUDE (score_id{other}) FROM score.{of} LIMIT 0"
            )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {self.blanks} AS "
            f"SELECT * EXCLUDE (institution) FROM {self.findings}"
        )
        judged = list(self._blanks.values())
        if judged:
            columns = finding_columns([one.finding for one in judged])
            append_columns(connection, self.blanks, columns)

    def _dirty(
        self, connection: duckdb.DuckDBPyConnection, names: Sequence[str], as_of: datetime
    ) -> tuple[dict[str, _Held], dict[str, set[str]]]:
        """Institutions to be judged whole again, and criteria of others that may be judged otherwise."""
        if not self.held:
            return {}, {}
        touched = rows_of(connection, "touched", {"before": self.as_of, "as_of": as_of})
        whole = {row["institution"] for row in touched if not row["is_of_statements"]}
        gone = self.held.keys() & (whole | (self.held.keys() - set(names)))
        restated = (self.held.keys() & {row["institution"] for row in touched}) - gone
        replaced = {name: self.held.pop(name) for name in gone}
        if gone:
            for table in (self.findings, self.levels, self.totals):
                connection.execute(
                    f"DELETE FROM {table} WHERE institution IN (SELECT unnest($gone))", {"gone": sorted(gone)}
                )
        dirty: dict[str, set[str]] = {}
        for name, call in self.models.changed(connection):
            if name in self.held and call in self._criteria:
                dirty.setdefault(name, set()).update(self._criteria[call])
        for name, criteria in self._restated(connection, restated, as_of).items():
            dirty.setdefault(name, set()).update(criteria)
        for name, held in self.held.items():
            if due := [criterion for criterion, at in held.due.items() if at <= as_of]:
                dirty.setdefault(name, set()).update(due)
        return replaced, dirty

    def _restated(
        self, connection: duckdb.DuckDBPyConnection, names: Collection[str], as_of: datetime
    ) -> dict[str, set[str]]:
        """Take in the statements of institutions, and tell of which criteria other ones are on file."""
        criteria = {}
        for name, statements in read_statements(connection, self.ruleset, names, as_of).items():
            held = self.held[name]
            old = held.file.statements
            moved = [at for at in old.keys() | statements.keys() if old.get(at) != statements.get(at)]
            criteria[name] = {c for at in moved for c in self._criteria_at.get(at, ())}
            held.file = replace(held.file, statements=statements)
        return criteria

    def _judged(
        self, name: str, filed: Filed, answers: Mapping[ProbeCall, Any]
    ) -> tuple[_Held, dict[str, Judgement]]:
        """One institution judged whole, and of its findings those that did not follow from its file alone."""
        rules, norm, file = self.ruleset.rules, self.ruleset.instrument, filed.files[name]
        rest = self._heard(file, answers, filed.as_of, self._unstated)
        made = filed.made[name] | rest
        judged = all_of(rules, norm, made)
        own = {c: mark_of(one.finding) for c, one in rest.items()}
        counts = self._blank_counts | filed.counts[name] | own
        scores = {c: one.finding.score for c, one in rest.items()}
        found = levels_of_marks(norm, counts, scores, file.official)
        marks = self._blank_marks | filed.marks[name] | {c: one.mark() for c, one in rest.items()}
        held = _Held(
            file,
            judged,
            {level.indicator: level for level in found},
            aggregates(norm, found),
            due={criterion: one.due_at for criterion, one in made.items() if one.due_at},
            marks=marks,
            sets=self._sets(name, marks, self._criteria_of),
            unwritten=set(self._criteria_of),
        )
        held.stand()
        return held, rest

    def _heard(
        self, file: File, answers: Mapping[ProbeCall, Any], as_of: datetime, only: Collection[str]
    ) -> dict[str, Judgement]:
        rules, norm = self.ruleset.rules, self.ruleset.instrument
        codes = dict.fromkeys(code for criterion in only for code in codes_of(criterion))
        about = [one for code in codes for one in file.statements.get(code, ())]
        return judgements(
            rules, norm, self.ruleset.probes, answers, about, file.freshness, as_of, file.external, only
        )

    def _levels(
        self, file: File, judged: Mapping[str, Judgement], only: Collection[str]
    ) -> tuple[IndicatorLevel, ...]:
        found = {c: judged[c].finding for number in only for c in self._criteria_of[number]}
        return levels(self.ruleset.instrument, found, file.official, only)

    def _write(self, connection: duckdb.DuckDBPyConnection, changes: _Changes, filed: Filed) -> None:
        """Let the tables of what stands hold what was judged, but for findings that nobody spoke of."""
        _delete(connection, self.findings, "criterion", changes.replaced_findings)
        _delete(connection, self.levels, "indicator", changes.replaced_levels)
        if len(filed.rows):
            append_frame(connection, self.findings, filed.rows)
        rows = [(n, one) for n, one in changes.findings if one is not self._blanks.get(one.finding.criterion)]
        if rows:
            columns = finding_columns([one.finding for _, one in rows])
            columns["institution"] = [name for name, _ in rows]
            columns["moves_with"] = [
                None if one.moves_with is None else self.models.calls[one.moves_with] for _, one in rows
            ]
            append_columns(connection, self.findings, columns)
        if changes.levels:
            columns = level_columns([level for _, level in changes.levels])
            columns["institution"] = [name for name, _ in changes.levels]
            columns["set_id"] = [self.held[name].sets[level.indicator] for name, level in changes.levels]
            append_columns(connection, self.levels, columns)
        if not changes.totals:
            return
        connection.execute(
            f"DELETE FROM {self.totals} WHERE institution IN (SELECT unnest($others))",
            {"others": changes.totals},
        )
        totals = [(name, one) for name in changes.totals for one in self.held[name].aggregates]
        columns = total_columns([one for _, one in totals])
        columns["institution"] = [name for name, _ in totals]
        append_columns(connection, self.totals, columns)

    def write_findings(self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        """Findings and levels of the scores in the table `new_score`: of findings what is not there yet."""
        tables = {"findings": self.findings, "blanks": self.blanks, "levels": self.levels}
        made = [(n, number, self.held[n].sets[number]) for n in names for number in self.held[n].unwritten]
        if made:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE found_set (institution VARCHAR, indicator VARCHAR, set_id UUID)"
            )
            columns = dict(
                zip(("institution", "indicator", "set_id"), map(list, zip(*made, strict=True)), strict=True)
            )
            append_columns(connection, "found_set", columns)
            connection.execute(statement(QUERIES / "new_sets.sql").format(**tables))
        connection.execute(statement(QUERIES / "new_levels.sql").format(**tables))
        for name in names:
            self.held[name].unwritten.clear()

    def _sets(self, name: str, marks: Mapping[str, bytes], numbers: Collection[str]) -> dict[str, str]:
        """Ids of sets of findings by indicator: digests of whose they are and what is found by criterion.

        What moves with an answer is no part of it (`Judgement.mark`).
        """
        whose, sets = name.encode(), {}
        for number in numbers:
            said = b"".join([marks[criterion] for criterion in self._criteria_of[number]])
            sets[number] = hashlib.blake2b(whose + said, digest_size=16).hexdigest()
        return sets

    def _stands(
        self,
        connection: duckdb.DuckDBPyConnection,
        names: Sequence[str],
        as_of: datetime,
        fresh: Collection[str],
        moved: Mapping[str, _Past],
        whole: bool,
    ) -> dict[str, Stand]:
        moving = dict(
            connection.execute(
                "SELECT found.institution, sha256(string_agg("
                "concat_ws(' ', found.criterion, epoch_us(said.observed_at), said.evidence_ids::VARCHAR), "
                f"';' ORDER BY found.criterion)) FROM {self.findings} AS found JOIN answer AS said "
                "ON said.institution = found.institution AND said.call = found.moves_with "
                "GROUP BY found.institution"
            ).fetchall()
        )
        told: dict[str, Collection[str]] = {
            name: [
                criterion
                for number, level in self.held[name].levels.items()
                if level.provisional != past.levels[number].provisional
                for criterion in self._criteria_of[number]
            ]
            for name, past in moved.items()
        }
        wanted = {name: self._indicators if whole else told[name] for name in (names if whole else moved)}
        exact = self._exact(
            connection,
            {name: self.held[name].judged for name in wanted if name not in fresh},
            wanted,
        )
        before_by = {name: past.judged for name, past in moved.items()}
        exact_before = self._exact(connection, before_by, told, before=True)
        stands = {}
        for name in names:
            held = self.held[name]
            content = [name, self.ruleset.instrument.id, self.ruleset.hash, as_of.isoformat(), held.digest]
            identity = json.dumps([*content, moving.get(name)])
            findings = exact[name] if name in exact else _Findings(held.judged)
            current = attribution.Scored(
                score_id=hashlib.sha256(identity.encode()).hexdigest(),
                institution=name,
                ruleset_hash=self.ruleset.hash,
                as_of=as_of,
                findings=findings,
                levels=held.levels,
                aggregates=held.aggregates,
            )
            before = held.scored
            if before is not None and name in exact_before:
                before = replace(before, findings=exact_before[name])
            held.scored = current
            stands[name] = Stand(current, before)
        return stands

    def _exact(
        self,
        connection: duckdb.DuckDBPyConnection,
        judged: Mapping[str, Mapping[str, Judgement]],
        wanted: Mapping[str, Collection[str]],
        *,
        before: bool = False,
    ) -> dict[str, Mapping[str, Finding]]:
        """Findings, those of the criteria wanted with what they cite at this date, or at the one before."""
        pairs = {(n, call) for n, of in judged.items() for c in wanted[n] if (call := of[c].moves_with)}
        answers = self.models.answers(connection, pairs, before=before)
        return {
            name: _Findings(of, {c: _moved(of[c], answers.get(name, {})) for c in wanted[name]})
            for name, of in judged.items()
        }


def _delete(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, rows: Sequence[tuple[str, str]]
) -> None:
    """Delete rows given by institution and key."""
    if rows:
        connection.execute(
            f"DELETE FROM {table} AS old USING (SELECT unnest($names::VARCHAR[]) AS institution, "
            f"unnest($keys::VARCHAR[]) AS key) AS given "
            f"WHERE old.institution = given.institution AND old.{key} = given.key",
            {"names": [name for name, _ in rows], "keys": [which for _, which in rows]},
        )


@dataclass(frozen=True, eq=False)
class _Findings(Mapping[str, Finding]):
    """Findings as they were judged, but for those given as of their date: mostly few of all are looked at."""

    judged: Mapping[str, Judgement]
    exact: Mapping[str, Finding] = field(default_factory=dict)

    def __getitem__(self, criterion: str) -> Finding:
        return self.exact[criterion] if criterion in self.exact else self.judged[criterion].finding

    def __iter__(self) -> Iterator[str]:
        return iter(self.judged)

    def __len__(self) -> int:
        return len(self.judged)


def _moved(judgement: Judgement, answers: Mapping[ProbeCall, Any]) -> Finding:
    found, call = judgement.finding, judgement.moves_with
    if call is None or found.expires_at is None or found.observed_at is None:
        return found
    answer = answers[call]
    return found._replace(
        evidence_ids=answer.evidence_ids,
        observed_at=answer.observed_at,
        expires_at=answer.observed_at + (found.expires_at - found.observed_at),
    )


def write_scores(
    connection: duckdb.DuckDBPyConnection,
    standing: Standing,
    scores: Sequence[attribution.Scored],
    now: datetime,
) -> None:
    """Scores of the date at which `standing` stands, that are not written yet: copied from what stands."""
    if not scores:
        return
    norm = standing.ruleset.instrument
    append_columns(
        connection,
        "score.run",
        {
            "score_id": [s.score_id for s in scores],
            "institution": [s.institution for s in scores],
            "as_of": [s.as_of for s in scores],
        },
        instrument=norm.id,
        ruleset_hash=standing.ruleset.hash,
        scored_at=now,
        scale=norm.scale,
    )
    ids = pd.DataFrame(
        {"score_id": [s.score_id for s in scores], "institution": [s.institution for s in scores]}
    )
    connection.register("new_score", ids)
    standing.write_findings(connection, [s.institution for s in scores])
    connection.execute(
        f"INSERT INTO score.aggregate BY NAME SELECT new.score_id, found.* FROM {standing.totals} AS found "
        "JOIN new_score AS new ON new.institution = found.institution ORDER BY found.rowid"
    )
    connection.unregister("new_score")
