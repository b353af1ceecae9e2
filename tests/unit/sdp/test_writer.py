from dataclasses import replace

import pytest

from liverelay.sdp.answer import Purpose, answer
from liverelay.sdp.connection import Candidate
from liverelay.sdp.offer import parse_offer
from tests.support.sdp import (
    LOCAL,
    answer_to,
    edited,
    offer_names,
    offer_text,
    section_lines,
)


@pytest.mark.parametrize("name", offer_names())
def test_sections_keep_their_order_and_mids(name: str) -> None:
    offer = parse_offer(offer_text(name))

    written = answer_to(name).sdp.replace("\r\n", "\n").split("\nm=")[1:]

    assert [block.split()[0] for block in written] == [each.media for each in offer.sections]
    assert [
        f"a=mid:{each.mid}\n" in block + "\n"
        for each, block in zip(offer.sections, written, strict=True)
    ] == [each.mid is not None for each in offer.sections]


def test_answer_is_complete() -> None:
    sdp = answer_to("chromium-publish").sdp

    assert "a=ice-lite\r\n" in sdp[: sdp.index("m=")]
    lines = section_lines(sdp, "video")
    assert "m=video 8080 UDP/TLS/RTP/SAVPF 96 97" in lines
    assert "c=IN IP4 10.99.0.1" in lines
    assert "a=candidate:1 1 udp 2130706431 10.99.0.1 8080 typ host" in lines
    assert "a=candidate:2 1 udp 2130706175 fd00::1 8080 typ host" in lines
    assert "a=end-of-candidates" in lines
    assert {"a=ice-ufrag:relay", "a=ice-pwd:0123456789abcdefghijklmn"} <= set(lines)
    assert any(line.startswith("a=fingerprint:sha-256 00:01:02") for line in lines)


@pytest.mark.parametrize(
    ("candidates", "connection"),
    [
        ((Candidate("fd00::1", 5),), "c=IN IP6 fd00::1"),
        ((), "c=IN IP4 0.0.0.0"),
    ],
)
def test_connection_line_has_the_first_candidate(
    candidates: tuple[Candidate, ...], connection: str
) -> None:
    offer = parse_offer(offer_text("chromium-data-channel"))

    sdp = answer(offer, replace(LOCAL, candidates=candidates), Purpose.CALL).sdp

    for media in ("audio", "video", "application"):
        assert connection in section_lines(sdp, media)


def test_rtcp_rsize_is_answered_where_offered() -> None:
    sdp = answer_to("firefox-publish").sdp

    assert "a=rtcp-rsize" not in section_lines(sdp, "audio")
    assert "a=rtcp-rsize" in section_lines(sdp, "video")


def test_mixed_extension_headers_are_answered_where_offered() -> None:
    chromium, firefox = answer_to("chromium-publish").sdp, answer_to("firefox-publish").sdp

    assert "a=extmap-allow-mixed\r\n" in chromium[: chromium.index("m=")]
    assert "a=extmap-allow-mixed" not in section_lines(chromium, "video")
    assert "a=extmap-allow-mixed\r\n" not in firefox[: firefox.index("m=")]
    assert "a=extmap-allow-mixed" in section_lines(firefox, "video")
    assert "a=extmap-allow-mixed" not in answer_to("aiortc-publish").sdp


def test_extension_directions_are_answered_reversed() -> None:
    lines = section_lines(answer_to("firefox-simulcast").sdp, "video")

    assert "a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in lines
    assert not any("playout-delay" in line for line in lines)


def test_parameters_are_repeated_except_what_the_peer_says_of_its_stream() -> None:
    text = edited(
        *("gstreamer-style", "sprop-stereo=0", "sprop-stereo=0;stereo=1;x"),
    )

    sdp = answer(parse_offer(text), LOCAL, Purpose.PUBLISH).sdp

    assert "a=fmtp:97 stereo=1;x" in section_lines(sdp, "audio")
    assert "a=rtpmap:97 opus/48000/2" in section_lines(sdp, "audio")


def test_h264_level_is_answered_as_offered() -> None:
    text = edited("minimal-h264-publish", "level-asymmetry-allowed=1;", "")

    sdp = answer(parse_offer(text), LOCAL, Purpose.PUBLISH).sdp

    assert "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f" in sdp


def test_format_without_other_parameters_has_no_fmtp_line() -> None:
    assert "a=fmtp" not in "".join(section_lines(answer_to("gstreamer-style").sdp, "audio"))


def test_data_channel_is_answered_in_the_form_of_the_offer() -> None:
    new = section_lines(answer_to("chromium-data-channel").sdp, "application")
    old = section_lines(answer_to("old-data-channel-style").sdp, "application")

    assert new[0] == "m=application 8080 UDP/DTLS/SCTP webrtc-datachannel"
    assert {"a=sctp-port:5000", "a=max-message-size:65536", "a=mid:2"} <= set(new)
    assert old[0] == "m=application 8080 DTLS/SCTP 5000"
    assert "a=sctpmap:5000 webrtc-datachannel 1024" in old
    assert not any(line.startswith(("a=sctp-port", "a=max-message")) for line in old)


def test_nothing_that_we_do_not_know_is_echoed() -> None:
    sdp = answer_to("wrtc-call").sdp

    assert "cryptex" not in sdp
    assert "rrtr" not in sdp
    assert "ulpfec" not in sdp


@pytest.mark.parametrize("name", ["chromium-simulcast", "firefox-simulcast", "wrtc-simulcast"])
def test_all_encodings_of_a_publisher_are_taken(name: str) -> None:
    lines = section_lines(answer_to(name, Purpose.PUBLISH).sdp, "video")

    assert [line for line in lines if "rid:" in line or "simulcast" in line] == [
        "a=rid:q recv",
        "a=rid:h recv",
        "a=rid:f recv",
        "a=simulcast:recv q;h;f",
    ]


def test_every_encoding_that_obs_offers_is_taken_or_it_would_not_publish() -> None:
    sdp = answer_to("obs-simulcast-style", Purpose.PUBLISH).sdp
    lines = section_lines(sdp, "video")

    assert [line for line in lines if "rid:" in line or "simulcast" in line] == [
        "a=rid:0 recv",
        "a=rid:1 recv",
        "a=rid:2 recv",
        "a=simulcast:recv 0;1;2",
    ]
    assert "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid" in lines
    assert "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in lines


@pytest.mark.parametrize(
    ("name", "codec"), [("obs-style", "H264/90000"), ("obs-av1-style", "AV1/90000")]
)
def test_obs_is_answered_with_the_codec_that_it_has_and_asked_for_losses(
    name: str, codec: str
) -> None:
    sdp = answer_to(name, Purpose.PUBLISH).sdp

    assert f"a=rtpmap:96 {codec}" in section_lines(sdp, "video")
    assert "a=rtcp-fb:96 nack" in section_lines(sdp, "video")
    assert "a=rtpmap:111 opus/48000/2" in section_lines(sdp, "audio")
    assert all("a=setup:passive" in section_lines(sdp, media) for media in ("audio", "video"))


def test_nothing_is_said_of_encodings_to_a_peer_that_only_watches() -> None:
    lines = section_lines(answer_to("chromium-simulcast", Purpose.SUBSCRIBE).sdp, "video")

    assert not any("rid:" in line or "simulcast" in line for line in lines)


def test_encodings_that_packets_do_not_name_are_not_taken() -> None:
    text = edited("chromium-simulcast", "sdes:rtp-stream-id", "unknown-extension")

    result = answer(parse_offer(text), LOCAL, Purpose.PUBLISH)

    assert "a=rid:" not in result.sdp
    assert "a=simulcast" not in result.sdp
    assert result.agreed.receive[1].rids == ()


def test_restrictions_of_an_encoding_are_repeated_for_the_payload_types_answered() -> None:
    text = edited("chromium-simulcast", "a=rid:q send", "a=rid:q send pt=96,98;max-width=320")
    text = text.replace("a=rid:h send", "a=rid:h send pt=98")

    lines = section_lines(answer(parse_offer(text), LOCAL, Purpose.PUBLISH).sdp, "video")

    assert "a=rid:q recv pt=96;max-width=320" in lines
    assert "a=simulcast:recv q;f" in lines


def test_encoding_without_simulcast_is_answered_without_it() -> None:
    text = edited("chromium-simulcast", "a=simulcast:send q;h;f", "a=unknown")

    lines = section_lines(answer(parse_offer(text), LOCAL, Purpose.PUBLISH).sdp, "video")

    assert "a=rid:q recv" in lines
    assert not any("simulcast" in line for line in lines)
