"""What a published copy says to explain a score: which words of a capture decided, and the two views on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb
import pytest

from collectors.personal_data import MASK
from tests.warehouse_rows import completed
from transforms.views import CriterionView, PassageView
from warehouse import read
from warehouse.connection import append, reading, writing
from warehouse.explanations import WORDS_KEPT, shown, write_explanations
from warehouse.publish import publish
from warehouse.score import score

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
SEEN = NOW - timedelta(hours=2)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
CITY = "kota-uji"
_SOURCES = {
    "daftar": "jdih",
    "cek": "layanan",
    "register": "atestasi",
    "berkas": "atestasi",
    "kota": "institusi",
}


def _rows() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    def legal(number: str | None, title: str, **more: Any) -> dict[str, Any]:
        return {
            "number": number,
            "title": title,
            "year": 2022,
            "enacted_on": date(2022, 2, 8),
            "status_raw": "Masih berlaku",
            "detail_url": f"https://jdih.example/{number}",
            "capture_id": "daftar",
        } | more

    def check(service: str, **more: Any) -> dict[str, Any]:
        return {
            "service_id": service,
            "url": f"https://{service}.example/",
            "checked_at": SEEN,
            "is_up": True,
            "dns_ms": 4.2,
            "total_ms": 96.5,
            "page_title": "Selamat datang",
            "text_found": True,
            "capture_id": "cek",
        } | more

    attested = {
        "source": "atestasi",
        "instrument": "spbe-2020",
        "criterion": "I08.3",
        "statement": "terpenuhi",
        "signer": "Pejabat Uji",
        "signer_role": "Sekretaris Daerah",
        "signed_on": date(2026, 5, 12),
        "scope": "semua",
        "note": "Pasal 4, hlm. 7; hubungi 0812-3456-7890\u202e\x1b[2J",
        "file_name": "telaah.pdf",
        "sha256": "ab" * 32,
        "file_capture_id": "berkas",
        "capture_id": "register",
        "attestation_key": "a",
    }
    return {
        "institution": [
            {"name": "Kota Uji", "min_drop": Decimal("0.01"), "also": ["pemdi-2026"], "capture_id": "kota"}
        ],
        "freshness": [
            {"kind": kind, "ttl": timedelta(days=400), "grace": timedelta(days=30)}
            for kind in ("regulation", "uptime", "application", "attestation", "external_index")
        ],
        "observation": [{"source": "jdih", "observed_at": SEEN}],
        "capture": [
            {
                "capture_id": key,
                "source": source,
                "url": f"https://{source}.example/{key}",
                "captured_at": SEEN,
                "status": 200,
                "digest": "sha256:" + "cd" * 32,
                "warc_file": "2026-11-24.warc.gz",
                "warc_offset": 512,
            }
            for key, source in _SOURCES.items()
        ],
        "regulation": [
            legal("037", "Sistem Manajemen Keamanan Informasi Pemerintah Daerah"),
            legal("38", "Retribusi Parkir"),
            legal("37", "Pajak Reklame", year=2021),
            legal(
                None,
                "Peraturan Wali Kota tentang Arsitektur Sistem Pemerintahan Berbasis Elektronik",
                year=None,
            ),
        ],
        "service": [
            {"service_id": "aduan", "name": "Lacak Aduan", "expect_text": "Nomor tiket"},
            {"service_id": "berita", "name": "Berita Kota"},
        ],
        "service_shows": [{"service_id": "aduan", "indicator": "42", "function": "interaksi"}],
        "uptime_check": [check("aduan"), check("berita", is_https=False, tls_ok=None)],
        "attestation": [
            attested,
            attested | {"criterion": "I09.3", "note": "milik lain", "attestation_key": "0"},
        ],
        "external_index": [
            {
                "index_id": "SDI",
                "year": 2025,
                "value": Decimal("68.750000"),
                "decided_on": date(2026, 3, 2),
                "citation": "Surat Bappenas",
                "capture_id": "kota",
            }
        ],
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy published from rows that were scored as every score is."""
    folder = tmp_path_factory.mktemp("penjelasan")
    with writing(folder / "w.duckdb", NOW) as connection:
        for table, entries in _rows().items():
            for entry in entries:
                timeless = table in ("observation", "capture", "uptime_check")
                since = {} if timeless else {"valid_from": SINCE}
                rows = [row | since for row in completed(table, entry)]
                append(connection, f"core.{table}", rows, institution=CITY)
    score(folder / "w.duckdb", as_of=NOW, now=NOW)
    return publish(folder / "w.duckdb", folder / "copy.duckdb", now=NOW).path


def criterion(copy: Path, name: str, instrument: str = "spbe-2020") -> CriterionView:
    number = name[1:3].lstrip("0")
    with reading(copy) as connection:
        view = read.indicator_view(connection, CITY, number, instrument)
    (found,) = [c for c in view.criteria if c.criterion == name]
    return found


def passages(copy: Path, name: str, instrument: str = "spbe-2020") -> list[PassageView]:
    return [p for evidence in criterion(copy, name, instrument).evidence for p in evidence.passages]


def test_of_a_listing_the_product_that_the_reason_names_is_quoted(copy: Path) -> None:
    (passage,) = passages(copy, "I08.2.a")
    assert passage == PassageView(
        kind="regulation",
        subject="Peraturan Wali Kota Nomor 037 Tahun 2022 tentang Sistem Manajemen Keamanan Informasi Pemerintah Daerah",
        status="Masih berlaku",
        dated=date(2022, 2, 8),
        happened_at=None,
        address="https://jdih.example/037",
        words="judul: Sistem Manajemen Keamanan Informasi Pemerintah Daerah; status: Masih berlaku; "
        "ditetapkan: 8 Februari 2022",
    )


def test_one_without_a_number_is_found_by_its_title(copy: Path) -> None:
    (passage,) = passages(copy, "I01.2.a")
    assert passage.subject == "Peraturan Wali Kota tentang Arsitektur Sistem Pemerintahan Berbasis Elektronik"


def test_of_a_batch_of_checks_the_service_that_the_reason_names_is_quoted(copy: Path) -> None:
    (passage,) = passages(copy, "I42.2.a")
    assert (passage.kind, passage.subject, passage.status, passage.happened_at) == (
        "service",
        "Lacak Aduan",
        "hidup",
        SEEN,
    )
    assert passage.words == (
        "hidup; HTTP 200; sertifikat sah; judul halaman: Selamat datang; teks ditemukan: Nomor tiket; "
        "waktu: dns 4 ms, seluruhnya 97 ms"
    )
    (refuting,) = passages(copy, "I22.3.a")
    assert refuting.subject == "Berita Kota" and "tanpa HTTPS" in refuting.words


def test_of_a_statement_scope_and_note_are_quoted_masked_and_with_nothing_hidden(copy: Path) -> None:
    by_kind = {p.kind: p for p in passages(copy, "I08.3.a")}
    assert by_kind.keys() == {"attestation", "file"}
    assert by_kind["attestation"].subject == "Pejabat Uji (Sekretaris Daerah)"
    assert by_kind["attestation"].words == (
        f"pernyataan: terpenuhi; cakupan: semua; catatan: Pasal 4, hlm. 7; hubungi {MASK}\\u202e\\u001b[2J"
    )
    assert by_kind["file"].address == "telaah.pdf" and "ab" * 32 in by_kind["file"].words


def test_of_an_index_of_another_body_the_value_is_quoted(copy: Path) -> None:
    (passage,) = passages(copy, "I05.4.a", "pemdi-2026")
    assert (passage.kind, passage.subject, passage.dated) == ("external_index", "SDI 2025", date(2026, 3, 2))
    assert passage.words == "nilai: 68,75; rujukan: Surat Bappenas"


def test_a_text_is_masked_and_cut_at_its_length() -> None:
    assert shown("x" * 600, WORDS_KEPT) == "x" * (WORDS_KEPT - 1) + "…"
    assert shown("baris\nlain\tlagi", 50) == "baris lain lagi"
    assert shown("surel a.b@kota.go.id", 50) == f"surel {MASK}"
    assert shown(None, 5) is None


def test_the_view_of_criteria_has_a_row_for_each_piece_of_evidence_down_to_its_place(copy: Path) -> None:
    with reading(copy) as connection:
        rows = connection.execute(
            "SELECT kriteria, url, waktu, sidik_jari, kutipan, berkas_warc, letak_warc, tangkapan_id "
            "FROM mart.penjelasan_kriteria WHERE instrumen = 'spbe-2020' AND kriteria IN ('I08.3.a', 'I08.4.a') "
            "ORDER BY kriteria, tangkapan_id"
        ).fetchall()
        counts = dict(
            connection.execute(
                "SELECT instrumen, count(DISTINCT kriteria) FROM mart.penjelasan_kriteria GROUP BY instrumen"
            ).fetchall()
        )
    assert [row[0] for row in rows] == ["I08.3.a", "I08.3.a", "I08.4.a"]
    file, register, unanswered = rows
    assert register[1:4] == ("https://atestasi.example/register", SEEN, "cd" * 32)
    assert register[4].startswith("Pejabat Uji (Sekretaris Daerah): pernyataan: terpenuhi; cakupan: semua")
    assert file[4].startswith("telaah.pdf: berkas bukti") and file[5:7] == ("2026-11-24.warc.gz", 512)
    assert unanswered[1:] == (None,) * 7
    for name in ("I08.2.a", "I08.3.a", "I42.2.a"):
        # The view says what the page and the command say.
        with reading(copy) as connection:
            quotes = connection.execute(
                "SELECT kutipan FROM mart.penjelasan_kriteria WHERE instrumen = 'spbe-2020' AND kriteria = $name",
                {"name": name},
            ).fetchall()
        told = {"\n".join(p.quote for p in e.passages) for e in criterion(copy, name).evidence}
        assert {quote for (quote,) in quotes} == told
    assert counts.keys() == {"spbe-2020", "pemdi-2026"} and counts["pemdi-2026"] == 231


def test_the_view_of_indicators_has_both_texts_for_both_instruments(copy: Path) -> None:
    with reading(copy) as connection:
        told = {
            (row[0], row[1]): row[2:]
            for row in connection.execute(
                "SELECT instrumen, nomor, tingkat, tingkat_berikutnya, yang_kurang, pemilik, fakta, analisis "
                "FROM mart.penjelasan_indikator"
            ).fetchall()
        }
    assert len(told) == 47 + 20
    assert all(facts and analysis for *_, facts, analysis in told.values())
    level, following, lacking, owner, facts, analysis = told["spbe-2020", "8"]
    assert (level, following, owner) == (3, 4, "Diskominfo")
    assert lacking.startswith("I08.4.a ") and "; I08.4.b " in lacking
    assert "Pejabat Uji (Sekretaris Daerah) menyatakan I08.3.a terpenuhi pada 12 Mei 2026" in facts
    assert MASK in facts and "0812" not in facts and "\x1b" not in facts
    assert "membuktikan tingkat 3" in analysis
    assert "SDI 2025 sebesar 68,75" in told["pemdi-2026", "5"][-1]


def test_services_are_counted_at_the_same_time_so_nothing_of_it_is_read(copy: Path, tmp_path: Path) -> None:
    """Publishing writes both at once: an explanation that read what is counted would be another each time."""
    uncounted = Path(copyfile(copy, tmp_path / "tak_terhitung.duckdb"))
    tables = ("passage", "hint_evidence", "narrative")
    with duckdb.connect(str(uncounted)) as connection:
        before = {name: connection.execute(f"FROM score.{name} ORDER BY ALL").fetchall() for name in tables}
        for name in tables:
            connection.execute(f"DELETE FROM score.{name}")
        for counted in ("service_now", "service_sla"):
            connection.execute(f"DROP TABLE core.{counted}")
        write_explanations(connection)
        for name in tables:
            assert connection.execute(f"FROM score.{name} ORDER BY ALL").fetchall() == before[name], name
    assert before["passage"] and before["narrative"]
