"""Days and moments as Indonesian readers write them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
_ZONE_NAMES = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}


def day(value: date) -> str:
    """A date: ``24 November 2026``."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime, zone: str) -> str:
    """A moment in the institution's time zone: ``24 November 2026 14.05 WIB``."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H.%M} {_ZONE_NAMES.get(zone) or local.tzname()}"
