"""Dividing what a path carries: which layer of a video it has room for, and what the next needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.sfu.layers import ActiveLayer, Layer

# What is measured of a layer goes up and down with the picture, and a keyframe is many times the
# size of the frames around it. A viewer stays with its layer, and with the poorest, as long as it
# is not more than this above the budget...
_TOLERANCE = 1.15
# ...and goes over to a better one only with so much to spare.
_MARGIN = 1.1


class Grant(NamedTuple):
    """What one video of a viewer may cost: a budget, and the layer that it buys.

    `next_bps` is the budget at which a better layer would be had; None if none is wanted.
    """

    budget_bps: float
    layer: Layer | None
    next_bps: float | None


def grant(
    wanted: Sequence[ActiveLayer],
    selected: Layer | None,
    available_bps: float,
    *,
    is_strained: bool = False,
    unlimited_bps: float | None = None,
) -> Grant:
    """Return what a viewer that has `selected` gets of the layers it has use for, poorest first.

    Args:
        wanted: The layers, with what they cost.
        selected: That which it has.
        available_bps: What its path has room for.
        is_strained: That has just proved too much, so that no more than it will do.
        unlimited_bps: What the best one would cost, if its publisher were not told to send less.
    """
    present = next((i for i, each in enumerate(wanted) if each.layer == selected), -1)
    best = -1
    for index, each in enumerate(wanted):
        factor = _MARGIN if index > present else 1.0
        if index <= present and index in (0, present):
            factor = 1.0 if is_strained else 1 / _TOLERANCE
        if each.bitrate_bps * factor <= available_bps:
            best = index
    budget_bps = max(available_bps, wanted[best].bitrate_bps) if best >= 0 else available_bps
    if best + 1 == len(wanted):
        is_less = unlimited_bps is not None and available_bps < unlimited_bps * _MARGIN
        next_bps = unlimited_bps * _MARGIN if unlimited_bps is not None and is_less else None
        return Grant(budget_bps, wanted[best].layer if wanted else None, next_bps)
    following = wanted[best + 1].bitrate_bps
    # So that whoever chooses by the budget makes the same choice.
    budget_bps = min(budget_bps, following * 0.99)
    return Grant(budget_bps, wanted[best].layer if best >= 0 else None, following * _MARGIN)
