from __future__ import annotations

import struct

from liverelay.loadtest.reception import ReceivedStream, Reception, Sent, Tally
from liverelay.loadtest.source import AUDIO_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE

VIDEO, AUDIO, RTX = VIDEO_PAYLOAD_TYPE, AUDIO_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE


def counted(*numbers: int) -> ReceivedStream:
    first, *rest = numbers
    stream = ReceivedStream(VIDEO, first, 0.0)
    for number in rest:
        stream.count(number, 0.0)
    return stream


def rtp(payload_type: int, number: int) -> bytes:
    """Return a datagram of 112 bytes with one SSRC for each payload type."""
    return struct.pack("!BBHII", 0x80, payload_type, number & 0xFFFF, 0, payload_type) + bytes(100)


def receive(
    reception: Reception, payload_type: int, first: int, count: int, *, at: float = 0.0
) -> None:
    """Receive `count` packets, ten a second."""
    for i in range(count):
        reception.count(rtp(payload_type, first + i), at + i / 10)


def tally(reception: Reception, sent: Sent | None, now: float) -> Tally:
    return reception.tally(sent, now, stalled_after=2.0)


def test_a_gap_is_expected_and_not_received() -> None:
    stream = counted(10, 11, 14)

    assert (stream.expected, stream.received) == (5, 3)


def test_numbers_may_wrap_and_overtake_each_other() -> None:
    stream = counted(65534, 0, 65535, 1)

    assert (stream.expected, stream.received) == (4, 4)


def test_gaps_are_lost_and_retransmissions_are_packets_without_gaps() -> None:
    reception = Reception(0.0)
    for payload_type, number in ((VIDEO, 1), (VIDEO, 4), (RTX, 1), (RTX, 100), (AUDIO, 7)):
        reception.count(rtp(payload_type, number), 1.0)

    assert tally(reception, None, 1.0) == Tally(
        1.0, packets=5, octets=560, lost=2, is_stalled=False
    )


def test_only_what_came_since_the_mark_is_told() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 10)
    reception.count(rtp(VIDEO, 20), 1.0)

    reception.mark(1.0)
    reception.count(rtp(VIDEO, 22), 1.5)

    assert tally(reception, None, 1.5) == Tally(
        0.5, packets=1, octets=112, lost=1, is_stalled=False
    )


def test_what_was_sent_to_a_viewer_that_fell_silent_is_lost() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 51)
    receive(reception, AUDIO, 0, 51)

    ended = tally(reception, Sent({VIDEO: 10.0, AUDIO: 5.0}, last_at=9.0), 9.0)

    assert ended == Tally(9.0, packets=102, octets=11424, lost=4 * 15, is_stalled=True)


def test_one_silent_kind_of_two_is_a_stall() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 51)
    receive(reception, AUDIO, 0, 91)

    ended = tally(reception, Sent({VIDEO: 10.0, AUDIO: 10.0}, last_at=9.0), 9.0)

    assert (ended.lost, ended.is_stalled) == (40, True)


def test_what_nobody_sent_is_not_missed() -> None:
    reception = Reception(0.0)
    receive(reception, AUDIO, 0, 91)

    ended = tally(reception, Sent({VIDEO: 0.0, AUDIO: 10.0}, last_at=9.0), 9.0)

    assert (ended.lost, ended.is_stalled) == (0, False)


def test_a_publisher_that_has_gone_stalls_its_viewers_and_loses_nothing() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 31)

    ended = tally(reception, Sent({VIDEO: 3.0}, last_at=3.0), 9.0)

    assert (ended.lost, ended.is_stalled) == (0, True)


def test_who_got_nothing_lost_everything_since_the_mark() -> None:
    reception = Reception(0.0)
    reception.mark(4.0)

    ended = tally(reception, Sent({VIDEO: 10.0}, last_at=9.0), 9.0)

    assert ended == Tally(5.0, packets=0, octets=0, lost=50, is_stalled=True)


def test_a_pause_that_is_short_is_none() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 51)

    ended = tally(reception, Sent({VIDEO: 10.0}, last_at=6.9), 6.9)

    assert (ended.lost, ended.is_stalled) == (0, False)


def test_without_our_own_publisher_a_stall_is_when_nothing_comes_at_all() -> None:
    reception = Reception(0.0)
    receive(reception, VIDEO, 0, 51)
    receive(reception, AUDIO, 0, 91)

    # Who publishes may have turned the camera off.
    assert not tally(reception, None, 9.1).is_stalled
    assert tally(reception, None, 11.1) == Tally(
        11.1, packets=142, octets=15904, lost=0, is_stalled=True
    )


def test_streams_beyond_what_a_publisher_has_are_not_kept() -> None:
    reception = Reception(0.0)
    for ssrc in range(40):
        reception.count(struct.pack("!BBHII", 0x80, VIDEO, 1, 0, ssrc), 0.0)

    assert len(reception.streams) == 16
