"""What collectors hand on: captures (immutable bytes) and the records parsed from them.

A *capture* is what a source said at one time. A *record* is one row of evidence that cites the
captures it was read from. A *reject* is a row that could not be read, with its reason; it is
quarantined, never dropped.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from typing import BinaryIO, Literal

from collectors.plain_text import plain_lines, without_controls

Table = Literal["regulation", "uptime_check", "application", "attestation", "dataset"]
"""The raw tables a batch can be loaded into, one per collector."""

RunOutcome = Literal["ok", "failed"]


@dataclass(frozen=True)
class Capture:
    """Immutable bytes of a source at one time.

    `content` is decoded (content encoding removed): the bytes, or for a large document what opens a stream
    of them; `payload` and `open` give either. `digest` is ``sha256:<hex>`` of the payload as it is kept in
    the archive. `capture_id` is the WARC-Record-ID. `status` is None for dropped files and batches of
    uptime results.
    """

    capture_id: str
    url: str
    captured_at: datetime
    status: int | None
    headers: tuple[tuple[str, str], ...]
    digest: str
    content: bytes | Callable[[], BinaryIO]

    @property
    def payload(self) -> bytes:
        """The whole content in memory."""
        with self.open() as stream:
            return stream.read()

    def open(self) -> BinaryIO:
        """The content from its beginning, to be closed by the caller."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content()

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, or an empty string."""
        for name, value in self.headers:
            if name.lower() == "content-type":
                return value.split(";")[0].strip().lower()
        return ""

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


@dataclass(frozen=True)
class Stored:
    """Bytes that lie in a file: how many they are, and what opens a stream of them from the beginning."""

    size: int
    opened: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Fetched:
    """One document as it came over the wire, before it is archived.

    `content` is the payload exactly as transferred (still content-encoded), in a file where it is large; the
    archive keeps it so and hands it back decoded. `request_headers` never hold credentials. `not_modified`
    holds the headers of a 304 where the server confirmed that status, headers and content are still those of
    an earlier answer.
    """

    url: str
    fetched_at: datetime
    status: int | None
    reason: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | Stored
    method: str = "GET"
    request_headers: tuple[tuple[str, str], ...] = ()
    not_modified: tuple[tuple[str, str], ...] | None = None
    request_body: bytes = b""

    @property
    def body(self) -> bytes:
        """The whole content in memory: for what is known to be small."""
        with self.open() as stream:
            return stream.read()

    @property
    def size(self) -> int:
        """How many bytes the content is."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def open(self) -> BinaryIO:
        """The content from its beginning, to be closed by the caller."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.opened()


@dataclass(frozen=True)
class Confirmable:
    """An earlier answer that its server may confirm: the headers to ask with, and how to read it again."""

    ask_with: Mapping[str, str]
    answer: Callable[[], Fetched]


@dataclass(frozen=True)
class Run:
    """How one collection of one source went; the last record of every ledger entry.

    `error` is the class of failure (``http_404``, ``timeout``, ``tls``, ``blocked``, ``empty`` ...) and
    `message` one sentence for people. A failed run makes evidence stale, never false.
    """

    run_id: str
    institution: str
    source: str
    collector: str
    started_at: datetime
    ended_at: datetime
    outcome: RunOutcome
    error: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Reject:
    """A row that could not become a record. `where` says file or URL, row and column.

    All three are for people: what would act on a terminal or page is left out. The archive has the bytes.
    """

    where: str
    reason: str
    raw: str

    def __post_init__(self) -> None:
        for name in ("where", "reason", "raw"):
            object.__setattr__(self, name, plain_lines(getattr(self, name)))


@dataclass(frozen=True)
class RegulationRecord:
    """One legal product in a listing.

    `regulation_key` identifies it inside one institution: ``<type_code>/<year>/<number>``, or
    ``judul:<sha256 prefix of the normalised title>`` where number or year is unknown.
    `type_code` is one of perda, perkada, kepkada, instruksi, surat_edaran, lainnya.
    `status` is one of berlaku, dicabut, diubah, tidak_diketahui ("mengubah" and "mencabut" describe the
    document's effect on others: it is itself berlaku). `title` keeps the source's wording with white space
    and mark-up cleaned; `title_norm` is lower case, letters and digits only, single spaces.
    `relations` is a JSON list of what it does to other products and they to it, as its title, listing or page
    says (`collectors.legal_relations.Relation`).
    """

    regulation_key: str
    type_code: str
    type_name: str | None
    number: str | None
    year: int | None
    title: str
    title_norm: str
    status: str
    status_raw: str | None
    enacted_on: date | None
    promulgated_on: date | None
    detail_url: str | None
    file_url: str | None
    capture_id: str
    position: int
    relations: str = "[]"


@dataclass(frozen=True)
class UptimeRecord:
    """One uptime check: one observation of a service.

    `is_up` is None where the check could not tell (`error_class` ``blocked``, ``not_allowed``).
    Times are milliseconds; `cert_expires_at` is UTC. `attempts` counts connections made: a failure is
    confirmed by a second one before it is recorded.

    From `http_version` on, unknown in batches of old. `redirect_chain` is a JSON list of the addresses asked,
    where there was more than one; `cert_names` a JSON list; `security_headers` a JSON object; `hsts` is None
    without HTTPS; `language` a guess. `is_compromised` is None where no whole page was read;
    `compromise_evidence` quotes what shows it, defanged. `linked` is a JSON list of the places a whole page
    links to: hosts outside its site and ``/folder`` on it.
    """

    service_id: str
    url: str
    checked_at: datetime
    is_up: bool | None
    status: int | None
    error_class: str | None
    error_message: str | None
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float | None
    attempts: int
    final_url: str | None
    is_https: bool
    cert_expires_at: datetime | None
    cert_issuer: str | None
    tls_ok: bool | None
    text_found: bool | None
    capture_id: str
    position: int
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


@dataclass(frozen=True)
class ApplicationRecord:
    """One row of an application registry.

    `application_key` is ``<normalised agency>/<normalised name>``. `kind` is umum, khusus or
    tidak_diketahui; `status` aktif, tidak_aktif or tidak_diketahui. `url` has a scheme and a host, or is
    None. Unknown columns are kept in `extra`; personal data (managers, phone numbers) are not.
    """

    application_key: str
    name: str
    agency: str | None
    description: str | None
    url: str | None
    kind: str
    status: str
    is_integrated: bool | None
    started_on: date | None
    extra: str
    capture_id: str
    position: int


@dataclass(frozen=True)
class AttestationRecord:
    """A signed human statement about a criterion.

    `criterion` is a criterion id (``I13.3.a``) or a level (``I13.3``, all criteria of that level).
    `statement` is terpenuhi, tidak_terpenuhi or dicabut. `sha256` is the hex digest of the evidence file,
    checked against the captured file; `file_capture_id` is that file's capture. `document_kind` is what the
    file is: as declared, or as its name or content shows. The statement counts from `effective_on`, or else
    from its signature. `sheet` is the file and sheet of a statement that stands in a workbook.
    """

    instrument: str
    criterion: str
    statement: str
    signer: str
    signer_role: str | None
    signed_on: date
    scope: str | None
    file_name: str
    sha256: str
    file_capture_id: str
    expires_on: date | None
    note: str | None
    capture_id: str
    position: int
    document_kind: str | None = None
    effective_on: date | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class DatasetRecord:
    """One data set of an open data portal.

    `formats` are the distinct formats of its files, lower case, sorted, joined by commas; `is_described`
    tells whether it has a description. `modified_at` is when its metadata were last changed.
    """

    dataset_key: str
    name: str
    title: str
    organisation: str | None
    formats: str
    licence: str | None
    is_described: bool
    resource_count: int
    modified_at: datetime | None
    capture_id: str
    position: int


Record = RegulationRecord | UptimeRecord | ApplicationRecord | AttestationRecord | DatasetRecord

RECORD_TYPES: Mapping[Table, type[Record]] = {
    "regulation": RegulationRecord,
    "uptime_check": UptimeRecord,
    "application": ApplicationRecord,
    "attestation": AttestationRecord,
    "dataset": DatasetRecord,
}


@dataclass(frozen=True)
class Parsed:
    """The outcome of parsing one run's captures: every row read is a record or a reject.

    `seen` counts the rows in the source, so that ``seen == len(records) + len(rejects) + duplicates``.
    `duplicates` are rows identical in every field but position, repeated by the source, and rows of a
    workbook that a later version of it has again. `documents` maps captures of evidence files to the words in
    them that show what kind of document they are.
    """

    table: Table
    records: tuple[Record, ...]
    rejects: tuple[Reject, ...] = ()
    duplicates: int = 0
    notes: tuple[str, ...] = field(default=())
    documents: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(map(without_controls, self.notes)))

    @property
    def seen(self) -> int:
        """How many rows the source held."""
        return len(self.records) + len(self.rejects) + self.duplicates

    def parts(self, rows: int) -> Iterator[Parsed]:
        """The same in parts of at most so many records; all that is no record is in the first."""
        yield replace(self, records=self.records[:rows])
        for start in range(rows, len(self.records), rows):
            yield Parsed(self.table, self.records[start : start + rows])


class ParseError(Exception):
    """A whole capture cannot be read (block page, truncated JSON, no table). Nothing of it is loaded."""

    def __init__(self, where: str, reason: str, what_to_do: str) -> None:
        self.where, self.reason, self.what_to_do = where, reason, what_to_do
        super().__init__(plain_lines(f"{where}: {reason}. {what_to_do}"))


def joined(parts: Iterable[Parsed]) -> Parsed:
    """The parts of one run as a whole. There is at least one."""
    table: Table | None = None
    records: list[Record] = []
    rejects: list[Reject] = []
    notes: list[str] = []
    duplicates = 0
    for part in parts:
        table = part.table
        records.extend(part.records)
        rejects.extend(part.rejects)
        notes.extend(part.notes)
        duplicates += part.duplicates
    assert table is not None
    return Parsed(table, tuple(records), tuple(rejects), duplicates, tuple(notes))


def without_exact_duplicates(records: Iterable[Record]) -> tuple[tuple[Record, ...], int]:
    """Records with rows removed that repeat an earlier one in every field but position; and how many."""
    kept: list[Record] = []
    seen: set[tuple[object, ...]] = set()
    repeated = 0
    for record in records:
        identity = tuple(v for k, v in asdict(record).items() if k not in {"position", "capture_id"})
        if identity in seen:
            repeated += 1
            continue
        seen.add(identity)
        kept.append(record)
    return tuple(kept), repeated


def columns_of(table: Table) -> tuple[str, ...]:
    """Column names of a raw table as its record declares them, in order."""
    return tuple(f.name for f in fields(RECORD_TYPES[table]))
