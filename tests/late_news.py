"""Four days of a made-up institution whose news arrives late: what was captured first is loaded last.

| day | captured | loaded |
|---|---|---|
| 1 | regulation A; a statement on B's subject; two applications | the same day |
| 2 | A and B | on day 4 |
| 3 | A repealed; the statement withdrawn; one application gone; another target | on day 5 |
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.archive import new_run_id
from collectors.evidence import Fetched, Run
from collectors.institution import CONFIG_SOURCE
from collectors.ledger import Entry
from tests.test_institution import GOOD
from tests.test_load import A, B
from tests.test_rebuild import Fed
from warehouse.load import load_again
from warehouse.score import ScoreResult, score

INSTITUTION = "kota-uji"
DAY_0 = datetime(2026, 3, 1, 1, tzinfo=UTC)
CONFIG = GOOD.replace(
    "services:",
    "- {id: pernyataan, collector: attestations, path: /tmp/pernyataan, cadence: registry, agency: diskominfo}\n"
    "- {id: registri, collector: app_registry, path: /tmp/registri.csv, cadence: registry, agency: diskominfo}\n"
    "services:",
)
EVIDENCE = b"risalah reviu"
HEADER = "kriteria,pernyataan,penandatangan,jabatan,tanggal,cakupan,berkas,sha256,kedaluwarsa,catatan\n"
APPLICATIONS = ("Sistem Manajemen Pengetahuan", "Absensi")


def day(number: int, hour: float = 0) -> datetime:
    """08.00 WIB of a day, or so many hours later."""
    return DAY_0 + timedelta(days=number, hours=hour)


class LateNews(Fed):
    """The archive of these days; each day is loaded by `learn` at a moment of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.learnt: list[tuple[datetime, ScoreResult]] = []
        repealed = (A[0], A[1], "Tidak Berlaku")
        self.captured = {
            0: [self.run(0, CONFIG_SOURCE, ("file:uji.yml", CONFIG.encode()))],
            1: [self.listed(1, A), self.stated(1, "terpenuhi"), self.registered(1, *APPLICATIONS)],
            2: [self.listed(2, A, B)],
            3: [
                self.run(3, CONFIG_SOURCE, ("file:uji.yml", CONFIG.replace("4.50", "4.60").encode())),
                self.listed(3, repealed, B),
                self.stated(3, "dicabut"),
                self.registered(3, "Absensi"),
            ],
        }

    def learn(self, number: int, at: datetime) -> None:
        """Load what was captured on a day, and score as of then: all the system has to say at that moment."""
        load_again(self.archive, self.warehouse, [(entry, at) for entry in self.captured[number]])
        self.now = at
        (scored,) = score(self.warehouse, as_of=at, now=at)
        self.learnt.append((at, scored))

    def learn_all(self) -> None:
        """All four days, in the order of the table above."""
        for number, at in ((0, day(0, 1)), (1, day(1, 4)), (2, day(4)), (3, day(5))):
            self.learn(number, at)

    def run(self, number: int, source: str, *documents: tuple[str, bytes]) -> Entry:
        """Archive one run of a day."""
        at = day(number)
        run = Run(new_run_id(), INSTITUTION, source, source, at, at, "ok")
        with self.archive.appending(run) as appender:
            for url, body in documents:
                kind = "application/json" if url.startswith("https:") else "text/csv"
                appender.add(
                    Fetched(
                        url,
                        at,
                        200 if url.startswith("https:") else None,
                        "OK",
                        (("Content-Type", kind),),
                        body,
                    )
                )
            appender.finish(run, at)
        return self.archive.ledger(INSTITUTION, source)[-1]

    def listed(self, number: int, *titles: tuple[str, str, str]) -> Entry:
        """A JDIHN feed of (number, title, status)."""
        rows = [
            {
                "idData": number, "jenis": "Peraturan Wali Kota", "noPeraturan": number, "tahun_pengundangan": "2023",
                "judul": title, "status": status,
            }
            for number, title, status in titles
        ]  # fmt: skip
        return self.run(number, "jdih", ("https://jdih.uji.go.id/x", json.dumps(rows).encode()))

    def stated(self, number: int, statement: str) -> Entry:
        """A register with one statement on I05.3.a."""
        digest = hashlib.sha256(EVIDENCE).hexdigest()
        row = f"I05.3.a,{statement},Pejabat Contoh,Kepala,2026-02-0{number},semua,bukti/r.txt,{digest},,\n"
        return self.run(
            number, "pernyataan", ("file:p.csv", (HEADER + row).encode()), ("file:bukti/r.txt", EVIDENCE)
        )

    def registered(self, number: int, *names: str) -> Entry:
        """A registry of applications."""
        rows = "".join(f"{name},Diskominfo,aktif\n" for name in names)
        return self.run(
            number,
            "registri",
            ("file:registri.csv", ("nama aplikasi,perangkat daerah,status\n" + rows).encode()),
        )
