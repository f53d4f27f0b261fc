"""The command line: one line on what went wrong, exit codes, JSON and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows import cli

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Pantau = Callable[..., Done]


@pytest.fixture
def pantau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pantau:
    """Run `pantau` in an empty folder, in this process: starting Python anew would cost more than the command."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["pantau", *words])
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
        else:
            code = 0
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


def levels_file(folder: Path, content: str, name: str = "levels.json") -> str:
    (folder / name).write_text(content)
    return name


def all_levels(level: int, **others: int) -> str:
    return json.dumps({str(n): others.get(f"i{n}", level) for n in range(1, 48)})


def test_calc_prints_index_domains_and_aspects_as_strings(tmp_path: Path, pantau: Pantau) -> None:
    name = levels_file(tmp_path, all_levels(3, i11=3, i12=4, i13=3, i14=2, i42=4))
    done = pantau("calc", "--instrument", "spbe-2020", "--levels", name)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    # 3 everywhere; I12 +1 and I14 -1 weigh 2.5 each, I42 +1 weighs 3: 3 + 0.03.
    assert (document["index"], document["exact"], document["predicate"]) == ("3.03", "3.03", "Baik")
    assert document["aspects"]["2"] == "3.00"
    assert document["domains"]["4"] == "3.07"
    assert list(document["aspects"]) == [str(n) for n in range(1, 9)]


def test_calc_reads_csv_alike(tmp_path: Path, pantau: Pantau) -> None:
    rows = "indicator,level\n" + "".join(f"{n},5\n" for n in range(1, 48))
    done = pantau("calc", "--instrument", "spbe-2020", "--levels", levels_file(tmp_path, rows, "l.csv"))
    assert json.loads(done.stdout)["predicate"] == "Memuaskan"


def test_calc_reproduces_the_regulation_s_index_from_domains(tmp_path: Path, pantau: Pantau) -> None:
    """PermenPANRB 59/2020, Tabel 12."""
    name = levels_file(tmp_path, '{"domains": {"1": "3.7", "2": 3.4, "3": 3, "4": "3.2"}}')
    done = pantau("calc", "--instrument", "spbe-2020", "--levels", name)
    document = json.loads(done.stdout)
    assert (document["index"], document["predicate"]) == ("3.28", "Baik")
    assert document["aspects"] == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"1": 3}', "indicator 2 is missing"),
        (all_levels(3, i7=6), "indicator 7: level 6 is not 1 to 5"),
        (all_levels(3)[:-1] + ', "48": 3}', "indicator 48 does not exist in spbe-2020"),
        ('{"1": "tiga"}', "key 1: 'tiga' is not a number"),
        ('{"1": 3, "1": 4}', "1 is given more than once"),
        ('{"aspects": {"1": 3}}', "aspect 2 is missing"),
        (all_levels(3).replace('"9": 3', '"9": 3.5'), "indicator 9: level 3.5 is not 1 to 5"),
        ('{"1": 3,', "line 1: not valid JSON"),
        ("nomor;nilai\n1;3\n", "the first line must name the columns indicator,level"),
    ],
)
def test_calc_names_what_cannot_be(tmp_path: Path, pantau: Pantau, content: str, said: str) -> None:
    name = levels_file(tmp_path, content)
    done = pantau("calc", "--instrument", "spbe-2020", "--levels", name)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["calc", "--instrument", "spbe-2099", "--levels", "x"], 2, "no instrument 'spbe-2099'"),
        (["calc", "--instrument", "spbe-2020", "--levels", "x"], 2, "x: cannot be read"),
        (["index"], 1, "nothing is published yet; run pantau run"),
        (["explain", "8"], 1, "nothing is published yet"),
        (["load", "--config", "none.yml"], 2, "none.yml: cannot be read"),
        (["collect", "--config", str(ROOT / "config/kota-contoh.yml"), "--cadence", "x"], 2, "Invalid value for '--cadence'"),
        (["collect", "--config", str(ROOT / "config/kota-contoh.yml"), "--source", "x"], 2, "no source 'x'; there are: jdih"),
        (["score", "--config", str(ROOT / "config/kota-contoh.yml")], 1, "kota-contoh: not known at"),
        (["score", "--config", str(ROOT / "config/kota-contoh.yml"), "--as-of", "2026-03-02"], 1, "not known at 2026-03-02 16:59 UTC;"),
        (["score", "--config", str(ROOT / "config/kota-contoh.yml"), "--as-of", "kemarin"], 2, "--as-of 'kemarin' is no date"),
        (["parse", "regulation", "x"], 2, "there is no collector 'regulation'"),
        (["parse", "app_registry", "x"], 1, "x"),
        (["rebuild"], 1, "there is no archive, and no warehouse"),
        (["verify", "--data-dir", str(ROOT / "Makefile")], 2, "Invalid value for '--data-dir'"),
        (["collect", "--config", str(ROOT / "config/kota-contoh.yml"), "--data-dir", str(ROOT / "Makefile/x")], 1, "Not a directory; check the path"),
        (["nonsense"], 2, "No such command"),
        (["run"], 2, "Missing option"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_message_and_an_exit_code(
    pantau: Pantau, words: list[str], code: int, said: str
) -> None:
    done = pantau(*words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_config_typo_is_named_with_its_key_path(tmp_path: Path, pantau: Pantau) -> None:
    text = (ROOT / "config" / "kota-contoh.yml").read_text()
    (tmp_path / "kota.yml").write_text(text.replace("cadence:", "cadense:", 1))
    done = pantau("run", "--config", "kota.yml")
    assert done.returncode == 2
    assert "kota.yml: sources.0.cadense: unknown key" in done.stderr


def test_calc_answers_at_once(tmp_path: Path) -> None:
    """No stopwatch: what makes it slow is importing Prefect, Great Expectations or pandas."""
    code = (
        "import sys\nfrom flows.cli import app\nfrom typer.testing import CliRunner\n"
        "CliRunner().invoke(app, ['calc', '--instrument', 'spbe-2020', '--levels', sys.argv[1]])\n"
        "slow = {'prefect', 'great_expectations', 'pandas', 'requests', 'apprise'} & set(sys.modules)\n"
        "print(sorted(slow))"
    )
    name = levels_file(tmp_path, all_levels(3))
    done = subprocess.run(
        [sys.executable, "-c", code, name], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
