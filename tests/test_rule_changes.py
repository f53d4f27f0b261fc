"""A new ruleset: history is scored again, and what rules moved is told apart from what the world moved."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from flows.doctor import examine
from flows.places import Places
from flows.terminal import show_index, show_scored
from tests.test_institution import GOOD
from tests.test_load import HOUR, A, B, C, Feed
from transforms.instrument import ruleset_hash
from transforms.ruleset import Ruleset, load_ruleset
from warehouse import score_date as scoring_stage
from warehouse.connection import reading
from warehouse.publish import publish
from warehouse.read import dates_under_other_rules, index_view, page_view
from warehouse.score import ScoreResult, rescore, score

pytestmark = pytest.mark.e2e

REPEALED = (A[0], A[1], "Tidak Berlaku")


def other_rules(instrument: str) -> Ruleset:
    """The ruleset, but that indicator 5 needs an attestation at level 2, where a regulation was enough."""
    ruleset = load_ruleset(instrument)
    rules = ruleset.rules.model_copy(
        update={
            "rules": tuple(
                rule.model_copy(update={"met_by": (), "attestation": True})
                if rule.criterion.startswith("I05.2")
                else rule
                for rule in ruleset.rules.rules
            )
        }
    )
    changed = replace(ruleset, rules=rules)
    return replace(changed, hash=ruleset_hash(changed.instrument, rules, changed.topics, changed.probes))


@contextmanager
def stricter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While this lasts, other rules are in use."""
    with monkeypatch.context() as patch:
        patch.setattr(scoring_stage, "load_ruleset", other_rules)
        yield


def scored(feed: Feed) -> ScoreResult:
    """Score now, and let an hour pass."""
    (result,) = score(feed.warehouse, as_of=feed.now, now=feed.now)
    feed.now += HOUR
    return result


def changes_of(feed: Feed) -> list[dict[str, Any]]:
    path = publish(feed.warehouse, feed.warehouse.parent / "p.duckdb", now=feed.now).path
    with reading(path) as connection:
        result = connection.execute("FROM mart.perubahan")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_a_score_under_new_rules_tells_what_rules_moved_from_what_the_world_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    first = scored(feed)
    feed.listing(REPEALED, B, C)
    with stricter(monkeypatch):
        second = scored(feed)
        third = scored(feed)
    assert second.previous is not None
    assert second.rules is not None
    assert (second.previous.as_of, second.rules.before.score_id) == (
        first.current.as_of,
        first.current.score_id,
    )
    by_rules = [(c.indicator, c.cause, c.before, c.after) for c in second.rules.changes]
    assert by_rules == [("5", "rules", 2, 1)]
    assert [(c.indicator, c.cause) for c in second.changes] == [("1", "world"), ("11", "world")]
    whole = second.current.index.provisional - first.current.index.provisional
    assert sum(c.contribution for c in (*second.rules.changes, *second.changes)) == whole
    notices = [alert for alert in second.alerts if alert.kind == "rules_changed"]
    assert [n.severity for n in notices] == ["info"]
    assert "karena aturan saja: I5 " in notices[0].line
    assert "turun" not in notices[0].line
    assert not any("I5 " in a.line for a in second.alerts if a.kind != "rules_changed")
    assert third.rules is None
    assert [row for row in feed.rows("SELECT kind FROM ops.outbox") if row == ("rules_changed",)] == [
        ("rules_changed",)
    ]


def test_the_rows_of_changes_add_up_to_every_change_of_the_stored_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    scored(feed)
    feed.listing(REPEALED, B, C)
    scored(feed)
    with stricter(monkeypatch):
        scored(feed)
    rows = changes_of(feed)
    pairs: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = row["sebelumnya_skor_id"], row["skor_id"]
        pairs[key] = pairs.get(key, Decimal(0)) + row["sumbangan"]
    index = dict(feed.rows("SELECT score_id, provisional FROM score.aggregate WHERE scope = 'index'"))
    assert len(pairs) == 2
    for (before, after), moved in pairs.items():
        assert moved == index[after] - index[before] != 0
    assert {(row["sebab"], row["indikator"]) for row in rows} >= {
        ("keadaan berubah", "11"),
        ("aturan berubah", "5"),
    }
    assert {row["sumber"] for row in rows if row["bukti"]} == {"jdih"}
    assert all(row["uraian"] for row in rows if row["kriteria"])


def test_history_is_scored_again_once_and_both_scores_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    dates = [scored(feed).current for _ in range(3)]
    told = feed.rows("SELECT event_key FROM ops.outbox ORDER BY ALL")
    with stricter(monkeypatch):
        late = rescore(feed.warehouse, now=feed.now, since=dates[1].as_of)
        assert [r.after.as_of for r in late] == [d.as_of for d in dates[1:]]
        first = rescore(feed.warehouse, now=feed.now)
        assert [(r.before.score_id, r.after.as_of) for r in first] == [(dates[0].score_id, dates[0].as_of)]
        assert rescore(feed.warehouse, now=feed.now) == []
    assert feed.rows("SELECT count(*), count(DISTINCT ruleset_hash) FROM score.run") == [(6, 2)]
    assert feed.rows("SELECT event_key FROM ops.outbox ORDER BY ALL") == told
    assert all(r.after.index.provisional < r.before.index.provisional for r in first)


def test_marts_read_the_rules_in_use_also_when_the_old_ones_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    old = scored(feed).current
    scored(feed)

    def shown() -> list[tuple[Any, ...]]:
        path = publish(feed.warehouse, tmp_path / "p.duckdb", now=feed.now).path
        with reading(path) as connection:
            found = connection.execute(
                "SELECT DISTINCT sidik_aturan, (SELECT count(*) FROM mart.aturan WHERE sedang_dipakai) "
                "FROM mart.indeks_riwayat"
            )
            return found.fetchall()

    assert shown() == [(old.ruleset_hash, 1)]
    with stricter(monkeypatch):
        (again, *_) = rescore(feed.warehouse, now=feed.now)
        assert shown() == [(again.after.ruleset_hash, 1)]
    feed.now += HOUR
    assert rescore(feed.warehouse, now=feed.now) == []
    assert shown() == [(old.ruleset_hash, 1)]


def test_days_under_other_rules_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    for _ in range(2):
        scored(feed)
        feed.now += 24 * HOUR
    with stricter(monkeypatch):
        scored(feed)
    path = publish(feed.warehouse, tmp_path / "p.duckdb", now=feed.now).path
    with reading(path) as connection:
        said = connection.execute("SELECT ganti_aturan FROM mart.indeks_harian ORDER BY tanggal").fetchall()
    # The day before was scored again, the first one was not.
    assert said == [(False,), (True,), (False,)]


def test_changes_and_rescore_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    (tmp_path / "uji.yml").write_text(GOOD)
    feed.warehouse = tmp_path / "data" / "warehouse.duckdb"
    feed.listing(A, B, C)
    first = scored(feed)
    feed.listing(REPEALED, B, C)
    second = scored(feed)

    def pantau(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            monkeypatch.setattr(sys, "argv", ["pantau", *words, "--data-dir", str(tmp_path / "data")])
            cli.main()
            raise SystemExit(0)
        return int(ended.value.code or 0), capsys.readouterr().out

    publish(feed.warehouse, tmp_path / "data" / "published" / "pantau.duckdb", now=feed.now)
    dates = ("--from", first.current.as_of.isoformat(), "--to", second.current.as_of.isoformat())
    code, said = pantau("changes", *dates, "--json")
    found = json.loads(said)
    assert code == 0
    assert [c["indicator"] for c in found["changes"]] == ["1", "11"]
    parts = [p for c in found["changes"] for p in c["parts"]]
    assert sum(Fraction(e["contribution"]) for p in parts for e in p["evidence"]) == Fraction(
        found["contribution"]
    ) == second.current.index.provisional - first.current.index.provisional  # fmt: skip
    assert {e["url"] for p in parts for e in p["evidence"]} == {"https://jdih.uji.go.id/x"}
    assert found["rules_alone"] is None

    with stricter(monkeypatch):
        code, said = pantau("rescore", "--config", str(tmp_path / "uji.yml"))
    assert (code, said.count("under"), "2 dates scored again" in said) == (0, 2, True)
    publish(feed.warehouse, tmp_path / "data" / "published" / "pantau.duckdb", now=feed.now)
    code, said = pantau("changes")
    assert code == 0
    assert "I11" in said
    assert "keadaan berubah; terpenuhi -> tidak terpenuhi" in said
    assert "The rules changed" in said
    assert "I5" in said.partition("The rules changed")[2]

    code, _ = pantau("changes", "--from", "kemarin")
    assert code == 2
    code, _ = pantau("changes", "--from", "2020-01-01")
    assert code == 2


def test_dates_under_other_rules_are_counted_and_hinted_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    old = scored(feed).current
    scored(feed)
    with stricter(monkeypatch):
        new = scored(feed).current

    def counted(*rulesets: str) -> tuple[int, ...]:
        path = publish(feed.warehouse, tmp_path / "p.duckdb", now=feed.now).path
        with reading(path) as connection:
            show_index(page_view(connection, "kota-uji"))
            hinted = index_view(connection).dates_under_other_rules
            of = [dates_under_other_rules(connection, "kota-uji", "spbe-2020", rules) for rules in rulesets]
        return (hinted, *of)

    # The date before the last was scored again, the first was not.
    assert counted(new.ruleset_hash, old.ruleset_hash) == (1, 1, 2)
    said = words(capsys)
    assert "1 scored dates stand under other rules" in said
    assert "pantau rescore scores them again" in said
    with stricter(monkeypatch):
        rescore(feed.warehouse, now=feed.now)
    assert counted(new.ruleset_hash) == (0, 0)
    assert "pantau rescore" not in words(capsys)


def words(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, whatever the width of the terminal."""
    return " ".join(capsys.readouterr().out.split())


def test_the_first_score_under_new_rules_says_that_older_dates_wait_to_be_scored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(tmp_path)
    feed.listing(A, B, C)
    show_scored([scored(feed)])
    assert "pantau rescore" not in words(capsys)
    with stricter(monkeypatch):
        show_scored([scored(feed)])
        said = words(capsys)
        show_scored([scored(feed)])
    assert "the rules of spbe-2020 have changed" in said
    assert "pantau rescore scores them again" in said
    assert "pantau rescore" not in words(capsys)


def test_doctor_says_how_many_dates_wait_to_be_scored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "uji.yml"
    # Nothing to reach: only what is at hand is looked at.
    config.write_text(GOOD.partition("sources:")[0] + "sources: []\n")
    feed = Feed(tmp_path)
    places = Places(tmp_path / "data")
    feed.warehouse = places.warehouse
    feed.listing(A, B, C)
    with stricter(monkeypatch):
        scored(feed)

    def rules() -> str:
        publish(feed.warehouse, places.published, now=feed.now)
        examined = {r.what.split()[0]: r for r in examine(config, places, clock=lambda: feed.now)}
        # Of an official result that gives some levels only, the index cannot be checked; it is no fault.
        assert examined["official"].ok and examined["official"].detail.startswith("1 of 47 levels")
        return examined["rules"].detail

    assert rules().startswith("1 scored dates are under older ones")
    assert "pantau rescore scores them again" in rules()
    rescore(feed.warehouse, now=feed.now)
    assert rules() == "every scored date is under the present ones"
