"""The dossier for assessors: every indicator with Fakta, Analisis, criteria and evidence, in one file.

As Markdown or HTML; neither needs anything from elsewhere. What outsiders wrote is escaped in both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from collectors.plain_text import without_controls
from dashboard import formats
from dashboard.evidence_list import EvidenceList
from dashboard.page import TEMPLATES, style_policy
from dashboard.wording import STATE_ICONS
from transforms.indonesian_dates import moment
from transforms.narrative import citation
from transforms.norm import Instrument
from transforms.views import IndexView, IndicatorView, level_text

Form = Literal["md", "html"]
_LIST = re.compile(r"^(\s*\d*)([-+.)])(?=\s)")
"""What would begin a list at the start of a line."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def dossier(
    index: IndexView,
    norm: Instrument,
    indicators: Sequence[IndicatorView],
    form: Form,
    about: str | None = None,
) -> str:
    """The dossier of these indicators. The same views give the same text, to the last character.

    `about` says, where it is of the past, by what was known.
    """
    style = (TEMPLATES / "dossier.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=form == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters |= {
        "number": lambda value: formats.decimal_comma(Decimal(value)),
        "level": level_text,
        "share": formats.share,
        "weight": formats.weight,
        "moment": lambda value: moment(value, index.time_zone),
        "md": _markdown,
        "cell": lambda text: _markdown(text).replace("\n", " "),
        "paragraphs": lambda text: [part for part in text.split("\n\n") if part],
        "identifier": lambda capture: capture.removeprefix("<urn:uuid:").rstrip(">"),
    }
    environment.tests["web_address"] = formats.is_web_address
    return environment.get_template(f"dossier.{form}.j2").render(
        index=index,
        norm=norm,
        about=about,
        indicators=indicators,
        places={view.number: citation(norm, norm.indicator(view.number)) for view in indicators},
        evidence=EvidenceList(indicators),
        icons=STATE_ICONS,
        style=Markup(style),
        policy=style_policy(style),
    )


def _shown(value: object) -> object:
    """A text without what would act instead of show; our own style is left as it is."""
    return without_controls(value) if type(value) is str else value


def _markdown(text: str) -> str:
    """A text of others that Markdown shows as it is: no mark-up, no HTML, no link hidden in it."""
    return _LIST.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", text))
