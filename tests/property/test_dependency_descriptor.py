"""What is written is what is read, whatever else is written; and any bytes are read or refused."""

import contextlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from liverelay.errors import MalformedPacketError
from liverelay.rtp.dependency_descriptor import (
    FrameTemplate,
    TemplateStructure,
    is_plain,
    parse_dependency_descriptor,
)
from tests.support.dependency_descriptor import Chains, Fields, write_dependency_descriptor

SIDES = st.integers(1, 65_536)


def decode_target(templates: list[FrameTemplate], index: int) -> tuple[int, int]:
    present = [each for each in templates if each.indications[index]]
    return (
        max((each.spatial_layer for each in present), default=0),
        max((each.temporal_layer for each in present), default=0),
    )


@st.composite
def structures(draw: st.DrawFn) -> TemplateStructure:
    target_count = draw(st.integers(1, 32))
    layers = [(0, 0)]
    for step in draw(st.lists(st.integers(0, 2), max_size=20)):
        spatial, temporal = layers[-1]
        following = [(spatial, temporal), (spatial, temporal + 1), (spatial + 1, 0)][step]
        if following[0] < 4 and following[1] < 8:
            layers.append(following)
    indications = st.tuples(*[st.integers(0, 3)] * target_count)
    templates = [FrameTemplate(*layer, draw(indications)) for layer in layers]
    has_sizes = draw(st.booleans())
    return TemplateStructure(
        template_id_offset=draw(st.integers(0, 63)),
        templates=tuple(templates),
        decode_targets=tuple(decode_target(templates, index) for index in range(target_count)),
        frame_sizes=tuple(
            draw(st.tuples(SIDES, SIDES)) for _ in range(has_sizes * (layers[-1][0] + 1))
        ),
    )


@st.composite
def fields(draw: st.DrawFn, structure: TemplateStructure) -> Fields:
    target_count = len(structure.decode_targets)
    template = draw(st.integers(0, len(structure.templates) - 1))
    chain_count = draw(st.integers(0, target_count))
    chain = st.integers(0, max(0, chain_count - 1))
    return Fields(
        starts_frame=draw(st.booleans()),
        ends_frame=draw(st.booleans()),
        template_id=(structure.template_id_offset + template) % 64,
        frame_number=draw(st.integers(0, 65_535)),
        frame_differences=draw(st.lists(st.lists(st.integers(1, 16), max_size=4), max_size=9)),
        chains=Chains(chain_count, draw(st.tuples(*[chain] * target_count))),
        active_targets=draw(st.none() | st.integers(0, (1 << target_count) - 1)),
        indications=draw(st.none() | st.tuples(*[st.integers(0, 3)] * target_count)),
        custom_differences=draw(st.none() | st.lists(st.integers(1, 4096), max_size=4)),
        custom_chains=draw(st.none() | st.tuples(*[st.integers(0, 255)] * chain_count)),
        target_count=target_count,
    )


@given(st.data(), structures(), st.booleans())
def test_what_is_written_is_read(
    data: st.DataObject, structure: TemplateStructure, has_structure: bool
) -> None:
    written = data.draw(fields(structure))
    if has_structure:
        written = replace(written, structure=structure)

    value = write_dependency_descriptor(written)
    read = parse_dependency_descriptor(value, None if has_structure else structure)

    frame = structure.template(written.template_id)
    if written.indications is not None:
        frame = frame._replace(indications=tuple(written.indications))
    assert read.structure == written.structure
    assert read.frame == frame
    assert (read.starts_frame, read.ends_frame) == (written.starts_frame, written.ends_frame)
    assert is_plain(value) == (written.structure is None and written.indications is None)


@given(structures(), st.binary(max_size=255))
def test_any_bytes_are_read_or_refused(structure: TemplateStructure, data: bytes) -> None:
    for known in (structure, None):
        with contextlib.suppress(MalformedPacketError):
            parse_dependency_descriptor(data, known)
    if is_plain(data):
        assert len(data) >= 3


@given(st.data(), structures())
def test_structure_cut_short_is_refused(data: st.DataObject, structure: TemplateStructure) -> None:
    whole = write_dependency_descriptor(
        Fields(template_id=structure.template_id_offset, structure=structure)
    )
    length = data.draw(st.integers(0, len(whole) - 1))

    with contextlib.suppress(MalformedPacketError):
        parse_dependency_descriptor(whole[:length], structure)
        assert length == 3
