from __future__ import annotations

from liverelay.loadtest.viewer import ReceivedStream


def counted(*numbers: int) -> ReceivedStream:
    first, *rest = numbers
    stream = ReceivedStream(first)
    for number in rest:
        stream.count(number)
    return stream


def test_a_gap_is_expected_and_not_received() -> None:
    stream = counted(10, 11, 14)

    assert (stream.expected, stream.received) == (5, 3)


def test_numbers_may_wrap_and_overtake_each_other() -> None:
    stream = counted(65534, 0, 65535, 1)

    assert (stream.expected, stream.received) == (4, 4)
