"""What a viewer's page has use for, as the body of a PATCH says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.sfu.layers import FrameSize, Preference, Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

# A wall of screens has fewer pixels on a side.
MAX_SIDE = 65_535


def read_preference(body: Mapping[str, object], before: Preference) -> Preference:
    """Return `before` with what the body changes.

    Raises:
        RefusedError: `invalid_request`.
    """
    quality, element_size = before.quality, before.element_size
    if "quality" in body:
        quality = _read_quality(body["quality"])
    if "width" in body or "height" in body:
        width, height = _read_side(body, "width"), _read_side(body, "height")
        element_size = None if width is None or height is None else FrameSize(width, height)
    return Preference(quality, element_size)


def _read_quality(value: object) -> Quality:
    for quality in Quality:
        if value == quality.value:
            return quality
    names = ", ".join(quality.value for quality in Quality)
    raise RefusedError(ErrorCode.INVALID_REQUEST, f"quality must be one of {names}")


def _read_side(body: Mapping[str, object], name: str) -> int | None:
    if name not in body:
        raise RefusedError(ErrorCode.INVALID_REQUEST, f"{name} is missing: it goes with the other")
    value = body[name]
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 60 and 60.0 are the same.
    if type(value) is not int or not 0 <= value <= MAX_SIDE:
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"{name} must be a whole number from 0 to {MAX_SIDE}"
        )
    return value
