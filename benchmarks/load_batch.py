"""A batch of a million rows through staging, gate and history, beside plain DuckDB: CPU seconds, ratio,
memory.

    python -m benchmarks.load_batch [ROWS]

Two kinds of rows: regulations, which have a history (a second batch, of which every fiftieth row has
changed, is merged into the first), and uptime checks, which only accumulate.

*Ours* begins with records as the parsers make them, 10,000 at a time: staging, the gate with the whole
suite of the table, and the transaction that puts them into raw and core. *Plain* begins with the same rows
in a CSV file and puts them into the same two tables with the same history: an anti-join on key and digest
closes what is gone and opens what is new. It checks nothing, quarantines nothing, and has the memory it
likes. Each is a process of its own, one DuckDB thread each; CPU seconds of the process count, because
others work on the machine. Turning foreign text into records is not in it: `parse` is printed beside, in
microseconds a row, over 50,000 rows.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.load_million import document
from collectors import regulations, uptime_history
from collectors.evidence import Capture, Record, RegulationRecord, Table, UptimeRecord, columns_of
from collectors.institution import Source
from expectations import validate
from warehouse.connection import writing
from warehouse.records import store
from warehouse.staging import Staging

AT = datetime(2026, 3, 2, tzinfo=UTC)
PART_ROWS = 10_000
KINDS: tuple[Table, ...] = ("regulation", "uptime_check")
BATCHES = {"regulation": 2, "uptime_check": 1}
VERSION = "type_code, number, year, title_norm, status, enacted_on, promulgated_on"


def record(kind: Table, number: int, batch: int) -> Record:
    """One made-up row; in a later batch every fiftieth regulation has another status."""
    if kind == "uptime_check":
        is_up = number % 50 != 0
        return UptimeRecord(
            f"layanan-{number % 500}", f"https://layanan-{number % 500}.kota-uji.go.id/",
            AT + timedelta(minutes=number // 500), is_up, 200 if is_up else 503,
            None if is_up else "http_503", None, 1.5, 2.5, 12.25, 80.5,
            96.75 + number % 100, 1, None, True, AT, "CN=Uji", True, None,
            "urn:uuid:1", number,
        )  # fmt: skip
    year, own = 1990 + number % 36, number // 36 + 1
    title = (
        f"PERATURAN WALI KOTA UJI NOMOR {own} TAHUN {year} TENTANG PENYELENGGARAAN URUSAN KE-{number % 997}"
    )
    status = "dicabut" if batch and number % 50 == 0 else "berlaku"
    return RegulationRecord(
        f"perkada/{year}/{own}", "perkada", "Peraturan Wali Kota", str(own), year, title, title.lower(),
        status, "Berlaku", None, date(year, number % 12 + 1, number % 28 + 1),
        f"https://jdih.kota-uji.go.id/rincian/{number}", f"https://jdih.kota-uji.go.id/berkas/{number}.pdf",
        "urn:uuid:1", number,
    )  # fmt: skip


def parts(kind: Table, rows: int, batch: int) -> Iterator[list[Record]]:
    """The rows of one batch as a parser gives them."""
    for start in range(0, rows, PART_ROWS):
        yield [record(kind, number, batch) for number in range(start, min(start + PART_ROWS, rows))]


def ours(kind: Table, rows: int, folder: Path) -> dict[str, float]:
    """CPU seconds of each step, over all batches."""
    validate.warm_up()
    spent = dict.fromkeys(("stage", "judge", "merge"), 0.0)
    for number in range(BATCHES[kind]):
        now = AT + timedelta(days=number)
        with Staging(folder) as staging:
            for part in parts(kind, rows, number):
                started = time.process_time()
                staging.keep(kind, part)
                spent["stage"] += time.process_time() - started
            started = time.process_time()
            gate = validate.Gate(validate.read_suite(kind), {"min_rows": 1, "max_year": 2027})
            verdict = staging.judge(gate)
            spent["judge"] += time.process_time() - started
            if (verdict.outcome, staging.loaded) != ("pass", rows):
                raise SystemExit(f"{kind}: {verdict}")
            started = time.process_time()
            with writing(folder / f"{kind}.duckdb", now) as connection, staging.shown_to(connection):
                names = {"entry_id": str(number), "institution": "kota-uji", "source": "uji"}
                store(connection, kind, observed_at=now, loaded_at=now, **names)
            spent["merge"] += time.process_time() - started
    return spent


def plain(kind: Table, rows: int, folder: Path) -> dict[str, float]:
    """CPU seconds that DuckDB alone takes for the same."""
    columns = columns_of(kind)
    named = ", ".join(columns)
    with writing(folder / f"{kind}.duckdb", AT) as shaped:
        types = dict(
            shaped.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'raw' AND table_name = $kind AND table_catalog = 'warehouse'",
                {"kind": kind},
            ).fetchall()
        )
        core = {row[0] for row in shaped.execute(f"DESCRIBE core.{kind}").fetchall()}
    kept = ", ".join(name for name in columns if name in core)
    given = "{" + ", ".join(f"'{name}': '{types[name]}'" for name in columns) + "}"
    spent = 0.0
    for number in range(BATCHES[kind]):
        file = folder / f"{kind}-{number}.csv"
        with file.open("w", newline="") as out:
            for part in parts(kind, rows, number):
                csv.writer(out).writerows(map(attrgetter(*columns), part))
        started = time.process_time()
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(f"ATTACH '{folder}/{kind}.duckdb' AS warehouse")
            connection.execute("USE warehouse")
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("BEGIN")
            digest = f"sha256(concat_ws(chr(31), {VERSION}))" if kind == "regulation" else "NULL"
            connection.execute(
                f"CREATE TEMP TABLE batch AS SELECT *, {digest} AS row_hash "
                f"FROM read_csv('{file}', header = false, auto_detect = false, delim = ',', quote = '\"', "
                f"escape = '\"', columns = {given})"
            )
            stamp = f"'kota-uji' AS institution, 'uji' AS source, now() + INTERVAL {number} DAY AS loaded_at"
            connection.execute(f"INSERT INTO raw.{kind} BY NAME SELECT {stamp}, {named} FROM batch")
            if kind == "regulation":
                same = "known.regulation_key = batch.regulation_key AND known.row_hash = batch.row_hash"
                connection.execute(
                    "UPDATE core.regulation AS known SET valid_to = now() WHERE valid_to IS NULL "
                    f"AND NOT EXISTS (SELECT 1 FROM batch WHERE {same})"
                )
                connection.execute(
                    f"INSERT INTO core.regulation BY NAME SELECT {stamp}, {kept}, row_hash, "
                    "now() AS valid_from FROM batch WHERE NOT EXISTS (SELECT 1 FROM core.regulation AS known "
                    f"WHERE valid_to IS NULL AND {same})"
                )
            else:
                connection.execute(f"INSERT INTO core.{kind} BY NAME SELECT {stamp}, {kept} FROM batch")
            connection.execute("COMMIT")
        spent += time.process_time() - started
    return {"plain": spent}


def parse(kind: Table, rows: int, folder: Path) -> dict[str, float]:
    """Microseconds a row that the parser of each kind takes, and DuckDB for reading the same JSON."""
    rows = min(rows, 50_000)
    if kind == "regulation":
        data: Any = [document(number) for number in range(rows)]
    else:
        moments = [(AT + timedelta(minutes=number)).isoformat() for number in range(rows)]
        data = {
            "format": uptime_history.FORMAT, "service_id": "a", "url": "https://a.kota-uji.go.id/",
            "checks": [[moment, True, 200, 96.75] for moment in moments],
        }  # fmt: skip
    content = json.dumps(data).encode()
    address = "https://jdih.kota-uji.go.id/feed"
    captured = (Capture("urn:uuid:1", address, AT, 200, (), "", content),)
    source = Source.model_validate(
        {
            "id": "jdih",
            "collector": "regulations",
            "format": "jdihn",
            "url": address,
            "cadence": "listings",
            "agency": "hukum",
        }
    )
    started = time.process_time()
    if kind == "regulation":
        seen = sum(part.seen for part in regulations.parse_parts(captured, source))
    else:
        seen = uptime_history.parse(captured).seen
    spent = time.process_time() - started
    (folder / "parse.json").write_bytes(content)
    started = time.process_time()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            f"CREATE TABLE feed AS FROM read_json('{folder}/parse.json', maximum_object_size=1e9)"
        )
    read = time.process_time() - started
    return {"parse": spent / seen * 1e6, "read_json": read / seen * 1e6}


STEPS = {"ours": ours, "plain": plain, "parse": parse}


def in_own_process(step: str, kind: Table, rows: int) -> dict[str, float]:
    """What a step took, with the peak of its resident memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.load_batch", step, kind, str(rows), folder]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Ours and plain of each kind, one after the other."""
    if len(sys.argv) == 5:
        step, kind, rows, folder = sys.argv[1:]
        found = STEPS[step](KINDS[KINDS.index(kind)], int(rows), Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found | {"peak": peak}))
        return
    many = int(sys.argv[1]) if len(sys.argv) == 2 else 1_000_000
    for table in KINDS:
        mine, other = in_own_process("ours", table, many), in_own_process("plain", table, many)
        total = mine["stage"] + mine["judge"] + mine["merge"]
        expectations = len(validate.read_suite(table))
        print(f"{table}: {BATCHES[table]} x {many} rows, {expectations} expectations")
        print("  ours: " + ", ".join(f"{name} {value:.1f}" for name, value in mine.items() if name != "peak"))
        print(f"  {total:.1f} CPU s against {other['plain']:.1f}; ratio {total / other['plain']:.2f}")
        print(f"  peak {mine['peak']:.0f} MiB against {other['peak']:.0f} MiB")
        text = in_own_process("parse", table, many)
        print(f"  parse {text['parse']:.0f} us a row, read_json {text['read_json']:.0f} us", flush=True)


if __name__ == "__main__":
    main()
