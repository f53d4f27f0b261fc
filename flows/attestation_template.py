"""The workbook that officers fill in: what is asked of each criterion, how it stands, and where to write.

Laid out as `collectors.attestation_workbook` says, which reads it back. Texts from outside are written as
texts, never as formulas; only the cells to fill in are unlocked.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from collectors.attestation_files import DOCUMENT_KINDS
from collectors.attestation_workbook import (
    COLUMNS,
    COMPLETE,
    FILLED,
    HEADER_ROW,
    LOCKED,
    NEEDED,
    SEAL_SHEET,
    letter,
    seal_rows,
)
from collectors.plain_text import spreadsheet_text, without_controls
from transforms.instrument import Indicator, Instrument, Rules
from warehouse.attestation_view import KnownState, StandView

GUIDE_SHEET = "Petunjuk"
LIST_SHEET = "_daftar"
_UNKNOWN = KnownState("belum dinilai", "Belum ada penilaian menurut instrumen ini.")
_REASON_LENGTH = 300
_GUIDE_WIDTH = 96

_WIDTHS = {
    "kriteria": 9, "indikator": 10, "tingkat": 8.5, "uraian": 42, "status": 12, "alasan": 30, "diminta": 34,
    "pemilik": 15, "pernyataan": 14, "penandatangan": 19, "jabatan": 19, "tanggal": 13, "cakupan": 19,
    "berkas": 22, "jenisdokumen": 15, "berlakusejak": 13, "kedaluwarsa": 13, "catatan": 19, COMPLETE: 24,
}  # fmt: skip
_DATES = ("tanggal", "berlakusejak", "kedaluwarsa")
_CENTRED = ("kriteria", "indikator", "tingkat", "status", *_DATES)

_NAVY, _WHITE, _BAND, _INPUT, _GREY = "1F3864", "FFFFFF", "DCE6F1", "FFFBE6", "F2F2F2"
_STATES = {
    "terpenuhi": "E2EFDA",
    "tidak terpenuhi": "F8D7DA",
    "basi": "FFE5B4",
    "galat": "F8D7DA",
}
_THIN = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)

_STEPS = (
    "Buka lembar domain. Tiap baris adalah satu kriteria; kolom kiri menyatakan apa yang diminta dan status "
    "saat ini. Saringlah judul kolom Pemilik untuk menemukan baris perangkat daerah Anda.",
    "Isi hanya sel kuning. Baris yang tidak hendak Anda nyatakan biarkan kosong. Sel lain terkunci; baris "
    "yang kode atau bunyi kriterianya berubah ditolak.",
    "Pernyataan: pilih terpenuhi, tidak terpenuhi, atau dicabut (menarik pernyataan yang pernah dibuat).",
    "Penandatangan dan Jabatan: pejabat yang menandatangani. Tanggal tanda tangan tidak boleh di masa depan.",
    'Cakupan: untuk siapa berlaku, misalnya "seluruh perangkat daerah" atau "Dinas Kesehatan".',
    "Berkas bukti: nama berkas, misalnya SK-arsitektur.pdf. Letakkan berkasnya satu folder dengan buku kerja "
    "ini. Jangan mengubah isi berkas setelah ditandatangani.",
    "Jenis dokumen: pilih yang paling sesuai. Draf, surat edaran, dan halaman login dapat ditolak, karena "
    "asesor juga menolaknya.",
    "Berlaku sejak dan Kedaluwarsa boleh kosong: pernyataan lalu berlaku sejak ditandatangani, selama masa "
    "segar yang diatur institusi. Kolom Lengkap? menyebut apa yang masih kurang pada baris itu.",
    "Simpan, lalu serahkan bersama berkas buktinya kepada pengelola Pantau SPBE, yang menjalankan pantau "
    "attest import. Baris yang ditolak disebut beserta selnya; baris lain tetap masuk.",
)


@dataclass(frozen=True)
class Origin:
    """Where a workbook comes from. `id` is new for every template; its versions share it."""

    id: str
    made_at: datetime
    made_by: str


@dataclass(frozen=True)
class _Group:
    """The indicators of one sheet."""

    sheet: str
    title: str
    indicators: tuple[Indicator, ...]


def template(instrument: Instrument, rules: Rules, stand: StandView, origin: Origin) -> bytes:
    """The workbook as XLSX."""
    book = Workbook()
    guide = book.active
    assert isinstance(guide, Worksheet)
    guide.title = GUIDE_SHEET
    groups = tuple(_groups(instrument))
    asked: list[tuple[str, str, str, str]] = []
    for group in groups:
        asked += _write_group(book.create_sheet(group.sheet), group, rules, stand)
    _write_guide(guide, groups, instrument, stand, origin)
    _write_lists(book)
    sealed = book.create_sheet(SEAL_SHEET)
    rows = seal_rows(origin.id, stand.institution, instrument.id, [g.sheet for g in groups], asked)
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            _put(sealed.cell(number, column), text)
    _lock(sealed)
    sealed.sheet_state = "veryHidden"
    book.security = WorkbookProtection(lockStructure=True)
    book.properties.creator = "Pantau SPBE"
    book.properties.title = f"Pernyataan {instrument.short_name} {stand.name}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _groups(instrument: Instrument) -> Iterator[_Group]:
    """A sheet per domain; per aspect where the instrument has no domains."""
    if instrument.domains:
        for domain in instrument.domains:
            inside = tuple(i for i in instrument.indicators if i.domain == domain.number)
            yield _Group(f"Domain {domain.number}", f"Domain {domain.number}: {domain.name}", inside)
        return
    for aspect in instrument.aspects:
        inside = tuple(i for i in instrument.indicators if i.aspect == aspect.number)
        yield _Group(f"Aspek {aspect.number}", f"Aspek {aspect.number}: {aspect.name}", inside)


def _font(**style: Any) -> Font:
    return Font(name="Calibri", **style)


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """Points that a row of wrapped texts takes, each in a column of that width.

    Written down since not every program works it out when it opens a file.
    """
    lines = max(len(wrap(text, max(int(width), 1))) for text, width in texts)
    return 15.0 * max(lines, 1) + 3


def _put(cell: Cell | object, text: str) -> None:
    """Write a text as a text: what begins like a formula is not one."""
    assert isinstance(cell, Cell)
    cell.value = spreadsheet_text(without_controls(text))
    cell.data_type = "s"
    if not cell.font.bold:
        cell.font = _font()


# One sheet -------------------------------------------------------------------------------------------


def _write_group(
    sheet: Worksheet, group: _Group, rules: Rules, stand: StandView
) -> list[tuple[str, str, str, str]]:
    asked: list[tuple[str, str, str, str]] = []
    for column, (key, title) in enumerate(COLUMNS.items(), start=1):
        sheet.column_dimensions[letter(key)].width = _WIDTHS[key]
        cell = sheet.cell(HEADER_ROW, column)
        _put(cell, title)
        cell.font = _font(bold=True, color=_WHITE)
        cell.fill = PatternFill("solid", fgColor=_NAVY if key not in FILLED else "7F6000")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = _BORDER
    number = HEADER_ROW + 1
    for indicator in group.indicators:
        lines = [
            (level.level, criterion)
            for level in indicator.levels
            for criterion in level.criteria
            if not rules.rule(criterion.id).floor
        ]
        if not lines:
            continue
        _write_band(sheet, number, len(lines), indicator, stand)
        number += 1
        for level, criterion in lines:
            rule = rules.rule(criterion.id)
            known = stand.criteria.get(criterion.id, _UNKNOWN)
            texts = {
                "kriteria": criterion.id,
                "indikator": criterion.id.split(".")[0],
                "tingkat": str(level),
                "uraian": criterion.text,
                "status": known.state,
                "alasan": _short(known.reason),
                "diminta": rule.remedy,
                "pemilik": rule.owner,
            }
            _write_line(sheet, number, texts, is_open=rule.attestation, is_even=level % 2 == 0)
            # As the cells show them: an apostrophe may stand in front.
            sealed = [spreadsheet_text(without_controls(texts[key])) for key in list(LOCKED)[:4]]
            asked.append((sealed[0], sealed[1], sealed[2], sealed[3]))
            number += 1
    last = number - 1
    _write_head(sheet, group, stand, last)
    _validate(sheet, HEADER_ROW + 1, last)
    sheet.freeze_panes = f"{letter('status')}{HEADER_ROW + 1}"
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{letter(COMPLETE)}{last}"
    _print(sheet, group.title)
    _lock(sheet)
    return asked


def _write_head(sheet: Worksheet, group: _Group, stand: StandView, last: int) -> None:
    _put(sheet["A1"], group.title)
    sheet["A1"].font = _font(bold=True, size=14, color=_NAVY)
    moment = f"keadaan {_moment(stand.as_of, stand)}" if stand.as_of else "belum dinilai"
    _put(sheet["A2"], f"{stand.name} · {moment} · isi hanya sel kuning")
    sheet["A2"].font = _font(italic=True, color="595959")
    whole = f"{letter(COMPLETE)}{HEADER_ROW + 1}:{letter(COMPLETE)}{last}"
    sheet[f"{letter(COMPLETE)}2"] = f'=COUNTIF({whole},"{COMPLETE}")&" baris lengkap"'
    sheet[f"{letter(COMPLETE)}2"].font = _font(bold=True)
    sheet.row_dimensions[1].height = 22
    sheet.row_dimensions[HEADER_ROW].height = 32


def _write_band(sheet: Worksheet, number: int, lines: int, indicator: Indicator, stand: StandView) -> None:
    for column in range(1, len(COLUMNS) + 1):
        cell = sheet.cell(number, column)
        cell.fill = PatternFill("solid", fgColor=_BAND)
        cell.border = Border(top=_THIN, bottom=_THIN)
        cell.font = _font(bold=True, color=_NAVY)
        cell.alignment = Alignment(vertical="center")
    reached = stand.levels.get(indicator.number)
    _put(sheet.cell(number, 1), f"Indikator {indicator.number}: {indicator.short_name}")
    if reached:
        _put(sheet[f"{letter('status')}{number}"], f"Tingkat {reached}")
    complete = letter(COMPLETE)
    rows = f"{complete}{number + 1}:{complete}{number + lines}"
    sheet[f"{complete}{number}"] = f'=COUNTIF({rows},"{COMPLETE}")&" dari {lines} lengkap"'
    sheet.row_dimensions[number].height = 19


def _write_line(
    sheet: Worksheet, number: int, texts: dict[str, str], *, is_open: bool, is_even: bool
) -> None:
    for key, text in texts.items():
        cell = sheet[f"{letter(key)}{number}"]
        _put(cell, text)
        colour = _STATES.get(text) if key == "status" else None
        if colour or is_even:
            cell.fill = PatternFill("solid", fgColor=colour or _GREY)
    for key in FILLED:
        cell = sheet[f"{letter(key)}{number}"]
        if is_open:
            cell.fill = PatternFill("solid", fgColor=_INPUT)
            cell.protection = Protection(locked=False)
        if key in _DATES:
            cell.number_format = "dd/mm/yyyy"
    if not is_open:
        _put(sheet[f"{letter('pernyataan')}{number}"], "")
    sheet[f"{letter(COMPLETE)}{number}"] = _complete(number)
    sheet.row_dimensions[number].height = _height((text, _WIDTHS[key]) for key, text in texts.items())
    for key in COLUMNS:
        cell = sheet[f"{letter(key)}{number}"]
        cell.border = _BORDER
        cell.alignment = Alignment(
            vertical="top", wrap_text=True, horizontal="center" if key in _CENTRED else None
        )


def _complete(number: int) -> str:
    """The formula that says what a row still lacks; nothing where nothing is filled in."""

    def at(key: str) -> str:
        return f"{letter(key)}{number}"

    lacking = [(f'{at(key)}=""', FILLED[key].lower()) for key in NEEDED]
    lacking += [
        (f"{at('tanggal')}>TODAY()", "tanggal belum tiba"),
        (
            f'AND({at("kedaluwarsa")}<>"",{at("kedaluwarsa")}<=MAX({at("tanggal")},{at("berlakusejak")}))',
            "kedaluwarsa terlalu awal",
        ),
        (f'AND({at("kedaluwarsa")}<>"",{at("kedaluwarsa")}<TODAY())', "sudah kedaluwarsa"),
    ]
    whole = ",".join(test for test, _ in lacking)
    said = "&".join(f'IF({test},"{what}; ","")' for test, what in lacking)
    cells = f"{at(next(iter(FILLED)))}:{at(list(FILLED)[-1])}"
    return f'=IF(COUNTA({cells})=0,"",IF(OR({whole}),"kurang: "&{said},"{COMPLETE}"))'


def _validate(sheet: Worksheet, first: int, last: int) -> None:
    def over(key: str, rule: DataValidation, title: str, hint: str, error: str) -> None:
        rule.promptTitle, rule.prompt, rule.showInputMessage = title, hint, True
        rule.errorTitle, rule.error, rule.showErrorMessage = "Tidak dapat diisi demikian", error, True
        rule.allow_blank = True
        rule.add(f"{letter(key)}{first}:{letter(key)}{last}")
        sheet.add_data_validation(rule)

    over(
        "pernyataan",
        DataValidation(type="list", formula1=f"={LIST_SHEET}!$A$1:$A$3"),
        "Pernyataan",
        "terpenuhi, tidak terpenuhi, atau dicabut (menarik pernyataan sebelumnya).",
        "Pilih dari daftar: terpenuhi, tidak terpenuhi, dicabut.",
    )
    over(
        "jenisdokumen",
        DataValidation(type="list", formula1=f"={LIST_SHEET}!$B$1:$B${len(DOCUMENT_KINDS)}"),
        "Jenis dokumen",
        "Pilih yang paling sesuai. Draf, surat edaran, dan halaman login dapat ditolak.",
        "Pilih jenis dokumen dari daftar.",
    )
    over(
        "tanggal",
        DataValidation(type="date", operator="between", formula1="DATE(2000,1,1)", formula2="TODAY()"),
        "Tanggal tanda tangan",
        "Tanggal, misalnya 24/11/2026; tidak di masa depan.",
        "Tulis tanggal antara 1 Januari 2000 dan hari ini.",
    )
    for key, hint in (
        ("berlakusejak", "Boleh kosong: berlaku sejak ditandatangani."),
        ("kedaluwarsa", "Boleh kosong. Hari terakhir pernyataan ini berlaku."),
    ):
        over(
            key,
            DataValidation(
                type="date", operator="between", formula1="DATE(2000,1,1)", formula2="DATE(2100,12,31)"
            ),
            FILLED[key],
            hint,
            "Tulis tanggal, misalnya 24/11/2026.",
        )
    place = f"{letter(COMPLETE)}{first}:{letter(COMPLETE)}{last}"
    corner = f"{letter(COMPLETE)}{first}"
    for formula, colour in ((f'{corner}="{COMPLETE}"', "C6EFCE"), (f'LEFT({corner},6)="kurang"', "FFE5B4")):
        style = DifferentialStyle(fill=PatternFill("solid", bgColor=colour))
        rule = Rule(type="expression", dxf=style, formula=[formula])
        sheet.conditional_formatting.add(place, rule)


def _print(sheet: Worksheet, title: str) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 8  # A3: nineteen columns are too small to read on A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.7
    # Below the bottom margin, or it has no room and is left out.
    sheet.page_margins.footer = 0.3
    left, right = sheet.oddFooter.left, sheet.oddFooter.right  # type: ignore[union-attr]
    assert left is not None and right is not None
    left.text, right.text = title.replace("&", "&&"), "Halaman &P dari &N"


def _lock(sheet: Worksheet) -> None:
    """Lock what is not to be filled in, without a password: it guards against slips, not against will."""
    sheet.protection.sheet = True
    # In the format "true" forbids.
    sheet.protection.autoFilter = False
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False


# The other sheets ------------------------------------------------------------------------------------


def _write_guide(
    sheet: Worksheet, groups: Sequence[_Group], instrument: Instrument, stand: StandView, origin: Origin
) -> None:
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = _GUIDE_WIDTH
    sheet.sheet_view.showGridLines = False
    _put(sheet["A1"], f"Pernyataan (atestasi) {instrument.short_name}")
    sheet["A1"].font = _font(bold=True, size=16, color=_NAVY)
    sheet.row_dimensions[1].height = 26
    facts = (
        ("Institusi", f"{stand.name} ({stand.institution})"),
        ("Instrumen", f"{instrument.name} ({instrument.id})"),
        ("Dasar", instrument.legal_basis),
        ("Keadaan pada", _moment(stand.as_of, stand) if stand.as_of else "belum pernah dinilai"),
        ("Sidik aturan", (stand.ruleset_hash or "-")[:12]),
        ("Dibuat", f"{_moment(origin.made_at, stand)} oleh {origin.made_by}"),
        ("Nomor buku kerja", origin.id),
    )
    number = 3
    for name, text in facts:
        _fact(sheet, number, name, text)
        number += 1
    number = _title(sheet, number + 1, "Langkah")
    for step, text in enumerate(_STEPS, start=1):
        _fact(sheet, number, f"{step}.", text)
        sheet[f"A{number}"].alignment = Alignment(horizontal="right", vertical="top", indent=1)
        number += 1
    number = _title(sheet, number + 1, "Kemajuan")
    for group in groups:
        column = f"'{group.sheet}'!{letter(COMPLETE)}:{letter(COMPLETE)}"
        sheet[f"A{number}"] = (
            f'=COUNTIF({column},"{COMPLETE}")&" lengkap, "&COUNTIF({column},"kurang*")&" kurang"'
        )
        sheet[f"A{number}"].font = _font(bold=True)
        _put(sheet[f"B{number}"], group.title)
        number += 1
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 1
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    _lock(sheet)


def _title(sheet: Worksheet, number: int, text: str) -> int:
    _put(sheet[f"A{number}"], text)
    sheet[f"A{number}"].font = _font(bold=True, size=12, color=_NAVY)
    return number + 1


def _fact(sheet: Worksheet, number: int, name: str, text: str) -> None:
    _put(sheet[f"A{number}"], name)
    sheet[f"A{number}"].font = _font(bold=True)
    sheet[f"A{number}"].alignment = Alignment(vertical="top")
    _put(sheet[f"B{number}"], text)
    sheet[f"B{number}"].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.row_dimensions[number].height = _height([(text, _GUIDE_WIDTH)])


def _write_lists(book: Workbook) -> None:
    lists = book.create_sheet(LIST_SHEET)
    for number, word in enumerate(("terpenuhi", "tidak terpenuhi", "dicabut"), start=1):
        _put(lists.cell(number, 1), word)
    for number, word in enumerate(DOCUMENT_KINDS.values(), start=1):
        _put(lists.cell(number, 2), word)
    _lock(lists)
    lists.sheet_state = "hidden"


def _moment(moment: datetime, stand: StandView) -> str:
    return f"{moment.astimezone(ZoneInfo(stand.time_zone)):%d/%m/%Y %H.%M}"


def _short(text: str) -> str:
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 1].rstrip() + "…"
