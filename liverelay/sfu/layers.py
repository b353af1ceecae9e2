"""What a viewer can be given of a publication, and which of it suits that viewer.

A publisher may send one picture in several encodings (simulcast, RFC 8853), each of which may hold
spatial and temporal layers (SVC). Each combination that can be forwarded by itself is a `Layer`.
Choosing is a pure function: the best layer that the viewer's page has use for and its path has
room for. Where there is too little the picture gets smaller, and only the smallest loses frames: a
large one that stutters is worse.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# A picture may be stretched by this much before a larger one is worth its bits.
_MAX_ENLARGEMENT = 1.2
# The time over which rates are measured: long enough to even out keyframes.
_RATE_WINDOW = 1.0


class Layer(NamedTuple):
    """One encoding, by its index in the publication, up to these layers within it."""

    encoding_index: int
    spatial_layer: int = 0
    temporal_layer: int = 0


class FrameSize(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height


class ActiveLayer(NamedTuple):
    """A layer that is arriving, with what it has cost lately; `frame_size` where it is known."""

    layer: Layer
    bitrate_bps: float
    frame_size: FrameSize | None = None


class Quality(Enum):
    """What a viewer asks for; the value is its word in the HTTP API."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Preference:
    """What a viewer's page has use for.

    `element_size` is that of the element that shows the video, in pixels of the screen. It counts
    in `Quality.AUTO` only; without it, that means the best there is.
    """

    quality: Quality = Quality.AUTO
    element_size: FrameSize | None = None


def best_layer(
    layers: Sequence[ActiveLayer],
    preference: Preference,
    budget_bps: float | None = None,
    *,
    cautiously: bool = False,
) -> Layer | None:
    """Return the best of `layers` that is wanted and fits into the budget.

    Args:
        layers: Those that are arriving, from the poorest to the best.
        preference: What the viewer has use for.
        budget_bps: What the viewer's path has room for; None if nobody knows.
        cautiously: Nothing is known of the path yet, so that the larger pictures are not for now.

    Returns:
        None if there are no layers, or if the cheapest is too expensive.
    """
    wanted = wanted_layers(layers, preference)
    if cautiously:
        wanted = _smaller_half(wanted)
    if budget_bps is not None:
        wanted = [each for each in wanted if each.bitrate_bps <= budget_bps]
    return wanted[-1].layer if wanted else None


def _smaller_half(wanted: list[ActiveLayer]) -> list[ActiveLayer]:
    """Return the layers of the pictures up to the middle one."""
    pictures = _pictures(wanted)
    kept = pictures[: (len(pictures) + 1) // 2]
    return [each for each in wanted if _picture(each) in kept]


def ascending(layers: Sequence[ActiveLayer]) -> list[ActiveLayer]:
    """Return `layers` from the poorest to the best.

    That is by the frame size of their encodings, where all are known, and by bitrate within one:
    a larger picture of few frames is no better than a smaller one of many.
    """
    areas: dict[int, int] = {}
    for each in layers:
        area = 0 if each.frame_size is None else each.frame_size.area
        index = each.layer.encoding_index
        areas[index] = max(area, areas.get(index, 0))
    has_sizes = all(areas.values())
    return sorted(
        layers,
        key=lambda each: (
            areas[each.layer.encoding_index] if has_sizes else 0,
            each.bitrate_bps,
            each.layer,
        ),
    )


def wanted_layers(layers: Sequence[ActiveLayer], preference: Preference) -> list[ActiveLayer]:
    """Return those that the viewer has use for, in the same order.

    Of the smallest picture that is every layer, of any other only that of the full frame rate.
    """
    pictures = _pictures(layers)
    kept = set(pictures[: _largest_wanted(pictures, preference) + 1])
    fullest = {_picture(each): each for each in layers}
    return [
        each
        for each in layers
        if (picture := _picture(each)) in kept
        and (picture == pictures[0] or each is fullest[picture])
    ]


class _Picture(NamedTuple):
    """What layers of one frame size have in common."""

    encoding_index: int
    spatial_layer: int
    frame_size: FrameSize | None


def _picture(active: ActiveLayer) -> _Picture:
    return _Picture(active.layer.encoding_index, active.layer.spatial_layer, active.frame_size)


def _pictures(layers: Sequence[ActiveLayer]) -> list[_Picture]:
    """Return the pictures there are, smallest first; by bitrate if their size is not known."""
    # Of the layers of one picture the last is the most expensive, and tells more than the first.
    return list(dict.fromkeys(_picture(each) for each in reversed(layers)))[::-1]


def _largest_wanted(pictures: Sequence[_Picture], preference: Preference) -> int:
    last = len(pictures) - 1
    match preference.quality:
        case Quality.LOW:
            return 0
        case Quality.MEDIUM:
            return len(pictures) // 2
        case Quality.AUTO if preference.element_size is not None:
            for index, picture in enumerate(pictures):
                if picture.frame_size is None:
                    break
                if _fills(picture.frame_size, preference.element_size):
                    return index
    return last


def _fills(frame: FrameSize, element: FrameSize) -> bool:
    """Return whether the frame need not be stretched much to fit into the element."""
    return (
        frame.width * _MAX_ENLARGEMENT >= element.width
        or frame.height * _MAX_ENLARGEMENT >= element.height
    )


class RateMeter:
    """Turns samples of a growing count of bytes into a bitrate."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def sample(self, octets: int, now: float) -> None:
        """Note how much has come in all."""
        samples = self._samples
        samples.append((now, octets))
        # The oldest sample stays as long as the next one is not old enough to replace it.
        while len(samples) > 2 and samples[1][0] <= now - _RATE_WINDOW:
            samples.popleft()

    @property
    def bitrate_bps(self) -> float:
        """Bits per second over about the last second; 0 before the second sample."""
        if len(self._samples) < 2:
            return 0.0
        (since, before), (until, after) = self._samples[0], self._samples[-1]
        return 8 * (after - before) / (until - since) if until > since else 0.0
