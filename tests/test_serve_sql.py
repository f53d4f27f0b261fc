"""Remote SQL: another DuckDB reads the published copy over the network, and can do nothing else."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.places import Places
from flows.serve_command import ServeUsageError
from tests import page_fixture
from tests.page_fixture import NOW
from transforms.instrument import load_instrument
from warehouse.connection import append, writing
from warehouse.publish import publish

TOKEN = "kunci-uji-yang-cukup-panjang"
ROOT = Path(__file__).parent.parent

# One client process: asks every statement of stdin, answers rows or the error.
CLIENT = """
import json, sys, duckdb
from warehouse.extensions import load_extension
uri, token = sys.argv[1:]
client = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
for name in ("httpfs", "quack"):
    load_extension(client, name)
answers = []
for kind, sql in json.load(sys.stdin):
    try:
        if kind == "remote":
            rows = client.execute("FROM quack_query($u, $q, token => $t)", {"u": uri, "q": sql, "t": token}).fetchall()
        else:
            rows = client.execute(sql).fetchall()
        answers.append(["rows", rows])
    except duckdb.Error as error:
        answers.append(["error", str(error)])
print(json.dumps(answers, default=str))
"""
FORBIDDEN = [
    "INSERT INTO ops.load (entry_id) VALUES ('x')", "WITH x AS (SELECT 1) INSERT INTO ops.load (entry_id) SELECT 'x'",
    "CREATE TABLE main.t (a INTEGER)", "CREATE TEMP TABLE t (a INTEGER)", "DROP VIEW mart.indeks_harian",
    "ATTACH ':memory:' AS lain", "ATTACH '{file}' AS lain", "COPY ops.load TO '{file}.csv'", "EXPORT DATABASE '{file}'",
    "SELECT * FROM read_csv('{file}')", "SELECT * FROM read_text('{file}')", "FROM '{file}'", "SELECT * FROM glob('/*')",
    "SET enable_external_access = true", "SET GLOBAL quack_authorization_function = 'quack_nop_authorization'",
    "INSTALL json", "LOAD json", "CALL quack_stop('{uri}')", "FROM quack_stop('{uri}')", "SELECT 1; CALL quack_stop('{uri}')",
    "FROM query('FROM quack_stop(''{uri}'')')", "FROM enable_logging('Quack')", "PRAGMA database_list", "CHECKPOINT",
]  # fmt: skip


def ask(uri: str, asked: list[tuple[str, str]], token: str = TOKEN) -> list[Any]:
    run = subprocess.run(
        [sys.executable, "-c", CLIENT, uri, token],
        input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=True, timeout=120,
    )  # fmt: skip
    answers: list[Any] = json.loads(run.stdout)
    return answers


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """The made-up institution, published."""
    made = Places(tmp_path)
    page_fixture.fill(made.warehouse, load_instrument("spbe-2020"))
    publish(made.warehouse, made.published, now=NOW)
    return made


@pytest.fixture
def server(places: Places) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`pantau serve-sql` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = "from flows.cli import main; main()"
    command = [sys.executable, "-c", run, "serve-sql", "--port", str(port), "--data-dir", str(places.root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PANTAU_SQL_TOKEN": TOKEN, "HOME": "/none"}
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        uri = f"quack:127.0.0.1:{port}"
        assert line == f"serving {places.published} at {uri}\n"
        yield uri, process
        process.kill()


@pytest.mark.e2e
def test_another_duckdb_reads_the_copy_and_can_do_nothing_else(
    places: Places, server: tuple[str, subprocess.Popen[str]]
) -> None:
    uri, process = server
    secret = places.root / "rahasia.csv"
    secret.write_text("a\n1\n")
    refused = [("remote", sql.format(file=secret, uri=uri)) for sql in FORBIDDEN]
    reads = [
        ("remote", "SELECT count(*) FROM mart.indikator_terkini"),
        ("remote", "FROM mart.indeks_terkini SELECT nilai_sementara"),
        ("remote", "SELECT count(*) > 30 FROM duckdb_views() WHERE schema_name = 'mart'"),
        ("local", f"ATTACH '{uri}' AS pantau (TOKEN '{TOKEN}')"),
        ("local", "SELECT count(*) FROM pantau.mart.indikator_terkini WHERE bobot > 0"),
        ("remote", "SELECT count(*) FROM score.run"),
        ("remote", "SELECT count(*) FROM mart.indikator_pada('2026-11-24', diketahui := '2026-11-24')"),
    ]
    writes = [
        ("local", "INSERT INTO pantau.ops.load (entry_id) VALUES ('x')"),
        ("local", "DROP TABLE pantau.ops.load"),
    ]
    answers = ask(uri, [*refused, *reads, *writes])
    for (_, sql), (kind, said) in zip(refused, answers, strict=False):
        assert kind == "error", sql
        assert (
            "Authorization failed" in said or "disabled by configuration" in said or "does not exist" in said
        ), said
    assert [said for _, said in answers[len(refused) : len(refused) + 7]] == [
        [[47]],
        [["3.15"]],
        [[True]],
        [],
        [[47]],
        [[12]],
        [[47]],
    ]
    assert [kind for kind, _ in answers[-2:]] == ["error", "error"]
    for wrong in (TOKEN[:-1], "salah"):
        assert ask(uri, [("remote", "SELECT 1")], wrong)[0][0] == "error"
    assert sorted(path.name for path in places.root.iterdir() if path.name.startswith("rahasia")) == [
        "rahasia.csv"
    ]

    with writing(places.warehouse, NOW) as connection:
        append(connection, "ops.load", [{"entry_id": "baru"}])
    publish(places.warehouse, places.published, now=NOW)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("serving a newer copy:")
    assert ask(uri, [("remote", "SELECT count(*) FROM ops.load WHERE entry_id = 'baru'")]) == [
        ["rows", [[1]]]
    ]

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("token", "options", "said"),
    [
        (None, [], "must hold a token of at least 24"),
        ("pendek", [], "must hold a token of at least 24"),
        (TOKEN, ["--host", "192.0.2.1"], "say --allow-remote"),
        (TOKEN, ["--memory", "banyak"], "is no size; write 512MB"),
        (TOKEN, ["--host", "server.contoh.example"], "say --allow-remote"),
    ],
)
def test_without_a_token_or_on_an_open_address_it_does_not_start(
    token: str | None, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PANTAU_SQL_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("PANTAU_SQL_TOKEN", token)
    with pytest.raises(ServeUsageError, match=said):
        CliRunner().invoke(app, ["serve-sql", *options], catch_exceptions=False)
