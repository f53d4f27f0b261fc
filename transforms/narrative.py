"""Fakta and Analisis of an indicator: the two texts that the assessment form asks for, drafted from evidence.

*Fakta* says what is observed: which document, number, year, title, status, day, address, and when it was
seen. *Analisis* says which level that proves under the instrument, with the place in its regulation, and why
not the next one. Pure and deterministic: the same view gives the same words.

Nothing is claimed above the proven level. What is not known is "belum ada bukti": it is never said that
something does not exist because it was not found. A hint is told as one, and stale evidence with its age.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from transforms.indonesian_dates import day, moment
from transforms.instrument import ExternalIndex, Indicator, Instrument
from transforms.levels import rung_of
from transforms.views import CriterionView, EvidenceView, IndicatorView, Level, PassageView, level_text

EVIDENCE_TOLD = 3
"""So many captures of one answer are told; the list of evidence has them all."""
DIGEST_TOLD = 16
"""So many hexadecimal digits of a digest are told."""
TIMES = "; waktu: "
"""From here on the words of a check are how long it took: in the list of evidence, not in the text."""

_DATE = re.compile(r"(?<![\w/.-])(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)-(\d\d)-(\d{4}))(?![\w-])")


@dataclass(frozen=True)
class Narrative:
    """Paragraphs, with an empty line between two."""

    facts: str
    analysis: str


def narrative(view: IndicatorView, norm: Instrument, as_of: datetime, zone: str) -> Narrative:
    """Both texts of one indicator as of the date scored; days and hours are told in the time zone `zone`."""
    teller = _Teller(view, norm, norm.indicator(view.number), as_of, zone)
    return Narrative("\n\n".join(teller.facts()), "\n\n".join(teller.analysis()))


def citation(norm: Instrument, indicator: Indicator) -> str:
    """Where the regulation prints the criteria of an indicator, as exactly as the instrument's file says."""
    regulation, _, _ = norm.criteria_source.partition(" hlm.")
    source = indicator.source
    if source is None:
        return norm.criteria_source
    return f"{regulation} {source}" if source.startswith("hlm.") else source


@dataclass(frozen=True)
class _Teller:
    view: IndicatorView
    norm: Instrument
    indicator: Indicator
    as_of: datetime
    zone: str

    # Fakta ----------------------------------------------------------------------------------------------

    def facts(self) -> Iterable[str]:
        """One paragraph for every answer, then hints, then what nothing is known of."""
        answered = [c for c in self.view.criteria if c.evidence]
        for group in _together(answered, lambda c: (c.answered_by, c.reason, c.state, self._aged(c))):
            yield self._fact(group)
        open_ones = [c for c in self.view.criteria if c.hint and not c.counts]
        for group in _together(open_ones, lambda c: (c.hint or "",)):
            said = (
                f"Petunjuk yang belum cukup sebagai bukti untuk {_ids(group)}: {_bare(group[0].hint or '')}."
            )
            proofs = group[0].hint_evidence
            yield f"{said} Terlihat di: {self._places(proofs)}." if proofs else said
        unknown = [c for c in self.view.criteria if c.state == "unknown"]
        if not answered:
            yield (
                f"Per {self._day(self.as_of)} belum ada bukti yang terbaca untuk indikator ini. Hal itu "
                "belum mengatakan apa-apa tentang pelaksanaannya."
            )
        elif unknown:
            yield f"Belum ada bukti untuk {_ids(unknown)}."

    def _fact(self, group: Sequence[CriterionView]) -> str:
        first = group[0]
        told = first.evidence[:EVIDENCE_TOLD]
        said = [self._said(group, e, p) for e in told for p in e.passages if _is_named(first, p)]
        if not any(said):
            said = [_sentence(first.reason)]
            if examples := [p.subject for e in told for p in e.passages if p.kind != "file"]:
                said.append(f"Misalnya: {'; '.join(dict.fromkeys(examples))}.")
        used = {
            "met": f"Dipakai untuk {_ids(group)}.",
            "not_met": f"Membantah {_ids(group)}.",
            "stale": f"Dahulu menjawab {_ids(group)}, kini basi{self._since(first)}.",
        }.get(first.state, f"Menyangkut {_ids(group)}.")
        return " ".join([*dict.fromkeys(filter(None, said)), f"Bukti: {self._places(first.evidence)}.", used])

    def _places(self, evidence: Sequence[EvidenceView]) -> str:
        """Where the first few captures come from, and how many more there are."""
        told = evidence[:EVIDENCE_TOLD]
        places = "; ".join(
            f"{e.url}, ditangkap {self._moment(e.captured_at)}, SHA-256 {e.digest[:DIGEST_TOLD]}"
            for e in told
        )
        rest = len(evidence) - len(told)
        return f"{places}; dan {rest} tangkapan lain" if rest else places

    def _said(self, group: Sequence[CriterionView], evidence: EvidenceView, passage: PassageView) -> str:
        """What one row of a capture says; nothing where another row says it already."""
        observed = group[0].observed_at
        dated = f" pada {day(passage.dated)}" if passage.dated else ""
        match passage.kind:
            case "regulation":
                status = (
                    f" dengan status “{passage.status}”" if passage.status else " tanpa keterangan status"
                )
                made = f", ditetapkan{dated}" if dated else ""
                seen = f"; terakhir terlihat {self._moment(observed)}" if observed else ""
                where = f" (rincian: {passage.address})" if passage.address else ""
                return f"Daftar {evidence.source} memuat {passage.subject}{status}{made}{where}{seen}."
            case "service":
                when = f" pada {self._moment(passage.happened_at)}" if passage.happened_at else ""
                shown, _, _ = passage.words.partition(TIMES)
                return f"Layanan {passage.subject} ({passage.address}) diperiksa{when}: {_bare(shown)}."
            case "application":
                return f"Registri {evidence.source} mencatat {_bare(passage.words)}."
            case "attestation":
                rest = _bare(passage.words.removeprefix(f"pernyataan: {passage.status}").lstrip("; "))
                return (
                    f"{passage.subject} menyatakan {_ids(group)} {passage.status}{dated} dengan berkas "
                    f"{passage.address}{f'; {rest}' if rest else ''}."
                )
            case "external_index":
                return f"{passage.subject} ditetapkan{dated}; {_bare(passage.words)}."
        return ""

    # Analisis -------------------------------------------------------------------------------------------

    def analysis(self) -> Iterable[str]:
        """Which level is proven and by what, why the provisional value is another, what is lacking."""
        if self.indicator.score_from == "external_index" and self.indicator.external_index:
            yield from self._borrowed(self.norm.external_index(self.indicator.external_index))
            return
        rung = self._rung(self.view.proven)
        yield self._proven(rung)
        yield from self._provisional()
        yield from self._next(rung)
        yield from self._above(rung)

    def _rung(self, value: Level) -> int:
        return rung_of(self.norm, value if isinstance(value, int) else Fraction(value))

    def _proven(self, rung: int) -> str:
        where = citation(self.norm, self.indicator)
        proven = level_text(self.view.proven)
        if self.norm.scale == "itemised":
            parts = [f"Bukti yang masih berlaku membuktikan skor {proven} menurut {where}."]
            setting = self.norm.level_to_score
            if setting is not None and setting.unverified:
                parts.append(
                    "Cara butir menjadi skor disimpulkan dari penilaian yang dipublikasikan dan belum "
                    "diverifikasi dalam peraturan."
                )
        elif rung == 1:
            parts = [
                f"Yang terbukti baru tingkat 1 ({self._stage(1)}), dasar skala yang berlaku tanpa bukti, "
                f"menurut {where}."
            ]
        else:
            parts = [
                f"Bukti yang masih berlaku membuktikan tingkat {rung} ({self._stage(rung)}) menurut {where}: "
                "semua kriterianya terpenuhi, begitu juga kriteria tingkat yang mendasarinya."
            ]
        for criterion in self.view.criteria:
            if criterion.level <= rung and criterion.state == "met" and criterion.evidence:
                parts.append(f"{criterion.criterion} terpenuhi: {_sentence(criterion.text)}")
        return " ".join(parts)

    def _provisional(self) -> Iterable[str]:
        """Why the provisional value lies above what is proven, where it does."""
        view = self.view
        if view.provisional == view.proven:
            return
        carried = [c for c in view.criteria if c.is_carried]
        parts = [f"Nilai sementara {level_text(view.provisional)} lebih tinggi dari yang terbukti."]
        # An official result below what is carried is not what the value comes from.
        if view.official is not None and view.official > view.proven and view.official >= view.provisional:
            capped = (
                f" Yang dipakai paling tinggi {level_text(view.possible)}, karena selebihnya terbantah."
                if view.official > view.provisional
                else ""
            )
            parts.append(
                f"Hasil resmi terakhir adalah {level_text(view.official)}; selama belum terbantah, hasil itu "
                f"dipakai sementara tanpa menggantikan bukti.{capped}"
            )
        if carried:
            parts.append(f"Bukti {_ids(carried)} sudah basi dan masih dihitung selama masa tenggang.")
        yield " ".join(parts)

    def _next(self, rung: int) -> Iterable[str]:
        """Why the level after the proven one is not proven, criterion by criterion, and what would do."""
        level = rung + 1
        if level > 5:
            yield "Tingkat 5 adalah tingkat tertinggi."
            return
        asked = [c for c in self.view.criteria if c.level == level]
        lacking = [c for c in asked if c.state != "met"]
        if not lacking:
            return
        met = len(asked) - len(lacking)
        of = f" ({met} dari {len(asked)} kriteria sudah berbukti)" if met else ""
        parts = [f"Tingkat {level} ({self._stage(level)}) belum terbukti{of}."]
        parts += [f"{c.criterion}, {_bare(c.text)}: {self._why(c)}" for c in lacking]
        yield " ".join(parts)
        yield "Yang diperlukan: " + " ".join(
            f"{owner}: {' '.join(dict.fromkeys(_sentence(c.remedy) for c in lacking if c.owner == owner))}"
            for owner in dict.fromkeys(c.owner for c in lacking)
        )

    def _why(self, criterion: CriterionView) -> str:
        match criterion.state:
            case "not_met":
                said = f"terbantah, {_bare(criterion.reason)}."
            case "stale":
                grace = ", masih dalam masa tenggang" if criterion.is_carried else ""
                said = f"buktinya basi{self._since(criterion)}{grace}."
            case "error":
                said = "pemeriksaannya gagal dijalankan."
            case _:
                said = "belum ada bukti."
        if criterion.hint:
            said += f" Petunjuk yang belum cukup sebagai bukti: {_bare(criterion.hint)}."
        return said

    def _above(self, rung: int) -> Iterable[str]:
        """What is met but does not count yet, and what caps the value for good."""
        early = [c for c in self.view.criteria if c.level > rung + 1 and c.state == "met"]
        if early:
            yield (
                f"{_ids(early)} sudah berbukti tetapi belum menaikkan nilai, karena setiap tingkat "
                "memerlukan tingkat di bawahnya."
            )
        refuted = [c for c in self.view.criteria if c.level > rung + 1 and c.state == "not_met"]
        if refuted:
            reasons = "; ".join(dict.fromkeys(f"{c.criterion}: {_bare(c.reason)}" for c in refuted))
            yield f"Di tingkat yang lebih tinggi terbantah: {reasons}."

    def _borrowed(self, index: ExternalIndex) -> Iterable[str]:
        """An indicator whose score is the converted index of another body."""
        where = citation(self.norm, self.indicator)
        known = [c for c in self.view.criteria if c.state in ("met", "not_met", "stale") and c.reason]
        yield f"Skor indikator ini diambil dari {index.id} ({index.name}) dari {index.owner} menurut {where}."
        if not known:
            yield (
                f"Belum ada nilai {index.id}, sehingga yang terbukti adalah {level_text(self.view.proven)}, "
                "dasar skala."
            )
            yield f"Yang diperlukan: {self.view.criteria[0].owner}: {_sentence(self.view.criteria[0].remedy)}"
            return
        first = known[0]
        said = f"{_sentence(first.reason)} Skor yang terbukti: {level_text(self.view.proven)}."
        if first.state == "stale":
            grace = " dan masih dihitung selama masa tenggang" if first.is_carried else ""
            said += f" Nilai itu basi{self._since(first)}{grace}."
        if index.unverified:
            said += " Rumus konversinya disimpulkan dan belum diverifikasi dalam peraturan."
        yield said
        below = [c for c in self.view.criteria if c.state == "not_met"]
        if below:
            yield f"Tingkat {below[0].level} ({self._stage(below[0].level)}) belum dicapai oleh nilai itu."

    def _stage(self, level: int) -> str:
        return self.indicator.level(level).stage or self.norm.ordered_bands[level - 1].predikat

    def _aged(self, criterion: CriterionView) -> str:
        return self._since(criterion) if criterion.state == "stale" else ""

    def _since(self, criterion: CriterionView) -> str:
        return f" sejak {self._day(criterion.expires_at)}" if criterion.expires_at else ""

    def _day(self, value: datetime) -> str:
        return self._moment(value).rsplit(" ", 2)[0]

    def _moment(self, value: datetime) -> str:
        return moment(value, self.zone)


def _together(
    criteria: Sequence[CriterionView], same: Callable[[CriterionView], tuple[str, ...]]
) -> list[list[CriterionView]]:
    """Criteria that share an answer, in the order of the first of each."""
    groups: dict[tuple[str, ...], list[CriterionView]] = {}
    for criterion in criteria:
        groups.setdefault(same(criterion), []).append(criterion)
    return list(groups.values())


def _ids(criteria: Sequence[CriterionView]) -> str:
    """``I08.2.a``, ``I08.2.a dan I08.3.a``, ``I08.2.a, I08.3.a, dan I08.4.a``."""
    ids = [criterion.criterion for criterion in criteria]
    if len(ids) < 3:
        return " dan ".join(ids)
    return f"{', '.join(ids[:-1])}, dan {ids[-1]}"


def _is_named(criterion: CriterionView, passage: PassageView) -> bool:
    """Whether a row is what the answer speaks of, not one of many that it counts."""
    match passage.kind:
        case "regulation":
            return criterion.answered_by != "probe listing_downloadable"
        case "service" | "application":
            return passage.subject in criterion.reason
        case "dataset":
            return False
    return True


def _bare(text: str) -> str:
    """A text without the full stop at its end, its dates as Indonesians write them."""
    return _DATE.sub(_written_out, text.strip()).rstrip(".")


def _sentence(text: str) -> str:
    bare = _bare(text)
    return f"{bare}." if bare else ""


def _written_out(found: re.Match[str]) -> str:
    year, month, of_month = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return day(date(int(year), int(month), int(of_month)))
    except ValueError:
        return found[0]
