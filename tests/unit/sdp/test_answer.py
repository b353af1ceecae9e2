import pytest

from liverelay.errors import CodecMismatchError
from liverelay.rtp.extensions import ABS_SEND_TIME_URI, DEPENDENCY_DESCRIPTOR_URI
from liverelay.sdp.answer import Answer, Purpose, answer
from liverelay.sdp.connection import Setup
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import MediaKind, ReceiveParameters
from liverelay.sdp.policy import TRANSPORT_CC
from tests.support.sdp import (
    LOCAL,
    OPUS,
    RED,
    VP8,
    VP9,
    answer_to,
    edited,
    h264,
    offer_text,
    publication,
    section_lines,
)

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
H264_MAIN = h264("4d001f")


def answered(name: str, purpose: Purpose, *publications: ReceiveParameters) -> Answer:
    return answer(parse_offer(offer_text(name)), LOCAL, purpose, publications=publications)


def names(result: Answer, kind: str) -> list[str]:
    """Return the formats of the answer's section of `kind`, in order."""
    lines = section_lines(result.sdp, kind)
    formats = lines[0].split()[3:]
    by_type = dict(line[9:].split(" ", 1) for line in lines if line.startswith("a=rtpmap:"))
    return [by_type[payload_type].split("/")[0] for payload_type in formats]


def test_publisher_gets_one_codec_a_section_and_red() -> None:
    result = answer_to("chromium-publish", Purpose.PUBLISH)

    assert names(result, "audio") == ["opus", "red"]
    assert names(result, "video") == ["VP8", "rtx"]
    assert result.agreed.send == ()
    assert [each.kind for each in result.agreed.receive] == [MediaKind.AUDIO, MediaKind.VIDEO]


def test_publisher_is_asked_for_what_we_use() -> None:
    lines = section_lines(answer_to("chromium-publish", Purpose.PUBLISH).sdp, "video")

    assert {line for line in lines if line.startswith("a=rtcp-fb")} == {
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack pli",
    }
    assert f"a=extmap:3 {TRANSPORT_CC}" in lines
    assert f"a=extmap:4 {MID}" in lines
    assert "a=recvonly" in lines
    assert "a=fmtp:97 apt=96" in lines
    assert not any("ssrc" in line for line in lines)


def test_publisher_parameters_hold_what_tells_its_packets_apart() -> None:
    audio, video = answer_to("chromium-simulcast", Purpose.PUBLISH).agreed.receive

    assert (audio.mid, audio.ssrcs, audio.cname) == ("0", (3973682388,), "5LguzI1DLcbjkOkp")
    assert (video.mid, video.ssrcs, video.rids) == ("1", (), ("q", "h", "f"))
    assert MID in {each.uri for each in video.extensions}


def test_returning_publisher_keeps_the_codec_of_its_viewers() -> None:
    offer = parse_offer(offer_text("chromium-publish"))

    result = answer(offer, LOCAL, Purpose.PUBLISH, preferred_codecs=[VP9, OPUS])

    assert [each.codecs[0].name for each in result.agreed.receive] == ["opus", "VP9"]


def test_publisher_that_would_only_receive_is_answered_inactive() -> None:
    result = answer_to("chromium-subscribe", Purpose.PUBLISH)

    assert "a=inactive" in section_lines(result.sdp, "video")
    assert (result.agreed.receive, result.agreed.send) == ((), ())


def test_viewer_before_any_publication_gets_all_its_codecs() -> None:
    result = answered("firefox-subscribe", Purpose.SUBSCRIBE)

    assert names(result, "audio") == ["opus", "G722", "PCMU", "PCMA"]
    assert names(result, "video") == ["VP8", "rtx", "VP9", "rtx", "AV1", "rtx"]
    assert "a=sendonly" in section_lines(result.sdp, "video")


def test_viewer_gets_the_codecs_that_are_published_under_its_own_numbers() -> None:
    result = answered(
        "firefox-subscribe",
        Purpose.SUBSCRIBE,
        publication(MediaKind.AUDIO, OPUS, RED),
        publication(MediaKind.VIDEO, VP9),
    )

    assert names(result, "audio") == ["opus"]
    assert names(result, "video") == ["VP9", "rtx"]
    assert result.agreed.send[1].codecs[0].payload_type == 121
    assert result.agreed.send[1].codecs[0].rtx_payload_type == 125


def test_viewer_is_answered_retransmission_and_its_own_estimate_of_bandwidth() -> None:
    result = answered("chromium-subscribe", Purpose.SUBSCRIBE, publication(MediaKind.VIDEO, VP8))

    lines = section_lines(result.sdp, "video")
    assert {line for line in lines if line.startswith("a=rtcp-fb")} == {
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack pli",
    }
    assert any(ABS_SEND_TIME_URI in line for line in lines)
    assert not any(TRANSPORT_CC in line or MID in line for line in lines)


def test_viewer_that_knows_transport_cc_only_is_answered_that_in_all_its_sections() -> None:
    text = offer_text("chromium-subscribe")
    offer = parse_offer("".join(line for line in text.splitlines(True) if "goog-remb" not in line))

    result = answer(offer, LOCAL, Purpose.SUBSCRIBE)

    for kind in ("audio", "video"):
        lines = section_lines(result.sdp, kind)
        assert any(TRANSPORT_CC in line for line in lines)
        assert not any(ABS_SEND_TIME_URI in line for line in lines)
    assert "a=rtcp-fb:96 transport-cc" in section_lines(result.sdp, "video")
    assert all(
        TRANSPORT_CC in {each.uri for each in sent.extensions} for sent in result.agreed.send
    )


def test_publisher_without_remb_is_answered_as_any_other() -> None:
    text = offer_text("chromium-publish")
    without = "".join(line for line in text.splitlines(True) if "goog-remb" not in line)

    assert answer(parse_offer(without), LOCAL, Purpose.PUBLISH) == answer_to(
        "chromium-publish", Purpose.PUBLISH
    )


def test_viewer_gets_our_streams_in_one_media_stream() -> None:
    result = answered("chromium-subscribe", Purpose.SUBSCRIBE)

    video = section_lines(result.sdp, "video")
    assert "a=msid:relay-stream relay-stream-audio" in section_lines(result.sdp, "audio")
    assert "a=msid:relay-stream relay-stream-video" in video
    assert "a=ssrc-group:FID 2001 2002" in video
    assert {"a=ssrc:2001 cname:relay-cname", "a=ssrc:2002 cname:relay-cname"} <= set(video)
    audio, video_parameters = result.agreed.send
    assert (audio.ssrc, audio.rtx_ssrc, audio.cname) == (1001, None, "relay-cname")
    assert (video_parameters.ssrc, video_parameters.rtx_ssrc) == (2001, 2002)


def test_viewer_that_can_play_one_kind_gets_that_and_the_other_inactive() -> None:
    result = answered(
        "firefox-subscribe",
        Purpose.SUBSCRIBE,
        publication(MediaKind.AUDIO, OPUS),
        publication(MediaKind.VIDEO, H264_MAIN),
    )

    assert "a=inactive" in section_lines(result.sdp, "video")
    assert [each.kind for each in result.agreed.send] == [MediaKind.AUDIO]
    assert "a=group:BUNDLE 0 1" in result.sdp


def test_viewer_that_can_play_nothing_is_told_what_is_needed() -> None:
    with pytest.raises(CodecMismatchError) as refused:
        answered("firefox-subscribe", Purpose.SUBSCRIBE, publication(MediaKind.VIDEO, H264_MAIN))

    assert refused.value.needed == ("H264 (profile-level-id=4d001f;packetization-mode=1)",)
    assert "H264 (profile-level-id=4d001f" in str(refused.value)


def test_viewer_of_one_kind_is_not_refused_for_the_other() -> None:
    offer = parse_offer(edited("firefox-subscribe", "a=recvonly", "a=inactive"))

    result = answer(
        offer, LOCAL, Purpose.SUBSCRIBE, publications=[publication(MediaKind.VIDEO, H264_MAIN)]
    )

    assert result.agreed.send == ()


def test_viewer_without_retransmission_format_has_no_stream_for_it_and_need_not_ask() -> None:
    result = answered("werift-style", Purpose.SUBSCRIBE)

    assert result.agreed.send[1].rtx_ssrc is None
    assert "ssrc-group" not in result.sdp
    (codec,) = result.agreed.send[1].codecs
    assert set(codec.feedback) == {"ccm fir", "nack pli", "goog-remb"}


def test_first_caller_gets_all_codecs_preferred_ones_first() -> None:
    offer = parse_offer(offer_text("firefox-call"))

    result = answer(offer, LOCAL, Purpose.CALL, preferred_codecs=[VP9])

    assert [codec.name for codec in result.agreed.receive[1].codecs] == ["VP9", "VP8", "AV1"]
    assert "a=sendrecv" in section_lines(result.sdp, "video")


def test_second_caller_gets_what_the_first_negotiated_its_codec_first() -> None:
    result = answered("firefox-call", Purpose.CALL, publication(MediaKind.VIDEO, VP9, VP8))

    assert names(result, "video") == ["VP9", "rtx", "VP8", "rtx"]
    assert [codec.name for codec in result.agreed.receive[1].codecs] == ["VP9", "VP8"]


def test_caller_without_the_codec_of_the_other_is_refused() -> None:
    with pytest.raises(CodecMismatchError, match="H264"):
        answered("firefox-call", Purpose.CALL, publication(MediaKind.VIDEO, H264_MAIN, VP8))


def test_call_section_has_the_feedback_of_both_directions() -> None:
    lines = section_lines(answer_to("chromium-call", Purpose.CALL).sdp, "video")

    assert {line for line in lines if line.startswith("a=rtcp-fb:96")} == {
        *("a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 ccm fir"),
        *("a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 goog-remb"),
    }
    assert f"a=extmap:3 {TRANSPORT_CC}" in lines


def test_extension_meant_for_the_way_back_is_expected_from_a_caller_too() -> None:
    result = answer_to("chromium-call", Purpose.CALL)

    video = result.agreed.receive[1]
    assert ABS_SEND_TIME_URI in {each.uri for each in video.extensions}
    assert f"a=extmap:2 {ABS_SEND_TIME_URI}" in section_lines(result.sdp, "video")


def test_extensions_of_a_call_are_told_apart_by_direction() -> None:
    result = answer_to("chromium-call", Purpose.CALL)

    received, sent = result.agreed.receive[1].extensions, result.agreed.send[1].extensions
    assert {MID, TRANSPORT_CC} <= {each.uri for each in received}
    assert not {MID, TRANSPORT_CC} & {each.uri for each in sent}
    assert "urn:3gpp:video-orientation" in {each.uri for each in sent}


def test_publisher_of_vp8_describes_its_pictures_in_the_payload() -> None:
    text = edited("chromium-publish", "urn:3gpp:video-orientation", DEPENDENCY_DESCRIPTOR_URI)

    vp8 = answer(parse_offer(text), LOCAL, Purpose.PUBLISH)
    other = answer(parse_offer(text.replace("VP8/90000", "none/90000")), LOCAL, Purpose.PUBLISH)

    assert [DEPENDENCY_DESCRIPTOR_URI in each.sdp for each in (vp8, other)] == [False, True]


@pytest.mark.parametrize(
    ("name", "setup", "line"),
    [
        ("chromium-publish", Setup.PASSIVE, "a=setup:passive"),
        ("ffmpeg-style", Setup.ACTIVE, "a=setup:active"),
        ("ffmpeg-active-style", Setup.PASSIVE, "a=setup:passive"),
    ],
)
def test_setup_is_the_opposite_of_the_offered_one(name: str, setup: Setup, line: str) -> None:
    result = answer_to(name, Purpose.PUBLISH)

    assert result.agreed.setup is setup
    assert line in section_lines(result.sdp, "audio")


def test_connection_is_that_of_the_first_accepted_section() -> None:
    text = edited("aiortc-publish", "m=audio", "m=text").replace("BUNDLE 0 1", "BUNDLE 1")
    other = text.replace("a=ice-ufrag:", "a=ice-ufrag:Xx", 1)

    offer = parse_offer(other)
    result = answer(offer, LOCAL, Purpose.PUBLISH)

    assert result.agreed.remote == offer.sections[1].connection.complete()
    assert "a=group:BUNDLE 1\r\n" in result.sdp


def test_connection_is_that_of_the_first_section_in_the_group() -> None:
    text = edited("aiortc-publish", "BUNDLE 0 1", "BUNDLE 1 0")
    other = text.replace("a=ice-ufrag:", "a=ice-ufrag:Xx", 1)

    offer = parse_offer(other)
    result = answer(offer, LOCAL, Purpose.PUBLISH)

    assert result.agreed.remote == offer.sections[1].connection.complete()
    assert "a=group:BUNDLE 1 0\r\n" in result.sdp


def test_sections_of_other_kinds_are_rejected_in_their_place() -> None:
    text = edited("minimal-publish", "m=audio 9", "m=image 9").replace("BUNDLE 0 1", "BUNDLE 1")

    result = answer(parse_offer(text), LOCAL, Purpose.PUBLISH)

    lines = section_lines(result.sdp, "image")
    assert lines[0] == "m=image 0 UDP/TLS/RTP/SAVPF 111"
    assert {"a=mid:0", "a=inactive", "a=rtpmap:111 opus/48000/2"} <= set(lines)


def test_rejected_section_without_mid_stays_without() -> None:
    result = answer_to("firefox-stopped-audio", Purpose.CALL)

    lines = section_lines(result.sdp, "audio")
    assert lines[0] == "m=audio 0 UDP/TLS/RTP/SAVPF 0"
    assert not any(line.startswith("a=mid") for line in lines)


def test_section_without_supported_codec_is_rejected() -> None:
    text = edited("minimal-publish", "VP8/90000", "theora/90000")

    result = answer(parse_offer(text), LOCAL, Purpose.PUBLISH)

    assert section_lines(result.sdp, "video")[0].startswith("m=video 0 ")
    assert "a=group:BUNDLE 0\r\n" in result.sdp
