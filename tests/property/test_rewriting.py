"""What holds of the numbers that viewers see, whatever publishers and networks do."""

from hypothesis import given
from hypothesis import strategies as st

from liverelay.rtp.types import Ssrc
from liverelay.sfu.compactor import SequenceCompactor
from liverelay.sfu.replay import WINDOW_PACKETS, ReplayWindow
from liverelay.sfu.rewriter import StreamRewriter
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.types import PeerId, PublicationId, SessionId
from tests.support.egress import datagrams
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, parse_numbers, rtp
from tests.support.parameters import published_video, watched_video
from tests.support.sfu import row_of

UINT16 = st.integers(0, 0xFFFF)
UINT32 = st.integers(0, 0xFFFFFFFF)

# A feed: where its numbers start, how many packets and ticks it lasts, and the pause before it.
FEEDS = st.lists(
    st.tuples(UINT16, UINT32, st.integers(0, 5000), st.integers(0, 1 << 24), st.floats(0, 600)),
    min_size=1,
    max_size=10,
)


@given(FEEDS)
def test_feeds_follow_each_other_without_gap_or_step_back(
    feeds: list[tuple[int, int, int, int, float]],
) -> None:
    rewriter = StreamRewriter()
    now = 0.0
    last: tuple[int, int] | None = None
    for sequence_number, timestamp, packets, ticks, pause in feeds:
        now += pause
        rewriter.begin_feed(sequence_number, timestamp, now, 90_000)
        sequence_offset, timestamp_offset = rewriter.offsets
        first = (sequence_number + sequence_offset, timestamp + timestamp_offset)

        if last is not None:
            assert (first[0] - last[0]) & 0xFFFF == 1
            assert 1 <= (first[1] - last[1]) & 0xFFFFFFFF <= 600 * 90_000 + 1
        rewriter.end_feed(sequence_number + packets, timestamp + ticks, now)
        last = (first[0] + packets, first[1] + ticks)


@given(st.lists(st.tuples(st.integers(0, 600), st.booleans()), unique_by=lambda each: each[0]))
def test_compacted_numbers_are_unique_ordered_and_reversible(
    packets: list[tuple[int, bool]],
) -> None:
    compactor = SequenceCompactor()
    places: dict[int, int] = {}
    left_out = set()
    for number, is_kept in packets:
        if not is_kept and compactor.leave_out(number):
            left_out.add(number)
        else:
            places[number] = compactor.keep(number)

    in_order = sorted(places)
    for earlier, later in zip(in_order, in_order[1:], strict=False):
        missing = {n for n in range(earlier + 1, later) if n not in left_out}
        assert places[later] - places[earlier] == 1 + len(missing)
    assert all(compactor.original(place) == number for number, place in places.items())


@given(st.lists(st.integers(1, 4000)))
def test_replay_window_is_a_set_of_the_latest_numbers(numbers: list[int]) -> None:
    window = ReplayWindow()
    seen: set[int] = set()
    for number in numbers:
        is_new = number not in seen and number > max(seen, default=0) - WINDOW_PACKETS
        assert window.accepts(number) == is_new
        seen.add(number)


# What happens, by how much, and whether the burst ends with it. Packets are the most of it, and
# mostly keyframes and mostly a little out of order: that is where numbers could meet.
_STEP = st.integers(-3, 4)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ("keyframe", "keyframe", "keyframe", "delta", "padding", "ssrc", "return", "join")
        ),
        _STEP,
        st.booleans(),
    ),
    max_size=100,
)


class _Run:
    """A room driven by random actions, and all that its viewers were sent."""

    def __init__(self) -> None:
        self.room = RoomMedia(Ssrc(1), "server")
        self.now = 10.0
        self.viewers = 0
        self.sent: dict[tuple[int, int], bytes] = {}
        self._ssrc = 100
        self._sequence_number = 65_530
        self._publish()
        self.join()

    def join(self) -> None:
        self.viewers += 1
        name = f"viewer {self.viewers}"
        self.room.add_subscription(
            SessionId(name), PeerId(name), watched_video(), row_of(name), self.now
        )

    def act(self, action: str, step: int) -> None:
        self.now += 0.01
        if action == "join":
            self.join()
        elif action == "ssrc":
            self._ssrc += 1
            self._sequence_number += 1000 * step
        elif action == "return":
            self.room.remove_publication(PublicationId("video"), self.now)
            self._sequence_number += 1000 * step
            self._publish()
        else:
            self._receive(self._payload(action), step)

    def flush(self) -> None:
        for target, packet in datagrams(self.room.flush(self.now)):
            number = parse_numbers(packet)[0]
            assert self.sent.setdefault((target, number), packet) is packet

    def _publish(self) -> None:
        self.room.add_publication(
            PublicationId("video"),
            SessionId("publisher"),
            PeerId("publisher"),
            published_video(ssrcs=()),
            self.now,
        )

    def _payload(self, action: str) -> bytes:
        if action == "padding":
            return b""
        return (VP8_KEYFRAME if action == "keyframe" else VP8_DELTA) + f"{self.now}".encode()

    def _receive(self, payload: bytes, step: int) -> None:
        self._sequence_number += max(1, step)
        # A negative step is a late packet, and does not move the newest number.
        number = self._sequence_number if step > 0 else self._sequence_number + step
        packet = rtp(
            payload,
            sequence_number=number,
            rtp_timestamp=int(self.now * 90_000),
            ssrc=self._ssrc,
            padding=0 if payload else 5,
        )
        self.room.on_rtp(SessionId("publisher"), packet, self.now)


@given(ACTIONS)
def test_no_number_is_ever_given_to_two_packets(actions: list[tuple[str, int, bool]]) -> None:
    run = _Run()

    for action, step, ends_burst in actions:
        run.act(action, step)
        if ends_burst:
            run.flush()
    run.flush()

    for viewer in run.room.subscription_statistics():
        row = row_of(viewer.session_id)
        sent = [packet for (target, _), packet in run.sent.items() if target == row]
        assert viewer.packets_sent == len(sent)
        assert viewer.bytes_sent == sum(len(packet) - 12 for packet in sent)
