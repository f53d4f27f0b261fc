"""When most of a run is not reached, the run tells of us: unknown, not down, and said aloud."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from collectors.evidence import Parsed, Reject, UptimeRecord
from collectors.institution import ConfigError, OwnOutage, parse_institution
from collectors.own_outage import OWN_OUTAGE, without_own_outage
from tests.warehouse_rows import warehouse_with
from transforms.instrument import load_topics
from warehouse.asking import build_models

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
DEFAULT = OwnOutage()


def check(service: int, error: str | None, run: str = "lari-1") -> UptimeRecord:
    is_up = True if error is None else None if error == "blocked" else False
    return UptimeRecord(
        service_id=f"s{service}",
        url=f"https://s{service}.kota.go.id/",
        checked_at=AT,
        is_up=is_up,
        status=200 if error is None else None,
        error_class=error,
        error_message=None if error is None else "kata pustaka",
        dns_ms=None,
        connect_ms=None,
        tls_ms=None,
        first_byte_ms=None,
        total_ms=1.0,
        attempts=1 if error is None else 2,
        final_url=None,
        is_https=True,
        cert_expires_at=None,
        cert_issuer=None,
        tls_ok=None,
        text_found=None,
        capture_id=run,
        position=service,
    )


def judged(*errors: str | None, rule: OwnOutage = DEFAULT) -> list[tuple[bool | None, str | None]]:
    parsed = Parsed("uptime_check", tuple(check(n, error) for n, error in enumerate(errors)))
    records = without_own_outage(parsed, rule).records
    assert [r.position for r in records] == list(range(len(errors)))
    return [(r.is_up, r.error_class) for r in records if isinstance(r, UptimeRecord)]


OURS = (None, OWN_OUTAGE)


def test_four_of_five_unreached_are_unknown_and_the_fifth_stands() -> None:
    assert judged("dns", "refused", "timeout", "reset", None) == [OURS] * 4 + [(True, None)]


def test_an_answer_that_is_bad_is_the_services_own() -> None:
    assert judged("dns", "dns", "dns", "dns", "http_503") == [OURS] * 4 + [(False, "http_503")]


@pytest.mark.parametrize(
    "errors",
    [
        ("dns", "dns", "dns", None, None),  # 60% of five
        ("dns", "dns", "dns", "dns"),  # all of four
        ("http_500",) * 5,
        ("tls_expired",) * 5,
        ("empty_reply",) * 5,
        ("dns", "dns", "dns", "blocked", "http_500"),
    ],
)
def test_less_than_that_is_believed(errors: tuple[str | None, ...]) -> None:
    assert judged(*errors) == [(check(0, e).is_up, e) for e in errors]


def test_share_and_least_number_come_from_the_institutions_file() -> None:
    assert judged("dns", "dns", None, rule=OwnOutage(share=Decimal("0.6"), min_services=3)) == [
        OURS, OURS, (True, None),
    ]  # fmt: skip
    whole = OwnOutage(share=Decimal(1))
    assert judged("dns", "dns", "dns", "dns", None, rule=whole)[0] == (False, "dns")
    with pytest.raises(ConfigError, match=r"own_outage\.share: .*write 0\.8 in quotes"):
        parse_institution("own_outage: {share: 0.8}", "kota.yml")


def test_each_run_is_judged_by_itself_and_the_first_class_is_kept() -> None:
    bad = tuple(check(n, "timeout", "lari-1") for n in range(5))
    good = tuple(check(n, "timeout" if n == 0 else None, "lari-2") for n in range(5))
    reject = Reject("baris 9", "rusak", "{}")
    parsed = Parsed("uptime_check", bad + good, (reject,), duplicates=2, notes=("catatan",))
    result = without_own_outage(parsed, DEFAULT)
    assert [getattr(r, "error_class", "") for r in result.records] == [OWN_OUTAGE] * 5 + [
        "timeout", None, None, None, None,
    ]  # fmt: skip
    assert {getattr(r, "error_message", "") for r in result.records[:5]} == {"timeout: kata pustaka"}
    assert (result.seen, result.rejects) == (parsed.seen, (reject,))
    assert result.notes[0] == "catatan"
    assert result.notes[1].startswith("5 dari 5 layanan tidak terjangkau sekaligus")


def test_a_service_stays_down_over_our_own_outage_and_is_not_taken_down_by_it() -> None:
    """Of five minutes apart: down, our own outage, down is one outage; up, our own outage is no outage."""

    def at(minute: int) -> datetime:
        return AT.replace(minute=minute)

    def row(service: str, minute: int, is_up: bool | None, error: str | None) -> dict[str, object]:
        return {
            "institution": "kota-a",
            "service_id": service,
            "checked_at": at(minute),
            "is_up": is_up,
            "error_class": error,
            "attempts": 2,
        }

    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a"}],
            "service": [{"institution": "kota-a", "service_id": s} for s in ("mati", "hidup")],
            "uptime_check": [
                row("mati", 0, True, None),
                *(row("mati", m, False, "timeout") for m in (5, 10, 20, 25)),
                row("mati", 15, None, OWN_OUTAGE),
                row("hidup", 0, True, None),
                *(row("hidup", m, None, OWN_OUTAGE) for m in (5, 10, 15, 20, 25)),
            ],
        }
    )
    build_models(connection, load_topics(), at(30))
    found = connection.execute(
        "SELECT service_id, is_down, is_up, down_since, latest_at FROM service_state ORDER BY ALL"
    ).fetchall()
    assert found == [("hidup", False, True, None, at(0)), ("mati", True, False, at(5), at(25))]
