"""Legal listings: a JDIHN feed or the pages of a site, fetched whole and read into regulations.

What a listing says of a product's status proves little (see `legal_titles.status_of`); that a product is
listed, under its title, is the evidence.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from collectors import html_listing, jdihn
from collectors.bodies import CHUNK_BYTES, decoded
from collectors.detail_page import about_the_same, read_detail
from collectors.digest_set import DigestSet, digest
from collectors.drop_folder import read_file, top_files
from collectors.evidence import Capture, Fetched, Parsed, ParseError, RegulationRecord, Reject, joined
from collectors.fetch_error import FetchError
from collectors.html_listing import Detail, Form, load_profile
from collectors.http import HttpSession
from collectors.institution import Source
from collectors.posted_form import PostedForm
from collectors.regulation_rows import Cells, Notes, clean_url, to_record

_SUFFIXES = {"jdihn": (".json", ".txt"), "html": (".html", ".htm")}
PART_ROWS = 10_000
_PEEK_BYTES = 1024
_COLLECT_AGAIN = "Collect again; if it stays so, tell the site's owner"
_IDENTITY = tuple(
    f.name for f in fields(RegulationRecord) if f.name not in ("position", "capture_id", "file_url")
)
_FAILURES_IN_A_ROW = 3
_LOCAL_HOST = re.compile(r"^(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[?::1\]?)$")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Page:
    """One document of a listing as either format gives it. `rows` can be gone through more than once."""

    count: int
    rows: Callable[[], Iterable[Cells | Reject]]
    next_link: str | None
    total: int | None


@dataclass(frozen=True)
class _Row:
    """A row whose document has a page of its own: its place among the records, its cells, and their base."""

    at: int
    cells: Cells
    base: str


# Fetching ------------------------------------------------------------------------------------------------


def fetch(source: Source, session: HttpSession) -> Iterator[Fetched]:
    """Every document of the listing in order: redirects, pages, and the error page where it ends in one.

    Pages are followed by the link each gives to the next, and end where there is none, where a page has no
    rows, or where one shows the rows of the page before (servers repeat the last page past the end). Where a
    run failed just now, and the first page still shows what it did, the pages it had are not asked for again.
    Raises FetchError after the last document, so that a listing that could not be read to its end is never
    taken for a short one: ``http_<status>`` for an error page, ``loop`` for pages that go in a circle,
    ``too_many_pages`` when `max_pages` are read and there are more, ``robots`` where robots.txt forbids a
    page, ``not_allowed`` for a link to another host, ``profile`` for a profile that does not exist,
    ``no_token`` for a form without its token, besides those of HttpSession.
    """
    if source.path is not None:
        folder, names = top_files(source.path, _SUFFIXES[source.format or "jdihn"])
        for name in names:
            yield read_file(
                folder,
                name,
                session.clock(),
                max_bytes=source.max_bytes,
                spool_folder=session.spool_folder,
            )
        return
    assert source.url is not None
    _profile_exists(source)
    address = source.url
    ask: Callable[[str], Fetched] = session.get
    form = _form_of(source)
    if form is not None:
        session.obey_robots(address)
        # Never one that the server confirms: its token was that of another session.
        page = session.get(address, headers={})
        yield from session.redirects
        yield page
        _refuse_error(page, 0)
        posted = PostedForm(form, next_address(page.url, form.action), page, session)
        ask, address = posted.ask, posted.first
    links: list[str] = []
    visited: list[str] = []
    shown: list[bytes] = []
    is_resumed = False
    while True:
        kept = session.earlier(address) if is_resumed else None
        if kept is None:
            session.obey_robots(address)
            document = ask(address)
            yield from session.redirects
        else:
            document = kept
        yield document
        _refuse_error(document, len(visited))
        visited.append(address)
        step = _next_step(document, source, shown, links)
        if len(visited) == 1:
            is_resumed = _begins_as_before(session.earlier(address), source, shown)
        if step is None or step == address:
            yield from _details(source, session, links)
            return
        if step in visited:
            raise FetchError(
                step,
                "loop",
                f"page {len(visited)} leads back to page {visited.index(step) + 1}; {_COLLECT_AGAIN}",
            )
        if len(visited) >= source.max_pages:
            raise FetchError(
                step, "too_many_pages", f"{len(visited)} pages were read and there are more; raise max_pages"
            )
        address = step


def _refuse_error(document: Fetched, pages_before: int) -> None:
    if document.status is not None and document.status >= 400:
        raise FetchError(
            document.url,
            f"http_{document.status}",
            f"the site answered {document.status} {document.reason}".strip()
            + (f" on page {pages_before + 1}" if pages_before else "")
            + "; open the address in a browser and correct it, or tell the site's owner",
        )


def _begins_as_before(earlier: Fetched | None, source: Source, shown: Sequence[bytes]) -> bool:
    """Whether the first page shows what it did in the run that failed; else all pages may have shifted."""
    if earlier is None or not shown:
        return False
    try:
        page = _page(partial(decoded, earlier), earlier.headers, earlier.url, source, 1, Notes())
    except (ParseError, FetchError):
        return False
    return _signature(page) == shown[0]


def _profile_exists(source: Source) -> None:
    if source.format == "html":
        try:
            load_profile(source.profile or "")
        except ParseError as error:
            raise FetchError(source.url or "", "profile", str(error)) from error


def _form_of(source: Source) -> Form | None:
    return load_profile(source.profile or "").form if source.format == "html" else None


def _detail_of(source: Source) -> Detail | None:
    return load_profile(source.profile or "").detail if source.format == "html" else None


def _details(source: Source, session: HttpSession, links: Sequence[str]) -> Iterator[Fetched]:
    """The documents' own pages, as far as they are asked for; the listing is whole without them.

    So a page that fails is left out, and three failures in a row end it: the next run tries again.
    """
    detail = _detail_of(source)
    if detail is None:
        return
    limit = source.max_details if source.max_details is not None else detail.max if detail.follow else 0
    session.keep_apart(detail.delay_seconds)
    failures = 0
    for link in list(dict.fromkeys(links))[:limit]:
        if failures == _FAILURES_IN_A_ROW:
            return
        try:
            session.obey_robots(link)
            document = session.get(link)
        except FetchError as error:
            failures += 1
            log.warning("%s: detail page left out: %s", source.id, error)
            continue
        yield from session.redirects
        yield document
        failures = failures + 1 if document.status is not None and document.status >= 400 else 0


def _next_step(document: Fetched, source: Source, shown: list[bytes], links: list[str]) -> str | None:
    """The address of the next page, or None at the end.

    `shown` gathers what each page showed, `links` the addresses of the documents' own pages.
    """
    with decoded(document) as stream:
        head = stream.read(_PEEK_BYTES)
        # To the end: a body that is damaged fails the run.
        while stream.read(CHUNK_BYTES):
            pass
    if not shown and source.format == "jdihn" and head.lstrip().startswith(b"["):
        # A bare array names no next page: it need not be read to know that.
        return None
    try:
        page = _page(partial(decoded, document), document.headers, document.url, source, 1, Notes())
    except ParseError:
        # Nothing can be followed from here. Loading reads the same bytes and says what is wrong with them.
        return None
    if not shown and page.next_link is None and _detail_of(source) is None:
        return None
    signature = _signature(page)
    if page.count == 0 or (shown and signature == shown[-1]):
        return None
    if signature in shown:
        raise FetchError(
            document.url,
            "loop",
            f"page {len(shown) + 1} shows page {shown.index(signature) + 1} again; {_COLLECT_AGAIN}",
        )
    shown.append(signature)
    for row in page.rows() if _detail_of(source) is not None else ():
        own = clean_url(row.detail_url, document.url) if isinstance(row, Cells) and row.detail_url else None
        if own is not None and _bare(urlsplit(own).hostname or "") == _bare(
            urlsplit(document.url).hostname or ""
        ):
            links.append(own)
    if page.next_link is None:
        return None
    if _form_of(source) is not None:
        return urljoin(document.url, page.next_link)
    return next_address(document.url, page.next_link)


def next_address(page_url: str, link: str) -> str:
    """The absolute address of a link to the next page.

    A link to this machine (a CMS that does not know its own name) is taken for one to the page's host. Raises
    FetchError for a link to any other host: a listing may not send the collector elsewhere.
    """
    try:
        target = urlsplit(urljoin(page_url, link.strip()).split("#")[0])
        port = target.port
    except ValueError as error:
        raise FetchError(page_url, "not_allowed", f"the link {link!r} to the next page is none") from error
    here = urlsplit(page_url)
    host = target.hostname or ""
    if host != here.hostname and _LOCAL_HOST.match(host):
        return target._replace(scheme=here.scheme, netloc=here.netloc).geturl()
    if target.scheme not in ("http", "https") or _bare(host) != _bare(here.hostname or "") or port == 0:
        raise FetchError(
            page_url,
            "not_allowed",
            f"the link to the next page leads to another host ({target.geturl()}); "
            "if the listing has moved, put its new address in the source",
        )
    return target.geturl()


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _signature(page: _Page) -> bytes:
    """What a page shows without what changes at every request (tokens, encrypted ids in links): a digest."""
    whole = hashlib.sha256()
    for row in page.rows():
        shown = (row.title, row.number, row.year, row.enacted_on) if isinstance(row, Cells) else (row.raw,)
        whole.update(digest(shown))
    return whole.digest()


# Parsing -------------------------------------------------------------------------------------------------


def parse(captures: Sequence[Capture], source: Source) -> Parsed:
    """The regulations of one run as a whole; see `parse_parts`."""
    return joined(parse_parts(captures, source))


def parse_parts(  # noqa: PLR0912 (the way of a row, in order)
    captures: Sequence[Capture], source: Source, rows: int = PART_ROWS
) -> Iterator[Parsed]:
    """The regulations of one run in parts of so many rows, each a record, a reject or a duplicate.

    Duplicates are rows equal in every field, rows of one document id that differ in their file only (one per
    attachment or subject), and the rows of a page shown again. The notes come with the last part. Raises
    ParseError, also after some parts, when a page cannot be read or the listing has no rows at all: then
    nothing of it is to be believed.
    """
    notes = Notes()
    pages = [one for one in captures if one.status is None or not 300 <= one.status < 400]
    records: list[RegulationRecord] = []
    rejects: list[Reject] = []
    identities = DigestSet()
    previous: bytes | None = None
    duplicates = repeated = seen = 0
    total: int | None = None
    detail = _detail_of(source)
    own_pages: dict[str, _Row] = {}
    details: list[tuple[_Row, Capture]] = []
    for asked, capture in _answers(captures, source):
        if asked in own_pages:
            details.append((own_pages[asked], capture))
            continue
        if capture.status is not None and capture.status >= 400:
            raise ParseError(capture.url, f"the site answered {capture.status}", _COLLECT_AGAIN)
        page = _page(capture.open, capture.headers, capture.url, source, seen + 1, notes)
        seen += page.count
        total = page.total if page.total is not None else total
        if len(pages) > 1:
            signature = _signature(page)
            if page.count and signature == previous:
                repeated += page.count
                duplicates += page.count
                notes.say(
                    f"{capture.url}: mengulang halaman sebelumnya, {page.count} baris tidak dihitung lagi"
                )
                continue
            previous = signature
        for row in page.rows():
            found = _read(row, capture, identities, notes)
            if found is None:
                duplicates += 1
            elif isinstance(found, Reject):
                rejects.append(found)
            else:
                if detail is not None and isinstance(row, Cells) and found.detail_url is not None:
                    own_pages.setdefault(found.detail_url, _Row(len(records), row, capture.url))
                records.append(found)
            # With pages of their own, records are completed when all have come.
            if detail is None and len(records) + len(rejects) + duplicates >= rows:
                yield Parsed("regulation", tuple(records), tuple(rejects), duplicates)
                records.clear()
                rejects.clear()
                duplicates = 0
    if detail is not None:
        _add_details(records, details, detail, notes)
    if seen == 0:
        where = captures[-1].url if captures else source.id
        raise ParseError(where, "empty listing: it has no rows", _COLLECT_AGAIN)
    if total is not None and total != seen - repeated:
        notes.say(f"sumber menyebut {total} dokumen, {seen - repeated} baris terbaca")
    yield Parsed("regulation", tuple(records), tuple(rejects), duplicates, notes.all())


def _read(
    row: Cells | Reject, capture: Capture, identities: DigestSet, notes: Notes
) -> RegulationRecord | Reject | None:
    """What a row is: a record, a reject, or None where it repeats another."""
    found = row if isinstance(row, Reject) else to_record(row, capture.url, capture.capture_id, notes)
    is_repeated = (
        isinstance(found, RegulationRecord)
        and isinstance(row, Cells)
        and _is_repeated(found, row, identities)
    )
    return None if is_repeated else found


def _answers(captures: Sequence[Capture], source: Source) -> Iterator[tuple[str, Capture]]:
    """Every capture that is no redirect, with the address that was asked for, before any redirect.

    The page of a form is left out: it was asked for its token.
    """
    asked: str | None = None
    is_form_page = _form_of(source) is not None and bool(captures) and captures[0].status is not None
    for capture in captures:
        asked = asked or capture.url
        if capture.status is not None and 300 <= capture.status < 400:
            continue
        if not is_form_page:
            yield asked, capture
        asked, is_form_page = None, False


def _add_details(
    records: list[RegulationRecord], details: Sequence[tuple[_Row, Capture]], detail: Detail, notes: Notes
) -> None:
    """Read again, with what their own pages add, the rows that have any; they cite those pages."""
    for row, capture in details:
        cells = _with_detail(row.cells, capture, detail, notes)
        improved = to_record(cells, row.base, capture.capture_id, notes) if cells else None
        if isinstance(improved, RegulationRecord):
            records[row.at] = improved


def _with_detail(cells: Cells, capture: Capture, detail: Detail, notes: Notes) -> Cells | None:
    """A row with what its own page adds, or None where the page adds nothing that can be relied on."""
    if capture.status is not None and capture.status >= 400:
        notes.count("halaman rincian tidak terbaca", f"{capture.url}: HTTP {capture.status}")
        return None
    try:
        payload = capture.payload
    except ParseError as error:
        # The listing is good all the same.
        notes.count("halaman rincian tidak terbaca", f"{capture.url}: {error.reason}")
        return None
    page = read_detail(payload, capture.headers, detail, capture.url, notes)
    if page is None:
        return None
    if not about_the_same(cells, page):
        notes.count("halaman rincian tentang dokumen lain, diabaikan", f"{capture.url}: {page.title[:100]!r}")
        return None
    return replace(
        cells,
        status=page.status or cells.status,
        enacted_on=cells.enacted_on or page.enacted_on,
        promulgated_on=cells.promulgated_on or page.promulgated_on,
        relations=(*cells.relations, *page.relations),
    )


def _is_repeated(record: RegulationRecord, cells: Cells, identities: DigestSet) -> bool:
    shown = tuple(getattr(record, name) for name in _IDENTITY)
    is_new = identities.add(digest(("row", record.file_url, shown)))
    if cells.document_id is not None:
        is_new = identities.add(digest(("document", cells.document_id, shown))) and is_new
    return not is_new


def _page(
    open_: Callable[[], BinaryIO],
    headers: tuple[tuple[str, str], ...],
    where: str,
    source: Source,
    first: int,
    notes: Notes,
) -> _Page:
    if source.format == "html":
        profile = load_profile(source.profile or "")
        with open_() as stream:
            page = html_listing.read_page(stream.read(), headers, profile, where, notes)
        rows = tuple(html_listing.rows(page, profile, where, first))
        return _Page(len(rows), lambda: rows, page.next_link, page.total)
    feed = jdihn.read_feed(open_, headers, where, notes)
    return _Page(feed.count, partial(jdihn.rows, feed, where, first), feed.next_link, feed.total)
