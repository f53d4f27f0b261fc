"""The words for codes that officers would otherwise have to look up."""

from __future__ import annotations

from collections.abc import Mapping

from transforms.collection_words import failure_words

STATE_ICONS: Mapping[str, str] = {
    "met": "✓",
    "not_met": "✕",
    "unknown": "?",
    "stale": "◷",
    "error": "!",
}
SERVICE_STATES: Mapping[str, tuple[str, str]] = {
    "mati": ("not_met", "✕"),
    "tidak stabil": ("not_met", "↕"),
    "gagal sesaat": ("stale", "!"),
    "tidak dapat dipastikan": ("unknown", "?"),
    "pemeliharaan": ("unknown", "⚒"),
    "belum diperiksa": ("unknown", "–"),
    "hidup": ("met", "✓"),
}
"""Colour class and icon of the states in `mart.layanan_terkini`, the worst first."""
COLLECTORS: Mapping[str, str] = {
    "regulations": "Produk hukum",
    "app_registry": "Registri aplikasi",
    "attestations": "Atestasi",
    "open_data": "Katalog data terbuka",
    "uptime": "Pemeriksaan layanan",
    "institution": "Berkas institusi",
}
SEVERITIES: Mapping[str, str] = {"penting": "not_met", "waspada": "stale", "info": "unknown"}
"""Colour class of an alert's severity."""
_ERRORS: Mapping[str, str] = {
    "timeout": "tidak menjawab dalam batas waktu",
    "dns": "nama tidak ditemukan",
    "refused": "ditolak",
    "connection": "sambungan terputus",
    "reset": "sambungan terputus",
    "empty_reply": "tidak ada jawaban HTTP",
    "tls": "sertifikat tidak sah",
    "tls_expired": "sertifikat kedaluwarsa",
    "tls_self_signed": "sertifikat dari penerbit yang tidak dikenal",
    "tls_incomplete_chain": "rantai sertifikat tidak lengkap",
    "tls_wrong_host": "sertifikat untuk nama lain",
    "tls_other": "sertifikat tidak sah",
    "blocked": "akses diblokir",
    "not_allowed": "alamat tidak diizinkan",
    "own_outage": "gangguan di tempat Pantau",
    "too_large": "jawaban terlalu besar",
    "too_many_redirects": "pengalihan tanpa akhir",
    "redirect_loop": "pengalihan tanpa akhir",
    "empty": "kosong",
    "text_missing": "teks yang diharapkan tidak ada",
    "json_mismatch": "isi jawaban JSON tidak sesuai",
}


def error_words(code: str | None) -> str:
    """What a class of failure means; an unknown class is shown as it is."""
    if not code:
        return ""
    if code.startswith("http_"):
        return f"HTTP {code.removeprefix('http_')}"
    return _ERRORS.get(code, code)


def source_words(code: str | None) -> str:
    """What a class of failure means where a source was collected."""
    return failure_words(code, "") or error_words(code)
