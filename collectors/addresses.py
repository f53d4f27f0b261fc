"""Which network addresses may be visited.

Addresses come from registries and redirects, so a name can be made to point inside the network that Pantau
runs in (or at a cloud's metadata service). What counts is the address that a connection really goes to.
"""

from __future__ import annotations

import ipaddress

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
