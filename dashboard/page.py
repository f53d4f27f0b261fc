"""The page of one institution: one HTML file that needs nothing else, drawn from plain values.

Everything in it comes from outside or from officers, so everything is escaped; the content security policy
forbids whatever is not this file's own style and script.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard import charts, formats
from dashboard.ahead import ahead
from dashboard.beside import band_text, beside, plain_decimal
from dashboard.wording import COLLECTORS, SERVICE_STATES, SEVERITIES, STATE_ICONS, error_words, source_words
from transforms.indonesian_dates import day, moment
from transforms.views import STATE_NAMES, IndexView, IndicatorView, PageView, ServiceView, level_text

TEMPLATES = Path(__file__).parent / "templates"
EVIDENCE_SHOWN = 5
"""Captures listed under one criterion; the rest is in the published copy."""
CHECKED_APART = timedelta(minutes=15)
"""A check that is older than the newest by more than this says when it was."""
SOON_DAYS = 14
"""A certificate that expires within so many days is marked."""


def render(view: PageView) -> str:
    """The page as HTML. The same view gives the same text, to the last character."""
    index = view.index
    style, script = _own_text("page.css"), _own_text("page.js")
    year = index.as_of.astimezone(ZoneInfo(index.time_zone)).year
    environment = _environment(view)
    return environment.get_template("page.html.j2").render(
        view=view,
        index=index,
        year=year,
        delta=_delta(index),
        band=charts.band_chart(index, view.norm, view.official, year),
        trend=charts.trend_chart(view.norm, view.trend, view.official, index.target, index.time_zone),
        ahead=ahead(
            view.forecast, view.norm, index.target, index.as_of.astimezone(ZoneInfo(index.time_zone)).date()
        ),
        tally=_tally(view),
        beside=beside(view),
        sample=_SAMPLE,
        checked_apart=CHECKED_APART,
        newest=max((s.checked_at for s in view.services if s.checked_at), default=None),
        services=sorted(view.services, key=partial(_trouble, index.as_of)),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        zone_name=moment(index.as_of, index.time_zone).rpartition(" ")[2],
        evidence_shown=EVIDENCE_SHOWN,
        state_names=STATE_NAMES,
        state_icons=STATE_ICONS,
        service_states=SERVICE_STATES,
        severities=SEVERITIES,
        collectors=COLLECTORS,
    )


class _Levels:
    """Levels that show every kind of cell, for the legend."""

    proven, provisional, possible, official = 1, 3, 4, 3


_SAMPLE = _Levels()


def _environment(view: PageView) -> Environment:
    zone = view.index.time_zone
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": formats.decimal_comma,
        "level": level_text,
        "signed": formats.signed,
        "weight": formats.weight,
        "share": formats.share,
        "day": day,
        "month": formats.month,
        "short_day": lambda value: formats.short_day(value.astimezone(ZoneInfo(zone))),
        "moment": lambda value: moment(value, zone),
        "short_moment": lambda value: formats.short_moment(value, zone),
        "duration": formats.duration,
        "milliseconds": formats.milliseconds,
        "shown_address": formats.shown_address,
        "error_words": error_words,
        "source_words": source_words,
        "unbroken": formats.unbroken,
        "on_scale": charts.on_scale,
        "predikat": partial(charts.predikat_of, view.norm),
        "states": _states,
        "band_text": band_text,
        "plain_decimal": plain_decimal,
        "days_left": partial(_days_left, view.index.as_of),
    }
    environment.tests["web_address"] = formats.is_web_address
    return environment


@cache
def _own_text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return f"{style_policy(style)}; script-src 'sha256-{_hash_of(script)}'"


def style_policy(style: str) -> str:
    """The content security policy of a page that has this style, and nothing else."""
    return f"default-src 'none'; style-src 'sha256-{_hash_of(style)}'; base-uri 'none'; form-action 'none'"


def _hash_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _delta(index: IndexView) -> Decimal | None:
    if index.previous_provisional is None:
        return None
    return index.provisional - index.previous_provisional


def _tally(view: PageView) -> list[tuple[str, int]]:
    """How many criteria above level 1 are in each state, in the order of the states."""
    counts = Counter(
        criterion.state for item in view.indicators for criterion in item.criteria if criterion.level > 1
    )
    return [(state, counts[state]) for state in STATE_NAMES]


def _states(item: IndicatorView) -> str:
    """The states of an indicator's criteria above level 1, for the filter."""
    return " ".join(sorted({criterion.state for criterion in item.criteria if criterion.level > 1}))


def _trouble(as_of: datetime, service: ServiceView) -> tuple[bool, int, bool]:
    """By what services are sorted: those taken over, those not up, expiring certificates."""
    expires_at = service.cert_expires_at
    is_expiring = expires_at is not None and (expires_at - as_of).days <= SOON_DAYS
    return not service.is_compromised, list(SERVICE_STATES).index(service.state), not is_expiring


def _days_left(as_of: datetime, expires_at: datetime) -> Markup:
    days = (expires_at - as_of).days
    if expires_at <= as_of:
        return Markup('<b class="not_met">sudah kedaluwarsa</b>')
    if days == 0:
        return Markup('<b class="stale">segera: kurang dari sehari lagi</b>')
    if days <= SOON_DAYS:
        return Markup('<b class="stale">segera: {} hari lagi</b>').format(days)
    return Markup('<span class="muted small">{} hari lagi</span>').format(days)
