from collections.abc import Callable

import pytest
from aiortc import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, pack_header_extensions

from liverelay.rtp.extensions import (
    ABS_SEND_TIME_URI,
    abs_send_time,
    find_element,
    insert_element,
    iterate_elements,
    remap_extension_ids,
)
from liverelay.rtp.packet import parse_header
from tests.support.packets import (
    ONE_BYTE,
    TWO_BYTE,
    one_byte_elements,
    rtp,
    two_byte_elements,
)


def values(packet: bytes) -> list[tuple[int, bytes]]:
    header = parse_header(packet)
    return [
        (element.extension_id, packet[element.offset : element.end])
        for element in iterate_elements(packet, header)
    ]


def remapped(packet: bytes, mapping: dict[int, int | None]) -> bytes:
    patched = bytearray(packet)
    remap_extension_ids(patched, parse_header(packet), mapping)
    return bytes(patched)


def test_packet_without_extension_has_no_elements() -> None:
    assert values(rtp()) == []


def test_extension_of_another_profile_has_no_elements() -> None:
    assert values(rtp(extension=one_byte_elements((1, b"a")), profile=0x4242)) == []


def test_one_byte_elements_are_found_between_padding() -> None:
    extension = b"\x00" + one_byte_elements((1, b"a"), (14, bytes(16))) + bytes(3)

    assert values(rtp(extension=extension[:24])) == [(1, b"a"), (14, bytes(16))]


@pytest.mark.parametrize("appbits", [0, 1, 15])
def test_two_byte_elements_are_found_whatever_the_appbits(appbits: int) -> None:
    extension = b"\x00" + two_byte_elements((1, b""), (255, b"abc")) + bytes(3)

    assert values(rtp(extension=extension[:8], profile=TWO_BYTE | appbits)) == [
        (1, b""),
        (255, b"abc"),
    ]


@pytest.mark.parametrize(
    "tail",
    [
        b"\xf0\x20\x00\x00",  # the stop identifier
        b"\x01\x20\x00\x00",  # identifier 0 with a length
        b"\x27\x00\x00\x00",  # an element that runs over the end
    ],
)
def test_one_byte_list_ends_at_a_broken_element(tail: bytes) -> None:
    assert values(rtp(extension=one_byte_elements((1, b"abc")) + tail)) == [(1, b"abc")]


@pytest.mark.parametrize("tail", [b"\x02\x03\x00\x00", b"\x00\x00\x00\x02"])
def test_two_byte_list_ends_at_a_broken_element(tail: bytes) -> None:
    extension = two_byte_elements((1, b"ab")) + tail

    assert values(rtp(extension=extension, profile=TWO_BYTE)) == [(1, b"ab")]


def test_find_element_returns_the_first_match_or_none() -> None:
    packet = rtp(extension=one_byte_elements((2, b"a"), (3, b"b"), (3, b"c")))
    header = parse_header(packet)

    found = find_element(packet, header, 3)

    assert found is not None
    assert packet[found.offset : found.end] == b"b"
    assert find_element(packet, header, 4) is None


def test_remap_exchanges_identifiers_in_one_pass() -> None:
    packet = rtp(extension=one_byte_elements((1, b"a"), (2, b"bc")))

    patched = remapped(packet, {1: 2, 2: 1})

    assert patched == rtp(extension=one_byte_elements((2, b"a"), (1, b"bc")))


def test_remap_of_two_byte_form_takes_high_identifiers() -> None:
    packet = rtp(extension=two_byte_elements((1, b"a")), profile=TWO_BYTE)

    assert values(remapped(packet, {1: 200})) == [(200, b"a")]


@pytest.mark.parametrize(
    ("profile", "elements"), [(ONE_BYTE, one_byte_elements), (TWO_BYTE, two_byte_elements)]
)
def test_blanked_element_becomes_padding_and_moves_nothing(
    profile: int, elements: Callable[..., bytes]
) -> None:
    packet = rtp(b"xyz", extension=elements((1, b"a"), (2, b"bcd"), (3, b"e")), profile=profile)

    patched = remapped(packet, {2: None})

    assert values(patched) == [(1, b"a"), (3, b"e")]
    assert len(patched) == len(packet)
    assert patched.endswith(b"xyz")


def test_identifier_too_high_for_the_one_byte_form_is_blanked() -> None:
    packet = rtp(extension=one_byte_elements((1, b"a"), (2, b"b")))

    assert values(remapped(packet, {1: 15})) == [(2, b"b")]


def test_unknown_extension_is_preserved_byte_for_byte() -> None:
    packet = rtp(extension=one_byte_elements((1, b"a"), (9, b"\x01\x02\x03")))

    assert values(remapped(packet, {1: 1})) == [(1, b"a"), (9, b"\x01\x02\x03")]
    assert remapped(packet, {}) == packet


def inserted(packet: bytes, extension_id: int, value: bytes) -> bytes:
    longer = bytearray(packet)
    insert_element(longer, parse_header(packet), extension_id, value)
    return bytes(longer)


@pytest.mark.parametrize(
    ("profile", "elements", "extension_id"),
    [(ONE_BYTE, one_byte_elements, 2), (TWO_BYTE | 3, two_byte_elements, 200)],
)
def test_inserted_element_comes_first_and_moves_all_else_unchanged(
    profile: int, elements: Callable[..., bytes], extension_id: int
) -> None:
    block = elements((1, b"abcd"))
    packet = rtp(b"xyz", extension=block, profile=profile, csrcs=(7,), padding=4)

    assert inserted(packet, extension_id, b"now") == rtp(
        b"xyz",
        extension=elements((extension_id, b"now")) + block,
        profile=profile,
        csrcs=(7,),
        padding=4,
    )


@pytest.mark.parametrize(
    ("extension_id", "profile", "elements"),
    [(14, ONE_BYTE, one_byte_elements), (15, TWO_BYTE, two_byte_elements)],
)
def test_element_is_inserted_into_a_packet_without_any_block(
    extension_id: int, profile: int, elements: Callable[..., bytes]
) -> None:
    packet = rtp(b"xyz", csrcs=(7,), marker=True)

    assert inserted(packet, extension_id, b"now") == rtp(
        b"xyz",
        csrcs=(7,),
        marker=True,
        extension=elements((extension_id, b"now")),
        profile=profile,
    )


@pytest.mark.parametrize(("extension_id", "profile"), [(15, ONE_BYTE), (1, 0x4242)])
def test_element_that_the_form_cannot_hold_is_not_inserted(extension_id: int, profile: int) -> None:
    packet = rtp(extension=one_byte_elements((1, b"abc")), profile=profile)

    assert inserted(packet, extension_id, b"now") == packet


def test_abs_send_time_is_read_by_aiortc_as_written() -> None:
    theirs = HeaderExtensionsMap()
    theirs.configure(
        RTCRtpParameters(
            headerExtensions=[RTCRtpHeaderExtensionParameters(id=3, uri=ABS_SEND_TIME_URI)]
        )
    )

    values = theirs.get(ONE_BYTE, one_byte_elements((3, abs_send_time(12.5))))

    assert values.abs_send_time == int(12.5 * (1 << 18))


def test_abs_send_time_wraps_every_64_seconds() -> None:
    assert abs_send_time(64.25) == abs_send_time(0.25)


@pytest.mark.parametrize("elements", [[(1, b"a"), (2, b"bcd")], [(1, bytes(20)), (40, b"x")]])
def test_elements_that_aiortc_writes_are_read(elements: list[tuple[int, bytes]]) -> None:
    profile, block = pack_header_extensions(elements)

    assert values(rtp(extension=block, profile=profile)) == elements
