from liverelay.rtp.payload.av1 import is_keyframe


def test_first_packet_of_a_new_sequence_is_a_keyframe() -> None:
    assert is_keyframe(bytes((0x18, 0x0A)))


def test_anything_else_is_not() -> None:
    assert not any(map(is_keyframe, (b"", bytes((0x10,)), bytes((0x88,)))))
