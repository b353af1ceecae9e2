import pytest

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.preferences import read_preference
from liverelay.sfu.layers import FrameSize, Preference, Quality

BEFORE = Preference(Quality.LOW, FrameSize(320, 180))


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ({}, BEFORE),
        ({"unknown": 1}, BEFORE),
        ({"quality": "auto"}, Preference(Quality.AUTO, FrameSize(320, 180))),
        ({"width": 0, "height": 720.0}, Preference(Quality.LOW, FrameSize(0, 720))),
        ({"width": None, "height": None}, Preference(Quality.LOW)),
        ({"width": 5, "height": None}, Preference(Quality.LOW)),
        (
            {"quality": "high", "width": 65535, "height": 1},
            Preference(Quality.HIGH, FrameSize(65535, 1)),
        ),
    ],
)
def test_what_is_not_named_stays_as_it_was(body: dict[str, object], after: Preference) -> None:
    assert read_preference(body, BEFORE) == after


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"quality": None}, "quality must be one of low, medium, high, auto"),
        ({"quality": ["low"]}, "quality must be one of low, medium, high, auto"),
        ({"quality": "LOW"}, "quality must be one of low, medium, high, auto"),
        ({"width": 1}, "height is missing: it goes with the other"),
        ({"height": 1}, "width is missing: it goes with the other"),
        ({"width": -1, "height": 1}, "width must be a whole number from 0 to 65535"),
        ({"width": 1, "height": 65536}, "height must be a whole number from 0 to 65535"),
        ({"width": True, "height": 1}, "width must be a whole number from 0 to 65535"),
        ({"width": 1.5, "height": 1}, "width must be a whole number from 0 to 65535"),
        ({"width": "1", "height": 1}, "width must be a whole number from 0 to 65535"),
    ],
)
def test_anything_else_is_refused(body: dict[str, object], message: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_preference(body, BEFORE)

    assert (refused.value.code, refused.value.message) == (ErrorCode.INVALID_REQUEST, message)
