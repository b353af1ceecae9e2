import pytest

from liverelay.rtp.payload.h264 import frame_sizes, is_keyframe

SPS = bytes((0x67, 0x42, 0xC0, 0x1F))
PPS = bytes((0x68, 0xCE))
IDR = bytes((0x65, 0x88, 0x84))
INTER = bytes((0x61, 0x88))
SEI = bytes((0x06, 0x05))


def stap_a(*nal_units: bytes) -> bytes:
    return bytes((24,)) + b"".join(len(nal).to_bytes(2) + nal for nal in nal_units)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(SPS, id="parameter set alone"),
        pytest.param(IDR, id="first slice of an IDR picture"),
        pytest.param(stap_a(SPS, PPS), id="parameter sets together"),
        pytest.param(stap_a(SEI, PPS, IDR), id="IDR in an aggregate"),
        pytest.param(stap_a(SPS, PPS, IDR, IDR[:1] + b"\x08"), id="IDR picture of two slices"),
        pytest.param(bytes((0x7C, 0x85, 0x88)), id="first fragment of an IDR slice"),
    ],
)
def test_payload_a_decoder_can_start_with_is_a_keyframe(payload: bytes) -> None:
    assert is_keyframe(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes((0x65,)), id="NAL header only"),
        pytest.param(INTER, id="inter slice"),
        pytest.param(bytes((0x65, 0x08)), id="second slice of an IDR picture"),
        pytest.param(PPS, id="picture parameter set"),
        pytest.param(stap_a(SEI, PPS), id="aggregate without one"),
        pytest.param(stap_a(SPS)[:4], id="aggregate cut short"),
        pytest.param(stap_a(SPS, PPS, INTER), id="parameter sets before another picture"),
        pytest.param(stap_a(SPS, PPS, SEI, INTER), id="point of recovery, as of intra refresh"),
        pytest.param(stap_a(bytes((0x67,)), PPS), id="empty parameter set in an aggregate"),
        pytest.param(bytes((0x7C, 0x05, 0x88)), id="later fragment"),
        pytest.param(bytes((0x7C, 0x85)), id="fragment without a slice"),
        pytest.param(bytes((0x7C, 0x85, 0x08)), id="fragment of a second slice"),
    ],
)
def test_anything_else_is_not(payload: bytes) -> None:
    assert not is_keyframe(payload)


# As x264 writes it for 1920 x 1080 in its main profile.
LARGE_SPS = bytes.fromhex("674d4028da01e0089f961000000300100000030328f1832a")


@pytest.mark.parametrize("payload", [LARGE_SPS, stap_a(SEI, LARGE_SPS, PPS, IDR)])
def test_parameter_set_tells_the_size(payload: bytes) -> None:
    assert frame_sizes(payload) == frame_sizes(memoryview(payload)) == ((1920, 1080),)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(IDR, id="picture"),
        pytest.param(stap_a(PPS, IDR), id="aggregate without one"),
        pytest.param(stap_a(b"", PPS), id="empty unit in an aggregate"),
        pytest.param(LARGE_SPS[:8], id="cut short"),
        pytest.param(stap_a(LARGE_SPS[:8], LARGE_SPS), id="first one is cut short"),
    ],
)
def test_without_a_readable_parameter_set_there_is_no_size(payload: bytes) -> None:
    assert frame_sizes(payload) == ()
