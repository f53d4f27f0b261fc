"""HTML listings of legal documents, read by profiles: where in a CMS's pages the rows and their cells are.

A profile is one YAML file in `collectors/profiles/`, named by its id. A new family of sites is a new file
(docs/profil-listing.md says how to write one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import soupsieve
import yaml
from bs4 import BeautifulSoup, Tag
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from collectors.block_pages import blocked_reason
from collectors.datatables import read_datatable
from collectors.encodings import decode_text
from collectors.evidence import ParseError
from collectors.regulation_rows import Cells, Notes
from collectors.relation_blocks import relations_in

PROFILES = Path(__file__).parent / "profiles"
_LONGEST_RAW = 2000
_MOST_DIGITS = 12
_FIELDS = (
    "title",
    "type_name",
    "number",
    "year",
    "enacted_on",
    "promulgated_on",
    "status",
    "detail_url",
    "file_url",
)


def _selector(value: str) -> str:
    try:
        soupsieve.compile(value)
    except soupsieve.SelectorSyntaxError as error:
        first_line = str(error).splitlines()[0]
        raise ValueError(f"{value!r} is not a CSS selector: {first_line}") from error
    return value


def _pattern(value: object) -> re.Pattern[str]:
    try:
        compiled = re.compile(str(value), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    if compiled.groups > 1:
        raise ValueError(f"{value!r} has {compiled.groups} groups; one at most says what is wanted")
    return compiled


Selector = Annotated[str, AfterValidator(_selector)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """Where one cell is: in an element of the row, in a table column with a certain header, or in the title.

    Of several elements that `select` finds, the first that gives something counts. `attribute` takes an
    attribute instead of the text. `pattern` keeps its group, or the whole match, and gives nothing where it
    does not match. `means` gives the value of the first of its keys that the text holds, and nothing where it
    holds none: for badges that say by a class what they mean.
    """

    select: Selector | None = None
    column: Pattern | None = None
    within: Literal["title"] | None = None
    attribute: str | None = None
    pattern: Pattern | None = None
    means: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> Rule:
        if sum(place is not None for place in (self.select, self.column, self.within)) != 1:
            raise ValueError("give exactly one of select, column, within")
        if self.within is not None and self.pattern is None:
            raise ValueError("a cell within the title needs a pattern")
        return self


def _rules(value: object) -> object:
    """A selector alone, one rule, or several of which the first that gives something counts."""
    several = value if isinstance(value, list) else [value]
    return [{"select": one} if isinstance(one, str) else one for one in several]


Rules = Annotated[tuple[Rule, ...], BeforeValidator(_rules)]


class Pages(_Strict):
    """Pages numbered in the address, for sites that give no usable link to the next one.

    `parameter` holds the number, `first` on the first page, and grows by `step`: a number, or the rows of
    the page (``start=40``). The last page is known by the absence of the element `more`, by having fewer
    rows than `size`, or by the number of all documents.
    """

    parameter: str
    first: int = 1
    step: int | Literal["rows"] = 1
    more: Selector | None = None
    size: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _ends(self) -> Pages:
        if self.more is None and self.size is None and self.step != "rows":
            raise ValueError("give more or size, so that the last page is known")
        return self


class Detail(_Strict):
    """What a document's own page says that the listing does not, and how politely the pages are asked for.

    With `follow`, or where the source says so, at most `max` pages of a run are read, those of the first
    rows, `delay_seconds` apart. A page without a `title` is no detail page and ignored.
    """

    follow: bool = False
    max: int = Field(default=100, ge=1, le=5000)
    delay_seconds: float = Field(default=1.0, ge=0)
    title: Rules
    status: Rules = ()
    enacted_on: Rules = ()
    promulgated_on: Rules = ()
    relations: Selector | None = None


_FILLED = frozenset({"token", "page", "start"})


def _template(value: str) -> str:
    """Text with {token}, {page} (from 1) or {start} (rows before this page) in it."""
    try:
        named = {name for _, name, *_ in Formatter().parse(value) if name is not None}
    except ValueError as error:
        raise ValueError(f"{value!r} cannot be filled in: {error}") from error
    if named - _FILLED:
        raise ValueError(f"{value!r}: only {{token}}, {{page}} and {{start}} are filled in")
    return value


Template = Annotated[str, AfterValidator(_template)]


class Form(_Strict):
    """Rows that come only for a form posted to `action` (relative to the page of the source's address).

    `token` finds in that page what the site wants sent back; `fields` and `headers` are what is sent, with
    {token}, {page} (from 1) and {start} (rows of the pages before) filled in. Where {page} or {start} is
    among the fields, pages are asked for until one is empty, shows what the one before did, has fewer rows
    than `size`, or the number of all documents is reached; else there is one answer.
    """

    action: str
    token: Rules = ()
    headers: dict[str, Template] = Field(default_factory=dict)
    fields: dict[str, Template] = Field(default_factory=dict)
    size: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _token_is_found(self) -> Form:
        sent = "".join((*self.headers.values(), *self.fields.values()))
        if bool(self.token) != ("{token}" in sent):
            raise ValueError("token says where it is found, {token} in fields or headers where it is sent")
        return self

    def following(self, where: str, shown: int, total: int | None) -> str | None:
        """The fragment that asks for the page after the one at `where`, or None at the end."""
        asked = dict(parse_qsl(urlsplit(where).fragment))
        is_paged = any("{page}" in value or "{start}" in value for value in self.fields.values())
        if not is_paged or not shown or not asked or (self.size is not None and shown < self.size):
            return None
        before = int(asked["start"]) + shown
        if total is not None and before >= total:
            return None
        return "#" + urlencode({"page": int(asked["page"]) + 1, "start": before})


class Profile(_Strict):
    """How one family of sites shows its documents.

    `answer` is what the site answers with: a page, or the JSON that DataTables loads, whose rows are
    taken for those of a table. `form` is how to ask where a plain request gives no rows. `next` is the
    link to the next page, `pages` how to number it where there is none, `count` a pattern for the number
    of all documents, `empty` an element that says there are none. Rows without a `title` are rejects.
    `relations` are the elements that say what a document does to others, as "Mencabut" and links
    (`collectors.relation_blocks`).
    """

    id: str
    about: str
    answer: Literal["page", "datatables"] = "page"
    form: Form | None = None
    row: Selector
    title: Rules
    type_name: Rules = ()
    number: Rules = ()
    year: Rules = ()
    enacted_on: Rules = ()
    promulgated_on: Rules = ()
    status: Rules = ()
    detail_url: Rules = ()
    file_url: Rules = ()
    relations: Selector | None = None
    detail: Detail | None = None
    next: Selector | None = None
    pages: Pages | None = None
    count: Pattern | None = None
    empty: Selector


def profile_ids() -> tuple[str, ...]:
    """The profiles there are."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.yml")))


@cache
def load_profile(profile_id: str) -> Profile:
    """The profile of that id. Raises ParseError when there is none or it cannot be used."""
    if profile_id not in profile_ids():
        raise ParseError(
            f"profile {profile_id!r}", "does not exist", f"There are: {', '.join(profile_ids())}"
        )
    path = PROFILES / f"{profile_id}.yml"
    return parse_profile(path.read_text(encoding="utf-8"), path.name)


def parse_profile(text: str, where: str) -> Profile:
    """Read a profile's text. Raises ParseError naming `where` and each key at fault."""
    try:
        profile = Profile.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ParseError(where, f"is not valid YAML ({error})", "Correct the file") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ParseError(where, faults, "Correct these keys") from error
    if f"{profile.id}.yml" != where:
        raise ParseError(where, f"its id is {profile.id!r}", "Give it the name of the file")
    return profile


# Pages ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """One page of a listing, taken apart. `total` is what the site says it holds in all."""

    rows: tuple[Tag, ...]
    is_empty: bool
    next_link: str | None
    total: int | None


def read_page(
    payload: bytes, headers: tuple[tuple[str, str], ...], profile: Profile, where: str, notes: Notes
) -> Page:
    """Find the rows of one page.

    Raises ParseError for a page that has neither rows nor the site's own word that there are none (a block
    page, an error page, another layout), and for one that was cut off.
    """
    text, repaired = decode_text(payload, charset_of(headers))
    if repaired:
        notes.say(f"{where}: {repaired} bita bukan UTF-8, dibaca sebagai Windows-1252")
    if profile.answer == "datatables":
        table = read_datatable(text, where, blocked_reason(headers, payload))
        body = BeautifulSoup(table.html, "lxml").find("table")
        found = tuple(body.find_all("tr", recursive=False)) if isinstance(body, Tag) else ()
        return Page(found, not found, _next_numbered(profile, where, len(found), table.total), table.total)
    soup = BeautifulSoup(text, "lxml")
    is_empty = soup.select_one(profile.empty) is not None
    found = () if is_empty else tuple(soup.select(profile.row))
    if not found and not is_empty:
        reason = blocked_reason(headers, payload) or f"no row was found by profile {profile.id!r}"
        raise ParseError(
            where,
            reason,
            "Open the address in a browser; if the listing is there, the profile must follow its new layout",
        )
    if "<html" in text[:20_000].lower() and "</html" not in text[-20_000:].lower():
        raise ParseError(where, "the page was cut off: it never ends", "Collect again")
    total = _total(soup, profile)
    link = soup.select_one(profile.next) if profile.next else None
    following = _attribute(link, "href") if link else None
    if profile.form is not None or (
        following is None and profile.pages is not None and _goes_on(soup, profile.pages, len(found))
    ):
        following = _next_numbered(profile, where, len(found), total)
    return Page(found, is_empty, following, total)


def _next_numbered(profile: Profile, where: str, shown: int, total: int | None) -> str | None:
    if profile.form is not None:
        return profile.form.following(where, shown, total)
    return _numbered(profile.pages, where, shown, total)


def _goes_on(soup: BeautifulSoup, pages: Pages, shown: int) -> bool:
    if pages.size is not None and shown < pages.size:
        return False
    return pages.more is None or soup.select_one(pages.more) is not None


def _numbered(pages: Pages | None, where: str, shown: int, total: int | None) -> str | None:
    """The address of the page after the one at `where`, or None at the end."""
    if pages is None or not shown or not where.startswith(("http://", "https://")):
        return None
    here = urlsplit(where)
    query = parse_qsl(here.query, keep_blank_values=True)
    now = next((value for name, value in query if name == pages.parameter), str(pages.first))
    if not (now.isascii() and now.isdigit()):
        return None
    step = shown if pages.step == "rows" else pages.step
    if pages.step == "rows" and (total is None or int(now) - pages.first + shown >= total):
        return None
    others = [pair for pair in query if pair[0] != pages.parameter]
    return here._replace(query=urlencode([*others, (pages.parameter, str(int(now) + step))])).geturl()


def rows(page: Page, profile: Profile, where: str, first: int) -> Iterator[Cells]:
    """The rows of a page, numbered from `first`."""
    headers: dict[int, list[str]] = {}
    for position, row in enumerate(page.rows, start=first):
        title = _cell(row, profile.title, None, headers)
        cells: dict[str, Any] = {
            column: _cell(row, getattr(profile, column), title, headers) for column in _FIELDS[1:]
        }
        stated = relations_in(row, profile.relations, "daftar") if profile.relations else ()
        yield Cells(
            position,
            f"{where}, baris {position}",
            _raw(row),
            title=title,
            relations=tuple(stated),
            **cells,
        )


def cell_of(page: Tag, rules: tuple[Rule, ...]) -> str | None:
    """What rules find in a whole page."""
    return _cell(page, rules, None, {})


def charset_of(headers: tuple[tuple[str, str], ...]) -> str | None:
    """The character set that a Content-Type declares, or None."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    found = re.search(r"charset\s*=\s*[\"']?([\w-]+)", kind, re.IGNORECASE)
    return found[1] if found else None


def _total(soup: BeautifulSoup, profile: Profile) -> int | None:
    if profile.count is None:
        return None
    found = profile.count.search(" ".join(soup.get_text(" ").split()))
    digits = re.sub(r"\D", "", found[profile.count.groups]) if found else ""
    # No listing counts further; Python refuses to convert texts of thousands of digits.
    return int(digits) if 0 < len(digits) <= _MOST_DIGITS else None


def _cell(row: Tag, rules: tuple[Rule, ...], title: str | None, headers: dict[int, list[str]]) -> str | None:
    for rule in rules:
        for text in _texts(row, rule, title, headers):
            taken = _taken(text, rule)
            if taken is not None and taken.strip():
                return taken
    return None


def _taken(text: str, rule: Rule) -> str | None:
    if rule.pattern is not None:
        match = rule.pattern.search(text)
        if match is None:
            return None
        text = match[rule.pattern.groups] or ""
    if rule.means:
        return next((value for key, value in rule.means.items() if key.lower() in text.lower()), None)
    return text


def _texts(row: Tag, rule: Rule, title: str | None, headers: dict[int, list[str]]) -> Iterator[str]:
    if rule.within is not None:
        if title is not None:
            yield title
        return
    below = _by_header(row, rule, headers) if rule.column is not None else None
    elements = row.select(rule.select) if rule.select is not None else ([below] if below else [])
    for element in elements:
        text = (
            _attribute(element, rule.attribute) if rule.attribute else " ".join(element.get_text(" ").split())
        )
        if text is not None:
            yield text


def _by_header(row: Tag, rule: Rule, headers: dict[int, list[str]]) -> Tag | None:
    """The row's cell below the header that the rule names: columns move, headers say what they are."""
    assert rule.column is not None
    table = row.find_parent("table")
    if table is None:
        return None
    if id(table) not in headers:
        # A second header row, where there is one, holds the grid's filters.
        top = table.select_one("tr:has(> th)")
        cells = top.find_all(["th", "td"], recursive=False) if top else []
        headers[id(table)] = [" ".join(cell.get_text(" ").split()) for cell in cells]
    below = row.find_all(["td", "th"], recursive=False)
    for at, header in enumerate(headers[id(table)]):
        if at < len(below) and rule.column.fullmatch(header):
            return below[at]
    return None


def _attribute(element: Tag, name: str) -> str | None:
    value: Any = element.get(name)
    # A class is a list.
    return " ".join(value) if isinstance(value, list) else value


def _raw(row: Tag) -> Any:
    return lambda: " ".join(row.get_text(" ").split())[:_LONGEST_RAW]
