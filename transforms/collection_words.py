"""What became of a collecting run in the words of an officer. The technical text stays with the run."""

from __future__ import annotations

from collections.abc import Mapping

UNREADABLE = "isinya tidak terbaca: halaman blokir atau masuk, daftar kosong, atau berkas rusak"

_WORDS: Mapping[str, str] = {
    "connection": "sambungan ke situs terputus",
    "disk": "cakram mesin pemantau penuh",
    "dns": "nama host situs tidak ditemukan",
    "ended_early": "kiriman situs terputus sebelum selesai",
    "file": "berkasnya tidak ada atau tidak terbaca",
    "killed": "pengumpulan terhenti di tengah jalan",
    "loop": "halaman daftar berputar ke halaman yang sama",
    "no_catalogue": "jawaban situs bukan katalog data",
    "no_token": "token formulir situs tidak ditemukan",
    "not_allowed": "alamat tujuan di luar domain yang diizinkan",
    "refused": "situs menolak sambungan",
    "robots": "robots.txt situs melarang pengumpulan",
    "timeout": "situs tidak menjawab lengkap sampai batas waktu",
    "tls": "sambungan TLS ke situs gagal",
    "tls_expired": "sertifikat TLS situs kedaluwarsa",
    "tls_incomplete_chain": "rantai sertifikat TLS situs tidak lengkap",
    "tls_other": "sertifikat TLS situs tidak sah",
    "tls_self_signed": "sertifikat TLS situs ditandatangani sendiri",
    "tls_wrong_host": "sertifikat TLS situs bukan untuk nama host itu",
    "too_large": "jawaban situs melebihi batas ukuran",
    "too_many_pages": "daftar lebih panjang daripada batas halaman",
    "too_many_redirects": "situs mengalihkan terlalu banyak kali",
}
_STATUSES: Mapping[str, str] = {
    "401": "situs meminta masuk",
    "403": "situs menolak akses",
    "404": "halaman tidak ditemukan",
    "429": "situs meminta pengumpulan diperlambat",
}


def failure_words(error: str | None, message: str) -> str:
    """The words for an error class; the technical `message` where there are none for it."""
    if error is not None and error.startswith("http_"):
        status = error.removeprefix("http_")
        server = "situs sedang bermasalah" if status.startswith("5") else "situs menolak permintaan"
        return f"{_STATUSES.get(status, server)} (HTTP {status})"
    return _WORDS.get(error or "", message)
