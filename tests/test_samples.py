"""Real listings and exports, served by a local web server and run through the whole line.

Skipped where the samples are absent. Counts and spot values were read in the files themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.line import Line

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.e2e,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of real data are not here"),
]

CONFIG = """
institution: {{id: kota-nyata, name: Kota dari berkas nyata, kind: kota}}
agencies: [{{id: umum, name: Umum}}]
freshness:
  regulation: {{ttl: 3d, grace: 30d}}
  uptime: {{ttl: 1d, grace: 3d}}
  application: {{ttl: 45d, grace: 90d}}
  attestation: {{ttl: 365d, grace: 30d}}
allow_private_addresses: true
sources:
- {{id: kendari-json, collector: regulations, format: jdihn, url: "{url}/kendari.json", cadence: listings, agency: umum}}
- {{id: kendari-ildis, collector: regulations, format: jdihn, url: "{url}/integrasi.json", cadence: listings, agency: umum}}
- {{id: kendari-html, collector: regulations, format: html, profile: ildis, url: "{url}/dokumen/peraturan", cadence: listings, agency: umum}}
- {{id: kendari-asli, collector: regulations, format: html, profile: ildis, url: "{url}/dokumen/peraturan/page/1?per-page=8", cadence: listings, agency: umum}}
- {{id: bekasi-html, collector: regulations, format: html, profile: yii-grid, url: "{url}/bekasi", cadence: listings, agency: umum}}
- {{id: kab-bandung, collector: regulations, format: jdihn, url: "{url}/kab-bandung.json", cadence: listings, agency: umum}}
- {{id: madiun, collector: app_registry, format: csv, url: "{url}/madiun.csv", cadence: registry, agency: umum}}
"""


class _Samples(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = _file(self.path)
        if found is None:
            self.send_error(404)
            return
        body = found.read_bytes()
        kind = {".json": "application/json", ".csv": "text/csv"}.get(found.suffix, "text/html; charset=UTF-8")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _file(target: str) -> Path | None:
    parts = urlsplit(target)
    page = parse_qs(parts.query).get("page", ["1"])[0]
    real = SAMPLES / "field" / "kendari-ildis"
    match parts.path:
        case "/kendari.json":
            return SAMPLES / "jdihn-kota-kendari.json"
        case "/integrasi.json":
            return real / "integrasi.json"
        case "/dokumen/peraturan":
            return SAMPLES / f"jdih-html-ildis-kendari-{page}.html"
        case "/dokumen/peraturan/page/1":
            return real / "peraturan-p1.html"
        case "/dokumen/peraturan/page/2":
            return real / "peraturan-p2.html"
        case "/bekasi":
            return SAMPLES / f"jdih-html-table-bekasi-{page}.html"
        case "/kab-bandung.json":
            return SAMPLES / "jdih-api-kab-bandung.json"
        case "/madiun.csv":
            return SAMPLES / "registri-aplikasi-madiun.csv"
    # The server of Kendari answers a page past the end with the last page again.
    return real / "peraturan-p66.html" if parts.path.startswith("/dokumen/peraturan/page/") else None


@contextmanager
def samples_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Samples) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("nyata")
    with samples_server() as url:
        config = folder / "kota-nyata.yml"
        config.write_text(CONFIG.format(url=url), encoding="utf-8")
        found = Line(config, folder / "data")
        found.collect()
    found.load()
    return found


def test_every_row_is_loaded_quarantined_or_a_repetition(line: Line) -> None:
    rows = line.rows(
        "SELECT source, outcome, rows_seen, rows_loaded, rows_quarantined, rows_duplicate "
        "FROM ops.load WHERE source != 'institusi' ORDER BY source"
    )
    assert {row[0]: row[1:3] for row in rows} == {
        "bekasi-html": ("loaded", 75),
        "kab-bandung": ("loaded", 1452),
        "kendari-asli": ("loaded", 22),
        "kendari-html": ("loaded", 50),
        "kendari-ildis": ("loaded", 540),
        "kendari-json": ("loaded", 474),
        "madiun": ("loaded", 186),
    }
    for _, _, seen, loaded, quarantined, repeated in rows:
        assert seen == loaded + quarantined + repeated
    quarantined_rows = dict(line.rows("SELECT source, count(*) FROM ops.quarantine GROUP BY source"))
    assert quarantined_rows == {row[0]: row[4] for row in rows if row[4]}
    assert line.rows("SELECT count(*) FROM ops.quarantine WHERE coalesce(reason, '') = ''") == [(0,)]
    # The two nulls that PHP left in the feed are refused with a reason; 537 documents remain.
    assert quarantined_rows["kendari-ildis"] >= 2
    found = line.rows("SELECT count(DISTINCT detail_url) FROM raw.regulation WHERE source = 'kendari-ildis'")
    assert found == [(537,)]


@pytest.mark.parametrize(
    ("source", "title", "expected"),
    [
        ("kendari-json", "%PAJAK RESTORAN%", ("perda", "4", 2020, "berlaku", "2020-10-12")),
        ("kendari-json", "%Peraturan Walikota Kendari Nomor 41 Tahun 2021%", ("perkada", "41", 2021, "berlaku", "2021-")),
        ("kendari-json", "%NOMOR 45 TAHUN 2023 TENTANG ARSITEKTUR%", ("perkada", "45", 2023, "berlaku", "2023-")),
        ("kendari-html", "%NO 4 TAHUN 2020 TENTANG PAJAK RESTORAN", ("perda", "4", 2020, "tidak_diketahui", None)),
        ("kab-bandung", "PENGGUNAAN SERTIFIKAT ELEKTRONIK", ("perkada", "83", 2018, None, "2018-12-14")),
        ("kab-bandung", "Lambang Kabupaten Bandung", ("perda", "15", 1956, None, "1956-06-29")),
    ],
)  # fmt: skip
def test_spot_values(
    line: Line, source: str, title: str, expected: tuple[str, str, int, str | None, str | None]
) -> None:
    ((code, number, year, status, enacted),) = line.rows(
        "SELECT type_code, number, year, status, enacted_on::VARCHAR FROM raw.regulation "
        "WHERE source = $source AND title ILIKE $title",
        source=source,
        title=title,
    )
    assert (code, number, year) == expected[:3]
    assert expected[3] in (None, status)
    assert (enacted or "").startswith(expected[4] or "")


def test_an_amending_title_does_not_take_the_number_it_amends(line: Line) -> None:
    ((number, year),) = line.rows(
        "SELECT number, year FROM raw.regulation WHERE source = 'bekasi-html' "
        "AND title ILIKE 'PERUBAHAN ATAS PERATURAN DAERAH KOTA BEKASI NOMOR 13 TAHUN 2012%'"
    )
    assert (number, year) == (None, None)


def test_a_repealed_regulation_is_seen_though_the_feed_says_nothing(line: Line) -> None:
    statuses = dict(
        line.rows("SELECT status, count(*) FROM raw.regulation WHERE source = 'kendari-json' GROUP BY status")
    )
    assert statuses == {"berlaku": 472, "dicabut": 2}


def test_registry_rows_keep_offices_and_lose_persons(line: Line) -> None:
    assert line.rows(
        "SELECT url, status FROM raw.application WHERE name = 'Srikandi' "
        "AND agency = 'Bagian Administrasi Pemerintahan'"
    ) == [("https://srikandi.arsip.go.id", "aktif")]
    everything = line.rows("SELECT coalesce(raw, '') FROM ops.quarantine WHERE source = 'madiun'")
    everything += line.rows("SELECT extra FROM raw.application")
    assert not [text for (text,) in everything if "Pengelola 1" in text or "08XX" in text]


def test_the_architecture_policy_of_kendari_is_proven_to_level_2(line: Line) -> None:
    result = line.score()
    finding = result.current.findings["I01.2.a"]
    assert finding.state == "met"
    assert "45" in finding.reason
    assert "2023" in finding.reason
    assert result.current.levels["1"].proven == 2
