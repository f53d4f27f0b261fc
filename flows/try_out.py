"""Trying a collector by hand: parse a saved file, check an address once. Nothing is archived."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collectors import app_registry, attestations, open_data, saved_listing, uptime
from collectors.evidence import Parsed
from collectors.institution import Service
from flows.places import Clock

COLLECTORS = ("regulations", "app_registry", "attestations", "open_data", "uptime")


class UnknownCollectorError(Exception):
    """A collector that does not exist, or a profile where none applies."""


def parse_saved(collector: str, file: Path, profile: str | None) -> Parsed:
    """The records of a saved page or export.

    Raises ParseError where the file holds none, UnknownCollectorError for a wrong name, OSError where
    the file cannot be read.
    """
    if collector == "regulations":
        return saved_listing.parse_file(file, profile=profile)
    if profile is not None:
        raise UnknownCollectorError(f"--profile is for regulations, not for {collector}")
    match collector:
        case "app_registry":
            return app_registry.parse_file(file)
        case "attestations":
            return attestations.parse_file(file)
        case "open_data":
            return open_data.parse_file(file)
        case "uptime":
            return uptime.parse_file(file)
    raise UnknownCollectorError(f"there is no collector {collector!r}; there are {', '.join(COLLECTORS)}")


def check_addresses(
    urls: Sequence[str], *, text: str | None, ca_file: Path | None, allow_private: bool, clock: Clock
) -> list[dict[str, Any]]:
    """One uptime check of each address, in the order given."""
    services = [
        Service(id=f"alamat-{n}", name=url, url=url, agency="alamat", expect_text=text)
        for n, url in enumerate(urls, start=1)
    ]
    return uptime.check_all(services, ca_file=ca_file, allow_private=allow_private, clock=clock)
