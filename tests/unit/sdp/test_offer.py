import pytest

from liverelay.errors import SdpError
from liverelay.sdp.connection import Setup
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import MediaKind
from tests.support.sdp import edited, offer_names, offer_text

NAME = "minimal-publish"
BASE = offer_text(NAME)
VIDEO = BASE[BASE.index("m=video") :]
FINGERPRINT = next(line for line in BASE.split("\r\n") if line.startswith("a=fingerprint"))


@pytest.mark.parametrize("name", offer_names())
def test_offers_of_real_clients_are_understood(name: str) -> None:
    offer = parse_offer(offer_text(name))

    for section in offer.sections:
        assert not section.is_served or section.connection.complete().ice.pwd
        assert section.kind is None or section.codecs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a=group:BUNDLE 0 1", "a=group:LS 0 1", "no a=group:BUNDLE"),
        ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "video section has a mid that is not in"),
        ("a=mid:1\r\n", "", "video section has no a=mid"),
        ("a=mid:1", "a=mid:0", "same a=mid"),
        ("a=rtcp-mux\r\n", "", "audio section has no a=rtcp-mux"),
        ("a=ice-ufrag", "a=x-ufrag", "a=ice-ufrag is missing"),
        ("a=ice-", "a=x-", "no ICE credentials"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "no a=fingerprint with one of sha-256"),
        (" 9 UDP", " 0 UDP", "no audio, video or data channel section"),
        ("v=0\r\n", "v=0\r\na=ice-lite\r\n", "Both ends would be ICE-lite"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVPF", "media must be encrypted"),
    ],
)
def test_what_the_contract_asks_for_is_checked(old: str, new: str, message: str) -> None:
    with pytest.raises(SdpError) as refused:
        parse_offer(edited(NAME, old, new))

    assert message in str(refused.value)


def test_an_offer_without_any_supported_codec_is_refused() -> None:
    text = edited("minimal-h264-publish", "H264/90000", "theora/90000")

    with pytest.raises(SdpError, match="none of the supported codecs .*video: VP8, VP9, H264"):
        parse_offer(text)


def test_two_sections_of_a_kind_are_refused() -> None:
    text = BASE.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + VIDEO.replace("a=mid:1", "a=mid:2")

    with pytest.raises(SdpError, match="more than one video section"):
        parse_offer(text)


def test_a_rejected_second_section_of_a_kind_is_no_harm() -> None:
    text = BASE + VIDEO.replace("a=mid:1", "a=mid:2").replace("m=video 9", "m=video 0")

    assert [each.kind for each in parse_offer(text).sections] == [
        MediaKind.AUDIO,
        MediaKind.VIDEO,
        None,
    ]


def test_sections_without_connection_lines_use_those_of_the_first() -> None:
    bare = "\r\n".join(
        line
        for line in VIDEO.split("\r\n")
        if not line.startswith(("a=ice-", "a=fingerprint", "a=setup"))
    )

    audio, video = parse_offer(BASE.replace(VIDEO, bare)).sections

    assert video.connection == audio.connection
    assert video.connection.setup is Setup.ACTPASS


def test_sections_keep_connection_lines_of_their_own() -> None:
    text = BASE.replace(VIDEO, VIDEO.replace("a=setup:actpass", "a=setup:passive"))

    audio, video = parse_offer(text).sections

    assert (audio.connection.setup, video.connection.setup) == (Setup.ACTPASS, Setup.PASSIVE)


def test_session_fingerprints_serve_every_section() -> None:
    text = BASE.replace(FINGERPRINT + "\r\n", "").replace("t=0 0", f"t=0 0\r\n{FINGERPRINT}")

    first, second = parse_offer(text).sections

    assert first.connection.fingerprints == second.connection.fingerprints != ()


@pytest.mark.parametrize("name", ["chromium-data-channel", "aiortc-data-channel"])
def test_a_data_channel_beside_the_bundle_is_not_served(name: str) -> None:
    offer = parse_offer(edited(name, "BUNDLE 0 1 2", "BUNDLE 0 1"))

    assert offer.sections[2].data_channel is None
    assert not offer.sections[2].is_served


def test_only_one_data_channel_section_is_served() -> None:
    text = offer_text("chromium-data-channel")
    second = text[text.index("m=application") :].replace("a=mid:2", "a=mid:3")

    offer = parse_offer(text.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3") + second)

    assert [each.data_channel is not None for each in offer.sections] == [False, False, True, False]


def test_an_offer_of_data_alone_is_understood() -> None:
    text = offer_text("chromium-data-channel")
    head, data = text[: text.index("m=audio")], text[text.index("m=application") :]

    offer = parse_offer(head.replace("BUNDLE 0 1 2", "BUNDLE 2") + data)

    assert offer.sections[0].data_channel
