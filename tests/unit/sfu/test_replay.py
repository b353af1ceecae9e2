from liverelay.sfu.replay import WINDOW_PACKETS, ReplayWindow


def test_packet_is_accepted_once() -> None:
    window = ReplayWindow()

    assert [window.accepts(number) for number in (70_000, 70_002, 70_001, 70_001, 70_002)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_packet_older_than_the_window_is_refused() -> None:
    window = ReplayWindow()
    window.accepts(70_000)

    assert window.accepts(70_001 - WINDOW_PACKETS)
    assert not window.accepts(70_000 - WINDOW_PACKETS)


def test_jump_far_ahead_forgets_everything_before_it() -> None:
    window = ReplayWindow()
    window.accepts(70_000)

    assert window.accepts(1_000_000)
    assert not window.accepts(70_001)
    assert window.accepts(999_999)
