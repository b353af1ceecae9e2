"""Numbering without the packets that are left out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from liverelay.sfu.replay import WINDOW_PACKETS


class SequenceCompactor:
    """Maps a publisher's extended sequence numbers to a numbering without gaps of our making.

    A packet that is not forwarded must not look lost to the viewer, so the numbers behind it move
    up by one. Numbers that the publisher itself left out stay left out: those packets may yet
    come, and each has its place. The mapping is exact within the last `WINDOW_PACKETS` numbers, and
    works backwards too, for NACKs.
    """

    __slots__ = ("_base", "_highest", "_left_out", "_lowest")

    def __init__(self) -> None:
        self._left_out: list[int] = []
        self._base = 0
        self._highest = -1
        self._lowest = 0

    def keep(self, number: int) -> int:
        """Return the place of `number`, which is forwarded, in the numbering."""
        left_out = self._left_out
        if number > self._highest:
            self._highest = number
            return number - self._base - len(left_out)
        return number - self._base - bisect_left(left_out, number)

    def leave_out(self, number: int) -> bool:
        """Close the gap of `number`, which is not forwarded.

        Returns false if it is too late for that, because a later number has been given its place;
        something has to be sent in this one's then.
        """
        if number <= self._highest:
            return False
        self._highest = number
        left_out = self._left_out
        left_out.append(number)
        while left_out[0] < number - WINDOW_PACKETS:
            self._base += 1
            self._lowest = left_out.pop(0) + 1 - self._base
        return True

    def has_passed(self, number: int) -> bool:
        """Return whether `number`, or a higher one, has come."""
        return number <= self._highest

    def has_left_out(self, number: int) -> bool:
        left_out = self._left_out
        index = bisect_left(left_out, number)
        return index < len(left_out) and left_out[index] == number

    def original(self, place: int) -> int | None:
        """Return the publisher's number at `place`; None if that is too long ago to tell."""
        if place < self._lowest:
            return None
        number, left_out = place + self._base, self._left_out
        # The numbers left out at or before the one that is looked for, which is as many further on.
        places = range(len(left_out))
        return number + bisect_right(places, number, key=lambda index: left_out[index] - index)
