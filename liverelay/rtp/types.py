"""Identifiers of RTP and BUNDLE, each with a type of its own.

All four are plain integers and strings on the wire; giving each its type lets mypy refuse an SSRC
where a payload type belongs. They cost nothing at run time.
"""

from __future__ import annotations

from typing import NewType

Ssrc = NewType("Ssrc", int)
PayloadType = NewType("PayloadType", int)
Mid = NewType("Mid", str)
Rid = NewType("Rid", str)
