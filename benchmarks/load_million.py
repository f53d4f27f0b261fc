"""A large JDIHN listing through the gate into the warehouse: time, memory, and DuckDB alone beside it.

    python -m benchmarks.load_million [ROWS]

Writes a made-up feed into an archive, then loads it in a process of its own, whose peak resident memory is
printed. The ratio is to DuckDB's `read_json` of the same file in the same run, which neither checks nor
cleans anything.
"""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from collectors.archive import Archive, new_run_id
from collectors.evidence import Fetched, Run
from collectors.institution import CONFIG_SOURCE
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
sources:
- {id: jdih, collector: regulations, format: jdihn, url: "https://jdih.uji.go.id/x", cadence: listings,
   agency: hukum}
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


def fill(folder: Path) -> None:
    """An archive that holds the institution's file and the feed."""
    archive = Archive(folder / "archive")
    feed = gzip.compress((folder / "feed.json").read_bytes(), 3)
    packed = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    for source, found in (
        (
            CONFIG_SOURCE,
            Fetched("file:uji.yml", AT, None, "", (("Content-Type", "text/yaml"),), CONFIG.encode()),
        ),
        ("jdih", Fetched("https://jdih.uji.go.id/x", AT, 200, "OK", packed, feed)),
    ):
        run = Run(new_run_id(), "kota-uji", source, "regulations", AT, AT, "ok")
        with archive.appending(run) as appender:
            appender.add(found)
            appender.finish(run, AT)


def load_and_tell(folder: Path) -> None:
    """Load the archive and print what became of it, with seconds and MiB."""
    started = time.monotonic()
    result = load(Archive(folder / "archive"), folder / "warehouse.duckdb", now=AT)[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "peak": peak, "loaded": result.loaded, "seen": result.seen}))


def main() -> None:
    """Run each stage in a process of its own, so that memory of one does not count for another."""
    if len(sys.argv) == 3:
        {"fill": fill, "load": load_and_tell}[sys.argv[1]](Path(sys.argv[2]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) == 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_feed(folder / "feed.json", rows)
        size = (folder / "feed.json").stat().st_size
        me = [sys.executable, "-m", "benchmarks.load_million"]
        subprocess.run([*me, "fill", name], check=True)
        told = subprocess.run([*me, "load", name], check=True, capture_output=True, text=True)
        found = json.loads(told.stdout.splitlines()[-1])
        started = time.monotonic()
        with duckdb.connect(str(folder / "plain.duckdb")) as connection:
            connection.execute(
                "CREATE TABLE feed AS FROM read_json($path)", {"path": str(folder / "feed.json")}
            )
        plain = time.monotonic() - started
    print(f"{rows} rows, {size / rows:.0f} bytes each; loaded {found['loaded']} of {found['seen']} seen")
    print(f"load: {found['seconds']:.1f} s, peak {found['peak']:.0f} MiB resident")
    print(f"read_json: {plain:.1f} s; ratio {found['seconds'] / plain:.0f}")


if __name__ == "__main__":
    main()
