from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.dependency_descriptor import FrameTemplate, TemplateStructure
from liverelay.rtp.packet import parse_header
from liverelay.rtp.payload.descriptor import layer_bit
from liverelay.sfu.dependencies import DependencyReader
from tests.support.dependency_descriptor import Fields, indications, write_dependency_descriptor
from tests.support.packets import TWO_BYTE, rtp, two_byte_elements

if TYPE_CHECKING:
    from liverelay.rtp.payload.descriptor import PictureDescriptor

L1T2 = TemplateStructure(
    template_id_offset=0,
    templates=(FrameTemplate(0, 0, indications("SS")), FrameTemplate(0, 1, indications("-D"))),
    decode_targets=((0, 0), (0, 1)),
    frame_sizes=((640, 360),),
)
# The second spatial layer is in a higher temporal one where the first is in the lowest.
L2T2_KEY_SHIFT = TemplateStructure(
    template_id_offset=0,
    templates=(
        FrameTemplate(0, 0, indications("SS--")),
        FrameTemplate(0, 1, indications("-D--")),
        FrameTemplate(1, 0, indications("--SS")),
        FrameTemplate(1, 1, indications("---D")),
    ),
    decode_targets=((0, 0), (0, 1), (1, 0), (1, 1)),
    frame_sizes=(),
)


def describe(
    reader: DependencyReader, value: bytes, rtp_timestamp: int = 0
) -> PictureDescriptor | None:
    extension = two_byte_elements((9, b"0"), (5, value))
    packet = rtp(extension=extension, profile=TWO_BYTE, rtp_timestamp=rtp_timestamp)
    return reader.describe(packet, parse_header(packet))


def start(structure: TemplateStructure) -> DependencyReader:
    reader = DependencyReader(5)
    assert describe(reader, write_dependency_descriptor(Fields(structure=structure))) is not None
    return reader


def test_packets_are_described_by_the_latest_structure() -> None:
    reader = start(L1T2)
    assert reader.frame_sizes == ((640, 360),)

    first = describe(reader, b"\x80\0\1", rtp_timestamp=3000)
    second = describe(reader, b"\x41\0\2", rtp_timestamp=6000)
    again = describe(reader, b"\x41\0\2", rtp_timestamp=6000)

    assert first is not None
    assert second is not None
    assert (first.starts_frame, first.ends_frame) == (True, False)
    assert (second.starts_frame, second.ends_frame) == (False, True)
    assert (first.temporal_layer, second.temporal_layer) == (0, 1)
    assert first.switching_points == layer_bit(0, 0) | layer_bit(0, 1)
    assert again is second


def test_another_structure_makes_what_was_known_void() -> None:
    reader = start(L1T2)
    describe(reader, b"\x41\0\1", rtp_timestamp=3000)
    other = L1T2._replace(templates=(L1T2.templates[0],) * 2)

    describe(reader, write_dependency_descriptor(Fields(structure=other)))

    described = describe(reader, b"\x41\0\1")
    assert described is not None
    assert described.temporal_layer == 0


def test_frame_with_indications_of_its_own_is_not_remembered() -> None:
    reader = start(L1T2)

    custom = Fields(template_id=0, indications=indications("SR"), target_count=2)
    described = describe(reader, write_dependency_descriptor(custom))
    plain = describe(reader, write_dependency_descriptor(Fields(template_id=0)))

    assert described is not None
    assert described.switching_points == layer_bit(0, 0)
    assert plain is not None
    assert plain.switching_points == layer_bit(0, 0) | layer_bit(0, 1)


def test_nothing_and_nonsense_say_nothing() -> None:
    reader = DependencyReader(5)
    assert reader.frame_sizes == ()
    packet = rtp()

    assert reader.describe(packet, parse_header(packet)) is None
    assert describe(reader, b"") is None
    # The structure is yet to come.
    assert describe(reader, b"\xc0\0\1") is None


def test_pictures_of_several_temporal_layers_have_spatial_layers_only() -> None:
    reader = start(L2T2_KEY_SHIFT)

    layers = []
    for template, rtp_timestamp in ((2, 0), (1, 3000), (2, 3000), (0, 6000), (3, 6000)):
        described = describe(reader, bytes((0xC0 | template, 0, 1)), rtp_timestamp)
        assert described is not None
        layers.append((described.spatial_layer, described.temporal_layer))

    assert layers == [(1, 0), (0, 1), (1, 0), (0, 0), (1, 0)]
