"""Identifiers that the server hands to the media plane, each with a type of its own."""

from __future__ import annotations

from typing import NewType

PeerId = NewType("PeerId", str)
SessionId = NewType("SessionId", str)
PublicationId = NewType("PublicationId", str)
