from liverelay.sfu.compactor import SequenceCompactor
from liverelay.sfu.replay import WINDOW_PACKETS


def test_numbers_behind_one_left_out_move_up() -> None:
    compactor = SequenceCompactor()

    assert compactor.keep(100) == 100
    assert compactor.leave_out(101)
    assert compactor.keep(102) == 101


def test_late_packet_has_its_place_before_what_was_left_out() -> None:
    compactor = SequenceCompactor()
    compactor.keep(100)
    compactor.leave_out(102)
    compactor.keep(103)

    assert compactor.keep(101) == 101


def test_gap_cannot_be_closed_once_a_later_number_is_given() -> None:
    compactor = SequenceCompactor()
    compactor.keep(102)

    assert not compactor.leave_out(101)
    assert compactor.keep(101) == 101


def test_original_is_the_inverse_of_keep() -> None:
    compactor = SequenceCompactor()
    places = {}
    for number in range(100, 130):
        if number % 3 == 0:
            compactor.leave_out(number)
        else:
            places[compactor.keep(number)] = number

    assert list(places) == list(range(100, 120))
    assert {place: compactor.original(place) for place in places} == places


def test_what_was_left_out_is_known_and_nothing_else() -> None:
    compactor = SequenceCompactor()
    compactor.keep(10)
    compactor.leave_out(11)
    compactor.keep(12)

    assert [number for number in range(9, 14) if compactor.has_left_out(number)] == [11]


def test_what_is_too_long_ago_has_no_original() -> None:
    compactor = SequenceCompactor()
    compactor.keep(100)
    compactor.leave_out(101)
    compactor.keep(102)

    compactor.leave_out(102 + WINDOW_PACKETS)

    assert compactor.original(100) is None
    assert compactor.original(101) == 102
    assert compactor.keep(103 + WINDOW_PACKETS) == 101 + WINDOW_PACKETS
