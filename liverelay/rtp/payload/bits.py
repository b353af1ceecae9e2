"""Reading bit by bit, as the headers inside video streams are written: slow, so for keyframes."""

from __future__ import annotations

from liverelay.errors import MalformedPacketError

# The longest Exp-Golomb code of a value of 32 bits.
_MAX_LEADING_ZEROS = 31


class BitReader:
    """Reads unsigned numbers, most significant bit first.

    Every method raises `MalformedPacketError` where it would read over the end.
    """

    __slots__ = ("_bits", "_left")

    def __init__(self, data: bytes | memoryview) -> None:
        self._bits = int.from_bytes(data)
        self._left = 8 * len(data)

    def skip(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise MalformedPacketError("video header is cut short")

    def read(self, count: int) -> int:
        """Return the number that the next `count` bits are."""
        self.skip(count)
        return self._bits >> self._left & (1 << count) - 1

    def read_exp_golomb(self) -> int:
        """Return the next number in the form ue(v) of H.264 section 9.1."""
        ahead = self._bits & (1 << self._left) - 1
        leading_zeros = self._left - ahead.bit_length()
        if leading_zeros > _MAX_LEADING_ZEROS:
            raise MalformedPacketError("Exp-Golomb code is too long")
        self.skip(leading_zeros)
        return self.read(leading_zeros + 1) - 1

    def read_signed_exp_golomb(self) -> int:
        """Return the next number in the form se(v): 0, 1, -1, 2, -2 and so on."""
        code = self.read_exp_golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)
