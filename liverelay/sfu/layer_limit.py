"""The layers within one encoding: which are there, which a viewer gets, and when that can change.

Only where pictures keep their numbers when others are left out, as VP9 does (RFC 9628): a picture
names those that it refers to by how far back they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from liverelay.rtp.payload.descriptor import layer_bit
from liverelay.sfu.layers import ActiveLayer, Layer, RateMeter

if TYPE_CHECKING:
    from liverelay.rtp.payload.descriptor import PictureDescriptor

LAYERED_CODECS = frozenset({"VP9"})


class LayerLimit(NamedTuple):
    """The highest layers that are forwarded."""

    spatial_layer: int
    temporal_layer: int

    def excludes(self, descriptor: PictureDescriptor) -> bool:
        return (
            descriptor.spatial_layer > self.spatial_layer
            or descriptor.temporal_layer > self.temporal_layer
        )

    def ends_picture(self, descriptor: PictureDescriptor) -> bool:
        """Whether this is the last packet that is forwarded of its picture."""
        return descriptor.ends_frame and descriptor.spatial_layer == self.spatial_layer


# Layers are numbered in three bits.
EVERYTHING = LayerLimit(7, 7)


def needs_keyframe(before: LayerLimit, after: LayerLimit) -> bool:
    """Return whether a viewer can go from one limit to the other at a keyframe only."""
    return after.spatial_layer > before.spatial_layer


def can_enter(before: LayerLimit, after: LayerLimit, descriptor: PictureDescriptor) -> bool:
    """Return whether a viewer that has got all within `before` can go on within `after` from here.

    Fewer layers do at the border of any picture. More temporal layers need a switching point, a
    frame that the viewer gets in either case: nothing behind it refers to one that it has not got.
    """
    if not descriptor.starts_frame or needs_keyframe(before, after):
        return False
    if after.temporal_layer <= before.temporal_layer:
        return descriptor.spatial_layer == 0
    return (
        descriptor.switching_points & layer_bit(*after) != 0
        and not after.excludes(descriptor)
        and not before.excludes(descriptor)
    )


class LayerMeter:
    """Measures each layer of an encoding by itself."""

    def __init__(self) -> None:
        self._octets: dict[LayerLimit, int] = {}
        self._meters: dict[LayerLimit, RateMeter] = {}

    def count(self, descriptor: PictureDescriptor, octets: int) -> None:
        layer = LayerLimit(descriptor.spatial_layer, descriptor.temporal_layer)
        self._octets[layer] = self._octets.get(layer, 0) + octets

    def sample(self, now: float) -> None:
        for layer, octets in self._octets.items():
            self._meters.setdefault(layer, RateMeter()).sample(octets, now)

    def layers(self, index: int) -> list[ActiveLayer]:
        """Return what can be chosen of the encoding of this index; nothing if that is all of it."""
        rates = {layer: meter.bitrate_bps for layer, meter in self._meters.items()}
        present = [layer for layer, rate in rates.items() if rate > 0]
        if len(present) < 2:
            return []
        return [
            ActiveLayer(
                Layer(index, *limit),
                sum(
                    rate
                    for layer, rate in rates.items()
                    if layer.spatial_layer <= limit.spatial_layer
                    and layer.temporal_layer <= limit.temporal_layer
                ),
            )
            for limit in sorted(present)
        ]
