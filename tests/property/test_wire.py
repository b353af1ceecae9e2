"""What is written reads back, for every value that fits the field."""

from hypothesis import given
from hypothesis import strategies as st

from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import GenericNack, ReceiverEstimatedMaximumBitrate
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock, SenderReport
from liverelay.rtp.serial import SequenceUnwrapper, TimestampUnwrapper
from liverelay.rtp.transport_cc import TransportFeedback
from liverelay.rtp.types import Ssrc
from tests.support.packets import MEDIA, SENDER

UINT16 = st.integers(0, 0xFFFF)
UINT32 = st.integers(0, 0xFFFFFFFF)
UINT64 = st.integers(0, (1 << 64) - 1)
BLOCKS = st.lists(
    st.builds(
        ReportBlock,
        UINT32.map(Ssrc),
        st.integers(0, 255),
        st.integers(-0x800000, 0x7FFFFF),
        UINT32,
        UINT32,
        UINT32,
        UINT32,
    ),
    max_size=31,
).map(tuple)


@given(st.lists(UINT16, max_size=100))
def test_nack_names_exactly_the_packets_it_was_given(lost: list[int]) -> None:
    (nack,) = parse_compound(GenericNack(SENDER, MEDIA, tuple(lost)).serialize())

    assert isinstance(nack, GenericNack)
    assert sorted(nack.lost) == sorted(set(lost))


@given(UINT16, st.integers(1, 17))
def test_nack_of_up_to_17_neighbours_is_one_item_wherever_it_starts(start: int, size: int) -> None:
    lost = tuple((start + i) & 0xFFFF for i in range(size))

    assert len(GenericNack(SENDER, MEDIA, lost).serialize()) == 16


@given(UINT32.map(Ssrc), UINT64, UINT32, UINT32, UINT32, BLOCKS)
def test_reports_read_back(
    ssrc: Ssrc, ntp: int, timestamp: int, packets: int, octets: int, blocks: tuple[ReportBlock, ...]
) -> None:
    reports = (
        SenderReport(ssrc, ntp, timestamp, packets, octets, blocks),
        ReceiverReport(ssrc, blocks),
    )

    assert parse_compound(b"".join(report.serialize() for report in reports)) == reports


@given(UINT64, st.lists(UINT32.map(Ssrc), max_size=255).map(tuple))
def test_remb_reads_back_as_hardly_less_than_was_written(
    bitrate_bps: int, media_ssrcs: tuple[Ssrc, ...]
) -> None:
    written = ReceiverEstimatedMaximumBitrate(SENDER, bitrate_bps, media_ssrcs)

    (read,) = parse_compound(written.serialize())

    assert isinstance(read, ReceiverEstimatedMaximumBitrate)
    assert (read.sender_ssrc, read.media_ssrcs) == (SENDER, media_ssrcs)
    assert bitrate_bps * (1 - 2**-17) <= read.bitrate_bps <= bitrate_bps
    assert parse_compound(read.serialize()) == (read,)


@given(
    st.integers(0, 1 << 20),
    st.lists(st.none() | st.integers(-0x8000, 0x7FFF), max_size=200),
    UINT16,
    st.integers(0, 255),
)
def test_transport_feedback_reads_back(
    first: int, deltas: list[int | None], base: int, feedback_count: int
) -> None:
    arrivals: list[int | None] = [first]
    clock = first
    for delta in deltas:
        clock += delta or 0
        arrivals.append(None if delta is None else clock)
    written = TransportFeedback(SENDER, MEDIA, feedback_count, base, tuple(arrivals))

    assert parse_compound(written.serialize()) == (written,)


@given(UINT16, st.lists(st.integers(-30000, 30000), max_size=200))
def test_unwrapped_sequence_numbers_keep_their_distances(start: int, steps: list[int]) -> None:
    unwrapper = SequenceUnwrapper()
    true = highest = start + 65536
    assert unwrapper.unwrap(start) == true

    for step in steps:
        true = max(0, highest + step)
        highest = max(highest, true)
        assert unwrapper.unwrap(true & 0xFFFF) == true


@given(st.lists(UINT32, min_size=1))
def test_unwrapped_timestamps_keep_their_low_bits_and_stay_positive(stamps: list[int]) -> None:
    unwrapper = TimestampUnwrapper()

    extended = [unwrapper.unwrap(stamp) for stamp in stamps]

    assert [number & 0xFFFFFFFF for number in extended] == stamps
    assert min(extended) >= 0
