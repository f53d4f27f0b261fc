"""Norms with an itemised scale: what the loader reads, and every contradiction it has to find."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.itemised_instrument import itemised, write_norm
from transforms.instrument import InstrumentError, load_instrument, load_rules, ruleset_hash


def test_an_itemised_norm_is_read() -> None:
    norm, rules = itemised()
    assert (norm.scale, norm.domains, norm.aspects[0].domain) == ("itemised", (), "")
    assert norm.indicator("1").spbe_2020 is not None
    assert [len(level.criteria) for level in norm.indicator("1").levels] == [3, 2, 1, 3, 2]
    assert rules.rule("I01.1.a").ttl == timedelta(days=10)
    assert rules.rule("I02.3.a").external_index == "KANAN"
    assert rules.rule("I02.3.a").answered_by == "nilai indeks KANAN"


def test_what_was_not_found_in_the_norm_is_listed() -> None:
    norm, _ = itemised()
    assert norm.unverified_settings == (
        "level_to_score: proportional",
        "missing_values: floor",
        "aspect_predikat: same_bands",
        "crosswalk: praktisi",
        "rounding: half_up",
        "external_indices: KIRI",
        "indicator 2: external_index",
    )
    assert load_instrument("spbe-2020").unverified_settings == ()


@pytest.mark.parametrize(
    ("index", "value", "level", "score"),
    [
        ("KANAN", "0", 1, "1"), ("KANAN", "12.5", 1, "1.5"), ("KANAN", "12.5001", 2, "1.500004"),
        ("KANAN", "25", 2, "2"), ("KANAN", "37.5", 2, "2.5"), ("KANAN", "62.5", 3, "3.5"),
        ("KANAN", "68.75", 4, "3.75"), ("KANAN", "75", 4, "4"), ("KANAN", "75.5", 5, "4.02"),
        ("KANAN", "100", 5, "5"),
        ("KIRI", "1", 1, "1"), ("KIRI", "1.79", 1, "1.49375"), ("KIRI", "1.8", 2, "1.5"),
        ("KIRI", "2.59999", 2, "2.4999875"), ("KIRI", "2.6", 3, "2.5"), ("KIRI", "3.5", 4, "3.5"),
        ("KIRI", "4.2", 5, "4"), ("KIRI", "5", 5, "5"),
    ],
)  # fmt: skip
def test_an_external_index_turns_into_a_score(index: str, value: str, level: int, score: str) -> None:
    entry = itemised()[0].external_index(index)
    assert (entry.level(Decimal(value)), entry.score(Decimal(value))) == (level, Fraction(score))


@pytest.mark.parametrize(("index", "value"), [("KANAN", "-0.01"), ("KANAN", "100.01"), ("KIRI", "0.99")])
def test_a_value_outside_its_scale_is_refused(index: str, value: str) -> None:
    with pytest.raises(InstrumentError, match="outside its scale"):
        itemised()[0].external_index(index).score(Decimal(value))


def test_an_index_nobody_defined_is_refused() -> None:
    with pytest.raises(InstrumentError, match="no external index 'IPKD'"):
        itemised()[0].external_index("IPKD")


N, R = "instrument", "rules"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (N, 'max: "1.5", min_inclusive: true, max_inclusive: true', 'max: "1.5", max_inclusive: false',
         "Kurang must end where Cukup begins, and one of them hold that value"),
        (N, 'min: "1.5", max: "2.5", min_inclusive: false', 'min: "1.5", max: "2.5", min_inclusive: true',
         "Kurang must end where Cukup begins, and one of them hold that value"),
        (N, 'min: "1.5", max: "2.5", min_inclusive: false', 'min: "1.4", max: "2.5", min_inclusive: false',
         "Kurang must end where Cukup begins"),
        (N, 'min: "1.0", max: "1.5", min_inclusive: true', 'min: "1.0", max: "1.5", min_inclusive: false',
         "must cover 1 up to and including 5"),
        (N, "level_to_score: {rule: proportional, unverified: true, note: disimpulkan}\n", "",
         "level_to_score: an itemised scale, and no other"),
        (N, "rule: proportional", "rule: setengah", "level_to_score"),
        (N, "scale: itemised\n", "", "level_to_score: an itemised scale, and no other"),
        (N, '{level: 2, min: "12.5"', '{level: 2, min: "12.6"', "KANAN.bands: level 1 must end where level 2"),
        (N, 'score_min: "1.5", score_max: "2.5"', 'score_min: "1.6", score_max: "2.5"', "KANAN.bands: level 1"),
        (N, 'min: "75", max: "100"', 'min: "75", max: "99"', "cover the scale of 0 to 100"),
        (N, 'score_min: "4.0", score_max: "5.0"', 'score_min: "4.0", score_max: "4.9"', "scores must go from"),
        (N, "id: KIRI", "id: KANAN", "the id 'KANAN' is used more than once"),
        (N, "external_index: KIRI", "external_index: TIADA", "there is no external index 'TIADA'"),
        (N, "    external_index: KIRI\n", "", "score_from: name the index in external_index"),
        (N, "unverified: [external_index]", "unverified: [eksternal]", "'eksternal' is no field"),
        (N, 'weight: "35"', 'weight: "34"', "indicators: weights sum to 99, not 100"),
        (N, "name: Aspek satu,", 'name: Aspek satu, domain: "1",', "aspects.1.domain: there is no domain '1'"),
        (N, "      - level: 2\n", "      - level: 2\n        builds_on: 0\n", "builds_on"),
        (N, "id: I01.1.c", "id: I01.1.d", "'I01.1.d' must be 'I01.1.c'"),
        (R, "I01.1.c: {owner: Diskominfo, met_by: [{attestation: true}]",
         "I01.1.c: {owner: Diskominfo, met_by: [{floor: true}]", "its floor is 1"),
        (R, "I02.1.a: {owner: Bappeda, met_by: [{external_index: KANAN}]",
         "I02.1.a: {owner: Bappeda, met_by: [{attestation: true}]", "is scored from KANAN alone"),
        (R, "I02.1.a: {owner: Bappeda, met_by: [{external_index: KANAN}]",
         "I02.1.a: {owner: Bappeda, met_by: [{external_index: KIRI}]", "is not KIRI"),
        (R, "{external_index: KANAN}", "{external_index: KANAN, attestation: true}", "give one of probe"),
        (R, "ttl: 10d", "ttl: 10", "is not a number of days; write 365d"),
        (R, "ttl: 10d", "ttl: 0d", "is not a number of days; write 365d"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    root = write_norm(tmp_path / "transforms", old=old, new=new, file=file)
    with pytest.raises(InstrumentError) as raised:
        load_rules(load_instrument("desimal", root), root)
    assert any(message in line for line in str(raised.value).splitlines()), str(raised.value)


def test_a_key_that_a_norm_does_not_use_changes_no_hash() -> None:
    norm, rules = itemised()
    plain = ruleset_hash(norm, rules, (), {}, ())
    with_default = norm.model_copy(update={"repealed_by": None})
    assert ruleset_hash(with_default, rules, (), {}, ()) == plain
    assert ruleset_hash(norm.model_copy(update={"repealed_by": "x"}), rules, (), {}, ()) != plain
