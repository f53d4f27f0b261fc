"""A made-up institution in a real warehouse, scored on several days: what marts, copy and page are tested on.

Levels and aggregates come from `transforms.levels` and `transforms.index`, so that the numbers agree with each
other; the states of criteria follow from a digest of their ids, so that every build is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import duckdb

from transforms.finding import Finding, State
from transforms.index import Aggregate, aggregates, rounded
from transforms.instrument import Instrument
from transforms.levels import levels as levels_of
from transforms.scoring import FLOOR_REASON
from warehouse.application_rows import write_comparisons
from warehouse.change_rows import explain_change, write_changes
from warehouse.connection import append, writing
from warehouse.score_rows import read_score

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
"""24 November 2026, 14.05 WIB."""
INSTITUTION = "kota-contoh"
RULESET = hashlib.sha256(b"rules of the fixture").hexdigest()
DAYS = 12
MORATORIUM = date(2026, 1, 1)
"""From this day on no new application was to be made."""
FALLEN = "5"
"""The indicator that a repealed regulation pulls down on the last day."""
STALE = "I35.2.a"
SECRET_RAW = "isi baris yang ditolak"
PAGE = "<urn:uuid:uptime>"

_AGENCIES = {
    "diskominfo": "Dinas Komunikasi dan Informatika",
    "bagian-hukum": "Bagian Hukum Sekretariat Daerah",
    "bagian-pengadaan": "Bagian Pengadaan Barang dan Jasa",
    "dpmptsp": "Dinas Penanaman Modal dan PTSP",
    "disdukcapil": "Dinas Kependudukan dan Pencatatan Sipil",
}
_SERVICES = (
    ("portal", "Portal Layanan Kota Contoh", "diskominfo"),
    ("pengaduan", "Lacak Status Aduan", "diskominfo"),
    ("jdih", "Cari Produk Hukum (JDIH)", "bagian-hukum"),
    ("pengadaan", "Pengumuman dan Tahapan Tender", "bagian-pengadaan"),
    ("perizinan", "Permohonan Izin Daring", "dpmptsp"),
    ("kependudukan", "Layanan Kependudukan Daring", "disdukcapil"),
)
_OFFICIAL = ((2021, "2.31"), (2022, "2.64"), (2023, "2.97"), (2024, "3.18"), (2025, "3.29"))
_CAPTURES = {
    "perda": ("jdih-kota", "https://jdih.kota-contoh.example/produk-hukum?jenis=perwal&halaman=3", 200),
    "uptime": ("layanan", "pantau:layanan", None),
    "berkas": ("atestasi", "file:atestasi/berita-acara-reviu-2026.pdf", None),
}


def fill(warehouse: Path, instrument: Instrument, *, hostile: str | None = None) -> None:
    """Fill a warehouse with one institution; `hostile` text, if given, goes wherever outsiders can write."""
    with writing(warehouse, NOW) as connection:
        _configuration(connection, instrument, hostile)
        _captures(connection, hostile)
        _operations(connection, hostile)
        _evidence(connection, hostile)
        _norm(connection, instrument)
        for back in reversed(range(DAYS)):
            _score(connection, instrument, NOW - timedelta(days=back), is_last=back == 0, hostile=hostile)


def findings_at(
    instrument: Instrument, as_of: datetime, *, is_last: bool, hostile: str | None = None
) -> tuple[Finding, ...]:
    """The findings of one day: the same every day, but for what happens on the last."""
    return tuple(
        _finding(indicator.number, level.level, criterion.id, indicator.proves_level, as_of, is_last, hostile)
        for indicator, level, criterion in instrument.placed()
    )


def score_id(as_of: datetime) -> str:
    """The id of the score of that moment."""
    return hashlib.sha256(as_of.isoformat().encode()).hexdigest()


def _configuration(
    connection: duckdb.DuckDBPyConnection, instrument: Instrument, hostile: str | None
) -> None:
    since = datetime(2026, 1, 2, tzinfo=UTC)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = {
        "institution": [
            {
                "name": "Kota Contoh",
                "kind": "kota",
                "time_zone": "Asia/Jakarta",
                "instrument": instrument.id,
                "min_drop": Decimal("0.01"),
                "down_after": timedelta(minutes=15),
                "moratorium_from": MORATORIUM,
                "capture_id": "<urn:uuid:institusi>",
            }
        ],
        "agency": [{"agency": key, "name": name} for key, name in _AGENCIES.items()],
        "target": [
            {"year": 2026, "target": Decimal("3.40")},
            {"year": 2027, "target": Decimal("3.60")},
        ],
        "official_result": [
            {
                "instrument": instrument.id,
                "year": year,
                "index_value": Decimal(value),
                "decided_on": date(year + 1, 1, 20),
                "citation": f"Keputusan contoh nomor {year}",
            }
            for year, value in _OFFICIAL
        ],
        "official_level": [
            {
                "instrument": instrument.id,
                "year": 2025,
                "decided_on": date(2026, 1, 20),
                "indicator": indicator,
                "level": level,
            }
            for indicator, level in official_levels(instrument).items()
        ],
        "freshness": [
            {"kind": kind, "ttl": ttl, "grace": grace}
            for kind, ttl, grace in (
                ("regulation", timedelta(days=7), timedelta(days=14)),
                ("uptime", timedelta(hours=6), timedelta(days=1)),
                ("application", timedelta(days=35), timedelta(days=30)),
                ("attestation", timedelta(days=365), timedelta(days=30)),
            )
        ],
        "source": [
            {
                "source": source,
                "collector": collector,
                "cadence": cadence,
                "agency": agency,
                "location": url,
            }
            for source, collector, cadence, agency, url in (
                (
                    "jdih-kota",
                    "regulations",
                    "listings",
                    "bagian-hukum",
                    "https://jdih.kota-contoh.example/api",
                ),
                (
                    "jdih-dprd",
                    "regulations",
                    "listings",
                    "bagian-hukum",
                    "https://dprd.kota-contoh.example/jdih",
                ),
                ("aplikasi", "app_registry", "registry", "diskominfo", "registri/aplikasi.xlsx"),
                ("atestasi", "attestations", "registry", "diskominfo", "atestasi/pernyataan.csv"),
            )
        ],
        "service": [
            {
                "service_id": service,
                "name": hostile if hostile and service == "jdih" else name,
                "url": f"https://{service}.kota-contoh.example/",
                "agency": agency,
                "expect_text": None,
            }
            for service, name, agency in _SERVICES
        ],
    }
    for table, rows in tables.items():
        append(
            connection,
            f"core.{table}",
            rows,
            institution=INSTITUTION,
            valid_from=since,
            valid_to=None,
            loaded_at=since,
        )


def official_levels(instrument: Instrument) -> dict[str, int]:
    """An official level for every indicator, most of them 3."""
    return {
        i.number: (4, 3, 3, 2, 4, 3, 3, 5, 3, 2)[_bucket(f"resmi {i.number}", 10)]
        for i in instrument.indicators
    }


def _captures(connection: duckdb.DuckDBPyConnection, hostile: str | None) -> None:
    append(
        connection,
        "core.capture",
        [
            {
                "capture_id": f"<urn:uuid:{key}>",
                "source": source,
                "url": f"javascript:{hostile}" if hostile and key == "perda" else url,
                "captured_at": NOW - timedelta(hours=3),
                "status": status,
                "digest": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}",
                "warc_file": f"{INSTITUTION}/{source}/2026-11-24.warc.gz",
                "warc_offset": 4096,
            }
            for key, (source, url, status) in _CAPTURES.items()
        ],
        institution=INSTITUTION,
        entry_id="entri-1",
        loaded_at=NOW,
    )


def _operations(connection: duckdb.DuckDBPyConnection, hostile: str | None) -> None:
    def run(source: str, collector: str, hours: int, **more: Any) -> dict[str, Any]:
        return {
            "source": source,
            "collector": collector,
            "run_id": f"{source}-{hours}",
            "entry_id": f"{source}-{hours}",
            "observed_at": NOW - timedelta(hours=hours),
            "is_ok": True,
            "error": None,
            "message": "",
            "row_count": 412,
        } | more

    failed = {
        "is_ok": False,
        "error": "blocked",
        "message": hostile or "halaman penolakan: Request Rejected, support ID 4711",
        "row_count": 0,
    }
    runs = [
        run("institusi", "institution", 300),
        run("layanan", "uptime", 1, row_count=6),
        run("jdih-kota", "regulations", 3),
        run("jdih-dprd", "regulations", 220),
        run("jdih-dprd", "regulations", 4, **failed),
        run("aplikasi", "app_registry", 24 * 40, row_count=63),
        run("aplikasi", "app_registry", 30, row_count=64),
        run("atestasi", "attestations", 30, row_count=21),
    ]
    append(connection, "core.observation", runs, institution=INSTITUTION, loaded_at=NOW)
    append(
        connection,
        "ops.quarantine",
        [
            {
                "place": f"baris {n}, kolom tahun",
                "reason": "tahun di luar 1945 sampai 2027",
                "raw": SECRET_RAW,
            }
            for n in (4, 9, 12)
        ],
        entry_id="jdih-kota-3",
        institution=INSTITUTION,
        source="jdih-kota",
        table_name="regulation",
        quarantined_at=NOW,
    )
    append(
        connection,
        "ops.load",
        [
            {
                "outcome": "loaded",
                "rows_seen": 415,
                "rows_loaded": 412,
                "rows_quarantined": 3,
                "rows_duplicate": 0,
                "message": "",
            }
        ],
        entry_id="jdih-kota-3",
        institution=INSTITUTION,
        source="jdih-kota",
        run_id="jdih-kota-3",
        ledger_seq=1,
        observed_at=NOW - timedelta(hours=3),
        loaded_at=NOW,
    )
    lines = (
        (
            "index_fell",
            "penting",
            "Indeks SPBE turun dari 2,83 ke 2,80: I5 4 ke 1 (keadaan berubah)",
        ),
        ("level_fell", "waspada", f"Indikator {FALLEN} turun dari tingkat 4 ke 1: Perwali 12/2021 dicabut"),
        (
            "source_failed",
            "waspada",
            hostile or "Sumber jdih-dprd gagal pada 24-11-2026 pukul 10.05 WIB: diblokir",
        ),
    )
    append(
        connection,
        "ops.outbox",
        [
            {"event_key": f"{kind}:1", "kind": kind, "severity": severity, "line": line, "ordinal": ordinal}
            for ordinal, (kind, severity, line) in enumerate(lines)
        ],
        institution=INSTITUTION,
        payload='{"before": "2,83", "after": "2,80", "cause": "keadaan berubah"}',
        score_id=score_id(NOW),
        created_at=NOW,
    )
    append(
        connection,
        "ops.delivery",
        [{"event_key": "index_fell:1"}],
        channel="jsonl",
        message_id="pesan-1",
        delivered_at=NOW,
    )


def _evidence(connection: duckdb.DuckDBPyConnection, hostile: str | None) -> None:
    append(connection, "core.uptime_check", list(_checks()), institution=INSTITUTION, loaded_at=NOW)
    append(
        connection,
        "core.regulation",
        [
            {
                "regulation_key": f"perkada/2021/{number}",
                "type_code": "perkada",
                "type_name": "Peraturan Wali Kota",
                "number": str(number),
                "year": 2021,
                "title": hostile or f"Peraturan Wali Kota Nomor {number} Tahun 2021",
                "title_norm": f"peraturan wali kota nomor {number} tahun 2021",
                "status": "berlaku",
                "relations": '[{"kind": "mencabut", "type_code": "perkada", "number": "3", "year": 2015, '
                '"raw": "Perwal 3/2015", "stated_in": "rincian"}]',
                "valid_to": None if number == 12 else NOW - timedelta(days=1),
                "closed_loaded_at": None if number == 12 else NOW,
            }
            for number in (12, 13)
        ],
        institution=INSTITUTION,
        source="jdih-kota",
        capture_id="<urn:uuid:perda>",
        valid_from=NOW - timedelta(days=40),
        loaded_at=NOW,
    )
    append(
        connection,
        "core.application",
        [
            {"is_integrated": None, "started_on": None, "valid_from": NOW - timedelta(days=40)}
            | entry
            | {
                "application_key": f"{entry['agency']}/{entry['name']}".lower(),
                "status": "aktif",
                "row_hash": "1",
            }
            for entry in _applications(hostile)
        ],
        institution=INSTITUTION,
        source="aplikasi",
        capture_id="<urn:uuid:aplikasi>",
        valid_to=None,
        loaded_at=NOW,
    )
    append(
        connection,
        "core.dataset",
        [
            {
                "dataset_key": "jumlah-penduduk",
                "title": "Jumlah penduduk per kelurahan",
                "formats": "csv,pdf",
                "resource_count": 2,
                "is_described": True,
                "modified_at": NOW - timedelta(days=100),
                "valid_from": NOW - timedelta(days=40),
            }
        ],
        institution=INSTITUTION,
        source="katalog",
        valid_to=None,
        loaded_at=NOW,
    )
    raw = {"title": SECRET_RAW, "capture_id": "<urn:uuid:perda>", "position": 1}
    append(connection, "raw.regulation", [raw], entry_id="jdih-kota-3", institution=INSTITUTION)


def _applications(hostile: str | None) -> tuple[dict[str, Any], ...]:
    """A registry with a national application of two offices, an overlap, a newcomer, and one that is down."""

    def listed(name: str, agency: str, about: str, host: str, kind: str, **more: Any) -> dict[str, Any]:
        url = f"https://{host}.example/"
        return {"name": name, "agency": agency, "description": about, "url": url, "kind": kind} | more

    return (
        listed(
            hostile or "Portal",
            "Dinas Komunikasi",
            "Pintu masuk",
            "portal.kota-contoh",
            "umum",
            is_integrated=True,
        ),
        listed("SRIKANDI", "Dinas Komunikasi", "Surat masuk", "srikandi.nasional", "umum"),
        listed("Srikandi", "Bagian Hukum", "Naskah dinas", "srikandi.nasional", "umum"),
        listed("Tender Terbuka", "Bagian Pengadaan", "Tahapan tender", "pengadaan.kota-contoh", "khusus"),
        listed(
            hostile or "e-Hadir",
            "Badan Kepegawaian",
            "Kehadiran pegawai dan rekap absen bulanan",
            "hadir.kota-contoh",
            "khusus",
            is_integrated=False,
            started_on=date(2025, 2, 1),
        ),
        listed(
            "Absensi Pegawai",
            "Dinas Komunikasi",
            hostile or "Rekap kehadiran pegawai bulanan",
            "absen.kota-contoh",
            "khusus",
            valid_from=NOW - timedelta(days=9),
        ),
    )


def _checks() -> Iterator[dict[str, Any]]:
    """A check every four hours for 100 days; the procurement page has been down for two of them."""
    for number, (service, _, _) in enumerate(_SERVICES):
        for step in range(600):
            is_up: bool | None = not (service == "pengadaan" and step < 2) and (step + number) % 97 != 50
            blocked = service == "kependudukan" and step == 0
            yield {
                "service_id": service,
                "url": f"https://{service}.kota-contoh.example/",
                "checked_at": NOW - timedelta(minutes=20, hours=4 * step),
                "is_up": None if blocked else is_up,
                "status": 403 if blocked else 200 if is_up else None,
                "error_class": "blocked" if blocked else None if is_up else "timeout",
                "error_message": None,
                "dns_ms": 4.0 + number,
                "connect_ms": 11.0 + number,
                "tls_ms": 24.0 + number,
                "first_byte_ms": 80.0 + 17 * number,
                "total_ms": 96.5 + 19 * number if is_up else None,
                "attempts": 1 if is_up else 2,
                "is_https": True,
                "cert_expires_at": NOW + timedelta(days=9 + 40 * number),
                "cert_issuer": "CN=Contoh CA",
                "tls_ok": True,
                "text_found": True,
                "capture_id": "<urn:uuid:uptime>",
            }


def _norm(connection: duckdb.DuckDBPyConnection, instrument: Instrument) -> None:
    carried = {"indicator": "1", "ordinal": 1, "status": "update", "note": None}
    append(
        connection,
        "score.crosswalk",
        [carried | {"from_instrument": instrument.id, "from_indicators": ["11"]}],
        instrument=instrument.id,
    )
    append(
        connection,
        "score.indicator",
        [
            {
                "indicator": i.number,
                "ordinal": position,
                "name": i.name,
                "short_name": i.short_name,
                "domain": i.domain,
                "domain_name": instrument.domain(i.domain).name,
                "aspect": i.aspect,
                "aspect_name": instrument.aspect(i.aspect).name,
                "weight": i.weight,
            }
            for position, i in enumerate(instrument.indicators, start=1)
        ],
        instrument=instrument.id,
    )
    append(
        connection,
        "score.criterion",
        [
            {
                "criterion": criterion.id,
                "indicator": indicator.number,
                "level": level.level,
                "ordinal": position,
                "text": criterion.text,
                "answered_by": "probe regulation_in_force, atestasi" if level.level == 2 else "atestasi",
                "owner": "Dinas Komunikasi dan Informatika",
                "remedy": f"Serahkan pernyataan bertanda tangan beserta berkasnya untuk {criterion.id}.",
            }
            for position, (indicator, level, criterion) in enumerate(instrument.placed(), start=1)
        ],
        instrument=instrument.id,
        ruleset_hash=RULESET,
    )


def _finding(
    indicator: str, level: int, key: str, proves: int, as_of: datetime, is_last: bool, hostile: str | None
) -> Finding:
    blank = Finding(
        criterion=key,
        indicator=indicator,
        level=level,
        state="unknown",
        is_fresh=False,
        is_carried=False,
        reason="Belum ada bukti terbuka maupun atestasi yang berlaku",
        evidence_ids=(),
        observed_at=None,
        expires_at=None,
        answered_by="",
        hint=None,
    )
    observed = as_of - timedelta(hours=3)

    def answered(state: State, reason: str, by: str, *evidence: str) -> Finding:
        return blank._replace(
            state=state,
            is_fresh=True,
            reason=reason,
            evidence_ids=evidence,
            answered_by=by,
            observed_at=observed,
            expires_at=observed + timedelta(days=7),
        )

    roll = _bucket(key, 20)
    if level == 1:
        return blank._replace(state="met", reason=FLOOR_REASON, answered_by="dasar skala")
    if is_last and indicator == FALLEN and level == 2:
        reason = hostile or "Perwali 12/2021 dicabut oleh Perwali 40/2026"
        return answered("not_met", reason, "probe regulation_in_force", "<urn:uuid:perda>")
    if key == STALE:
        stale = answered("stale", "Tahapan tender tampil (bukti kedaluwarsa)", "probe", PAGE)
        return stale._replace(
            is_fresh=False,
            is_carried=True,
            observed_at=as_of - timedelta(days=8),
            expires_at=as_of - timedelta(days=4),
        )
    if level <= max(proves, 2) and roll < 15:
        reason = "Perwali 12/2021 tentang tata kelola SPBE berlaku menurut JDIH"
        return answered("met", reason, "probe regulation_in_force", "<urn:uuid:perda>", PAGE)
    if level == 3 and roll < 7:
        reason = "Kepala Diskominfo menyatakan terpenuhi pada 12-05-2026, berkas berita-acara-reviu.pdf"
        return answered("met", reason, "atestasi", "<urn:uuid:berkas>")
    if level == 4 and roll == 19:
        return blank._replace(state="error", reason="Pemeriksaan gagal dijalankan: probe https_everywhere")
    if level >= 4 and roll < 3:
        reason = "Sekretaris Daerah menyatakan tidak terpenuhi pada 01-06-2026"
        return answered("not_met", reason, "atestasi", "<urn:uuid:berkas>")
    if level == 3 and roll > 15:
        return blank._replace(hint="Peraturan Wali Kota Nomor 12 Tahun 2021 berlaku")
    return blank


def _score(
    connection: duckdb.DuckDBPyConnection,
    instrument: Instrument,
    as_of: datetime,
    *,
    is_last: bool,
    hostile: str | None,
) -> None:
    found = findings_at(instrument, as_of, is_last=is_last, hostile=hostile)
    levels = levels_of(instrument, found, official_levels(instrument))
    shared = {"score_id": score_id(as_of), "institution": INSTITUTION}
    sets = {level.indicator: str(uuid5(NAMESPACE_OID, score_id(as_of) + level.indicator)) for level in levels}
    run = {"instrument": instrument.id, "ruleset_hash": RULESET, "as_of": as_of, "scored_at": as_of}
    append(connection, "score.run", [run], **shared)
    append(
        connection,
        "score.finding_set",
        [
            {name: value for name, value in finding._asdict().items() if name != "indicator"}
            | {"evidence_ids": list(finding.evidence_ids), "set_id": sets[finding.indicator]}
            for finding in found
        ],
        institution=INSTITUTION,
    )
    append(
        connection,
        "score.level",
        [
            asdict(level) | {"coverage": rounded(level.coverage, 6), "set_id": sets[level.indicator]}
            for level in levels
        ],
        **shared,
    )
    append(
        connection,
        "score.aggregate",
        [
            asdict(aggregate)
            | {
                "proven": rounded(aggregate.proven, 10),
                "provisional": rounded(aggregate.provisional, 10),
                "possible": rounded(aggregate.possible, 10),
                "coverage": rounded(aggregate.coverage, 6),
            }
            for aggregate in aggregates(instrument, levels)
        ],
        **shared,
    )
    if is_last:
        write_comparisons(connection, {INSTITUTION: (score_id(as_of), "Kota Contoh")}, as_of)
        before, after = (read_score(connection, score_id(at)) for at in (as_of - timedelta(days=1), as_of))
        write_changes(connection, [(before, after, explain_change(connection, instrument, before, after))])
        _forecast(connection, as_of, after.index)


def _forecast(connection: duckdb.DuckDBPyConnection, as_of: datetime, index: Aggregate) -> None:
    """A statement that expires in 20 days and costs 0.1 when its grace period is over."""
    shared = {"score_id": score_id(as_of), "institution": INSTITUTION}
    for scenario in ("sources_run", "all_stops"):
        for days, fall in ((0, 0), (20, 0), (50, Fraction(1, 10))):
            point = {
                "scenario": scenario,
                "changes_at": as_of + timedelta(days=days),
                "proven": rounded(index.proven - (Fraction(1, 10) if days else 0), 10),
                "provisional": rounded(index.provisional - fall, 10),
                "possible": rounded(index.possible, 10),
                "predikat": index.predikat,
            }
            append(connection, "score.forecast", [point], **shared)
            expiry = {
                "scenario": scenario,
                "changes_at": point["changes_at"],
                "ordinal": 1 if days == 20 else 2,
                "indicator": "10",
                "criterion": "I10.3.a",
                "event": "stale" if days == 20 else "lapsed",
                "answered_by": "atestasi",
                "reason": "Sekretaris Daerah menyatakan terpenuhi",
                "evidence_ids": ["<urn:uuid:berkas>"],
                "proven_change": rounded(Fraction(-1, 10) if days == 20 else Fraction(0), 10),
                "provisional_change": rounded(Fraction(-fall), 10),
            }
            if days:
                append(connection, "score.expiry", [expiry], **shared)


def _bucket(text: str, count: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % count
