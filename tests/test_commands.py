"""Every command as a user calls it, over a running city: one JSON document on stdout, no noise, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from demo.server import DemoCity
from tests.line import Line, demo_line

pytestmark = pytest.mark.e2e
PANTAU = str(Path(sys.executable).with_name("pantau"))


@pytest.fixture(scope="module")
def city_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoCity, Line]]:
    with demo_line(tmp_path_factory.mktemp("perintah")) as pair:
        yield pair


def pantau(*words: str, code: int = 0) -> str:
    """Run `pantau`; its stdout. Whatever it says on stderr is no traceback and no library's noise."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    done = subprocess.run(
        [PANTAU, *words], capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    assert done.returncode == code, done.stdout + done.stderr
    for noise in ("Traceback", "CancelledError", "Warning", "prefect"):
        assert noise not in done.stderr, done.stderr
    return done.stdout


def test_a_run_and_every_reading_command_print_one_json_document(city_line: tuple[DemoCity, Line]) -> None:
    city, line = city_line
    config, data = str(line.config), ("--data-dir", str(line.places.root))
    ran: dict[str, Any] = json.loads(pantau("run", "--config", config, *data, "--json"))
    assert {result["outcome"] for result in ran["collected"]} == {"ok"}
    assert Path(ran["published"]["copy"]).is_file()

    index = json.loads(pantau("index", *data, "--json"))
    assert index["rounded"]["provisional"] == ran["scored"][0]["aggregates"][0]["provisional"]
    total = Decimal(0)
    for indicator in index["indicators"]:
        total += Decimal(indicator["weight"]) * indicator["provisional"]
    assert total / 100 == Decimal(index["provisional"])

    explained = json.loads(pantau("explain", "I08", *data, "--json"))
    assert explained["number"] == "8"
    (criterion,) = [c for c in explained["criteria"] if c["criterion"] == "I08.2.a"]
    assert criterion["evidence"][0]["url"].startswith("https://127.0.0.1")
    assert len(criterion["evidence"][0]["digest"]) == 64

    examined = json.loads(pantau("doctor", "--config", config, *data, "--json"))
    assert all(result["ok"] for result in examined)

    (checked,) = json.loads(
        pantau("check", city.url("portal"), "--ca-file", str(city.ca_file), "--allow-private", "--json")
    )
    assert (checked["is_up"], checked["tls_ok"], checked["status"]) == (True, True, 200)


def test_the_same_in_words_fits_80_columns(city_line: tuple[DemoCity, Line]) -> None:
    _, line = city_line
    config, data = str(line.config), ("--data-dir", str(line.places.root))
    said = pantau("run", "--config", config, *data)
    for wanted in ("Collected", "Indeks", "Weakest indicators", "Since the last scored date", "query"):
        assert wanted in said
    assert all(len(text) <= 80 for text in pantau("index", *data).splitlines())
    assert all(len(text) <= 80 for text in pantau("explain", "22", *data).splitlines())


def test_what_cannot_be_is_refused_with_its_exit_code(
    city_line: tuple[DemoCity, Line], tmp_path: Path
) -> None:
    city, line = city_line
    data = ("--data-dir", str(line.places.root))
    assert pantau("explain", "48", *data, code=2) == ""
    city.set_fault("portal", "unavailable")
    down = json.loads(
        pantau(
            "check", city.url("portal"), "--ca-file", str(city.ca_file), "--allow-private", "--json", code=1
        )
    )
    assert down[0]["error_class"] == "http_503"
    # Without leave, loopback is not visited at all.
    refused = json.loads(pantau("check", city.url("jdih"), "--json", code=1))
    assert refused[0]["error_class"] == "not_allowed"
    assert "service portal" in pantau("doctor", "--config", str(line.config), *data, code=1)
    city.clear_fault()


def test_parse_tells_records_rejects_and_a_sum(tmp_path: Path) -> None:
    saved = tmp_path / "integrasi.json"
    saved.write_text('[{"judul": "Peraturan Wali Kota Nomor 1 Tahun 2023 tentang Pajak"}, null]')
    done = subprocess.run(
        [PANTAU, "parse", "regulations", str(saved)], capture_output=True, text=True, check=True
    )
    (record,) = [json.loads(text) for text in done.stdout.splitlines()]
    assert (record["number"], record["year"], record["type_code"]) == ("1", 2023, "perkada")
    said = done.stderr.splitlines()
    assert any(text.startswith("reject  ") for text in said)
    assert said[-1] == f"{saved}: 2 rows = 1 records + 1 rejects + 0 repeated"
