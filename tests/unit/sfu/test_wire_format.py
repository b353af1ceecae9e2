import pytest

from liverelay.rtp.extensions import (
    DEPENDENCY_DESCRIPTOR_URI,
    RID_URI,
    abs_send_time,
    find_element,
    iterate_elements,
)
from liverelay.rtp.packet import parse_header
from liverelay.sdp.parameters import Codec, HeaderExtension, ReceiveParameters, SendParameters
from liverelay.sfu.departures import DepartureRecorder
from liverelay.sfu.wire_format import PacketWriter, WireFormat, negotiated
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import (
    ABS_SEND_TIME_EXTENSION,
    MID_EXTENSION,
    OPUS,
    RED,
    TRANSPORT_CC_EXTENSION,
    VIEWER_OPUS,
    VIEWER_RED,
    VP8,
    published_audio,
    published_video,
    watched_audio,
    watched_video,
)

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


def written(
    packet: bytes, inbound: ReceiveParameters, outbound: SendParameters, now: float = 1.5
) -> bytes | None:
    result = PacketWriter(negotiated(inbound, outbound)).write(packet, parse_header(packet), now)
    return None if result is None else bytes(result)


def extensions_written(
    elements: list[tuple[int, bytes]],
    theirs: tuple[HeaderExtension, ...],
    ours: tuple[HeaderExtension, ...],
    mids: tuple[str, str] = ("0", "0"),
) -> list[tuple[int, bytes]]:
    packet = rtp(extension=one_byte_elements(*elements))
    result = written(
        packet,
        published_video(mid=mids[0], extensions=theirs),
        watched_video(mid=mids[1], extensions=ours),
    )
    assert result is not None
    assert len(result) == len(packet)
    return [
        (element.extension_id, result[element.offset : element.end])
        for element in iterate_elements(result, parse_header(result))
    ]


def test_payload_type_becomes_the_viewers_and_all_else_stays() -> None:
    packet = rtp(b"media", payload_type=96, marker=True, csrcs=(1,), padding=3)

    assert written(packet, published_video(), watched_video()) == rtp(
        b"media", payload_type=120, marker=True, csrcs=(1,), padding=3
    )


def test_packet_that_needs_no_change_is_not_copied() -> None:
    packet = rtp()
    writer = PacketWriter(negotiated(published_video(), watched_video(VP8)))

    assert writer.write(packet, parse_header(packet), 1.0) is packet


def test_packet_of_a_codec_that_the_viewer_lacks_is_not_written() -> None:
    inbound = published_video(VP8, OPUS)

    assert written(rtp(payload_type=111), inbound, watched_video()) is None
    assert not negotiated(inbound, watched_video(VIEWER_RED)).carries_anything


def test_viewers_with_the_same_numbers_share_a_format() -> None:
    one = negotiated(published_video(), watched_video(ssrc=1))
    another = negotiated(published_video(), watched_video(ssrc=2))
    different = negotiated(published_video(), watched_video(VP8))

    assert one == another
    assert hash(one) == hash(another)
    assert one != different


def test_extension_ids_become_the_viewers() -> None:
    assert extensions_written(
        [(1, b"\x7f")], (HeaderExtension(1, AUDIO_LEVEL),), (HeaderExtension(10, AUDIO_LEVEL),)
    ) == [(10, b"\x7f")]


def test_extension_that_the_viewer_lacks_is_blanked() -> None:
    assert extensions_written([(3, b"\x00\x01")], (TRANSPORT_CC_EXTENSION,), ()) == []


def test_unknown_extension_is_preserved() -> None:
    assert extensions_written([(9, b"abc"), (3, b"\x00\x01")], (TRANSPORT_CC_EXTENSION,), ()) == [
        (9, b"abc")
    ]


def test_unknown_extension_under_a_number_that_the_viewer_uses_is_blanked() -> None:
    assert extensions_written([(9, b"abc")], (), (HeaderExtension(9, AUDIO_LEVEL),)) == []


def test_stream_names_of_the_publisher_are_blanked() -> None:
    rid = HeaderExtension(5, RID_URI)

    assert extensions_written([(5, b"hi")], (rid,), (rid,)) == []


@pytest.mark.parametrize(
    ("mids", "value", "expected"),
    [
        pytest.param(("0", "7"), b"0", [(6, b"7")], id="same length"),
        pytest.param(("0", "video"), b"0", [], id="different length"),
        pytest.param(("0", "7"), b"00", [], id="not what was negotiated"),
    ],
)
def test_mid_becomes_the_viewers_where_it_fits(
    mids: tuple[str, str], value: bytes, expected: list[tuple[int, bytes]]
) -> None:
    ours = HeaderExtension(6, MID_EXTENSION.uri)

    assert extensions_written([(4, value)], (MID_EXTENSION,), (ours,), mids) == expected


def test_abs_send_time_is_our_own() -> None:
    ours = HeaderExtension(8, ABS_SEND_TIME_EXTENSION.uri)

    assert extensions_written([(2, b"old")], (ABS_SEND_TIME_EXTENSION,), (ours,)) == [
        (8, abs_send_time(1.5))
    ]


def test_abs_send_time_is_added_where_the_publisher_sends_none() -> None:
    packet = rtp(b"media", payload_type=96, csrcs=(1,))
    outbound = watched_video(VP8, extensions=(ABS_SEND_TIME_EXTENSION,))

    assert written(packet, published_video(), outbound) == rtp(
        b"media",
        payload_type=96,
        csrcs=(1,),
        extension=one_byte_elements((2, abs_send_time(1.5))),
    )


def test_other_elements_stay_beside_the_abs_send_time() -> None:
    packet = rtp(extension=one_byte_elements((9, b"abc")))
    outbound = watched_video(VP8, extensions=(ABS_SEND_TIME_EXTENSION,))

    assert written(packet, published_video(), outbound) == rtp(
        extension=one_byte_elements((2, abs_send_time(1.5)), (9, b"abc"))
    )


def test_sound_carries_no_abs_send_time() -> None:
    extensions = (ABS_SEND_TIME_EXTENSION,)
    packet = rtp(payload_type=111, extension=one_byte_elements((2, b"old")))

    result = written(
        packet, published_audio(extensions=extensions), watched_audio(extensions=extensions)
    )

    assert result == rtp(payload_type=109, extension=bytes(4))


def test_abs_send_time_of_the_wrong_size_is_left_alone() -> None:
    ours = HeaderExtension(8, ABS_SEND_TIME_EXTENSION.uri)

    assert extensions_written([(2, b"four")], (ABS_SEND_TIME_EXTENSION,), (ours,)) == [(8, b"four")]


RED_PAYLOAD = bytes((0xEF, 0x12, 0x34, 3, 111)) + b"oldnew"


def test_red_for_a_viewer_without_it_is_the_primary_block() -> None:
    packet = rtp(RED_PAYLOAD, payload_type=63, marker=True, padding=4)

    assert written(packet, published_audio(OPUS, RED), watched_audio()) == rtp(
        b"new", payload_type=109, marker=True
    )


def test_red_for_a_viewer_with_it_keeps_its_blocks_under_the_viewers_numbers() -> None:
    packet = rtp(RED_PAYLOAD, payload_type=63)
    outbound = watched_audio(VIEWER_OPUS, VIEWER_RED)

    assert written(packet, published_audio(OPUS, RED), outbound) == rtp(
        bytes((0xED, 0x12, 0x34, 3, 109)) + b"oldnew", payload_type=119
    )


@pytest.mark.parametrize("viewer_codecs", [(VIEWER_OPUS,), (VIEWER_OPUS, VIEWER_RED)])
@pytest.mark.parametrize("payload", [b"\xef\x00", bytes((50,)) + b"unknown"])
def test_red_that_cannot_be_read_is_not_written(
    viewer_codecs: tuple[Codec, ...], payload: bytes
) -> None:
    packet = rtp(payload, payload_type=63)

    assert written(packet, published_audio(OPUS, RED), watched_audio(*viewer_codecs)) is None


def test_filler_says_nothing_under_a_payload_type_of_the_viewer() -> None:
    packet = rtp(b"", payload_type=96, extension=bytes(4), padding=200)
    filler = PacketWriter(negotiated(published_video(), watched_video())).write_filler(packet)

    assert filler is not None
    assert bytes(filler) == rtp(b"", payload_type=120)


@pytest.mark.parametrize("theirs", [b"\x00\x01", b"\x00\x01\x00\x00"])
def test_numbered_packet_has_room_for_a_number_and_not_the_publishers(theirs: bytes) -> None:
    published = published_video(VP8, extensions=(TRANSPORT_CC_EXTENSION, MID_EXTENSION))
    extension = HeaderExtension(5, TRANSPORT_CC_EXTENSION.uri)
    wire_format = negotiated(
        published, watched_video(VP8, extensions=(extension,)), DepartureRecorder(5)
    )
    packet = rtp(b"media", extension=one_byte_elements((3, theirs)))

    result = PacketWriter(wire_format).write(packet, parse_header(packet), 1.5)

    assert result is not None
    header = parse_header(result)
    elements = [
        (each.extension_id, result[each.offset : each.end])
        for each in iterate_elements(result, header)
    ]
    assert elements == [(5, b"\x00\x00")]
    assert result[header.payload_offset :] == b"media"


def test_numbered_packet_without_extensions_gets_one_and_so_does_a_filler() -> None:
    departures = DepartureRecorder(3)
    extensions = (TRANSPORT_CC_EXTENSION,)
    wire_format = negotiated(
        published_video(VP8), watched_video(VP8, extensions=extensions), departures
    )
    writer = PacketWriter(wire_format)

    result, filler = writer.write(rtp(), parse_header(rtp()), 1.5), writer.write_filler(rtp())

    for each in (result, filler):
        assert each is not None
        assert find_element(each, parse_header(each), 3) is not None


def test_sessions_whose_packets_are_numbered_share_no_format() -> None:
    def wire_format(departures: DepartureRecorder | None) -> WireFormat:
        outbound = watched_video(extensions=(TRANSPORT_CC_EXTENSION,))
        return negotiated(published_video(), outbound, departures)

    one, other = DepartureRecorder(3), DepartureRecorder(3)

    assert wire_format(one) == wire_format(one)
    assert wire_format(one) != wire_format(other)
    assert wire_format(one) != wire_format(None)


def test_there_is_no_filler_for_a_viewer_without_any_codec() -> None:
    writer = PacketWriter(negotiated(published_video(), watched_video(VIEWER_OPUS)))

    assert writer.write_filler(rtp()) is None


DESCRIPTOR = HeaderExtension(7, DEPENDENCY_DESCRIPTOR_URI)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"\x80\xff\xfe\x40", b"\x80\x00\x03\x40", id="a whole descriptor"),
        pytest.param(b"\x80\xff", b"\x80\xff", id="one that is cut short"),
    ],
)
@pytest.mark.parametrize("viewer_id", [7, 9])
def test_frame_number_is_counted_on_from_what_the_viewer_has_seen(
    value: bytes, expected: bytes, viewer_id: int
) -> None:
    outbound = watched_video(
        VP8, extensions=(HeaderExtension(viewer_id, DEPENDENCY_DESCRIPTOR_URI),)
    )
    wire_format = negotiated(published_video(extensions=(DESCRIPTOR,)), outbound)
    packet = rtp(extension=one_byte_elements((7, value)))

    result = PacketWriter(wire_format).write(packet, parse_header(packet), 1.5, frame_offset=5)

    assert result == rtp(extension=one_byte_elements((viewer_id, expected)))


@pytest.mark.parametrize("elements", [(), ((7, b"\x80\x00\x01"),)])
@pytest.mark.parametrize("has_descriptor", [True, False])
def test_there_is_no_frame_number_to_count_on_without_a_descriptor_at_both_ends(
    elements: tuple[tuple[int, bytes], ...], has_descriptor: bool
) -> None:
    outbound = watched_video(VP8, extensions=(DESCRIPTOR,) if has_descriptor else ())
    wire_format = negotiated(published_video(extensions=(DESCRIPTOR,)), outbound)
    packet = rtp(extension=one_byte_elements(*elements))

    result = PacketWriter(wire_format).write(packet, parse_header(packet), 1.5, frame_offset=5)

    reaches_viewer = bool(elements) and has_descriptor
    blank = bytes(len(one_byte_elements(*elements)))
    counted = one_byte_elements((7, b"\x80\x00\x06"))
    assert result == rtp(extension=counted if reaches_viewer else blank)
