"""Builders of the connectivity checks that a peer sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aioice import stun

if TYPE_CHECKING:
    from liverelay.sdp.connection import IceCredentials


def binding_request(
    credentials: IceCredentials,
    *,
    nominate: bool = False,
    pwd: str | None = None,
    remote_ufrag: str = "peer",
    role: str = "ICE-CONTROLLING",
    attributes: dict[str, Any] | None = None,
) -> bytes:
    """A check of the peer on the server's `credentials`; `pwd` signs it with another one."""
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={
            "USERNAME": f"{credentials.ufrag}:{remote_ufrag}",
            "PRIORITY": 2130706431,
            role: 1,
            **({"USE-CANDIDATE": None} if nominate else {}),
            **(attributes or {}),
        },
    )
    message.add_message_integrity((pwd or credentials.pwd).encode())
    return bytes(message)


def unauthenticated_request(username: str | None = None) -> bytes:
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={} if username is None else {"USERNAME": username},
    )
    message.add_fingerprint()
    return bytes(message)
