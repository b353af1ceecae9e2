from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from liverelay.errors import ConfigError
from liverelay.transport.addresses import (
    announced_addresses,
    bound_addresses,
    host_candidates,
    machine_addresses,
    only_local,
)


def test_machine_has_an_address_without_scope_and_not_link_local() -> None:
    addresses = machine_addresses()

    assert addresses
    assert not any(address.is_link_local for address in addresses)


def test_loopback_is_announced_only_if_there_is_nothing_else() -> None:
    addresses = machine_addresses()

    assert len(addresses) == 1 or not any(address.is_loopback for address in addresses)


def test_no_value_announces_every_address_of_the_machine() -> None:
    assert announced_addresses([]) == machine_addresses()


def test_given_addresses_are_announced_as_they_are_and_once() -> None:
    addresses = announced_addresses(["203.0.113.9", "2001:db8::9", " 203.0.113.9"])

    assert addresses == [ip_address("203.0.113.9"), ip_address("2001:db8::9")]


def test_loopback_is_announced_if_asked_for() -> None:
    assert announced_addresses(["127.0.0.1"]) == [ip_address("127.0.0.1")]


def test_name_is_resolved() -> None:
    assert IPv4Address("127.0.0.1") in announced_addresses(["localhost"])


def test_auto_is_an_address_of_this_machine() -> None:
    assert announced_addresses(["auto"])


@pytest.mark.parametrize("value", ["", "no such name", "0.0.0.0", "::", "224.0.0.1", "a" * 70])
def test_value_that_cannot_be_announced_is_the_operators_error(value: str) -> None:
    with pytest.raises(ConfigError):
        announced_addresses([value])


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["127.0.0.1"], True),
        (["10.0.0.1", "192.168.1.1", "fd00::1", "::1"], True),
        (["100.64.0.1"], True),
        (["10.0.0.1", "8.8.8.8"], False),
        (["2a00:1450::1"], False),
    ],
)
def test_only_local_says_whether_the_internet_is_left_out(
    addresses: list[str], expected: bool
) -> None:
    assert only_local(map(ip_address, addresses)) is expected


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        ([], ("0.0.0.0", "::")),
        (["10.0.0.2"], ("10.0.0.2", "::")),
        (["10.0.0.2", "fd00::2"], ("10.0.0.2", "fd00::2")),
        (["10.0.0.1", "10.0.0.2"], ("0.0.0.0", "::")),
        (["203.0.113.9", "fd00::2"], ("0.0.0.0", "fd00::2")),
    ],
)
def test_single_address_is_bound_if_it_is_the_machines_own(
    values: list[str], bound: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [ip_address(each) for each in ("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2")]
    monkeypatch.setattr("liverelay.transport.addresses.machine_addresses", lambda: own)

    assert bound_addresses(announced_addresses(values), values) == bound


def test_candidates_take_turns_by_family() -> None:
    v4 = [IPv4Address("203.0.113.1"), IPv4Address("203.0.113.2"), IPv4Address("203.0.113.3")]
    v6 = [IPv6Address("2001:db8::1")]

    candidates = host_candidates([*v4, *v6], 8080)

    assert [c.address for c in candidates] == [str(address) for address in (v4[0], v6[0], *v4[1:])]
    assert {c.port for c in candidates} == {8080}
