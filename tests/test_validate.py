"""The gate: every expectation of every suite has an example that fails it; the outcomes stay apart."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from collectors.evidence import RECORD_TYPES, columns_of
from expectations import validate
from expectations.validate import Expectation, SuiteError, judge, parse_suite, read_suite

pytestmark = pytest.mark.e2e

PARAMETERS = {"min_rows": 4, "max_year": 2027, "not_asked_for": 1}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
Row = dict[str, Any]

GOOD: Mapping[str, Row] = {
    "regulation": {
        "regulation_key": "perkada/2021/{n}",
        "type_code": "perkada",
        "number": "{n}",
        "year": 2021,
        "title": "Peraturan Wali Kota tentang Arsitektur SPBE {n}",
        "status": "berlaku",
        "enacted_on": date(2021, 3, 1),
        "promulgated_on": date(2021, 3, 1),
        "detail_url": "https://jdih.kota-contoh.example/{n}",
        "file_url": None,
    },
    "uptime_check": {
        "service_id": "layanan-{n}",
        "url": "https://layanan-{n}.kota-contoh.example/",
        "checked_at": NOON,
        "is_up": True,
        "status": 200,
        "total_ms": 120.5,
        "attempts": 1,
        "error_class": None,
    },
    "application": {
        "application_key": "dinas/aplikasi {n}",
        "name": "Aplikasi {n}",
        "agency": "Dinas",
        "url": "https://aplikasi-{n}.kota-contoh.example",
        "kind": "khusus",
        "status": "aktif",
    },
    "attestation": {
        "instrument": "spbe-2020",
        "criterion": "I13.{n}",
        "statement": "terpenuhi",
        "signer": "Kepala Dinas",
        "signed_on": date(2026, 1, 5),
        "sha256": "0a" * 32,
        "file_capture_id": "urn:uuid:1",
        "expires_on": None,
    },
    "dataset": {
        "dataset_key": "id-{n}",
        "name": "data-{n}",
        "title": "Data {n}",
        "resource_count": 1,
        "modified_at": datetime(2026, 1, 5, tzinfo=UTC),
    },
}

# What a row must say to fail the expectation of that reason.
BAD: Mapping[str, Mapping[str, Row]] = {
    "regulation": {
        "tanpa judul": {"title": None},
        "judul lebih pendek dari 5 atau lebih panjang dari 2000 huruf": {"title": "SPBE"},
        "tanpa kunci peraturan": {"regulation_key": None},
        "jenis peraturan tidak dikenal": {"type_code": "putusan"},
        "tanpa jenis peraturan": {"type_code": None},
        "status peraturan tidak dikenal": {"status": "1"},
        "tanpa status peraturan": {"status": None},
        "tahun sebelum 1945 atau belum tiba": {"year": 2028},
        "tanpa nomor": {"number": None},
        "tanpa tahun": {"year": None},
        "alamat berkas bukan alamat web": {"file_url": "/media/1.pdf"},
        "alamat rincian bukan alamat web": {"detail_url": "-"},
        "kunci peraturan berulang": {"regulation_key": "perkada/2021/1"},
        "diundangkan sebelum ditetapkan": {"promulgated_on": date(2021, 2, 28)},
    },
    "uptime_check": {
        "tanpa id layanan": {"service_id": None},
        "tanpa waktu pemeriksaan": {"checked_at": None},
        "nilai hidup atau mati tidak dikenal": {"is_up": "ya"},
        "tidak menyebut hidup atau mati": {"is_up": None, "error_class": "timeout"},
        "layanan mati tanpa sebab": {"is_up": False},
        "waktu tanggap negatif": {"total_ms": -1.0},
        "kode status HTTP di luar 100 sampai 599": {"status": 0},
        "alamat layanan bukan alamat web": {"url": "layanan.kota-contoh.example"},
        "jumlah percobaan bukan 1 sampai 5": {"attempts": 0},
        "layanan diperiksa lebih dari sekali pada saat yang sama": {"service_id": "layanan-1"},
    },
    "application": {
        "tanpa nama aplikasi": {"name": None},
        "nama aplikasi lebih pendek dari 2 atau lebih panjang dari 300 huruf": {"name": "x" * 301},
        "tanpa kunci aplikasi": {"application_key": None},
        "jenis aplikasi tidak dikenal": {"kind": "Lainnya"},
        "status aplikasi tidak dikenal": {"status": "Aktif"},
        "alamat aplikasi bukan alamat web": {"url": "Aplikasi yang diinstal"},
        "tanpa perangkat daerah": {"agency": None},
        "tanpa alamat": {"url": None},
        "aplikasi terdaftar lebih dari sekali pada perangkat daerah yang sama": {
            "application_key": "dinas/aplikasi 1"
        },
    },
    "attestation": {
        "tanpa penandatangan": {"signer": None},
        "tanpa tanggal": {"signed_on": None},
        "bukan id kriteria": {"criterion": "13.2"},
        "pernyataan tidak dikenal": {"statement": "setuju"},
        "sha256 bukan 64 digit heksadesimal": {"sha256": "0a"},
        "berkas bukti tidak tertangkap": {"file_capture_id": None},
        "kedaluwarsa pada atau sebelum tanggal tanda tangan": {"expires_on": date(2026, 1, 5)},
        "kriteria yang sama dinyatakan dua kali pada hari yang sama oleh orang yang sama": {
            "criterion": "I13.1"
        },
    },
    "dataset": {
        "tanpa pengenal himpunan data": {"dataset_key": None},
        "judul himpunan data kosong atau lebih panjang dari 500 huruf": {"title": "x" * 501},
        "himpunan data terdaftar lebih dari sekali": {"dataset_key": "id-1"},
        "himpunan data tanpa berkas": {"resource_count": 0},
        "tanpa waktu perubahan": {"modified_at": None},
    },
}
EVERY = [
    pytest.param(table, expectation, id=f"{table}: {expectation.reason}")
    for table in validate.tables()
    for expectation in read_suite(table)
]


def good_row(table: str, number: int) -> Row:
    return {k: v.format(n=number) if isinstance(v, str) else v for k, v in GOOD[table].items()}


def frame_of(table: str, *rows: Row) -> pd.DataFrame:
    """As a batch is loaded: every column of the record, objects throughout."""
    columns = columns_of(table)  # type: ignore[arg-type]
    return pd.DataFrame({c: [row.get(c) for row in rows] for c in columns}, dtype=object)


def good_rows(table: str, count: int) -> list[Row]:
    return [good_row(table, 1 + n % 5 if table == "attestation" else n) for n in range(1, count + 1)]


def test_every_table_has_a_suite_and_every_suite_a_table() -> None:
    assert set(validate.tables()) == set(RECORD_TYPES)


@pytest.mark.parametrize("table", validate.tables())
def test_good_batches_pass_without_a_remark(table: str) -> None:
    verdict = validate.validate(table, frame_of(table, *good_rows(table, 5)), PARAMETERS)
    assert verdict.outcome == "pass"
    assert [check.message for check in verdict.checks if check.message] == []
    assert verdict.bad_rows == {}


@pytest.mark.parametrize(("table", "expectation"), EVERY)
def test_every_expectation_has_an_example_that_fails_it(table: str, expectation: Expectation) -> None:
    if expectation.type == "expect_table_row_count_to_be_between":
        enough = judge([expectation], frame_of(table, *good_rows(table, 4)), PARAMETERS)
        verdict = judge([expectation], frame_of(table, *good_rows(table, 3)), PARAMETERS)
        assert (enough.outcome, verdict.outcome) == ("pass", "fail")
        assert verdict.checks[0].message == f"{expectation.reason}: 3"
        return
    bad = good_row(table, 2) | BAD[table][expectation.reason]
    if expectation.severity == "warning":
        few = frame_of(table, good_row(table, 1), bad, bad, bad, bad)
        verdict = judge([expectation], few, PARAMETERS)
        assert verdict.outcome == "pass"
        assert verdict.checks[0].outcome == "fail"
        assert expectation.reason in verdict.checks[0].message
        assert verdict.bad_rows == {}
        return
    # One bad row among many good ones is held back; the batch goes on.
    mostly_good = frame_of(table, *good_rows(table, 19), bad)
    verdict = judge([expectation], mostly_good, PARAMETERS)
    assert (verdict.outcome, verdict.bad_rows) == ("pass", {19: (expectation.reason,)})
    assert verdict.checks[0].unexpected_count == 1
    # Too many bad rows: the batch is refused.
    verdict = judge([expectation], frame_of(table, good_row(table, 1), bad, bad, bad), PARAMETERS)
    assert (verdict.outcome, verdict.bad_rows) == ("fail", {})
    assert verdict.checks[0].message.startswith(f"{expectation.reason}: 3 dari ")


def test_a_row_that_only_warns_is_not_held_back() -> None:
    odd = good_row("regulation", 9) | {"number": None, "file_url": "/media/1.pdf"}
    frame = frame_of("regulation", *good_rows("regulation", 19), odd)
    verdict = validate.validate("regulation", frame, PARAMETERS)
    assert (verdict.outcome, verdict.bad_rows) == ("pass", {})
    assert sum(check.unexpected_count for check in verdict.checks if check.severity == "warning") == 4


def test_no_example_is_left_over() -> None:
    for table, examples in BAD.items():
        assert set(examples) <= {expectation.reason for expectation in read_suite(table)}


def test_a_blocked_check_may_leave_up_or_down_open() -> None:
    blocked = good_row("uptime_check", 9) | {"is_up": None, "status": 403, "error_class": "blocked"}
    frame = frame_of("uptime_check", *good_rows("uptime_check", 4), blocked)
    verdict = validate.validate("uptime_check", frame, PARAMETERS)
    assert (verdict.outcome, verdict.bad_rows) == ("pass", {})


def test_a_row_may_be_bad_for_several_reasons() -> None:
    bad = good_row("application", 9) | {"name": "x", "kind": "?"}
    verdict = validate.validate(
        "application", frame_of("application", *good_rows("application", 9), bad), PARAMETERS
    )
    assert verdict.outcome == "pass"
    assert len(verdict.bad_rows[9]) == 2


def test_an_empty_batch_fails_by_its_floor_alone() -> None:
    for table in validate.tables():
        verdict = validate.validate(table, frame_of(table), PARAMETERS | {"min_rows": 1})
        failed = [check.expectation for check in verdict.checks if check.outcome != "pass"]
        assert (verdict.outcome, failed) == ("fail", ["expect_table_row_count_to_be_between"])


SUITE = """
table: application
expectations:
  - {{type: {type}, severity: {severity}, reason: rusak, kwargs: {kwargs}}}
"""


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", "{column: tidak_ada, mostly: 0.5}"),
        ("expect_column_values_to_be_between", "{column: name, min_value: 1, mostly: 0.5}"),
        ("expect_column_values_to_be_in_set", "{kolom: name, mostly: 0.5}"),
        ("expect_column_values_to_be_splendid", "{column: name, mostly: 0.5}"),
        ("expect_table_row_count_to_be_between", "{min_value: banyak}"),
    ],
)
def test_a_broken_expectation_is_an_error_and_never_a_failure(kind: str, kwargs: str) -> None:
    frame = frame_of("application", *good_rows("application", 4))
    suite = parse_suite(SUITE.format(type=kind, severity="critical", kwargs=kwargs), "application", "x.yml")
    verdict = judge(suite, frame, {})
    assert (verdict.outcome, verdict.checks[0].outcome, verdict.bad_rows) == ("error", "error", {})
    assert verdict.checks[0].message
    # A warning that breaks is recorded and blocks nothing.
    suite = parse_suite(SUITE.format(type=kind, severity="warning", kwargs=kwargs), "application", "x.yml")
    verdict = judge(suite, frame, {})
    assert (verdict.outcome, verdict.checks[0].outcome) == ("pass", "error")


def test_an_error_outweighs_a_failure_because_the_batch_was_not_judged() -> None:
    broken = SUITE.format(
        type="expect_column_values_to_not_be_null",
        severity="critical",
        kwargs="{column: tidak_ada, mostly: 0.5}",
    )
    suite = (*read_suite("application"), *parse_suite(broken, "application", "x.yml"))
    assert judge(suite, frame_of("application"), PARAMETERS).outcome == "error"


def test_rows_are_numbered_across_chunks_whatever_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "CHUNK_ROWS", 3)
    rows = good_rows("application", 10)
    rows[7] |= {"url": "Desktop"}
    rows[9] |= {"application_key": rows[0]["application_key"]}
    frame = frame_of("application", *rows)
    frame.index = pd.Index(range(100, 110))
    verdict = validate.validate("application", frame, PARAMETERS | {"min_rows": 10})
    assert verdict.outcome == "pass"
    assert list(verdict.bad_rows) == [7]
    unique = next(c for c in verdict.checks if c.expectation == "expect_column_values_to_be_unique")
    # Two rows in different chunks share a key: uniqueness is judged over the whole batch.
    assert (unique.outcome, unique.unexpected_count) == ("fail", 2)


def test_pandas_string_columns_and_dates_are_judged_alike() -> None:
    rows = good_rows("attestation", 6)
    rows[5] |= {"expires_on": rows[5]["signed_on"] - timedelta(days=1)}
    frame = frame_of("attestation", *rows).convert_dtypes()
    verdict = validate.validate("attestation", frame, PARAMETERS)
    assert verdict.outcome == "pass"
    assert list(verdict.bad_rows) == [5]


def test_missing_parameters_and_unknown_tables_are_named() -> None:
    with pytest.raises(SuiteError, match="'max_year'"):
        validate.validate("regulation", frame_of("regulation"), {"min_rows": 1})
    with pytest.raises(SuiteError, match=r"no suite for '\.\./x'; there are: application"):
        validate.validate("../x", pd.DataFrame(), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: lain\nexpectations: []", "exactly `table: application`"),
        ("- x", "exactly `table: application`"),
        (SUITE.format(type="expect_x", severity="fatal", kwargs="{}"), "expectation 1: severity is 'fatal'"),
        ("table: application\nexpectations: [{type: expect_x}]", "expectation 1: must hold exactly"),
        (
            SUITE.format(type="expect_column_values_to_be_unique", severity="critical", kwargs="{column: x}"),
            None,
        ),
        (
            SUITE.format(
                type="expect_column_values_to_not_be_null", severity="critical", kwargs="{column: x}"
            ),
            "expectation 1: give `mostly`",
        ),
    ],
)
def test_malformed_suites_are_refused(text: str, message: str | None) -> None:
    if message is None:
        assert parse_suite(text, "application", "x.yml")[0].column == "x"
        return
    with pytest.raises(SuiteError, match=rf"x\.yml: .*{message}"):
        parse_suite(text, "application", "x.yml")


def test_importing_the_gate_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations.validate as v; v.read_suite('regulation');"
        "print({'great_expectations', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_judging_is_silent_even_where_an_expectation_breaks(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    verdict = validate.validate("application", frame_of("application").drop(columns="name"), PARAMETERS)
    assert verdict.outcome == "error"
    captured = capfd.readouterr()
    assert (captured.out, captured.err, caplog.messages) == ("", "", [])
