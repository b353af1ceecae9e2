"""What the dependency descriptors of one inbound stream say of its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.errors import MalformedPacketError
from liverelay.rtp.dependency_descriptor import (
    DependencyDescriptor,
    TemplateStructure,
    is_plain,
    parse_dependency_descriptor,
    switched_targets,
)
from liverelay.rtp.extensions import find_element
from liverelay.rtp.payload.descriptor import PictureDescriptor, layer_bit

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.payload.descriptor import FrameSizes


class DependencyReader:
    """Describes each packet by the latest templates, most of them with one look into a table.

    The frames of one picture may be of different temporal layers (`L2T2_KEY_SHIFT`). Which of them
    is the last within a limit is not to be told then, so such a stream has spatial layers only.
    """

    __slots__ = ("_extension_id", "_known", "_mixes_layers", "_previous", "_structure")

    def __init__(self, extension_id: int) -> None:
        self._extension_id = extension_id
        self._structure: TemplateStructure | None = None
        self._known: dict[int, PictureDescriptor] = {}
        self._mixes_layers = False
        self._previous = (-1, 0)

    @property
    def frame_sizes(self) -> FrameSizes:
        return () if self._structure is None else self._structure.frame_sizes

    def describe(self, packet: bytes, header: RtpHeader) -> PictureDescriptor | None:
        """Return what the packet says of its picture; None if it says nothing, or nonsense."""
        element = find_element(packet, header, self._extension_id)
        if element is None:
            return None
        data = packet[element.offset : element.end]
        descriptor = self._known.get(data[0]) if is_plain(data) else None
        if descriptor is None:
            descriptor = self._parse(data)
        if descriptor is not None and self._is_mixed(descriptor, header.rtp_timestamp):
            return descriptor._replace(temporal_layer=0)
        return descriptor

    def _parse(self, data: bytes) -> PictureDescriptor | None:
        try:
            read = parse_dependency_descriptor(data, self._structure)
        except MalformedPacketError:
            return None
        if read.structure is not None and read.structure != self._structure:
            self._structure = read.structure
            self._known.clear()
            self._mixes_layers = False
        assert self._structure is not None
        descriptor = _describe(read, self._structure)
        if is_plain(data):
            self._known[data[0]] = descriptor
        return descriptor

    def _is_mixed(self, descriptor: PictureDescriptor, rtp_timestamp: int) -> bool:
        before, self._previous = self._previous, (rtp_timestamp, descriptor.temporal_layer)
        if before[0] == rtp_timestamp and before[1] != descriptor.temporal_layer:
            self._mixes_layers = True
        return self._mixes_layers


def _describe(read: DependencyDescriptor, structure: TemplateStructure) -> PictureDescriptor:
    switching_points = 0
    for target in switched_targets(read.frame, structure):
        switching_points |= layer_bit(*target)
    return PictureDescriptor(
        starts_frame=read.starts_frame,
        ends_frame=read.ends_frame,
        spatial_layer=read.frame.spatial_layer,
        temporal_layer=read.frame.temporal_layer,
        switching_points=switching_points,
        picture_id=None,
        picture_id_bits=0,
        picture_id_offset=0,
        tl0picidx=None,
        tl0picidx_offset=0,
        names_layers=len(structure.decode_targets) > 1,
    )
