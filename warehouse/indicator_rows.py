"""Indicators of a published copy as values: levels, criteria, evidence with its words, Fakta and Analisis."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb

from transforms.views import CriterionView, EvidenceView, IndicatorView, Level, PassageView
from warehouse.connection import execute

Row = Mapping[str, Any]


def indicators_of(
    connection: duckdb.DuckDBPyConnection, score_id: str, number: str | None
) -> tuple[IndicatorView, ...]:
    """The indicators of a score in the instrument's order, or only the one of that number."""
    chosen = {"id": score_id, "number": number}
    passages: dict[tuple[str, str], list[PassageView]] = {}
    for row in _told(connection, "passage", "criterion, capture_id, ordinal", score_id):
        passages.setdefault((row["criterion"], row["capture_id"]), []).append(
            PassageView(
                kind=row["kind"],
                subject=row["subject"],
                status=row["status"],
                dated=row["dated"],
                happened_at=row["happened_at"],
                address=row["address"],
                words=row["words"],
            )
        )
    told = {row["indicator"]: row for row in _told(connection, "narrative", "indicator", score_id)}
    evidence: dict[str, list[EvidenceView]] = {}
    for row in _cited(connection, "bukti_terkini", score_id, number):
        words = tuple(passages.get((row["kriteria"], row["tangkapan_id"]), ()))
        evidence.setdefault(row["kriteria"], []).append(_evidence(row, words))
    hinted: dict[str, list[EvidenceView]] = {}
    if _has(connection, "mart", "bukti_petunjuk"):
        for row in _cited(connection, "bukti_petunjuk", score_id, number):
            hinted.setdefault(row["kriteria"], []).append(_evidence(row, ()))
    criteria: dict[str, list[CriterionView]] = {}
    for row in _rows(
        connection,
        "SELECT * FROM mart.temuan_terkini "
        "WHERE skor_id = $id AND ($number IS NULL OR indikator = $number) ORDER BY urutan",
        **chosen,
    ):
        criteria.setdefault(row["indikator"], []).append(
            _criterion(row, tuple(evidence.get(row["kriteria"], ())), tuple(hinted.get(row["kriteria"], ())))
        )
    return tuple(
        IndicatorView(
            number=row["nomor"],
            name=row["nama"],
            short_name=row["nama_singkat"],
            domain=row["domain"],
            domain_name=row["nama_domain"],
            aspect=row["aspek"],
            aspect_name=row["nama_aspek"],
            weight=row["bobot"],
            proven=level_of_row(row, "terbukti"),
            provisional=level_of_row(row, "nilai_sementara"),
            possible=level_of_row(row, "potensi"),
            official=None if row["resmi"] is None else level_of_row(row, "resmi"),
            coverage=row["cakupan"],
            reason=row["alasan"],
            blocking=row["kriteria_penghalang"],
            remedy=row["saran"],
            criteria=tuple(criteria.get(row["nomor"], ())),
            rung=row.get("tingkat"),
            facts=told[row["nomor"]]["facts"] if row["nomor"] in told else "",
            analysis=told[row["nomor"]]["analysis"] if row["nomor"] in told else "",
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.indikator_terkini "
            "WHERE skor_id = $id AND ($number IS NULL OR nomor = $number) ORDER BY urutan",
            **chosen,
        )
    )


def _told(
    connection: duckdb.DuckDBPyConnection, table: str, order: str, score_id: str
) -> list[dict[str, Any]]:
    """Rows of a table that only newer copies have."""
    if not _has(connection, "score", table):
        return []
    return _rows(
        connection, f"SELECT * FROM score.{table} WHERE score_id = $id ORDER BY {order}", id=score_id
    )


def _has(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    """Whether the copy has that table or view."""
    known = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND table_schema = $schema AND table_name = $name",
        {"schema": schema, "name": name},
    ).fetchone()
    return bool(known and known[0])


def _cited(
    connection: duckdb.DuckDBPyConnection, view: str, score_id: str, number: str | None
) -> list[dict[str, Any]]:
    """Captures that findings or hints of a score cite."""
    return _rows(
        connection,
        f"SELECT * FROM mart.{view} WHERE skor_id = $id AND ($number IS NULL OR indikator = $number)",
        id=score_id,
        number=number,
    )


def _evidence(row: Row, passages: tuple[PassageView, ...]) -> EvidenceView:
    return EvidenceView(
        source=row["sumber"],
        url=row["url"],
        captured_at=row["ditangkap_pada"],
        status=row["status_http"],
        digest=row["sidik_sha256"],
        warc_file=row["berkas_warc"],
        warc_offset=row["letak_warc"],
        capture_id=row["tangkapan_id"],
        passages=passages,
    )


def level_of_row(row: Row, name: str) -> Level:
    """A level of a row: whole unless the scale is one of decimals, which older copies do not know."""
    if row.get("skala") != "desimal":
        return int(row[name])
    return Decimal(row.get(f"{name}_eksak", row[name])).normalize()


def _criterion(
    row: Row, evidence: tuple[EvidenceView, ...], hint_evidence: tuple[EvidenceView, ...]
) -> CriterionView:
    return CriterionView(
        criterion=row["kriteria"],
        level=row["tingkat"],
        text=row["uraian"],
        state=row["kode_keadaan"],
        is_fresh=row["segar"],
        is_carried=row["masa_tenggang"],
        reason=row["alasan"],
        hint=row["petunjuk"],
        answered_by=row["dijawab_oleh"],
        answerable_by=row["dapat_dijawab_oleh"],
        owner=row["pemilik"],
        remedy=row["saran"],
        observed_at=row["diamati_pada"],
        expires_at=row["kedaluwarsa_pada"],
        evidence=evidence,
        hint_evidence=hint_evidence,
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: Any) -> list[dict[str, Any]]:
    result = execute(connection, sql, parameters)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
