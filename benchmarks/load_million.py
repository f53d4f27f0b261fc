"""A large JDIHN feed over HTTP into the archive and from there into the warehouse: time and memory.

    python -m benchmarks.load_million [ROWS]

A local server gives a made-up feed. Collecting and loading run in a process of their own each, whose peak
resident memory is printed. The ratio is to DuckDB's `read_json` of the same file in the same run, which
neither checks nor cleans anything.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb

from collectors.archive import Archive
from flows.collect import collect
from warehouse.load import load

AT = datetime(2026, 3, 2, tzinfo=UTC)
CONFIG = """
institution: {id: kota-uji, name: Kota Uji, kind: kota}
agencies:
- {id: hukum, name: Bagian Hukum}
freshness:
  regulation: {ttl: 3d, grace: 30d}
  uptime: {ttl: 36h, grace: 3d}
  application: {ttl: 45d, grace: 90d}
  attestation: {ttl: 365d, grace: 30d}
allow_private_addresses: true
sources:
- {id: jdih, collector: regulations, format: jdihn, url: "URL", cadence: listings, agency: hukum,
   timeout_seconds: 600}
"""


def document(number: int) -> dict[str, str]:
    """One of the feed's documents, about 600 bytes."""
    year, own = 1990 + number % 36, number // 36 + 1
    return {
        "idData": str(number),
        "tahun_pengundangan": str(year),
        "tanggal_pengundangan": f"{year}-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "jenis": "Peraturan Wali Kota",
        "noPeraturan": str(own),
        "judul": f"PERATURAN WALI KOTA UJI NOMOR {own} TAHUN {year} TENTANG "
        f"PENYELENGGARAAN URUSAN KE-{number % 997}",
        "singkatanJenis": "PERWAL",
        "tempatTerbit": "Kota Uji",
        "sumber": f"BERITA DAERAH KOTA UJI TAHUN {year} NOMOR {own}",
        "subjek": "PEMERINTAHAN",
        "status": "Berlaku",
        "bahasa": "Indonesia",
        "bidangHukum": "HUKUM ADMINISTRASI",
        "fileDownload": f"perwal_{own}_{year}.pdf",
        "urlDownload": f"https://jdih.kota-uji.go.id/berkas/{number}.pdf",
        "urlDetailPeraturan": f"https://jdih.kota-uji.go.id/rincian/{number}",
    }


def write_feed(path: Path, rows: int) -> None:
    """The feed as one JSON array."""
    with path.open("w") as out:
        for number in range(rows):
            out.write(("[" if number == 0 else ",\n") + json.dumps(document(number)))
        out.write("]")


class Server(ThreadingHTTPServer):
    """Gives one file at every address but robots.txt."""

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file = file


class Handler(BaseHTTPRequestHandler):
    """Answers with the server's file as it is, uncompressed."""

    server: Server

    def do_GET(self) -> None:
        if self.path == "/robots.txt":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(self.server.file.stat().st_size))
        self.end_headers()
        with self.server.file.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def collect_feed(folder: Path) -> dict[str, Any]:
    """Collect what the institution's file names into the archive."""
    (result,) = collect(folder / "uji.yml", Archive(folder / "archive"), clock=lambda: AT)
    return {"outcome": result.outcome, "bytes": result.bytes, "message": result.message}


def load_feed(folder: Path) -> dict[str, Any]:
    """Load the archive."""
    result = load(Archive(folder / "archive"), folder / "warehouse.duckdb", now=AT)[-1]
    return {"outcome": result.outcome, "loaded": result.loaded, "seen": result.seen}


STAGES: dict[str, Callable[[Path], dict[str, Any]]] = {"collect": collect_feed, "load": load_feed}


def run_stage(stage: str, folder: Path) -> None:
    """Run one stage and print what became of it, with seconds and MiB."""
    started = time.monotonic()
    found = STAGES[stage](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found | {"seconds": time.monotonic() - started, "peak": peak}))


def in_own_process(stage: str, folder: Path) -> dict[str, Any]:
    """What a stage says that runs in a process of its own; raises SystemExit where it went wrong."""
    command = [sys.executable, "-m", "benchmarks.load_million", stage, str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    print(f"{stage}: {found['seconds']:.1f} s, peak {found['peak']:.0f} MiB resident", flush=True)
    if found["outcome"] not in ("ok", "loaded"):
        raise SystemExit(f"{stage}: {found}")
    return found


def read_plainly(folder: Path) -> float:
    """Seconds that DuckDB alone takes to put the feed into a file of its own."""
    started = time.monotonic()
    with duckdb.connect(str(folder / "plain.duckdb")) as connection:
        connection.execute("CREATE TABLE feed AS FROM read_json($path)", {"path": str(folder / "feed.json")})
    return time.monotonic() - started


def main() -> None:
    """Run each stage in a process of its own, so that memory of one does not count for another."""
    if len(sys.argv) == 3:
        run_stage(sys.argv[1], Path(sys.argv[2]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) == 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_feed(folder / "feed.json", rows)
        size = (folder / "feed.json").stat().st_size
        print(f"{rows} rows, {size / rows:.0f} bytes each", flush=True)
        server = Server(folder / "feed.json")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = CONFIG.replace("URL", f"http://127.0.0.1:{server.server_port}/integrasi.json")
        (folder / "uji.yml").write_text(text)
        in_own_process("collect", folder)
        server.shutdown()
        server.server_close()
        loaded = in_own_process("load", folder)
        plain = read_plainly(folder)
    print(f"loaded {loaded['loaded']} of {loaded['seen']} seen")
    print(f"read_json: {plain:.1f} s; ratio of load {loaded['seconds'] / plain:.0f}")


if __name__ == "__main__":
    main()
