"""Which addresses may be contacted; asked with the very address about to be dialled.

`ipaddress.is_global` calls several ways of writing 127.0.0.1 global, so the registries are spelt
out here: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890). An IPv4 address mapped
into IPv6 (RFC 4291, 2.5.5.2) is judged as itself, one behind a NAT64 (RFC 6052) as what its gateway
makes of it, and the compatible, 6to4 and Teredo forms are reserved whatever they hold.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL_V4: Final = tuple(
    (ipaddress.IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier-private"),
        ("127.0.0.0/8", "a loopback"),
        ("169.254.0.0/16", "a link-local"),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.88.99.0/24", "a reserved"),
        ("192.168.0.0/16", "a private"),
        ("198.18.0.0/15", "a benchmarking"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(
    (ipaddress.IPv6Network(network), kind)
    for network, kind in (
        ("::1/128", "a loopback"),
        ("::/128", "an unspecified"),
        ("fc00::/7", "a private"),
        ("fe80::/10", "a link-local"),
        ("ff00::/8", "a multicast"),
        ("2001::/23", "a reserved"),
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a 6to4"),
        ("3fff::/20", "a documentation"),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Policy:
    """The addresses a process may connect to: public ones, and the networks it was given.

    Args:
        allowed: networks to allow although they are special, `None` for every address there is.
    """

    def __init__(self, allowed: Iterable[str] | None) -> None:
        self._allowed: tuple[Network, ...] | None = (
            None if allowed is None else tuple(ipaddress.ip_network(text) for text in allowed)
        )
        # A run asks about the same few addresses again and again.
        self.refusal = lru_cache(maxsize=4096)(self._refusal)

    def _refusal(self, address: str) -> str | None:
        """Why this address must not be contacted, as a sentence; `None` when it may be."""
        if self._allowed is None:
            return None
        found = _unmapped(ipaddress.ip_address(address))
        if any(found in network for network in self._allowed if network.version == found.version):
            return None
        kind = _special_kind(found)
        return None if kind is None else f"{address} is {kind} address, which is not allowed here."


def _unmapped(address: Address) -> Address:
    """The IPv4 address that a mapped one is: the same packets leave for both."""
    return address if address.version == 4 else address.ipv4_mapped or address


def _special_kind(address: Address) -> str | None:
    if address.version == 4:
        return next((kind for network, kind in _SPECIAL_V4 if address in network), None)
    if address in _NAT64:
        # Its gateway decides what lies behind: a network allowed here is not the one meant there.
        return _special_kind(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    for network, kind in _SPECIAL_V6:
        if address in network:
            return kind
    return None if address in _GLOBAL_V6 else "a reserved"
