"""A peer of a whole server: what it offers, the media it sends, and what it gets."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.client import MediaClient, RemoteEndpoint
from tests.support.identity import ecdsa_identity
from tests.support.packets import VP8_DELTA, VP8_KEYFRAME, rtp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.transport.identity import Identity

VIDEO, RTX, AUDIO = 96, 97, 111
RATES = {VIDEO: 90_000, AUDIO: 48_000}
FRAME_TICKS, SOUND_TICKS = 3000, 960

_DIRECTIONS = {"publish": "sendonly", "subscribe": "recvonly", "call": "sendrecv"}
_NTP_EPOCH = 3_900_000_000

_OFFER = """\
v=0
o=- 646766817898353065 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:{ufrag}
a=ice-pwd:{pwd}
a=fingerprint:{fingerprint}
a=setup:{setup}
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a={direction}
a=rtcp-mux
a=rtpmap:111 opus/48000/2
{audio_ssrc}m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=mid:1
a={direction}
a=rtcp-mux
a=rtpmap:96 {codec}/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
{video_ssrc}"""


def write_offer(
    kind: str,
    *,
    ufrag: str = "F7gI",
    pwd: str = "x9cmlYzichV2XlhiMu8gAA",
    fingerprint: tuple[str, str] | None = None,
    setup: str = "actpass",
    codec: str = "VP8",
    video_ssrc: int = 0x1111,
    audio_ssrc: int = 0x3333,
) -> str:
    """Return the offer of a peer for `/sfu/{kind}`."""
    sends = kind != "subscribe"
    text = _OFFER.format(
        ufrag=ufrag,
        pwd=pwd,
        fingerprint=" ".join(fingerprint or ecdsa_identity().fingerprint()),
        setup=setup,
        direction=_DIRECTIONS[kind],
        codec=codec,
        audio_ssrc=f"a=ssrc:{audio_ssrc} cname:peer\n" if sends else "",
        video_ssrc=f"a=ssrc:{video_ssrc} cname:peer\n" if sends else "",
    )
    return text.replace("\n", "\r\n")


def read_answer(sdp: str, ip: str = "127.0.0.1") -> RemoteEndpoint:
    """Return what an answer says of the server's end; the candidate of the family of `ip`."""

    def value(pattern: str) -> str:
        found = re.search(pattern, sdp)
        assert found is not None, sdp
        return found[1]

    address = "[0-9a-f:]+" if ":" in ip else "[0-9.]+"
    host, port = value(rf"a=candidate:\S+ 1 udp \d+ ({address} \d+) typ host").split(" ")
    return RemoteEndpoint(
        ((host, int(port)),), value(r"a=ice-ufrag:(\S+)"), value(r"a=ice-pwd:(\S+)")
    )


class Packet(NamedTuple):
    """One RTP packet as it came."""

    payload_type: int
    sequence_number: int
    rtp_timestamp: int
    ssrc: int
    payload: bytes

    @property
    def sender(self) -> str:
        """The name of the peer that sent it first."""
        return self.payload[:-6].lstrip(bytes(range(32))).decode()


class SenderReport(NamedTuple):
    """The head of a sender report as it came."""

    ssrc: int
    ntp_time: int
    rtp_timestamp: int


@dataclass(slots=True)
class OutboundStream:
    """Where one stream that a peer sends stands."""

    payload_type: int
    ssrc: int
    sequence_number: int
    rtp_timestamp: int


class Peer:
    """One connection of a peer.

    Each packet that it sends ends in `name` and a number, so that a viewer can tell whose it is
    and whether one is missing.
    """

    def __init__(
        self,
        kind: str,
        token: str,
        *,
        name: str = "",
        ip: str = "127.0.0.1",
        setup: str = "actpass",
        identity: Identity | None = None,
        codec: str = "VP8",
        recorded: str | None = None,
        client_type: type[MediaClient] = MediaClient,
        sequence_number: int = 65_530,
        rtp_timestamp: int = 0xFFFF_F000,
    ) -> None:
        """Prepare a connection; `recorded` is another client's offer to use as one's own."""
        self.kind, self.token = kind, token
        self.name = name or kind
        self.session_id = ""
        self.answer = ""
        own_role = "passive" if setup == "passive" else "active"
        self.client = client_type(setup=own_role, identity=identity, ip=ip)
        self.video = OutboundStream(VIDEO, 0x1111, sequence_number, rtp_timestamp)
        self.audio = OutboundStream(AUDIO, 0x3333, sequence_number, rtp_timestamp)
        self.offer = (
            self._adopt(recorded)
            if recorded
            else write_offer(
                kind,
                ufrag=self.client.ufrag,
                pwd=self.client.pwd,
                fingerprint=self.client.identity.fingerprint(),
                setup=setup,
                codec=codec,
            )
        )
        self._ip = ip
        self._sent = 0
        self._is_closed = False

    def accept(self, body: dict[str, Any]) -> None:
        """Take the server's answer and begin to connect."""
        self.session_id, self.answer = body["session_id"], body["sdp"]
        self.client.connect(read_answer(self.answer, self._ip))

    def restart(self, body: dict[str, Any]) -> None:
        """Take the answer to an ICE restart and go over to another port."""
        self.answer = body["sdp"]
        self.client.restart(read_answer(self.answer, self._ip))

    def close(self, *, silently: bool = False) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.client.close(silently=silently)

    def send(self, stream: OutboundStream, payload: bytes) -> bytes:
        """Send a packet of one's own making; return its payload."""
        self._send(stream, payload, FRAME_TICKS)
        return payload

    def send_frame(self, *, is_keyframe: bool = False) -> bytes:
        """Send a frame of one packet; return its payload."""
        start = VP8_KEYFRAME if is_keyframe else VP8_DELTA
        payload = start + self._mark()
        self._send(self.video, payload, FRAME_TICKS)
        return payload

    def skip_frame(self) -> tuple[int, bytes]:
        """Lose a frame of one packet before it is sent; return its number and payload."""
        lost = self.video.sequence_number & 0xFFFF, VP8_DELTA + self._mark()
        self.video.sequence_number += 1
        self.video.rtp_timestamp += FRAME_TICKS
        return lost

    def send_again(self, lost: tuple[int, bytes]) -> bytes:
        """Send a frame that was lost as a retransmission; return its payload."""
        number, payload = lost
        self.client.send_rtp(
            rtp(number.to_bytes(2, "big") + payload, payload_type=RTX, ssrc=0x2222)
        )
        return payload

    def send_sound(self) -> bytes:
        """Send 20 ms of sound; return its payload."""
        payload = self._mark()
        self._send(self.audio, payload, SOUND_TICKS)
        return payload

    def send_sender_reports(self, at: float) -> None:
        """Report that the next packet of each stream is captured `at` seconds on our clock."""
        for stream in (self.video, self.audio):
            ntp_time = int((_NTP_EPOCH + at) * (1 << 32))
            self.client.send_rtcp(
                struct.pack(
                    "!BBHIQIII", 0x80, 200, 6, stream.ssrc, ntp_time, stream.rtp_timestamp, 0, 0
                )
            )

    def send_pli(self, media_ssrc: int) -> None:
        self.client.send_rtcp(struct.pack("!BBHII", 0x81, 206, 2, 1, media_ssrc))

    def send_nack(self, media_ssrc: int, pid: int, blp: int = 0) -> None:
        self.client.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, media_ssrc, pid, blp))

    def received(self, payload_type: int) -> list[Packet]:
        """Return the packets of one stream, in the order in which they came."""
        return [packet for packet in map(read_rtp, self.client.rtp) if packet[0] == payload_type]

    @property
    def heard(self) -> set[str]:
        """The names of the peers whose packets came."""
        return {read_rtp(packet).sender for packet in self.client.rtp}

    def ssrc_of(self, media: str) -> int:
        """Return under which SSRC the server said that it sends."""
        found = re.search(rf"m={media} .*?a=ssrc:(\d+) ", self.answer, re.DOTALL)
        assert found is not None
        return int(found[1])

    def sender_reports(self, ssrc: int) -> list[SenderReport]:
        return [
            SenderReport(*struct.unpack_from("!IQI", packet, 4))
            for packet in self._rtcp(200)
            if packet[4:8] == ssrc.to_bytes(4, "big")
        ]

    @property
    def plis(self) -> list[int]:
        """The media SSRCs of the keyframe requests that have come."""
        return [
            int.from_bytes(packet[8:12], "big") for packet in self._rtcp(206) if packet[0] & 31 == 1
        ]

    @property
    def nacks(self) -> int:
        """How many requests for lost packets have come."""
        return sum(packet[0] & 31 == 1 for packet in self._rtcp(205))

    async def wait_for(self, payload_type: int, payload: bytes) -> Packet:
        """Wait until a packet with this payload has come, and return it."""
        while True:
            for packet in self.received(payload_type):
                if packet.payload == payload:
                    return packet
            await self.client.wait_for(rtp=len(self.client.rtp) + 1)

    async def wait_for_pli(self, count: int = 1) -> None:
        while len(self.plis) < count:
            await self.client.wait_for(rtcp=len(self.client.rtcp) + 1)

    async def wait_for_nack(self) -> None:
        while not self.nacks:
            await self.client.wait_for(rtcp=len(self.client.rtcp) + 1)

    def _adopt(self, recorded: str) -> str:
        """Return an offer with the certificate in it replaced; the rest may stay as it was."""
        fingerprint = " ".join(self.client.identity.fingerprint())
        return re.sub(r"a=fingerprint:[^\r\n]+", f"a=fingerprint:{fingerprint}", recorded)

    def _mark(self) -> bytes:
        self._sent += 1
        return f"{self.name}-{self._sent:05}".encode()

    def _send(self, stream: OutboundStream, payload: bytes, ticks: int) -> None:
        self.client.send_rtp(
            rtp(
                payload,
                payload_type=stream.payload_type,
                sequence_number=stream.sequence_number,
                rtp_timestamp=stream.rtp_timestamp,
                ssrc=stream.ssrc,
                marker=True,
            )
        )
        stream.sequence_number += 1
        stream.rtp_timestamp += ticks

    def _rtcp(self, packet_type: int) -> list[bytes]:
        return [
            packet
            for compound in self.client.rtcp
            for packet in split_compound(compound)
            if packet[1] == packet_type
        ]


def read_rtp(packet: bytes) -> Packet:
    _, kind, number, timestamp, ssrc = struct.unpack_from("!BBHII", packet)
    return Packet(kind & 0x7F, number, timestamp, ssrc, payload_of(packet))


def payload_of(packet: bytes) -> bytes:
    """Return what is behind the header of a packet that has neither CSRCs nor padding."""
    has_extension = packet[0] & 0x10
    return packet[16 + 4 * int.from_bytes(packet[14:16], "big") if has_extension else 12 :]


def split_compound(compound: bytes) -> list[bytes]:
    packets = []
    while compound:
        size = 4 * (int.from_bytes(compound[2:4], "big") + 1)
        packets.append(compound[:size])
        compound = compound[size:]
    return packets


def gaps(packets: Sequence[Packet]) -> list[int]:
    """Return by how much each sequence number follows on the one before."""
    return [
        (later.sequence_number - packet.sequence_number) & 0xFFFF
        for packet, later in zip(packets, packets[1:], strict=False)
    ]


def steps(packets: Sequence[Packet]) -> list[int]:
    """Return by how much each timestamp follows on the one before; negative if it goes back."""
    return [
        (later.rtp_timestamp - packet.rtp_timestamp + 0x80000000) % (1 << 32) - 0x80000000
        for packet, later in zip(packets, packets[1:], strict=False)
    ]
