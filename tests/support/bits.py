"""Writing bit by bit what `BitReader` reads. Bits are strings of 0 and 1, to be joined."""

from __future__ import annotations


def fixed(value: int, count: int) -> str:
    return f"{value:0{count}b}"


def exp_golomb(value: int) -> str:
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def signed_exp_golomb(value: int) -> str:
    return exp_golomb(2 * value - 1 if value > 0 else -2 * value)


def pack(bits: str) -> bytes:
    """Return the bits as bytes, filled up with zeros."""
    size = -(-len(bits) // 8)
    return int(bits.ljust(8 * size, "0") or "0", 2).to_bytes(size)
