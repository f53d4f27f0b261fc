"""What a workbook of attestations shows of the present: the state of each criterion in a published copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb

from transforms.views import level_text
from warehouse import read
from warehouse.connection import execute


@dataclass(frozen=True)
class KnownState:
    """The state of one criterion in words, and why."""

    state: str
    reason: str


@dataclass(frozen=True)
class StandView:
    """How one institution stands under one instrument, by criterion and by indicator.

    `as_of` and `ruleset_hash` are None, and nothing is known, where it was never scored under it.
    """

    institution: str
    name: str
    time_zone: str
    instrument: str
    as_of: datetime | None
    ruleset_hash: str | None
    criteria: Mapping[str, KnownState]
    levels: Mapping[str, str]


def stand_view(
    connection: duckdb.DuckDBPyConnection, institution: str | None, instrument: str | None
) -> StandView:
    """The latest state of an institution, by its own latest instrument or the one named.

    Raises ReadError where the copy has no score of it, or a name is needed.
    """
    index = read.index_view(connection, institution)
    chosen = instrument or index.instrument
    run = execute(
        connection,
        "SELECT keadaan_pada, sidik_aturan, skor_id FROM mart.skor_terkini "
        "WHERE institusi = $institution AND instrumen = $instrument",
        {"institution": index.institution, "instrument": chosen},
    ).fetchone()
    as_of, ruleset_hash, score_id = run or (None, None, None)
    findings = execute(
        connection,
        "SELECT kriteria, keadaan, alasan FROM mart.temuan_terkini WHERE skor_id = $score",
        {"score": score_id},
    ).fetchall()
    levels = execute(
        connection,
        "SELECT nomor, terbukti, potensi, skala FROM mart.indikator_terkini WHERE skor_id = $score",
        {"score": score_id},
    ).fetchall()
    return StandView(
        institution=index.institution,
        name=index.name,
        time_zone=index.time_zone,
        instrument=chosen,
        as_of=as_of,
        ruleset_hash=ruleset_hash,
        criteria={criterion: KnownState(state, reason) for criterion, state, reason in findings},
        levels={
            number: f"terbukti {_text(proven, scale)}, potensi {_text(possible, scale)}"
            for number, proven, possible, scale in levels
        },
    )


def _text(level: Decimal, scale: str) -> str:
    return level_text(int(level) if scale == "bulat" else level)
