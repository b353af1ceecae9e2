"""Media as a camera and a microphone give it, without either: sizes, pace and headers are real.

The video is VP8 by its headers, so that servers find keyframes, but the pictures do not decode.
Nothing here reads a clock: the owner asks for what is due. Every packet ends with a stamp, by which
a viewer in the same process measures how long it was under way.
"""

from __future__ import annotations

import math
import secrets
import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from liverelay.rtp.rtcp.reports import SenderReport
from liverelay.rtp.types import Ssrc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FRAMES_PER_SECOND = 30
VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
AUDIO_INTERVAL = 0.02

VIDEO_PAYLOAD_TYPE = 96
RTX_PAYLOAD_TYPE = 97
AUDIO_PAYLOAD_TYPE = 111

_STAMP = struct.Struct("!8sd")
_STAMP_MAGIC = b"LRstamp\x01"
_HEADER = struct.Struct("!BBHII")
_DESCRIPTOR_SIZE = 4

# What Opus makes of speech at 32 kbit/s.
_AUDIO_SIZE = 80

# How browsers pace: every 5 ms, at 2.5 times the bitrate, so that a frame is not one burst.
_PACE_INTERVAL = 0.005
_PACE_FACTOR = 2.5

# A keyframe is about this many times the size of another frame, and asked for at most so often.
_KEYFRAME_FACTOR = 7.5
_KEYFRAME_INTERVAL = 0.5

# Enough to answer what a server may ask for again: about two seconds.
_HISTORY = 512

# A process that was held up drops frames, as a camera does, rather than send a second at once.
_MAX_LATE_FRAMES = 6


@dataclass(frozen=True, slots=True)
class VideoShape:
    """How much video: packets in a frame and in a keyframe, and the payload of each in bytes."""

    packets_per_frame: int = 8
    keyframe_packets: int = 60
    packet_size: int = 1100

    @classmethod
    def of_bitrate(cls, bitrate_bps: float) -> VideoShape:
        frame_size = bitrate_bps / 8 / FRAMES_PER_SECOND
        packets = max(1, math.ceil(frame_size / 1100))
        size = max(64, round(frame_size / packets))
        return cls(packets, math.ceil(_KEYFRAME_FACTOR * packets), size)

    @property
    def burst(self) -> int:
        """Packets that are sent back to back."""
        in_an_interval = self.packets_per_frame * FRAMES_PER_SECOND * _PACE_INTERVAL
        return max(1, math.ceil(_PACE_FACTOR * in_an_interval))


def read_stamp(packet: bytes) -> float | None:
    """Return when a plain packet was made, or None if it is not one of ours."""
    if len(packet) < _STAMP.size:
        return None
    magic, made_at = _STAMP.unpack_from(packet, len(packet) - _STAMP.size)
    return float(made_at) if magic == _STAMP_MAGIC else None


class Frames(Protocol):
    """Where the pictures come from. With `has_room`, stamps may follow the data of any packet."""

    @property
    def has_room(self) -> bool: ...
    def next(self, *, is_keyframe: bool) -> Sequence[bytes]:
        """Return the VP8 data of the next frame, cut as it goes into packets."""


class FillerFrames:
    """Frames of the right size with nothing in them behind the frame header."""

    has_room = True

    def __init__(self, shape: VideoShape) -> None:
        size = shape.packet_size - _DESCRIPTOR_SIZE - _STAMP.size
        filler = secrets.token_bytes(size)
        # Frame tags (RFC 6386 section 9.1): the lowest bit is 0 on a keyframe, which goes on with
        # its start code and its size, here 1280 x 720.
        key = b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 1280, 720)
        self._keyframe = [key + filler[len(key) :], *[filler] * (shape.keyframe_packets - 1)]
        self._frame = [b"\x11\x02\x00" + filler[3:], *[filler] * (shape.packets_per_frame - 1)]

    def next(self, *, is_keyframe: bool) -> Sequence[bytes]:
        return self._keyframe if is_keyframe else self._frame


class _Pending(NamedTuple):
    """One packet of a frame that waits for its turn."""

    data: bytes
    is_first: bool
    is_last: bool
    rtp_timestamp: int
    picture_id: int


class _Stream:
    """The numbering of one RTP stream, and what its sender reports say."""

    def __init__(self, payload_type: int) -> None:
        self.ssrc = Ssrc(secrets.randbits(31) or 1)
        self.payload_type = payload_type
        self.sequence_number = secrets.randbits(15)
        self.rtp_timestamp = secrets.randbits(31)
        self.packets = 0
        self.octets = 0

    def packet(
        self, payload: bytes, *, marker: bool, rtp_timestamp: int, extension: bytes
    ) -> bytes:
        header = _HEADER.pack(
            0x90 if extension else 0x80,
            (0x80 if marker else 0) | self.payload_type,
            self.sequence_number,
            rtp_timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sequence_number = (self.sequence_number + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return header + extension + payload

    def report(self, ntp_time: int) -> bytes:
        return SenderReport(
            self.ssrc, ntp_time, self.rtp_timestamp & 0xFFFFFFFF, self.packets, self.octets
        ).serialize()


class MediaSource:
    """One publisher's video and audio.

    `transport_cc_id` is the number of the extension if the server wants it, else 0. Times are
    seconds on the caller's monotonic clock; `start` comes before `take`.
    """

    def __init__(self, shape: VideoShape, frames: Frames | None = None) -> None:
        self._burst = shape.burst
        self._frames = frames or FillerFrames(shape)
        self.transport_cc_id = 0
        self.keyframes = 0
        self._video = _Stream(VIDEO_PAYLOAD_TYPE)
        self._audio = _Stream(AUDIO_PAYLOAD_TYPE)
        self.rtx_ssrc = Ssrc(secrets.randbits(31) or 1)
        self._pending: deque[_Pending] = deque()
        self._history: dict[int, bytes] = {}
        self._wants_keyframe = True
        self._keyframe_at = -math.inf
        self._next_frame = self._next_audio = self._next_burst = 0.0
        self._picture_id = 0
        self._transport_sequence = 0

    @property
    def video_ssrc(self) -> Ssrc:
        return self._video.ssrc

    @property
    def audio_ssrc(self) -> Ssrc:
        return self._audio.ssrc

    @property
    def packets(self) -> dict[int, int]:
        """How many were made, by payload type."""
        return {stream.payload_type: stream.packets for stream in (self._video, self._audio)}

    def start(self, now: float) -> None:
        self._next_frame = self._next_audio = self._next_burst = now

    def deadline(self) -> float:
        """Return when `take` has something next."""
        burst = self._next_burst if self._pending else math.inf
        return min(self._next_frame, self._next_audio, burst)

    def take(self, now: float) -> list[bytes]:
        """Return the packets that are due."""
        while self._next_frame <= now:
            self._begin_frame(now)
        packets = []
        if self._pending and self._next_burst <= now:
            self._next_burst = max(self._next_burst + _PACE_INTERVAL, now)
            for _ in range(min(self._burst, len(self._pending))):
                packets.append(self._video_packet(self._pending.popleft(), now))
        while self._next_audio <= now:
            self._next_audio += AUDIO_INTERVAL
            packets.append(self._audio_packet(now))
        return packets

    def request_keyframe(self) -> None:
        self._wants_keyframe = True

    def lost(self, numbers: Iterable[int]) -> list[bytes]:
        """Return the packets with these sequence numbers, as far as they are still known."""
        return [self._history[number] for number in numbers if number in self._history]

    def reports(self, ntp_time: int) -> list[bytes]:
        return [self._video.report(ntp_time), self._audio.report(ntp_time)]

    def _begin_frame(self, now: float) -> None:
        is_late = now - self._next_frame > _MAX_LATE_FRAMES / FRAMES_PER_SECOND
        self._next_frame += 1 / FRAMES_PER_SECOND
        self._video.rtp_timestamp += VIDEO_CLOCK // FRAMES_PER_SECOND
        if is_late:
            return
        if not self._pending:
            self._next_burst = now
        is_keyframe = self._wants_keyframe and now - self._keyframe_at >= _KEYFRAME_INTERVAL
        if is_keyframe:
            self._wants_keyframe, self._keyframe_at = False, now
            self.keyframes += 1
        data = self._frames.next(is_keyframe=is_keyframe)
        picture_id = self._picture_id = (self._picture_id + 1) & 0x7FFF
        rtp_timestamp = self._video.rtp_timestamp
        self._pending.extend(
            _Pending(part, i == 0, i == len(data) - 1, rtp_timestamp, picture_id)
            for i, part in enumerate(data)
        )

    def _video_packet(self, pending: _Pending, now: float) -> bytes:
        has_room = self._frames.has_room or pending.is_last
        stamp = _STAMP.pack(_STAMP_MAGIC, now) if has_room else b""
        number = self._video.sequence_number
        packet = self._video.packet(
            _descriptor(pending) + pending.data + stamp,
            marker=pending.is_last,
            rtp_timestamp=pending.rtp_timestamp,
            extension=self._extension(),
        )
        self._history[number] = packet
        self._history.pop((number - _HISTORY) & 0xFFFF, None)
        return packet

    def _audio_packet(self, now: float) -> bytes:
        self._audio.rtp_timestamp += int(AUDIO_CLOCK * AUDIO_INTERVAL)
        # The first byte is Opus' own: 20 ms of wideband speech in one frame (RFC 6716 3.1).
        payload = b"\x48" + bytes(_AUDIO_SIZE - 1 - _STAMP.size)
        return self._audio.packet(
            payload + _STAMP.pack(_STAMP_MAGIC, now),
            marker=False,
            rtp_timestamp=self._audio.rtp_timestamp,
            extension=self._extension(),
        )

    def _extension(self) -> bytes:
        if not self.transport_cc_id:
            return b""
        number = self._transport_sequence
        self._transport_sequence = (number + 1) & 0xFFFF
        return struct.pack("!HHBHx", 0xBEDE, 1, self.transport_cc_id << 4 | 1, number)


def _descriptor(pending: _Pending) -> bytes:
    """Return VP8's payload descriptor with a picture id of 15 bits (RFC 7741 section 4.2)."""
    return bytes(
        (
            0x80 | (0x10 if pending.is_first else 0),
            0x80,
            0x80 | pending.picture_id >> 8,
            pending.picture_id & 0xFF,
        )
    )
