"""The city's open data portal, as CKAN's `package_search` answers: made-up data sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from demo.city import AGENCIES, SITE
from demo.faults import FaultKind, kept_rows

_DATASETS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("jumlah-penduduk", "Jumlah penduduk per kelurahan", "disdukcapil", ("CSV",)),
    ("ruang-terbuka-hijau", "Ruang terbuka hijau", "bappeda", ("CSV", "GeoJSON")),
    ("harga-bahan-pokok", "Harga bahan pokok dan menu Kafé Baca", "diskominfo", ("CSV",)),
    ("realisasi-anggaran", "Realisasi anggaran per urusan", "bkad", ("XLSX",)),
    ("daftar-puskesmas", "Daftar puskesmas", "dinkes", ("CSV", "JSON")),
    ("stok-obat", "Persediaan obat puskesmas", "dinkes", ("CSV",)),
    ("daftar-sekolah", "Daftar sekolah", "disdik", ("CSV",)),
    ("daya-tampung", "Daya tampung sekolah", "disdik", ("XLSX", "PDF")),
    ("izin-terbit", "Izin yang terbit per bulan", "dpmptsp", ("CSV",)),
    ("titik-reklame", "Titik reklame berizin", "dpmptsp", ("GeoJSON",)),
    ("koleksi-buku", "Koleksi buku", "dispusip", ("CSV",)),
    ("pegawai-per-golongan", "Pegawai per golongan", "bkpsdm", ("PDF",)),
)


def catalogue_body(asked: Mapping[str, list[str]], today: date, fault: FaultKind | None) -> bytes:
    """The page of the catalogue that `rows` and `start` ask for."""
    entries = _DATASETS[: kept_rows(len(_DATASETS), fault)]
    start, rows = _number(asked, "start", 0), _number(asked, "rows", 10)
    found = [_entry(number, today) for number in range(len(entries))][start : start + rows]
    answer = {"success": True, "result": {"count": len(entries), "sort": "name asc", "results": found}}
    return json.dumps(answer, ensure_ascii=False).encode()


def _entry(number: int, today: date) -> dict[str, Any]:
    name, title, agency, formats = _DATASETS[number]
    modified = today - timedelta(days=3 + 20 * number)
    return {
        "id": f"karangan-{number:04d}",
        "name": name,
        "title": title,
        "notes": f"{title} menurut {AGENCIES[agency]}.",
        "license_id": "cc-by",
        "maintainer": f"Pengelola Contoh {number:02d}",
        "metadata_modified": f"{modified.isoformat()}T04:05:06.000007",
        "organization": {"name": agency, "title": AGENCIES[agency]},
        "resources": [
            {"format": kind, "url": f"https://data.{SITE}/berkas/{name}.{kind.lower()}"} for kind in formats
        ],
    }


def _number(asked: Mapping[str, list[str]], name: str, otherwise: int) -> int:
    said = asked.get(name, [""])[0]
    return int(said) if said.isascii() and said.isdigit() else otherwise
