"""The institution's file: who is scored, where to look, what counts as fresh.

One YAML file per institution in `config/`. It is itself captured in the archive, so that a rebuilt
warehouse knows what was asked at the time. Unknown keys are refused; every error names file and key path.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from collectors.addresses import Reach, canonical_host, is_numeric
from collectors.maintenance import Maintenance
from collectors.plan_settings import PlanSettings
from collectors.sizes import LARGEST_BYTES, MAX_BYTES, MEGABYTE

Cadence = Literal["services", "listings", "registry"]
EvidenceKind = Literal["regulation", "uptime", "application", "attestation"]
CONFIG_SOURCE = "institusi"
"""Source id under which the institution's own file is archived."""
SERVICES_SOURCE = "layanan"
"""Source id under which batches of uptime checks are archived."""
HISTORY_SOURCE = "layanan-riwayat"
"""Source id under which histories of uptime checks from other tools are archived."""
JOURNAL_SOURCE = "operasi"
"""Source id under which the journal of operations on the warehouse is archived."""

_DURATION = re.compile(r"^(\d+)(m|h|d)$")
# Two labels at least: a lone "id" would allow the whole country.
_DOMAIN = re.compile(r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class ConfigError(Exception):
    """An institution file that cannot be used; the message names the file and each key path."""


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(str(value))
    if not match:
        raise ValueError(f"{value!r} is not a duration; write 15m, 36h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _quoted_decimal(value: object) -> Decimal:
    if isinstance(value, float):
        raise ValueError(f"write {value} in quotes: an unquoted number is a binary float")
    return Decimal(str(value))


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Score = Annotated[Decimal, BeforeValidator(_quoted_decimal), Field(ge=1, le=5)]
Year = Annotated[str, StringConstraints(pattern=r"^20\d\d$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


def _domain(value: str) -> str:
    name = canonical_host(value)
    if not is_numeric(name) and not _DOMAIN.match(name):
        raise ValueError(f"{value!r} is not a domain; write bandung.go.id, without scheme, port or star")
    return name


Domain = Annotated[str, AfterValidator(_domain)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Institution(_Strict):
    """The government body being scored.

    `instrument` makes the headline; those in `also` are scored on the same evidence and shown beside it.
    """

    id: Slug
    name: str
    kind: Literal["kota", "kabupaten", "provinsi", "kementerian", "lembaga"]
    time_zone: str = "Asia/Jakarta"
    instrument: str = "spbe-2020"
    also: tuple[str, ...] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _each_instrument_once(self) -> Institution:
        named = (self.instrument, *self.also)
        if repeated := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"also: {', '.join(repeated)} is named more than once among the instruments")
        return self

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value


class Agency(_Strict):
    """A perangkat daerah (or work unit) of the institution."""

    id: Slug
    name: str


class Freshness(_Strict):
    """How long evidence of one kind is fresh (`ttl`), and how long after that it is carried (`grace`)."""

    ttl: Duration
    grace: Duration


class FreshnessByKind(_Strict):
    """TTL and grace per evidence kind. An attestation's TTL is its own expiry; `ttl` bounds one without.

    `external_index` is for values of external indices without a last day; left out, 400 and 180 days: they
    are decided once a year.
    """

    regulation: Freshness
    uptime: Freshness
    application: Freshness
    attestation: Freshness
    external_index: Freshness | None = None


class OfficialResult(_Strict):
    """An official result of Kemenpan RB: the index and, where known, the level of each indicator.

    Levels of SPBE are whole; those of Pemdi are decimals, in quotes.
    """

    year: int = Field(ge=2018, le=2100)
    instrument: str = "spbe-2020"
    index: Score
    decided_on: date
    source: str
    levels: dict[str, Annotated[Decimal, BeforeValidator(_quoted_decimal)]] = Field(default_factory=dict)

    @field_validator("levels")
    @classmethod
    def _levels_in_range(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for indicator, level in value.items():
            if not (level.is_finite() and 1 <= level <= 5):
                raise ValueError(f"indicator {indicator}: level {level} is outside 1..5")
        return value

    @model_validator(mode="after")
    def _whole_in_spbe(self) -> OfficialResult:
        for indicator, level in self.levels.items():
            if self.instrument.startswith("spbe-") and level != level.to_integral_value():
                raise ValueError(f"levels: indicator {indicator}: {level}; levels of SPBE are whole")
        return self


class ExternalIndexValue(_Strict):
    """A value of an index of another body (such as SDI of Bappenas), with the document that holds it.

    It counts from `decided_on`; through `expires_on` where that is given, else as long as `freshness` says.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    year: int = Field(ge=2018, le=2100)
    value: Annotated[Decimal, BeforeValidator(_quoted_decimal), Field(ge=0, le=1000)]
    decided_on: date
    citation: str
    expires_on: date | None = None


class OptOut(_Strict):
    """A rule not kept for one source (certificates, robots.txt): why, and the last day of that."""

    reason: str
    until: date


class Source(_Strict):
    """Where to look for one kind of evidence.

    `max_details` is how many documents' own pages of an HTML listing are read in a run; without it, as many
    as the profile says.
    `min_rows` is the floor below which a batch is refused; without it, half the rows of the last good run.
    Set it when a listing has really shrunk. `max_megabytes` is the largest document that is taken; a JDIHN
    feed, which is read as a stream, may have 1024 (as it has where nothing is said), anything else 64.
    `columns` maps headers of a registry to fields, `values` the codes that stand under a header to the words
    they mean.
    """

    id: Slug
    collector: Literal["regulations", "app_registry", "attestations", "open_data"]
    cadence: Cadence
    agency: Slug
    format: Literal["jdihn", "html", "csv", "xlsx", "json"] | None = None
    profile: Slug | None = None
    url: str | None = None
    path: Path | None = None
    max_pages: int = Field(default=500, ge=1)
    max_details: int | None = Field(default=None, ge=0)
    min_rows: int | None = Field(default=None, ge=1)
    max_megabytes: int | None = Field(default=None, ge=1, le=LARGEST_BYTES // MEGABYTE)
    delay_seconds: float = Field(default=0.0, ge=0)
    timeout_seconds: float = Field(default=30.0, gt=0)
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    tls_opt_out: OptOut | None = None
    robots_opt_out: OptOut | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if (self.url is None) == (self.path is None):
            raise ValueError("give either url or path")
        if self.collector == "regulations" and self.format not in ("jdihn", "html"):
            raise ValueError("format must be jdihn or html for a regulations source")
        if self.format == "html" and self.profile is None:
            raise ValueError("an html listing needs a profile")
        if self.format != "jdihn" and self.max_bytes > MAX_BYTES:
            raise ValueError(f"max_megabytes above {MAX_BYTES // MEGABYTE} is for sources of format jdihn")
        return self

    @property
    def max_bytes(self) -> int:
        """The largest document that is taken."""
        usual = LARGEST_BYTES if self.format == "jdihn" else MAX_BYTES
        return usual if self.max_megabytes is None else self.max_megabytes * MEGABYTE


class Shows(_Strict):
    """What a reachable public page shows of an indicator's service (PermenPANRB 59/2020, Tabel 3)."""

    indicator: str
    function: Literal["informasi", "interaksi", "transaksi"]


class Service(_Strict):
    """One public address that is checked for being up.

    Of a page, `expect_text` must be in it; of a JSON answer, `expect_json` holds what must stand at each JSON
    pointer (RFC 6901), as in {/status: ok}.
    """

    id: Slug
    name: str
    url: str
    agency: Slug
    expect_text: str | None = None
    expect_json: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    shows: tuple[Shows, ...] = ()
    timeout_seconds: float = Field(default=10.0, gt=0)

    @field_validator("expect_json")
    @classmethod
    def _pointers(
        cls, value: dict[str, str | int | float | bool | None]
    ) -> dict[str, str | int | float | bool | None]:
        for pointer in value:
            if pointer and not pointer.startswith("/"):
                raise ValueError(f"{pointer!r} is no JSON pointer; write /{pointer}")
        return value


class SilentAfter(_Strict):
    """How long each cadence, and scoring, may stand still: the schedule's step and some time to spare."""

    services: Duration = timedelta(hours=2)
    listings: Duration = timedelta(hours=26)
    registry: Duration = timedelta(hours=26)
    score: Duration = timedelta(hours=26)

    @model_validator(mode="after")
    def _some_time(self) -> SilentAfter:
        for name in type(self).model_fields:
            if getattr(self, name) <= timedelta(0):
                raise ValueError(f"{name}: nothing runs all the time; write 2h or 26h")
        return self


class Alerts(_Strict):
    """When something is worth a message.

    `min_drop` is the smallest fall of the index or a domain, and the smallest distance below the path to the
    target. What runs out is told `evidence_days` before; a certificate at each of `tls_days` (most issuers'
    clients renew 30 days before the end: what has not been renewed at 14 will not renew itself).
    """

    min_drop: Annotated[Decimal, BeforeValidator(_quoted_decimal), Field(gt=0)] = Decimal("0.01")
    evidence_days: int = Field(default=30, ge=1, le=365)
    tls_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(default=(14, 3), min_length=1)
    silent_after: SilentAfter = SilentAfter()

    @field_validator("tls_days")
    @classmethod
    def _longest_first(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(value), reverse=True))


class OwnOutage(_Strict):
    """When a run of uptime checks is our own outage: this share of at least so many services not reached."""

    share: Annotated[Decimal, BeforeValidator(_quoted_decimal), Field(gt=0, le=1)] = Decimal("0.8")
    min_services: int = Field(default=5, ge=2)


class Flapping(_Strict):
    """A service that changed between up and down more than `changes` times `within` this long is unstable."""

    changes: int = Field(default=4, ge=1)
    within: Duration = timedelta(hours=6)


class Retention(_Strict):
    """How long single uptime checks stay in the warehouse, and how long what they say by the hour.

    After that what they say by the day remains, which service levels are counted from. The archive keeps all.
    """

    # Scoring looks at every check of the last 60 days, and a day is rolled up two days after it is over.
    raw_days: int = Field(default=100, ge=65)
    hourly_days: int = Field(default=400, ge=65)

    @model_validator(mode="after")
    def _hours_outlive_checks(self) -> Retention:
        if self.hourly_days < self.raw_days:
            raise ValueError(f"hourly_days {self.hourly_days} must not be less than raw_days {self.raw_days}")
        return self


class InstitutionFile(_Strict):
    """A whole file of `config/`.

    `down_after` is how long every check of a service must have failed before it counts as down; `check_holds`
    how long, at most, a check speaks for the time after it in service levels.
    `allowed_suffixes` are domains that redirects, links in listings and addresses in registries may lead to,
    beside the hosts that this file itself names.
    `moratorium_from` is the first day on which no new application was to be made.
    """

    institution: Institution
    agencies: tuple[Agency, ...]
    targets: dict[Year, Score] = Field(default_factory=dict)
    moratorium_from: date | None = None
    official_results: tuple[OfficialResult, ...] = ()
    external_indices: tuple[ExternalIndexValue, ...] = ()
    freshness: FreshnessByKind
    sources: tuple[Source, ...] = ()
    services: tuple[Service, ...] = ()
    services_cadence: Cadence = "services"
    down_after: Duration = timedelta(minutes=15)
    check_holds: Duration = timedelta(minutes=30)
    own_outage: OwnOutage = OwnOutage()
    flapping: Flapping = Flapping()
    maintenance: tuple[Maintenance, ...] = ()
    retention: Retention = Retention()
    alerts: Alerts = Alerts()
    plan: PlanSettings = PlanSettings()
    ca_file: Path | None = None
    allow_private_addresses: bool = False
    allowed_suffixes: tuple[Domain, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> InstitutionFile:
        known = {agency.id for agency in self.agencies}
        ids = [source.id for source in self.sources] + [service.id for service in self.services]
        for repeated in sorted(one for one, times in Counter(ids).items() if times > 1):
            raise ValueError(f"id {repeated!r} is used more than once among sources and services")
        entries: tuple[Source | Service, ...] = (*self.sources, *self.services)
        for entry in entries:
            if entry.id in (CONFIG_SOURCE, SERVICES_SOURCE, HISTORY_SOURCE, JOURNAL_SOURCE):
                raise ValueError(f"id {entry.id!r} is kept for Pantau itself; choose another")
            if entry.agency not in known:
                raise ValueError(f"{entry.id}: agency {entry.agency!r} is not among agencies")
        services = {service.id for service in self.services}
        for window in self.maintenance:
            for service_id in window.services:
                if service_id not in services:
                    raise ValueError(f"maintenance {window.name!r}: {service_id!r} is not among services")
        return self

    def reach(self) -> Reach:
        """Where collectors may go: the allowed domains, and each host named here with those below it.

        Of a host named ``www.bandung.go.id`` the domain ``bandung.go.id`` is taken.
        """
        entries: tuple[Source | Service, ...] = (*self.sources, *self.services)
        named = {_host(entry.url) for entry in entries if entry.url is not None}
        hosts = {host.removeprefix("www.") for host in named if host}
        return Reach(tuple(sorted(hosts | set(self.allowed_suffixes))), self.allow_private_addresses)

    def source(self, source_id: str) -> Source:
        """The source of that id; KeyError names the ids there are."""
        for source in self.sources:
            if source.id == source_id:
                return source
        raise KeyError(f"no source {source_id!r}; there are: {', '.join(s.id for s in self.sources)}")


def _host(url: str) -> str:
    try:
        return canonical_host(urlsplit(url).hostname or "")
    except ValueError:
        # What is no address names no host; fetching it says what is wrong with it.
        return ""


# libyaml, where PyYAML was built with it: ten thousand services take seconds, not half a minute.
_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_institution(text: str, where: str) -> InstitutionFile:
    """Read an institution file's text.

    Raises ConfigError naming `where` and each key path at fault.
    """
    try:
        data: Any = yaml.load(text, _SAFE_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{where}{line}: not valid YAML ({getattr(error, 'problem', error)})") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: expected a mapping with the key 'institution' at the top")
    try:
        return InstitutionFile.model_validate(data)
    except ValidationError as error:
        lines = [_explain(where, problem) for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _explain(where: str, problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"]) or "(top)"
    if problem["type"] == "extra_forbidden":
        return f"{where}: {path}: unknown key; correct the spelling or remove it"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {path}: {message}"


def read_institution(path: Path) -> tuple[InstitutionFile, str]:
    """The institution file at `path`, and its text. Raises ConfigError when it cannot be read or used."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give the path of a file in config/"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    return parse_institution(text, str(path)), text
