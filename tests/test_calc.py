"""The calculator's command: decimals under Pemdi 2026, and many institutions in one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.calc_command import calculated
from flows.cli import app
from flows.levels_file import LevelsFileError
from transforms.index import LevelsError, calculate, exact
from transforms.instrument import load_instrument

ASSESSED = [
    "2.0",
    "1.5",
    "1.26",
    "1.3",
    "1",
    "1",
    "1",
    "1",
    "1",
    "1",
    "1.5",
    "1.25",
    "1.17",
    "1",
    "1",
    "1",
    "2.5",
    "1",
    "1",
    "1.3",
]
"""The result of one regency of 2026, I1 to I20, as its assessor published it: 1.2415, Kurang."""


def calc(
    tmp_path: Path, content: str, instrument: str = "pemdi-2026", name: str = "l.json"
) -> dict[str, Any]:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return calculated(instrument, path)[0]


def assessed(prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{n}": value for n, value in enumerate(ASSESSED, start=1)}


@pytest.mark.parametrize("prefix", ["", "I"])
def test_the_published_result_of_an_assessor(tmp_path: Path, prefix: str) -> None:
    document = calc(tmp_path, json.dumps(assessed(prefix)))
    assert (document["index"], document["exact"], document["predicate"]) == ("1.24", "1.2415", "Kurang")
    # Aspect 5 was published as 1.08, cut off: it is 1.085.
    assert document["aspects"] == {
        "1": "1.75", "2": "1.28", "3": "1.00", "4": "1.17", "5": "1.09", "6": "1.40", "7": "1.18",
    }  # fmt: skip
    assert document["domains"] == {}


def test_the_tables_of_the_regulation(tmp_path: Path) -> None:
    """PermenPANRB 8/2026, Tabel 2 and 3."""
    tabel_2 = calc(tmp_path, json.dumps({str(n): {1: 2, 2: 3}.get(n, 1) for n in range(1, 21)}))
    assert tabel_2["aspects"]["1"] == "2.50"
    values = {"1": "2.6", "2": "3.5", "3": "1.2", "4": "3.5", "5": "2.5", "6": "2.4", "7": "3.5"}
    tabel_3 = calc(tmp_path, json.dumps({"aspects": values}))
    assert (tabel_3["exact"], tabel_3["predicate"]) == ("2.8", "Baik")


def test_many_in_json_each_in_its_own_form(tmp_path: Path) -> None:
    many = {
        "kota-a": assessed(),
        "kota-b": {"aspects": {str(n): "2.5" for n in range(1, 8)}},
        "kota-c": {**assessed(), "20": "5.01"},
    }
    documents = calc(tmp_path, json.dumps(many))
    assert list(documents) == ["kota-a", "kota-b", "kota-c"]
    assert documents["kota-a"]["exact"] == "1.2415"
    assert (documents["kota-b"]["exact"], documents["kota-b"]["predicate"]) == ("2.5", "Cukup")
    assert documents["kota-c"] == {"error": "indicator 20: score 5.01 is not 1 to 5"}


def test_many_in_csv_as_one_by_one(tmp_path: Path) -> None:
    spbe = load_instrument("spbe-2020")
    rows = ["institution," + ",".join(f"I{n:02d}" for n in range(1, 48))]
    rows += [f"k{level}," + ",".join([str(level)] * 46 + [str(6 - level)]) for level in range(1, 6)]
    documents = calc(tmp_path, "\n".join(rows), "spbe-2020", "l.csv")
    assert list(documents) == [f"k{level}" for level in range(1, 6)]
    for level in range(1, 6):
        alone = {i.number: 6 - level if i.number == "47" else level for i in spbe.indicators}
        assert documents[f"k{level}"]["exact"] == f"{exact(calculate(spbe, alone)[0].provisional):f}"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("l.csv", "institution,1,1\na,2,3\n", "a column is named more than once"),
        ("l.csv", "institution,1,2\na,2\n", "row 2: has not as many columns"),
        ("l.csv", "institution,1,2\na,2,3,4\n", "row 2: has not as many columns"),
        ("l.csv", "institution,1\na,2\na,3\n", "row 3: institution 'a' is repeated"),
        ("l.csv", "institution,1\n ,2\n", "row 2: institution '' is not named"),
        ("l.csv", "institution,1\na,dua\n", "row 2, key 1: 'dua' is not a number"),
        ("l.csv", "indicator,level\nI1,2\n01,2\nI01,3\n", "indicator 1 is given more than once"),
        ("l.json", '{"a": {"I1": 1, "1": 2}}', "l.json, a: indicator 1 is given more than once"),
        ("l.json", '{"a": {"1": 1}, "b": 3}', "key a: {'1': Decimal('1')} is not a number"),
        ("l.json", '{"1": "NaN"}', "'NaN' is not a number"),
        ("l.json", '{"1": "Infinity"}', "is not a number"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    with pytest.raises(LevelsFileError) as raised:
        calc(tmp_path, content, name=name)
    assert said in str(raised.value)


def test_one_institution_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LevelsError, match="pemdi-2026 has no domains"):
        calc(tmp_path, '{"domains": {"1": 2}}')


def test_the_command_says_what_is_not_verified_and_fails_where_one_of_many_does(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    path.write_text(json.dumps({"a": assessed(), "b": {"1": 1}}), encoding="utf-8")
    done = CliRunner().invoke(app, ["calc", "--instrument", "pemdi-2026", "--levels", str(path)])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["a"]["exact"] == "1.2415"
    assert "not verified in the regulation: predikat_from: unrounded" in done.stderr
