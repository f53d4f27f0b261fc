"""What a copy says of an instrument beside the headline: what carries over, indices of other bodies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from transforms.index import rounded
from transforms.instrument import ExternalIndex, Indicator, Instrument, InstrumentError
from transforms.instrument_views import CarryOverView, ExternalView, OriginView
from transforms.levels import SCORE_DIGITS
from transforms.norm import ExternalBand
from transforms.views import IndexView
from warehouse.connection import execute
from warehouse.score_rows import rows_of


def instruments_beside(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[str, ...]:
    """The instruments that the institution's file names in `also`, in its order, as far as it has scores."""
    found = execute(
        connection,
        "SELECT unnest(also) FROM ("
        "  SELECT arg_max(also, valid_from) AS also FROM core.institution WHERE institution = $institution"
        ")",
        {"institution": index.institution},
    ).fetchall()
    scored = execute(
        connection,
        "SELECT instrumen FROM mart.indeks_terkini WHERE institusi = $institution",
        {"institution": index.institution},
    ).fetchall()
    return tuple(name for (name,) in found if (name,) in scored and name != index.instrument)


def carried_over(
    connection: duckdb.DuckDBPyConnection, index: IndexView, number: str | None = None
) -> dict[str, CarryOverView]:
    """By indicator number (or of that one only), what carries over from the instrument before."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in execute(
        connection,
        "SELECT indikator, kode_padanan, instrumen_asal, indikator_asal, nama_asal, tingkat_asal, catatan "
        "FROM mart.padanan_instrumen "
        "WHERE institusi = $institution AND instrumen = $instrument AND coalesce(indikator = $number, TRUE)",
        {"institution": index.institution, "instrument": index.instrument, "number": number},
    ).fetchall():
        rows.setdefault(row[0], []).append(row)
    return {
        indicator: CarryOverView(
            status=pairs[0][1],
            from_instrument=pairs[0][2],
            origins=tuple(OriginView(*pair[3:6]) for pair in pairs if pair[3] is not None),
            note=pairs[0][6],
        )
        for indicator, pairs in rows.items()
    }


def external_values(
    connection: duckdb.DuckDBPyConnection, index: IndexView, norm: Instrument, number: str | None = None
) -> dict[str, ExternalView]:
    """By indicator number (or of that one only), the index of another body and its value as of the score."""
    known = {
        row["index_id"]: row
        for row in rows_of(connection, "external_indices", {"as_of": index.as_of})
        if row["institution"] == index.institution
    }
    indices = {entry.id: entry for entry in norm.external_indices}
    return {
        indicator.number: _external(
            indices[indicator.external_index], indicator, known.get(indicator.external_index)
        )
        for indicator in norm.indicators
        if indicator.external_index is not None and number in (None, indicator.number)
    }


def _external(index: ExternalIndex, indicator: Indicator, row: dict[str, Any] | None) -> ExternalView:
    value = None if row is None else row["value"].normalize()
    band: ExternalBand | None = None
    score: Decimal | None = None
    if value is not None:
        try:
            level = index.level(value)
            band = next(entry for entry in index.bands if entry.level == level)
            score = rounded(index.score(value), SCORE_DIGITS).normalize()
        except InstrumentError:
            # Outside its scale: the finding says so, and nothing follows from the value.
            pass
    return ExternalView(
        index=index.id,
        name=index.name,
        owner=index.owner,
        makes_score=indicator.score_from == "external_index",
        value=value,
        year=None if row is None else row["year"],
        decided_on=None if row is None else row["decided_on"],
        expires_on=None if row is None else row["expires_on"],
        citation=None if row is None else row["citation"],
        level=None if band is None else band.level,
        low=None if band is None else band.min,
        high=None if band is None else band.max,
        has_low=index.intervals == "left_closed" or band == index.bands[0],
        has_high=index.intervals == "right_closed" or band == index.bands[-1],
        score_low=None if band is None else band.score_min,
        score_high=None if band is None else band.score_max,
        score=score,
        source=index.source,
        unverified=index.unverified or "external_index" in indicator.unverified,
        note=index.note,
    )
