"""What assessors refuse as evidence: the file, and whom it concerns."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.attestation_files import DOCUMENT_KINDS
from transforms.instrument import InstrumentError, instrument_ids, load_instrument
from transforms.refused_evidence import FILE, load_refused_evidence, refused_kinds


def kinds(instrument: str, indicator: str, level: int | None = None) -> set[str]:
    return {kind.kind for kind in refused_kinds(instrument, indicator, level)}


def test_every_entry_names_indicators_and_levels_that_exist() -> None:
    refused = load_refused_evidence()
    assert set(refused) == set(instrument_ids())
    for instrument_id, entries in refused.items():
        numbers = {indicator.number for indicator in load_instrument(instrument_id).indicators}
        for entry in entries:
            assert set(entry.indicators) <= numbers, entry
            assert set(entry.levels) <= {1, 2, 3, 4, 5} and list(entry.levels) == sorted(entry.levels)
            assert entry.text.endswith(".") and entry.source and entry.unverified


def test_sorts_of_documents_go_by_the_codes_of_statements() -> None:
    named = {entry.kind for entries in load_refused_evidence().values() for entry in entries}
    assert {"draf", "surat_edaran", "notula", "halaman_login"} <= named & set(DOCUMENT_KINDS)


def test_a_draft_is_no_policy_but_shows_that_one_is_being_made() -> None:
    assert {"draf", "surat_edaran", "notula"} <= kinds("spbe-2020", "1", 2)
    assert not {"draf", "surat_edaran", "notula"} & kinds("spbe-2020", "1", 1)
    assert "notula" not in kinds("spbe-2020", "1", 4), "a review is recorded in minutes"
    assert "draf" not in kinds("spbe-2020", "21", 2)


def test_a_decree_of_a_unit_carries_four_policies_up_to_level_2() -> None:
    asked = {n: kinds("spbe-2020", n, 2) for n in map(str, range(1, 11))}
    assert {n for n, found in asked.items() if "keputusan_kepala_unit" not in found} == {"5", "6", "7", "10"}
    assert all("keputusan_kepala_unit" in kinds("spbe-2020", n, 3) for n in asked)


def test_a_login_page_shows_no_function() -> None:
    assert all("halaman_login" in kinds("spbe-2020", str(n), 2) for n in range(32, 48))
    assert "halaman_login" not in kinds("spbe-2020", "31")
    assert "halaman_login" in kinds("pemdi-2026", "17", 2)


def test_what_the_assessors_of_2026_refused() -> None:
    assert "indeks_kami" in kinds("pemdi-2026", "10") and "indeks_kami" not in kinds("pemdi-2026", "11")
    assert "sk_tim_asesor" in kinds("pemdi-2026", "9")
    assert "daftar_sla" in kinds("pemdi-2026", "19", 2)
    assert "draf" in kinds("pemdi-2026", "3", 2) and "draf" not in kinds("pemdi-2026", "3", 1)


def test_what_holds_everywhere_holds_for_every_indicator() -> None:
    assert all("tidak_terkait" in kinds("spbe-2020", str(n), 1) for n in range(1, 48))
    assert kinds("spbe-2015", "1") == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [("spbe-2020:\n  - {kind: draf, text: Tidak., levels: [], source: x}\n", "levels"),
     ("spbe-2020:\n  - {kind: draf, teks: Tidak., levels: [2], source: x}\n", "teks"),
     ("spbe-2020:\n  - {kind: Draf Baru, text: Tidak., levels: [2], source: x}\n", "kind")],
)  # fmt: skip
def test_a_file_that_errs_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InstrumentError, match=message) as raised:
        load_refused_evidence(tmp_path)
    assert FILE in str(raised.value)
