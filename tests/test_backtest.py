"""Back-tests: figures worked out by hand, no score that knew the answer, and files read strictly."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.official_file import OfficialFileError, read_official
from flows.places import Places
from transforms.backtest import OfficialValue, Scope, ScoredDate, compare, summaries, wilson
from warehouse.connection import append, writing
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HEADER = "institution,instrument,year,as_of,scope,code,value\n"


def value(
    given: str, *, row: int = 2, year: int = 2024, scope: Scope = "index", code: str = "indeks"
) -> OfficialValue:
    return OfficialValue(row, "kota-a", "spbe-2020", year, date(2024, 10, 31), scope, code, Decimal(given))


def scored(day: date, official_year: int | None = None) -> ScoredDate:
    return ScoredDate(
        f"skor {day}", datetime(day.year, day.month, day.day, 1, tzinfo=UTC), day, "a", official_year
    )


def test_bias_error_and_share_are_those_worked_out_by_hand() -> None:
    """Official 3.00, 3.50 and 2.00 against provisional 3.255 (3.26 shown), 3.30 and 2.00; bounds 2..3.4."""
    official = [
        value("3.00", code="1", scope="aspect"),
        value("3.50", code="2", scope="aspect"),
        value("2.00", code="3", scope="aspect"),
    ]
    given = {"1": "3.255", "2": "3.3", "3": "2"}
    numbers = {("aspect", c): (Fraction(2), Fraction(v), Fraction("3.4")) for c, v in given.items()}
    history = {("kota-a", "spbe-2020"): [scored(date(2024, 10, 1))]}
    compared, refused = compare(official, history, lambda _: numbers, {"spbe-2020": 2})  # type: ignore[arg-type, return-value]
    assert refused == ()
    assert [(c.error, c.is_inside, c.days_before) for c in compared] == [
        (Fraction("0.26"), True, 30),
        (Fraction("-0.2"), False, 30),
        (Fraction(0), True, 30),
    ]
    whole, *parts = summaries(compared)
    assert (whole.n, whole.code, whole.inside, whole.institutions) == (3, None, 2, 1)
    assert (whole.bias, whole.mean_absolute_error) == (Fraction("0.02"), Fraction("0.46") / 3)
    assert (whole.lowest_error, whole.highest_error) == (Fraction("-0.2"), Fraction("0.26"))
    assert whole.share_from is None, "three rows have no percentage"
    assert [(part.code, part.n, part.bias) for part in parts] == [
        ("1", 1, Fraction("0.26")),
        ("2", 1, Fraction("-0.2")),
        ("3", 1, Fraction(0)),
    ]


def test_a_score_that_used_the_result_is_passed_over() -> None:
    """The nearest score already started from the official levels of 2024: comparing it would prove nothing."""
    history = {
        ("kota-a", "spbe-2020"): [
            scored(date(2024, 9, 1), 2023),
            scored(date(2024, 10, 1), 2023),
            scored(date(2024, 10, 20), 2024),
            scored(date(2024, 10, 31), 2024),
            scored(date(2024, 11, 5), 2023),
        ]
    }
    numbers = {("index", "indeks"): (Fraction(1), Fraction(3), Fraction(5))}
    (found,), refused = compare([value("3.00")], history, lambda _: numbers, {"spbe-2020": 2})  # type: ignore[arg-type, return-value]
    assert (found.scored.day, found.days_before, found.passed_over) == (date(2024, 10, 1), 30, 2)
    assert refused == ()


def test_where_every_score_knew_the_answer_nothing_is_compared() -> None:
    knew = {("kota-a", "spbe-2020"): [scored(date(2024, 10, 1), 2024), scored(date(2024, 10, 9), 2025)]}
    compared, (refused,) = compare([value("3.00")], knew, lambda _: {}, {"spbe-2020": 2})
    assert compared == ()
    assert refused.reason.startswith("kebocoran: semua skor")
    late = {("kota-a", "spbe-2020"): [scored(date(2024, 11, 1))]}
    _, (refused,) = compare([value("3.00")], late, lambda _: {}, {"spbe-2020": 2})
    assert (
        refused.reason == "belum ada skor pada atau sebelum tanggal penilaian; yang pertama 1 November 2024"
    )
    early = {("kota-a", "spbe-2020"): [scored(date(2024, 10, 1))]}
    _, (refused,) = compare([value("3.00")], early, lambda _: {}, {"spbe-2020": 2})
    assert refused.reason == "skor pada 1 Oktober 2024 tidak memuat indeks"
    _, (refused,) = compare([value("3.00")], {}, lambda _: {}, {"spbe-2020": 2})
    assert "tidak memuat skor kota-a" in refused.reason


def test_the_interval_of_a_share_is_that_of_the_textbook() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with three scored dates of two institutions; the result of 2024 is known from 2 January 2025 on."""
    places = Places(tmp_path_factory.mktemp("uji-balik"))
    with writing(places.warehouse, NOW) as connection:
        for institution in ("kota-a", "kota-b"):
            for number, day in enumerate((date(2024, 9, 1), date(2024, 12, 1), date(2025, 2, 1)), start=2):
                at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
                shared = {"score_id": f"{institution} {day}", "institution": institution}
                append(
                    connection,
                    "score.run",
                    [{"instrument": "spbe-2020", "ruleset_hash": "a", "as_of": at, "scored_at": at}],
                    **shared,
                )
                three = {"proven": Decimal(1), "provisional": Decimal(number), "possible": Decimal(5)}
                append(
                    connection,
                    "score.aggregate",
                    [
                        {"scope": "index", "code": "indeks", **three},
                        {"scope": "domain", "code": "1", **three},
                        {"scope": "aspect", "code": "1", **three},
                    ],
                    **shared,
                )
                append(
                    connection, "score.level", [{"indicator": str(n), **three} for n in range(1, 7)], **shared
                )
        append(
            connection,
            "core.official_level",
            [{"instrument": "spbe-2020", "year": 2024, "indicator": "1", "level": Decimal(4)}],
            institution="kota-a",
            decided_on=date(2025, 1, 2),
            valid_from=datetime(2024, 1, 1, tzinfo=UTC),
            valid_to=None,
        )
    publish(places.warehouse, places.published, now=NOW)
    return places.root


def backtest(data: Path, text: str, *words: str) -> Result:
    file = data / "resmi.csv"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["backtest", str(file), "--data-dir", str(data), *words])


def test_scores_of_the_copy_are_compared_as_of_the_assessment(data: Path) -> None:
    rows = [
        f"kota-a,spbe-2020,2024,2024-12-15,indicator,{n},{level}\n"
        for n, level in enumerate((3, 4, 3, 2, 3, 5), start=1)
    ]
    text = (
        HEADER
        + "kota-a,spbe-2020,2024,2024-12-15,index,,3.50\nkota-b,spbe-2020,2024,2025-02-01,index,indeks,3.50\n"
        + "".join(rows)
    )
    result = backtest(data, text, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["refused"] == []
    found = {(s["scope"], s["code"]): s for s in document["summaries"]}
    assert found["index", None]["bias"] == "0", "3 - 3.50 and 4 - 3.50"
    assert found["index", None]["mean_absolute_error"] == "1/2"
    indicators = found["indicator", None]
    assert (indicators["n"], indicators["bias"], indicators["mean_absolute_error"]) == (6, "-1/3", "2/3")
    assert (indicators["inside"], round(indicators["share_from"], 2)) == (6, 0.61)
    assert found["indicator", "6"]["bias"] == "-2"
    assert {row["days_before"] for row in document["compared"]} == {14, 0}


def test_the_copys_own_knowledge_of_the_result_is_seen(data: Path) -> None:
    """In February 2025 kota-a was scored from the result of 2024, kota-b was not."""
    text = HEADER + "".join(
        f"{name},spbe-2020,2024,2025-02-01,index,,3.50\n" for name in ("kota-a", "kota-b")
    )
    first, second = json.loads(backtest(data, text, "--json").stdout)["compared"]
    assert (first["scored"]["day"], first["passed_over"], first["provisional"]) == ("2024-12-01", 1, "3.00")
    assert (second["scored"]["day"], second["passed_over"], second["provisional"]) == (
        "2025-02-01",
        0,
        "4.00",
    )
    said = " ".join(backtest(data, text).stdout.split())
    assert "dinilai 1 Februari 2025: skor 1 Desember 2024, 62 hari sebelumnya; 1 skor yang" in said
    assert "2 dari 2" in said
    assert "%" not in said.replace("selang 95%", "")


def test_nothing_to_compare_is_a_failure_that_says_why(data: Path) -> None:
    result = backtest(data, HEADER + "kota-c,spbe-2020,2024,2024-12-15,index,,3.50\n")
    assert result.exit_code == 1
    assert "salinan terbitan tidak memuat skor kota-c" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("institution,year\n", "row 1: is missing instrument, as_of, scope, code, value"),
        (HEADER.replace(",", ";"), "row 1: is missing institution"),
        (HEADER.replace("value", "value,hasil"), "row 1: has unknown columns 'hasil'"),
        (HEADER, "has no rows"),
        (HEADER + "kota-a,spbe-2020,2024\n", "row 2: has 3 cells, the first line names 7"),
        (
            HEADER + "kota-a,spbe-2019,2024,2024-10-31,index,,3.5\n",
            "row 2, column instrument: 'spbe-2019' is no instrument",
        ),
        (HEADER + "kota-a,spbe-2020,24,2024-10-31,index,,3.5\n", "row 2, column year: '24' is not a year"),
        (
            HEADER + "kota-a,spbe-2020,2024,31/10/2024,index,,3.5\n",
            "row 2, column as_of: '31/10/2024' is no date",
        ),
        (HEADER + "kota-a,spbe-2020,2024,2024-10-31T09:00,index,,3.5\n", "row 2, column as_of"),
        (
            HEADER + "kota-a,spbe-2020,2024,2024-10-31,indeks,,3.5\n",
            "row 2, column scope: 'indeks' is none of index, domain",
        ),
        (
            HEADER + "kota-a,spbe-2020,2024,2024-10-31,aspect,9,3.5\n",
            "row 2, column code: '9' is no aspect of spbe-2020",
        ),
        (
            HEADER + 'kota-a,spbe-2020,2024,2024-10-31,aspect,8,"3,5"\n',
            "row 2, column value: '3,5' is not a number from 1 to 5",
        ),
        (
            HEADER + "kota-a,spbe-2020,2024,2024-10-31,aspect,8,5.01\n",
            "row 2, column value: '5.01' is not a number",
        ),
        (
            HEADER + "kota-a,spbe-2020,2024,2024-10-31,indicator,8,3.5\n",
            "row 2, column value: '3.5' is no level; levels of spbe-2020 are whole",
        ),
        (HEADER + 2 * "kota-a,spbe-2020,2024,2024-10-31,index,,3.5\n", "row 3: says the same as row 2 again"),
        (HEADER + 'kota-a,spbe-2020,2024,2024-10-31,index,"x"y,3.5\n', "row 2: not valid CSV"),
    ],
)
def test_a_file_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "resmi.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(OfficialFileError) as raised:
        read_official(file)
    assert message in str(raised.value)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "resmi.csv"
    file.write_text(
        HEADER + "kota-a,spbe-2020,2024,2024-10-31,index,,9\n,spbe-2020,2024,2024-10-31,index,,3\n",
        encoding="utf-8",
    )
    with pytest.raises(
        OfficialFileError, match=r"row 2, column value[^\n]*\n[^\n]*row 3, column institution"
    ):
        read_official(file)


def test_a_moment_counts_to_the_minute() -> None:
    at = datetime(2024, 10, 1, 1, tzinfo=UTC)
    asked = [
        OfficialValue(
            2, "kota-a", "spbe-2020", 2024, at - timedelta(minutes=1), "index", "indeks", Decimal(3)
        )
    ]
    _, (refused,) = compare(
        asked, {("kota-a", "spbe-2020"): [scored(date(2024, 10, 1))]}, lambda _: {}, {"spbe-2020": 2}
    )
    assert "belum ada skor" in refused.reason
