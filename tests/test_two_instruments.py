"""One institution under two instruments: the same evidence, two scores, external indices, a crosswalk."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from collectors.evidence import Run
from collectors.institution import CONFIG_SOURCE, ConfigError, parse_institution
from tests.test_institution import GOOD
from tests.test_load import HOUR, START, A, B, C, Feed
from transforms.ruleset import load_ruleset
from warehouse.connection import writing
from warehouse.load import load
from warehouse.publish import create_marts
from warehouse.score import Models, ScoreResult, ask, score

BOTH = GOOD.replace("kind: kota}", "kind: kota, also: [pemdi-2026]}") + (
    "external_indices:\n"
    '- {id: SDI, year: 2025, value: "68.75", decided_on: 2026-01-10, citation: Surat Bappenas}\n'
    '- {id: SDI, year: 2024, value: "25", decided_on: 2025-01-10, citation: Surat lama}\n'
    '- {id: IPS, year: 2025, value: "2.6", decided_on: 2026-01-10, expires_on: 2026-03-02, citation: Surat BPS}\n'
)


def scored(feed: Feed) -> dict[str, ScoreResult]:
    results = score(feed.warehouse, as_of=feed.now, now=feed.now)
    feed.now += HOUR
    return {result.instrument: result for result in results}


def test_both_are_scored_on_the_same_evidence_and_the_headline_comes_first(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A, B, C)
    results = scored(feed)
    assert list(results) == ["spbe-2020", "pemdi-2026"]
    alone = Feed(tmp_path / "alone", GOOD)
    alone.listing(A, B, C)
    spbe = scored(alone)["spbe-2020"]
    assert spbe.current.levels == results["spbe-2020"].current.levels
    assert {type(level.provisional) for level in spbe.current.levels.values()} == {int}
    pemdi = results["pemdi-2026"].current
    assert len(pemdi.levels) == 20
    assert {type(level.provisional) for level in pemdi.levels.values()} == {Fraction}


def test_models_are_built_once_for_a_date(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    ruleset = load_ruleset("spbe-2020")
    models = Models()
    with writing(feed.warehouse, feed.now) as connection:
        models.stand(connection, ruleset.topics, feed.now)
        before = ask(connection, models, ruleset, ["kota-uji"], feed.now)
        connection.execute("DELETE FROM topic_rule")
        models.stand(connection, ruleset.topics, feed.now)
        assert connection.execute("SELECT count(*) FROM topic_rule").fetchone() == (0,)
        assert ask(connection, models, ruleset, ["kota-uji"], feed.now) == before
        models.stand(connection, ruleset.topics, feed.now - HOUR)
        assert connection.execute("SELECT count(*) > 0 FROM topic_rule").fetchone() == (True,)
        assert models.asked == {}


def test_the_last_value_of_an_external_index_scores_and_cites_the_file(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    pemdi = scored(feed)["pemdi-2026"].current
    assert (pemdi.levels["5"].proven, pemdi.levels["5"].possible) == (Fraction("3.75"), Fraction("3.75"))
    assert pemdi.levels["6"].proven == 1
    assert pemdi.findings["I06.1.a"].reason == "Belum ada nilai SJIG"
    # IPS is closed on the left: 2.60 is level 3, at its lower end.
    assert pemdi.levels["7"].proven == Fraction("2.5")
    finding = pemdi.findings["I05.4.a"]
    assert finding.reason == "SDI 2025 sebesar 68,75, setara tingkat 4 (Surat Bappenas)"
    captured = feed.rows("SELECT url FROM core.capture WHERE capture_id = '" + finding.evidence_ids[0] + "'")
    assert captured == [("file:uji.yml",)]


def test_a_value_lapses_after_its_last_day(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    assert scored(feed)["pemdi-2026"].current.levels["7"].proven == Fraction("2.5")
    feed.now = START + timedelta(days=2)
    later = scored(feed)["pemdi-2026"].current.levels["7"]
    assert (later.proven, later.provisional, later.possible) == (1, Fraction("2.5"), Fraction("2.5"))


def test_a_score_is_compared_under_its_own_instrument_only_and_read_back_exactly(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    first = scored(feed)
    second = scored(feed)
    for name, result in second.items():
        assert result.previous is not None
        assert result.previous.score_id == first[name].current.score_id
        assert result.previous.levels == first[name].current.levels
        assert result.changes == ()
        assert result.alerts == ()


def test_a_fall_is_told_under_each_instrument_and_a_source_once(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    scored(feed)
    lower = BOTH.replace('value: "68.75"', 'value: "62.5"').encode()
    feed.keep(CONFIG_SOURCE, "file:uji.yml", lower, None)
    failed = Run(
        "lari-gagal",
        "kota-uji",
        "jdih",
        "-",
        feed.now + HOUR,
        feed.now + HOUR,
        "failed",
        "timeout",
        "tak dijawab",
    )
    with feed.archive.appending(failed) as appender:
        appender.finish(failed, feed.now + HOUR)
    feed.now += 2 * HOUR
    load(feed.archive, feed.warehouse, now=feed.now)
    results = scored(feed)
    assert [alert.kind for alert in results["spbe-2020"].alerts] == ["source_failed"]
    fall, level = results["pemdi-2026"].alerts
    assert (fall.kind, level.kind) == ("index_fell", "level_fell")
    assert "dari nilai 3,75 ke 3,50" in level.line
    pemdi = results["pemdi-2026"]
    assert pemdi.previous is not None
    whole = pemdi.current.index.provisional - pemdi.previous.index.provisional
    assert sum(change.contribution for change in pemdi.changes) == whole == Fraction("-0.0125")


def test_official_scores_of_pemdi_are_decimals(tmp_path: Path) -> None:
    official = (
        'official_results:\n- {year: 2026, instrument: pemdi-2026, index: "1.24", decided_on: 2026-02-01,'
        ' source: Tauval, levels: {"1": "1.26", "2": "2.5"}}\n'
    )
    feed = Feed(tmp_path, BOTH.replace("official_results:\n", official))
    feed.listing(A)
    results = scored(feed)
    pemdi = results["pemdi-2026"].current.levels
    assert (pemdi["1"].official, pemdi["2"].provisional) == (Fraction("1.26"), Fraction("2.5"))
    assert results["spbe-2020"].current.levels["1"].official == 4


def test_the_crosswalk_shows_both_levels_and_says_that_it_is_not_official(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    scored(feed)
    with writing(feed.warehouse, feed.now) as connection:
        create_marts(connection)
        rows = connection.execute(
            "SELECT indikator, nilai_sementara, kode_padanan, indikator_asal, tingkat_asal, tidak_resmi "
            "FROM mart.padanan_instrumen WHERE indikator IN ('1', '6', '5')"
        ).fetchall()
    assert rows == [
        ("1", Decimal("1.00"), "update", "1", 4, True),
        ("1", Decimal("1.00"), "update", "11", 2, True),
        ("1", Decimal("1.00"), "update", "12", 1, True),
        ("1", Decimal("1.00"), "update", "13", 1, True),
        ("5", Decimal("3.75"), "reuse", "3", 1, True),
        ("5", Decimal("3.75"), "reuse", "23", 1, True),
        ("5", Decimal("3.75"), "reuse", "43", 1, True),
        ("6", Decimal("1.00"), "baru", None, None, True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("also: [pemdi-2026]", "also: [spbe-2020]", "also: spbe-2020 is named more than once"),
        ('value: "68.75"', "value: 68.75", "external_indices.0.value: write 68.75 in quotes"),
        ("id: SDI, year: 2025", "id: SDI, yeer: 2025", "external_indices.0.yeer: unknown key"),
        ('levels: {"1": 4}', 'levels: {"1": "3.5"}', "levels of SPBE are whole"),
        ('levels: {"1": 4}', 'levels: {"1": 3.5}', "write 3.5 in quotes"),
    ],
)
def test_a_mistake_in_the_file_is_named(old: str, new: str, message: str) -> None:
    assert old in BOTH
    with pytest.raises(ConfigError) as raised:
        parse_institution(BOTH.replace(old, new, 1), "uji.yml")
    assert message in str(raised.value)
