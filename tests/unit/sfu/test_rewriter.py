from liverelay.sfu.rewriter import StreamRewriter


def outgoing(rewriter: StreamRewriter, sequence_number: int, timestamp: int) -> tuple[int, int]:
    sequence_offset, timestamp_offset = rewriter.offsets
    return (
        (sequence_number + sequence_offset) & 0xFFFF,
        (timestamp + timestamp_offset) & 0xFFFFFFFF,
    )


def test_first_feed_starts_low_and_keeps_its_timestamps() -> None:
    rewriter = StreamRewriter()

    rewriter.begin_feed(65_000, 12_345, now=10.0, clock_rate=90_000)

    assert outgoing(rewriter, 65_000, 12_345) == (1, 12_345)
    assert outgoing(rewriter, 2, 12_346) == (539, 12_346)


def test_next_feed_goes_on_by_one_number_and_by_the_time_that_passed() -> None:
    rewriter = StreamRewriter()
    rewriter.begin_feed(65_000, 1000, now=10.0, clock_rate=90_000)
    rewriter.end_feed(65_009, 4000, sent_at=10.5)

    rewriter.begin_feed(7, 0xFFFFFFFF, now=12.5, clock_rate=90_000)

    assert outgoing(rewriter, 7, 0xFFFFFFFF) == (11, 4000 + 2 * 90_000)


def test_feed_that_follows_at_once_is_one_tick_later() -> None:
    rewriter = StreamRewriter()
    rewriter.begin_feed(1, 1000, now=10.0, clock_rate=90_000)
    rewriter.end_feed(1, 1000, sent_at=10.0)

    rewriter.begin_feed(1, 50, now=10.0, clock_rate=90_000)

    assert outgoing(rewriter, 1, 50) == (2, 1001)
