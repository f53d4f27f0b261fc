"""docs/kriteria.md says every criterion of both norms, and says what the norm's files say now."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from transforms.criteria_page import CLAIMS, DENIALS, PAGE, criteria_page, current_page
from transforms.instrument import (
    Instrument,
    Rules,
    instrument_ids,
    load_instrument,
    load_probes,
    load_rules,
    load_topics,
)

PROBE_TABLES = Path(__file__).parent / "probes"


@pytest.fixture(scope="module")
def page() -> str:
    return current_page()


def test_the_page_is_current(page: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == page, "run python -m transforms.criteria_page"


def test_every_criterion_stands_in_the_table_of_its_indicator(page: str) -> None:
    sections = re.split(r"^(?=## |### |#### )", page, flags=re.MULTILINE)
    tables = [section for section in sections if section.startswith("#### ")]
    found = [re.findall(r"^\| (I\d\d\.\d\.[a-z]) \|", table, flags=re.MULTILINE) for table in tables]
    norms = sorted(map(load_instrument, instrument_ids()), key=lambda norm: norm.valid_from)
    assert found == [[c.id for c in i.criteria] for norm in norms for i in norm.indicators]
    assert sum(map(len, found)) == 273 + 231


def test_every_row_has_seven_cells(page: str) -> None:
    for line in page.splitlines():
        if re.match(r"\| I\d\d\.", line):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(cells) == 7 and all(cells), line


def test_every_probe_is_said_in_words() -> None:
    assert set(CLAIMS) == set(load_probes())
    tables = {f.stem: yaml.safe_load(f.read_text(encoding="utf-8")) for f in PROBE_TABLES.glob("*.yml")}
    meeting = {
        call.probe
        for name in instrument_ids()
        for rule in load_rules(load_instrument(name)).rules
        for call in rule.met_by
    }
    assert set(DENIALS) == {probe for probe in meeting if not tables[probe].get("never_false")}


def test_no_parameter_is_left_unsaid(page: str) -> None:
    assert "{" not in page and "None" not in page and "tentang  yang" not in page


def excerpt(page: str, heading: str) -> str:
    return re.split(r"^#{2,4} ", page[page.index(heading) + 5 :], flags=re.MULTILINE)[0]


def test_what_refutes_and_what_hints_is_said_below_the_table(page: str) -> None:
    policy = excerpt(page, "#### 1. Kebijakan Arsitektur SPBE")
    assert "I01.2.a digugurkan oleh: semua produk hukum tentang Arsitektur SPBE dalam daftar" in policy
    assert "I01.2.a petunjuk: produk hukum tentang Penyelenggaraan SPBE" in policy
    assert "Ditolak asesor (tingkat 2, 3): Surat edaran" in policy
    assert "730 hari" in excerpt(page, "#### 29. Audit Infrastruktur")
    security = excerpt(page, "#### 10. Keamanan Pemdi")
    assert "I10.4.a digugurkan oleh: ada layanan yang halamannya disusupi iklan judi" in security
    assert "disebut untuk indikator ini, tetapi skor dari bukti *(belum diverifikasi)*" in security
    assert "Indeks KAMI ditolak asesor 2026" in security
    data = excerpt(page, "#### 5. Tata Kelola Data")
    assert "nilai indeks SDI mencapai tingkat ini" in data and "di bawah tingkat ini" in data
    assert "Padanan SPBE 2020: 3, 23, 43 *(belum diverifikasi)*" in data


def test_what_is_unverified_stands_before_the_indicators(page: str) -> None:
    head = excerpt(page, "## Pemdi: ")
    for said in ("Dari butir menjadi skor: sebanding", "Indikator tanpa nilai: nilai dasar 1,00",
                 "Padanan dengan SPBE 2020", "Nilai IPS (Badan Pusat Statistik)", "Pembulatan: 2"):  # fmt: skip
        assert said in head, said
    spbe = excerpt(page, "## SPBE: ")
    assert "Belum diverifikasi" not in spbe
    assert "Pindaian yang tidak terbaca" in spbe and "Rancangan hanya untuk butir tingkat 1" in head


def test_a_change_of_a_rule_changes_the_page(page: str) -> None:
    norm: Instrument = load_instrument("pemdi-2026")
    rules = load_rules(norm)
    changed = Rules(
        instrument=rules.instrument,
        rules=tuple(r.model_copy(update={"ttl": timedelta(days=7), "refuted_by": ()}) for r in rules.rules),
    )
    other = criteria_page([(norm, changed)], load_topics())
    assert other.count("| 7 hari |") == 231
    assert "disusupi iklan judi" not in other and "disusupi iklan judi" in page
