from liverelay.rtp.serial import SequenceUnwrapper, TimestampUnwrapper


def test_numbers_count_on_across_the_wrap() -> None:
    unwrapper = SequenceUnwrapper()

    extended = [unwrapper.unwrap(number) for number in (65534, 65535, 0, 1)]

    assert [number - extended[0] for number in extended] == [0, 1, 2, 3]


def test_late_packet_keeps_its_place_before_the_wrap() -> None:
    unwrapper = SequenceUnwrapper()
    first = unwrapper.unwrap(65535)
    unwrapper.unwrap(1)

    assert unwrapper.unwrap(65534) == first - 1
    assert unwrapper.unwrap(2) == first + 3


def test_packet_older_than_the_first_is_not_negative() -> None:
    unwrapper = SequenceUnwrapper()
    unwrapper.unwrap(0)

    assert unwrapper.unwrap(65535) == 65535


def test_timestamp_wraps_at_32_bits() -> None:
    unwrapper = TimestampUnwrapper()
    first = unwrapper.unwrap(0xFFFFFFFF)

    assert unwrapper.unwrap(2999) - first == 3000
