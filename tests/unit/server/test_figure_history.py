from __future__ import annotations

import json
from typing import Any

from liverelay.server.figure_history import INTERVAL, MAX_ENTRIES, MAX_ROOMS, FigureHistory
from liverelay.sfu.totals import MediaTotals

UNIX = 1_770_000_000


class Clock:
    """Both clocks, which go on by one interval at a time."""

    def __init__(self) -> None:
        self.now = 100.0

    @property
    def at(self) -> int:
        return UNIX + int(self.now)

    def advance(self, intervals: int = 1) -> None:
        self.now += intervals * INTERVAL


def sums(received: int, sent: int = 0) -> MediaTotals:
    return MediaTotals(bytes_received=received, bytes_sent=sent)


def server_of(history: FigureHistory) -> Any:
    return json.loads(history.server_json())


def rooms_of(history: FigureHistory) -> Any:
    return json.loads(f"{{{','.join(history.rooms_json())}}}")


def note_room(history: FigureHistory, clock: Clock, room_id: str = "room", times: int = 2) -> None:
    """Tell of a room in which 1000 bytes have come in each interval."""
    for _ in range(times):
        clock.advance()
        history.add_room(room_id, sums(200 * int(clock.now)), 3, clock.now, clock.at)


def test_entry_has_the_rates_since_the_one_before_and_who_watches() -> None:
    history, clock = FigureHistory(), Clock()
    for received, sent in ((0, 0), (1000, 5000), (1000, 7000)):
        clock.advance()
        history.add_server(sums(received, sent), 7, clock.now, clock.at)

    assert server_of(history) == [
        {
            "at": UNIX + 110,
            "inbound": {"bitrate_bps": 1600},
            "outbound": {"bitrate_bps": 8000},
            "subscribers_active": 7,
        },
        {
            "at": UNIX + 115,
            "inbound": {"bitrate_bps": 0},
            "outbound": {"bitrate_bps": 3200},
            "subscribers_active": 7,
        },
    ]


def test_rooms_and_server_do_not_mix() -> None:
    history, clock = FigureHistory(), Clock()
    for number in range(2):
        clock.advance()
        history.add_server(sums(9000 * number), 9, clock.now, clock.at)
        history.add_room("one", sums(1000 * number), 1, clock.now, clock.at)
        history.add_room("other", sums(2000 * number), 2, clock.now, clock.at)

    rooms = rooms_of(history)
    assert [entry["inbound"]["bitrate_bps"] for entry in server_of(history)] == [14400]
    assert [entry["inbound"]["bitrate_bps"] for entry in rooms["one"]] == [1600]
    assert [entry["inbound"]["bitrate_bps"] for entry in rooms["other"]] == [3200]
    assert [entry["subscriber_count"] for entry in rooms["other"]] == [2]


def test_only_the_last_ten_minutes_are_kept() -> None:
    history, clock = FigureHistory(), Clock()
    for _ in range(3 * MAX_ENTRIES):
        clock.advance()
        history.add_server(sums(0), 0, clock.now, clock.at)
        history.add_room("room", sums(0), 0, clock.now, clock.at)
        history.forget(lambda _: True, clock.now)

    for entries in (server_of(history), rooms_of(history)["room"]):
        times = [entry["at"] for entry in entries]
        assert len(times) == 120
        assert (times[0], times[-1]) == (clock.at - 595, clock.at)


def test_room_that_is_left_keeps_its_past_until_that_is_too_old() -> None:
    history, clock = FigureHistory(), Clock()
    note_room(history, clock)

    clock.advance(MAX_ENTRIES - 1)
    history.forget(lambda _: True, clock.now)
    before = rooms_of(history)
    clock.advance()
    history.forget(lambda _: True, clock.now)

    assert [entry["at"] for entry in before["room"]] == [UNIX + 110]
    assert rooms_of(history) == {}


def test_room_that_goes_on_after_a_while_has_a_gap_and_no_rate_across_it() -> None:
    history, clock = FigureHistory(), Clock()
    note_room(history, clock)
    clock.advance(10)
    history.forget(lambda _: True, clock.now)

    history.add_room("room", sums(50), 1, clock.now, clock.at)
    note_room(history, clock, times=1)

    assert [entry["at"] - UNIX for entry in rooms_of(history)["room"]] == [110, 165]


def test_rate_is_never_negative_when_all_sessions_of_a_room_are_new() -> None:
    history, clock = FigureHistory(), Clock()
    note_room(history, clock)

    clock.advance()
    history.add_room("room", sums(50), 1, clock.now, clock.at)

    assert rooms_of(history)["room"][-1]["inbound"] == {"bitrate_bps": 0}


def test_deleted_room_is_forgotten_at_once() -> None:
    history, clock = FigureHistory(), Clock()
    note_room(history, clock, "deleted")
    note_room(history, clock, "kept")

    history.forget(lambda room_id: room_id == "kept", clock.now)

    assert set(rooms_of(history)) == {"kept"}


def test_as_many_rooms_are_kept_as_may_be_and_one_that_goes_makes_room() -> None:
    history, clock = FigureHistory(), Clock()
    for number in range(MAX_ROOMS):
        assert history.admits(f"room {number}")
        history.add_room(f"room {number}", sums(0), 0, clock.now, clock.at)

    full = history.admits("another"), history.admits("room 7")
    history.forget(lambda room_id: room_id != "room 7", clock.now)

    assert full == (False, True)
    assert history.admits("another")
