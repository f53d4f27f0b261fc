"""Reading a published copy for people: the views of schema mart as the values of `transforms.views`.

The page and the command line show the same, since both read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from transforms.attribution import CAUSE_TEXT
from transforms.instrument import load_instrument
from transforms.instrument_views import CarryOverView, ExternalView, InstrumentView, unverified_of
from transforms.views import (
    AgencyLevelView,
    AggregateView,
    AlertView,
    BandView,
    CauseView,
    ChangeView,
    IndexView,
    IndicatorView,
    NormView,
    OfficialView,
    PageView,
    Scope,
    ServiceView,
    SourceView,
    TrendPoint,
)
from warehouse.application_view import applications_view
from warehouse.beside_view import carried_over, external_values, instruments_beside
from warehouse.connection import execute
from warehouse.forecast_view import forecast_view
from warehouse.indicator_rows import indicators_of, level_of_row

WEAKEST_SHOWN = 3

Row = Mapping[str, Any]


class ReadError(Exception):
    """What was asked for is not in the published copy; the message says what is."""


def institutions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The institutions that have a score, by id."""
    rows = _rows(connection, "SELECT DISTINCT institusi FROM mart.indeks_terkini ORDER BY institusi")
    return [row["institusi"] for row in rows]


def institution_named(known: Sequence[str], institution: str | None) -> str:
    """The institution meant: the one named, or the only one. Raises ReadError where there is no such one."""
    if institution is None and len(known) > 1:
        raise ReadError(f"there are {len(known)} institutions, name one: {', '.join(known)}")
    chosen = institution or known[0]
    if chosen not in known:
        raise ReadError(f"institution {chosen!r} has no score; there are: {', '.join(known)}")
    return chosen


def index_view(
    connection: duckdb.DuckDBPyConnection, institution: str | None = None, instrument: str | None = None
) -> IndexView:
    """The latest index of an institution; without a name, of the only one there is.

    Where it was scored under several instruments and none is named, the headline of its file counts.
    Raises ReadError when it has no score (under that instrument), or when a name is needed.
    """
    known = institutions(connection)
    if not known:
        raise ReadError("nothing has been scored yet; run pantau score and pantau publish")
    chosen = institution_named(known, institution)
    rows = _rows(
        connection,
        "SELECT * FROM mart.indeks_terkini WHERE institusi = $institution "
        "ORDER BY instrumen = ("
        "  SELECT arg_max(instrument, valid_from) FROM core.institution WHERE institution = $institution"
        ") DESC NULLS LAST, keadaan_pada DESC, dihitung_pada DESC",
        institution=chosen,
    )
    under = [row for row in rows if instrument in (None, row["instrumen"])]
    if not under:
        scored = ", ".join(sorted(row["instrumen"] for row in rows))
        raise ReadError(f"institution {chosen!r} has no score under {instrument!r}; there is: {scored}")
    row = under[0]
    return IndexView(
        score_id=row["skor_id"],
        institution=row["institusi"],
        name=row["nama_institusi"],
        instrument=row["instrumen"],
        ruleset_hash=row["sidik_aturan"],
        as_of=row["keadaan_pada"],
        scored_at=row["dihitung_pada"],
        time_zone=row["zona_waktu"],
        proven=row["terbukti_eksak"],
        provisional=row["nilai_sementara_eksak"],
        possible=row["potensi_eksak"],
        coverage=row["cakupan"],
        predikat=row["predikat"],
        target=row["target"],
        target_gap=row["selisih_target"],
        official_index=row["indeks_resmi"],
        official_year=row["tahun_resmi"],
        previous_as_of=row["sebelumnya_pada"],
        previous_provisional=row["nilai_sementara_sebelumnya_eksak"],
        dates_under_other_rules=dates_under_other_rules(
            connection, row["institusi"], row["instrumen"], row["sidik_aturan"]
        ),
    )


def dates_under_other_rules(
    connection: duckdb.DuckDBPyConnection, institution: str, instrument: str, ruleset: str
) -> int:
    """How many scored dates are shown under another ruleset than this one."""
    row = execute(
        connection,
        "SELECT count(*) FROM mart.indeks_riwayat WHERE institusi = $institution "
        "AND instrumen = $instrument AND sidik_aturan <> $ruleset",
        {"institution": institution, "instrument": instrument, "ruleset": ruleset},
    ).fetchone()
    return int(row[0]) if row else 0


def aggregates(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[AggregateView, ...]:
    """The domains of a score, each followed by its aspects; the aspects alone where there are no domains."""
    domains = _rows(connection, "SELECT * FROM mart.domain_terkini WHERE skor_id = $id", id=index.score_id)
    aspects = _rows(connection, "SELECT * FROM mart.aspek_terkini WHERE skor_id = $id", id=index.score_id)
    alone = tuple(
        _aggregate("aspect", aspect["aspek"], aspect["nama_aspek"], aspect)
        for aspect in aspects
        if not aspect["domain"]
    )
    return alone + tuple(
        view
        for domain in domains
        for view in (
            _aggregate("domain", domain["domain"], domain["nama_domain"], domain),
            *(
                _aggregate("aspect", aspect["aspek"], aspect["nama_aspek"], aspect)
                for aspect in aspects
                if aspect["domain"] == domain["domain"]
            ),
        )
    )


def indicators(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[IndicatorView, ...]:
    """Every indicator of a score with its criteria and their evidence, in the instrument's order."""
    return indicators_of(connection, index.score_id, None)


def indicator_view(
    connection: duckdb.DuckDBPyConnection, institution: str | None, number: str, instrument: str | None = None
) -> IndicatorView:
    """One indicator of an institution's latest score, by its number.

    Raises ReadError when there is no such institution or indicator.
    """
    index = index_view(connection, institution, instrument)
    found = indicators_of(connection, index.score_id, number)
    if not found:
        known = _rows(
            connection,
            "SELECT nomor FROM mart.indikator_terkini WHERE skor_id = $id ORDER BY urutan",
            id=index.score_id,
        )
        raise ReadError(
            f"{index.instrument} has no indicator {number!r}; there are: "
            + ", ".join(row["nomor"] for row in known)
        )
    return found[0]


def beside_indicator(
    connection: duckdb.DuckDBPyConnection, institution: str | None, number: str, instrument: str | None
) -> tuple[CarryOverView | None, ExternalView | None]:
    """What carries over to an indicator, and the index of another body that speaks on it."""
    index = index_view(connection, institution, instrument)
    external = external_values(connection, index, load_instrument(index.instrument), number)
    return carried_over(connection, index, number).get(number), external.get(number)


def weakest(indicators: Iterable[IndicatorView], count: int = WEAKEST_SHOWN) -> tuple[IndicatorView, ...]:
    """The indicators of the lowest provisional level; among equals those that weigh most."""
    below_top = [indicator for indicator in indicators if indicator.provisional < 5]
    return tuple(sorted(below_top, key=lambda i: (i.provisional, -i.weight))[:count])


def instrument_view(connection: duckdb.DuckDBPyConnection, index: IndexView) -> InstrumentView:
    """Everything shown of an instrument that is scored beside the headline."""
    norm = load_instrument(index.instrument)
    return InstrumentView(
        index=index,
        norm=_norm(index.instrument),
        aggregates=aggregates(connection, index),
        indicators=indicators(connection, index),
        carried=carried_over(connection, index),
        external=external_values(connection, index, norm),
    )


def page_view(
    connection: duckdb.DuckDBPyConnection, institution: str, instrument: str | None = None
) -> PageView:
    """Everything on the institution's page; of one instrument alone where it is named.

    Raises ReadError when it has no score (under that instrument).
    """
    index = index_view(connection, institution, instrument)
    others = instruments_beside(connection, index) if instrument is None else ()
    all_indicators = indicators(connection, index)
    return PageView(
        index=index,
        norm=_norm(index.instrument),
        aggregates=aggregates(connection, index),
        indicators=all_indicators,
        weakest=weakest(all_indicators),
        changes=_changes(connection, index),
        alerts=_alerts(connection, index),
        trend=_trend(connection, index),
        official=_official(connection, index),
        services=_services(connection, index.institution),
        agency_levels=_agency_levels(connection, index.institution),
        sources=_sources(connection, index.institution),
        applications=applications_view(connection, index.institution),
        forecast=forecast_view(connection, index),
        rules_moved=_rules_moved(connection, index),
        beside=tuple(
            instrument_view(connection, index_view(connection, institution, name)) for name in others
        ),
    )


def _norm(instrument_id: str) -> NormView:
    instrument = load_instrument(instrument_id)
    return NormView(
        instrument=instrument.id,
        name=instrument.name,
        short_name=instrument.short_name,
        legal_basis=instrument.legal_basis,
        valid_to=instrument.valid_to,
        repealed_by=instrument.repealed_by,
        unverified=unverified_of(instrument),
        bands=tuple(
            BandView(band.predikat, band.min, band.max, band.min_inclusive, band.max_inclusive)
            for band in instrument.ordered_bands
        ),
    )


def _aggregate(scope: Scope, code: str, name: str, row: Row) -> AggregateView:
    return AggregateView(
        scope=scope,
        code=code,
        name=name,
        domain=row["domain"],
        weight=row["bobot"],
        proven=row["terbukti_eksak"],
        provisional=row["nilai_sementara_eksak"],
        possible=row["potensi_eksak"],
        coverage=row["cakupan"],
    )


def _changes(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[ChangeView, ...]:
    causes: dict[str, list[CauseView]] = {}
    for row in _rows(
        connection,
        "SELECT indikator, kriteria, kode_sebab, any_value(alasan_sesudah) AS alasan, "
        "sum(sumbangan) AS sumbangan "
        "FROM mart.perubahan WHERE skor_id = $id AND kode_sebab <> 'rules' "
        "GROUP BY indikator, kriteria, kode_sebab ORDER BY abs(sum(sumbangan)) DESC, kriteria",
        id=index.score_id,
    ):
        causes.setdefault(row["indikator"], []).append(
            CauseView(row["kriteria"], CAUSE_TEXT[row["kode_sebab"]], row["alasan"] or "", row["sumbangan"])
        )
    return tuple(
        ChangeView(
            indicator=row["indikator"],
            short_name=row["nama_singkat"],
            before=level_of_row(row, "tingkat_sebelum"),
            after=level_of_row(row, "tingkat_sesudah"),
            contribution=row["sumbangan"],
            causes=tuple(causes.get(row["indikator"], ())),
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.perubahan_terkini WHERE skor_id = $id ORDER BY sumbangan, urutan",
            id=index.score_id,
        )
    )


def _rules_moved(connection: duckdb.DuckDBPyConnection, index: IndexView) -> Decimal | None:
    """What the rules alone moved on the date compared with; None where it was scored under these only."""
    rows = _rows(
        connection,
        "SELECT sum(sumbangan) AS sumbangan FROM mart.perubahan WHERE institusi = $institution "
        "AND instrumen = $instrument AND keadaan_pada = $previous AND sebelumnya_pada = keadaan_pada "
        "AND sidik_aturan = $ruleset AND kode_sebab = 'rules'",
        institution=index.institution,
        instrument=index.instrument,
        previous=index.previous_as_of,
        ruleset=index.ruleset_hash,
    )
    moved: Decimal | None = rows[0]["sumbangan"]
    return moved


def _alerts(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[AlertView, ...]:
    """The alerts decided with this score, the gravest first."""
    return tuple(
        AlertView(
            kind=row["jenis"],
            severity=row["kegawatan"],
            line=row["isi"],
            created_at=row["dibuat_pada"],
            delivered_at=row["disampaikan_pada"],
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.peringatan WHERE skor_id = $id ORDER BY urutan",
            id=index.score_id,
        )
    )


def _trend(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[TrendPoint, ...]:
    """A point a day; while all scored dates are of one day, a point a date."""
    days = _trend_of(connection, index, "mart.indeks_harian")
    return days if len(days) > 1 else _trend_of(connection, index, "mart.indeks_riwayat")


def _trend_of(connection: duckdb.DuckDBPyConnection, index: IndexView, view: str) -> tuple[TrendPoint, ...]:
    return tuple(
        TrendPoint(
            day=row["tanggal"],
            as_of=row["keadaan_pada"],
            proven=row["terbukti_eksak"],
            provisional=row["nilai_sementara_eksak"],
            possible=row["potensi_eksak"],
            ruleset_hash=row["sidik_aturan"],
        )
        for row in _rows(
            connection,
            f"SELECT * FROM {view} "
            "WHERE institusi = $institution AND instrumen = $instrument ORDER BY keadaan_pada",
            institution=index.institution,
            instrument=index.instrument,
        )
    )


def _official(connection: duckdb.DuckDBPyConnection, index: IndexView) -> tuple[OfficialView, ...]:
    return tuple(
        OfficialView(
            instrument=row["instrumen"],
            year=row["tahun"],
            index=row["indeks"],
            decided_on=row["ditetapkan_pada"],
            citation=row["rujukan"],
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.hasil_resmi "
            "WHERE institusi = $institution AND instrumen = $instrument ORDER BY tahun",
            institution=index.institution,
            instrument=index.instrument,
        )
    )


def _services(connection: duckdb.DuckDBPyConnection, institution: str) -> tuple[ServiceView, ...]:
    return tuple(
        ServiceView(
            service=row["layanan"],
            name=row["nama"],
            agency=row["perangkat_daerah"],
            url=row["url"],
            state=row["keadaan"],
            since=row["sejak"],
            checked_at=row["diperiksa_pada"],
            status=row["status_http"],
            error_class=row["kelas_galat"],
            dns_ms=row["dns_ms"],
            connect_ms=row["sambung_ms"],
            tls_ms=row["tls_ms"],
            first_byte_ms=row["bita_pertama_ms"],
            total_ms=row["total_ms"],
            is_https=row["https"],
            cert_expires_at=row["sertifikat_kedaluwarsa_pada"],
            availability=row["ketersediaan_30_hari_persen"],
            is_compromised=row["disusupi"],
            compromise_evidence=row["bukti_penyusupan"],
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.layanan_terkini WHERE institusi = $institution ORDER BY nama, layanan",
            institution=institution,
        )
    )


def _agency_levels(connection: duckdb.DuckDBPyConnection, institution: str) -> tuple[AgencyLevelView, ...]:
    """Service levels of the last month that has any."""
    return tuple(
        AgencyLevelView(
            month=row["bulan"],
            agency=row["perangkat_daerah"],
            services=row["layanan_dipantau"],
            availability=row["ketersediaan_persen"],
            unknown=row["menit_tidak_diketahui"],
            excluded=row["menit_dikecualikan"],
            outages=row["gangguan"],
            longest_outage=row["gangguan_terlama_menit"],
            p95_ms=row["total_ms_p95"],
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.sla_perangkat_daerah WHERE institusi = $institution "
            "QUALIFY bulan = max(bulan) OVER () ORDER BY ketersediaan_persen NULLS LAST, perangkat_daerah",
            institution=institution,
        )
    )


def _sources(connection: duckdb.DuckDBPyConnection, institution: str) -> tuple[SourceView, ...]:
    return tuple(
        SourceView(
            source=row["sumber"],
            collector=row["pengumpul"],
            agency=row["perangkat_daerah"],
            location=row["alamat"],
            last_run_at=row["terakhir_dijalankan_pada"],
            last_run_ok=row["terakhir_berhasil"],
            error_class=row["kelas_galat"],
            error_message=row["pesan_galat"],
            last_ok_at=row["berhasil_pada"],
            row_count=row["jumlah_baris"],
            refused_count=row["jumlah_ditolak"],
            ttl=row["masa_segar"],
            is_stale=row["basi"],
        )
        for row in _rows(
            connection,
            "SELECT * FROM mart.sumber_terkini WHERE institusi = $institution ORDER BY sumber",
            institution=institution,
        )
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, **parameters: Any) -> list[dict[str, Any]]:
    result = execute(connection, sql, parameters)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
