"""What a published copy says to explain the latest scores: the words that decided, what hints rest on, and
Fakta and Analisis.

Written into the copy after the warehouse was let go: it puts into words what findings and evidence already
say, and decides nothing. Personal data are masked as in registries, texts are bounded, and what would not
show is shown.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from collectors.personal_data import mask
from transforms.indonesian_dates import MONTHS
from transforms.instrument import instrument_ids, load_instrument
from transforms.narrative import narrative
from transforms.norm import Instrument
from transforms.views import IndicatorView
from warehouse.connection import append, statement
from warehouse.indicator_rows import indicators_of
from warehouse.score_rows import fetch_rows

WORDS_KEPT = 500
"""So many characters of a passage, and of an address, are kept."""
SUBJECT_KEPT = 300
_PASSAGES = Path(__file__).parent / "queries" / "passages"
_HINTS = Path(__file__).parent / "queries" / "hints"
_BLANK = frozenset("\t\n\r")
_LENGTHS = {"subject": SUBJECT_KEPT, "status": 100, "address": WORDS_KEPT, "words": WORDS_KEPT}


def write_explanations(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Fill the tables that explain in the current database, which has its marts; rows per table.

    These are score.passage, score.hint_evidence and score.narrative.
    """
    passages = _write_passages(connection)
    hints = _write_hint_evidence(connection)
    narratives = 0
    scores = connection.execute(
        "SELECT skor_id, institusi, instrumen, keadaan_pada, zona_waktu FROM mart.indeks_terkini "
        "ORDER BY skor_id"
    ).fetchall()
    # Scored under an instrument that this program no longer has: its numbers stay, without words.
    norms = {name: load_instrument(name) for name in {row[2] for row in scores} & set(instrument_ids())}
    for score_id, institution, instrument, as_of, zone in scores:
        if instrument not in norms:
            continue
        norm = norms[instrument]
        rows = [_narrative_row(view, norm, as_of, zone) for view in indicators_of(connection, score_id, None)]
        append(connection, "score.narrative", rows, score_id=score_id, institution=institution)
        narratives += len(rows)
    return {"score.passage": passages, "score.hint_evidence": hints, "score.narrative": narratives}


def _write_passages(connection: duckdb.DuckDBPyConnection) -> int:
    cited = statement(_PASSAGES / "00_cited.sql")
    months = ", ".join(f"'{name}'" for name in MONTHS)
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO hari(d) AS day(d) || ' ' || [{months}][month(d)] || ' ' || year(d)"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE cited_evidence AS {cited}")
    count = 0
    for path in sorted(_PASSAGES.glob("[a-z]*.sql")):
        rows = fetch_rows(connection.execute(f"SELECT * FROM ({statement(path)}) ORDER BY ALL"))
        ordinals: dict[tuple[str, str, str], int] = {}
        for row in rows:
            place = (row["score_id"], row["criterion"], row["capture_id"])
            row["ordinal"] = ordinals[place] = ordinals.get(place, 0) + 1
            row |= {name: shown(row[name], length) for name, length in _LENGTHS.items()}
        append(connection, "score.passage", rows)
        count += len(rows)
    connection.execute("DROP TABLE cited_evidence")
    return count


def _write_hint_evidence(connection: duckdb.DuckDBPyConnection) -> int:
    """Find the captures that hints of the latest scores rest on, by what the hints say."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE hinted AS {statement(_HINTS / '00_hinted.sql')}")
    found = " UNION ".join(f"({statement(path)})" for path in sorted(_HINTS.glob("[a-z]*.sql")))
    (count,) = connection.execute(
        f"INSERT INTO score.hint_evidence BY NAME FROM ({found}) ORDER BY ALL"
    ).fetchone() or (0,)
    connection.execute("DROP TABLE hinted")
    return int(count)


def _narrative_row(view: IndicatorView, norm: Instrument, as_of: datetime, zone: str) -> dict[str, Any]:
    told = narrative(view, norm, as_of, zone)
    missing = view.missing if view.provisional < 5 else ()
    return {
        "indicator": view.number,
        "next_level": view.next_level if missing else None,
        "missing": "; ".join(f"{c.criterion} {c.text}" for c in missing) or None,
        "owners": "; ".join(dict.fromkeys(c.owner for c in missing)) or None,
        "facts": told.facts,
        "analysis": told.analysis,
    }


def shown(text: str | None, length: int) -> str | None:
    """A text of others for people: personal data masked, what shows nothing written out, cut at `length`."""
    if text is None:
        return None
    visible = "".join(
        " " if c in _BLANK else f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c
        for c in mask(text)
    )
    return visible if len(visible) <= length else f"{visible[: length - 1]}…"
