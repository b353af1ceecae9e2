"""The dependency descriptor (RTP Payload Format For AV1, version 1.0, appendix A).

A header extension that says of each packet which frame it belongs to, and who needs that frame.
What is the same for many frames is in templates, which come with a keyframe; the frames behind it
name one. It is read as far as forwarding needs: not which earlier frames a frame refers to, because
the layers and the switching points say enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.errors import MalformedPacketError
from liverelay.rtp.payload.bits import BitReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.extensions import ExtensionElement
    from liverelay.rtp.payload.descriptor import FrameSizes

_MANDATORY_SIZE = 3
_STARTS_FRAME = 0x80
_ENDS_FRAME = 0x40
_TEMPLATE_ID = 0x3F
# In the first byte of the extended fields.
_HAS_STRUCTURE = 0x80
_HAS_INDICATIONS = 0x20

_MAX_TEMPLATES = 64
# Spatial layers have two bits in AV1, temporal ones three.
_MAX_SPATIAL_LAYER = 3
_MAX_TEMPORAL_LAYER = 7


# What a frame is to a decode target: 1 is discardable, 3 required.
_NOT_PRESENT = 0
_SWITCH = 2
# How the layer of the next template follows from that of the one before; 0 is the same.
_NEXT_TEMPORAL_LAYER = 1
_NEXT_SPATIAL_LAYER = 2
_NO_MORE_TEMPLATES = 3


class FrameTemplate(NamedTuple):
    """The layers of a frame, and what it is to each decode target of its structure."""

    spatial_layer: int
    temporal_layer: int
    indications: tuple[int, ...]


class TemplateStructure(NamedTuple):
    """What a keyframe says of the frames up to the next one that says it anew.

    `decode_targets` are the highest layers of each, spatial and temporal. `frame_sizes` is empty
    where they are not given.
    """

    template_id_offset: int
    templates: tuple[FrameTemplate, ...]
    decode_targets: tuple[tuple[int, int], ...]
    frame_sizes: FrameSizes

    def template(self, template_id: int) -> FrameTemplate:
        index = (template_id - self.template_id_offset) % _MAX_TEMPLATES
        if index >= len(self.templates):
            raise MalformedPacketError("dependency descriptor names an unknown template")
        return self.templates[index]


class DependencyDescriptor(NamedTuple):
    """What it says of one packet; `structure` is the one that comes with it."""

    starts_frame: bool
    ends_frame: bool
    frame: FrameTemplate
    structure: TemplateStructure | None


def switched_targets(
    frame: FrameTemplate, structure: TemplateStructure
) -> Iterator[tuple[int, int]]:
    """Yield the layers of each decode target that can be gone over to with this frame."""
    for target, indication in zip(structure.decode_targets, frame.indications, strict=True):
        if indication == _SWITCH:
            yield target


def is_plain(data: bytes) -> bool:
    """Return whether all that `parse_dependency_descriptor` returns is in the first byte."""
    return len(data) == _MANDATORY_SIZE or (
        len(data) > _MANDATORY_SIZE
        and data[_MANDATORY_SIZE] & (_HAS_STRUCTURE | _HAS_INDICATIONS) == 0
    )


def read_frame_number(packet: bytes | bytearray, element: ExtensionElement) -> int | None:
    """Return the 16 bits that number the frame of a packet; None if `element` is cut short."""
    if element.end - element.offset < _MANDATORY_SIZE:
        return None
    return int.from_bytes(packet[element.offset + 1 : element.offset + 3])


def add_to_frame_number(packet: bytearray, element: ExtensionElement, more: int) -> None:
    """Count the frame of a packet by `more` higher, modulo 2^16."""
    number = read_frame_number(packet, element)
    if number is not None:
        packet[element.offset + 1 : element.offset + 3] = (number + more & 0xFFFF).to_bytes(2)


def parse_dependency_descriptor(
    data: bytes, structure: TemplateStructure | None
) -> DependencyDescriptor:
    """Read the value of the element, given the latest structure of its stream.

    Raises:
        MalformedPacketError: it is cut short, or it names a template that is not in the structure.
    """
    if len(data) < _MANDATORY_SIZE:
        raise MalformedPacketError("dependency descriptor is shorter than its mandatory fields")
    first_byte, attached = data[0], None
    reader = BitReader(data)
    reader.skip(8 * _MANDATORY_SIZE)
    flags = 0
    has_active_targets = False
    if len(data) > _MANDATORY_SIZE:
        flags = data[_MANDATORY_SIZE]
        reader.skip(1)
        has_active_targets = reader.read(1) == 1
        reader.skip(3)
    if flags & _HAS_STRUCTURE:
        structure = attached = _read_structure(reader)
    if structure is None:
        raise MalformedPacketError("dependency descriptor comes before its templates")
    frame = structure.template(first_byte & _TEMPLATE_ID)
    target_count = len(structure.decode_targets)
    if has_active_targets:
        reader.skip(target_count)
    if flags & _HAS_INDICATIONS:
        frame = frame._replace(indications=_read_indications(reader, target_count))
    return DependencyDescriptor(
        starts_frame=bool(first_byte & _STARTS_FRAME),
        ends_frame=bool(first_byte & _ENDS_FRAME),
        frame=frame,
        structure=attached,
    )


def _read_structure(reader: BitReader) -> TemplateStructure:
    template_id_offset = reader.read(6)
    target_count = reader.read(5) + 1
    layers = _read_layers(reader)
    templates = tuple(
        FrameTemplate(*layer, _read_indications(reader, target_count)) for layer in layers
    )
    for _ in templates:
        _skip_frame_differences(reader)
    _skip_chains(reader, target_count, len(templates))
    return TemplateStructure(
        template_id_offset,
        templates,
        _decode_targets(templates, target_count),
        _read_sizes(reader, layers[-1][0] + 1) if reader.read(1) else (),
    )


def _read_layers(reader: BitReader) -> list[tuple[int, int]]:
    spatial_layer = temporal_layer = 0
    layers = [(0, 0)]
    while (following := reader.read(2)) != _NO_MORE_TEMPLATES:
        if following == _NEXT_TEMPORAL_LAYER:
            temporal_layer += 1
        elif following == _NEXT_SPATIAL_LAYER:
            spatial_layer, temporal_layer = spatial_layer + 1, 0
        layers.append((spatial_layer, temporal_layer))
        if (
            len(layers) > _MAX_TEMPLATES
            or spatial_layer > _MAX_SPATIAL_LAYER
            or temporal_layer > _MAX_TEMPORAL_LAYER
        ):
            raise MalformedPacketError("dependency descriptor has too many templates or layers")
    return layers


def _read_indications(reader: BitReader, target_count: int) -> tuple[int, ...]:
    bits = reader.read(2 * target_count)
    return tuple(bits >> shift & 3 for shift in range(2 * target_count - 2, -1, -2))


def _skip_frame_differences(reader: BitReader) -> None:
    while reader.read(1):
        reader.skip(4)


def _skip_chains(reader: BitReader, target_count: int, template_count: int) -> None:
    chain_count = _read_non_symmetric(reader, target_count + 1)
    if chain_count:
        for _ in range(target_count):
            _read_non_symmetric(reader, chain_count)
        reader.skip(4 * chain_count * template_count)


def _read_sizes(reader: BitReader, count: int) -> FrameSizes:
    return tuple((reader.read(16) + 1, reader.read(16) + 1) for _ in range(count))


def _read_non_symmetric(reader: BitReader, bound: int) -> int:
    """Read a number below `bound`, ns(n) in AV1: the lower ones have one bit less."""
    bits = bound.bit_length()
    short_codes = (1 << bits) - bound
    value = reader.read(bits - 1)
    return value if value < short_codes else (value << 1) - short_codes + reader.read(1)


def _decode_targets(
    templates: tuple[FrameTemplate, ...], target_count: int
) -> tuple[tuple[int, int], ...]:
    """Return the highest layers of the frames that are there for each target."""
    spatial_layers, temporal_layers = [0] * target_count, [0] * target_count
    for spatial_layer, temporal_layer, indications in templates:
        for target, indication in enumerate(indications):
            if indication != _NOT_PRESENT:
                spatial_layers[target] = spatial_layer  # the templates ascend
                if temporal_layer > temporal_layers[target]:
                    temporal_layers[target] = temporal_layer
    return tuple(zip(spatial_layers, temporal_layers, strict=True))
