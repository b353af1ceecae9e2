import pytest

from liverelay.rtp.payload.h265 import frame_sizes, is_keyframe


def nal(nal_type: int, *rest: int) -> bytes:
    return bytes((nal_type << 1, 0x01, *rest))


def aggregate(*nal_units: bytes) -> bytes:
    return nal(48) + b"".join(len(unit).to_bytes(2) + unit for unit in nal_units)


VPS = nal(32, 0x0C)
SPS = nal(33, 0x01)
PPS = nal(34, 0xC1)
IDR = nal(19, 0xAF)
INTER = nal(1, 0x80)


@pytest.mark.parametrize(
    "payload",
    [
        VPS,
        SPS,
        IDR,
        nal(21, 0x80),
        aggregate(PPS, VPS),
        aggregate(PPS, IDR),
        aggregate(VPS, SPS, PPS, IDR, nal(19, 0x2F)),
        nal(49, 0x80 | 19, 0x80),
    ],
)
def test_payload_a_decoder_can_start_with_is_a_keyframe(payload: bytes) -> None:
    assert is_keyframe(payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(nal(19), id="NAL header only"),
        pytest.param(INTER, id="inter slice"),
        pytest.param(nal(19, 0x2F), id="second slice of an IDR picture"),
        pytest.param(PPS, id="picture parameter set"),
        pytest.param(aggregate(PPS), id="aggregate without one"),
        pytest.param(aggregate(VPS)[:6], id="aggregate cut short"),
        pytest.param(aggregate(VPS, SPS, PPS, INTER), id="parameter sets before another picture"),
        pytest.param(aggregate(nal(32), PPS), id="empty parameter set in an aggregate"),
        pytest.param(nal(49, 19, 0x80), id="later fragment"),
        pytest.param(nal(49, 0x80 | 19), id="fragment without a slice"),
    ],
)
def test_anything_else_is_not(payload: bytes) -> None:
    assert not is_keyframe(payload)


# As x265 writes it for 1920 x 1080 in its main profile.
LARGE_SPS = bytes.fromhex(
    "420101016000000300900000030000030078a003c0801107cb965654a4c2e68080000003008000000c84"
)


@pytest.mark.parametrize("payload", [LARGE_SPS, aggregate(VPS, LARGE_SPS, PPS, IDR)])
def test_parameter_set_tells_the_size(payload: bytes) -> None:
    assert frame_sizes(payload) == frame_sizes(memoryview(payload)) == ((1920, 1080),)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(IDR, id="picture"),
        pytest.param(aggregate(VPS, PPS), id="aggregate without one"),
        pytest.param(aggregate(b"", PPS), id="empty unit in an aggregate"),
        pytest.param(LARGE_SPS[:20], id="cut short"),
        pytest.param(aggregate(LARGE_SPS[:20], LARGE_SPS), id="first one is cut short"),
    ],
)
def test_without_a_readable_parameter_set_there_is_no_size(payload: bytes) -> None:
    assert frame_sizes(payload) == ()
