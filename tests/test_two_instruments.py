"""One institution under two instruments: the same evidence, two scores, external indices, a crosswalk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from collectors.evidence import Run
from collectors.institution import CONFIG_SOURCE, ConfigError, parse_institution
from dashboard.charts import predikat_of
from dashboard.page import render
from flows.cli import app
from flows.failures import WRONG_USAGE
from flows.places import Places
from tests.test_institution import GOOD
from tests.test_load import HOUR, START, A, B, C, Feed
from transforms.instrument import load_instrument
from transforms.ruleset import load_ruleset
from warehouse import read
from warehouse.asking import Models
from warehouse.connection import reading, writing
from warehouse.load import load
from warehouse.publish import publish
from warehouse.score import ScoreResult, score

pytestmark = pytest.mark.e2e

ALONE = GOOD.replace(
    "official_results:\n",
    'official_results:\n- {year: 2026, instrument: pemdi-2026, index: "1.24", decided_on: 2026-02-01,'
    ' source: Tauval, levels: {"1": "1.26", "2": "2.5"}}\n',
)
BOTH = ALONE.replace("kind: kota}", "kind: kota, also: [pemdi-2026]}") + (
    "external_indices:\n"
    '- {id: SDI, year: 2025, value: "68.75", decided_on: 2026-01-10, citation: Surat Bappenas}\n'
    '- {id: SDI, year: 2024, value: "25", decided_on: 2025-01-10, citation: Surat lama}\n'
    '- {id: IPS, year: 2025, value: "2.6", decided_on: 2026-01-10, expires_on: 2026-03-02, citation: Surat BPS}\n'
    '- {id: IKASANDI, year: 2025, value: "6", decided_on: 2026-01-10, citation: Surat BSSN}\n'
)
Results = Mapping[str, ScoreResult]


def scored(feed: Feed) -> dict[str, ScoreResult]:
    results = score(feed.warehouse, as_of=feed.now, now=feed.now)
    feed.now += HOUR
    return {result.instrument: result for result in results}


def changed(feed: Feed, config: str) -> None:
    feed.keep(CONFIG_SOURCE, "file:uji.yml", config.encode(), None)
    load(feed.archive, feed.warehouse, now=feed.now)


@dataclass(frozen=True)
class Told:
    """One institution, scored five times: twice the same, without the second instrument, later, and worse."""

    first: Results
    second: Results
    alone: Results
    later: Results
    worse: Results
    warehouse: Path
    data: Path
    """The data folder with the copy that was published after the second time."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("two")
    feed = Feed(folder, BOTH)
    feed.listing(A, B, C)
    first, second = scored(feed), scored(feed)
    publish(feed.warehouse, Places(folder).published, now=feed.now)
    changed(feed, ALONE)
    alone = scored(feed)
    changed(feed, BOTH)
    feed.now = START + timedelta(days=2)
    later = scored(feed)
    feed.keep(CONFIG_SOURCE, "file:uji.yml", BOTH.replace('"68.75"', '"62.5"').encode(), None)
    at = feed.now + HOUR
    failed = Run("lari-gagal", "kota-uji", "jdih", "-", at, at, "failed", "timeout", "tak dijawab")
    with feed.archive.appending(failed) as appender:
        appender.finish(failed, at)
    feed.now += 2 * HOUR
    load(feed.archive, feed.warehouse, now=feed.now)
    return Told(first, second, alone, later, scored(feed), feed.warehouse, folder)


@pytest.fixture
def copy(told: Told) -> Iterator[duckdb.DuckDBPyConnection]:
    with reading(Places(told.data).published) as connection:
        yield connection


def test_both_are_scored_on_the_same_evidence_and_the_headline_comes_first(told: Told) -> None:
    assert list(told.first) == ["spbe-2020", "pemdi-2026"]
    assert list(told.alone) == ["spbe-2020"]
    spbe = told.first["spbe-2020"].current
    assert told.alone["spbe-2020"].current.levels == spbe.levels
    assert {type(level.provisional) for level in spbe.levels.values()} == {int}
    pemdi = told.first["pemdi-2026"].current
    assert len(pemdi.levels) == 20
    assert {type(level.provisional) for level in pemdi.levels.values()} == {Fraction}
    assert min(level.proven for level in pemdi.levels.values()) == 1


def test_models_are_built_once_for_a_date(tmp_path: Path) -> None:
    feed = Feed(tmp_path, BOTH)
    feed.listing(A)
    ruleset = load_ruleset("spbe-2020")
    models = Models()
    with writing(feed.warehouse, feed.now) as connection:
        models.stand(connection, ruleset.topics, feed.now)
        models.ask(connection, ruleset.probes, ruleset.rules.calls())
        before = models.answers(connection)
        assert set(before["kota-uji"]) == set(ruleset.rules.calls())
        connection.execute("DELETE FROM regulation_topic")
        models.stand(connection, ruleset.topics, feed.now)
        models.ask(connection, ruleset.probes, ruleset.rules.calls())
        assert connection.execute("SELECT count(*) FROM regulation_topic").fetchone() == (0,)
        assert models.answers(connection) == before
        models.stand(connection, ruleset.topics, feed.now, ["kota-uji"])
        assert connection.execute("SELECT count(*) > 0 FROM regulation_topic").fetchone() == (True,)
        assert models.answers(connection) == {}
        models.stand(connection, ruleset.topics, feed.now - HOUR)
        assert models.asked == set()


def test_the_last_value_of_an_external_index_scores_and_cites_the_file(told: Told) -> None:
    pemdi = told.first["pemdi-2026"].current
    assert (pemdi.levels["5"].proven, pemdi.levels["5"].possible) == (Fraction("3.75"), Fraction("3.75"))
    # IPS is closed on the left: 2.60 is level 3, at its lower end.
    assert pemdi.levels["7"].proven == Fraction("2.5")
    finding = pemdi.findings["I05.4.a"]
    assert finding.reason == "SDI 2025 sebesar 68,75, setara tingkat 4 (Surat Bappenas)"
    with writing(told.warehouse, START) as connection:
        captured = connection.execute(
            "SELECT url FROM core.capture WHERE capture_id = $id", {"id": finding.evidence_ids[0]}
        ).fetchall()
    assert captured == [("file:uji.yml",)]


def test_without_a_value_an_indicator_is_at_the_floor_and_open(told: Told) -> None:
    pemdi = told.first["pemdi-2026"].current
    assert (pemdi.levels["6"].proven, pemdi.levels["6"].provisional, pemdi.levels["6"].possible) == (1, 1, 5)
    assert pemdi.findings["I06.1.a"].reason == "Belum ada nilai SJIG"


def test_a_value_on_the_upper_end_of_a_band_belongs_to_it(told: Told) -> None:
    # SDI is closed on the right: 62.50 ends level 3 and scores 3.50, which is Baik and no more.
    assert told.worse["pemdi-2026"].current.levels["5"].proven == Fraction("3.5")
    assert told.worse["pemdi-2026"].current.findings["I05.4.a"].state == "not_met"
    assert told.worse["pemdi-2026"].current.findings["I05.3.a"].state == "met"


def test_a_value_lapses_after_its_last_day(told: Told) -> None:
    later = told.later["pemdi-2026"].current.levels["7"]
    assert (later.proven, later.provisional, later.possible) == (1, Fraction("2.5"), Fraction("2.5"))


STANDING = ("below_target_path", "pipeline_silent")
"""What the headline tells on every date for as long as it holds."""


def test_a_score_is_compared_under_its_own_instrument_only_and_read_back_exactly(told: Told) -> None:
    for name, result in told.second.items():
        assert result.previous is not None
        assert result.previous.score_id == told.first[name].current.score_id
        assert result.previous.levels == told.first[name].current.levels
        assert result.changes == ()
        assert [a.kind for a in result.alerts if a.kind not in STANDING] == []


def test_a_fall_is_told_under_each_instrument_and_a_source_once(told: Told) -> None:
    headline = [a.kind for a in told.worse["spbe-2020"].alerts if a.kind not in STANDING]
    assert headline == ["source_failed"]
    fall, level = told.worse["pemdi-2026"].alerts
    assert (fall.kind, level.kind) == ("index_fell", "level_fell")
    assert "dari nilai 3,75 ke 3,50" in level.line
    pemdi = told.worse["pemdi-2026"]
    assert pemdi.previous is not None
    whole = pemdi.current.index.provisional - pemdi.previous.index.provisional
    assert sum(change.contribution for change in pemdi.changes) == whole == Fraction("-0.0125")


def test_official_scores_of_pemdi_are_decimals(told: Told) -> None:
    pemdi = told.first["pemdi-2026"].current.levels
    assert (pemdi["1"].official, pemdi["2"].provisional) == (Fraction("1.26"), Fraction("2.5"))
    assert told.first["spbe-2020"].current.levels["1"].official == 4


def test_a_target_is_of_the_headline_only(copy: duckdb.DuckDBPyConnection) -> None:
    assert read.index_view(copy).target == Decimal("4.50")
    pemdi = read.index_view(copy, instrument="pemdi-2026")
    assert (pemdi.target, pemdi.official_index) == (None, Decimal("1.24"))


def test_the_crosswalk_shows_both_levels_and_says_that_it_is_not_official(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    rows = copy.execute(
        "SELECT indikator, nilai_sementara, kode_padanan, indikator_asal, tingkat_asal, tidak_resmi "
        "FROM mart.padanan_instrumen WHERE indikator IN ('1', '6', '5')"
    ).fetchall()
    assert rows == [
        ("1", Decimal("1.26"), "update", "1", 4, True),
        ("1", Decimal("1.26"), "update", "11", 2, True),
        ("1", Decimal("1.26"), "update", "12", 1, True),
        ("1", Decimal("1.26"), "update", "13", 1, True),
        ("5", Decimal("3.75"), "reuse", "3", 1, True),
        ("5", Decimal("3.75"), "reuse", "23", 1, True),
        ("5", Decimal("3.75"), "reuse", "43", 1, True),
        ("6", Decimal("1.00"), "baru", None, None, True),
    ]


def test_the_page_has_the_other_instrument_beside_the_headline(copy: duckdb.DuckDBPyConnection) -> None:
    page = read.page_view(copy, "kota-uji")
    assert page.index.instrument == "spbe-2020"
    (pemdi,) = page.beside
    assert pemdi.index == read.index_view(copy, instrument="pemdi-2026")
    assert [(part.scope, part.code) for part in pemdi.aggregates] == [("aspect", str(n)) for n in range(1, 8)]
    assert [item.number for item in pemdi.indicators] == [str(n) for n in range(1, 21)]
    total = sum(part.weight * part.provisional for part in pemdi.aggregates)
    assert round(total / 100, 8) == round(pemdi.index.provisional, 8)
    assert [o.number for o in pemdi.carried["5"].origins] == ["3", "23", "43"]
    assert (pemdi.carried["6"].words, pemdi.carried["6"].origins) == ("indikator baru", ())
    settings = [setting.setting.partition(":")[0] for setting in pemdi.norm.unverified]
    assert len(settings) == len(load_instrument("pemdi-2026").unverified_settings) - 4
    assert page.norm.unverified != pemdi.norm.unverified


def test_an_external_index_is_shown_with_its_band(copy: duckdb.DuckDBPyConnection) -> None:
    (pemdi,) = read.page_view(copy, "kota-uji").beside
    sdi, ips, none, outside = (pemdi.external[number] for number in ("5", "7", "6", "10"))
    assert (sdi.value, sdi.year, sdi.level, sdi.score) == (Decimal("68.75"), 2025, 4, Decimal("3.75"))
    assert (sdi.low, sdi.has_low, sdi.high, sdi.has_high) == (Decimal("62.5"), False, Decimal("75"), True)
    assert (ips.low, ips.has_low, ips.high, ips.has_high) == (Decimal("2.6"), True, Decimal("3.5"), False)
    assert (none.value, none.level, none.makes_score) == (None, None, True)
    assert (outside.value, outside.level, outside.makes_score) == (Decimal(6), None, False)
    assert all(entry.unverified for entry in pemdi.external.values())


def test_the_page_has_a_section_for_it_and_the_rest_stays_as_it_was(copy: duckdb.DuckDBPyConnection) -> None:
    view = read.page_view(copy, "kota-uji")
    html = render(view)
    found = re.search(r'<section id="instrumen-pemdi-2026".*?</section>\n', html, re.DOTALL)
    assert found is not None
    section = found[0]
    without = html.replace(section, "").replace('<li><a href="#instrumen-pemdi-2026">Pemdi</a></li>\n', "")
    assert without == render(replace(view, beside=()))
    assert section.count('<tr class="group">') == 7
    assert section.count('scope="row"') == 20
    for words in (
        "Tidak resmi",
        'data-label="Sementara"><span>3,75<',
        "68,75",
        "(62,5 &lt; SDI ≤ 75)</span>, setara skor 3,75; belum terverifikasi",
        "SJIG: belum ada nilai",
        "di luar skala; tidak menentukan skor",
        '<a href="#i23" title="Manajemen Data, tingkat 1">23</a>',
        "Hasil resmi 2026: <b>1,24</b> (Kurang)",
    ):
        assert words in section, words
    assert "Target" not in section
    assumed = section.split("Asumsi yang belum terverifikasi</h3>")[1]
    assert assumed.count("<li") == len(view.beside[0].norm.unverified) == 14
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets <= set(re.findall(r' id="([^"]+)"', html))


def test_a_value_on_the_edge_of_two_predikat_is_in_the_one_that_holds_it(
    copy: duckdb.DuckDBPyConnection,
) -> None:
    spbe = read.page_view(copy, "kota-uji")
    (pemdi,) = spbe.beside
    edges = {
        "1": "Kurang",
        "1.5": "Kurang",
        "1.51": "Cukup",
        "2.5": "Cukup",
        "4": "Sangat Baik",
        "5": "Memuaskan",
    }
    assert {value: predikat_of(pemdi.norm, Decimal(value)) for value in edges} == edges
    assert [predikat_of(spbe.norm, Decimal(value)) for value in ("1.79", "1.8", "5")] == [
        "Kurang",
        "Cukup",
        "Memuaskan",
    ]


def pantau(told: Told, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--data-dir", str(told.data)])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_the_index_command_shows_both_or_the_one_named(told: Told) -> None:
    both = pantau(told, "index")
    assert both.index("Kota Uji spbe-2020") < both.index("pemdi-2026 terbukti")
    one = pantau(told, "index", "--instrument", "pemdi-2026")
    assert "Kota Uji pemdi-2026" in one
    assert "7 Kepuasan Pengguna" in one
    assert "Asumsi yang belum terverifikasi" in one
    assert "spbe-2020" not in one
    document = json.loads(pantau(told, "index", "--json"))
    assert [view["instrument"] for view in document["beside"]] == ["pemdi-2026"]
    document = json.loads(pantau(told, "index", "--instrument", "pemdi-2026", "--json"))
    assert (document["instrument"], len(document["indicators"]), document["beside"]) == ("pemdi-2026", 20, [])
    assert len(document["aggregates"]) == 7


def test_explain_shows_the_external_index_and_what_carries_over(told: Told) -> None:
    said = pantau(told, "explain", "--instrument", "pemdi-2026", "5")
    assert "nilai 68,75 tahun 2025, ditetapkan 2026-01-10; sumber: Surat Bappenas" in said
    assert "tingkat 4 (62,5 < SDI ≤ 75), skor 3,50 sampai 4,00, menjadi 3,75" in said
    assert "konversi belum terverifikasi" in said
    assert "Padanan spbe-2020, tidak resmi: bukti dapat dipakai lagi; nilai tidak terbawa" in said
    assert "I23 Manajemen Data tingkat 1" in said
    assert "belum ada nilai" in pantau(told, "explain", "--instrument", "pemdi-2026", "6")
    assert "di luar skala" in pantau(told, "explain", "--instrument", "pemdi-2026", "10")
    document = json.loads(pantau(told, "explain", "--instrument", "pemdi-2026", "I05", "--json"))
    assert document["external_index"]["score"] == "3.75"
    assert document["carried_over"]["official"] is False
    assert "Padanan" not in pantau(told, "explain", "5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "--instrument", "pemdi-2025"], "'pemdi-2025'; there is: pemdi-2026, spbe-2020"),
        (["explain", "5", "--instrument", "pemdi-2025"], "'pemdi-2025'; there is: pemdi-2026, spbe-2020"),
        (
            ["explain", "21", "--instrument", "pemdi-2026"],
            "pemdi-2026 has no indicator '21'; there are: 1, 2",
        ),
    ],
)
def test_an_unknown_instrument_or_indicator_is_wrong_usage(
    told: Told, arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, [*arguments, "--data-dir", str(told.data)])
    assert isinstance(result.exception, WRONG_USAGE)
    assert message in str(result.exception)


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
