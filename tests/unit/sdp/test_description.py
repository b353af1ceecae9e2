import pytest

from liverelay.errors import SdpError
from liverelay.sdp.description import MAX_DESCRIPTION_SIZE, parse_number, split_description


def test_lines_are_sorted_into_session_and_sections() -> None:
    description = split_description(
        "v=0\r\ns=-\r\na=group:BUNDLE 0\r\nm=audio 9/2 RTP/SAVPF 0 8\r\na=mid:0\r\na=sendrecv\r\n"
    )

    assert description.attributes.first("group") == "BUNDLE 0"
    section = description.sections[0]
    assert (section.media, section.port, section.formats) == ("audio", 9, ("0", "8"))
    assert section.attributes.has("sendrecv")
    assert section.attributes.first("absent") is None


def test_spaces_at_the_end_and_empty_lines_are_ignored() -> None:
    description = split_description("v=0 \n\na=rtcp-fb:96 nack \n\n")

    assert description.attributes.all("rtcp-fb") == ("96 nack",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not start with v=0"),
        ("o=- 1 1 IN IP4 0.0.0.0", "does not start with v=0"),
        ("v=0\nhello", "Line 2 is not of the form type=value: 'hello'"),
        ("v=0\n1=x", "Line 2 is not of the form"),
        ("v=0\na", "Line 2 is not of the form"),
        ("v=0\na=mid:0\x00", "Line 2 has a control character"),
        ("v=0\na=mid:0\ra=x", "Line 2 has a control character"),
        ("v=0\ns=\ud800", "characters that are not text"),
        ("v=0\nm=audio 9 RTP/SAVPF", "needs media, port, protocol and format"),
        ("v=0\nm=audio x RTP/SAVPF 0", "'x' is not a port"),
        ("v=0\nm=audio 65536 RTP/SAVPF 0", "'65536' is not a port"),
        ("v=0\n" + "a=x\n" * 5000, "more than 4000 lines"),
        ("v=0\n" + "m=audio 9 RTP/SAVPF 0\n" * 65, "more than 64 sections"),
        ("v=0\ns=" + "x" * MAX_DESCRIPTION_SIZE, "larger than 256 KiB"),
        ("v=0\ns" + "x" * 100, "x…'"),
    ],
)
def test_what_is_no_description_is_refused_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(SdpError) as refused:
        split_description(text)

    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", " 1", "१", "256", "9" * 30])
def test_only_plain_digits_in_range_are_a_number(text: str) -> None:
    with pytest.raises(SdpError, match="is not a count"):
        parse_number(text, 255, "a count")
