from liverelay.rtp.payload.descriptor import PictureDescriptor
from liverelay.rtp.payload.vp8 import parse_descriptor
from liverelay.sfu.picture_ids import PictureNumbering, PictureTimeline
from tests.support.packets import rtp
from tests.support.sfu import inbound


def vp8(picture_id: int, tl0picidx: int) -> bytes:
    return bytes((0x90, 0xC0, 0x80 | picture_id >> 8, picture_id & 0xFF, tl0picidx, 1))


class Numbered:
    """The numbers as a group's viewers see them."""

    def __init__(self, timeline: PictureTimeline) -> None:
        self.numbering = PictureNumbering(timeline)

    def step(self, picture_id: int, tl0picidx: int) -> None:
        self.numbering.step(descriptor(picture_id, tl0picidx))

    def write(self, picture_id: int, tl0picidx: int) -> tuple[int | None, int | None]:
        packet = inbound(1, payload=vp8(picture_id, tl0picidx))
        assert packet.descriptor is not None
        written = self.numbering.write(
            packet.packet, packet.header.payload_offset, packet.descriptor
        )
        seen = parse_descriptor(bytes(written[packet.header.payload_offset :]))
        assert seen is not None
        return seen.picture_id, seen.tl0picidx


def descriptor(picture_id: int, tl0picidx: int) -> PictureDescriptor:
    read = parse_descriptor(vp8(picture_id, tl0picidx))
    assert read is not None
    return read


def test_numbers_begin_anew_and_go_on_across_their_wraps() -> None:
    numbered = Numbered(PictureTimeline())
    numbered.step(32767, 255)

    assert [numbered.write(32767, 255), numbered.write(0, 0)] == [(0, 0), (1, 1)]


def test_group_where_viewers_arrive_steps_past_what_they_have_seen() -> None:
    timeline = PictureTimeline()
    left, entered = Numbered(timeline), Numbered(timeline)
    left.step(100, 7)
    for picture_id in range(100, 110):
        left.write(picture_id, 7)

    entered.step(5000, 200)

    assert entered.write(5000, 200) == (10, 1)


def test_packet_of_an_earlier_picture_keeps_the_number_that_it_had() -> None:
    timeline = PictureTimeline()
    numbered, other = Numbered(timeline), Numbered(timeline)
    numbered.step(100, 7)
    numbered.write(101, 8)
    other.step(0, 0)
    other.write(300, 90)

    numbered.step(102, 9)

    assert numbered.write(102, 9) == (303, 93)
    assert numbered.write(101, 8) == (1, 1)


def test_first_packet_of_a_picture_may_step_though_others_have_overtaken_it() -> None:
    timeline = PictureTimeline()
    numbered, other = Numbered(timeline), Numbered(timeline)
    numbered.step(100, 7)
    assert numbered.write(101, 8) == (1, 1)
    other.step(50, 1)
    assert other.write(60, 3) == (12, 4)

    numbered.step(101, 8)

    assert numbered.write(101, 8) == (13, 5)


def test_picture_that_others_have_overtaken_keeps_its_number() -> None:
    timeline = PictureTimeline()
    numbered, other = Numbered(timeline), Numbered(timeline)
    numbered.step(100, 7)
    numbered.write(102, 9)
    other.step(50, 1)
    other.write(60, 3)

    numbered.step(101, 8)

    assert numbered.write(101, 8) == (1, 1)


def test_numbers_before_the_first_step_are_the_publishers() -> None:
    assert Numbered(PictureTimeline()).write(100, 7) == (100, 7)


def test_step_leaves_room_for_pictures_that_are_yet_to_be_written() -> None:
    numbered = Numbered(PictureTimeline())
    numbered.step(10, 1)
    numbered.write(10, 1)

    numbered.step(13, 3)

    assert [numbered.write(*each) for each in ((11, 1), (12, 2), (13, 3))] == [
        (1, 0),
        (2, 1),
        (3, 2),
    ]


def test_payload_without_numbers_stays_as_it_is() -> None:
    numbering = PictureNumbering(PictureTimeline())
    packet = inbound(1, payload=b"\x10\x00")
    read = packet.descriptor
    assert read is not None
    numbering.step(read)

    assert numbering.write(packet.packet, packet.header.payload_offset, read) == packet.packet


def test_writing_into_a_copy_makes_no_other() -> None:
    numbering = PictureNumbering(PictureTimeline())
    packet = inbound(1, payload=vp8(1, 1))
    copy = bytearray(rtp(vp8(1, 1)))

    assert numbering.write(copy, packet.header.payload_offset, descriptor(1, 1)) is copy
