"""Reading the forecast of an institution's latest score from a published copy."""

from __future__ import annotations

from datetime import date

import duckdb

from transforms.forecast_views import ExpiryView, ForecastView, PointView
from transforms.views import IndexView
from warehouse.connection import execute
from warehouse.score_rows import fetch_rows


def forecast_view(
    connection: duckdb.DuckDBPyConnection, index: IndexView, until: date | None = None
) -> ForecastView | None:
    """The forecast up to a day; None where the latest score has none, as when other rules made it."""
    chosen = {"id": index.score_id, "until": until}
    points = fetch_rows(
        execute(
            connection,
            "SELECT * FROM mart.prakiraan_indeks "
            "WHERE skor_id = $id AND ($until IS NULL OR tanggal <= $until) "
            "ORDER BY kode_skenario DESC, mulai_pada",
            chosen,
        )
    )
    if not points:
        return None
    expiries = fetch_rows(
        execute(
            connection,
            "SELECT * FROM mart.bukti_akan_kedaluwarsa "
            "WHERE skor_id = $id AND ($until IS NULL OR tanggal <= $until) "
            "ORDER BY kode_skenario DESC, mulai_pada, urutan",
            chosen,
        )
    )
    return ForecastView(
        as_of=index.as_of,
        known_until=points[0]["diketahui_sampai"],
        points=tuple(
            PointView(
                scenario=row["kode_skenario"],
                day=row["tanggal"],
                at=row["mulai_pada"],
                proven=row["terbukti_eksak"],
                provisional=row["nilai_sementara_eksak"],
                possible=row["potensi_eksak"],
                predikat=row["predikat"],
            )
            for row in points
        ),
        expiries=tuple(
            ExpiryView(
                scenario=row["kode_skenario"],
                day=row["tanggal"],
                at=row["mulai_pada"],
                days_left=row["hari_lagi"],
                owner=row["perangkat_daerah"],
                indicator=row["indikator"],
                short_name=row["nama_singkat"],
                criterion=row["kriteria"],
                event=row["peristiwa"],
                event_code=row["kode_peristiwa"],
                answered_by=row["dijawab_oleh"],
                reason=row["alasan"],
                proven_change=row["perubahan_terbukti"],
                provisional_change=row["perubahan_sementara"],
            )
            for row in expiries
        ),
    )
