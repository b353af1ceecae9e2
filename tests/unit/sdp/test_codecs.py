import pytest

from liverelay.errors import SdpError
from liverelay.sdp.codecs import parse_codecs, supported_names
from liverelay.sdp.description import split_description
from liverelay.sdp.parameters import Codec, MediaKind
from tests.support.sdp import offer_text, section


def parsed(media: str, formats: str, *attributes: str) -> tuple[Codec, ...]:
    lines = [f"m={media} 9 UDP/TLS/RTP/SAVPF {formats}", *(f"a={line}" for line in attributes)]
    return parse_codecs(MediaKind(media), split_description("v=0\n" + "\n".join(lines)).sections[0])


def names(codecs: tuple[Codec, ...]) -> list[str]:
    return [codec.name for codec in codecs]


def test_chromium_video_formats_keep_order_rtx_and_parameters() -> None:
    codecs = section(offer_text("chromium-publish"), "video").codecs

    assert list(dict.fromkeys(names(codecs))) == ["VP8", "H264", "AV1", "VP9"]
    assert (codecs[0].payload_type, codecs[0].rtx_payload_type) == (96, 97)
    assert codecs[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert codecs[1].parameter("packetization-mode") == "1"


def test_names_in_any_case_are_spelled_as_registered() -> None:
    codecs = parsed("audio", "100 101", "rtpmap:100 OPUS/48000/2", "rtpmap:101 g722/8000/1")

    assert [(each.name, each.clock_rate, each.channels) for each in codecs] == [
        ("opus", 48000, 2),
        ("G722", 8000, 1),
    ]


def test_static_payload_types_need_no_rtpmap() -> None:
    assert names(parsed("audio", "0 8 9 3")) == ["PCMU", "PCMA", "G722"]


@pytest.mark.parametrize(
    "encoding",
    [
        *("opus/48000", "opus/48000/1", "CN/8000", "telephone-event/8000", "multiopus/48000/6"),
        *("opus", "opus/x/2", "opus/48000/", "opus/4800000/2", "VP8/90000"),
    ],
)
def test_formats_that_are_not_ours_are_left_out(encoding: str) -> None:
    assert parsed("audio", "96", f"rtpmap:96 {encoding}") == ()


def test_repair_formats_of_video_are_left_out() -> None:
    codecs = parsed(
        *("video", "96 97 98 99"),
        *("rtpmap:96 red/90000", "rtpmap:97 ulpfec/90000", "rtpmap:98 flexfec-03/90000"),
        *("rtpmap:99 rtx/90000", "fmtp:99 apt=96"),
    )

    assert codecs == ()


def test_red_is_ours_where_it_wraps_opus() -> None:
    opus = ("rtpmap:111 opus/48000/2", "rtpmap:63 red/48000/2")

    assert names(parsed("audio", "63 111", *opus, "fmtp:63 111/111")) == ["red", "opus"]
    assert names(parsed("audio", "63 111", *opus, "fmtp:63 111/0")) == ["opus"]
    assert names(parsed("audio", "63 111", *opus)) == ["opus"]
    assert names(parsed("audio", "63", *opus, "fmtp:63 111/111")) == []


def test_payload_types_that_look_like_rtcp_are_left_out() -> None:
    codecs = parsed(
        *("video", "72 96 95", "rtpmap:72 VP8/90000", "rtpmap:96 VP9/90000"),
        *("rtpmap:95 rtx/90000", "fmtp:95 apt=96"),
    )

    assert [(each.name, each.rtx_payload_type) for each in codecs] == [("VP9", None)]


def test_feedback_for_all_formats_and_with_spaces_is_understood() -> None:
    codecs = parsed(
        *("video", "96", "rtpmap:96 VP8/90000", "rtcp-fb:* ccm fir", "rtcp-fb:96 NACK  pli "),
        *("rtcp-fb:96 ccm fir", "rtcp-fb:"),
    )

    assert codecs[0].feedback == ("nack pli", "ccm fir")


def test_rtx_without_a_partner_is_ignored() -> None:
    assert parsed("video", "97", "rtpmap:97 rtx/90000") == ()


@pytest.mark.parametrize(
    ("formats", "attribute", "message"),
    [
        ("128", "x", "'128' is not a payload type"),
        ("96", "rtpmap:96", "a=rtpmap names no format"),
        ("96", "rtpmap:x VP8/90000", "'x' is not a payload type"),
        ("96", "fmtp:x a=b", "'x' is not a payload type"),
        (" ".join(["96"] * 129), "x", "more than 128 payload types"),
        ("96", "\na=".join(["rtcp-fb:96 nack"] * 1025), "more than 1024 feedback lines"),
    ],
)
def test_malformed_formats_are_refused(formats: str, attribute: str, message: str) -> None:
    with pytest.raises(SdpError) as refused:
        parsed("video", formats, attribute)

    assert message in str(refused.value)


def test_supported_names_are_for_people() -> None:
    assert supported_names(MediaKind.AUDIO) == "opus, G722, PCMU, PCMA"
