import pytest

from liverelay.errors import SdpError
from liverelay.sdp.description import Attributes, split_description
from liverelay.sdp.section import Direction, OfferedDataChannel, OfferedSection, parse_section
from tests.support.sdp import offer_text, section


def parsed(line: str, *attributes: str, session: str = "x") -> OfferedSection:
    text = "\n".join(["v=0", f"m={line}", *(f"a={each}" for each in attributes)])
    return parse_section(split_description(text).sections[0], Attributes({session: ("",)}))


AUDIO = "audio 9 UDP/TLS/RTP/SAVPF 0"
DATA = "application 9 UDP/DTLS/SCTP webrtc-datachannel"


@pytest.mark.parametrize("direction", Direction)
def test_direction_is_made_of_sending_and_receiving(direction: Direction) -> None:
    assert Direction.of(sends=direction.sends, receives=direction.receives) is direction


def test_direction_is_the_own_one_else_that_of_the_session_else_both() -> None:
    assert parsed(AUDIO, "sendonly", session="recvonly").direction is Direction.SENDONLY
    assert parsed(AUDIO, session="recvonly").direction is Direction.RECVONLY
    assert parsed(AUDIO).direction is Direction.SENDRECV


def test_port_zero_is_a_rejection_unless_bundle_only() -> None:
    assert parsed("audio 0 UDP/TLS/RTP/SAVPF 0").kind is None
    assert parsed("audio 0 UDP/TLS/RTP/SAVPF 0", "bundle-only").codecs


def test_kinds_that_are_not_served_are_kept_as_they_stand() -> None:
    text = parsed("text 9 RTP/AVP 98", "mid:t", "rtpmap:98 t140/1000", "rtpmap:99 x/1", "setup:?")

    assert not text.is_served
    assert text.rtpmaps == ("98 t140/1000",)


def test_rejected_media_may_be_unencrypted_and_accepted_may_not() -> None:
    assert not parsed("audio 0 RTP/AVP 0").is_served
    with pytest.raises(SdpError, match="audio section uses 'RTP/AVP'; media must be encrypted"):
        parsed("audio 9 RTP/AVP 0")


@pytest.mark.parametrize("mid", ["a b", "", "x" * 65, "ä"])
def test_mid_must_be_a_token(mid: str) -> None:
    with pytest.raises(SdpError, match="a=mid is not a token"):
        parsed(AUDIO, f"mid:{mid}")


def test_firefox_extensions_keep_their_directions() -> None:
    extensions = section(offer_text("firefox-simulcast"), "video").extensions

    directions = {each.extension.extension_id: each.direction for each in extensions}
    assert directions[3] is Direction.SENDRECV
    assert directions[6] is Direction.RECVONLY
    assert directions[9] is Direction.SENDONLY


def test_extensions_that_cannot_be_used_are_skipped() -> None:
    extensions = parsed(
        *(AUDIO, "extmap:1 urn:a", "extmap:1 urn:b", "extmap:2 urn:a", "extmap:15 urn:c"),
        *("extmap:4096 urn:d", "extmap:0 urn:e", "extmap:3", "extmap:4/sideways urn:f"),
        "extmap:16 urn:g with attributes",
    ).extensions

    assert [(each.extension.extension_id, each.extension.uri) for each in extensions] == [
        (1, "urn:a"),
        (16, "urn:g"),
    ]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (("extmap:x urn:a",), "'x' is not a header extension's id"),
        (("extmap:1 urn:a",) * 65, "more than 64 header extensions"),
    ],
)
def test_hostile_extensions_are_refused(attributes: tuple[str, ...], message: str) -> None:
    with pytest.raises(SdpError) as refused:
        parsed(AUDIO, *attributes)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("line", "attributes", "expected"),
    [
        (DATA, ("sctp-port:5001", "max-message-size:9"), OfferedDataChannel(5001, 9, None)),
        (DATA, (), OfferedDataChannel(5000, None, None)),
        (
            "application 9 DTLS/SCTP 5002",
            ("sctpmap:5002 webrtc-datachannel 256",),
            OfferedDataChannel(5002, None, "5002 webrtc-datachannel 256"),
        ),
        ("application 9 UDP/BFCP *", (), None),
    ],
)
def test_data_channels_are_read_in_both_forms(
    line: str, attributes: tuple[str, ...], expected: OfferedDataChannel | None
) -> None:
    assert parsed(line, *attributes).data_channel == expected


@pytest.mark.parametrize("attribute", ["sctp-port:x", "sctp-port:65536", "max-message-size:-1"])
def test_malformed_data_channels_are_refused(attribute: str) -> None:
    with pytest.raises(SdpError, match="is not a"):
        parsed(DATA, attribute)
