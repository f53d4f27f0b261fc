"""Uptime checks of an institution's public addresses: done together, kept as one JSON batch, read back.

What `error_class` says (`is_up` is False unless said otherwise):

- ``dns`` no such host name; ``refused`` no connection to be had; ``timeout``; ``reset`` cut off half-way,
  or ended before what it has compressed; ``empty_reply`` connected, but no usable HTTP answer;
  ``redirect_loop`` too many redirects
- ``tls_expired``, ``tls_self_signed`` (or of a root nobody trusts), ``tls_incomplete_chain``,
  ``tls_wrong_host``, ``tls_other``: a browser would warn, so the service counts as down
- ``http_<status>`` from 400; ``text_missing`` the page lacks the service's `expect_text`;
  ``json_mismatch`` the answer is not the JSON that `expect_json` says; ``too_large`` the
  page is longer than is read, and the text not in that part
- `is_up` None, cannot tell: ``blocked`` a firewall's or challenge page, or too many requests (429);
  ``not_allowed`` an address that may not be visited
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from collectors.addresses import Reach
from collectors.certificates import trusted_issuers
from collectors.evidence import Capture, Parsed, ParseError, Reject, UptimeRecord, without_exact_duplicates
from collectors.institution import Service
from collectors.service_check import CANNOT_TELL, Terms
from collectors.uptime_run import check_in_processes

FORMAT = "pantau-uptime-1"
"""What a batch calls itself; another number when its rows change."""

_ERROR_CLASSES = (
    r"^(dns|refused|timeout|tls_(expired|self_signed|incomplete_chain|wrong_host|other)|reset|empty_reply"
    r"|redirect_loop|too_large|http_[4-9]\d\d|text_missing|json_mismatch|blocked|not_allowed)$"
)


def check_all(
    services: Sequence[Service],
    *,
    ca_file: Path | None,
    allow_private: bool,
    clock: Callable[[], datetime],
    concurrency: int = 64,
    progress: Callable[[int, int], None] | None = None,
    retry_pause_seconds: float = 2.0,
) -> list[dict[str, Any]]:
    """Check every service once; one JSON-able row each, in the order given (see `service_check.check`).

    `ca_file` holds issuers to trust beside the public ones. Private and local addresses are visited only
    with `allow_private`. `clock` gives the time of each check; a long list is checked by several processes,
    which read it once and count on from there. At most `concurrency` checks run at once;
    `progress` is told how many of how many are done. A failure is tried again after `retry_pause_seconds`
    before it is recorded, and no service's failure touches another. Raises CaFileError.
    """
    with trusted_issuers(ca_file) as issuers:
        reach = Reach(allow_private=allow_private)
        terms = Terms(issuers, reach.allows_address, clock, retry_pause_seconds)
        return check_in_processes(services, terms, concurrency=concurrency, progress=progress)


def to_payload(results: Sequence[dict[str, Any]]) -> bytes:
    """The rows of `check_all` as one batch for the archive: a JSON object in UTF-8."""
    return json.dumps({"format": FORMAT, "checks": list(results)}, ensure_ascii=False, indent=1).encode()


def parse(captures: Sequence[Capture], _source: object = None) -> Parsed:
    """The checks of captured batches.

    A row that contradicts itself or lacks something becomes a reject. Raises ParseError where a capture is
    no batch of uptime checks.
    """
    records: list[UptimeRecord] = []
    rejects: list[Reject] = []
    for capture in captures:
        for position, row in enumerate(_rows(capture)):
            try:
                records.append(_record(row, capture.capture_id, position))
            except ValidationError as error:
                where = f"{capture.url}, check {position + 1}"
                rejects.append(Reject(where, _reason(error), json.dumps(row)))
    kept, repeated = without_exact_duplicates(records)
    return Parsed("uptime_check", kept, tuple(rejects), repeated)


def parse_file(path: Path) -> Parsed:
    """The checks of one batch in a file. Raises ParseError, or OSError where it cannot be read."""
    capture = Capture("", f"file:{path}", datetime.fromtimestamp(0, UTC), None, (), "", path.read_bytes())
    return parse((capture,))


def _rows(capture: Capture) -> list[Any]:
    try:
        batch = json.loads(capture.payload)
    # Nesting too deep for the reader is no batch of ours either; wrong UTF-8 is a ValueError.
    except (ValueError, RecursionError) as error:
        raise ParseError(
            capture.url, f"is not JSON ({error})", "Check again; the batch was cut or damaged."
        ) from error
    if (
        not isinstance(batch, dict)
        or batch.get("format") != FORMAT
        or not isinstance(batch.get("checks"), list)
    ):
        raise ParseError(
            capture.url,
            f"is not a batch of uptime checks (an object with format {FORMAT!r} and a list 'checks')",
            "Give a batch that Pantau wrote.",
        )
    checks: list[Any] = batch["checks"]
    return checks


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is not an ISO 8601 time in quotes")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("has no UTC offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is before the year 1 or after 9999 in UTC") from error


_Moment = Annotated[datetime, BeforeValidator(_moment)]
_Milliseconds = Annotated[float, Field(ge=0)]


class _Row(BaseModel):
    """A row of a batch: every field of UptimeRecord but the two that say where it stands."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    service_id: Annotated[str, Field(min_length=1)]
    url: Annotated[str, Field(min_length=1)]
    checked_at: _Moment
    is_up: bool | None
    status: Annotated[int, Field(ge=100, le=999)] | None
    error_class: Annotated[str, Field(pattern=_ERROR_CLASSES)] | None
    error_message: str | None
    dns_ms: _Milliseconds | None
    connect_ms: _Milliseconds | None
    tls_ms: _Milliseconds | None
    first_byte_ms: _Milliseconds | None
    total_ms: _Milliseconds | None
    attempts: Annotated[int, Field(ge=1, le=99)]
    final_url: str | None
    is_https: bool
    cert_expires_at: _Moment | None
    cert_issuer: str | None
    tls_ok: bool | None
    text_found: bool | None
    # Batches of old lack what follows.
    http_version: str | None = None
    redirect_chain: str | None = None
    cert_names: str | None = None
    hsts: bool | None = None
    security_headers: str | None = None
    page_title: str | None = None
    language: str | None = None
    json_matched: bool | None = None
    is_compromised: bool | None = None
    compromise_evidence: str | None = None
    linked: str | None = None

    @model_validator(mode="after")
    def _state_and_fault_agree(self) -> _Row:
        expected = True if self.error_class is None else None if self.error_class in CANNOT_TELL else False
        if self.is_up is not expected:
            raise ValueError(f"is_up is {self.is_up}, which error_class {self.error_class!r} contradicts")
        return self


def _record(row: object, capture_id: str, position: int) -> UptimeRecord:
    return UptimeRecord(**_Row.model_validate(row).model_dump(), capture_id=capture_id, position=position)


def _reason(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'row'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors()
    )
