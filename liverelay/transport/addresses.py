"""Which addresses the server announces, and the candidates made of them.

An ICE-lite server has host candidates alone, so what is announced here is all that a peer will ever
try. "It connects over HTTP but no media" nearly always means that none of them can be reached.
"""

from __future__ import annotations

import ipaddress
import socket
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeAlias

from aioice.ice import get_host_addresses

from liverelay.errors import ConfigError
from liverelay.sdp.connection import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses for documentation (RFC 5737, RFC 3849). Nothing is sent to them: connecting a UDP socket
# only asks the routing table which of our addresses the default route would use.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def machine_addresses() -> list[IpAddress]:
    """Return every address of this machine that others may reach, or else its loopback ones."""
    usable = [
        address
        for address in map(ipaddress.ip_address, get_host_addresses(use_ipv4=True, use_ipv6=True))
        if _is_usable(address)
    ]
    return usable or [ipaddress.IPv4Address("127.0.0.1")]


def announced_addresses(values: Sequence[str]) -> list[IpAddress]:
    """Return what `--public-address` comes to; with no values, every address of the machine.

    A value is an IP address, a DNS name, which is resolved now, or `auto`: the address that this
    machine would use to reach the internet. Behind a NAT that is a private one, and no machine can
    know the public one without asking somebody outside; there it has to be given.

    Raises:
        ConfigError: A value is none of these, or the name does not resolve.
    """
    if not values:
        return machine_addresses()
    found = chain.from_iterable(_resolve(value.strip()) for value in values)
    return list(dict.fromkeys(found))


def bound_addresses(announced: Sequence[IpAddress], values: Sequence[str]) -> tuple[str, str]:
    """Return the IPv4 and IPv6 addresses to bind to, given what `values` came to.

    A peer takes an answer only from the address that it asked (RFC 8445 section 7.2.5.2.1), and a
    socket bound to all addresses answers from the one that the route back prefers. So where a
    single address of a family is asked for and is this machine's own, that one is bound. An address
    of a NAT cannot be.
    """
    return (
        _bound_address(announced, values, ipaddress.IPv4Address(0)),
        _bound_address(announced, values, ipaddress.IPv6Address(0)),
    )


def only_local(addresses: Iterable[IpAddress]) -> bool:
    """Return whether nobody on the internet can reach any of these addresses."""
    return not any(address.is_global for address in addresses)


def host_candidates(addresses: Iterable[IpAddress], port: int) -> list[Candidate]:
    """Return a candidate for each address, the preferred first.

    The families take turns, so that a broken one delays a peer by one check and not by all the
    addresses of the other (RFC 8421 section 4). IPv4 begins, because FFmpeg tries the first
    candidate alone.
    """
    every = list(addresses)
    turns = zip_longest(
        (address for address in every if address.version == 4),
        (address for address in every if address.version == 6),
    )
    return [Candidate(str(address), port) for turn in turns for address in turn if address]


def _bound_address(announced: Sequence[IpAddress], values: Sequence[str], every: IpAddress) -> str:
    chosen = [address for address in announced if address.version == every.version]
    is_single = bool(values) and len(chosen) == 1
    return str(chosen[0] if is_single and chosen[0] in machine_addresses() else every)


def _is_usable(address: IpAddress) -> bool:
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
    )


def _resolve(value: str) -> list[IpAddress]:
    if value == "auto":
        return _default_route_addresses()
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return _look_up(value)
    if address.is_unspecified or address.is_multicast:
        raise ConfigError(f"{value} cannot be announced: peers need an address of this server")
    return [address]


def _default_route_addresses() -> list[IpAddress]:
    found = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                address = ipaddress.ip_address(probe.getsockname()[0])
        except OSError:  # no such family here, or no route
            continue
        if _is_usable(address):
            found.append(address)
    return found or machine_addresses()


def _look_up(name: str) -> list[IpAddress]:
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"Public address {name!r} is no IP address and does not resolve"
        ) from error
    return [ipaddress.ip_address(answer[4][0]) for answer in answers]
