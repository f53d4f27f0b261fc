"""What the page shows of the registry of applications, read from the views of schema mart."""

from __future__ import annotations

from typing import Any

import duckdb

from transforms.views import ApplicationsView, LateApplicationView, OverlapView
from warehouse.connection import execute

SHOWN = 10
"""Candidates, and applications after the moratorium, listed on the page; the rest is in the copy."""


def applications_view(connection: duckdb.DuckDBPyConnection, institution: str) -> ApplicationsView | None:
    """The counts, the candidates most alike, and the newest after the moratorium.

    None where no registry was read.
    """
    found = _rows(
        connection, "SELECT * FROM mart.ringkasan_aplikasi WHERE institusi = $institution", institution
    )
    if not found:
        return None
    (counts,) = found
    overlaps = _rows(
        connection,
        f"SELECT * FROM mart.aplikasi_ganda WHERE institusi = $institution ORDER BY urutan LIMIT {SHOWN}",
        institution,
    )
    late = _rows(
        connection,
        "SELECT * FROM mart.aplikasi_setelah_moratorium WHERE institusi = $institution "
        f"ORDER BY mulai_pada DESC, nama, aplikasi LIMIT {SHOWN}",
        institution,
    )
    return ApplicationsView(
        listed=counts["jumlah_aplikasi"],
        shared=counts["dipakai_bersama"],
        integrated=counts["terintegrasi"],
        told=counts["integrasi_dicatat"],
        dead=counts["mati"],
        unregistered=counts["layanan_tak_terdaftar"],
        overlap_count=counts["kandidat_ganda"],
        late_count=counts["setelah_moratorium"],
        moratorium_from=counts["moratorium_sejak"],
        overlaps=tuple(
            OverlapView(
                first_name=row["nama_1"],
                first_agency=row["perangkat_daerah_1"],
                second_name=row["nama_2"],
                second_agency=row["perangkat_daerah_2"],
                likeness=row["kemiripan"],
                reason=row["alasan"],
            )
            for row in overlaps
        ),
        late=tuple(
            LateApplicationView(row["nama"], row["perangkat_daerah"], row["mulai_pada"], row["dasar"])
            for row in late
        ),
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, institution: str) -> list[dict[str, Any]]:
    result = execute(connection, sql, {"institution": institution})
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
