"""Addresses that may be visited, and those that may not."""

from __future__ import annotations

import pytest

from collectors.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "103.10.20.30",
        "8.8.8.8",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_may_be_visited(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",  # metadata service of the large clouds
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "240.0.0.1",
        "198.51.100.7",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:a00:1::1",
    ],
)
def test_addresses_inside_a_network_may_not(address: str) -> None:
    assert not is_public(address)


def test_a_name_is_not_an_address() -> None:
    with pytest.raises(ValueError, match="bandung"):
        is_public("bandung.go.id")
