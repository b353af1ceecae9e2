"""The layers within one encoding: which are there, which a viewer gets, and when that can change.

Pictures keep their numbers when others are left out, so that all viewers of an encoding see the
same ones and can go from some layers to others. In VP9 (RFC 9628) and AV1 that is so for any
layers: what a picture refers to follows from its own number. Receivers of VP8 (RFC 7741) find it in
what they have got: of the lowest temporal layer it is the picture of the TL0PICIDX before, of a
higher one the latest of each layer, once every number since then has come. So only the lowest can
go alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from liverelay.rtp.payload.descriptor import layer_bit
from liverelay.sfu.layers import ActiveLayer, Layer, RateMeter

if TYPE_CHECKING:
    from liverelay.rtp.payload.descriptor import PictureDescriptor

_VP8: Final = "VP8"


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
_LOWEST_TEMPORAL_LAYER = EVERYTHING._replace(temporal_layer=0)


def needs_keyframe(before: LayerLimit, after: LayerLimit) -> bool:
    """Return whether a viewer can go from one limit to the other at a keyframe only."""
    return after.spatial_layer > before.spatial_layer


def can_enter(
    before: LayerLimit,
    after: LayerLimit,
    descriptor: PictureDescriptor,
    preceding: PictureDescriptor | None,
) -> bool:
    """Return whether a viewer that has got all within `before` can go on within `after` from here.

    Fewer layers do at the border of any picture. More temporal layers need a switching point, a
    frame that the viewer gets in either case: nothing behind it refers to one that it has not got.
    In VP8 that is a layer sync right behind a picture of the lowest layer. What comes behind any
    other may refer to the pictures between the two.

    Args:
        before: What the viewer has been sent.
        after: What it is to be sent.
        descriptor: Of the packet that it would go on with.
        preceding: Of the packet before that one, if it has come and says anything.
    """
    if not descriptor.starts_frame or needs_keyframe(before, after):
        return False
    if after.temporal_layer <= before.temporal_layer:
        return descriptor.spatial_layer == 0 and not after.excludes(descriptor)
    if descriptor.is_layer_sync:
        return preceding is not None and preceding.temporal_layer == 0
    return (
        descriptor.switching_points & layer_bit(*after) != 0
        and not after.excludes(descriptor)
        and not before.excludes(descriptor)
    )


class LayerMeter:
    """Measures each layer of an encoding by itself, and knows which can be left out.

    `codec_name` is None before anything is known.
    """

    def __init__(self, codec_name: str | None = None) -> None:
        self.codec_name = codec_name
        self._octets: dict[LayerLimit, int] = {}
        self._meters: dict[LayerLimit, RateMeter] = {}

    def count(self, descriptor: PictureDescriptor, octets: int) -> None:
        layer = LayerLimit(descriptor.spatial_layer, descriptor.temporal_layer)
        self._octets[layer] = self._octets.get(layer, 0) + octets

    def sample(self, now: float) -> None:
        for layer, octets in self._octets.items():
            self._meters.setdefault(layer, RateMeter()).sample(octets, now)

    def limit_of(self, layer: Layer) -> LayerLimit:
        """Return what bounds a layer that can be chosen."""
        if self.codec_name != _VP8:
            return LayerLimit(layer.spatial_layer, layer.temporal_layer)
        return EVERYTHING if layer.temporal_layer else _LOWEST_TEMPORAL_LAYER

    def layers(self, index: int) -> list[ActiveLayer]:
        """Return what can be chosen of the encoding of this index; nothing if that is all of it."""
        rates = {layer: meter.bitrate_bps for layer, meter in self._meters.items()}
        present = sorted(layer for layer, rate in rates.items() if rate > 0)
        if len(present) < 2:
            return []
        if self.codec_name == _VP8:
            present = [LayerLimit(0, 0), present[-1]]
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
            for limit in present
        ]
