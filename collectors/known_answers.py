"""What of the archive spares a source its server: answers it may confirm, pages not to be asked for again.

For conditional requests (RFC 9110, 13) and for listings that broke off.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from collectors.archive import Archive
from collectors.evidence import Confirmable, Fetched
from collectors.ledger import Entry, RecordPlace
from collectors.warc_reading import is_confirmed, moment, record_at, stored_at

_RUNS_LOOKED_BACK = 5


def confirmable(
    archive: Archive, institution: str, source: str, *, since: datetime
) -> dict[str, Confirmable]:
    """What a server may be asked to confirm, by address: the answers 200 of the last run that went well.

    Only those that name an ETag or a time of change, and whose bytes came over the wire after `since`: a
    server's word is not taken for ever. Raises ArchiveError when the archive contradicts itself.
    """
    entries = archive.ledger(institution, source)
    found: dict[str, Confirmable] = {}
    for entry in reversed(entries[-_RUNS_LOOKED_BACK:]):
        run, _ = archive.read(entry)
        if run.outcome != "ok":
            continue
        for place in entry.records:
            if place.type not in ("response", "revisit"):
                continue
            at, kept = entry, place
            with record_at(archive.path(entry), place) as record:
                if is_confirmed(record):
                    at, kept = archive.original(entry, record)
            with record_at(archive.path(at), kept) as record:
                ask_with = _conditions(record)
                if ask_with and moment(record) >= since:
                    found[place.url] = Confirmable(ask_with, partial(_answer, archive, entry, place))
        break
    return found


def unfinished(
    archive: Archive, institution: str, source: str, *, since: datetime
) -> dict[str, Callable[[], Fetched]]:
    """The answers 200 that came after `since` of the last run, where that run failed; by address.

    Where that run in turn had gone on from a failed one, also those of that one: it may have been killed
    before it had taken them all over. Raises ArchiveError when the archive contradicts itself.
    """
    found: dict[str, Callable[[], Fetched]] = {}
    for entry in reversed(archive.ledger(institution, source)[-_RUNS_LOOKED_BACK:]):
        run, captures = archive.read(entry)
        if run.outcome != "failed":
            break
        # By their own age: a run that went on from a failed one holds what is older than itself.
        good = {c.capture_id for c in captures if c.status == 200 and c.captured_at >= since}
        for place in entry.records:
            if place.id in good:
                found.setdefault(place.url, partial(_answer, archive, entry, place))
        if all(capture.captured_at >= run.started_at for capture in captures):
            break
    return found


def _answer(archive: Archive, entry: Entry, place: RecordPlace) -> Fetched:
    with record_at(archive.path(entry), place) as kept:
        at, payload = (entry, place) if kept.rec_type == "response" else archive.original(entry, kept)
    with record_at(archive.path(at), payload) as original:
        headers = tuple((original if is_confirmed(kept) else kept).http_headers.headers)
    content = stored_at(archive.path(at), payload)
    return Fetched(place.url, moment(kept), 200, "OK", headers, content)


def _conditions(record: Any) -> dict[str, str]:
    """The headers that ask whether an answer 200 still stands; none where it cannot be asked."""
    named = {name.lower(): value for name, value in record.http_headers.headers}
    asked = {"If-None-Match": named.get("etag"), "If-Modified-Since": named.get("last-modified")}
    is_good = record.http_headers.get_statuscode() == "200"
    return {name: value for name, value in asked.items() if value and value.isascii() and is_good}
