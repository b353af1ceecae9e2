from __future__ import annotations

import struct
from types import SimpleNamespace

import pytest

from liverelay.transport.counters import DropReason
from liverelay.transport.srtp import (
    MAX_INBOUND_SSRCS,
    SrtpInbound,
    SrtpOutbound,
    SrtpSealer,
)
from liverelay.transport.srtp_binding import BindingCalls, is_usable
from liverelay.transport.srtp_calls import (
    MAX_PACKET_SIZE,
    RejectedPacketError,
    SessionCalls,
    SrtpCalls,
    UnprotectableError,
)
from tests.support.srtp import PROFILES, inbound_session, outbound_session

CALLS: dict[str, SrtpCalls] = {"in place": BindingCalls(), "copying": SessionCalls()}
COMPOUND = struct.pack("!BBHI", 0x80, 201, 1, 7)


@pytest.fixture(params=CALLS)
def calls(request: pytest.FixtureRequest) -> SrtpCalls:
    return CALLS[request.param]


def rtp(sequence_number: int = 1, size: int = 100, ssrc: int = 1234) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence_number, 3000, ssrc).ljust(size, b"x")


def seal_rtp(sealer: SrtpSealer, outbound: SrtpOutbound, packet: bytes) -> bytes:
    sealer.view[: len(packet)] = packet
    return bytes(sealer.seal_rtp(outbound, len(packet)))


def reason_of(inbound: SrtpInbound, datagram: bytes) -> DropReason:
    with pytest.raises(RejectedPacketError) as caught:
        inbound.unprotect_rtp(datagram)
    return caught.value.reason


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("size", [12, 100, 1350])
def test_what_is_sealed_can_be_opened(calls: SrtpCalls, profile: int, size: int) -> None:
    outbound, inbound = (
        SrtpOutbound(calls.adopt(outbound_session(profile))),
        SrtpInbound(calls.adopt(inbound_session(profile)), calls),
    )

    datagram = seal_rtp(SrtpSealer(calls), outbound, rtp(size=size))

    assert datagram != rtp(size=size)
    assert inbound.unprotect_rtp(datagram) == rtp(size=size)


@pytest.mark.parametrize("size", [1400, MAX_PACKET_SIZE - 16])
def test_packets_beyond_what_pylibsrtp_takes_are_sealed_in_place(size: int) -> None:
    calls = BindingCalls()
    datagram = seal_rtp(SrtpSealer(calls), SrtpOutbound(outbound_session()), rtp(size=size))

    assert SrtpInbound(inbound_session(), calls).unprotect_rtp(datagram) == rtp(size=size)


def test_packets_beyond_what_pylibsrtp_takes_are_refused_by_it() -> None:
    calls = SessionCalls()

    with pytest.raises(UnprotectableError):
        seal_rtp(SrtpSealer(calls), SrtpOutbound(outbound_session()), rtp(size=1400))
    inbound = SrtpInbound(inbound_session(), calls)
    assert reason_of(inbound, rtp(size=1501)) is DropReason.SRTP_OVERSIZE


def test_session_whose_packets_are_sealed_in_place_has_no_buffer_of_its_own() -> None:
    before = outbound_session()

    adopted = BindingCalls().adopt(outbound_session())

    assert set(vars(before)) - set(vars(adopted)) == {"_buffer", "_cdata"}


def test_private_names_of_pylibsrtp_are_where_they_are_expected() -> None:
    assert is_usable()


def test_libsrtp_that_does_something_else_under_the_same_names_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def do_nothing(_session: object, _packet: object, _size: object) -> int:
        return 0

    names = ("srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp")
    other = SimpleNamespace(**dict.fromkeys(names, do_nothing))
    monkeypatch.setattr("liverelay.transport.srtp_binding.lib", other)

    assert not is_usable()


@pytest.mark.parametrize("profile", PROFILES)
def test_rtcp_that_is_sealed_can_be_opened(calls: SrtpCalls, profile: int) -> None:
    outbound, inbound = (
        SrtpOutbound(outbound_session(profile)),
        SrtpInbound(inbound_session(profile), calls),
    )

    datagram = bytes(SrtpSealer(calls).seal_rtcp(outbound, COMPOUND))

    assert inbound.unprotect_rtcp(datagram) == COMPOUND


def test_replay_is_told_from_forgery(calls: SrtpCalls) -> None:
    outbound, inbound = SrtpOutbound(outbound_session()), SrtpInbound(inbound_session(), calls)
    datagram = seal_rtp(SrtpSealer(calls), outbound, rtp())
    inbound.unprotect_rtp(datagram)

    assert reason_of(inbound, datagram) is DropReason.SRTP_REPLAYED
    assert reason_of(inbound, rtp(2)) is DropReason.SRTP_UNAUTHENTICATED


def test_packet_behind_the_replay_window_is_a_replay(calls: SrtpCalls) -> None:
    outbound, inbound, sealer = (
        SrtpOutbound(outbound_session()),
        SrtpInbound(inbound_session(), calls),
        SrtpSealer(calls),
    )
    old = seal_rtp(sealer, outbound, rtp(1))
    inbound.unprotect_rtp(seal_rtp(sealer, outbound, rtp(1500)))

    assert reason_of(inbound, old) is DropReason.SRTP_REPLAYED


@pytest.mark.parametrize("size", range(12))
def test_truncated_packets_are_malformed(calls: SrtpCalls, size: int) -> None:
    inbound = SrtpInbound(inbound_session(), calls)

    assert reason_of(inbound, rtp()[:size]) is DropReason.SRTP_MALFORMED


def test_oversize_packets_are_rejected(calls: SrtpCalls) -> None:
    inbound = SrtpInbound(inbound_session(), calls)

    assert reason_of(inbound, bytes(MAX_PACKET_SIZE + 1)) is DropReason.SRTP_OVERSIZE


def test_forged_ssrcs_do_not_use_up_the_bound(calls: SrtpCalls) -> None:
    outbound, inbound = SrtpOutbound(outbound_session()), SrtpInbound(inbound_session(), calls)
    for ssrc in range(MAX_INBOUND_SSRCS * 2):
        assert reason_of(inbound, rtp(ssrc=ssrc)) is DropReason.SRTP_UNAUTHENTICATED

    assert inbound.unprotect_rtp(seal_rtp(SrtpSealer(calls), outbound, rtp())) == rtp()


def test_authentic_ssrcs_are_bounded(calls: SrtpCalls) -> None:
    outbound, inbound, sealer = (
        SrtpOutbound(outbound_session()),
        SrtpInbound(inbound_session(), calls),
        SrtpSealer(calls),
    )
    for ssrc in range(MAX_INBOUND_SSRCS):
        inbound.unprotect_rtp(seal_rtp(sealer, outbound, rtp(ssrc=ssrc)))

    surplus = seal_rtp(sealer, outbound, rtp(ssrc=MAX_INBOUND_SSRCS))

    assert reason_of(inbound, surplus) is DropReason.SRTP_TOO_MANY_SSRCS


def test_packet_older_than_the_window_cannot_be_sealed(calls: SrtpCalls) -> None:
    outbound, sealer = SrtpOutbound(outbound_session()), SrtpSealer(calls)
    seal_rtp(sealer, outbound, rtp(5000))

    with pytest.raises(UnprotectableError):
        seal_rtp(sealer, outbound, rtp(1))


def test_rtcp_beyond_the_buffer_cannot_be_sealed(calls: SrtpCalls) -> None:
    with pytest.raises(UnprotectableError):
        SrtpSealer(calls).seal_rtcp(SrtpOutbound(outbound_session()), bytes(MAX_PACKET_SIZE + 1))
