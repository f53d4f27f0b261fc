"""Days scored in one run, each as it is when it is scored by itself, for all institutions or one."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from benchmarks.score_many import FIRST, build
from tests.test_rule_changes import stricter
from warehouse import score as scoring
from warehouse.compare import differences
from warehouse.connection import writing
from warehouse.score import ScoreError, ScoreResult, score
from warehouse.score_date import Run

pytestmark = pytest.mark.e2e

DAYS = 6
START = FIRST + timedelta(days=60)
LAST = START + timedelta(days=DAYS - 1)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight institutions of which something changes every day: see benchmarks/many_institutions.sql."""
    path = tmp_path_factory.mktemp("days") / "warehouse.duckdb"
    with writing(path, FIRST) as connection:
        build(connection, 8, 60 + DAYS)
    return path


@pytest.fixture(scope="module")
def day_by_day(evidence: Path) -> tuple[Path, list[ScoreResult]]:
    path = evidence.with_name("day-by-day.duckdb")
    shutil.copy(evidence, path)
    for day in range(DAYS):
        results = score(path, as_of=START + timedelta(days=day), now=LAST)
    return path, results


def differing(left: Path, right: Path, condition: str = "TRUE") -> dict[str, str]:
    with duckdb.connect() as connection:
        for name, path in (("one", left), ("other", right)):
            connection.execute(f"ATTACH '{path}' AS whole_{name} (READ_ONLY)")
            connection.execute(f"ATTACH ':memory:' AS {name}")
            connection.execute(f"CREATE SCHEMA {name}.score")
            for (table,) in connection.execute(
                "SELECT DISTINCT table_name FROM duckdb_columns() "
                f"WHERE database_name = 'whole_{name}' AND schema_name = 'score'"
            ).fetchall():
                columns = {c[0] for c in connection.execute(f"FROM whole_{name}.score.{table}").description}
                chosen = condition if "institution" in columns else "TRUE"
                # By other names also how findings are kept is compared, and not only what is seen of them.
                for shown in (table, f"{table}_as_kept"):
                    connection.execute(
                        f"CREATE TABLE {name}.score.{shown} AS FROM whole_{name}.score.{table} WHERE {chosen}"
                    )
        counted = connection.execute("SELECT count(*) FROM one.score.finding").fetchone()
        assert counted is not None
        assert counted[0] > 0
        return {one.table: one.first for one in differences(connection, "one", "other")}


def test_days_in_one_run_are_those_scored_one_by_one(
    evidence: Path,
    day_by_day: tuple[Path, list[ScoreResult]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, alone = day_by_day
    together = tmp_path / "together.duckdb"
    shutil.copy(evidence, together)
    # A transaction ends in the middle of the days.
    monkeypatch.setattr(scoring, "DATES_AT_ONCE", 4)
    results = score(together, as_of=LAST, now=LAST, since=START)
    assert differing(path, together) == {}
    assert [(r.current, r.known, r.changes) for r in results] == [
        (r.current, r.known, r.changes) for r in alone
    ]
    with duckdb.connect(str(together), read_only=True) as connection:
        moved = connection.execute("SELECT count(DISTINCT score_id) FROM score.change").fetchone()
        told = connection.execute(
            "SELECT DISTINCT as_of FROM ops.outbox JOIN score.run USING (score_id)"
        ).fetchall()
    assert moved is not None
    assert moved[0] >= 3
    assert [at for (at,) in told] == [LAST]


def test_days_of_one_institution_are_those_among_all(
    evidence: Path, day_by_day: tuple[Path, list[ScoreResult]], tmp_path: Path
) -> None:
    alone = tmp_path / "alone.duckdb"
    shutil.copy(evidence, alone)
    score(alone, as_of=LAST, now=LAST, since=START, institutions=("kota-0001",))
    assert differing(day_by_day[0], alone, "institution = 'kota-0001'") == {}


def test_days_scored_before_are_not_written_again(
    day_by_day: tuple[Path, list[ScoreResult]], tmp_path: Path
) -> None:
    again = tmp_path / "again.duckdb"
    shutil.copy(day_by_day[0], again)
    score(again, as_of=LAST, now=LAST + timedelta(hours=1), since=START)
    assert differing(day_by_day[0], again) == {}


def test_new_rules_are_told_of_all_institutions_as_of_each_alone(
    evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, alone = tmp_path / "together.duckdb", tmp_path / "alone.duckdb"
    shutil.copy(evidence, together)
    names = [f"kota-{number:04}" for number in range(8)]
    # Their last dates before are not the same, and one has none.
    for day, chosen in ((0, names[:7]), (1, names[:3])):
        score(together, as_of=START + timedelta(days=day), now=START, institutions=chosen)
    shutil.copy(together, alone)
    with stricter(monkeypatch):
        results = {one.institution: one for one in score(together, as_of=LAST, now=LAST)}
        for name in names:
            (own,) = score(alone, as_of=LAST, now=LAST, institutions=(name,))
            found = results[name]
            assert (found.rules, found.changes, found.alerts) == (own.rules, own.changes, own.alerts)
    assert differing(together, alone) == {}
    told = {name: one.rules.before.as_of for name, one in results.items() if one.rules is not None}
    assert told == {name: START + timedelta(days=name in names[:3]) for name in names[:7]}
    assert any(one.rules.changes for one in results.values() if one.rules is not None)


def test_a_set_of_findings_is_written_once_for_as_long_as_it_stands(
    day_by_day: tuple[Path, list[ScoreResult]],
) -> None:
    with duckdb.connect(str(day_by_day[0]), read_only=True) as connection:
        counted = connection.execute(
            "SELECT count(*), count(DISTINCT said), (SELECT count(DISTINCT set_id) FROM score.level) "
            "FROM (SELECT set_id, list_sort(list(row(institution, criterion, level, state, is_fresh, is_carried, "
            "reason, evidence_ids, observed_at, expires_at, answered_by, hint, score)::VARCHAR)) AS said "
            "FROM score.finding_set GROUP BY set_id)"
        ).fetchone()
    assert counted is not None
    assert counted[0] == counted[1] == counted[2]
    assert 8 * 47 < counted[0] < 8 * 47 * DAYS / 2


@pytest.mark.parametrize("rows", [1_000, 2_500_000])
def test_scoring_takes_one_thread_and_gives_the_others_back_to_models(
    evidence: Path, tmp_path: Path, rows: int
) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(evidence, path)
    with writing(path, FIRST) as connection:
        connection.execute(f"CREATE TABLE core.large AS FROM range({rows})")
    with writing(path, FIRST) as connection:
        connection.execute("SET threads = 3")
        run = Run(scoring._use_one_thread(connection))
        assert run.threads == 3
        scoring.score_dates(connection, run, [FIRST], FIRST, None, last=FIRST)
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)


def test_days_before_the_first_file_are_left_out(evidence: Path, tmp_path: Path) -> None:
    path = tmp_path / "early.duckdb"
    shutil.copy(evidence, path)
    known_from = FIRST - timedelta(days=400)
    with pytest.raises(ScoreError, match="not known"):
        score(path, as_of=known_from - timedelta(days=1), now=LAST, since=known_from - timedelta(days=3))
    results = score(path, as_of=known_from, now=LAST, since=known_from - timedelta(days=2))
    assert {r.current.as_of for r in results} == {known_from}
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT as_of FROM score.run").fetchall() == [(known_from,)]
