"""The norm's own files, and every contradiction the loader has to find in a broken copy of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from transforms.instrument import (
    ROOT,
    Instrument,
    InstrumentError,
    Rules,
    load_instrument,
    load_models,
    load_probes,
    load_rules,
    load_topics,
    parameters_of,
    ruleset_hash,
)

NORM = "instruments/spbe-2020.yml"
RULES = "rules/spbe-2020.yml"


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return load_instrument("spbe-2020")


@pytest.fixture(scope="module")
def rules(instrument: Instrument) -> Rules:
    return load_rules(instrument)


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the norm's folder in which one text of one file is replaced by another."""
    for name in ("instruments", "rules", "probes", "models"):
        shutil.copytree(ROOT / name, tmp_path / "transforms" / name)
    shutil.copy(ROOT / "topics.yml", tmp_path / "transforms" / "topics.yml")

    def replace(file: str, old: str, new: str) -> Path:
        path = tmp_path / "transforms" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path / "transforms"

    return replace


def test_counts_of_the_regulation(instrument: Instrument) -> None:
    assert (len(instrument.domains), len(instrument.aspects), len(instrument.indicators)) == (4, 8, 47)
    assert [i.number for i in instrument.indicators] == [str(n) for n in range(1, 48)]
    assert all(len(i.levels) == 5 for i in instrument.indicators)


def test_weights_of_tabel_7_to_9(instrument: Instrument) -> None:
    weights = {i.number: i.weight for i in instrument.indicators}
    expected = {"1": "1.3", "11": "2.5", "21": "1.5", "32": "2.75", "42": "3.0", "47": "3.0"}
    assert {number: weights[number] for number in expected} == {n: Decimal(w) for n, w in expected.items()}
    assert [d.weight for d in instrument.domains] == [Decimal(w) for w in ("13", "25", "16.5", "45.5")]


def test_bands_of_tabel_13(instrument: Instrument) -> None:
    assert [(b.predikat, b.min, b.max, b.max_inclusive) for b in instrument.bands] == [
        ("Kurang", Decimal("1.0"), Decimal("1.8"), False),
        ("Cukup", Decimal("1.8"), Decimal("2.6"), False),
        ("Baik", Decimal("2.6"), Decimal("3.5"), False),
        ("Sangat Baik", Decimal("3.5"), Decimal("4.2"), False),
        ("Memuaskan", Decimal("4.2"), Decimal("5.0"), True),
    ]
    assert instrument.predikat_from.rule == "unrounded"
    assert (instrument.rounding.digits, instrument.rounding.mode) == (2, "half_up")


def test_levels_build_on_the_one_below_except_where_the_table_is_printed_shifted(
    instrument: Instrument,
) -> None:
    unusual = {
        (i.number, level.level): level.builds_on
        for i in instrument.indicators
        for level in i.levels
        if level.builds_on != level.level - 1
    }
    assert unusual == {("3", 4): 2}


def test_a_statement_about_a_level_covers_its_criteria(instrument: Instrument) -> None:
    assert instrument.criteria_named("I16.3") == ("I16.3.a", "I16.3.b")
    assert instrument.criteria_named("I16.3.b") == ("I16.3.b",)
    assert instrument.criteria_named("I16") == ()
    assert [c.id for c in instrument.criteria_of("3")][-1] == "I03.5.a"


def test_unknown_codes_are_refused(instrument: Instrument, rules: Rules) -> None:
    for lookup in (instrument.indicator, instrument.aspect, instrument.domain, rules.rule):
        with pytest.raises(InstrumentError, match="48"):
            lookup("48")
    with pytest.raises(InstrumentError, match="spbe-2020"):
        load_instrument("spbe-2030")


def test_probes_meet_only_what_public_evidence_can_prove(instrument: Instrument, rules: Rules) -> None:
    proven = {rule.criterion for rule in rules.rules if rule.met_by}
    policies = {f"I{n:02d}.2.a" for n in range(1, 13)}
    services = {f"I{n}.2.a" for n in (32, 33, 34, 35, 40, 42, 43, 44, 45, 46, 47)} | {"I35.3.a", "I42.3.a"}
    assert proven == policies | services
    floors = {rule.criterion for rule in rules.rules if rule.floor}
    assert floors == {f"I{n:02d}.1.a" for n in range(1, 48)}
    assert all(rule.attestation != rule.floor for rule in rules.rules)


def test_all_public_evidence_together_proves_little(instrument: Instrument, rules: Rules) -> None:
    """A pipeline that sees only what is public can prove 1.555 at most (Kurang): the rest is attested."""
    reached = {i.number: 1 for i in instrument.indicators}
    for indicator, level, criterion in instrument.placed():
        if rules.rule(criterion.id).met_by:
            reached[indicator.number] = level.level
    assert reached == {i.number: i.proves_level for i in instrument.indicators}
    assert sum(i.weight * i.proves_level for i in instrument.indicators) / 100 == Decimal("1.555")


def test_every_answer_is_described_in_words(rules: Rules) -> None:
    assert rules.rule("I01.1.a").answered_by == "dasar skala"
    assert rules.rule("I01.3.a").answered_by == "atestasi"
    assert rules.rule("I44.2.a").answered_by == (
        "probe listing_downloadable, probe service_shows_function, atestasi"
    )
    assert all(rule.remedy.endswith(".") and rule.owner for rule in rules.rules)


def test_calls_are_distinct_and_sorted(rules: Rules) -> None:
    calls = rules.calls()
    assert list(calls) == sorted(set(calls), key=lambda call: call.key)
    assert "regulation_in_force(issuer=pimpinan, topic=arsitektur)" in [call.key for call in calls]


def test_models_read_only_core_and_earlier_models() -> None:
    models = load_models()
    assert [model.name for model in models] == [
        "institution_current",
        "source_seen",
        "regulation_current",
        "regulation_listing",
        "regulation_titled",
        "regulation_topic",
        "service_window",
        "check_fault",
        "check_up",
        "service_check",
        "service_ever",
        "service_failure",
        "service_per_day",
        "service_per_month",
        "service_reversal",
        "service_state",
        "service_shows",
        "application_current",
        "application_topic",
        "dataset_current",
        "page_known",
        "page_reading",
        "page_ever",
        "page_week",
        "service_compromise",
        "service_change",
    ]
    for model in models:
        assert parameters_of(model.sql) <= {"as_of", "institutions"}


BREAKAGES: list[tuple[str, str, str, str]] = [
    # file, text, replaced by, what the message must say
    (NORM, 'weight: "1.3"', 'weight: "1.4"', "indicators: weights sum to 100.10, not 100"),
    (NORM, 'weight: "1.3"', 'weight: "1.4"', "aspects.1.weight: is 13.0; its indicators sum to 13.1"),
    (NORM, 'domain: "2", weight: "10.0"', 'domain: "2", weight: "11.0"', "domains.2.weight: is 25.0"),
    (NORM, 'weight: "1.3"', "weight: 1.3", "indicators.0.weight: write 1.3 in quotes"),
    (NORM, 'weight: "1.3"', 'weight: "satu"', "indicators.0.weight: 'satu' is not a decimal number"),
    (NORM, '- number: "1"', "- number: 1", "indicators.0.number: 1 must be a quoted string"),
    (NORM, 'max: "1.8"', 'max: "1.9"', "bands: Kurang must end where Cukup begins"),
    (NORM, ", max_inclusive: true", "", "bands: they must cover 1 up to and including 5"),
    (NORM, "id: I01.4.b", "id: I01.4.a", "indicators.1.levels.4.criteria: 'I01.4.a' must be 'I01.4.b'"),
    (NORM, "id: I01.2.a", "id: I02.2.a", "'I02.2.a' must be 'I01.2.a'"),
    (NORM, "builds_on: 2", "builds_on: 4", "indicators.3.levels.4.builds_on: cannot build on 4"),
    (NORM, "      - level: 2\n", "      - level: 3\n", "indicators.1.levels: must be the levels 1 to 5"),
    (NORM, 'depends_on: ["11"]', 'depends_on: ["99"]', "indicators.1.depends_on: there is no indicator '99'"),
    (NORM, '- number: "2"\n', '- number: "1"\n', "indicators: number '1' is used more than once"),
    (NORM, 'domain: "1"\n', 'domain: "2"\n', "indicators.1.domain: aspect 1 is not in domain 2"),
    (NORM, 'aspect: "1"\n', 'aspect: "9"\n', "indicators.1.aspect: there is no aspect '9'"),
    (NORM, 'domain: "1", weight', 'domain: "7", weight', "aspects.1.domain: there is no domain '7'"),
    (NORM, "owner: Kementerian", "pemilik: x\nowner: Kementerian", "pemilik: unknown key"),
    (NORM, "id: spbe-2020", "id: spbe-2021", "id: is 'spbe-2021' but the file is named 'spbe-2020'"),
    (NORM, "short_name: SPBE", "short_name: SPBE\nshort_name: X", "the key 'short_name' is written twice"),
    (NORM, "bands:", "bands: [", "not usable YAML"),
    (RULES, "  I01.2.a:", "  I01.2.z:", "rules.I01.2.a: the criterion has no rule"),
    (RULES, "  I01.2.a:", "  I01.2.z:", "rules.I01.2.z: spbe-2020 has no such criterion"),
    (RULES, "  I01.2.a:", "  I01.1.a:", "the key 'I01.1.a' is written twice"),
    (RULES, "instrument: spbe-2020", "instrument: spbe", "instrument: is 'spbe', not 'spbe-2020'"),
    (
        RULES,
        "probe: regulation_in_force",
        "probe: regulation",
        "rules.I01.2.a: there is no probe 'regulation'",
    ),
    (RULES, ", issuer: pimpinan", "", "rules.I01.2.a: regulation_in_force takes ['issuer', 'topic']"),
    (RULES, "topic: arsitektur,", "topic: gedung,", "rules.I01.2.a: topics.yml has no topic 'gedung'"),
    (RULES, "topic: arsitektur,", "topic: aplikasi_aset,", "no topic 'aplikasi_aset' for a regulation"),
    (
        RULES,
        "{attestation: true}",
        "{attestation: true, floor: true}",
        "give one of probe, external_index, attestation, floor",
    ),
    (RULES, "[{floor: true}]", "[{attestation: true}]", "level 1, and only level 1, is met by {floor: true}"),
    (RULES, "[{attestation: true}]", "[{floor: true}]", "level 1, and only level 1, is met by {floor: true}"),
    (RULES, "[{attestation: true}]", "[]", "nothing can meet it"),
    (
        RULES,
        "refuted_by: [{probe: services_compromised}, {probe: services_replaced}, {probe: tls_failures}]",
        "refuted_by: [{floor: true}]",
        "only a probe can stand here",
    ),
    (
        RULES,
        "{probe: datasets_neglected}",
        "{probe: tls_failures}",
        "no rule uses the probe 'datasets_neglected'",
    ),
    (RULES, "topic: rekomendasi_tik", "topic: proses_bisnis", "no rule uses the topic 'rekomendasi_tik'"),
    (
        RULES,
        "  I01.3.a:\n    owner: Diskominfo\n    met_by: [{attestation: true}]",
        "  I01.3.a:\n    owner: Diskominfo\n    met_by: [{probe: tls_failures}]",
        "rules.I01.3.a.met_by: indicator 1 can be proven by probes up to level 2 only",
    ),
    (
        RULES,
        "met_by: [{floor: true}]",
        "met_by: [{floor: true}]\n    hinted_by: [{probe: tls_failures}]",
        "rules.I01.1.a.met_by: the floor is met without evidence",
    ),
    (
        "topics.yml",
        "- id: dokumen_arsitektur",
        "- id: arsitektur",
        "topics.arsitektur: the id is used more than once",
    ),
    ("topics.yml", "<tim>", "<regu>", "topics.arsitektur: '<regu>': there is no such phrase"),
    ("topics.yml", r"'\bsatu data\b'", r"'satu (data'", "is not a regular expression"),
    ("topics.yml", r"'\bsatu data\b'", r"'\b(?=satu)'", "no look-around"),
    ("topics.yml", r"'\bsatu data\b'", r"'Satu Data'", "use lower case"),
    ("topics.yml", r"'\bsatu data\b'", r"'(?:satu data)?'", "would match every title"),
    (
        "topics.yml",
        "for: regulation",
        "for: service",
        "topics.0.for: Input should be 'regulation' or 'application'",
    ),
    (
        "probes/probes.yml",
        "tls_failures:",
        "tls_failure:",
        "tls_failures: the file tls_failures.sql has no entry",
    ),
    ("probes/probes.yml", "tls_failures:", "tls_failure:", "tls_failure: there is no file tls_failure.sql"),
    ("probes/probes.yml", "[topic, issuer]", "[topic]", "regulation_in_force.parameters: declares ['topic']"),
    ("probes/probes.yml", "kind: regulation", "kind: cuaca", "regulation_in_force.kind: Input should be"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BREAKAGES)
def test_a_contradiction_is_named(
    broken: Callable[[str, str, str], Path], file: str, old: str, new: str, message: str
) -> None:
    root = broken(file, old, new)
    with pytest.raises(InstrumentError) as raised:
        load_rules(load_instrument("spbe-2020", root), root)
    lines = str(raised.value).splitlines()
    assert any(message in line for line in lines), lines
    assert all(file in line for line in lines)


def test_a_model_without_a_number_is_refused(broken: Callable[[str, str, str], Path]) -> None:
    root = broken(NORM, "id: spbe-2020", "id: spbe-2020")
    (root / "models" / "01_source_seen.sql").rename(root / "models" / "source_seen.sql")
    with pytest.raises(InstrumentError, match=r"models/source_seen\.sql: name it"):
        load_models(root)


def _hash(root: Path) -> str:
    norm = load_instrument("spbe-2020", root)
    return ruleset_hash(norm, load_rules(norm, root), load_topics(root), load_probes(root), load_models(root))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (NORM, "Kebijakan Arsitektur SPBE ditetapkan", "Kebijakan Arsitektur ditetapkan"),
        (RULES, "{probe: tls_failures}", "{probe: services_unreliable}, {probe: tls_failures}"),
        ("topics.yml", r"'\bsatu data\b'", r"'\bsatu data$'"),
        ("probes/tls_failures.sql", "AS answer", "  AS answer"),
        ("models/04_service_state.sql", "INTERVAL 720 HOUR", "INTERVAL 700 HOUR"),
    ],
)
def test_the_hash_moves_with_everything_that_decides(
    broken: Callable[[str, str, str], Path], file: str, old: str, new: str
) -> None:
    assert _hash(broken(file, old, new)) != _hash(ROOT)


@pytest.mark.parametrize("file", [NORM, RULES, "topics.yml", "probes/tls_failures.sql"])
def test_the_hash_does_not_move_with_comments(broken: Callable[[str, str, str], Path], file: str) -> None:
    root = broken(NORM, "id: spbe-2020", "id: spbe-2020")
    path = root / file
    mark = "--" if file.endswith(".sql") else "#"
    path.write_text(f"{mark} another word\n\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert _hash(root) == _hash(ROOT)


def test_loading_needs_no_database() -> None:
    """The command line reads the norm at every start: it must not drag in DuckDB, pandas or Prefect."""
    code = (
        "import sys; from transforms.instrument import load_instrument, load_rules;"
        "load_rules(load_instrument('spbe-2020'));"
        "print(sorted({'duckdb', 'pandas', 'prefect', 'great_expectations'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert done.stdout.strip() == "[]"
