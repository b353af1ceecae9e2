"""Header extension elements (RFC 8285), found and changed where they lie.

Both forms are read: one-byte (0xBEDE) and two-byte (0x1000 with any appbits). An element is removed
by blanking it to padding, which both forms spell as zero bytes, so that nothing behind it moves.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from liverelay.rtp.packet import RtpHeader

ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
DEPENDENCY_DESCRIPTOR_URI = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_ONE_BYTE_PROFILE = 0xBEDE
_TWO_BYTE_PROFILE = 0x1000
# The low four bits of the two-byte profile are the application's, and say nothing to us.
_TWO_BYTE_MASK = 0xFFF0
# Identifier 15 of the one-byte form ends the list (RFC 8285 section 4.2).
_ONE_BYTE_STOP = 15

_BLOCK_HEADER = struct.Struct("!HH")
_WORD_SIZE = 4
_EXTENSION_BIT = 0x10


class ExtensionElement(NamedTuple):
    """One element: `start` is where its own header begins, `offset` to `end` is its value."""

    extension_id: int
    start: int
    offset: int
    end: int


def iterate_elements(
    packet: bytes | bytearray | memoryview, header: RtpHeader
) -> Iterator[ExtensionElement]:
    """Yield the elements in order, up to the first that is not well formed.

    A broken tail does not make a packet worthless, so it ends the list and raises nothing.
    """
    profile = header.extension_profile
    if profile == _ONE_BYTE_PROFILE:
        return _iterate_one_byte(packet, header)
    if profile & _TWO_BYTE_MASK == _TWO_BYTE_PROFILE:
        return _iterate_two_byte(packet, header)
    return iter(())


def _iterate_one_byte(
    packet: bytes | bytearray | memoryview, header: RtpHeader
) -> Iterator[ExtensionElement]:
    start = header.extension_offset
    limit = start + header.extension_length
    while start < limit:
        first_byte = packet[start]
        if first_byte == 0:
            start += 1
            continue
        extension_id = first_byte >> 4
        end = start + 2 + (first_byte & 0x0F)
        # Identifier 0 with a length is forbidden and ends the list too (RFC 8285 section 4.2).
        if extension_id in (0, _ONE_BYTE_STOP) or end > limit:
            return
        yield ExtensionElement(extension_id, start, start + 1, end)
        start = end


def _iterate_two_byte(
    packet: bytes | bytearray | memoryview, header: RtpHeader
) -> Iterator[ExtensionElement]:
    start = header.extension_offset
    limit = start + header.extension_length
    while start < limit:
        extension_id = packet[start]
        if extension_id == 0:
            start += 1
            continue
        end = start + 2 + packet[start + 1] if start + 1 < limit else limit + 1
        if end > limit:
            return
        yield ExtensionElement(extension_id, start, start + 2, end)
        start = end


def find_element(
    packet: bytes | bytearray | memoryview, header: RtpHeader, extension_id: int
) -> ExtensionElement | None:
    """Return the first element that has `extension_id`."""
    for element in iterate_elements(packet, header):
        if element.extension_id == extension_id:
            return element
    return None


def remap_extension_ids(
    packet: bytearray, header: RtpHeader, mapping: Mapping[int, int | None]
) -> None:
    """Renumber the elements of `packet` in place.

    An identifier that maps to None is blanked, as is one whose new number the packet's form cannot
    hold (above 14 in the one-byte form). One that is not in `mapping` is left byte for byte.
    """
    one_byte = header.extension_profile == _ONE_BYTE_PROFILE
    for extension_id, start, _, end in iterate_elements(packet, header):
        new_id = mapping.get(extension_id, extension_id)
        if new_id == extension_id:
            continue
        if new_id is None or (one_byte and new_id >= _ONE_BYTE_STOP):
            packet[start:end] = bytes(end - start)
        elif one_byte:
            packet[start] = new_id << 4 | packet[start] & 0x0F
        else:
            packet[start] = new_id


def insert_element(packet: bytearray, header: RtpHeader, extension_id: int, value: bytes) -> None:
    """Put an element before all others, with a block around it where there is none.

    What lies behind moves back by whole words, so `header` no longer fits the packet. Nothing is
    done to a packet whose form cannot hold the element.
    """
    profile, offset = header.extension_profile, header.extension_offset
    if not offset:
        profile = _ONE_BYTE_PROFILE if extension_id < _ONE_BYTE_STOP else _TWO_BYTE_PROFILE
    if profile == _ONE_BYTE_PROFILE and extension_id < _ONE_BYTE_STOP:
        element = bytes((extension_id << 4 | len(value) - 1,)) + value
    elif profile & _TWO_BYTE_MASK == _TWO_BYTE_PROFILE:
        element = bytes((extension_id, len(value))) + value
    else:
        return
    element += bytes(-len(element) % _WORD_SIZE)
    words = (header.extension_length + len(element)) // _WORD_SIZE
    block_header = _BLOCK_HEADER.pack(profile, words)
    if offset:
        packet[offset - _BLOCK_HEADER.size : offset] = block_header + element
    else:
        packet[0] |= _EXTENSION_BIT
        packet[header.payload_offset : header.payload_offset] = block_header + element


def abs_send_time(now: float) -> bytes:
    """Return the value of the abs-send-time element: seconds, 6 bits whole and 18 bits fraction."""
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3)
