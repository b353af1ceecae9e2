import pytest

from liverelay.rtp.extensions import abs_send_time, find_element
from liverelay.rtp.packet import parse_header
from liverelay.rtp.padding import PADDING_SIZE
from liverelay.sfu.departures import DepartureRecorder
from liverelay.sfu.history import PacketHistory
from liverelay.sfu.replay import WINDOW_PACKETS
from liverelay.sfu.report_estimate import Sending
from liverelay.sfu.retransmission import Retransmitter, TokenBucket, negotiated
from liverelay.sfu.viewer_group import ViewerGroup
from liverelay.sfu.wire_format import negotiated as negotiated_format
from tests.support.packets import VP8_DELTA
from tests.support.parameters import (
    ABS_SEND_TIME_EXTENSION,
    OPUS,
    TRANSPORT_CC_EXTENSION,
    VP8,
    published_video,
    watched_video,
)
from tests.support.sfu import inbound, row_of

GROUP = ViewerGroup(negotiated_format(published_video(VP8, OPUS), watched_video()), PacketHistory())


def retransmitter() -> Retransmitter:
    result = negotiated(watched_video(), row_of("viewer"))
    assert result is not None
    return result


def resend(target: Retransmitter, number: int, now: float, size: int = 22) -> None:
    packet = inbound(number, payload=VP8_DELTA.ljust(size, b"x"))
    target.resend(packet, GROUP.write, number & 0xFFFF, 1000, now)


def count(target: Retransmitter) -> int:
    fanout = target.take_fanout(now=10.0)
    return 0 if fanout is None else len(fanout.templates)


def test_retransmission_goes_out_on_its_own_stream() -> None:
    target = retransmitter()
    resend(target, 500, now=10.0)

    fanout = target.take_fanout(now=10.0)

    assert fanout is not None
    (template,) = fanout.templates
    assert list(fanout.streams.rows()) == [(row_of("viewer"), 0xC0DF, 0, 0)]
    assert (template.sequence_number, template.rtp_timestamp) == (1, 4000)
    header = parse_header(template.packet)
    assert header.payload_type == 124
    assert bytes(template.packet[12:]) == (500).to_bytes(2) + VP8_DELTA
    assert target.take_fanout(now=10.0) is None


def test_viewer_without_retransmission_gets_none() -> None:
    assert negotiated(watched_video(rtx_ssrc=None), 0) is None
    assert negotiated(watched_video(VP8), 0) is None


def test_packet_is_sent_again_ten_times_at_most() -> None:
    target = retransmitter()

    for attempt in range(10):
        resend(target, 500, now=10.0 + attempt)

    assert count(target) == 10


def test_packet_asked_for_twice_at_once_is_sent_once() -> None:
    target = retransmitter()
    resend(target, 500, now=10.0)
    resend(target, 500, now=10.01)

    assert count(target) == 1


@pytest.mark.parametrize(
    ("round_trip_time", "asked_again_after", "sent"),
    [(0.0, 0.025, 2), (0.2, 0.19, 1), (0.2, 0.21, 2), (9.0, 0.4, 1), (9.0, 0.51, 2)],
)
def test_packet_asked_for_again_within_a_round_trip_is_under_way(
    round_trip_time: float, asked_again_after: float, sent: int
) -> None:
    target = retransmitter()
    target.round_trip_time = round_trip_time
    resend(target, 500, now=10.0)

    resend(target, 500, now=10.0 + asked_again_after)

    assert count(target) == sent


def test_packet_whose_codec_has_no_retransmission_is_not_sent_again() -> None:
    target = retransmitter()
    group = ViewerGroup(negotiated_format(published_video(), watched_video(VP8)), PacketHistory())

    target.resend(inbound(1), group.write, 1, 0, 10.0)

    assert count(target) == 0


def test_packet_that_the_viewer_cannot_play_is_not_sent_again() -> None:
    target = retransmitter()

    target.resend(inbound(1, payload_type=111), GROUP.write, 1, 0, 10.0)

    assert count(target) == 0


def test_rate_of_retransmissions_is_bounded() -> None:
    target = retransmitter()

    for number in range(10_000):
        resend(target, number, now=10.0 + number / 1000, size=1200)

    sent_bytes = count(target) * 1212
    assert sent_bytes < 125_000 + 10 * 250_000
    assert sent_bytes > 9 * 250_000


def test_memory_of_what_was_sent_again_is_bounded() -> None:
    target = retransmitter()

    for number in range(WINDOW_PACKETS + 10):
        resend(target, number, now=10.0 + number)

    assert len(target._resends) == WINDOW_PACKETS


def test_new_feed_may_be_asked_for_anew() -> None:
    target = retransmitter()
    resend(target, 500, now=10.0)

    target.forget()
    resend(target, 500, now=10.0)

    assert count(target) == 2


def test_bucket_fills_up_at_its_rate_and_no_further_than_its_burst() -> None:
    bucket = TokenBucket(rate=100.0, burst=50.0)

    assert bucket.takes(50, now=10.0)
    assert not bucket.takes(25, now=10.125)
    assert bucket.takes(25, now=10.25)
    assert not bucket.takes(51, now=100.0)
    assert bucket.takes(50, now=50.0)


def test_repetition_needs_no_request_and_is_not_counted_as_one() -> None:
    target = retransmitter()

    for _ in range(5):
        target.repeat(inbound(500), GROUP.write, 500, 1000, now=10.0)

    assert target.packets_sent == 0
    assert target.octets_sent == 5 * (2 + 22)
    assert count(target) == 5


@pytest.mark.parametrize("payload_type", [111, 50])
def test_what_the_viewer_cannot_have_got_is_not_repeated(payload_type: int) -> None:
    target = retransmitter()

    target.repeat(inbound(500, payload_type=payload_type), GROUP.write, 500, 1000, now=10.0)

    assert count(target) == 0


def test_padding_shares_its_numbers_with_retransmissions() -> None:
    target = retransmitter()
    resend(target, 500, now=10.0)

    target.pad(256, now=10.0)
    target.pad(0, now=10.0)

    fanout = target.take_fanout(now=10.0)
    assert fanout is not None
    assert [template.sequence_number for template in fanout.templates] == [1, 2, 3]
    header = parse_header(fanout.templates[1].packet)
    assert (header.payload_type, header.extension_length) == (124, 0)
    assert header.payload_offset == header.payload_end
    assert target.octets_sent == 24 + 2 * 255


def test_padding_is_stamped_for_a_viewer_that_estimates_by_it() -> None:
    target = negotiated(watched_video(extensions=(ABS_SEND_TIME_EXTENSION,)), 0)
    assert target is not None

    target.pad(1, now=12.5)

    fanout = target.take_fanout(now=10.0)
    assert fanout is not None
    packet = fanout.templates[0].packet
    element = find_element(packet, parse_header(packet), 2)
    assert element is not None
    assert packet[element.offset : element.end] == abs_send_time(12.5)


def test_padding_is_numbered_packet_by_packet_where_packets_are() -> None:
    departures = DepartureRecorder(TRANSPORT_CC_EXTENSION.extension_id)
    parameters = watched_video(extensions=(TRANSPORT_CC_EXTENSION,))
    target = negotiated(parameters, 0, departures)
    assert target is not None

    target.pad(300, now=12.5)

    fanout = target.take_fanout(now=12.5)
    assert fanout is not None
    numbers = []
    for packet, *_ in fanout.templates:
        element = find_element(packet, parse_header(packet), 3)
        assert element is not None
        numbers.append(int.from_bytes(packet[element.offset : element.end]))
    assert numbers == [0, 1]


def test_retransmissions_stay_within_their_limit() -> None:
    target = retransmitter()
    target.limit(200_000)

    for millisecond in range(0, 10_000, 2):
        resend(target, millisecond, now=10.0 + millisecond / 1000, size=1200)

    assert 225_000 < count(target) * 1212 < 275_000


def test_no_limit_is_above_the_one_that_bounds_all() -> None:
    target = retransmitter()
    target.limit(1e9)

    for millisecond in range(0, 10_000, 2):
        resend(target, millisecond, now=10.0 + millisecond / 1000, size=1200)

    assert count(target) * 1212 < 2_700_000


def test_limit_that_is_next_to_nothing_lets_a_packet_through_now_and_then() -> None:
    target = retransmitter()
    target.limit(1_000)

    resend(target, 1, now=10.0, size=1200)

    assert count(target) == 1


def test_each_retransmission_left_with_its_burst() -> None:
    target = retransmitter()
    for number in range(5):
        resend(target, number, now=10.0)
        if number in {1, 3}:
            target.take_fanout(now=10.0 + number)

    departures = [target.departure_of(number) for number in range(1, 6)]

    assert departures[:3] == [(11.0, 11.0), (11.0, 13.0), (13.0, 13.0)]
    assert departures[3] == (13.0, None)
    assert departures[4] is None


def test_departure_is_forgotten_after_many_bursts() -> None:
    target = retransmitter()

    for number in range(200):
        resend(target, number, now=10.0 + number)
        target.take_fanout(now=10.0 + number)

    assert target.departure_of(1) is None
    assert target.departure_of(200) == (209.0, None)


def test_what_was_sent_until_a_packet_is_counted_burst_by_burst() -> None:
    """Padding is small, what is sent again is not, and a report may name any packet of them."""
    target = retransmitter()
    target.pad(3 * PADDING_SIZE, now=10.0)
    target.take_fanout(now=10.0)
    resend(target, 1, now=11.0, size=1_000)
    resend(target, 2, now=11.0, size=1_000)
    target.take_fanout(now=11.0)
    target.pad(PADDING_SIZE, now=12.0)

    sent = [target.sending_until(number) for number in (0, 1, 3, 4, 5, 6)]

    # The original number of a packet goes before what it carries (RFC 4588 section 4).
    padding, repeated = 3 * PADDING_SIZE, 1_000 + 2
    everything = Sending(5, padding + 2 * repeated)
    # The first was never sent, and the last has not been yet.
    assert sent == [
        everything,
        Sending(1, PADDING_SIZE),
        Sending(3, padding),
        Sending(4, padding + repeated),
        everything,
        everything,
    ]
