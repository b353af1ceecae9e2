from dataclasses import replace

import pytest

from liverelay.errors import MalformedPacketError
from liverelay.rtp.dependency_descriptor import (
    FrameTemplate,
    TemplateStructure,
    parse_dependency_descriptor,
    switched_targets,
)
from tests.support.dependency_descriptor import (
    Chains,
    Fields,
    indications,
    write_dependency_descriptor,
)

# One picture, three temporal layers: L1T3 of appendix A.10.1 without its differences and chains.
L1T3 = TemplateStructure(
    template_id_offset=0,
    templates=(
        FrameTemplate(0, 0, indications("SSS")),
        FrameTemplate(0, 0, indications("SSS")),
        FrameTemplate(0, 1, indications("-DS")),
        FrameTemplate(0, 2, indications("--D")),
        FrameTemplate(0, 2, indications("--D")),
    ),
    decode_targets=((0, 0), (0, 1), (0, 2)),
    frame_sizes=((1280, 720),),
)
KEYFRAME = Fields(
    structure=L1T3,
    frame_number=0x1234,
    frame_differences=((), (4,), (2,), (1,), (1,)),
    chains=Chains(1, (0, 0, 0)),
)


def layers(*steps: int) -> str:
    return "".join(f"{step:02b}" for step in steps)


def test_keyframe_brings_the_structure() -> None:
    read = parse_dependency_descriptor(write_dependency_descriptor(KEYFRAME), None)

    assert read == (True, True, L1T3.templates[0], L1T3)


def test_frame_behind_it_names_its_template() -> None:
    read = parse_dependency_descriptor(bytes((0x42, 0x12, 0x35)), L1T3)

    assert read == (False, True, L1T3.templates[2], None)


def test_template_ids_wrap() -> None:
    structure = L1T3._replace(template_id_offset=62)

    assert [structure.template(each) for each in (62, 63, 0, 1, 2)] == list(L1T3.templates)
    with pytest.raises(MalformedPacketError):
        structure.template(3)


def test_frame_can_have_indications_of_its_own() -> None:
    fields = Fields(template_id=2, active_targets=5, indications=(0, 2, 3), target_count=3)

    read = parse_dependency_descriptor(write_dependency_descriptor(fields), L1T3)

    assert read.frame == FrameTemplate(0, 1, (0, 2, 3))
    assert list(switched_targets(read.frame, L1T3)) == [(0, 1)]


def test_decode_target_is_named_by_the_highest_layers_of_its_frames() -> None:
    structure = TemplateStructure(
        template_id_offset=7,
        templates=(
            FrameTemplate(0, 0, indications("SSS-")),
            FrameTemplate(0, 1, indications("-D--")),
            FrameTemplate(1, 0, indications("--S-")),
        ),
        decode_targets=((0, 0), (0, 1), (1, 0), (0, 0)),
        frame_sizes=(),
    )

    value = write_dependency_descriptor(Fields(template_id=7, structure=structure))

    assert parse_dependency_descriptor(value, None).structure == structure


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc0\x00",
        # No structure before, and none with it.
        b"\xc0\x00\x00",
        write_dependency_descriptor(replace(KEYFRAME, template_id=5)),
        write_dependency_descriptor(KEYFRAME)[:-1],
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        parse_dependency_descriptor(data, None)


@pytest.mark.parametrize(
    "steps",
    [[0] * 64, [1] * 8, [2] * 4],
    ids=["templates", "temporal layers", "spatial layers"],
)
def test_too_many_are_refused(steps: list[int]) -> None:
    bits = f"{0x80:08b}{0:03b}" + layers(*steps) + "0" * 1200

    with pytest.raises(MalformedPacketError, match="too many"):
        parse_dependency_descriptor(b"\xc0\0\0" + int(bits[:1200], 2).to_bytes(150), None)
