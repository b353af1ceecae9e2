"""Which of the offered codecs a section is answered with.

Nothing is transcoded: a publisher gets one codec, which viewers then must have, and a viewer gets
what is being published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.sdp.codecs import RED
from liverelay.sdp.matching import best_match, can_carry, same_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from liverelay.sdp.parameters import Codec


def primary_of(codecs: Iterable[Codec]) -> Codec | None:
    """Return the codec that is sent first of all, by itself or inside RED."""
    return next((codec for codec in codecs if codec.name != RED), None)


def published_codecs(offered: Sequence[Codec], preferred: Sequence[Codec]) -> tuple[Codec, ...]:
    """Return the one codec that a publisher may send, and RED beside opus; none if none is ours.

    That is the first of `preferred` that it offers, in the variant closest to it, else its own
    first. Two would let it change codec while viewers who have only one are watching.
    """
    wanted = (_closest(preference, offered) for preference in preferred if preference.name != RED)
    primary = next((codec for codec in wanted if codec), primary_of(offered))
    return tuple(
        codec
        for codec in offered
        if codec is primary
        or (codec.name == RED and primary is not None and primary.name == "opus")
    )


def watched_codecs(offered: Sequence[Codec], published: Sequence[Codec]) -> tuple[Codec, ...]:
    """Return what a viewer gets a publication under; nothing if it lacks what is being sent."""
    primary = primary_of(published)
    match = best_match(primary, offered) if primary else None
    if match is None:
        return ()
    has_red = any(codec.name == RED for codec in published)
    return tuple(codec for codec in offered if codec is match or (codec.name == RED and has_red))


def shared_codecs(offered: Sequence[Codec], published: Sequence[Codec]) -> tuple[Codec, ...]:
    """Return what both ends of a call have, in the other end's order: what it sends comes first.

    Only equal variants count, because either end will send what is answered here. There are none
    if what the other end sends is not among them.
    """
    primary = primary_of(published)
    if primary is None or not any(same_format(codec, primary) for codec in offered):
        return ()
    return _in_order_of(published, offered)


def preferred_first(offered: Sequence[Codec], preferred: Sequence[Codec]) -> tuple[Codec, ...]:
    """Return all of `offered`, those that are in `preferred` first and in its order."""
    first = _in_order_of(preferred, offered)
    return (*first, *(codec for codec in offered if codec not in first))


def _in_order_of(order: Sequence[Codec], offered: Sequence[Codec]) -> tuple[Codec, ...]:
    matches = [codec for wanted in order for codec in offered if same_format(codec, wanted)]
    return tuple(dict.fromkeys(matches))


def _closest(preference: Codec, offered: Sequence[Codec]) -> Codec | None:
    """Return the offered codec that someone who negotiated `preference` can play."""
    able = [codec for codec in offered if can_carry(preference, codec)]
    return next((codec for codec in able if same_format(codec, preference)), next(iter(able), None))
