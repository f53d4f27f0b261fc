"""The criteria of both norms: how many, in whose words, who owns them, and what may speak on each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.instrument import Instrument, Rules, WorkedExample, load_instrument, load_probes, load_rules

DOMAIN = Path(__file__).parents[2] / "shared" / "domain"
NORMS: dict[str, tuple[Instrument, Rules]] = {
    name: (norm := load_instrument(name), load_rules(norm)) for name in ("spbe-2020", "pemdi-2026")
}
PEMDI, PEMDI_RULES = NORMS["pemdi-2026"]
SPBE_RULES = NORMS["spbe-2020"][1]
BOTH = pytest.mark.parametrize("name", sorted(NORMS))

OWNERS = {
    "BKPSDM",
    "BPKAD",
    "Bagian Hukum",
    "Bagian Organisasi",
    "Bappeda",
    "Dinas Kearsipan",
    "Diskominfo",
    "Inspektorat",
    "Perangkat daerah pengampu layanan",
    "Sekretariat Daerah",
    "UKPBJ",
}
# Which perangkat daerah has the functions that PermenPANRB 8/2026 names for an indicator.
FUNCTIONS = {
    "Perencanaan": "Bappeda",
    "Organisasi dan Tata Laksana": "Bagian Organisasi",
    "SDM": "BKPSDM",
    "Sumber Daya Manusia": "BKPSDM",
    "Sumber Daya Manusia (SDM)": "BKPSDM",
    "Teknologi, Informasi, dan Komunikasi": "Diskominfo",
    "Pengelola Layanan Digital": "Diskominfo",
    "Statistik": "Diskominfo",
    "Persandian": "Diskominfo",
    "Pemilik Layanan": "Perangkat daerah pengampu layanan",
    "Pengawasan Intern": "Inspektorat",
    "Kearsipan Nasional": "Dinas Kearsipan",
}


@BOTH
def test_the_norm_has_all_its_criteria(name: str) -> None:
    norm, rules = NORMS[name]
    total, indicators = {"spbe-2020": (273, 47), "pemdi-2026": (231, 20)}[name]
    ids = [criterion.id for _, _, criterion in norm.placed()]
    assert (len(ids), len(set(ids)), len(rules.rules), len(norm.indicators)) == (
        total, total, total, indicators,
    )  # fmt: skip


def test_items_per_indicator_and_level_of_the_questionnaire() -> None:
    counted = {i.number: [len(level.criteria) for level in i.levels] for i in PEMDI.indicators}
    assert counted == {
        "1": [1, 2, 2, 2, 2], "2": [1, 1, 1, 1, 1], "3": [1, 1, 1, 1, 1], "4": [1, 1, 1, 2, 1],
        "5": [3, 4, 4, 6, 7], "6": [4, 5, 6, 8, 4], "7": [5, 4, 4, 4, 6], "8": [1, 2, 3, 2, 3],
        "9": [1, 1, 2, 1, 1], "10": [2, 3, 2, 1, 1], "11": [1, 1, 1, 2, 2], "12": [2, 2, 2, 2, 2],
        "13": [1, 1, 1, 2, 2], "14": [1, 1, 1, 2, 2], "15": [1, 1, 1, 4, 2], "16": [1, 1, 2, 4, 3],
        "17": [1, 1, 2, 3, 3], "18": [1, 1, 2, 5, 2], "19": [3, 3, 3, 2, 2], "20": [4, 5, 5, 5, 2],
    }  # fmt: skip


def test_weights_of_tabel_1() -> None:
    assert [i.weight for i in PEMDI.indicators] == [
        Decimal(w) for w in (5, 5, 5, 5, 5, 3, 3, 4, 4, 4, 3, 4, 5, 5, 4, 4, 4, 3, 10, 15)
    ]
    assert [a.weight for a in PEMDI.aspects] == [Decimal(w) for w in (10, 10, 15, 15, 10, 15, 25)]


@pytest.mark.parametrize(
    ("index", "predikat"),
    [("1", "Kurang"), ("1.5", "Kurang"), ("1.51", "Cukup"), ("2.5", "Cukup"), ("2.501", "Baik"),
     ("3.5", "Baik"), ("4", "Sangat Baik"), ("4.0001", "Memuaskan"), ("5", "Memuaskan")],
)  # fmt: skip
def test_bands_of_tabel_4_are_closed_to_the_right(index: str, predikat: str) -> None:
    assert [b.predikat for b in PEMDI.bands if b.covers(Fraction(index))] == [predikat]


@BOTH
def test_texts_are_short_and_tell_criteria_apart(name: str) -> None:
    norm, rules = NORMS[name]
    for indicator in norm.indicators:
        texts = [criterion.text for criterion in indicator.criteria]
        assert len(set(texts)) == len(texts), indicator.number
    for _, _, criterion in norm.placed():
        assert 20 <= len(criterion.text) <= 220 and not criterion.text.endswith("."), criterion
        remedy = rules.rule(criterion.id).remedy
        assert 20 <= len(remedy) <= 220 and remedy.endswith("."), criterion.id


def test_no_two_items_of_pemdi_say_the_same_or_are_mended_the_same() -> None:
    texts = [criterion.text for _, _, criterion in PEMDI.placed()]
    remedies = [rule.remedy for rule in PEMDI_RULES.rules]
    assert (len(set(texts)), len(set(remedies))) == (231, 231)


@BOTH
def test_owners_are_roles_of_a_regional_government(name: str) -> None:
    assert {rule.owner for rule in NORMS[name][1].rules} <= OWNERS


def test_nobody_owns_everything() -> None:
    owners = [rule.owner for _, rules in NORMS.values() for rule in rules.rules]
    assert owners.count("Diskominfo") < len(owners) * 0.55
    assert set(owners) == OWNERS


def test_what_public_evidence_proves_of_pemdi_is_one_item() -> None:
    assert [rule.criterion for rule in PEMDI_RULES.rules if rule.met_by] == ["I20.1.c"]
    assert {i.number: i.proves_level for i in PEMDI.indicators if i.proves_level} == {"20": 1}
    assert not any(rule.floor for rule in PEMDI_RULES.rules)


def test_borrowed_indices_alone_answer_their_indicators() -> None:
    for indicator in PEMDI.indicators:
        expected = {"5": "SDI", "6": "SJIG", "7": "IPS"}.get(indicator.number)
        assert (indicator.score_from == "external_index") == (expected is not None)
        for criterion in indicator.criteria:
            rule = PEMDI_RULES.rule(criterion.id)
            assert (rule.external_index, rule.attestation) == (expected, expected is None)


def test_items_stating_an_index_agree_with_its_bands() -> None:
    for number, name in (("5", "SDI"), ("6", "SJIG"), ("7", "IPS")):
        index = PEMDI.external_index(name)
        for band, level in zip(index.bands, PEMDI.indicator(number).levels, strict=True):
            stated = next(c.text for c in level.criteria if c.text.startswith("Nilai"))
            said = [Decimal(w.replace(",", ".")) for w in stated.split() if w[0].isdigit()]
            # The lower end of IPS is not printed.
            assert said == [band.min, band.max][-len(said) :] and len(said) == 2 - (stated.endswith("1,8"))


def test_a_ttl_stands_where_the_norm_gives_a_rhythm() -> None:
    assert {r.criterion: r.ttl for r in PEMDI_RULES.rules if r.ttl} == {
        "I20.2.c": timedelta(days=92),
        "I20.4.c": timedelta(days=184),
    }
    audits = {f"I{n}.{c}": timedelta(days=730) for n in (29, 30, 31) for c in ("2.a", "3.a", "3.b", "4.a")}
    assert {r.criterion: r.ttl for r in SPBE_RULES.rules if r.ttl} == audits


def test_what_may_refute_an_item_of_pemdi() -> None:
    refuted = {r.criterion: sorted(c.probe for c in r.refuted_by) for r in PEMDI_RULES.rules if r.refuted_by}
    assert refuted == {
        "I02.3.a": ["services_unreliable"],
        "I10.4.a": ["services_compromised", "services_replaced", "tls_failures"],
        "I13.4.a": ["applications_unconnected"],
        "I13.5.a": ["applications_unconnected"],
        "I19.2.a": ["service_down"],
        "I20.1.c": ["service_down"],
    }


def test_what_may_refute_a_criterion_of_spbe() -> None:
    """Beside policies, which FALSE of `regulation_in_force` refutes."""
    refuted = {r.criterion: sorted(c.probe for c in r.refuted_by) for r in SPBE_RULES.rules if r.refuted_by}
    services = {f"I{n}.{level}.a": ["service_down"] for n in range(32, 48) for level in (2, 3)}
    assert refuted == services | {
        "I18.2.a": ["applications_unconnected"],
        "I18.3.a": ["applications_unconnected"],
        "I22.3.a": ["services_compromised", "services_replaced", "tls_failures"],
        "I23.3.a": ["datasets_neglected"],
        "I28.3.b": ["services_unreliable"],
        "I28.4.a": ["service_down"],
    }


@BOTH
def test_no_probe_hints_at_what_it_also_refutes(name: str) -> None:
    """`tls_failures` and its like claim that something is broken: TRUE can never speak for a criterion."""
    bad = {"service_down", "services_unreliable", "tls_failures", "services_compromised", "services_replaced",
           "datasets_neglected", "applications_unconnected"}  # fmt: skip
    rules = NORMS[name][1]
    assert {c.probe for r in rules.rules for c in r.refuted_by} <= bad <= set(load_probes())
    assert not {c.probe for r in rules.rules for c in (*r.met_by, *r.hinted_by)} & bad


def test_what_was_not_found_in_the_regulation_is_marked() -> None:
    assert PEMDI.unverified_settings == (
        "level_to_score: proportional",
        "missing_values: floor",
        "predikat_from: unrounded",
        "aspect_predikat: same_bands",
        "crosswalk: praktisi",
        "rounding: half_up",
        *(f"external_indices: {name}" for name in ("SDI", "SJIG", "IPS", "IKASANDI")),
        *(f"indicator {n}: {field}" for n in (10, 11, 12, 18) for field in ("external_index", "score_from")),
    )


def _index(example: WorkedExample) -> tuple[Fraction, dict[str, Fraction]]:
    values = {code: Fraction(value) for code, value in example.values.items()}
    if example.given == "indicator":
        values = {
            a.number: sum(
                (Fraction(i.weight) * values[i.number] for i in PEMDI.indicators if i.aspect == a.number),
                Fraction(0),
            )
            / Fraction(a.weight)
            for a in PEMDI.aspects
        }
    total = sum((Fraction(a.weight) * values[a.number] for a in PEMDI.aspects), Fraction(0))
    return total / 100, values


def test_the_published_results_are_reproduced() -> None:
    """Tabel 3 of the regulation, and the assessor's sheet of 2026 with its seven aspects."""
    by_id = {example.id: example for example in PEMDI.worked_examples}
    index, _ = _index(by_id["tabel-3"])
    assert round(index, 1) == Fraction(by_id["tabel-3"].result)
    sheet = by_id["asesor-aceh-tengah-2026"]
    index, aspects = _index(sheet)
    assert sheet.exact is not None and index == Fraction(sheet.exact) == Fraction("1.2415")
    assert [b.predikat for b in PEMDI.bands if b.covers(index)] == [sheet.predikat] == ["Kurang"]
    for code, value in sheet.aspects.items():
        assert abs(aspects[code] - Fraction(value)) <= Fraction("0.005"), code


def test_examples_of_the_training_module_are_reproduced() -> None:
    sdi = PEMDI.external_index("SDI")
    assert [sdi.score(Decimal(v)) for v in ("25", "68.75", "12.5", "0")] == [
        Fraction(2), Fraction("3.75"), Fraction("1.5"), 1,
    ]  # fmt: skip
    assert PEMDI.external_index("IPS").level(Decimal("1.8")) == 2
    assert PEMDI.external_index("IPS").level(Decimal("4.20")) == 5
    assert PEMDI.external_index("SJIG").score(Decimal("2.73")) == Fraction("2.73")


# Against the facts this was made from, where they are at hand ------------------------------------------------


def facts() -> dict[str, Any]:
    path = DOMAIN / "pemdi-2026.yaml"
    if not path.is_file():
        pytest.skip("the facts about the norm are not at hand")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def levels_of(facts: dict[str, Any]) -> Iterator[tuple[str, int, list[str]]]:
    for indicator in facts["indicators"]:
        for level in indicator["levels"]:
            yield str(indicator["number"]), level["level"], level["criteria"]


@pytest.mark.samples
def test_items_are_in_our_own_words() -> None:
    for number, level, printed in levels_of(facts()):
        ours = PEMDI.indicator(number).level(level).criteria
        assert len(ours) == len(printed), (number, level)
        for criterion, verbatim in zip(ours, printed, strict=True):
            alike = difflib.SequenceMatcher(None, criterion.text.lower(), verbatim.lower()).ratio()
            assert alike < 0.76, (criterion, verbatim)


@pytest.mark.samples
def test_names_weights_and_carry_over_are_those_of_the_facts() -> None:
    for entry in facts()["indicators"]:
        indicator = PEMDI.indicator(str(entry["number"]))
        assert indicator.name == entry["name"]
        assert indicator.weight == entry["weight_pct"]
        assert indicator.aspect == str(entry["aspect"])
        carried = indicator.spbe_2020
        assert carried is not None
        assert carried.status == entry["spbe_2020_carry_over"]["status"]
        assert [int(n) for n in carried.indicators] == entry["spbe_2020_carry_over"]["indicators"]


@pytest.mark.samples
def test_owners_have_a_function_that_the_regulation_names() -> None:
    for entry in facts()["indicators"]:
        roles = {FUNCTIONS[f.removeprefix("Fungsi ")] for f in entry["peran_fungsi_instansi"]}
        for criterion in PEMDI.indicator(str(entry["number"])).criteria:
            assert PEMDI_RULES.rule(criterion.id).owner in roles, criterion.id
