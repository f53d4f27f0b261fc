"""Personal data in registries: names and numbers of people never leave the archive (UU 27/2022, Pasal 4)."""

from __future__ import annotations

import re

from collectors.indonesian import normalise_title

MASK = "(disamarkan)"

_PERSONAL = re.compile(
    r"\b(?:pengelola|kontak|contact|narahubung|cp|pic|pj|penanggung ?jawab|programmer"
    r"|wa|whatsapp|hp|handphone|ponsel|telepon|telpon|telp|tlp|phone|e ?mail|surel|nip|nik|npwp|jabatan"
    r"|nama (?:lengkap|admin|operator|petugas|pejabat|pegawai|pengembang|user|pengguna))\b"
)
# "Unit Pengelola" and "OPD Penanggung Jawab" name an office, not a person.
_OFFICE = re.compile(
    r"\b(?:unit(?: kerja)?|opd|skpd|perangkat daerah|instansi|dinas|bidang|satuan kerja|satker)"
    r" (?:pengelola|pj|penanggung ?jawab)\b"
)
_PHONE = re.compile(r"(?<!\d)(?:\+?62|0)[\s.-]?8\d(?:[\s.-]?\d){6,11}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# NIP: birth date, appointment month, sex, serial number (18 digits); NIK: 16 digits.
_CIVIL_SERVANT = re.compile(r"(?<!\d)(?:19|20)\d{6}\s?(?:19|20)\d{4}\s?\d\s?\d{3}(?!\d)")
_CITIZEN = re.compile(r"(?<!\d)\d{16}(?!\d)")


def is_personal(header: str) -> bool:
    """Whether a column holds data of persons, judged by its header."""
    words = normalise_title(header)
    return _PERSONAL.search(words) is not None and _OFFICE.search(words) is None


def mask(text: str) -> str:
    """Text with mobile numbers, e-mail addresses, NIP and NIK replaced; office landlines stay."""
    for pattern in (_EMAIL, _CIVIL_SERVANT, _CITIZEN, _PHONE):
        text = pattern.sub(MASK, text)
    return text
