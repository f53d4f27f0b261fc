"""A document's own page: its status, dates and relations, which many listings do not show."""

from __future__ import annotations

from dataclasses import dataclass

from bs4 import BeautifulSoup

from collectors.block_pages import blocked_reason
from collectors.encodings import decode_text
from collectors.html_listing import Detail, cell_of, charset_of
from collectors.indonesian import clean_text
from collectors.legal_relations import Relation
from collectors.legal_titles import own_number
from collectors.regulation_rows import Cells, Notes
from collectors.relation_blocks import relations_in


@dataclass(frozen=True)
class DetailPage:
    """What one page says. `title` is never empty; the rest is None or empty where it says nothing."""

    title: str
    status: str | None
    enacted_on: str | None
    promulgated_on: str | None
    relations: tuple[Relation, ...]


def read_detail(
    payload: bytes, headers: tuple[tuple[str, str], ...], detail: Detail, where: str, notes: Notes
) -> DetailPage | None:
    """The page's facts, or None with a note where it is no detail page (a block page, an error page)."""
    text, _ = decode_text(payload, charset_of(headers))
    soup = BeautifulSoup(text, "lxml")
    title = clean_text(cell_of(soup, detail.title))
    blocked = blocked_reason(headers, payload)
    if title is None or blocked is not None:
        notes.count("halaman rincian tidak terbaca", f"{where}: {blocked or 'tanpa judul'}")
        return None
    stated = relations_in(soup, detail.relations, "rincian") if detail.relations else ()
    return DetailPage(
        title=title,
        status=cell_of(soup, detail.status),
        enacted_on=cell_of(soup, detail.enacted_on),
        promulgated_on=cell_of(soup, detail.promulgated_on),
        relations=tuple(stated),
    )


def about_the_same(cells: Cells, page: DetailPage) -> bool:
    """Whether row and page may be of one document: not where each names itself by another number."""
    own, shown = own_number(clean_text(cells.title) or ""), own_number(page.title)
    return own is None or shown is None or (own.number, own.year) == (shown.number, shown.year)
