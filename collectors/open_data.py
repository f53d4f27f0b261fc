"""Open data portals over the CKAN action API: which data sets there are, in which formats, how fresh.

`package_search` is read page by page. An answer that is no catalogue (``success: false``, an error status, a
web page with 200, a bare string) fails the run: it never means that there is no data set. Maintainers and
authors are persons and are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from collectors.bodies import decode_body
from collectors.evidence import (
    Capture,
    DatasetRecord,
    Fetched,
    Parsed,
    ParseError,
    Reject,
    without_exact_duplicates,
)
from collectors.fetch_error import FetchError
from collectors.http import HttpSession
from collectors.indonesian import clean_text
from collectors.institution import Source
from collectors.personal_data import mask
from collectors.plain_text import without_controls

PAGE_ROWS = 100
"""Data sets asked for at a time; CKAN itself never gives more than 1,000."""
_ADVICE = "Open the address in a browser: it must end in /api/3/action and be a CKAN portal."
_ACTION = re.compile(r"/api(?:/3)?/action(?:/package_search)?$")


def fetch(source: Source, session: HttpSession) -> Iterator[Fetched]:
    """Every page of the portal's `package_search`. `url` of the source is the portal, or its action API.

    Raises FetchError for a failed transfer or status (after yielding the page), an answer that is no
    catalogue, pages that end before the stated count, or more pages than `max_pages`.
    """
    base = str(source.url).rstrip("/")
    action = base if _ACTION.search(urlsplit(base).path) else f"{base}/api/3/action"
    action = action if action.endswith("/package_search") else f"{action}/package_search"
    read = 0
    for _ in range(source.max_pages):
        url = _with_query(action, rows=PAGE_ROWS, start=read, sort="name asc")
        answer = yield from _page(url, session)
        try:
            count, results = _catalogue(decode_body(answer), url)
        except ParseError as error:
            raise FetchError(url, "no_catalogue", f"{error.reason}. {error.what_to_do}") from error
        read += len(results)
        if read >= count:
            return
        if not results:
            raise FetchError(url, "ended_early", f"says {count} data sets, gave {read}; collect again later")
    raise FetchError(action, "too_many_pages", f"has more pages than max_pages {source.max_pages}")


def parse(captures: Sequence[Capture]) -> Parsed:
    """The data sets in captured answers of `package_search` (or `package_show`).

    Raises ParseError when an answer is no catalogue, or pages are missing.
    """
    records: list[DatasetRecord] = []
    rejects: list[Reject] = []
    answers = [c for c in captures if c.status is None or not 300 <= c.status < 400]
    if not answers:
        raise ParseError("open_data", "nothing was captured", "Collect the source again.")
    stated = seen = 0
    for capture in answers:
        if capture.status is not None and capture.status != 200:
            raise ParseError(capture.url, f"answered {capture.status}, which is no catalogue", _ADVICE)
        count, results = _catalogue(capture.payload, capture.url)
        stated = max(stated, count)
        for entry in results:
            seen += 1
            found = _record(entry, capture, seen)
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                records.append(found)
    if seen < stated:
        raise ParseError(answers[0].url, f"says {stated} data sets, {seen} were captured", "Collect again.")
    kept, duplicates = without_exact_duplicates(records)
    return Parsed("dataset", kept, tuple(rejects), duplicates)


def parse_file(path: Path) -> Parsed:
    """The data sets in one saved answer. Raises ParseError."""
    capture = Capture(
        "", f"file:{path.name}", datetime.fromtimestamp(0, UTC), None, (), "", path.read_bytes()
    )
    return parse((capture,))


def _page(url: str, session: HttpSession) -> Generator[Fetched, None, Fetched]:
    session.obey_robots(url)
    answer = session.get(url)
    yield from session.redirects
    yield answer
    if answer.status is not None and answer.status >= 400:
        raise FetchError(url, f"http_{answer.status}", f"answers {answer.status} {answer.reason}. {_ADVICE}")
    return answer


def _with_query(url: str, **values: object) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(values)))


def _catalogue(payload: bytes, where: str) -> tuple[int, list[Any]]:
    """How many data sets an answer says there are, and those it holds."""
    try:
        data = json.loads(payload.decode("utf-8-sig"))
    except RecursionError as error:
        raise ParseError(where, "is nested too deeply to be a catalogue", _ADVICE) from error
    except ValueError as error:
        raise ParseError(where, "is no JSON (a web page, or cut off)", _ADVICE) from error
    if not isinstance(data, dict) or data.get("success") is not True:
        said = data.get("error") if isinstance(data, dict) else data
        raise ParseError(where, f"is no successful answer of a CKAN action: {str(said)[:160]!r}", _ADVICE)
    result = data.get("result")
    if isinstance(result, dict) and isinstance(result.get("resources"), list):
        return 1, [result]
    if not isinstance(result, dict) or not isinstance(result.get("results"), list):
        raise ParseError(where, "holds no list of data sets", _ADVICE)
    count = result.get("count")
    if isinstance(count, bool) or not isinstance(count, int):
        raise ParseError(where, "does not say how many data sets there are", _ADVICE)
    return count, result["results"]


def _record(entry: Any, capture: Capture, position: int) -> DatasetRecord | Reject:
    where = f"{capture.url}, himpunan data {position}"
    if not isinstance(entry, dict) or not (entry.get("id") or entry.get("name")):
        return Reject(
            where, "tanpa pengenal himpunan data", mask(json.dumps(entry, ensure_ascii=False)[:500])
        )
    name = without_controls(str(entry.get("name") or entry["id"]))
    try:
        modified_at = _moment(entry.get("metadata_modified"))
    except ValueError:
        return Reject(where, f"metadata_modified bukan waktu: {str(entry['metadata_modified'])[:40]!r}", name)
    listed = entry.get("resources")
    resources = [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    organisation = entry.get("organization")
    title = organisation.get("title") or organisation.get("name") if isinstance(organisation, dict) else None
    return DatasetRecord(
        dataset_key=without_controls(str(entry.get("id") or name)),
        name=name,
        title=_text(entry.get("title")) or name,
        organisation=_text(title),
        formats=",".join(sorted({f for r in resources if (f := _format(r))})),
        licence=_text(entry.get("license_id") or entry.get("license_title")),
        is_described=_text(entry.get("notes")) is not None,
        resource_count=len(resources),
        modified_at=modified_at,
        capture_id=capture.capture_id,
        position=position,
    )


def _format(resource: dict[str, Any]) -> str | None:
    """The format a resource states, else the ending of its file; lower case, without a dot."""
    stated = str(resource.get("format") or "").strip().lower().lstrip(".")
    if not stated:
        found = re.search(r"\.([a-z0-9]{2,8})$", _path(str(resource.get("url") or "")).lower())
        stated = found[1] if found else ""
    # A DataStore resource is offered as CSV whatever it says.
    stated = stated or ("csv" if resource.get("datastore_active") is True else "")
    return re.sub(r"[^a-z0-9+/.-]+", " ", stated).strip()[:40] or None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        # Typed by people: https://[nama-host]/data.csv
        return ""


def _moment(value: object) -> datetime | None:
    """CKAN writes UTC without saying so."""
    if not value:
        return None
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> str | None:
    cleaned = clean_text(str(value)) if value else None
    return None if cleaned is None else mask(cleaned)[:500]
