"""Fakta and Analisis: what is written for each situation, and that nothing is written that is not known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples_of import few
from transforms.finding import Finding
from transforms.instrument import Instrument, load_instrument, load_rules
from transforms.levels import levels as levels_of
from transforms.narrative import Narrative, citation, narrative
from transforms.scoring import FLOOR_REASON
from transforms.views import CriterionView, EvidenceView, IndicatorView, PassageView, level_text

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
SEEN = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
ZONE = "Asia/Jakarta"
SPBE = load_instrument("spbe-2020")
PEMDI = load_instrument("pemdi-2026")
RULES = {norm.id: load_rules(norm) for norm in (SPBE, PEMDI)}

LISTING = "https://jdih.kota-contoh.example/api"
PERWAL = PassageView(
    kind="regulation",
    subject="Peraturan Wali Kota Nomor 37 Tahun 2022 tentang Manajemen Keamanan Informasi",
    status="Berlaku",
    dated=date(2022, 2, 8),
    happened_at=None,
    address="https://jdih.kota-contoh.example/rincian/109",
    words="judul: Manajemen Keamanan Informasi; status: Berlaku",
)


def evidence(*passages: PassageView, source: str = "jdih", url: str = LISTING) -> EvidenceView:
    return EvidenceView(
        source, url, SEEN, 200, "6023058f7675bc73" * 4, "k/j/a.warc.gz", 0, "<urn:1>", passages
    )


def view(
    norm: Instrument,
    number: str,
    states: Mapping[str, Mapping[str, Any]],
    *,
    official: int | Decimal | None = None,
) -> IndicatorView:
    """An indicator whose criteria are unknown but for those given; levels as scoring computes them."""
    indicator = norm.indicator(number)
    criteria, findings = [], []
    for each in norm.indicators:
        for level in each.levels:
            for criterion in level.criteria:
                floor = norm.scale == "whole" and level.level == 1
                rule = RULES[norm.id].rule(criterion.id)
                fields: dict[str, Any] = {
                    "state": "met" if floor else "unknown",
                    "reason": FLOOR_REASON if floor else "Belum ada atestasi untuk kriteria ini",
                    "answered_by": "dasar skala" if floor else "",
                    "is_fresh": False,
                    "is_carried": False,
                    "hint": None,
                    "observed_at": None,
                    "expires_at": None,
                    "evidence": (),
                    "hint_evidence": (),
                } | dict(states.get(criterion.id, {}))
                score = fields.pop("score", None)
                findings.append(
                    Finding(
                        criterion=criterion.id,
                        indicator=each.number,
                        level=level.level,
                        evidence_ids=tuple(e.capture_id for e in fields["evidence"]),
                        score=score,
                        **{name: value for name, value in fields.items() if not name.endswith("evidence")},
                    )
                )
                if each.number == number:
                    criteria.append(
                        CriterionView(
                            criterion=criterion.id,
                            level=level.level,
                            text=criterion.text,
                            answerable_by=rule.answered_by,
                            owner=rule.owner,
                            remedy=rule.remedy,
                            **fields,
                        )
                    )
    given_levels = {} if official is None else {number: official}
    reached = next(i for i in levels_of(norm, findings, given_levels) if i.indicator == number)

    def plain(value: int | Fraction) -> int | Decimal:
        return value if isinstance(value, int) else Decimal(value.numerator) / Decimal(value.denominator)

    return IndicatorView(
        number=number,
        name=indicator.name,
        short_name=indicator.short_name,
        domain=indicator.domain,
        domain_name="",
        aspect=indicator.aspect,
        aspect_name="",
        weight=indicator.weight,
        proven=plain(reached.proven),
        provisional=plain(reached.provisional),
        possible=plain(reached.possible),
        official=None if reached.official is None else plain(reached.official),
        coverage=Decimal(0),
        reason="",
        blocking=None,
        remedy=None,
        criteria=tuple(criteria),
        rung=reached.rung,
    )


def told(norm: Instrument, number: str, states: Mapping[str, Mapping[str, Any]], **more: Any) -> Narrative:
    return narrative(view(norm, number, states, **more), norm, NOW, ZONE)


def met_by_listing(**more: Any) -> dict[str, Any]:
    return {
        "state": "met",
        "is_fresh": True,
        "reason": f"{PERWAL.subject} berlaku",
        "answered_by": "probe regulation_in_force",
        "observed_at": SEEN,
        "expires_at": SEEN + timedelta(days=7),
        "evidence": (evidence(PERWAL),),
    } | more


def attested(note: str, **more: Any) -> dict[str, Any]:
    return {
        "state": "met",
        "is_fresh": True,
        "reason": "Sekretaris Daerah menyatakan terpenuhi pada 12-05-2026, berkas telaah.pdf",
        "answered_by": "atestasi",
        "observed_at": datetime(2026, 5, 11, 17, tzinfo=UTC),
        "expires_at": datetime(2027, 5, 12, 17, tzinfo=UTC),
        "evidence": (
            evidence(
                PassageView(
                    kind="attestation",
                    subject="Pejabat Contoh (Sekretaris Daerah)",
                    status="terpenuhi",
                    dated=date(2026, 5, 12),
                    happened_at=None,
                    address="telaah.pdf",
                    words=f"pernyataan: terpenuhi; cakupan: seluruh perangkat daerah; catatan: {note}",
                ),
                source="atestasi",
                url="file:pernyataan.csv",
            ),
        ),
    } | more


# By example ---------------------------------------------------------------------------------------------------


def test_nothing_known() -> None:
    text = told(SPBE, "8", {})
    assert text.facts == (
        "Per 24 November 2026 belum ada bukti yang terbaca untuk indikator ini. Hal itu belum mengatakan apa-apa "
        "tentang pelaksanaannya."
    )
    first, second, third = text.analysis.split("\n\n")
    assert first == (
        "Yang terbukti baru tingkat 1 (Rintisan), dasar skala yang berlaku tanpa bukti, menurut PermenPANRB 59/2020, "
        "kuesioner hlm. 30-77."
    )
    assert second.startswith("Tingkat 2 (Terkelola) belum terbukti. I08.2.a, Kebijakan Manajemen Keamanan")
    assert second.endswith("belum lengkap: belum ada bukti.")
    assert third == f"Yang diperlukan: Bagian Hukum: {RULES['spbe-2020'].rule('I08.2.a').remedy}"


def test_proven_by_a_listing() -> None:
    text = told(SPBE, "8", {"I08.2.a": met_by_listing()})
    first, second = text.facts.split("\n\n")
    assert first == (
        "Daftar jdih memuat Peraturan Wali Kota Nomor 37 Tahun 2022 tentang Manajemen Keamanan Informasi dengan status "
        "“Berlaku”, ditetapkan pada 8 Februari 2022 (rincian: https://jdih.kota-contoh.example/rincian/109); terakhir "
        "terlihat 24 November 2026 06.30 WIB. Bukti: https://jdih.kota-contoh.example/api, ditangkap 24 November 2026 "
        "06.30 WIB, SHA-256 6023058f7675bc73. Dipakai untuk I08.2.a."
    )
    assert second == "Belum ada bukti untuk I08.3.a, I08.4.a, I08.4.b, dan I08.5.a."
    assert text.analysis.startswith(
        "Bukti yang masih berlaku membuktikan tingkat 2 (Terkelola) menurut PermenPANRB 59/2020, kuesioner hlm. 30-77: "
        "semua kriterianya terpenuhi, begitu juga kriteria tingkat yang mendasarinya. I08.2.a terpenuhi: Kebijakan "
    )
    assert "\n\nTingkat 3 (Terdefinisi) belum terbukti. I08.3.a, " in text.analysis


def test_only_hints() -> None:
    text = told(SPBE, "8", {"I08.3.a": {"hint": "Perwal 12/2021 berlaku"}})
    assert (
        "Petunjuk yang belum cukup sebagai bukti untuk I08.3.a: Perwal 12/2021 berlaku." in text.facts
        and "Per 24 November 2026 belum ada bukti yang terbaca untuk indikator ini." in text.facts
    )
    assert "Yang terbukti baru tingkat 1" in text.analysis
    assert "membuktikan" not in text.analysis


def test_a_hint_leads_to_where_it_was_seen() -> None:
    hint = {"hint": "Perwal 12/2021 berlaku", "hint_evidence": (evidence(),)}
    text = told(SPBE, "8", {"I08.3.a": hint, "I08.4.a": {"hint": "Perwal 9/2021 berlaku"}})
    assert (
        f"untuk I08.3.a: Perwal 12/2021 berlaku. Terlihat di: {LISTING}, ditangkap 24 November 2026 06.30 "
        "WIB, SHA-256 6023058f7675bc73.\n\n"
    ) in f"{text.facts}\n\n"
    assert "untuk I08.4.a: Perwal 9/2021 berlaku.\n\n" in text.facts


def test_attested_with_article_and_page() -> None:
    text = told(
        SPBE,
        "8",
        {"I08.2.a": met_by_listing(), "I08.3.a": attested("Pasal 4 sampai 9, hlm. 7-12 Perwal 37/2022")},
    )
    assert (
        "Pejabat Contoh (Sekretaris Daerah) menyatakan I08.3.a terpenuhi pada 12 Mei 2026 dengan berkas telaah.pdf; "
        "cakupan: seluruh perangkat daerah; catatan: Pasal 4 sampai 9, hlm. 7-12 Perwal 37/2022. Bukti: "
        "file:pernyataan.csv, ditangkap 24 November 2026 06.30 WIB, SHA-256 6023058f7675bc73. Dipakai untuk I08.3.a."
    ) in text.facts
    assert "membuktikan tingkat 3 (Terdefinisi)" in text.analysis
    assert "Tingkat 4 (Terpadu dan Terukur) belum terbukti." in text.analysis


def test_refuted_by_a_repeal_while_the_official_level_is_higher() -> None:
    repealed = met_by_listing(
        state="not_met",
        reason=f"{PERWAL.subject} sudah dicabut dengan Perwal 40/2026 dan tidak ada penggantinya dalam daftar",
        evidence=(evidence(replace(PERWAL, status="Dicabut")),),
    )
    text = told(SPBE, "8", {"I08.2.a": repealed, "I08.3.a": attested("Pasal 4")}, official=4)
    assert "dengan status “Dicabut”, ditetapkan pada 8 Februari 2022" in text.facts
    assert "Membantah I08.2.a." in text.facts
    assert "I08.2.a, Kebijakan Manajemen Keamanan Informasi ditetapkan, walau" in text.analysis
    assert ": terbantah, Peraturan Wali Kota Nomor 37 Tahun 2022" in text.analysis
    assert "I08.3.a sudah berbukti tetapi belum menaikkan nilai" in text.analysis
    assert "membuktikan tingkat" not in text.analysis


def test_an_official_level_is_told_as_no_proof() -> None:
    text = told(
        SPBE, "8", {"I08.2.a": met_by_listing(), "I08.4.b": attested("x", state="not_met")}, official=5
    )
    assert (
        "Nilai sementara 3 lebih tinggi dari yang terbukti. Hasil resmi terakhir adalah 5; selama belum terbantah, hasil "
        "itu dipakai sementara tanpa menggantikan bukti. Yang dipakai paling tinggi 3, karena selebihnya terbantah."
    ) in text.analysis
    assert "Di tingkat yang lebih tinggi terbantah: I08.4.b: Sekretaris Daerah menyatakan" in text.analysis
    assert "membuktikan tingkat 2" in text.analysis


def test_stale_and_carried() -> None:
    stale = met_by_listing(
        state="stale", is_fresh=False, is_carried=True, expires_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    text = told(SPBE, "8", {"I08.2.a": stale})
    assert "Dahulu menjawab I08.2.a, kini basi sejak 20 November 2026." in text.facts
    assert "Yang terbukti baru tingkat 1" in text.analysis
    assert "Nilai sementara 2 lebih tinggi dari yang terbukti. Bukti I08.2.a sudah basi" in text.analysis
    assert "buktinya basi sejak 20 November 2026, masih dalam masa tenggang." in text.analysis


def test_an_official_level_below_what_is_carried_is_not_told_as_its_source() -> None:
    stale = met_by_listing(
        state="stale", is_fresh=False, is_carried=True, expires_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    below = {c.id: stale for n in (2, 3) for c in SPBE.indicator("8").level(n).criteria}
    text = told(SPBE, "8", below, official=2)
    assert "Nilai sementara 3 lebih tinggi dari yang terbukti. Bukti I08.2.a" in text.analysis
    assert "Hasil resmi" not in text.analysis


def test_a_service_that_is_down() -> None:
    check = PassageView(
        kind="service",
        subject="Lacak Status Aduan",
        status="mati",
        dated=None,
        happened_at=SEEN,
        address="https://aduan.kota-contoh.example/",
        words="mati; galat: timeout; waktu: dns 4 ms, sambung 11 ms",
    )
    down = met_by_listing(
        state="not_met",
        reason="Lacak Status Aduan mati sejak 23-11-2026 pukul 05.10 WIB (tidak menjawab)",
        answered_by="probe service_down",
        evidence=(evidence(check, source="layanan", url="urn:pantau:uptime:kota-contoh"),),
    )
    text = told(SPBE, "42", {"I42.2.a": down})
    assert text.facts.startswith(
        "Layanan Lacak Status Aduan (https://aduan.kota-contoh.example/) diperiksa pada 24 November 2026 06.30 WIB: "
        "mati; galat: timeout. Bukti: urn:pantau:uptime:kota-contoh, "
    )
    assert (
        "terbantah, Lacak Status Aduan mati sejak 23 November 2026 pukul 05.10 WIB (tidak menjawab)."
        in text.analysis
    )


def test_many_rows_are_counted_and_some_named_as_examples() -> None:
    row = replace(PERWAL, kind="dataset", subject="Jumlah penduduk", words="judul: Jumlah penduduk")
    counted = met_by_listing(
        reason="9 dari 12 himpunan data dapat diunduh",
        answered_by="probe datasets_downloadable",
        evidence=(evidence(row, replace(row, subject="Daftar sekolah"), source="katalog"),),
    )
    text = told(SPBE, "43", {"I43.2.a": counted})
    assert text.facts.startswith(
        "9 dari 12 himpunan data dapat diunduh. Misalnya: Jumlah penduduk; Daftar sekolah. Bukti: "
    )


def external(value: str, level: int, score: str) -> dict[str, dict[str, Any]]:
    passage = PassageView(
        kind="external_index",
        subject="SDI 2025",
        status=value,
        dated=date(2026, 3, 2),
        happened_at=None,
        address=None,
        words=f"nilai: {value}; rujukan: Surat Bappenas",
    )
    return {
        criterion.id: met_by_listing(
            state="met" if each.level <= level else "not_met",
            reason=f"SDI 2025 sebesar {value}, setara tingkat {level} (Surat Bappenas)",
            answered_by="nilai indeks SDI",
            evidence=(evidence(passage, source="institusi", url="file:kota.yml"),),
            score=Fraction(score),
        )
        for each in PEMDI.indicator("5").levels
        for criterion in each.criteria
    }


def test_pemdi_from_an_external_index() -> None:
    text = told(PEMDI, "5", external("68,75", 4, "15/4"))
    assert "SDI 2025 ditetapkan pada 2 Maret 2026; nilai: 68,75; rujukan: Surat Bappenas." in text.facts
    first, second, third = text.analysis.split("\n\n")
    assert first == (
        "Skor indikator ini diambil dari SDI (Evaluasi Satu Data Indonesia) dari Kementerian PPN/Bappenas menurut "
        f"{citation(PEMDI, PEMDI.indicator('5'))}."
    )
    assert second == (
        "SDI 2025 sebesar 68,75, setara tingkat 4 (Surat Bappenas). Skor yang terbukti: 3,75. Rumus konversinya "
        "disimpulkan dan belum diverifikasi dalam peraturan."
    )
    assert third == "Tingkat 5 (Unggul) belum dicapai oleh nilai itu."


def test_pemdi_without_a_value_of_the_external_index() -> None:
    text = told(PEMDI, "5", {})
    assert "Belum ada nilai SDI, sehingga yang terbukti adalah 1,00, dasar skala." in text.analysis


def test_pemdi_by_items() -> None:
    text = told(PEMDI, "1", {"I01.1.a": attested("RAN"), "I01.2.a": attested("RAN")})
    first, second, *_ = text.analysis.split("\n\n")
    assert first.startswith(
        "Bukti yang masih berlaku membuktikan skor 2,00 menurut PermenPANRB 8/2026, Lampiran hlm. 11-12. Cara butir "
        "menjadi skor disimpulkan"
    )
    assert second.startswith(
        "Tingkat 2 (Membangun) belum terbukti (1 dari 2 kriteria sudah berbukti). I01.2.b, "
    )


@pytest.mark.parametrize(
    ("norm", "number", "where"),
    [
        (SPBE, "8", "PermenPANRB 59/2020, kuesioner hlm. 30-77"),
        (SPBE, "3", "PermenPANRB 59/2020, kuesioner hlm. 32"),
        (PEMDI, "1", "PermenPANRB 8/2026, Lampiran hlm. 11-12"),
    ],
)
def test_the_place_in_the_regulation(norm: Instrument, number: str, where: str) -> None:
    assert citation(norm, norm.indicator(number)) == where


# Whatever the evidence ----------------------------------------------------------------------------------------

_CHOICES = st.sampled_from(["met", "not_met", "stale", "carried", "unknown", "error", "hint"])


def _state(choice: str, number: int) -> dict[str, Any]:
    passage = replace(
        PERWAL, subject=f"Peraturan Wali Kota Nomor {number} Tahun 2022", address=f"{LISTING}/{number}"
    )
    by_listing = met_by_listing(reason=f"{passage.subject} berlaku", evidence=(evidence(passage),))
    past = {"is_fresh": False, "expires_at": NOW - timedelta(days=3)}
    return {
        "met": by_listing,
        "not_met": by_listing | {"state": "not_met", "reason": f"{passage.subject} dicabut"},
        "stale": by_listing | {"state": "stale"} | past,
        "carried": by_listing | {"state": "stale", "is_carried": True} | past,
        "unknown": {},
        "error": {"state": "error", "reason": "Pemeriksaan gagal dijalankan"},
        "hint": {"hint": f"Perwal {number}/2022 berlaku", "hint_evidence": (evidence(passage),)},
    }[choice]


@given(data=st.data(), norm=st.sampled_from([SPBE, PEMDI]), official=st.sampled_from([None, 1, 3, 5]))
@few(60)
def test_every_address_and_number_is_from_the_evidence_and_no_claim_is_above_what_is_proven(
    data: st.DataObject, norm: Instrument, official: int | None
) -> None:
    own = [i for i in norm.indicators if i.score_from == "evidence"]
    indicator = data.draw(st.sampled_from(own))
    asked = [c.id for level in indicator.levels for c in level.criteria if level.level > 1 or norm is PEMDI]
    states = {name: _state(data.draw(_CHOICES), 100 + n) for n, name in enumerate(asked)}
    seen = view(norm, indicator.number, states, official=official)
    text = narrative(seen, norm, NOW, ZONE)
    whole = f"{text.facts}\n\n{text.analysis}"

    assert text == narrative(seen, norm, NOW, ZONE)
    known = f"{asdict(seen)} {citation(norm, indicator)} {norm.id}"
    assert set(re.findall(r"https?://[^\s,;)]+", whole)) <= set(re.findall(r"https?://[^\s,;)']+", known))

    # Days and hours are told in the zone of the institution; levels and counts are the view's own.
    moments = [NOW, *(m for c in seen.criteria for m in (c.observed_at, c.expires_at) if m)]
    moments += [e.captured_at for c in seen.criteria for e in (*c.evidence, *c.hint_evidence)]
    local = " ".join(f"{(m + timedelta(hours=7)):%Y %-d %H %M}" for m in moments)
    levels = " ".join(
        f"{float(v):.2f}" for v in (seen.proven, seen.provisional, seen.possible, official or 1)
    )
    counted = " ".join(str(n) for n in range(len(seen.criteria) + 1))
    shown = set(re.findall(r"\d+", whole))
    assert shown <= set(re.findall(r"\d+", f"{known} {local} {levels} {counted} 256"))

    if norm is SPBE:
        claimed = [int(n) for n in re.findall(r"(?:membuktikan|terbukti baru) tingkat (\d)", whole)]
        assert claimed and max(claimed) == seen.proven
        denied = [int(n) for n in re.findall(r"Tingkat (\d) \([^)]*\) belum terbukti", whole)]
        assert all(n > seen.proven for n in denied)
    else:
        assert re.findall(r"membuktikan skor (\d,\d\d)", whole) == [level_text(seen.proven)]
    for criterion in seen.criteria:
        if criterion.state != "met":
            assert f"{criterion.criterion} terpenuhi" not in whole
    assert "tidak ada" not in whole
