"""What becomes of every fault that the made-up city can have: observed over real HTTP(S), written as a table.

``python -m tests.fault_matrix`` writes docs/faults.md anew; tests/test_fault_matrix.py holds it to what happens.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.server import DemoCity
from tests.line import Line, demo_line
from warehouse.load import LoadResult
from warehouse.score import ScoreResult

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "faults.md"
SHORT_SECONDS = 1
"""How long a source or service that never ends its answer is waited for here."""


@dataclass(frozen=True)
class Case:
    """One fault of one endpoint; `becomes` is the expected outcome, `error` its class."""

    endpoint: str
    fault: str
    becomes: str
    error: str | None
    said: str


@dataclass(frozen=True)
class Seen:
    """What was observed of one case. `findings` are the changes of state of criteria, "-" where there are none."""

    case: Case
    becomes: str
    error: str | None
    message: str
    quarantined: int
    findings: tuple[str, ...]
    alerts: tuple[str, ...]


SOURCES: tuple[Case, ...] = (
    Case("jdihn", "empty_listing", "refused", "refused", "empty listing"),
    Case("jdihn", "block_page", "refused", "refused", "firewall rejected"),
    Case("jdihn", "truncated_json", "refused", "refused", "damaged or cut off"),
    Case("jdihn", "mass_drop", "refused", "refused", "jumlah peraturan di bawah batas"),
    Case("jdihn", "tls_incomplete", "failed", "tls_incomplete_chain", "intermediate"),
    Case("jdihn", "robots_forbid", "failed", "robots", "robots.txt"),
    Case("jdihn", "wrong_encoding", "loaded", None, "Windows-1252"),
    Case("jdihn", "control_characters", "loaded", None, ""),
    Case("jdih-dprd", "empty_listing", "refused", "refused", "empty listing"),
    Case("jdih-dprd", "login_page", "refused", "refused", "asks to log in"),
    Case("jdih-dprd", "not_found", "failed", "http_404", "404"),
    Case("jdih-dprd", "server_error", "failed", "http_500", "500"),
    Case("jdih-dprd", "drip", "failed", "timeout", "no complete answer"),
    Case("jdih-dprd", "redirect_away", "failed", "not_allowed", "outside the domains"),
    Case("jdih-dprd", "tls_expired", "failed", "tls_expired", "expired"),
    Case("jdih-dprd", "control_characters", "loaded", None, ""),
    Case("registri-aplikasi", "block_page", "refused", "refused", "firewall"),
    Case("registri-aplikasi", "empty_listing", "refused", "refused", "jumlah aplikasi di bawah batas: 0"),
    Case("registri-aplikasi", "gzip_bomb", "failed", "too_large", "attack"),
    Case("registri-aplikasi", "rate_limited", "failed", "http_429", "429"),
    Case("registri-aplikasi", "tls_self_signed", "failed", "tls_self_signed", "self-signed"),
    Case("registri-aplikasi", "tls_wrong_host", "failed", "tls_wrong_host", "mismatch"),
    Case("registri-aplikasi", "wrong_encoding", "loaded", None, "Windows-1252"),
    Case("registri-aplikasi", "control_characters", "loaded", None, ""),
    Case("registri-kecamatan", "mass_drop", "refused", "refused", "jumlah aplikasi di bawah batas"),
    Case("registri-kecamatan", "truncated_json", "refused", "refused", "damaged zip"),
    Case("registri-kecamatan", "hang", "failed", "timeout", "no complete answer"),
    Case("registri-kecamatan", "empty_reply", "failed", "connection", "broke"),
    Case("registri-kecamatan", "redirect_loop", "failed", "too_many_redirects", "10 redirects"),
    Case("registri-kecamatan", "unavailable", "failed", "http_503", "503"),
    Case("registri-kecamatan", "merged_headers", "loaded", None, ""),
    Case("katalog-data", "block_page", "failed", "no_catalogue", "is no JSON"),
    Case("katalog-data", "truncated_json", "failed", "no_catalogue", "is no JSON"),
    Case("katalog-data", "empty_listing", "refused", "refused", "jumlah himpunan data di bawah batas: 0"),
    Case("katalog-data", "server_error", "failed", "http_500", "500"),
    Case("katalog-data", "mass_drop", "refused", "refused", "di bawah batas"),
    Case("pernyataan", "not_found", "failed", "file", "drop the file"),
    Case("pernyataan", "truncated_json", "refused", "refused", "di bawah batas"),
    Case("pernyataan", "mass_drop", "refused", "refused", "di bawah batas"),
)
"""Faults of listings, registries and the drop folder: evidence may grow stale of them, never false."""

SERVICES: tuple[Case, ...] = (
    Case("pengaduan", "unavailable", "down", "http_503", "503"),
    Case("jdih", "not_found", "down", "http_404", "404"),
    Case("data-terbuka", "hang", "down", "timeout", "menunggu jawaban"),
    Case("pengadaan", "drip", "down", "timeout", "membaca isi"),
    Case("perizinan", "tls_expired", "down", "tls_expired", "kedaluwarsa"),
    Case("kependudukan", "tls_self_signed", "down", "tls_self_signed", "ditandatangani sendiri"),
    Case("kesehatan", "tls_wrong_host", "down", "tls_wrong_host", "bukan untuk nama host"),
    Case("perencanaan", "tls_incomplete", "down", "tls_incomplete_chain", "tidak lengkap"),
    Case("penganggaran", "empty_reply", "down", "empty_reply", "tidak memberi jawaban"),
    Case("keuangan", "redirect_loop", "down", "redirect_loop", "pengalihan"),
    Case("kinerja", "empty_listing", "down", "text_missing", "tidak ada di halaman"),
    Case("helpdesk", "block_page", "unknown", "blocked", "Dihalangi"),
    Case("ppid", "rate_limited", "unknown", "blocked", "429"),
    Case("portal", "slow", "up", None, ""),
    Case("kepegawaian", "tls_expiring", "up", None, ""),
    Case("pengawasan", "hacked_page", "up", None, ""),
)
"""Faults of public pages, each on a service of its own, all in one run."""


def observe(folder: Path) -> Iterator[Seen]:
    """Every case, an hour after a day on which nothing failed: the listings in rounds, then the services."""
    with demo_line(folder) as (city, line):
        before = line.run()
        for number, cases in enumerate([*_rounds(SOURCES), SERVICES]):
            data = folder / f"round-{number}"
            shutil.copytree(line.places.root, data)
            later = Line(line.config, data, line.now + timedelta(hours=1))
            yield from _round(city, later, before, cases)
            city.clear_fault()


def _rounds(cases: Sequence[Case]) -> list[tuple[Case, ...]]:
    """The cases in as few rounds as give each endpoint one fault at a time."""
    rounds: list[dict[str, Case]] = []
    for case in cases:
        free = next((r for r in rounds if case.endpoint not in r), None)
        if free is None:
            rounds.append(free := {})
        free[case.endpoint] = case
    return [tuple(r.values()) for r in rounds]


def _round(city: DemoCity, line: Line, before: ScoreResult, cases: Sequence[Case]) -> Iterator[Seen]:
    text = line.config.read_text(encoding="utf-8")
    for case in cases:
        city.set_fault(case.endpoint, case.fault)
        if case.fault in ("hang", "drip"):
            entry = f"- id: {case.endpoint}\n"
            text = text.replace(entry, f"{entry}    timeout_seconds: {SHORT_SECONDS}\n")
    line.config = line.places.root / line.config.name
    line.config.write_text(text, encoding="utf-8")
    of_services = cases is SERVICES
    for cadence in ("services",) if of_services else ("listings", "registry"):
        line.collect(cadence=cadence)
    loaded = {result.source: result for result in line.load()}
    after = line.score()
    changed = _changes(before, after)
    for case in cases:
        alerts = tuple(a.kind for a in after.alerts if case.endpoint in a.event_key.split(":"))
        if of_services:
            yield _service(city, line, case, changed, alerts)
        else:
            yield _source(city, line, case, loaded[case.endpoint], changed, alerts)


def _changes(before: ScoreResult, after: ScoreResult) -> dict[str, str]:
    """Criteria whose state is another one, with both states."""
    was = before.current.findings
    return {
        criterion: f"{criterion}: {was[criterion].state} -> {finding.state}"
        for criterion, finding in sorted(after.current.findings.items())
        if finding.state != was[criterion].state
    }


def _source(
    city: DemoCity,
    line: Line,
    case: Case,
    result: LoadResult,
    changed: dict[str, str],
    alerts: tuple[str, ...],
) -> Seen:
    ((error, quarantined),) = line.rows(
        "SELECT o.error, (SELECT count(*) FROM ops.quarantine q WHERE q.entry_id = o.entry_id) "
        "FROM core.observation o WHERE o.source = $source ORDER BY o.observed_at DESC LIMIT 1",
        source=case.endpoint,
    )
    message = _steady(result.message, city)
    # No source of a round may change a finding; where one does, all of them are blamed and the test fails.
    return Seen(case, result.outcome, error, message, quarantined, tuple(changed.values()), alerts)


def _service(
    city: DemoCity, line: Line, case: Case, changed: dict[str, str], alerts: tuple[str, ...]
) -> Seen:
    ((is_up, error, message),) = line.rows(
        "SELECT is_up, error_class, error_message FROM core.uptime_check WHERE service_id = $service "
        "ORDER BY checked_at DESC LIMIT 1",
        service=case.endpoint,
    )
    shown = line.rows(
        "SELECT indicator FROM core.service_shows WHERE service_id = $service AND valid_to IS NULL",
        service=case.endpoint,
    )
    indicators = [f"I{int(n):02d}." for (n,) in shown]
    own = tuple(text for criterion, text in changed.items() if criterion.startswith(tuple(indicators)))
    becomes = {True: "up", False: "down", None: "unknown"}[is_up]
    return Seen(case, becomes, error, _steady(message or "", city), 0, own, alerts)


def _steady(message: str, city: DemoCity) -> str:
    """A message without what differs from run to run: ports and folders."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", message.replace(str(city.folder), "demo"))
    return re.sub(r"\s+", " ", text).strip()


def render(seen: Sequence[Seen]) -> str:
    """docs/faults.md."""
    sources = sorted((one for one in seen if one.case in SOURCES), key=lambda one: SOURCES.index(one.case))
    services = [one for one in seen if one.case in SERVICES]
    return f"""# What becomes of a fault

Generated by `python -m tests.fault_matrix` from what happens when the made-up city fails; a test keeps it current.
Every fault is served by `demo/` over real HTTP(S) an hour after a run on which all was well. Ports are left out.

## Listings, registries and the drop folder

A source that fails, empties or is blocked makes evidence stale once its time is over, never false: none of these
faults changes a finding. *Failed* runs brought no usable document; *refused* ones brought documents that the gate
or the parser would not believe, in the quarantine with their reason; *loaded* ones were repaired.

{_table(("source", "fault", "run", "error", "quarantined", "findings", "alert", "message"), map(_source_cells, sources))}

## Services

A service is down when a second attempt on a new connection failed too. What a firewall or a limit on requests
answers tells nothing of the service: unknown. The findings are those of the indicator that the service shows.
Refused certificates and a hacked page also refute I22.3.a, which in this city is refuted anyway by services on plain
HTTP. A page that is up may have been taken over: it is told as `service_compromised`.

{_table(("service", "fault", "state", "error", "findings", "alert", "message"), map(_service_cells, services))}
"""


def _source_cells(one: Seen) -> tuple[str, ...]:
    findings = ", ".join(one.findings) or "unchanged"
    return (
        one.case.endpoint, one.case.fault, one.becomes, one.error or "-", str(one.quarantined), findings,
        ", ".join(one.alerts) or "-", one.message or "-",
    )  # fmt: skip


def _service_cells(one: Seen) -> tuple[str, ...]:
    findings = "<br>".join(one.findings) or "unchanged"
    return (
        one.case.endpoint, one.case.fault, one.becomes, one.error or "-", findings, ", ".join(one.alerts) or "-",
        one.message or "-",
    )  # fmt: skip


def _table(heads: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        DOCUMENT.write_text(render(list(observe(Path(folder)))), encoding="utf-8")
