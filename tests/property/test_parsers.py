"""Any bytes give a value or `MalformedPacketError`: the same property for every parser of rtp."""

import contextlib
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import MalformedPacketError
from liverelay.rtp.demux import DatagramKind, classify
from liverelay.rtp.extensions import iterate_elements, remap_extension_ids
from liverelay.rtp.packet import parse_header
from liverelay.rtp.payload import av1, h264, h265, vp8, vp9
from liverelay.rtp.payload.descriptor import write_picture_ids
from liverelay.rtp.payload.detection import SIZE_READERS
from liverelay.rtp.payload.parameter_sets import h264_frame_size, h265_frame_size
from liverelay.rtp.payload.red import primary_block
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import PayloadFormat, TransportFormat
from liverelay.rtp.rtcp.wire import PacketType
from liverelay.rtp.transport_cc import parse_transport_feedback
from tests.support.packets import ONE_BYTE, TWO_BYTE, rtp

ANY_BYTES = st.binary(max_size=96)
FEEDBACK = [
    *((PacketType.TRANSPORT_FEEDBACK, each) for each in TransportFormat),
    *((PacketType.PAYLOAD_FEEDBACK, each) for each in PayloadFormat),
]


def rtcp_like(packet_type: int, first_byte: int, body: bytes) -> bytes:
    body = body[: len(body) // 4 * 4]
    return bytes((first_byte, packet_type, 0, len(body) // 4)) + body


@given(ANY_BYTES)
def test_classify_accepts_any_bytes(data: bytes) -> None:
    assert classify(data) in DatagramKind


@given(ANY_BYTES)
def test_parse_header_raises_nothing_but_malformed_packet(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        parse_header(data)


@given(ANY_BYTES, st.integers(0x80, 0xBF))
def test_header_bounds_lie_within_the_packet(data: bytes, flags: int) -> None:
    packet = bytes((flags,)) + data

    with contextlib.suppress(MalformedPacketError):
        header = parse_header(packet)

        assert 12 <= header.payload_offset <= header.payload_end <= len(packet)
        assert header.extension_offset + header.extension_length <= header.payload_offset


@given(
    st.binary(max_size=64).map(lambda data: data[: len(data) // 4 * 4]),
    st.sampled_from((ONE_BYTE, TWO_BYTE, TWO_BYTE | 9)),
)
def test_elements_lie_in_the_extension_and_do_not_overlap(block: bytes, profile: int) -> None:
    packet = rtp(extension=block, profile=profile)
    header = parse_header(packet)

    elements = list(iterate_elements(packet, header))

    position = header.extension_offset
    for element in elements:
        assert position <= element.start < element.offset <= element.end
        position = element.end
    assert position <= header.extension_offset + header.extension_length


@given(
    st.binary(max_size=64).map(lambda data: data[: len(data) // 4 * 4]),
    st.sampled_from((ONE_BYTE, TWO_BYTE)),
    st.dictionaries(st.integers(1, 15), st.none() | st.integers(1, 20)),
)
def test_remap_changes_nothing_outside_the_elements_it_names(
    block: bytes, profile: int, mapping: dict[int, int | None]
) -> None:
    packet = rtp(extension=block, profile=profile)
    header = parse_header(packet)
    patched = bytearray(packet)

    remap_extension_ids(patched, header, mapping)

    expected = bytearray(packet)
    for element in iterate_elements(packet, header):
        if element.extension_id in mapping:
            expected[element.start : element.end] = patched[element.start : element.end]
    assert patched == expected


@given(ANY_BYTES)
def test_parse_compound_raises_nothing_but_malformed_packet(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        parse_compound(data)


@given(st.lists(st.builds(rtcp_like, st.integers(200, 207), st.integers(0x80, 0xBF), ANY_BYTES)))
def test_well_framed_rtcp_raises_nothing_but_malformed_packet(packets: list[bytes]) -> None:
    with contextlib.suppress(MalformedPacketError):
        parse_compound(b"".join(packets))


@given(
    st.sampled_from([*((each, 1) for each in PacketType), *FEEDBACK]),
    ANY_BYTES,
    st.integers(1, 8),
)
def test_padded_rtcp_raises_nothing_but_malformed_packet(
    kind: tuple[PacketType, int], body: bytes, padding: int
) -> None:
    packet_type, count_or_format = kind
    # What is left without its padding need not be whole words.
    filler = -(len(body) + padding) % 4
    padded = body + bytes(filler + padding - 1) + bytes((padding,))
    with contextlib.suppress(MalformedPacketError):
        parse_compound(rtcp_like(packet_type, 0xA0 | count_or_format, padded))


@given(ANY_BYTES)
def test_transport_feedback_raises_nothing_but_malformed_packet(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        parse_transport_feedback(data)


@given(ANY_BYTES)
def test_red_raises_nothing_but_malformed_packet(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        assert primary_block(data).offset <= len(data)


@pytest.mark.parametrize("codec", [vp8, vp9, h264, h265, av1])
@given(data=ANY_BYTES)
def test_is_keyframe_gives_an_answer_for_any_bytes(codec: ModuleType, data: bytes) -> None:
    assert codec.is_keyframe(data) in (True, False)
    assert codec.is_keyframe(memoryview(data)) == codec.is_keyframe(data)


# First bytes behind which there is something to read: descriptors, parameter sets, aggregates.
KEYFRAME_STARTS = st.sampled_from(
    (b"", b"\x08", b"\x0a", b"\xaa", b"\x10\0\0\0\x9d\x01\x2a", b"\x67", b"\x67\x64\0\x28\xac")
    + (b"\x18\x08", b"\x18\0\x60\x67\x64\0\x28", b"\x42\x01", b"\x60\x01\0\x60\x42\x01\x01")
)


@pytest.mark.parametrize("codec", SIZE_READERS)
@given(start=KEYFRAME_STARTS, data=ANY_BYTES)
def test_frame_sizes_are_those_of_pictures_or_not_known(
    codec: str, start: bytes, data: bytes
) -> None:
    sizes = SIZE_READERS[codec](start + data)

    assert len(sizes) <= 8
    assert all(0 <= side <= 1 << 16 for size in sizes for side in size)
    assert SIZE_READERS[codec](memoryview(start + data)) == sizes


@pytest.mark.parametrize("read", [h264_frame_size, h265_frame_size])
@given(data=ANY_BYTES)
def test_parameter_set_raises_nothing_but_malformed_packet(
    read: Callable[[bytes], tuple[int, int]], data: bytes
) -> None:
    with contextlib.suppress(MalformedPacketError):
        width, height = read(data)
        assert width > 0
        assert height > 0


@given(st.sampled_from((vp8, vp9)), ANY_BYTES)
def test_picture_descriptor_lies_within_the_payload(module: ModuleType, data: bytes) -> None:
    descriptor = module.parse_descriptor(data)

    if descriptor is not None:
        packet = bytearray(data)
        write_picture_ids(packet, 0, descriptor, 1 << 20, 1 << 20)
        assert len(packet) == len(data)
