"""Which network addresses may be visited.

Addresses come from registries and redirects, so a name can be made to point inside the network that Pantau
runs in (or at a cloud's metadata service). What counts is the address that a connection really goes to.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether a numeric IPv4 or IPv6 address is on the public internet.

    Private, loopback, link-local, shared, multicast, reserved and unspecified ranges are not, nor is an IPv6
    address that carries such an IPv4 address inside (mapped, NAT64, 6to4, Teredo). A zone (``%eth0``) is
    ignored. Raises ValueError where `address` is not numeric.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    carried = _carried(ip) if isinstance(ip, ipaddress.IPv6Address) else ()
    return all(_is_global(inner) for inner in carried or (ip,))


@dataclass(frozen=True)
class Reach:
    """Where a collector may go: hosts by name, then the addresses that the names lead to.

    `suffixes` are domains whose hosts may be asked, themselves included (``bandung.go.id`` takes in
    ``jdih.bandung.go.id``); a numeric host must stand there as it is. None allows any host.
    `allow_private` opens addresses that are not on the public internet.
    """

    suffixes: tuple[str, ...] | None = None
    allow_private: bool = False

    def allows_host(self, host: str) -> bool:
        """Whether a host of a URL may be asked, before its name is resolved."""
        if self.suffixes is None:
            return True
        name = canonical_host(host)
        return any(
            name == suffix or (name.endswith(f".{suffix}") and not is_numeric(suffix))
            for suffix in map(canonical_host, self.suffixes)
        )

    def allows_address(self, address: str) -> bool:
        """Whether a connection may be made to a numeric address. Raises ValueError where it is none."""
        return self.allow_private or is_public(address)


def canonical_host(host: str) -> str:
    """A host as it is compared: lower case, in ASCII (IDNA), without the root's dot."""
    name = host.strip().rstrip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        # No name that resolves; compared as it is written.
        return name


def is_numeric(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _carried(ip: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    if ip.teredo is not None:
        return ip.teredo
    if ip in _NAT64:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ()


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # is_global is true for some multicast groups, which are no place for a web site.
    return ip.is_global and not ip.is_multicast
