"""Writes docs/kriteria.md, every criterion for officers to read. Run `python -m transforms.criteria_page`.

For each: what is asked, how it is answered, who owns it, how long an answer holds, what refutes it, what
hints at it, and what to do. It says nothing that the norm's files do not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from transforms.instrument import (
    Indicator,
    Instrument,
    ProbeCall,
    Rule,
    Rules,
    Topic,
    instrument_ids,
    load_instrument,
    load_probes,
    load_rules,
    load_topics,
)
from transforms.refused_evidence import refused_kinds

PAGE = Path(__file__).parents[1] / "docs" / "kriteria.md"

INTRODUCTION = """\
# Kriteria

Halaman ini ditulis oleh `python -m transforms.criteria_page` dari `transforms/instruments/`,
`transforms/rules/`, dan `transforms/refused_evidence.yml`; jangan disunting dengan tangan.

Setiap indikator punya satu tabel. Cara membacanya:

- **Dijawab oleh**: satu cara yang terpenuhi sudah cukup. *Pernyataan* ialah pernyataan bertanda tangan dengan
  berkas buktinya. *Dasar skala* terpenuhi tanpa bukti. Yang lain dibaca mesin dari bukti terbuka, dan tidak
  pernah dipakai untuk membuktikan lebih dari yang dapat ditunjukkannya.
- **Masa berlaku**: berapa lama jawaban dianggap segar. Bila bukan angka, lamanya menurut jenis bukti itu,
  seperti tertulis pada `freshness` berkas institusi.
- **Digugurkan oleh**: bukti yang membantah. Yang tidak ditemukan tidak pernah membantah. Pernyataan juga
  digugurkan oleh pernyataan sesudahnya yang mencabut atau menyangkalnya.
- **Petunjuk**: ditampilkan di samping kriteria yang belum terjawab, tidak pernah mengubah skor.
- *(belum diverifikasi)* menandai yang tidak ditemukan dalam peraturan sendiri.

Nama pemilik ialah peran; perangkat daerah yang memegangnya berbeda-beda antardaerah. Kalimat kriteria memakai
kata-kata kami sendiri; yang mengikat ialah teks peraturannya.
"""

KINDS = {"regulation": "peraturan", "uptime": "pemeriksaan layanan", "application": "registri dan katalog"}
HEADER = """\
| kriteria | tingkat | yang diminta | dijawab oleh | pemilik | masa berlaku | yang perlu dilakukan |
|---|---|---|---|---|---|---|"""
UNVERIFIED = " *(belum diverifikasi)*"

CLAIMS: Mapping[str, str] = {
    "regulation_in_force": "produk hukum tentang {topic} yang berlaku{issuer}",
    "listing_downloadable": "sebagian besar produk hukum dalam daftar JDIH dapat diunduh",
    "service_shows_function": "layanan berfungsi {function} untuk indikator {indicator} SPBE terbuka umum",
    "service_down": "semua layanan berfungsi {function} untuk indikator {indicator} SPBE mati",
    "services_measured": "ketersediaan layanan diukur terus-menerus",
    "services_unreliable": "ada layanan yang sering mati dalam 30 hari terakhir",
    "https_everywhere": "semua layanan yang dipantau memakai HTTPS dengan sertifikat sah",
    "tls_failures": "ada layanan tanpa HTTPS atau dengan sertifikat tidak sah",
    "services_compromised": "ada layanan yang halamannya disusupi iklan judi",
    "services_replaced": "ada layanan yang halamannya tiba-tiba diganti halaman asing",
    "application_active": "registri mencatat aplikasi aktif untuk {topic}",
    "applications_integrated": "registri mencatat aplikasi aktif yang terintegrasi",
    "applications_unconnected": "registri mencatat {share} belum terintegrasi",
    "datasets_downloadable": "sebagian besar himpunan data terbuka dapat diunduh dalam format terbuka",
    "datasets_neglected": "katalog data terbuka terbengkalai",
}
"""What each probe claims, with its parameters in words."""

DENIALS: Mapping[str, str] = {
    "regulation_in_force": "semua produk hukum tentang {topic} dalam daftar sudah dicabut",
    "service_shows_function": CLAIMS["service_down"],
}
"""What a probe of `met_by` says when its claim is FALSE. A probe that is never FALSE is not here."""

SETTINGS: Mapping[str, str] = {
    "proportional": "sebanding dengan bagian butir yang terpenuhi, di dalam selang tingkat yang dikejar",
    "floor": "nilai dasar 1,00",
    "unrounded": "indeks sebelum dibulatkan",
    "rounded": "indeks sesudah dibulatkan",
    "same_bands": "selang yang sama dengan indeks",
    "none": "tidak ada",
    "praktisi": "pemetaan praktisi",
}
"""What the rule of a setting means."""


@dataclass(frozen=True)
class _Names:
    """The names of topics and the kinds of probes, by id."""

    topics: Mapping[str, str]
    kinds: Mapping[str, str]


_SHARES = {"sebagian": "ada aplikasi aktif yang", "semua": "semua aplikasi aktif (lima atau lebih)"}


def criteria_page(norms: Iterable[tuple[Instrument, Rules]], topics: Iterable[Topic]) -> str:
    """The whole page as Markdown."""
    names = _Names(
        topics={topic.id: topic.name for topic in topics},
        kinds={probe.id: KINDS[probe.kind] for probe in load_probes().values()},
    )
    return "\n".join([INTRODUCTION, *(_norm(norm, rules, names) for norm, rules in norms)])


def _norm(norm: Instrument, rules: Rules, names: _Names) -> str:
    answered = Counter(_ways(rule) for rule in rules.rules)
    owners = Counter(rule.owner for rule in rules.rules)
    parts = [
        f"## {norm.short_name}: {norm.legal_basis}\n",
        f"{len(norm.aspects)} aspek, {len(norm.indicators)} indikator, {len(rules.rules)} kriteria. "
        f"Sumber kriteria: {norm.criteria_source}.\n",
        "| dijawab oleh | kriteria |\n|---|--:|",
        *(f"| {way} | {count} |" for way, count in sorted(answered.items(), key=lambda e: (-e[1], e[0]))),
        "",
        "| pemilik | kriteria |\n|---|--:|",
        *(f"| {owner} | {count} |" for owner, count in sorted(owners.items(), key=lambda e: (-e[1], e[0]))),
        "",
        *_open_questions(norm),
        *_refused_everywhere(norm),
    ]
    for aspect in norm.aspects:
        parts.append(f"### Aspek {aspect.number}. {aspect.name} (bobot {_number(aspect.weight)}%)\n")
        parts += [_indicator(norm, i, rules, names) for i in norm.indicators if i.aspect == aspect.number]
    return "\n".join(parts)


def _open_questions(norm: Instrument) -> Iterable[str]:
    """What decides numbers and was not found in the regulation."""
    settings = (
        ("Dari butir menjadi skor", norm.level_to_score),
        ("Indikator tanpa nilai", norm.missing_values),
        ("Predikat diambil dari", norm.predikat_from),
        ("Predikat aspek", norm.aspect_predikat),
        ("Padanan dengan SPBE 2020", norm.crosswalk),
    )
    lines = [
        f"- {label}: {SETTINGS[setting.rule]}. {setting.note or ''}".rstrip()
        for label, setting in settings
        if setting is not None and setting.unverified
    ]
    if norm.rounding.unverified:
        lines.append(f"- Pembulatan: {norm.rounding.digits} angka di belakang koma. {norm.rounding.source}.")
    lines += [
        f"- Nilai {index.id} ({index.owner}), {index.source}. {index.note or ''}".rstrip()
        for index in norm.external_indices
        if index.unverified
    ]
    return ["Belum diverifikasi, dan menentukan angka:\n", *lines, ""] if lines else []


def _refused_everywhere(norm: Instrument) -> Iterable[str]:
    """What assessors refuse whatever the indicator; a kind that names no indicator concerns every one."""
    kinds = [kind for kind in refused_kinds(norm.id, norm.indicators[0].number) if not kind.indicators]
    lines = [f"- {kind.text}{UNVERIFIED if kind.unverified else ''}" for kind in kinds]
    return ["Ditolak asesor untuk indikator mana pun:\n", *lines, ""] if lines else []


def _indicator(norm: Instrument, indicator: Indicator, rules: Rules, names: _Names) -> str:
    lines = [
        f"#### {indicator.number}. {indicator.short_name} (bobot {_number(indicator.weight)}%)\n",
        " ".join(_about(norm, indicator)) + "\n",
        *([f"{indicator.note}\n"] if indicator.note else []),
        HEADER,
    ]
    remarks: list[str] = []
    for level in indicator.levels:
        stage = f"{level.level} {level.stage}".rstrip()
        for criterion in level.criteria:
            rule = rules.rule(criterion.id)
            cells = (
                criterion.id,
                stage,
                criterion.text,
                _answered(rule, names),
                rule.owner,
                _holds(rule, names),
                rule.remedy,
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
            remarks += _remarks(rule, names)
    remarks += _refusals(norm, indicator)
    return "\n".join([*lines, "", *remarks, *([""] if remarks else [])])


def _about(norm: Instrument, indicator: Indicator) -> Iterable[str]:
    """Where an indicator comes from, what else speaks on it, and what public evidence proves of it."""
    yield f"{indicator.name}."
    if indicator.source:
        yield f"Sumber: {indicator.source}."
    if indicator.external_index:
        borrowed = indicator.score_from == "external_index"
        used = (
            "skor dari nilai itu saja" if borrowed else "disebut untuk indikator ini, tetapi skor dari bukti"
        )
        mark = UNVERIFIED if "external_index" in indicator.unverified else ""
        yield f"Indeks luar {indicator.external_index}: {used}{mark}."
    if indicator.spbe_2020 is not None and indicator.spbe_2020.indicators:
        mark = UNVERIFIED if norm.crosswalk is not None and norm.crosswalk.unverified else ""
        yield f"Padanan SPBE 2020: {', '.join(indicator.spbe_2020.indicators)}{mark}."
    if indicator.proves_level:
        yield f"Bukti terbuka saja membuktikan paling tinggi tingkat {indicator.proves_level}."
    elif indicator.score_from == "evidence":
        yield "Bukti terbuka saja tidak membuktikan butir mana pun."


def _remarks(rule: Rule, names: _Names) -> Iterable[str]:
    """What refutes a criterion and what hints at it, one line each."""
    if refutations := _refuted(rule, names):
        yield f"- {rule.criterion} digugurkan oleh: {'; '.join(refutations)}."
    if rule.hinted_by:
        hints = "; ".join(_claim(CLAIMS, call, names) for call in rule.hinted_by)
        yield f"- {rule.criterion} petunjuk: {hints}."


def _refusals(norm: Instrument, indicator: Indicator) -> Iterable[str]:
    """What assessors refuse for this indicator; what they refuse for all stands above."""
    for kind in refused_kinds(norm.id, indicator.number):
        if kind.indicators:
            levels = ", ".join(map(str, kind.levels))
            mark = UNVERIFIED if kind.unverified else ""
            yield f"- Ditolak asesor (tingkat {levels}): {kind.text}{mark}"


def _ways(rule: Rule) -> str:
    ways = (
        ("dasar skala", rule.floor),
        ("indeks luar", rule.external_index is not None),
        ("bukti terbuka", bool(rule.met_by)),
        ("pernyataan", rule.attestation),
    )
    return " atau ".join(way for way, holds in ways if holds)


def _answered(rule: Rule, names: _Names) -> str:
    if rule.floor:
        return "dasar skala"
    ways = [_claim(CLAIMS, call, names) for call in rule.met_by]
    if rule.external_index:
        ways.append(f"nilai indeks {rule.external_index} mencapai tingkat ini")
    if rule.attestation:
        ways.append("pernyataan")
    return "; atau ".join(ways)


def _holds(rule: Rule, names: _Names) -> str:
    if rule.floor:
        return "tetap"
    if rule.ttl is not None:
        return f"{rule.ttl.days} hari"
    kinds = [names.kinds[call.probe] for call in rule.met_by]
    kinds += ["indeks luar"] if rule.external_index else []
    kinds += ["pernyataan"] if rule.attestation else []
    return ", ".join(dict.fromkeys(kinds))


def _refuted(rule: Rule, names: _Names) -> list[str]:
    """What stands against a criterion; a denial of `met_by` counts only where no other way is met."""
    found = [_claim(CLAIMS, call, names) for call in rule.refuted_by]
    denied = (_claim(DENIALS, call, names) for call in rule.met_by if call.probe in DENIALS)
    found += [f"{text} (kecuali cara lain terpenuhi)" for text in denied if text not in found]
    if rule.external_index:
        found.append(f"nilai indeks {rule.external_index} di bawah tingkat ini")
    return found


def _claim(words: Mapping[str, str], call: ProbeCall, names: _Names) -> str:
    given = dict(call.with_)
    return words[call.probe].format(
        topic=names.topics.get(given.get("topic", ""), ""),
        issuer=", juga keputusan kepala unit" if given.get("issuer") == "unit" else "",
        share=_SHARES.get(given.get("share", ""), ""),
        indicator=given.get("indicator", ""),
        function=given.get("function", ""),
    )


def _number(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text.replace(".", ",")


def current_page() -> str:
    """The page for the norms as they are."""
    norms = [(norm, load_rules(norm)) for norm in map(load_instrument, instrument_ids())]
    norms.sort(key=lambda entry: entry[0].valid_from)
    return criteria_page(norms, load_topics())


if __name__ == "__main__":
    PAGE.write_text(current_page(), encoding="utf-8")
