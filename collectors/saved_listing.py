"""One saved answer of a legal listing, read without a source that says what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors import html_listing, regulations
from collectors.drop_folder import file_url, read_file
from collectors.evidence import Capture, Parsed, ParseError
from collectors.institution import Source
from collectors.profile_trials import Trial, ranked, verdict
from collectors.sizes import LARGEST_BYTES

_LOOKED_AT_BYTES = 20_000


def parse_file(path: Path, *, profile: str | None) -> Parsed:
    """One saved answer, read as `pantau parse regulations FILE` shows it.

    JSON or HTML is told from the content. Without a profile all that may fit are tried and the one that finds
    most is taken; the notes say which fits, which were close, and what was wrong with the others. Raises
    ParseError, naming the profiles tried.
    """
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    fetched = read_file(path.parent, path.name, at, max_bytes=LARGEST_BYTES)
    with fetched.open() as stream:
        head = stream.read(_LOOKED_AT_BYTES)
    capture = Capture(
        capture_id=file_url(path.name),
        url=fetched.url,
        captured_at=fetched.fetched_at,
        status=None,
        headers=(),
        digest="",
        content=fetched.open,
    )
    if profile is not None:
        return regulations.parse((capture,), _file_source(path, "html", profile))
    feed: Parsed | ParseError | None = None
    if not _is_html(head):
        feed = _parsed(capture, _file_source(path, "jdihn", None))
        if isinstance(feed, Parsed) and feed.records:
            return feed
    trials = [_tried(capture, path, one) for one in html_listing.profile_ids()]
    best = ranked(trials)[0]
    if best.parsed is None and feed is not None:
        if isinstance(feed, ParseError):
            raise feed
        return feed
    if best.parsed is None:
        failures = "; ".join(trial.line() for trial in trials)
        raise ParseError(
            fetched.url,
            f"no profile reads it ({failures})",
            "Write a profile for this site (docs/profil-listing.md), or check that it is a listing",
        )
    return replace(best.parsed, notes=(*best.parsed.notes, *verdict(trials)))


def _tried(capture: Capture, path: Path, profile: str) -> Trial:
    found = _parsed(capture, _file_source(path, "html", profile))
    return Trial(profile, None, found.reason) if isinstance(found, ParseError) else Trial(profile, found)


def _parsed(capture: Capture, source: Source) -> Parsed | ParseError:
    try:
        return regulations.parse((capture,), source)
    except ParseError as error:
        return error


def _is_json(payload: bytes) -> bool:
    return payload.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[")


def _is_html(payload: bytes) -> bool:
    """Whether an answer that begins so is a page; warnings before JSON are mark-up too, of few words."""
    words = payload.lower()
    return not _is_json(payload) and any(
        part in words for part in (b"<!doctype html", b"<html", b"<body", b"<table", b"<div")
    )


def _file_source(path: Path, format: str, profile: str | None) -> Source:
    data: dict[str, Any] = {
        "id": "berkas",
        "collector": "regulations",
        "cadence": "listings",
        "agency": "berkas",
        "format": format,
        "profile": profile,
        "path": path,
    }
    return Source.model_validate(data)
