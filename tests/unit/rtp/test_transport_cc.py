import struct

import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.transport_cc import (
    MAX_DELTA_TICKS,
    MAX_REPORTED,
    TransportFeedback,
    parse_transport_feedback,
)
from tests.support.packets import MEDIA, SENDER


def feedback(*arrivals: int | None) -> TransportFeedback:
    return TransportFeedback(SENDER, MEDIA, 7, 65530, arrivals)


@pytest.mark.parametrize(
    "arrivals",
    [
        pytest.param((256,), id="one packet"),
        pytest.param((300, 310, 320), id="a short run"),
        pytest.param(tuple(range(1000, 1000 + MAX_REPORTED)), id="the longest run"),
        pytest.param((300, None, 320, None, None, 330), id="one-bit losses"),
        pytest.param((300, None, 900, None, 910, 911), id="two-bit losses"),
        pytest.param((300, *(None,) * 20, 320), id="a long loss"),
        pytest.param((300, *(None,) * 9, 320, *range(321, 340)), id="a vector, then a run"),
        pytest.param((5000, 4000, 5001), id="reordered"),
        pytest.param((None, None, 300, 310), id="lost at first"),
        pytest.param((*(None,) * 3000, 300, None, 310), id="a long loss at first"),
        pytest.param((512, 512 + MAX_DELTA_TICKS, 512), id="the largest deltas"),
        pytest.param((300, *range(1300, 21300, 1000)), id="a run of large deltas"),
    ],
)
def test_arrivals_read_back_as_written(arrivals: tuple[int | None, ...]) -> None:
    written = feedback(*arrivals)

    assert parse_compound(written.serialize()) == (written,)


def test_report_matches_the_bytes_of_the_draft() -> None:
    # Worked by hand from sections 3.1.1 to 3.1.5: reference time 2 (of 64 ms), one-bit vector
    # 0b101 and eleven zeros, deltas 3 and 7, one byte of filling.
    body = struct.pack("!IIHHI", SENDER, MEDIA, 65530, 3, 2 << 8 | 7)
    chunks = struct.pack("!H", 1 << 15 | 0b101 << 11)
    short = feedback(512 + 3, None, 512 + 10)

    assert short.serialize() == b"\x8f\xcd\x00\x05" + body + chunks + bytes((3, 7))


def test_reference_time_wraps_at_24_bits() -> None:
    late = feedback((1 << 24) * 256 + 5)

    assert parse_transport_feedback(late.serialize()[4:]).arrivals == (5,)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(bytes(15), id="no header"),
        pytest.param(struct.pack("!IIHHI", 1, 2, 3, 1, 0), id="no chunk"),
        pytest.param(struct.pack("!IIHHIH", 1, 2, 3, 1, 0, 0x2001), id="no delta"),
        pytest.param(struct.pack("!IIHHIHB", 1, 2, 3, 1, 0, 0x4001, 0), id="half a delta"),
        pytest.param(struct.pack("!IIHHIHH", 1, 2, 3, 1, 0, 0x6001, 0), id="reserved symbol"),
        pytest.param(
            struct.pack("!IIHHIH", 1, 2, 3, MAX_REPORTED + 1, 0, MAX_REPORTED + 1), id="too many"
        ),
    ],
)
def test_report_that_cannot_be_what_it_announces_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_transport_feedback(body)
