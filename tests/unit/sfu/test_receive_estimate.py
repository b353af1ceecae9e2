import pytest

from liverelay.rtp.packet import parse_header
from liverelay.sfu.receive_estimate import ESTIMATE_INTERVAL, ReceiveSideEstimator
from tests.support.packets import rtp

RATE = 90_000
PACKETS = 50
SIZE = 1250


class Feed:
    """Packets of 1 Mbit/s in intervals of which each can be told how it went."""

    def __init__(self) -> None:
        self.estimator = ReceiveSideEstimator()
        self.now = 100.0

    def interval(
        self, *, waited: float = 0.0, loss: float = 0.0, size: int = SIZE, jump: int = 0
    ) -> int:
        """Return the estimate after packets that waited for `waited` at least."""
        for index in range(PACKETS):
            sent_at = self.now + index * ESTIMATE_INTERVAL / PACKETS
            stamp = int((sent_at - 100) * RATE) + jump
            packet = rtp(bytes(size - 12), rtp_timestamp=stamp & 0xFFFFFFFF)
            late = waited + 0.02 * (index % 3)
            self.estimator.on_packet(parse_header(packet), RATE, sent_at + late)
        self.now += ESTIMATE_INTERVAL
        return self.estimator.take_estimate(loss, self.now + waited)


def test_estimate_rises_by_eight_percent_a_second() -> None:
    feed = Feed()

    estimates = [feed.interval() for _ in range(3)]

    assert estimates[0] == pytest.approx(500_000 * 1.08**0.5, rel=1e-3)
    assert estimates[2] == pytest.approx(500_000 * 1.08**1.5, rel=1e-3)


def test_estimate_stays_near_what_arrives() -> None:
    feed = Feed()

    estimates = [feed.interval() for _ in range(100)]

    assert estimates[-1] == pytest.approx(1_500_000, rel=0.01)


def test_publisher_that_sends_less_for_a_while_keeps_its_estimate() -> None:
    feed = Feed()
    estimates = [feed.interval() for _ in range(100)]

    assert feed.interval(size=100) == estimates[-1]


def test_standing_queue_lowers_the_estimate_below_what_arrives() -> None:
    feed = Feed()
    for _ in range(100):
        feed.interval()

    assert feed.interval(waited=0.04) == pytest.approx(1_500_000, rel=0.01)
    assert feed.interval(waited=0.1) == pytest.approx(850_000, rel=0.01)


def test_packets_of_which_some_never_wait_are_no_standing_queue() -> None:
    feed = Feed()
    feed.interval()
    packet = parse_header(rtp(rtp_timestamp=int((feed.now - 100) * RATE)))
    feed.estimator.on_packet(packet, RATE, feed.now)

    assert feed.interval(waited=0.3) > 500_000


def test_another_clock_is_no_queue() -> None:
    feed = Feed()
    feed.interval()

    assert feed.interval(jump=-10 * RATE) > 500_000
    assert feed.interval(jump=-10 * RATE) > 500_000


def test_stream_that_pauses_has_no_queue() -> None:
    feed = Feed()
    feed.interval()
    other = parse_header(rtp(rtp_timestamp=0, ssrc=0x5678))

    feed.estimator.on_packet(other, RATE, feed.now)

    assert feed.estimator.take_estimate(0.0, feed.now + 0.5) > 500_000


def test_much_loss_lowers_the_estimate_by_half_its_share() -> None:
    feed = Feed()

    assert feed.interval(loss=0.2) == 450_000


def test_some_loss_keeps_the_estimate_where_it_is() -> None:
    assert Feed().interval(loss=0.05) == 500_000


def test_loss_alone_leaves_a_picture() -> None:
    feed = Feed()

    estimates = [feed.interval(loss=0.3) for _ in range(20)]

    assert estimates[-1] == 300_000


def test_estimate_has_a_lower_end() -> None:
    feed = Feed()
    feed.interval(size=40)

    estimates = [feed.interval(waited=waited / 10, size=40) for waited in range(1, 10)]

    assert estimates[-1] == 100_000
    assert feed.interval(waited=0.95, loss=0.3, size=40) == 100_000


def test_nothing_is_owed_before_something_came_and_after_it_was_reported() -> None:
    feed = Feed()
    owed = [feed.estimator.has_unreported]
    feed.estimator.on_packet(parse_header(rtp()), RATE, 100.0)
    owed.append(feed.estimator.has_unreported)
    feed.interval()
    owed.append(feed.estimator.has_unreported)

    assert owed == [False, True, False]
