"""Many viewers read in sweeps: one system call for each, one pass of numpy for all.

A loop in Python for each packet would take as much CPU as the servers measured. Nothing is
decrypted but by probes; what is no RTP packet goes to the client that it came for.
"""

from __future__ import annotations

import ctypes
import socket
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.probes import CONTROL_WORDS, Probes
from liverelay.loadtest.source import AUDIO_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE
from liverelay.rtp.rtcp.feedback import GenericNack
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.transport.kernel import (
    CONTROL,
    CONTROL_SIZE,
    IOVEC_COUNT,
    IOVECS,
    MESSAGE_WORDS,
    SENT_SIZE,
)
from liverelay.transport.srtp_binding import row_addresses

if TYPE_CHECKING:
    import numpy.typing as npt

    from liverelay.loadtest.viewer import Viewer

_ROWS = 1024
_ROW_SIZE = 2048
_MOST_AT_ONCE = 64
_KINDS = 3  # video, audio, and what is neither

# Seconds. All that is sent here has something every thirtieth of one.
_STALLED_AFTER = 1.0

_REPORTER = Ssrc(0x4245)
_SSRC_PLACES = np.array([1 << 24, 1 << 16, 1 << 8, 1])
_SEED = 1


class Crowd:
    """Viewers and plain sockets that are read together. A socket alone is a viewer of the floor.

    `nacked` is the share of the video packets that viewers ask for again, as if they were lost.
    Those who are `probing`, counted from 0 as they come, measure latency.
    """

    def __init__(self, most: int, nacked: float, probing: frozenset[int]) -> None:
        self._nacked = nacked
        self.probes = Probes(probing, _ROWS)
        self._random = np.random.default_rng(_SEED)
        self.packets = 0
        self.octets = 0
        self._viewers: list[Viewer | None] = []
        self._sockets: list[socket.socket] = []
        self._arena = np.zeros((_ROWS, _ROW_SIZE), np.uint8)
        self._owners = np.zeros(_ROWS, np.int64)
        places = np.arange(_ROWS, dtype=np.uint64)
        self._iovecs = np.full((_ROWS, 2), _ROW_SIZE, np.uint64)
        self._iovecs[:, 0] = np.uint64(self._arena.ctypes.data) + places * np.uint64(_ROW_SIZE)
        self._messages = np.zeros((_ROWS, MESSAGE_WORDS), np.uint64)
        self._messages[:, IOVECS] = np.uint64(self._iovecs.ctypes.data) + places * np.uint64(16)
        self._messages[:, IOVEC_COUNT] = 1
        self._messages[:, CONTROL] = row_addresses(self.probes.controls)
        self._first = np.full(most * _KINDS, -1, np.int64)
        self._highest = np.full(most * _KINDS, -1, np.int64)
        self._received = np.zeros(most * _KINDS, np.int64)
        self._ssrcs = np.zeros(most * _KINDS, np.int64)
        self._heard_at = np.zeros(most * _KINDS)
        self._receive = ctypes.CDLL(None).recvmmsg
        self._receive.argtypes = (
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_void_p,
        )

    def __len__(self) -> int:
        return len(self._sockets)

    def add(self, viewer: Viewer | None, read: socket.socket) -> None:
        place = len(self._sockets)
        self._heard_at[place * _KINDS : (place + 1) * _KINDS] = time.monotonic()
        if viewer is not None:
            self.probes.add(place, viewer, read)
        self._viewers.append(viewer)
        self._sockets.append(read)

    def expected_and_received(self) -> tuple[int, int]:
        """Return what the numbers of all video and audio streams say was sent, and what came."""
        seen = self._first >= 0
        seen[2::_KINDS] = False  # retransmissions have numbers of their own
        expected = (self._highest - self._first + 1)[seen].sum()
        return int(expected), int(self._received[seen].sum())

    def silence(self, now: float, since: float) -> dict[int, float]:
        """Return for how many seconds nothing came, of all viewers together, by payload type.

        A stream that stops has no gap in its numbers. Only what lasts longer than a hiccup counts,
        and only from `since` on.
        """
        heard_at = self._heard_at[: len(self._sockets) * _KINDS].reshape(-1, _KINDS)
        silence = np.where(now - heard_at > _STALLED_AFTER, now - np.maximum(heard_at, since), 0.0)
        video, audio, _ = silence.sum(axis=0).tolist()
        return {VIDEO_PAYLOAD_TYPE: video, AUDIO_PAYLOAD_TYPE: audio}

    def stalled(self, now: float) -> int:
        """Return how many viewers have got no video or no audio for long."""
        heard_at = self._heard_at[: len(self._sockets) * _KINDS].reshape(-1, _KINDS)[:, :2]
        return int((now - heard_at > _STALLED_AFTER).any(axis=1).sum())

    def sweep(self) -> None:
        """Read whatever has come to any of the sockets."""
        receive, messages = self._receive, self._messages.ctypes.data
        self._offer_controls()
        stride = self._messages.strides[0]
        row = 0
        for owner, read in enumerate(self._sockets):
            if _ROWS - row < _MOST_AT_ONCE:
                self._count(row)
                self._offer_controls()
                row = 0
            place = messages + row * stride
            count = receive(read.fileno(), place, _MOST_AT_ONCE, socket.MSG_DONTWAIT, None)
            if count > 0:
                self._owners[row : row + count] = owner
                row += count
        self._count(row)

    def report(self, part: slice) -> None:
        """Send the receiver reports of some of the viewers."""
        for owner, viewer in list(enumerate(self._viewers))[part]:
            if viewer is None:
                continue
            streams = range(owner * _KINDS, owner * _KINDS + 2)
            blocks = tuple(self._block(slot) for slot in streams if self._first[slot] >= 0)
            if blocks and viewer.is_connected:
                viewer.send_rtcp(ReceiverReport(_REPORTER, blocks).serialize())

    def _block(self, slot: int) -> ReportBlock:
        expected = int(self._highest[slot] - self._first[slot] + 1)
        return ReportBlock(
            Ssrc(int(self._ssrcs[slot])),
            fraction_lost=0,
            cumulative_lost=max(0, expected - int(self._received[slot])),
            highest_sequence=int(self._highest[slot]),
            jitter=0,
            lsr=0,
            dlsr=0,
        )

    def _offer_controls(self) -> None:
        # The kernel writes how much of it has been used.
        self._messages[:, CONTROL_SIZE] = 8 * CONTROL_WORDS

    def _count(self, rows: int) -> None:
        heads = self._arena[:rows, :12].astype(np.int64)
        sizes = (self._messages[:rows, SENT_SIZE] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        is_rtp = (heads[:, 0] >= 128) & ((heads[:, 1] < 192) | (heads[:, 1] > 223))
        for row in np.flatnonzero(~is_rtp).tolist():
            viewer = self._viewers[self._owners[row]]
            if viewer is not None and viewer.remote is not None:
                datagram = self._arena[row, : sizes[row]].tobytes()
                viewer.receive(datagram, viewer.remote.addresses[0])
        owners = self._owners[:rows]
        for row in np.flatnonzero(is_rtp & np.isin(owners, self.probes.places)).tolist():
            self.probes.open(row, int(owners[row]), self._arena[row, : sizes[row]].tobytes())
        self.packets += int(is_rtp.sum())
        self.octets += int(sizes[is_rtp].sum())
        self._count_streams(heads[is_rtp], owners[is_rtp])
        if self._nacked:
            self._ask_again(heads[is_rtp], owners[is_rtp])

    def _ask_again(self, heads: npt.NDArray[np.int64], owners: npt.NDArray[np.int64]) -> None:
        is_media = ~np.isin(heads[:, 1] & 0x7F, (AUDIO_PAYLOAD_TYPE, RTX_PAYLOAD_TYPE))
        is_lost = is_media & (self._random.random(len(heads)) < self._nacked)
        for head, owner in zip(heads[is_lost], owners[is_lost], strict=True):
            viewer = self._viewers[owner]
            if viewer is not None and viewer.is_connected:
                ssrc = Ssrc(int((head[8:12] * _SSRC_PLACES).sum()))
                nack = GenericNack(_REPORTER, ssrc, (int(head[2] << 8 | head[3]),))
                viewer.send_rtcp(nack.serialize())

    def _count_streams(self, heads: npt.NDArray[np.int64], owners: npt.NDArray[np.int64]) -> None:
        payload_types = heads[:, 1] & 0x7F
        kinds = np.where(payload_types == AUDIO_PAYLOAD_TYPE, 1, 0)
        kinds[payload_types == RTX_PAYLOAD_TYPE] = 2
        slots = owners * _KINDS + kinds
        numbers = heads[:, 2] << 8 | heads[:, 3]
        new, places = np.unique(slots[self._first[slots] < 0], return_index=True)
        if len(new):
            rows = np.flatnonzero(self._first[slots] < 0)[places]
            self._first[new] = self._highest[new] = numbers[rows]
            self._ssrcs[new] = (heads[rows, 8:12] * _SSRC_PLACES).sum(axis=1)
        # The nearest extended number, as `rtp.serial` has it, for all at once.
        highest = self._highest[slots]
        steps = ((numbers - highest + 0x8000) & 0xFFFF) - 0x8000
        np.maximum.at(self._highest, slots, highest + steps)
        np.add.at(self._received, slots, 1)
        self._heard_at[slots] = time.monotonic()
