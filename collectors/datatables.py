"""DataTables answers: ``{draw, recordsTotal, data: [[html, html, ...], ...]}``, taken for a table of a page.

Several JDIH sites load their rows so. Cells hold mark-up; rows are lists of cells or objects of named ones.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from collectors.evidence import ParseError
from collectors.plain_text import whole_characters

_ROW_KEYS = ("data", "aaData")
_TOTAL_KEYS = ("recordsFiltered", "recordsTotal", "iTotalDisplayRecords", "iTotalRecords")


@dataclass(frozen=True)
class DataTable:
    """One answer as mark-up: a `tr` per row, a `td` per cell, named by `data-key` where the row names it."""

    html: str
    total: int | None


def read_datatable(text: str, where: str, blocked: str | None) -> DataTable:
    """The rows of one answer.

    `blocked` is what the answer looks like where it is a block page. Raises ParseError for an answer without
    rows and without the word that there are none.
    """
    try:
        data: Any = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise ParseError(
            where, blocked or f"the answer is no JSON ({error})", "Check the address: it must be the data's"
        ) from error
    rows = (
        next((data[k] for k in _ROW_KEYS if isinstance(data.get(k), list)), None)
        if isinstance(data, dict)
        else None
    )
    if rows is None:
        raise ParseError(
            where, "the JSON is no DataTables answer", "Check the address: it must be the data's"
        )
    total = next((found for k in _TOTAL_KEYS if (found := _number(data.get(k))) is not None), None)
    return DataTable(f"<table>{''.join(map(_row, rows))}</table>", total)


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _row(row: Any) -> str:
    if isinstance(row, dict):
        cells = "".join(
            _cell(value, f' data-key="{escape(whole_characters(key))}"') for key, value in row.items()
        )
    else:
        cells = "".join(_cell(value, "") for value in (row if isinstance(row, list) else [row]))
    return f"<tr>{cells}</tr>"


def _cell(value: Any, name: str) -> str:
    """One cell. Mark-up is closed within it: what a cell leaves open must not swallow the next ones."""
    said = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = whole_characters(said)
    if "<" in text:
        try:
            parent = lxml_html.fragment_fromstring(f"<div>{text}</div>", create_parent="section")
            return f"<td{name}>{etree.tostring(parent, encoding='unicode', method='html')}</td>"
        except (etree.LxmlError, ValueError):
            # Control characters, which no mark-up may hold.
            return f"<td{name}>{escape(text)}</td>"
    return f"<td{name}>{text}</td>"
