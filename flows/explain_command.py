"""`pantau explain` in words: one indicator on a terminal, or a dossier of many in one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from dashboard.evidence_list import EvidenceList
from dashboard.formats import weight
from dashboard.wording import STATE_ICONS
from flows.terminal import escape
from transforms.indonesian_dates import moment
from transforms.views import CriterionView, IndexView, IndicatorView, PassageView, level_text

if TYPE_CHECKING:
    from dashboard.dossier import Form

_out = Console(highlight=False, soft_wrap=False)
_COLOURS = {"met": "green", "not_met": "red", "stale": "yellow", "error": "magenta"}
_PROSE = 88
"""Paragraphs are no wider than this, however wide the terminal is."""


class DossierError(Exception):
    """What was asked for cannot be written; the message says what can. Exit code 2."""


def number_of(indicator: str) -> str:
    """The number of an indicator as people write it: ``8`` of ``I08``."""
    return indicator.strip().upper().removeprefix("I").lstrip("0") or "0"


def with_texts(view: IndicatorView, index: IndexView) -> IndicatorView:
    """The indicator with Fakta and Analisis; drafted here where its copy does not have them."""
    from transforms.instrument import load_instrument
    from transforms.narrative import narrative

    if view.facts and view.analysis:
        return view
    told = narrative(view, load_instrument(index.instrument), index.as_of, index.time_zone)
    return replace(view, facts=told.facts, analysis=told.analysis)


def form_of(output: Path | None) -> Form:
    """The form of a dossier by the name of its file. Raises DossierError where it is none of both."""
    if output is None:
        raise DossierError("--all makes a dossier: say where with -o dosir.md or -o dosir.html")
    match output.suffix.lower():
        case ".md":
            return "md"
        case ".html":
            return "html"
    raise DossierError(f"-o {output}: a dossier is Markdown or HTML; name it dosir.md or dosir.html")


def write_dossier(
    output: Path, index: IndexView, views: Sequence[IndicatorView], about: str | None = None
) -> int:
    """Write the dossier of these indicators beside its place and rename it over; how many bytes it is."""
    from dashboard.dossier import dossier
    from transforms.instrument import load_instrument

    text = dossier(index, load_instrument(index.instrument), views, form_of(output), about).encode()
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        beside.write_bytes(text)
        beside.replace(output)
    finally:
        beside.unlink(missing_ok=True)
    return len(text)


def show_indicator(view: IndicatorView, index: IndexView) -> None:
    """One indicator: criteria with the words that decided, what is missing, both texts, the evidence."""
    numbered = EvidenceList([view])
    quoted: set[tuple[int, PassageView]] = set()
    _out.print(f"[bold]{view.number}. {escape(view.name)}[/]")
    place = " / ".join(escape(name) for name in (view.domain_name, view.aspect_name) if name)
    _out.print(f"{place}, bobot {weight(view.weight)}")
    _out.print(
        f"{escape(index.name)}, {index.instrument}, keadaan per {moment(index.as_of, index.time_zone)}"
    )
    official = f", resmi {level_text(view.official)}" if view.official is not None else ""
    proven, middle, possible = map(level_text, (view.proven, view.provisional, view.possible))
    _out.print(
        f"terbukti [bold]{proven}[/], nilai sementara [bold]{middle}[/], "
        f"potensi [bold]{possible}[/]{official}, cakupan {view.coverage * 100:.0f}%"
    )
    for level in sorted({criterion.level for criterion in view.criteria}):
        _heading(f"Tingkat {level}")
        for criterion in view.criteria:
            if criterion.level == level:
                _show_criterion(criterion, numbered, quoted)
    if view.provisional < 5 and view.missing:
        _heading(f"Yang kurang untuk tingkat {view.next_level}")
        for criterion in view.missing:
            _row(criterion.criterion, f"[bold]{escape(criterion.owner)}[/]: {escape(criterion.remedy)}")
    for title, text in (("Fakta", view.facts), ("Analisis", view.analysis)):
        _heading(f"{title} (draf)")
        for paragraph in text.split("\n\n"):
            _out.print(Padding(escape(paragraph), (0, 0, 1, 2), expand=False), width=min(_PROSE, _out.width))
    if numbered.entries:
        _out.print("[bold]Bukti[/]")
    for entry in numbered.entries:
        proof = entry.evidence
        status = f", HTTP {proof.status}" if proof.status else ""
        capture = proof.capture_id.removeprefix("<urn:uuid:").rstrip(">")
        _row(
            escape(f"[{entry.number}]"),
            f"{escape(proof.url)}\n[dim]{moment(proof.captured_at, index.time_zone)}{status}, "
            f"sumber {escape(proof.source)}\nSHA-256 {proof.digest}\n"
            f"{escape(proof.warc_file)}, bita {proof.warc_offset}\npantau evidence {escape(capture)}[/]",
        )


def _show_criterion(
    criterion: CriterionView, numbered: EvidenceList, quoted: set[tuple[int, PassageView]]
) -> None:
    """State, reason, hint and words of one criterion; words shown once before are only referred to."""
    colour = _COLOURS.get(criterion.state, "dim")
    grace = ", masa tenggang" if criterion.is_carried else ""
    state = f"[{colour}]{STATE_ICONS[criterion.state]} {criterion.state_name}{grace}[/]"
    if criterion.answered_by == "dasar skala":
        _row(criterion.criterion, f"{state}  [dim]{escape(criterion.reason)}[/]")
        return
    lines = [f"{state}  {escape(criterion.text)}", f"[dim]{escape(criterion.reason)}[/]"]
    if criterion.hint:
        cited = "".join(f" [{numbered.number(proof)}]" for proof in criterion.hint_evidence)
        lines.append(f"[dim]petunjuk: {escape(criterion.hint + cited)}[/]")
    again = []
    for proof in criterion.evidence:
        number = numbered.number(proof)
        fresh = [passage for passage in proof.passages if (number, passage) not in quoted]
        quoted |= {(number, passage) for passage in fresh}
        lines += [f"{escape(f'[{number}]')} [dim]{escape(passage.quote)}[/]" for passage in fresh]
        again += [] if fresh else [f"[{number}]"]
    if again:
        lines.append(f"[dim]bukti {escape(' '.join(again))}[/]")
    _row(criterion.criterion, "\n".join(lines))


def _heading(text: str) -> None:
    _out.print(f"\n[bold]{text}[/]")


def _row(mark: str, text: str) -> None:
    """A marked paragraph whose further lines stay to the right of the mark."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    _out.print(Padding(grid, (0, 0, 0, 2)))
