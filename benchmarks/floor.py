"""The least that forwarding can cost: the same packets, libsrtp, `sendmmsg` and segmentation.

No publisher, no session, no bookkeeping, a second of media that was made before, and whatever stays
the same between bursts laid out once: what a server takes beyond this is its own. Run by the
benchmark as `python -m benchmarks.floor`; lines of JSON give it the addresses to send to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pylibsrtp import Policy, Session

from benchmarks.lines import answer, commands
from liverelay.loadtest.source import MediaSource, VideoShape
from liverelay.transport import kernel
from liverelay.transport.srtp import GCM_TRAILER_SIZE
from liverelay.transport.srtp_binding import SlotSealer, pointer
from liverelay.transport.targets import socket_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from liverelay.transport.srtp_binding import SrtpPointer

_SLOTS = 256
_BUFFER_SIZE = 8 << 20


class _Burst:
    """Packets of one size that are sent together, `at` seconds into every second of media."""

    def __init__(self, at: float, packets: Sequence[bytes], step: int) -> None:
        self.at = at
        self.plain = np.array([np.frombuffer(packet, np.uint8) for packet in packets])
        self._numbers = np.array([int.from_bytes(packet[2:4]) for packet in packets], np.uint16)
        self._step = step

    def renumber(self, second: int) -> None:
        numbers = self._numbers + np.array(second * self._step & 0xFFFF, np.uint16)
        self.plain[:, 2:4] = numbers.astype(">u2").view(np.uint8).reshape(-1, 2)


class _Round(NamedTuple):
    """Receivers who are sent to together, and what the kernel is told of that; neither changes.

    `peers` has each receiver once for each packet, and `messages` lie in memory from `place` on.
    """

    peers: list[SrtpPointer]
    messages: npt.NDArray[np.uint64]
    place: int


class Floor:
    """Sends the same media to every address, each sealed with keys of its own."""

    def __init__(self) -> None:
        self._bursts = _one_second()
        self._started_at = 0.0
        self._sent = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_SIZE)
        self._socket.setblocking(False)
        self._sessions: list[Session] = []
        self._names = np.zeros((0, 16), np.uint8)
        self._sealer = SlotSealer(_SLOTS)
        self._sender = kernel.MessageSender()
        self._rounds: dict[tuple[int, int], list[_Round]] = {}

    def add(self, addresses: Sequence[tuple[str, int]]) -> None:
        names = [np.frombuffer(socket_name((host, port)), np.uint8) for host, port in addresses]
        self._names = np.concatenate([self._names, np.array(names).reshape(-1, 16)])
        self._sessions += [_session() for _ in addresses]
        self._rounds.clear()

    def start(self) -> None:
        self._started_at = asyncio.get_running_loop().time()
        self._send_due()

    def _send_due(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            second, place = divmod(self._sent, len(self._bursts))
            burst = self._bursts[place]
            due = self._started_at + second + burst.at
            if due > loop.time():
                loop.call_at(due, self._send_due)
                return
            burst.renumber(second)
            self._send(burst.plain)
            self._sent += 1

    def _send(self, plain: npt.NDArray[np.uint8]) -> None:
        width, size = plain.shape
        rounds = self._rounds.get((width, size))
        if rounds is None:
            rounds = self._rounds[width, size] = list(self._lay_out(width, size))
        for peers, messages, place in rounds:
            slots = len(peers)
            self._sealer.arena[:slots].reshape(slots // width, width, -1)[:, :, :size] = plain
            self._sealer.sizes[:slots] = size
            self._sealer.seal(peers)
            self._submit(place, len(messages))

    def _lay_out(self, width: int, size: int) -> Iterator[_Round]:
        """Yield the rounds of a burst of `width` packets of `size` bytes."""
        in_a_round = _SLOTS // width
        for first in range(0, len(self._sessions), in_a_round):
            peers = [pointer(each) for each in self._sessions[first : first + in_a_round]]
            rows = np.arange(len(peers), dtype=np.uint64)
            messages = np.zeros((len(peers), kernel.MESSAGE_WORDS), np.uint64)
            names = np.uint64(self._names.ctypes.data + first * 16)
            messages[:, kernel.NAME] = names + rows * np.uint64(16)
            messages[:, kernel.NAME_SIZE] = 16
            iovecs = np.uint64(self._sealer.iovecs.ctypes.data)
            messages[:, kernel.IOVECS] = iovecs + rows * np.uint64(16 * width)
            messages[:, kernel.IOVEC_COUNT] = width
            if width > 1:
                control = self._sender.segment_control(size + GCM_TRAILER_SIZE)
                messages[:, kernel.CONTROL] = control
                messages[:, kernel.CONTROL_SIZE] = self._sender.control_size
            repeated = [peer for peer in peers for _ in range(width)]
            yield _Round(repeated, messages, messages.ctypes.data)

    def _submit(self, place: int, count: int) -> None:
        done, size = 0, 8 * kernel.MESSAGE_WORDS
        with contextlib.suppress(BlockingIOError):
            while done < count:
                left = place + done * size, count - done
                done += self._sender.send(self._socket.fileno(), *left)


def _one_second() -> list[_Burst]:
    """Return the second second of a source: the first has the keyframe."""
    source = MediaSource(VideoShape())
    source.start(0.0)
    taken: list[tuple[float, list[bytes]]] = []
    while (now := source.deadline()) < 2.0:
        packets = source.take(now)
        # Audio is a packet of another size, so a run of its own.
        for size in dict.fromkeys(len(packet) for packet in packets):
            taken.append((now - 1, [packet for packet in packets if len(packet) == size]))
    taken = [(at, packets) for at, packets in taken if at >= 0]
    counts = Counter(packet[1] & 0x7F for _, packets in taken for packet in packets)
    return [_Burst(at, packets, counts[packets[0][1] & 0x7F]) for at, packets in taken]


def _session() -> Session:
    policy = Policy(
        key=os.urandom(28),
        ssrc_type=Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)


async def _serve() -> None:
    floor = Floor()
    floor.start()
    async for command in commands():
        floor.add([(host, port) for host, port in command["addresses"]])
        answer(added=len(command["addresses"]))


if __name__ == "__main__":
    asyncio.run(_serve())
