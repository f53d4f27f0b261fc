"""One worker's share of many institutions: everyone's in exactly one, whatever one of them fails at."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.compact_command import NoLakeError
from flows.places import Places
from flows.work import share_of, work
from flows.work_command import WorkUsageError
from tests.many_institutions import at, feed, name_of, write_configs

FILES = [Path(f"{name_of(number)}.yml") for number in range(10)]


@pytest.mark.parametrize("workers", [1, 3, 10, 12])
def test_every_institution_is_of_one_worker(workers: int) -> None:
    shares = [share_of(list(reversed(FILES)), number, workers) for number in range(1, workers + 1)]
    assert sorted(file for share in shares for file in share) == FILES
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--share", "0/4"], "which worker of how many, such as 2/4"),
        (["--share", "5/4"], "which worker of how many, such as 2/4"),
        (["--share", "empat"], "which worker of how many, such as 2/4"),
        (["--stages", "load,publish"], "some of collect, load, score"),
        ([], "has no institution's file"),
    ],
)
def test_wrong_words_are_told(tmp_path: Path, words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["work", str(tmp_path), "--data-dir", str(tmp_path), *words])
    assert isinstance(result.exception, WorkUsageError)
    assert message in str(result.exception)


def test_a_file_is_not_compacted_as_a_lake(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["compact", "--data-dir", str(tmp_path)])
    assert isinstance(result.exception, NoLakeError)


@pytest.mark.e2e
def test_what_one_institution_fails_at_stops_no_other(tmp_path: Path) -> None:
    places, configs = Places(tmp_path / "data"), tmp_path / "configs"
    write_configs(configs, (3, 7))
    feed(places.archive, (3, 7), [0])
    (ledger,) = places.archive.glob(f"{name_of(3)}/jdih/ledger.jsonl")
    ledger.write_text("rusak\n")
    results = work(list(configs.glob("*.yml")), places, clock=lambda: at(0), is_collecting=False)
    broken, fine = sorted(results, key=lambda one: one.institution)
    assert broken.problem is not None
    assert "ledger.jsonl" in broken.problem
    assert (fine.entries, fine.problem) == (2, None)
    assert fine.index is not None
