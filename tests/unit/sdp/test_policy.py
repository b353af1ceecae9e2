from dataclasses import replace

import pytest

from liverelay.rtp.extensions import ABS_SEND_TIME_URI, DEPENDENCY_DESCRIPTOR_URI
from liverelay.rtp.types import PayloadType
from liverelay.sdp.parameters import HeaderExtension
from liverelay.sdp.policy import (
    TRANSPORT_CC,
    Use,
    answered_feedback,
    extension_use,
    insists_on_transport_cc,
    replaces_payload,
)
from liverelay.sdp.section import Direction, OfferedExtension
from tests.support.sdp import VP8

OFFERED = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli", "rrtr", "ack")
TRANSPORT = [OfferedExtension(HeaderExtension(3, TRANSPORT_CC), Direction.SENDRECV)]
CODEC = replace(VP8, feedback=OFFERED, rtx_payload_type=PayloadType(97))


@pytest.mark.parametrize(
    ("inbound", "outbound", "answered"),
    [
        (True, False, {"nack", "transport-cc", "ccm fir", "nack pli"}),
        (False, True, {"nack", "ccm fir", "nack pli", "goog-remb"}),
        (True, True, {"nack", "transport-cc", "ccm fir", "nack pli", "goog-remb"}),
        (False, False, set()),
    ],
)
def test_feedback_is_answered_by_direction(
    inbound: bool, outbound: bool, answered: set[str]
) -> None:
    assert set(answered_feedback(CODEC, TRANSPORT, inbound=inbound, outbound=outbound)) == answered


@pytest.mark.parametrize(
    ("inbound", "outbound", "is_answered"),
    [(True, False, True), (True, True, True), (False, True, False)],
)
def test_losses_without_a_retransmission_format_are_for_publishers_to_repair(
    inbound: bool, outbound: bool, is_answered: bool
) -> None:
    codec = replace(CODEC, rtx_payload_type=None)

    answered = answered_feedback(codec, [], inbound=inbound, outbound=outbound)

    assert ("nack" in answered) is is_answered


def test_transport_cc_needs_its_extension() -> None:
    answered = answered_feedback(CODEC, [], inbound=True, outbound=False)

    assert "transport-cc" not in answered


@pytest.mark.parametrize(
    ("feedback", "extensions"), [(OFFERED, []), (("goog-remb", "nack"), TRANSPORT)]
)
def test_publisher_without_transport_cc_is_told_an_estimate(
    feedback: tuple[str, ...], extensions: list[OfferedExtension]
) -> None:
    codec = replace(CODEC, feedback=feedback)

    assert "goog-remb" in answered_feedback(codec, extensions, inbound=True, outbound=False)


@pytest.mark.parametrize(
    ("uri", "use"),
    [
        ("urn:ietf:params:rtp-hdrext:sdes:mid", Use(inbound=True, outbound=False)),
        (TRANSPORT_CC, Use(inbound=True, outbound=False)),
        (ABS_SEND_TIME_URI, Use(inbound=False, outbound=True)),
        ("urn:ietf:params:rtp-hdrext:encrypt", Use(inbound=False, outbound=False)),
        ("urn:ietf:params:rtp-hdrext:sdes:cname", Use(inbound=False, outbound=False)),
        ("urn:3gpp:video-orientation", Use(inbound=True, outbound=True)),
        ("https://example.org/unknown", Use(inbound=True, outbound=True)),
    ],
)
def test_extensions_go_as_far_as_they_are_about(uri: str, use: Use) -> None:
    assert extension_use(uri) == use


@pytest.mark.parametrize(
    ("feedback", "extensions", "insists"),
    [
        (("transport-cc", "nack"), TRANSPORT, True),
        (OFFERED, TRANSPORT, False),
        (("transport-cc",), [], False),
        (("nack",), TRANSPORT, False),
    ],
)
def test_whoever_can_say_nothing_else_insists_on_transport_cc(
    feedback: tuple[str, ...], extensions: list[OfferedExtension], insists: bool
) -> None:
    codecs = [replace(CODEC, feedback=feedback), replace(CODEC, feedback=())]

    assert insists_on_transport_cc(codecs, extensions) == insists


def test_packets_to_a_viewer_that_insists_are_numbered_and_not_dated() -> None:
    codec = replace(CODEC, feedback=("transport-cc", "nack"))

    answered = answered_feedback(codec, TRANSPORT, inbound=False, outbound=True, insists=True)

    assert answered == ("transport-cc", "nack")
    assert extension_use(TRANSPORT_CC, insists=True) == Use(inbound=True, outbound=True)
    assert extension_use(ABS_SEND_TIME_URI, insists=True) == Use(inbound=False, outbound=False)
    assert extension_use("urn:3gpp:video-orientation", insists=True).outbound


@pytest.mark.parametrize(
    ("uri", "codec_name", "replaces"),
    [
        (DEPENDENCY_DESCRIPTOR_URI, "VP8", True),
        (DEPENDENCY_DESCRIPTOR_URI, "AV1", False),
        (TRANSPORT_CC, "VP8", False),
    ],
)
def test_dependency_descriptor_takes_the_place_of_what_vp8_says_itself(
    uri: str, codec_name: str, *, replaces: bool
) -> None:
    assert replaces_payload(uri, [replace(VP8, name=codec_name)]) is replaces
    assert not replaces_payload(uri, [])
