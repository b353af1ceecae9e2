from liverelay.sfu.history import PacketHistory
from liverelay.sfu.replay import WINDOW_PACKETS
from tests.support.sfu import inbound


def test_packet_is_found_by_its_extended_number() -> None:
    history = PacketHistory()
    packet = inbound(70_000)

    history.add(packet)

    assert history.find(70_000) is packet
    assert history.find(70_001) is None


def test_packets_after_a_number_come_in_order() -> None:
    history = PacketHistory()
    for number in (5, 9, 7, 8):
        history.add(inbound(number))

    assert [packet.extended_sequence_number for packet in history.after(7)] == [8, 9]


def test_history_is_bounded_in_number() -> None:
    history = PacketHistory()

    for number in range(WINDOW_PACKETS + 10):
        history.add(inbound(number))

    assert len(history) == WINDOW_PACKETS
    assert history.find(9) is None
    assert history.find(10) is not None


def test_history_is_bounded_in_bytes() -> None:
    history = PacketHistory()

    for number in range(100):
        history.add(inbound(number, payload=bytes(60_000)))

    assert len(history) == 1_500_000 // 60_012
    assert history.find(99) is not None


def test_history_is_bounded_in_age() -> None:
    history = PacketHistory()
    history.add(inbound(1, received_at=10.0))
    history.add(inbound(2, received_at=12.9))

    history.add(inbound(3, received_at=13.1))

    assert [history.find(number) is not None for number in (1, 2, 3)] == [False, True, True]
