from __future__ import annotations

from liverelay.transport.early import EarlyHandshakes

HOME = ("192.0.2.1", 4000)


def test_what_was_kept_is_given_back_once_and_in_order() -> None:
    early = EarlyHandshakes()
    early.keep(b"1", HOME, 0.0)
    early.keep(b"2", HOME, 0.0)

    assert early.take(HOME, 0.1) == [b"1", b"2"]
    assert early.take(HOME, 0.1) == []


def test_what_is_older_than_five_seconds_is_forgotten() -> None:
    early = EarlyHandshakes()
    early.keep(b"old", HOME, 0.0)

    early.keep(b"new", HOME, 5.0)

    assert early.take(HOME, 9.9) == [b"new"]


def test_old_hello_is_not_given_back() -> None:
    early = EarlyHandshakes()
    early.keep(b"old", HOME, 0.0)

    assert early.take(HOME, 5.0) == []


def test_one_address_gets_room_for_four() -> None:
    early = EarlyHandshakes()

    kept = [early.keep(b"hello", HOME, 0.0) for _ in range(6)]

    assert kept == [True] * 4 + [False] * 2


def test_flood_costs_the_oldest() -> None:
    early = EarlyHandshakes()

    for port in range(1000):
        early.keep(b"hello", ("192.0.2.9", port), 0.0)

    assert early.take(("192.0.2.9", 0), 0.0) == []
    assert sum(bool(early.take(("192.0.2.9", port), 0.0)) for port in range(1000)) == 64
