from hypothesis import example, given
from hypothesis import strategies as st

from liverelay.rtp.packet import parse_header
from liverelay.sfu.frame_numbers import FrameNumbering
from liverelay.sfu.history import InboundPacket
from tests.support.packets import one_byte_elements, rtp
from tests.support.parameters import VP8

DESCRIPTOR_ID = 5
FRAME_NUMBERS = st.integers(0, 0xFFFF)


def frame(number: int, frame_number: int | None) -> InboundPacket:
    value = b"\xc0" if frame_number is None else b"\xc0" + (frame_number & 0xFFFF).to_bytes(2)
    packet = rtp(extension=one_byte_elements((DESCRIPTOR_ID, value)))
    return InboundPacket(number, packet, parse_header(packet), VP8, True, 10.0, None)


def ahead(number: int | None, other: int) -> int:
    """Return how far a number that a viewer gets is ahead of another; negative if it is behind."""
    assert number is not None
    return (number - other + 0x8000) % 0x10000 - 0x8000


def test_numbers_are_the_publishers_until_somebody_has_seen_higher_ones() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)

    numbering.step(frame(10, 400), (), is_late=False)
    numbering.step(frame(20, 410), (409,), is_late=False)

    assert [numbering.read(frame(20 + step, 410 + step)) for step in range(3)] == [410, 411, 412]
    assert not numbering.owes_step


@given(FRAME_NUMBERS, FRAME_NUMBERS)
@example(theirs=32764, seen=0)  # four further on it would be behind
def test_keyframe_comes_after_what_a_viewer_has_seen(theirs: int, seen: int) -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)
    keyframe = 0
    numbering.step(frame(0, theirs), (seen,), is_late=False)

    while numbering.owes_step and keyframe < 3:
        keyframe += 1
        numbering.step(frame(keyframe, theirs + keyframe), (), is_late=False)

    assert not numbering.owes_step
    assert ahead(numbering.read(frame(keyframe, theirs + keyframe)), seen) > 0


@given(FRAME_NUMBERS, st.lists(FRAME_NUMBERS, max_size=5))
def test_those_who_were_here_see_no_step_back(theirs: int, seen: list[int]) -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)
    before = numbering.read(frame(1, theirs))
    assert before is not None

    numbering.step(frame(2, theirs + 1), seen, is_late=False)

    assert ahead(numbering.read(frame(2, theirs + 1)), before) > 0
    assert numbering.read(frame(1, theirs)) == before


@given(FRAME_NUMBERS, st.integers(0, 0x4000), st.integers(0, 0x4000))
def test_step_is_no_larger_than_need_be(theirs: int, first: int, second: int) -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)
    seen = [(theirs + each) & 0xFFFF for each in (first, second)]

    numbering.step(frame(1, theirs), seen, is_late=False)

    assert ahead(numbering.read(frame(1, theirs)), theirs) == max(first, second) + 1


def test_packet_from_before_a_step_keeps_its_number_as_far_back_as_packets_are_kept() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)

    for keyframe in range(1, 10):
        numbering.step(frame(10 * keyframe, 0), (99 + 100 * keyframe,), is_late=False)

    numbers = [numbering.offset(number) for number in (95, 90, 89, 20, 19)]
    assert numbers == [1000, 1000, 900, 300, 0]


def test_late_keyframe_takes_no_step_and_the_next_one_does() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)

    numbering.step(frame(10, 3), (800,), is_late=True)
    assert numbering.read(frame(10, 3)) == 3
    assert numbering.owes_step
    numbering.step(frame(20, 13), (), is_late=False)

    assert numbering.read(frame(20, 13)) == 801
    assert not numbering.owes_step


def test_keyframe_from_before_a_step_takes_none() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)
    numbering.step(frame(20, 13), (800,), is_late=False)

    numbering.step(frame(10, 3), (900,), is_late=False)

    assert [numbering.read(frame(*each)) for each in ((10, 3), (20, 13))] == [3, 801]
    assert numbering.owes_step


def test_keyframe_without_a_number_changes_nothing() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)
    unnumbered = InboundPacket(1, rtp(), parse_header(rtp()), VP8, True, 10.0, None)

    for each in (frame(1, None), unnumbered):
        numbering.step(each, (800,), is_late=False)
        assert numbering.read(each) is None

    assert numbering.owes_step


def test_late_keyframes_are_not_remembered_without_end() -> None:
    numbering = FrameNumbering(DESCRIPTOR_ID)

    for seen in range(2000):
        numbering.step(frame(10, 40_000), (seen,), is_late=True)

    assert len(numbering._seen) == 64
