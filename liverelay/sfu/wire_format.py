"""What a viewer's copy of a packet looks like, and preparing it once for all who share the look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.dependency_descriptor import add_to_frame_number
from liverelay.rtp.extensions import (
    ABS_SEND_TIME_URI,
    DEPENDENCY_DESCRIPTOR_URI,
    MID_URI,
    REPAIRED_RID_URI,
    RID_URI,
    TRANSPORT_CC_URI,
    abs_send_time,
    find_element,
    insert_element,
    iterate_elements,
    remap_extension_ids,
)
from liverelay.rtp.packet import FIXED_HEADER_SIZE, write_payload_type
from liverelay.rtp.payload.red import primary_block, remap_payload_types
from liverelay.sdp.matching import extension_id_map, extension_id_of, payload_type_map
from liverelay.sdp.parameters import MediaKind
from liverelay.sfu.departures import reserve_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.types import PayloadType
    from liverelay.sdp.parameters import (
        Codec,
        HeaderExtension,
        ReceiveParameters,
        SendParameters,
    )
    from liverelay.sfu.departures import DepartureRecorder

_RED = "red"
_ABS_SEND_TIME_SIZE = 3
_STREAM_NAMES = frozenset({RID_URI, REPAIRED_RID_URI})


@dataclass(frozen=True, slots=True)
class WireFormat:
    """How packets of one publication are changed for one viewer.

    Equal for viewers whose copies are the same bytes but for SSRC and numbering, so it is the key
    they are grouped by. A payload type or extension id that maps to None does not reach the
    viewer. `mid` and `abs_send_time_id` name what is ours to say, by the viewer's extension ids;
    `dependency_descriptor_id` is the publisher's, None if the viewer has none. `departures` numbers
    the packets of one session, so no other shares its format.
    """

    payload_types: tuple[tuple[PayloadType, PayloadType | None], ...]
    extension_ids: tuple[tuple[int, int | None], ...]
    red_payload_types: frozenset[PayloadType]
    mid: tuple[int, bytes] | None
    abs_send_time_id: int | None
    dependency_descriptor_id: int | None
    departures: DepartureRecorder | None = None

    @property
    def carries_anything(self) -> bool:
        """Whether the viewer has any of the publication's codecs."""
        return any(payload_type is not None for _, payload_type in self.payload_types)


def negotiated(
    inbound: ReceiveParameters,
    outbound: SendParameters,
    departures: DepartureRecorder | None = None,
) -> WireFormat:
    """Return what packets of `inbound` look like to the viewer of `outbound`.

    `departures` numbers what it is sent, if that was negotiated.
    """
    extension_ids = _extension_ids(inbound.extensions, outbound.extensions)
    mid, mid_id = outbound.mid.encode(), extension_id_of(MID_URI, outbound.extensions)
    if len(mid) != len(inbound.mid.encode()):
        # The element cannot grow or shrink in place. SSRCs tell the viewer's streams apart anyway.
        mid_id = None
        extension_ids |= dict.fromkeys(_ids_of({MID_URI}, inbound.extensions))
    abs_send_time_id = extension_id_of(ABS_SEND_TIME_URI, outbound.extensions)
    if inbound.kind is not MediaKind.VIDEO:
        # Receivers estimate their bandwidth by video alone; sound can do without the bytes.
        abs_send_time_id = None
        extension_ids |= dict.fromkeys(_ids_of({ABS_SEND_TIME_URI}, inbound.extensions))
    # The publisher's numbers are about its own path.
    extension_ids |= dict.fromkeys(_ids_of({TRANSPORT_CC_URI}, inbound.extensions))
    descriptor_id = extension_id_of(DEPENDENCY_DESCRIPTOR_URI, inbound.extensions)
    if descriptor_id is not None and extension_ids.get(descriptor_id) is None:
        descriptor_id = None
    return WireFormat(
        payload_types=tuple(payload_type_map(inbound.codecs, outbound.codecs).items()),
        extension_ids=tuple(extension_ids.items()),
        red_payload_types=frozenset(
            codec.payload_type for codec in inbound.codecs if _is_red(codec)
        ),
        mid=None if mid_id is None else (mid_id, mid),
        abs_send_time_id=abs_send_time_id,
        dependency_descriptor_id=descriptor_id,
        departures=departures,
    )


def _extension_ids(
    inbound: Sequence[HeaderExtension], outbound: Sequence[HeaderExtension]
) -> dict[int, int | None]:
    """Return the viewer's id for each of the publisher's.

    What was never negotiated with the publisher passes unchanged, except under a number that
    means something else to the viewer.
    """
    mapping: dict[int, int | None] = dict.fromkeys(each.extension_id for each in outbound)
    mapping |= extension_id_map(inbound, outbound)
    # Names of the publisher's streams; the viewer's stream is another one.
    return mapping | dict.fromkeys(_ids_of(_STREAM_NAMES, inbound))


def _ids_of(uris: frozenset[str] | set[str], extensions: Sequence[HeaderExtension]) -> list[int]:
    return [each.extension_id for each in extensions if each.uri in uris]


def _is_red(codec: Codec) -> bool:
    return codec.name.lower() == _RED


class PacketWriter:
    """Prepares packets in one wire format; each method is called once per packet and format."""

    __slots__ = (
        "_adds_elements",
        "_changes_extensions",
        "_extension_ids",
        "_filler_payload_type",
        "_format",
        "_payload_types",
        "_transport_cc_id",
    )

    def __init__(self, wire_format: WireFormat) -> None:
        self._format = wire_format
        self._extension_ids: Mapping[int, int | None] = dict(wire_format.extension_ids)
        self._payload_types = {
            theirs: ours for theirs, ours in wire_format.payload_types if ours is not None
        }
        self._filler_payload_type = next(iter(self._payload_types.values()), None)
        self._changes_extensions = (
            any(theirs != ours for theirs, ours in wire_format.extension_ids)
            or wire_format.mid is not None
        )
        departures = wire_format.departures
        self._transport_cc_id = None if departures is None else departures.extension_id
        self._adds_elements = (
            wire_format.abs_send_time_id is not None or self._transport_cc_id is not None
        )

    def write(
        self, packet: bytes, header: RtpHeader, now: float, frame_offset: int = 0
    ) -> bytes | bytearray | None:
        """Return `packet` as the viewers get it; None if they have no codec for it.

        `frame_offset` is added to the frame number of its dependency descriptor.
        """
        payload_type = self._payload_types.get(header.payload_type)
        copy: bytearray | None
        if header.payload_type in self._format.red_payload_types:
            copy = self._write_red(packet, header, payload_type)
        elif payload_type is None:
            copy = None
        elif payload_type == header.payload_type and not (frame_offset or self._changes(header)):
            return packet
        else:
            copy = bytearray(packet)
            write_payload_type(copy, payload_type)
        if copy is not None and frame_offset:
            self._write_frame_number(copy, header, frame_offset)
        if copy is not None and self._changes(header):
            self._write_extensions(copy, header, now)
        if copy is not None and self._transport_cc_id is not None:
            reserve_number(copy, self._transport_cc_id)
        return copy

    def write_filler(self, packet: bytes) -> bytearray | None:
        """Return a packet that says nothing, for a number that cannot be closed up any more."""
        if self._filler_payload_type is None:
            return None
        filler = bytearray(packet[:FIXED_HEADER_SIZE])
        filler[0] = 0x80
        filler[1] = self._filler_payload_type
        if self._transport_cc_id is not None:
            reserve_number(filler, self._transport_cc_id)
        return filler

    def _write_red(
        self, packet: bytes, header: RtpHeader, payload_type: PayloadType | None
    ) -> bytearray | None:
        if payload_type is not None:
            copy = bytearray(packet)
            write_payload_type(copy, payload_type)
            remapped = remap_payload_types(copy, header.payload_offset, self._payload_types)
            return copy if remapped else None
        try:
            block = primary_block(packet[header.payload_offset : header.payload_end])
        except MalformedPacketError:
            return None
        primary_type = self._payload_types.get(block.payload_type)
        if primary_type is None:
            return None
        copy = bytearray(packet[: header.payload_offset])
        copy += packet[header.payload_offset + block.offset : header.payload_end]
        copy[0] &= 0xDF  # the padding stayed behind
        write_payload_type(copy, primary_type)
        return copy

    def _changes(self, header: RtpHeader) -> bool:
        return self._adds_elements or (header.extension_length > 0 and self._changes_extensions)

    def _write_frame_number(self, copy: bytearray, header: RtpHeader, frame_offset: int) -> None:
        """Change what the publisher has written, before it gets the viewer's extension id."""
        descriptor_id = self._format.dependency_descriptor_id
        if descriptor_id is None:
            return
        element = find_element(copy, header, descriptor_id)
        if element is not None:
            add_to_frame_number(copy, element, frame_offset)

    def _write_extensions(self, copy: bytearray, header: RtpHeader, now: float) -> None:
        remap_extension_ids(copy, header, self._extension_ids)
        mid, abs_send_time_id = self._format.mid, self._format.abs_send_time_id
        if mid is None and abs_send_time_id is None:
            return
        is_stamped = False
        for extension_id, start, offset, end in iterate_elements(copy, header):
            if extension_id == abs_send_time_id:
                is_stamped = True
                if end - offset == _ABS_SEND_TIME_SIZE:
                    copy[offset:end] = abs_send_time(now)
            elif mid is not None and extension_id == mid[0]:
                if end - offset == len(mid[1]):
                    copy[offset:end] = mid[1]
                else:
                    copy[start:end] = bytes(end - start)
        if abs_send_time_id is not None and not is_stamped:
            insert_element(copy, header, abs_send_time_id, abs_send_time(now))
